package quintet

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// waiting are the bytes that are held.
func (c *connection) waiting() int {
	if c.held == nil {
		return 0
	}
	return len(*c.held)
}

// accepted is the server's connection to a client that has just come.
func accepted(t *testing.T) (c *connection, client net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err = net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	conn, err := connections{ln}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*connection), client
}

func TestConnectionHoldsTheBeginning(t *testing.T) {
	c, client := accepted(t)
	for _, tt := range []struct {
		name    string
		pieces  []int
		waiting []int // after each of them
	}{
		{"one small piece", []int{100}, []int{100}},
		{"a beginning and the rest", []int{4096, 14000}, []int{4096, 0}},
		{"a small rest", []int{4096, 1}, []int{4096, 0}},
		{"a second beginning", []int{4096, 4096, 10, 20}, []int{4096, 0, 10, 0}},
		{"no beginning", []int{4097, 1}, []int{0, 1}},
		{"more than the socket takes", []int{4096, 1 << 20}, []int{4096, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sent bytes.Buffer
			for i, size := range tt.pieces {
				sent.Write(bytes.Repeat([]byte{'a' + byte(i)}, size))
			}
			arrived := make(chan []byte)
			go func() {
				got := make([]byte, sent.Len())
				_, _ = io.ReadFull(client, got)
				arrived <- got
			}()
			c.hold()
			for i, size := range tt.pieces {
				n, err := c.Write(bytes.Repeat([]byte{'a' + byte(i)}, size))
				if n != size || err != nil || c.waiting() != tt.waiting[i] {
					t.Errorf("piece %d: wrote %d, %v, and %d wait", i, n, err, c.waiting())
				}
			}
			if err := c.release(); err != nil || c.waiting() > 0 {
				t.Error(err)
			}
			if !bytes.Equal(<-arrived, sent.Bytes()) {
				t.Error("something else arrived")
			}
		})
	}
	c.Close()
	c.hold()
	_, begun := c.Write([]byte("x"))
	if n, err := c.Write(make([]byte, 9000)); begun != nil || n != 0 || err == nil {
		t.Errorf("on a closed connection: %v, then %d, %v", begun, n, err)
	}
}

// serving lets app serve h and returns its address.
func serving(t *testing.T, app *App, h http.HandlerFunc) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- app.serveHandler(ctx, ln, h) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

// TestAnswersOfAllSizes: whatever the size, and with or without a length in front, an answer arrives as it was written.
func TestAnswersOfAllSizes(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	var held atomic.Int64
	app := &App{log: slog.New(slog.DiscardHandler)}
	base := serving(t, app, func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, app: app}
		x.context = exchangeContext{Context: r.Context(), x: x}
		size, _ := strconv.Atoi(r.URL.Path[1:])
		if r.URL.RawQuery == "" {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		_, _ = x.Write(text[:size])
		if c := connectionOf(r.Context()); c.held != nil {
			held.Add(1)
		}
	})
	for _, size := range []int{0, 1, 2048, 2049, 4095, 4096, 4097, largePiece - 1, largePiece, largePiece + 1, 20_000, len(text)} {
		for _, query := range []string{"", "?chunked"} {
			a, err := http.Get(base + "/" + strconv.Itoa(size) + query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(a.Body)
			a.Body.Close()
			if err != nil || !bytes.Equal(got, text[:size]) {
				t.Errorf("%d bytes%s: %d arrived, %v", size, query, len(got), err)
			}
		}
	}
	if held.Load() > 0 {
		t.Error("connections hold after an answer")
	}
}

// deadlineRecorder is an answer that takes nothing after its write deadline.
type deadlineRecorder struct {
	*httptest.ResponseRecorder
	t     *testing.T
	until time.Time
	moved int
}

func (w *deadlineRecorder) SetWriteDeadline(until time.Time) error {
	w.until = until
	w.moved++
	return nil
}

// check is called when something is sent.
func (w *deadlineRecorder) check() {
	w.t.Helper()
	if left := time.Until(w.until); left < writeTimeout-writeRenewal || left > writeTimeout {
		w.t.Errorf("%s are left to send it", left)
	}
}

func (w *deadlineRecorder) Write(p []byte) (int, error) { w.check(); return len(p), nil }
func (w *deadlineRecorder) Flush()                      { w.check() }
func (w *deadlineRecorder) WriteHeader(status int) {
	if status < http.StatusOK {
		w.check()
	}
}

func TestWriteDeadlineOfAConnection(t *testing.T) {
	for _, c := range []struct {
		name   string
		pauses []time.Duration // before each request
		moved  int
		answer func(w http.ResponseWriter)
	}{
		{"one after the other", []time.Duration{0, 1, writeRenewal - 2}, 1, func(http.ResponseWriter) {}},
		{"after a while", []time.Duration{0, 2 * writeTimeout}, 2, func(http.ResponseWriter) {}},
		{"a slow one", []time.Duration{0}, 2, func(http.ResponseWriter) { time.Sleep(2 * writeTimeout) }},
		{"a slow hint", []time.Duration{0}, 2, func(w http.ResponseWriter) {
			time.Sleep(2 * writeTimeout)
			w.WriteHeader(http.StatusEarlyHints)
		}},
		{"a slow beginning", []time.Duration{0}, 2, func(w http.ResponseWriter) {
			time.Sleep(2 * writeTimeout)
			w.(http.Flusher).Flush()
		}},
		{"slow pieces", []time.Duration{0}, 3, func(w http.ResponseWriter) {
			for range 2 {
				time.Sleep(2 * writeTimeout)
				_, _ = w.Write([]byte("a piece"))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &deadlineRecorder{ResponseRecorder: httptest.NewRecorder(), t: t}
				h := (&App{log: slog.New(slog.DiscardHandler)}).record(http.HandlerFunc(func(x http.ResponseWriter, _ *http.Request) {
					w.check() // net/http may send 100 Continue when the body is read
					c.answer(x)
				}))
				ctx := withConnection(context.Background(), &connection{})
				for _, pause := range c.pauses {
					time.Sleep(pause)
					h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
					w.check() // it sends what it has collected
				}
				if w.moved != c.moved {
					t.Errorf("the deadline was moved %d times, wanted %d", w.moved, c.moved)
				}
			})
		})
	}
}
