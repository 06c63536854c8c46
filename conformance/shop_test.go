package conformance_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/internal/router"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// djangos is the PostgreSQL database that the reference made; tests get copies.
var djangos = ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
	return testserver.Fill(ctx, db.Pool.Config().ConnString())
}}

// shop is the reference server on a database that Django made.
type shop struct {
	http.Handler
	app *quintet.App
}

// eachShop runs a test on both databases, with further environment variables. Passwords are hashed cheaply.
func eachShop(t *testing.T, test func(t *testing.T, s *shop), environ ...string) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, url string) {
		test(t, openShop(t, url, environ, func(app *quintet.App) { app.Users().Passwords = identitytest.Passwords() }))
	})
}

// eachShippedShop runs a test on both databases with the server as operators run it.
func eachShippedShop(t *testing.T, test func(t *testing.T, s *shop), environ ...string) {
	t.Helper()
	eachDatabase(t, func(t *testing.T, url string) { test(t, openShop(t, url, environ, func(*quintet.App) {})) })
}

func eachDatabase(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run(orm.SQLite, func(t *testing.T) {
		url := "sqlite:" + filepath.Join(t.TempDir(), "shop.sqlite3")
		if err := testserver.Fill(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		test(t, url)
	})
	t.Run(orm.Postgres, func(t *testing.T) { test(t, djangos.Postgres(t)) })
}

// openShop opens the application as cmd/server does; prepare may change what is not used yet.
func openShop(t *testing.T, url string, environ []string, prepare func(*quintet.App)) *shop {
	t.Helper()
	config, err := quintet.LoadConfig(append([]string{
		"DATABASE_URL=" + url, "QUINTET_SECRET_KEY=" + signingKey(t), "QUINTET_MEDIA_DIR=" + t.TempDir(),
		"QUINTET_ALLOWED_HOSTS=testserver", "QUINTET_LOG_LEVEL=error",
	}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	app := quintet.New(router.Shop())
	if err := app.Open(t.Context(), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	prepare(app)
	handler, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return &shop{handler, app}
}

// call sends "METHOD target" with a JSON body, unless it is empty; headers are "Name: value".
func (s *shop) call(line, body string, headers ...string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "testserver"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		switch name {
		case "Host":
			r.Host = value
		case "From":
			r.RemoteAddr = value
		case "Content-Type":
			r.Header.Set(name, value)
		default:
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// login obtains a pair of tokens.
func (s *shop) login(t *testing.T, username, password string) (access, refresh string) {
	t.Helper()
	w := s.call("POST /api/token/", object("username", username, "password", password))
	if w.Code != http.StatusOK {
		t.Fatalf("login of %s: %d %s", username, w.Code, w.Body)
	}
	return text(t, w, "access"), text(t, w, "refresh")
}

// object is a JSON object of texts.
func object(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	data, _ := json.Marshal(m)
	return string(data)
}

// text is a text of a JSON answer.
func text(t *testing.T, w *httptest.ResponseRecorder, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	value, _ := m[name].(string)
	return value
}

// username is who the server takes the sender for, and the status.
func (s *shop) username(t *testing.T, headers ...string) (string, int) {
	t.Helper()
	w := s.call("GET /api/users/me/", "", headers...)
	if w.Code != http.StatusOK {
		return "", w.Code
	}
	return text(t, w, "username"), w.Code
}

// jar is the Cookie header that a browser sends after an answer, which replaces earlier cookies.
func jar(w *httptest.ResponseRecorder, before string) string {
	cookies := map[string]string{}
	for _, pair := range strings.Split(strings.TrimPrefix(before, "Cookie: "), "; ") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			cookies[name] = value
		}
	}
	for _, c := range w.Result().Cookies() {
		cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(cookies, c.Name)
		}
	}
	var pairs []string
	for name, value := range cookies {
		pairs = append(pairs, name+"="+value)
	}
	return "Cookie: " + strings.Join(pairs, "; ")
}

// secretText begins where a word does: random tokens may contain anything.
var secretText = regexp.MustCompile(`(?i)\b(pbkdf2|argon2|scrypt\$|bcrypt|goroutine |SELECT |gorm|pgx|sqlite)|\.go:\d`)

// checkAnswer makes the demands that every answer must meet, whatever was asked.
func checkAnswer(t *testing.T, what string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code >= http.StatusInternalServerError {
		t.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
	if found := secretText.FindString(w.Body.String()); found != "" {
		t.Errorf("%s: the answer tells %q", what, found)
	}
	for name, value := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	} {
		if w.Header().Get(name) != value {
			t.Errorf("%s: %s is %q", what, name, w.Header().Get(name))
		}
	}
}
