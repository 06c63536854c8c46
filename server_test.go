package quintet_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quintet-go/quintet"
)

// running is an application that serves.
type running struct {
	app  *quintet.App
	log  *log
	base string
	stop context.CancelFunc
	done chan error

	listener net.Listener
}

// serve starts an application on a free port.
func serve(t *testing.T, environ ...string) *running {
	t.Helper()
	app, l := start(t, environ...)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{app: app, log: l, base: "http://" + ln.Addr().String(), stop: stop, done: make(chan error, 1), listener: ln}
	go func() { r.done <- app.Serve(ctx, ln) }()
	t.Cleanup(stop)
	return r
}

// fetch asks on a connection of its own.
func (r *running) fetch(path string) (int, string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	response, err := client.Get(r.base + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func (r *running) address() string { return strings.TrimPrefix(r.base, "http://") }

// ended waits for Serve to return.
func (r *running) ended(t *testing.T, within time.Duration) {
	t.Helper()
	select {
	case err := <-r.done:
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	case <-time.After(within):
		t.Fatalf("still serving after %s", within)
	}
}

func TestShutdownIsGraceful(t *testing.T) {
	r := serve(t, "QUINTET_SHUTDOWN_DELAY=400ms", "QUINTET_SHUTDOWN_TIMEOUT=5s")
	slow := inFlight(t, r.base, "900ms")
	started := time.Now()
	r.stop()
	time.Sleep(100 * time.Millisecond)

	if status, body, err := r.fetch("/readyz"); status != http.StatusServiceUnavailable || body != `{"status": "shutting down"}` {
		t.Errorf("readyz while shutting down: %d %s %v", status, body, err)
	}
	if status, _, err := r.fetch("/healthz"); status != http.StatusOK {
		t.Errorf("healthz while shutting down: %d %v", status, err)
	}
	if status, body, err := r.fetch("/who"); status != http.StatusOK {
		t.Errorf("a new request in the delay: %d %s %v", status, body, err)
	}
	r.ended(t, 5*time.Second)
	if took := time.Since(started); took < 400*time.Millisecond {
		t.Errorf("ended after %s, before the delay", took)
	}
	if got := <-slow; got != "done<nil>" {
		t.Errorf("the request in flight: %s", got)
	}
	if _, _, err := r.fetch("/who"); err == nil {
		t.Error("still accepting")
	}
}

func TestShutdownAsksForClosing(t *testing.T) {
	r := serve(t, "QUINTET_SHUTDOWN_DELAY=500ms")
	conn, err := net.Dial("tcp", r.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for _, closing := range []bool{false, true} {
		if closing {
			r.stop()
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Fprint(conn, "GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n")
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("closing %v: the idle connection was cut: %v", closing, err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if response.Close != closing {
			t.Errorf("closing %v: Connection: close is %v", closing, response.Close)
		}
	}
	r.ended(t, 5*time.Second)
}

func TestShutdownHasADeadline(t *testing.T) {
	r := serve(t, "QUINTET_SHUTDOWN_DELAY=0s", "QUINTET_SHUTDOWN_TIMEOUT=200ms")
	slow := inFlight(t, r.base, "20s")
	r.stop()
	r.ended(t, 3*time.Second)
	if got := <-slow; strings.HasPrefix(got, "done") || strings.HasSuffix(got, "<nil>") {
		t.Errorf("the slow request was answered: %s", got)
	}
	if !strings.Contains(r.log.String(), "QUINTET_SHUTDOWN_TIMEOUT") {
		t.Errorf("nothing is said about it: %s", r.log)
	}
}

// TestNoFailureBehindABalancer restarts under load that follows readiness, as a balancer does.
func TestNoFailureBehindABalancer(t *testing.T) {
	r := serve(t, "QUINTET_SHUTDOWN_DELAY=600ms")
	var ready atomic.Bool
	ready.Store(true)
	var clients sync.WaitGroup
	failures := make(chan error, 100)
	for range 8 {
		clients.Go(func() {
			for ready.Load() {
				if status, _, err := r.fetch("/who"); err != nil || status != http.StatusOK {
					failures <- fmt.Errorf("status %d: %w", status, err)
				}
			}
		})
	}
	clients.Go(func() {
		for ready.Load() {
			status, _, _ := r.fetch("/readyz")
			ready.Store(status == http.StatusOK)
			time.Sleep(50 * time.Millisecond)
		}
	})
	time.Sleep(200 * time.Millisecond)
	r.stop()
	clients.Wait()
	r.ended(t, 5*time.Second)
	close(failures)
	for err := range failures {
		t.Error(err)
	}
}

func TestSlowBodyIsCut(t *testing.T) {
	r := serve(t, "QUINTET_BODY_TIMEOUT=200ms")
	for _, path := range []string{"/echo", "/who", "/api/data/"} { // read the body, do not, parse it
		conn, err := net.Dial("tcp", r.address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		started := time.Now()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n[", path)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil || time.Since(started) > 4*time.Second {
			t.Errorf("%s: the connection lives on after %s: %v", path, time.Since(started), err)
		}
	}
}

func TestBodyTimeoutEndsWithTheBody(t *testing.T) {
	r := serve(t, "QUINTET_BODY_TIMEOUT=100ms")
	response, err := http.Post(r.base+"/echo", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	request, _ := http.NewRequest(http.MethodGet, r.base+"/slow?for=300ms", strings.NewReader(""))
	response, err = http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("an answer that takes longer than the body may: %v", err)
	}
}

func TestOversizedBodyIsCut(t *testing.T) {
	r := serve(t, "QUINTET_MAX_BODY=1KiB", "QUINTET_MAX_UPLOAD=1KiB")
	response, err := http.Post(r.base+"/echo", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
	if err != nil {
		return // cut while sending
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil && len(body) >= 1<<20 {
		t.Errorf("all %d bytes were read", len(body))
	}
}

func TestSlowHeaderIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	t.Parallel()
	r := serve(t)
	conn, err := net.Dial("tcp", r.address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	_ = conn.SetReadDeadline(time.Now().Add(14 * time.Second))
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Errorf("the connection lives on: %v", err)
	}
}

func TestBackgroundPanicsDoNotEndTheProcess(t *testing.T) {
	app, l := start(t)
	ended := make(chan struct{})
	app.Go("sum", func(context.Context) { panic("broken") })
	app.Go("waits", func(ctx context.Context) { <-ctx.Done(); close(ended) })
	app.Close()
	select {
	case <-ended:
	default:
		t.Error("Close did not wait for the background")
	}
	if text := l.String(); !strings.Contains(text, "broken") || !strings.Contains(text, "task=sum") {
		t.Errorf("the panic is not logged: %s", text)
	}
}

func TestClockOffset(t *testing.T) {
	app, _ := start(t, "QUINTET_CLOCK_OFFSET=-2h")
	if ago := time.Since(app.Now()); ago < 119*time.Minute || ago > 121*time.Minute {
		t.Errorf("the clock is %s behind", ago)
	}
}
