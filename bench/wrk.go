package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

//go:embed wrk.lua
var script []byte

// load is what one run of the generator sends: requests of a file, from a number of connections, one after the other each.
type load struct {
	base, file  string
	unique      bool
	connections int
	seconds     int
}

// counted is what the generator saw. Times are milliseconds, but for Micros.
type counted struct {
	Requests, Micros, Bytes, Errors int
	P50, P99                        float64
}

// wrk runs the generator and returns what it counted and the CPU time it took.
func (b *bench) wrk(ctx context.Context, l load) (counted, time.Duration, error) {
	mode := "same"
	if l.unique {
		mode = "unique"
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t1", fmt.Sprint("-c", l.connections), fmt.Sprint("-d", l.seconds, "s"), "--timeout", "10s",
		"-s", b.path("wrk.lua"), l.base, "--", l.file, mode)
	out, err := outputOf(cmd)
	if err != nil {
		return counted{}, 0, err
	}
	_, line, ok := strings.Cut(out, "@{")
	var c counted
	if err := json.Unmarshal([]byte("{"+line), &c); !ok || err != nil {
		return c, 0, fmt.Errorf("wrk answered %q", out)
	}
	return c, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

// needWrk sees to it that the generator and its script are there.
func (b *bench) needWrk(ctx context.Context) error {
	if err := os.WriteFile(b.path("wrk.lua"), script, 0o644); err != nil {
		return err
	}
	if _, err := exec.LookPath("wrk"); err == nil {
		return nil
	}
	say("installing wrk")
	if _, err := output(ctx, "", "apt-get", "install", "-y", "-q", "--no-install-recommends", "wrk"); err != nil {
		return errors.Join(errors.New("wrk is missing: install it (Debian, Ubuntu: apt-get install wrk)"), err)
	}
	return nil
}

// requestFile writes the requests of a workload as they go over the wire, and returns the file's name.
func (b *bench) requestFile(w *workload, a addresses, m mix, tokens []string) (string, error) {
	var all strings.Builder
	for i, r := range w.requests(a, m) {
		token := ""
		if w.secured {
			token = tokens[i%len(tokens)]
		}
		if i > 0 {
			all.WriteByte(0)
		}
		all.WriteString(r.wire(token))
	}
	file := b.path("requests", fmt.Sprintf("%s-%T-%d", w.name, a, m.products))
	return file, os.WriteFile(file, []byte(all.String()), 0o644)
}

// wire is the text of a request; an empty token means none.
func (r request) wire(token string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.method, r.path, host)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	if r.body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(r.body))
	}
	return b.String() + "\r\n" + r.body
}
