package quintet_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/rest"
)

// The whole way of a request to a view that does nothing, as a production server goes it: every middleware, the router, the
// checks before the handler, the answer and its line in the log.

const trivialBody = `{"status":"ok"}`

// trivialView answers a constant to everybody.
func trivialView() *rest.View {
	answer := rest.OK(rest.Rendered(trivialBody))
	return &rest.View{
		Name: "Trivial", Permissions: []rest.Permission{rest.AllowAny}, Authenticators: []rest.Authenticator{},
		Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: func(*rest.Request) (*rest.Response, error) { return answer, nil }}},
	}
}

// production is the server of an application in production with the trivial view at /api/trivial/.
func production(tb testing.TB) http.Handler {
	tb.Helper()
	config, err := quintet.LoadConfig(append(folder(tb),
		"QUINTET_ENV=production", "QUINTET_SECRET_KEY="+goodKey, "QUINTET_ALLOWED_HOSTS=api.example.com",
		"QUINTET_CORS_ORIGINS=https://app.example.com"))
	if err != nil {
		tb.Fatal(err)
	}
	options := programOptions()
	options.Routes = func(r *rest.Router, _ *quintet.App) error {
		r.Group("/api/").Handle("trivial/", trivialView(), "trivial")
		return nil
	}
	app := quintet.New(options)
	if err := app.Open(context.Background(), config, io.Discard); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(app.Close)
	h, err := app.Handler()
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// connection is the http.ResponseWriter of one keep-alive connection, which costs nothing by itself.
type connection struct {
	header http.Header
	status int
	writes int
	body   []byte
}

func newConnection() *connection { return &connection{header: http.Header{}} }

func (c *connection) Header() http.Header              { return c.header }
func (c *connection) WriteHeader(status int)           { c.status = status }
func (c *connection) SetWriteDeadline(time.Time) error { return nil }
func (c *connection) SetReadDeadline(time.Time) error  { return nil }
func (c *connection) Write(p []byte) (int, error) {
	c.writes++
	c.body = append(c.body, p...)
	return len(p), nil
}

// reset begins the next exchange.
func (c *connection) reset() {
	clear(c.header)
	c.status, c.writes, c.body = 0, 0, c.body[:0]
}

// trivialRequest is one as a load balancer passes it on.
func trivialRequest() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/trivial/", nil)
	r.Host, r.RemoteAddr = "api.example.com", "10.1.2.3:40000"
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "benchmark")
	return r
}

func BenchmarkTrivialView(b *testing.B) {
	h, c, r := production(b), newConnection(), trivialRequest()
	b.ReportAllocs()
	for b.Loop() {
		c.reset()
		h.ServeHTTP(c, r)
	}
}

// TestTrivialViewIsCheap holds how much all middlewares together allocate, the line in the log included, and that an answer
// goes out in one piece with no more headers than it needs.
func TestTrivialViewIsCheap(t *testing.T) {
	h, c, r := production(t), newConnection(), trivialRequest()
	n := testing.AllocsPerRun(100, func() {
		c.reset()
		h.ServeHTTP(c, r)
	})
	if c.status != http.StatusOK || string(c.body) != trivialBody || c.writes != 1 {
		t.Fatalf("%d %s in %d pieces", c.status, c.body, c.writes)
	}
	want := http.Header{
		"Allow": {"GET, HEAD, OPTIONS"}, "Content-Type": {"application/json"},
		"Cross-Origin-Opener-Policy": {"same-origin"}, "Referrer-Policy": {"same-origin"}, "Vary": {"Origin"},
		"X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"DENY"}, "X-Request-Id": c.header["X-Request-Id"],
	}
	if diff := cmp.Diff(want, c.header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if most := 16.0; n > most { // the race detector adds some
		t.Errorf("%v allocations, at most %v are needed", n, most)
	}
}
