package rest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
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
	for rate, mistake := range map[string]string{"3/fortnight": `"3/fortnight"`, "": `"login"`} {
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
