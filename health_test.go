package quintet_test

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm/ormtest"
)

// onPostgres is the environment of an application on an empty PostgreSQL database.
func onPostgres(t *testing.T) []string {
	t.Helper()
	return []string{"DATABASE_URL=" + ormtest.Postgres(t), "QUINTET_SECRET_KEY=" + goodKey}
}

// each runs a test with the environment of either database.
func each(t *testing.T, test func(t *testing.T, environ []string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, nil) })
	t.Run("postgres", func(t *testing.T) { test(t, onPostgres(t)) })
}

func TestReadyFollowsTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		app, l := start(t, environ...)
		h, err := app.Handler()
		if err != nil {
			t.Fatal(err)
		}
		if w := ask(h, "GET /readyz"); w.Code != http.StatusOK {
			t.Fatalf("ready: %d %s", w.Code, l)
		}
		if err := app.DB().SQL.Close(); err != nil {
			t.Fatal(err)
		}
		w := ask(h, "GET /readyz")
		if w.Code != http.StatusServiceUnavailable || w.Body.String() != `{"status": "unavailable"}` || w.Header().Get("Retry-After") == "" {
			t.Errorf("away: %d %s", w.Code, w.Body)
		}
		if w := ask(h, "GET /healthz"); w.Code != http.StatusOK {
			t.Errorf("the process lives: %d", w.Code)
		}
		if !strings.Contains(l.String(), "database does not answer") {
			t.Errorf("the reason is not logged: %s", l)
		}
	})
}

// TestReadyAcrossAnOutage lets the network to PostgreSQL break and hang, and come back.
func TestReadyAcrossAnOutage(t *testing.T) {
	wire := newWire(t, ormtest.Postgres(t))
	h, l := handler(t, "DATABASE_URL="+wire.url, "QUINTET_SECRET_KEY="+goodKey)
	states := []struct {
		name  string
		state wireState
		want  int
	}{
		{"there", passing, http.StatusOK},
		{"refuses", cut, http.StatusServiceUnavailable},
		{"back", passing, http.StatusOK},
		{"hangs", stuck, http.StatusServiceUnavailable},
		{"back again", passing, http.StatusOK},
	}
	for _, s := range states {
		wire.set(s.state)
		status, slowest := 0, time.Duration(0)
		for until := time.Now().Add(8 * time.Second); status != s.want && time.Now().Before(until); {
			started := time.Now()
			status = ask(h, "GET /readyz").Code
			slowest = max(slowest, time.Since(started))
			if w := ask(h, "GET /healthz"); w.Code != http.StatusOK {
				t.Errorf("%s: healthz: %d", s.name, w.Code)
			}
		}
		if status != s.want || slowest > 2500*time.Millisecond {
			t.Errorf("%s: readyz is %d, want %d; the slowest answer took %s\n%s", s.name, status, s.want, slowest, l)
		}
	}
}

// TestReadyIsAskedOnce sends many questions while the database hangs: they share one.
func TestReadyIsAskedOnce(t *testing.T) {
	wire := newWire(t, ormtest.Postgres(t))
	h, _ := handler(t, "DATABASE_URL="+wire.url, "QUINTET_SECRET_KEY="+goodKey)
	wire.set(stuck)
	before := wire.opened()
	started := time.Now()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if w := ask(h, "GET /readyz"); w.Code != http.StatusServiceUnavailable {
				t.Errorf("ready: %d", w.Code)
			}
		})
	}
	all.Wait()
	wire.set(passing)
	if took, n := time.Since(started), wire.opened()-before; took > 3*time.Second || n > 5 {
		t.Errorf("50 questions took %s and %d connections", took, n)
	}
}

// wire is a TCP address that leads to a PostgreSQL server, as long as it is let.
type wire struct {
	url     string
	mu      sync.Mutex
	state   wireState
	changed chan struct{}
	conns   []net.Conn
	count   int
}

type wireState int

const (
	passing wireState = iota
	cut               // connections are reset, new ones too
	stuck             // nothing passes any more
)

func newWire(t *testing.T, target string) *wire {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	target = u.Host
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u.Host = ln.Addr().String()
	w := &wire{url: u.String(), changed: make(chan struct{})}
	t.Cleanup(func() { ln.Close(); w.set(cut) })
	go w.accept(ln, target)
	return w
}

func (w *wire) accept(ln net.Listener, target string) {
	for {
		near, err := ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", target)
		if err != nil || !w.keep(near, far) {
			near.Close()
			continue
		}
		go w.pump(near, far)
		go w.pump(far, near)
	}
}

// keep notes a connection; false while the wire is cut.
func (w *wire) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	w.conns = append(w.conns, conns...)
	return w.state != cut
}

func (w *wire) opened() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// pump passes bytes on; while the wire is stuck it holds them back.
func (w *wire) pump(to, from net.Conn) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		w.wait()
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (w *wire) wait() {
	for {
		w.mu.Lock()
		state, changed := w.state, w.changed
		w.mu.Unlock()
		if state != stuck {
			return
		}
		<-changed
	}
}

func (w *wire) set(state wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = state
	close(w.changed)
	w.changed = make(chan struct{})
	if state == cut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}
