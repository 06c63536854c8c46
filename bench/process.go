package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// process is a peer that runs on a database.
type process struct {
	lane
	base string        // http://127.0.0.1:port
	took time.Duration // from its start to its first answer
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// onSale is a product that no peer hides.
const onSale = 101

// startTimeout is how long a peer may need until its first answer.
const startTimeout = time.Minute

// start starts a lane's peer and waits for the first answer.
func (b *bench) start(ctx context.Context, l lane) (*process, error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{lane: l, base: "http://" + addr, cmd: l.peer.command(b, addr, l.url(b)), done: make(chan struct{})}
	log, err := os.Create(b.path("logs", l.name()))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has it too
	p.cmd.Stdout, p.cmd.Stderr = log, log
	started := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // its state tells how it ended
	}()
	for p.ask(ctx, l.peer.addresses.detail(onSale)) != nil {
		select {
		case <-p.done:
			return nil, fmt.Errorf("%s ended: %s; see %s", l.name(), p.cmd.ProcessState, log.Name())
		case <-time.After(time.Millisecond):
		}
		if time.Since(started) > startTimeout || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("%s does not answer; see %s", l.name(), log.Name()), ctx.Err(), p.stop())
		}
	}
	p.took = time.Since(started)
	return p, nil
}

// freeAddr is an address that nobody listens on.
func freeAddr(ctx context.Context) (string, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// client asks peers outside of the measurements; its connections are not kept.
var client = &http.Client{Timeout: startTimeout, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// ask is nil when a path is answered 200.
func (p *process) ask(ctx context.Context, path string) error {
	a, err := p.send(ctx, get(path), "")
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s answers %d: %.200s", path, a.status, a.body)
	}
	return err
}

// answered is a status with its body.
type answered struct {
	status int
	body   string
}

// send sends one request; an empty token means none.
func (p *process) send(ctx context.Context, r request, token string) (answered, error) {
	req, err := newRequest(ctx, p.base, r, token)
	if err != nil {
		return answered{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answered{res.StatusCode, string(body)}, err
}

// stop ends the process by an interrupt, and kills it when that does not help.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(10 * time.Second):
		return p.cmd.Process.Kill()
	}
}

// startAll starts the peers of several lanes, all or none.
func (b *bench) startAll(ctx context.Context, lanes []lane) ([]*process, error) {
	var list []*process
	for _, l := range lanes {
		p, err := b.start(ctx, l)
		if err != nil {
			return nil, errors.Join(err, stopAll(list))
		}
		list = append(list, p)
	}
	return list, nil
}

func stopAll(list []*process) error {
	var errs []error
	for _, p := range list {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}
