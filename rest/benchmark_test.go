package rest

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/labstack/echo/v4"
)

// mute is the http.ResponseWriter of one connection, which costs nothing by itself.
type mute struct {
	header http.Header
	status int
	writes int
}

func (m *mute) Header() http.Header    { return m.header }
func (m *mute) WriteHeader(status int) { m.status = status }
func (m *mute) Write(p []byte) (int, error) {
	m.writes++
	return len(p), nil
}

func (m *mute) reset() {
	clear(m.header)
	m.status, m.writes = 0, 0
}

// trivialAnswer is made once, so that only the way to it and back is counted.
var trivialAnswer = OK(Rendered(`{"status":"ok"}`))

// crowded is a server with resources and views enough for a large application; a view of every second address has a
// variable part, as those of objects have.
func crowded(tb testing.TB) http.Handler {
	tb.Helper()
	api := &API{config: Config{RequestTime: -1}.withDefaults(), named: map[string]*route{}}
	c := &compiler{config: &api.config, api: api, serializers: map[any]*serializer{}}
	trivial := &View{
		Name: "Trivial", Permissions: []Permission{AllowAny}, Authenticators: []Authenticator{},
		Methods: map[string]Endpoint{http.MethodGet: {Handle: func(*Request) (*Response, error) { return trivialAnswer, nil }}},
	}
	g := NewRouter(api.config).Group("/api/")
	for i := range 60 {
		g.HandleSuffixed("things"+strconv.Itoa(i)+"/", trivial, "").HandleSuffixed("things"+strconv.Itoa(i)+"/{pk:[0-9]+}/", trivial, "")
	}
	c.group(g)
	e := echo.New()
	api.Mount(e)
	return e
}

// asked is a request for a path.
func asked(path, accept string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	return r
}

const axios = "application/json, text/plain, */*" // what a client of that name accepts

func BenchmarkRouting(b *testing.B) {
	h := crowded(b)
	for _, c := range []struct{ name, path, accept string }{
		{"fixed", "/api/things42/", ""},
		{"variable", "/api/things42/17/", ""},
		{"suffix", "/api/things42/17.json", ""},
		{"accept", "/api/things42/", axios},
		{"query", "/api/things42/?category=3&ordering=-price&page=2", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			w, r := &mute{header: http.Header{}}, asked(c.path, c.accept)
			if h.ServeHTTP(w, r); w.status != http.StatusOK {
				b.Fatalf("%s: %d", c.path, w.status)
			}
			b.ReportAllocs()
			for b.Loop() {
				w.reset()
				h.ServeHTTP(w, r)
			}
		})
	}
}

// TestTheWayOfARequestIsCheap holds how much is allocated around a handler that does nothing, and that its answer goes out
// in one piece.
func TestTheWayOfARequestIsCheap(t *testing.T) {
	h := crowded(t)
	for _, c := range []struct {
		path, accept string
		most         float64
	}{
		{"/api/things42/", "", 4},
		{"/api/things42/", "application/json", 4},
		{"/api/things42/17/", "*/*", 4},
		{"/api/things42/", axios, 5},
		{"/api/things42/?category=3&ordering=-price&page=2", "", 11},
	} {
		w, r := &mute{header: http.Header{}}, asked(c.path, c.accept)
		n := testing.AllocsPerRun(100, func() {
			w.reset()
			h.ServeHTTP(w, r)
		})
		if w.status != http.StatusOK || w.writes != 1 {
			t.Fatalf("%s: %d in %d pieces, %v", c.path, w.status, w.writes, w.header)
		}
		if n > c.most {
			t.Errorf("%s for %q: %v allocations, at most %v are needed", c.path, c.accept, n, c.most)
		}
	}
}
