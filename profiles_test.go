package quintet_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
	"github.com/quintet-go/quintet/session"
)

// profiled is an application with all ways to log in, and the accounts boss, of the staff, and alice.
type profiled struct {
	*resttest.Client
	app         *quintet.App
	boss, alice *identity.User
}

func newProfiled(t *testing.T, environ ...string) *profiled {
	t.Helper()
	config, err := quintet.LoadConfig(migrated(t, environ...))
	if err != nil {
		t.Fatal(err)
	}
	o := programOptions()
	o.Rest = func(c *rest.Config, app *quintet.App) error {
		c.Authenticators = []rest.Authenticator{rest.TokenAuthentication{}, rest.BasicAuthentication{}, app.SessionAuthentication()}
		return nil
	}
	p := &profiled{app: quintet.New(o)}
	if err := p.app.Open(t.Context(), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.app.Close)
	p.boss = p.user(t, identity.NewUser{Username: "boss", Password: "right", IsStaff: true})
	p.alice = p.user(t, identity.NewUser{Username: "alice", IsSuperuser: true}) // who may do everything is not yet staff
	h, err := p.app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	p.Client = resttest.NewClient(t, h)
	p.Host = "localhost"
	return p
}

func (p *profiled) user(t *testing.T, n identity.NewUser) *identity.User {
	t.Helper()
	user, err := p.app.Users().CreateUser(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return user
}

// byToken is a client with a token key of the user.
func (p *profiled) byToken(t *testing.T, user *identity.User) *resttest.Client {
	t.Helper()
	token, err := p.app.Users().TokenOf(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return p.Token(token.Key)
}

// bySession is a browser in which the user has logged in.
func (p *profiled) bySession(t *testing.T, user *identity.User) *resttest.Client {
	t.Helper()
	s, store := session.New(), p.app.Sessions()
	if err := store.Login(t.Context(), s, user); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Commit(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	return p.Session(store.Name(), s.Key())
}

func TestProfilesAreForTheStaff(t *testing.T) {
	p := newProfiled(t, "QUINTET_PROFILING=true")
	for _, c := range []struct {
		who    string
		client *resttest.Client
		status int
	}{
		{"nobody", p.Client, http.StatusUnauthorized},
		{"a wrong key", p.Token("0123"), http.StatusUnauthorized},
		{"a user by token", p.byToken(t, p.alice), http.StatusForbidden},
		{"a user by session", p.bySession(t, p.alice), http.StatusForbidden},
		{"the staff by token", p.byToken(t, p.boss), http.StatusOK},
		{"the staff by session", p.bySession(t, p.boss), http.StatusOK},
		{"the staff by password", p.Basic("boss", "right"), http.StatusOK},
	} {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=0"} {
			if a := c.client.Get(path); a.Status != c.status || c.status != http.StatusOK && !strings.Contains(a.Text(), "detail") {
				t.Errorf("%s at %s: got %d %.100q, want %d", c.who, path, a.Status, a.Text(), c.status)
			}
		}
	}
}

func TestProfilesAreOffByDefault(t *testing.T) {
	p := newProfiled(t)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof", "/debug/pprof/heap"} {
		if a := p.byToken(t, p.boss).Get(path); a.Status != http.StatusNotFound || a.Text() != notFoundPage {
			t.Errorf("%s: got %d %.100q", path, a.Status, a.Text())
		}
	}
}

func TestProfiles(t *testing.T) {
	boss := func(p *profiled) *resttest.Client { return p.byToken(t, p.boss) }(newProfiled(t, "QUINTET_PROFILING=true"))
	list := boss.Get("/debug/pprof/").Object()
	if list["heap"] != "http://localhost/debug/pprof/heap" || list["profile"] == nil || list["trace"] == nil || list["goroutine"] == nil {
		t.Errorf("the list: %v", list)
	}
	for _, path := range []string{"heap", "goroutine", "allocs", "profile?seconds=0"} {
		a := boss.Get("/debug/pprof/" + path)
		if a.Status != http.StatusOK || !packed(a.Body) || a.Header.Get("Content-Type") != "application/octet-stream" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", path, a.Status, a.Header)
		}
	}
	if a := boss.Get("/debug/pprof/trace?seconds=0"); a.Status != http.StatusOK || !strings.HasPrefix(a.Text(), "go 1.") {
		t.Errorf("trace: %d %.20q", a.Status, a.Text())
	}
	if a := boss.Get("/debug/pprof/goroutine?debug=2"); !strings.Contains(a.Text(), "goroutine ") || a.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("as text: %v %.80q", a.Header, a.Text())
	}
	for path, want := range map[string]string{
		"nonsense":          `404 {"detail":"Not found."}`,
		"heap?debug=x":      `400 {"debug":["A valid integer is required."]}`,
		"profile?seconds=-": `400 {"seconds":["A valid integer is required."]}`,
	} {
		if got := boss.Get("/debug/pprof/" + path).String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if a := boss.Post("/debug/pprof/heap", nil); a.Status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", a.Status)
	}
}

// packed tells whether a text is what "go tool pprof" reads: a protocol buffer under gzip.
func packed(content []byte) bool {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return false
	}
	plain, err := io.ReadAll(r)
	return err == nil && len(plain) > 0
}

// TestOneRecordingAtATime asks for a recording while another one runs, and for one that would take longer than a request may.
func TestOneRecordingAtATime(t *testing.T) {
	p := newProfiled(t, "QUINTET_PROFILING=true", "QUINTET_REQUEST_TIMEOUT=300ms")
	boss := p.byToken(t, p.boss)
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	got := boss.Get("/debug/pprof/profile?seconds=0").String()
	pprof.StopCPUProfile()
	if want := `409 {"detail":"Somebody else is recording this now."}`; got != want {
		t.Errorf("the second: got %s, want %s", got, want)
	}
	if a := boss.Get("/debug/pprof/profile"); a.Status != http.StatusOK || !packed(a.Body) {
		t.Errorf("a long one: %d", a.Status)
	}
}
