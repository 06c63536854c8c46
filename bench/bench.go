package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// bench is one benchmark: its folders, its database server and what is left out of it.
type bench struct {
	options
	root     string // of the repository
	cluster  *cluster
	missing  map[string]string // peers that cannot be run, by name, and why
	compared map[string]string // by store: what came of comparing the answers
	started  time.Time
}

func newBench(ctx context.Context, o options) (*bench, error) {
	mod, err := output(ctx, "", "go", "env", "GOMOD")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, root: filepath.Dir(mod), missing: map[string]string{}, compared: map[string]string{}, started: time.Now()}
	if _, err := os.Stat(filepath.Join(b.root, "bench", "ours")); err != nil {
		return nil, fmt.Errorf("run it inside of the repository: %w", err)
	}
	for _, dir := range []string{"bin", "lite", "logs", "requests"} {
		if err := os.MkdirAll(b.path(dir), 0o755); err != nil {
			return nil, err
		}
	}
	b.cluster = &cluster{dir: b.path("pg"), port: o.port}
	return b, nil
}

// path is a name below BENCH_DIR.
func (b *bench) path(names ...string) string {
	return filepath.Join(append([]string{b.dir}, names...)...)
}

// source is a name below the folder bench of the repository.
func (b *bench) source(names ...string) string {
	return filepath.Join(append([]string{b.root, "bench"}, names...)...)
}

// say reports progress.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// lockAddr is bound while a benchmark runs: two at once would measure each other.
const lockAddr = "127.0.0.1:7099"

// lock waits until no other benchmark runs on this machine.
func lock(ctx context.Context) (unlock func(), err error) {
	for told := false; ; told = true {
		var l net.ListenConfig
		listener, err := l.Listen(ctx, "tcp", lockAddr)
		if err == nil {
			return func() { listener.Close() }, nil
		}
		if !told {
			say("waiting: another benchmark holds %s", lockAddr)
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// pause sleeps, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// output runs a program in a folder and returns what it prints, without the last line's end.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	return outputOf(cmd)
}

func outputOf(cmd *exec.Cmd) (string, error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, errs.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}
