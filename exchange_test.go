package quintet_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet"
)

// answering is a plain route at "/" that answers by itself.
func answering(f func(w http.ResponseWriter, r *http.Request)) func(*quintet.Options) {
	return func(o *quintet.Options) {
		o.Echo = func(e *echo.Echo, _ *quintet.App) error {
			e.Any("/", func(c echo.Context) error {
				f(c.Response().Writer, c.Request())
				c.Response().Committed = true
				return nil
			})
			return nil
		}
	}
}

func TestAnswersOfRawHandlers(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request)
		status int
		body   string
	}{
		{"nothing", func(http.ResponseWriter, *http.Request) {}, 200, ""},
		{"body only", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, 200, "x"},
		{"status only", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 204, ""},
		{"the first status counts", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.WriteHeader(500) }, 201, ""},
		{"early hints", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(202) }, 202, ""},
		{"reader", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, strings.NewReader("read")) }, 200, "read"},
		{"flush", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); fmt.Fprint(w, "later") }, 200, "later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, l, err := with(t, answering(tt.answer))
			if err != nil {
				t.Fatal(err)
			}
			w := ask(h, "GET /")
			if got := w.Result().StatusCode; got != tt.status && tt.name != "early hints" || w.Body.String() != tt.body {
				t.Errorf("got %d %q", got, w.Body)
			}
			if want := fmt.Sprintf("status=%d bytes=%d", tt.status, len(tt.body)); !strings.Contains(l.String(), want) {
				t.Errorf("the log lacks %q: %s", want, l)
			}
		})
	}
}

// TestHijackedConnectionsOutliveTheLimits takes a connection over, as WebSockets do.
func TestHijackedConnectionsOutliveTheLimits(t *testing.T) {
	h, l, err := with(t, answering(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		_ = buffered.Flush()
		line, _ := buffered.ReadString('\n')
		fmt.Fprint(conn, "echo "+line)
	}))
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() { _ = http.Serve(ln, h) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nhello\n")
	text, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil || !strings.HasSuffix(string(text), "echo hello\n") {
		t.Errorf("got %q, %v", text, err)
	}
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(l.String(), "status=101"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) { // the log line comes after the answer
			t.Fatalf("the log: %s", l)
		}
	}
}

func TestVaryStaysOneLine(t *testing.T) {
	tests := []struct {
		set  []string
		want string
	}{
		{nil, "Origin"},
		{[]string{"Accept"}, "Accept, Origin"},
		{[]string{"Accept", "Cookie"}, "Accept, Cookie, Origin"},
		{[]string{"accept, ORIGIN"}, "accept, ORIGIN"},
		{[]string{"*"}, "*"},
	}
	for _, tt := range tests {
		h, _, err := with(t, answering(func(w http.ResponseWriter, _ *http.Request) {
			for _, v := range tt.set {
				w.Header().Add("Vary", v)
			}
		}), "QUINTET_CORS_ORIGINS=https://app.example")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ask(h, "GET /").Header().Values("Vary"), "|"); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.set, got, tt.want)
		}
	}
}

func TestRequestsKnowWhoAsks(t *testing.T) {
	h, l, err := with(t, func(o *quintet.Options) {
		o.Echo = func(e *echo.Echo, app *quintet.App) error {
			e.GET("/", func(c echo.Context) error {
				ctx := c.Request().Context()
				app.Logger().With("shop", 1).WithGroup("g").InfoContext(ctx, "inside", "k", "v")
				return c.String(http.StatusOK, quintet.RequestID(ctx)+" "+quintet.ClientIP(ctx))
			})
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(h, "GET /", "X-Request-ID: given-id-1", "From: 192.0.2.9:7").Body.String(); got != "given-id-1 192.0.2.9" {
		t.Errorf("got %q", got)
	}
	if n := strings.Count(l.String(), "request_id=given-id-1"); n != 2 {
		t.Errorf("%d lines have the id, want the handler's and the access log's: %s", n, l)
	}
	if got := quintet.RequestID(t.Context()) + quintet.ClientIP(t.Context()); got != "" {
		t.Errorf("outside of a request: %q", got)
	}
}

func TestLogFormatAndLevel(t *testing.T) {
	const production = "QUINTET_ENV=production QUINTET_ALLOWED_HOSTS=localhost QUINTET_SECRET_KEY=" + goodKey
	tests := []struct {
		environ, want string // of the line of a request; empty for none
	}{
		{"", "level=INFO msg=request"},
		{"QUINTET_LOG_FORMAT=json", `"msg":"request"`},
		{production, `"msg":"request"`},
		{production + " QUINTET_LOG_FORMAT=text", "msg=request"},
		{"QUINTET_LOG_LEVEL=warn", ""},
	}
	for _, tt := range tests {
		h, l := handler(t, strings.Fields(tt.environ)...)
		ask(h, "GET /who")
		if text := l.String(); !strings.Contains(text, tt.want) || (text == "") != (tt.want == "") {
			t.Errorf("%s: %q", tt.environ, text)
		}
	}
	h, l := handler(t, "QUINTET_LOG_LEVEL=debug")
	ask(h, "GET /healthz")
	if !strings.Contains(l.String(), "path=/healthz") {
		t.Errorf("health is not logged at debug level: %s", l)
	}
}
