package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// tries sends logins in a row and returns their statuses.
func (l *lobby) tries(n int, name, password, from string) string {
	var statuses []string
	for range n {
		w := l.login(name, password, from)
		statuses = append(statuses, fmt.Sprint(w))
	}
	return strings.Join(statuses, " ")
}

func (l *lobby) login(name, password, from string) int {
	body := `{"username":"` + name + `","password":"` + password + `"}`
	return l.visitFrom(from, body, "X-CSRFToken: "+csrfSecret)
}

func TestLoginThrottle(t *testing.T) {
	o := rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{Rate: "3/min"}}}
	eachLobby(t, o, func(t *testing.T, l *lobby) {
		for _, step := range []struct {
			what, name, password, from string
			n                          int
			later                      time.Duration
			want                       string
		}{
			{"successes cost nothing", "alice", " alice-Pass ", "192.0.2.1:1", 5, 0, "200 200 200 200 200"},
			{"failures", "alice", "x", "192.0.2.1:1", 5, 0, "400 400 400 429 429"},
			{"then the right one", "alice", " alice-Pass ", "192.0.2.1:1", 1, 0, "429"},
			{"another port", "alice", "x", "192.0.2.1:2", 1, 0, "429"},
			{"another spelling", " ALICE ", "x", "192.0.2.1:1", 1, 0, "429"},
			{"another name", "carol", "x", "192.0.2.1:1", 1, 0, "400"},
			{"another address", "alice", "x", "192.0.2.2:1", 4, 0, "400 400 400 429"},
			{"unknown name", "mallory", "x", "192.0.2.2:1", 4, 0, "400 400 400 429"},
			{"one network", "alice", "x", "[2001:db8::1]:1", 3, 0, "400 400 400"},
			{"the same network", "alice", "x", "[2001:db8::ffff:1]:1", 1, 0, "429"},
			{"another network", "alice", "x", "[2001:db8:0:1::1]:1", 1, 0, "400"},
			{"a minute later", "alice", "x", "192.0.2.1:1", 1, time.Minute, "400"},
		} {
			l.at = l.at.Add(step.later)
			if got := l.tries(step.n, step.name, step.password, step.from); got != step.want {
				t.Errorf("%s: %s, want %s", step.what, got, step.want)
			}
		}
	})
}

func TestLoginThrottleOfAllNames(t *testing.T) {
	o := rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{Rate: "1/min"}}}
	eachLobby(t, o, func(t *testing.T, l *lobby) {
		for i := range 11 {
			want := 400
			if i == 10 {
				want = 429
			}
			if got := l.login(fmt.Sprint("user", i), "x", "192.0.2.1:1"); got != want {
				t.Errorf("name %d: %d, want %d", i, got, want)
			}
		}
	})
}

func TestLoginThrottleOfForms(t *testing.T) {
	o := rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{Rate: "2/min"}}}
	eachLobby(t, o, func(t *testing.T, l *lobby) {
		for i, want := range []int{200, 200, 429} {
			w := l.visit("POST", "/api-auth/login/", ownJar, formType, loginBody("username", "alice", "password", "x"), "Accept: text/html")
			if w.Code != want || !strings.Contains(w.Body.String(), "<h1>Log in</h1>") {
				t.Errorf("form %d: %d, want %d", i, w.Code, want)
			}
			if want == 429 && (w.Header().Get("Retry-After") != "60" || !strings.Contains(w.Body.String(), "Expected available in 60 seconds.")) {
				t.Errorf("refused: %v %s", w.Header(), w.Body)
			}
		}
		if w := l.visit("GET", "/api-auth/login/", "", "", ""); w.Code != 200 {
			t.Errorf("the page itself: %d", w.Code)
		}
	})
}

// TestLoginThrottleAtOnce: attempts at the same time are counted before their passwords are checked.
func TestLoginThrottleAtOnce(t *testing.T) {
	o := rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{Rate: "3/min"}}}
	eachLobby(t, o, func(t *testing.T, l *lobby) {
		statuses := make([]int, 12)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() { statuses[i] = l.login("alice", "x", "192.0.2.1:1") })
		}
		all.Wait()
		checked := 0
		for _, s := range statuses {
			if s == 400 {
				checked++
			}
		}
		if checked != 3 {
			t.Errorf("%d passwords were checked, want 3: %v", checked, statuses)
		}
	})
}

func TestLoginThrottleIsCheckedAtStart(t *testing.T) {
	for rate, mistake := range map[string]string{"3/fortnight": `"3/fortnight"`, "": `"login"`, "0/min": "nobody could log in"} {
		lists := rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{Rate: rate}}}
		err := buildLogin(t, lists)
		if err == nil || !strings.Contains(err.Error(), mistake) {
			t.Errorf("rate %q: %v", rate, err)
		}
	}
	if err := rest.CheckRate("10/min"); err != nil {
		t.Error(err)
	}
	if rest.CheckRate("10 a minute") == nil {
		t.Error("a rate that is none passes")
	}
}

func buildLogin(t *testing.T, o rest.LoginOptions) error {
	t.Helper()
	db := &orm.DB{}
	registry, err := orm.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	router := rest.NewRouter(rest.Config{DB: db, Registry: registry, Users: &identity.Store{}})
	new(rest.SessionAuthentication).Routes(router.Group("/"), o)
	_, err = router.Build()
	return err
}

// passwordView is open to who has a password, by Basic authentication with a rate.
func passwordView(rate string) *rest.View {
	return &rest.View{
		Name: "Passwords", Authenticators: []rest.Authenticator{rest.BasicAuthentication{Rate: rate}}, Permissions: []rest.Permission{rest.AllowAny},
		Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: func(r *rest.Request) (*rest.Response, error) {
			return rest.OK(r.User().Username), nil
		}}},
	}
}

// TestBasicAuthenticationIsLimited: wrong passwords are counted with those of the logins, right ones cost nothing.
func TestBasicAuthenticationIsLimited(t *testing.T) {
	const (
		wrong = `401 {"detail":"Invalid username/password."}`
		much  = `429 {"detail":"Request was throttled. Expected available in 60 seconds."}`
	)
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		now := libraryClock
		c := serve(t, db, nil, func(g *rest.Group) {
			g.Handle("own/", passwordView("3/min"), "own")
			g.Handle("shared/", passwordView(""), "shared")
			new(rest.SessionAuthentication).Routes(g.Namespace("browser"), rest.LoginOptions{Throttles: []rest.Throttle{rest.LoginThrottle{}}})
		}, func(c *rest.Config) {
			c.ThrottleRates = map[string]string{"login": "3/min"}
			c.Now = func() time.Time { return now }
		})
		users := identitytest.Store(db.Gorm)
		identitytest.User(t, users, "alice", "right")
		identitytest.User(t, users, "bob", "right")
		for _, step := range []struct {
			what, path, name, password string
			later                      time.Duration
			want                       string
		}{
			{"right", "/own/", "alice", "right", 0, `200 "alice"`},
			{"wrong", "/own/", "alice", "x", 0, wrong},
			{"right between", "/own/", "alice", "right", 0, `200 "alice"`},
			{"wrong elsewhere", "/shared/", "Alice", "y", 0, wrong},
			{"wrong again", "/own/", "alice", "z", 0, wrong},
			{"too often", "/own/", "alice", "x", 0, much},
			{"the right one too late", "/shared/", "alice", "right", 0, much},
			{"somebody else", "/own/", "bob", "right", 0, `200 "bob"`},
			{"nobody", "/own/", "nobody", "right", 0, wrong},
			{"later", "/own/", "alice", "right", time.Minute, `200 "alice"`},
		} {
			now = now.Add(step.later)
			if got := c.Basic(step.name, step.password).Get(step.path).String(); got != step.want {
				t.Errorf("%s: got %s, want %s", step.what, got, step.want)
			}
		}
		for range 3 {
			say(t, c.Basic("bob", "x").Get("/own/"), wrong)
		}
		a := c.Basic("bob", "right").Get("/own/")
		if a.Header.Get("Retry-After") != "60" || a.Header.Get("Www-Authenticate") != "" {
			t.Errorf("%s with %v", a, a.Header)
		}
		c.Get("/login/")
		say(t, c.Post("/login/", `{"username":"bob","password":"right"}`), much)
		say(t, c.Get("/own/"), `200 ""`)
	})
}

// TestBasicAuthenticationAtOnce: requests at the same time with the right password do not count against each other.
func TestBasicAuthenticationAtOnce(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := serve(t, db, nil, func(g *rest.Group) { g.Handle("own/", passwordView("2/min"), "own") })
	identitytest.User(t, identitytest.Store(db.Gorm), "alice", "right")
	for range 5 {
		if got := slices.Compact(together(c.Basic("alice", "right"), 8, func(c *resttest.Client, _ int) *resttest.Answer { return c.Get("/own/") })); len(got) > 1 {
			t.Errorf("got %q", got)
		}
	}
}

func TestBasicAuthenticationIsCheckedAtStart(t *testing.T) {
	for rate, mistake := range map[string]string{"often": `throttle rate "often"`, "0/day": "nobody could log in", "1/day": ""} {
		db := ormtest.Open(t, ormtest.SQLite(t))
		_, err := routerOf(t, db, resttest.Registry(t), func(g *rest.Group) { g.Handle("own/", passwordView(rate), "own") }).Build()
		if got := fmt.Sprint(err); mistake == "" && err != nil || !strings.Contains(got, mistake) {
			t.Errorf("rate %q: %v", rate, err)
		}
	}
}

// takesOnly is a store that can neither look nor forget.
type takesOnly struct{ rest.ThrottleStore }

func TestBasicAuthenticationWithAPlainStore(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := serve(t, db, nil, func(g *rest.Group) { g.Handle("own/", passwordView("3/min"), "own") }, func(c *rest.Config) {
		c.ThrottleStore = takesOnly{&rest.MemoryThrottles{}}
	})
	identitytest.User(t, identitytest.Store(db.Gorm), "alice", "right")
	for _, step := range []struct {
		password string
		want     int
	}{{"right", 200}, {"x", 401}, {"right", 200}, {"right", 429}} { // all are counted, each once
		if a := c.Basic("alice", step.password).Get("/own/"); a.Status != step.want {
			t.Errorf("%s: got %s, want %d", step.password, a, step.want)
		}
	}
}

// TestPeek looks at what Take would answer, time and again, and changes nothing.
func TestPeek(t *testing.T) {
	var m rest.MemoryThrottles
	at := libraryClock
	peek := func(want string) {
		t.Helper()
		for range 2 {
			ok, wait, err := m.Peek(t.Context(), "k", 2, time.Minute, at)
			if got := fmt.Sprint(ok, " ", wait, " ", err); got != want {
				t.Errorf("%s: got %s, want %s", at.Format(time.TimeOnly), got, want)
			}
		}
	}
	take := func() {
		if ok, _, err := m.Take(t.Context(), "k", 2, time.Minute, at); !ok || err != nil {
			t.Error(ok, err)
		}
		at = at.Add(10 * time.Second)
	}
	peek("true 0s <nil>")
	take()
	peek("true 0s <nil>")
	take()
	peek("false 40s <nil>")
	at = at.Add(40 * time.Second)
	peek("true 0s <nil>")
	take()
	peek("true 0s <nil>")
}
