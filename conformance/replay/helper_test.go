package replay_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/quintet-go/quintet/conformance/replay"
)

// wire is a server that keeps the bytes of each request and answers the same response to all of them.
type wire struct {
	URL      string
	mu       sync.Mutex
	requests []string
}

func newWire(t *testing.T, response string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{URL: "http://" + ln.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			w.serve(conn, response)
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return w
}

// serve reads one request with a parser that keeps what it reads.
func (w *wire) serve(conn net.Conn, response string) {
	defer conn.Close()
	var seen bytes.Buffer
	r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(conn, &seen)))
	if err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	w.mu.Lock()
	w.requests = append(w.requests, seen.String())
	w.mu.Unlock()
	_, _ = io.WriteString(conn, response)
}

func (w *wire) sent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// load reads one scenario, made of steps in JSON.
func load(t *testing.T, more, steps string) []*replay.Scenario {
	t.Helper()
	line := `{"id":"c/one","category":"c","description":"d"` + more + `,"steps":[` + steps + `]}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(line)); err != nil {
		t.Fatalf("the test's scenario: %v\n%s", err, line)
	}
	list, err := replay.Load(&compact)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// run runs scenarios on one address that needs no reset.
func run(t *testing.T, base string, scenarios []*replay.Scenario, o replay.Options) *replay.Report {
	t.Helper()
	return replay.Run(t.Context(), scenarios, []replay.Target{{URL: base}}, o)
}

// differences joins everything that a report complains about.
func differences(r *replay.Report) string {
	var out strings.Builder
	r.WriteFailures(&out, -1)
	return out.String()
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func reset(count *int) func(context.Context) error {
	return func(context.Context) error { *count++; return nil }
}
