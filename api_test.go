package quintet_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
)

// apiRoutes is a small API: views that ask the database, read a body, tell who asks, and break.
func apiRoutes(r *rest.Router, _ *quintet.App) error {
	open := []rest.Permission{rest.AllowAny}
	r.Group("/api/").
		Handle("one/", &rest.View{Name: "One", Permissions: open, Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: one}}}, "one").
		Handle("data/", &rest.View{Name: "Data", Permissions: open, Methods: map[string]rest.Endpoint{http.MethodPost: {Handle: data}}}, "data").
		Handle("me/", &rest.View{Name: "Me", Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: me}}}, "me").
		Handle("broken/", &rest.View{Name: "Broken", Permissions: open, Methods: map[string]rest.Endpoint{
			http.MethodGet: {Handle: func(*rest.Request) (*rest.Response, error) { panic("secret") }},
		}}, "broken")
	return nil
}

func one(r *rest.Request) (*rest.Response, error) {
	var n int
	if err := r.DB().Raw("SELECT 1").Scan(&n).Error; err != nil {
		return nil, err
	}
	return rest.OK(n), nil
}

func data(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	return rest.OK(data), err
}

func me(r *rest.Request) (*rest.Response, error) { return rest.OK(r.User().Username), nil }

// withAPI is the sample application with the small API.
func withAPI(t *testing.T, environ ...string) (*quintet.App, http.Handler, *log) {
	t.Helper()
	config, err := quintet.LoadConfig(append(folder(t), environ...))
	if err != nil {
		t.Fatal(err)
	}
	app, l := quintet.New(programOptions()), &log{}
	if err := app.Open(context.Background(), config, l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	h, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return app, h, l
}

func TestTheAPIInsideOfTheServer(t *testing.T) {
	_, h, _ := withAPI(t, "QUINTET_CORS_ORIGINS=https://app.example")
	tests := []struct {
		line, headers string
		status        int
		body          string
		want          string // "Header: value" of the answer
	}{
		{"GET /api/one/", "X: y", 200, "1", "X-Frame-Options: DENY"},
		{"GET /api/one/", "Origin: https://app.example", 200, "1", "Access-Control-Allow-Origin: https://app.example"},
		{"GET /api/one?a=1", "X: y", 301, "", "Location: /api/one/?a=1"},
		{"PUT /api/one/", "X: y", 405, `{"detail":"Method \"PUT\" not allowed."}`, "Content-Type: application/json"},
		{"GET /api/two/", "X: y", 404, notFoundPage, "Content-Type: text/html; charset=utf-8"},
		{"GET /api/one/", "Host: evil.example", 400, badRequestPage, "Content-Type: text/html; charset=utf-8"},
		{"GET /api/broken/", "X: y", 500, `{"detail":"A server error occurred."}`, "Content-Type: application/json"},
		{"GET /api/me/", "X: y", 403, `{"detail":"Authentication credentials were not provided."}`, "Vary: Cookie, Origin"},
	}
	for _, tt := range tests {
		t.Run(tt.line+" "+tt.headers, func(t *testing.T) {
			w := ask(h, tt.line, tt.headers)
			name, value, _ := strings.Cut(tt.want, ": ")
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get(name) != value {
				t.Errorf("got %d %q, %s: %q", w.Code, w.Body, name, w.Header().Get(name))
			}
		})
	}
}

// TestDatabaseOutage answers 503 with a delay to wait while PostgreSQL is away or hangs, and goes on by itself afterwards.
func TestDatabaseOutage(t *testing.T) {
	wire := newWire(t, ormtest.Postgres(t))
	_, h, _ := withAPI(t, "DATABASE_URL="+wire.url, "QUINTET_SECRET_KEY="+goodKey, "QUINTET_DB_TIMEOUT=1s", "QUINTET_REQUEST_TIMEOUT=2s")
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
		status := 0
		for until := time.Now().Add(10 * time.Second); status != s.want && time.Now().Before(until); {
			started := time.Now()
			w := ask(h, "GET /api/one/")
			status = w.Code
			if took := time.Since(started); took > 4*time.Second {
				t.Errorf("%s: an answer took %s", s.name, took)
			}
			if status != http.StatusOK && (w.Header().Get("Retry-After") == "" || !strings.HasPrefix(w.Body.String(), `{"detail":"`)) {
				t.Errorf("%s: %d %v %s", s.name, status, w.Header(), w.Body)
			}
		}
		if status != s.want {
			t.Errorf("%s: status %d, want %d", s.name, status, s.want)
		}
	}
}

func TestRoutesThatFail(t *testing.T) {
	o := programOptions()
	o.Environ = folder(t)
	o.Routes = func(*rest.Router, *quintet.App) error { return errors.New("shop: no such shelf") }
	cmd := quintet.New(o).Command()
	l := &log{}
	cmd.SetOut(l)
	cmd.SetErr(l)
	cmd.SetArgs([]string{"serve"})
	if err := cmd.Execute(); err == nil || !strings.Contains(l.String(), "no such shelf") {
		t.Errorf("%v: %s", err, l)
	}
}

func TestOpenAPICommandRefuses(t *testing.T) {
	if out, err := command(t, nil, "", "openapi", "--format", "xml"); err == nil || !strings.Contains(out, "write yaml or json") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLargeFilesAreServedWhole(t *testing.T) {
	dir := mediaFolder(t)
	large := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB: several pieces
	if err := os.WriteFile(dir+"/large.txt", []byte(large), 0o600); err != nil {
		t.Fatal(err)
	}
	r := serve(t, "QUINTET_MEDIA_DIR="+dir)
	response, err := http.Get(r.base + "/media/large.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != large {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
