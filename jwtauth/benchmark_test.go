package jwtauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// counter is a server whose one view is open to users only, and an access token of one of them.
type counter struct {
	http.Handler
	tokens *jwtauth.Service
	access string
}

// newCounter makes one that remembers tokens and accounts, or neither of them.
func newCounter(tb testing.TB, remember bool) *counter {
	tb.Helper()
	db := ormtest.Open(tb, ormtest.SQLite(tb))
	identitytest.CreateTables(tb, db.Gorm)
	users := identitytest.Store(db.Gorm)
	config := jwtauth.Config{SigningKey: recorded(tb).SigningKey, Remembered: -1}
	if remember {
		users.CacheFor, config.Remembered = time.Hour, 0
	}
	tokens, err := jwtauth.New(config, db.Gorm, users)
	if err != nil {
		tb.Fatal(err)
	}
	pair, err := tokens.Issue(tb.Context(), identitytest.User(tb, users, "alice", ""))
	if err != nil {
		tb.Fatal(err)
	}
	registry := resttest.Registry(tb, &identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{})
	defaults := resttest.Config(tb, db, registry)
	defaults.Users, defaults.RequestTime = users, -1
	defaults.Authenticators = []rest.Authenticator{jwtauth.Authenticator{Tokens: tokens}}
	router := rest.NewRouter(defaults)
	answer := rest.OK(rest.Rendered("1"))
	router.Group("/").Handle("users-only/", &rest.View{
		Name: "Users", Permissions: []rest.Permission{rest.IsAuthenticated},
		Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: func(*rest.Request) (*rest.Response, error) { return answer, nil }}},
	}, "")
	api, err := router.Build()
	if err != nil {
		tb.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	return &counter{e, tokens, pair.Access}
}

// serve returns a function that asks the view once.
func (c *counter) serve(tb testing.TB) func() {
	tb.Helper()
	r := httptest.NewRequest(http.MethodGet, "/users-only/", nil)
	r.Header.Set("Authorization", "Bearer "+c.access)
	w := &blank{header: http.Header{}}
	ask := func() {
		clear(w.header)
		c.ServeHTTP(w, r)
	}
	if ask(); w.status != http.StatusOK {
		tb.Fatalf("status %d", w.status)
	}
	return ask
}

// blank is an http.ResponseWriter that costs nothing by itself.
type blank struct {
	header http.Header
	status int
}

func (b *blank) Header() http.Header         { return b.header }
func (b *blank) WriteHeader(status int)      { b.status = status }
func (b *blank) Write(p []byte) (int, error) { return len(p), nil }

var eachMemory = map[string]bool{"remembered": true, "each time": false}

func BenchmarkParse(b *testing.B) {
	for name, remember := range eachMemory {
		b.Run(name, func(b *testing.B) {
			c := newCounter(b, remember)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.tokens.Parse(c.access, jwtauth.Access); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAuthenticatedView(b *testing.B) {
	for name, remember := range eachMemory {
		b.Run(name, func(b *testing.B) {
			ask := newCounter(b, remember).serve(b)
			b.ReportAllocs()
			for b.Loop() {
				ask()
			}
		})
	}
}

// TestKnownUsersAreCheap holds what a request with a web token allocates whose user asked a moment ago.
func TestKnownUsersAreCheap(t *testing.T) {
	ask := newCounter(t, true).serve(t)
	if n := testing.AllocsPerRun(100, ask); n > 8 {
		t.Errorf("%v allocations, at most 8 are needed", n)
	}
}
