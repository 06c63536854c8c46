package quintet_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet"
)

// asProgram makes the test binary behave as an application's program: tests of processes start it so.
// The folder of the sources is in programRoot then.
const (
	asProgram   = "QUINTET_TEST_PROGRAM"
	programRoot = "QUINTET_TEST_ROOT"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(quintet.New(programOptions()).Main())
	}
	os.Exit(m.Run())
}

// programOptions are those of the application that tests run: a few plain handlers and a small API.
func programOptions() quintet.Options {
	return quintet.Options{
		Name: "sample", Version: "1.2.3", Echo: plainRoutes, Routes: apiRoutes, Migrations: sampleMigrations(), Demo: sampleDemo(),
	}
}

func plainRoutes(e *echo.Echo, app *quintet.App) error {
	e.GET("/who", func(c echo.Context) error { return c.String(http.StatusOK, c.Scheme()+" "+c.RealIP()) })
	e.Any("/echo", func(c echo.Context) error {
		_, err := io.Copy(c.Response(), c.Request().Body)
		return err
	})
	e.GET("/slow", func(c echo.Context) error {
		pause, err := time.ParseDuration(c.QueryParam("for"))
		if err != nil {
			return echo.NewHTTPError(http.StatusBadRequest, "for: not a duration")
		}
		if c.QueryParams().Has("begin") { // shows the client that the request is in flight
			c.Response().WriteHeader(http.StatusOK)
			c.Response().Flush()
		}
		select {
		case <-time.After(pause):
			return c.String(http.StatusOK, "done")
		case <-c.Request().Context().Done():
			return c.Request().Context().Err()
		}
	})
	e.GET("/panic", func(echo.Context) error { panic("secret\x1b[31m") })
	e.GET("/half", func(c echo.Context) error {
		_, _ = c.Response().Write([]byte("half"))
		c.Response().Flush()
		panic("too late")
	})
	e.GET("/fail", func(echo.Context) error { return io.ErrUnexpectedEOF })
	e.GET("/vary", func(c echo.Context) error {
		c.Response().Header().Set("Vary", "Accept, Cookie")
		return c.NoContent(http.StatusNoContent)
	})
	return nil
}

// folder is a working directory of its own: environment variables that keep everything below it.
func folder(t testing.TB) []string {
	t.Helper()
	dir := t.TempDir()
	return []string{
		"DATABASE_URL=sqlite:" + filepath.Join(dir, "test.sqlite3"),
		"QUINTET_MEDIA_DIR=" + filepath.Join(dir, "media"),
		"QUINTET_ADDR=127.0.0.1:0",
	}
}

// inFlight sends a request for a slow answer that has begun when it returns; the rest of it, or what cut it, comes later.
func inFlight(t *testing.T, base, pause string) <-chan string {
	t.Helper()
	response, err := http.Get(base + "/slow?begin&for=" + pause)
	if err != nil {
		t.Fatal(err)
	}
	rest := make(chan string, 1)
	go func() {
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		rest <- fmt.Sprint(string(body), err)
	}()
	return rest
}

// log is where an application under test logs to.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start opens an application with further environment variables.
func start(t testing.TB, environ ...string) (*quintet.App, *log) {
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
	return app, l
}

// handler is the whole server of an application as a handler.
func handler(t testing.TB, environ ...string) (http.Handler, *log) {
	t.Helper()
	app, l := start(t, environ...)
	h, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h, l
}

// ask sends a request made of "METHOD target" and header lines "Name: value"; "Host" and "From" (the peer) are special.
func ask(h http.Handler, line string, headers ...string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost"
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		switch name {
		case "Host":
			r.Host = value
		case "From":
			r.RemoteAddr = value
		default:
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
