package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func throttleSite(c *clock, throttles ...Throttle) *site {
	s := newSite(Config{
		Now: c.now, NumProxies: -1,
		ThrottleRates: map[string]string{"anon": "3/min", "user": "4/min", "burst": "2/min", "sustained": "5/day", "a": "2/min", "free": ""},
	})
	s.mount("/", handlers{"GET": say(Obj("ok", true))}, func(v *view) {
		v.authenticators, v.throttles = []Authenticator{bearer}, throttles
	})
	return s
}

const throttled60 = `{"detail":"Request was throttled. Expected available in 60 seconds."}`

func TestThrottles(t *testing.T) {
	for _, c := range []struct {
		name      string
		throttles []Throttle
		// the requests: user or address, and the statuses in turn
		callers string
		want    string
	}{
		{"anonymous", []Throttle{AnonThrottle{}}, "- - - - -", "200 200 200 429 429"},
		{"users are not counted there", []Throttle{AnonThrottle{}}, "alice alice alice alice", "200 200 200 200"},
		{"another address", []Throttle{AnonThrottle{}}, "- - - 203.0.113.9 -", "200 200 200 200 429"},
		{"users", []Throttle{UserThrottle{}}, "alice alice alice alice alice clerk", "200 200 200 200 429 200"},
		{"users by address", []Throttle{UserThrottle{}}, "- - - - -", "200 200 200 200 429"},
		{"own rate", []Throttle{UserThrottle{Rate: "1/s"}}, "alice alice", "200 429"},
		{"two own rates count apart", []Throttle{UserThrottle{Rate: "2/s"}, UserThrottle{Rate: "3/h"}}, "alice alice alice", "200 200 429"},
		{"no requests at all", []Throttle{AnonThrottle{Rate: "0/s"}}, "-", "429"},
		{"a scope without limit", []Throttle{AnonThrottle{Scope: "free"}}, "- - - - - -", "200 200 200 200 200 200"},
		{"a view without scope", []Throttle{ScopedThrottle{}}, "- - - - - -", "200 200 200 200 200 200"},
	} {
		s := throttleSite(&clock{time.Unix(1_700_000_000, 0)}, c.throttles...)
		want := strings.Fields(c.want)
		for i, caller := range strings.Fields(c.callers) {
			a := s.askAs(caller)
			if got := fmt.Sprint(a.status); got != want[i] {
				t.Errorf("%s: request %d as %s: got %s, want %s", c.name, i+1, caller, got, want[i])
			}
		}
	}
}

// askAs asks as a user, as an address or ("-") as nobody in particular.
func (s *site) askAs(caller string) answer {
	switch {
	case caller == "-":
		return s.ask("GET", "/", "")
	case strings.Contains(caller, "."):
		return s.ask("GET", "/", "", "X-Forwarded-For", caller)
	}
	return s.ask("GET", "/", "", "X-User", caller)
}

func TestThrottledAnswer(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	s := throttleSite(c, UserThrottle{Scope: "burst"}, UserThrottle{Scope: "sustained"})
	for range 2 {
		s.askAs("alice")
	}
	a := s.askAs("alice")
	a.is(t, "the third", 429, throttled60)
	a.hasHeader(t, "the third", "Retry-After", "60")
	c.t = c.t.Add(59*time.Second + 500*time.Millisecond)
	s.askAs("alice").is(t, "half a second before", 429, `{"detail":"Request was throttled. Expected available in 1 second."}`)
	c.t = c.t.Add(time.Minute)
	// The longer throttle counted the refused requests too: it is full now, although the shorter one is not.
	for i, want := range []string{"200", "429"} {
		if a := s.askAs("alice"); fmt.Sprint(a.status) != want {
			t.Errorf("request %d of the second minute: got %d %s, want %s", i+1, a.status, a.body, want)
		}
	}
	s.askAs("alice").is(t, "the longest wait", 429, fmt.Sprintf(`{"detail":"Request was throttled. Expected available in %d seconds."}`, 86400-120+1))
}

func TestKeyThrottle(t *testing.T) {
	plan := KeyThrottle{Scope: "plan", Rate: "1/min", Key: func(r *Request) string { return r.Query("plan") }}
	s := throttleSite(&clock{time.Unix(0, 0)}, plan)
	for i, c := range []struct {
		path string
		want int
	}{{"/?plan=a", 200}, {"/?plan=a", 429}, {"/?plan=b", 200}, {"/", 200}, {"/", 200}} {
		if a := s.ask("GET", c.path, ""); a.status != c.want {
			t.Errorf("request %d, %s: got %d, want %d", i+1, c.path, a.status, c.want)
		}
	}
}

func TestScopedThrottleWithItsOwnRate(t *testing.T) {
	s := throttleSite(&clock{time.Unix(0, 0)})
	s.mount("/own", handlers{"GET": say(1)}, func(v *view) {
		v.throttleScope, v.throttles = "nobody", []Throttle{ScopedThrottle{Rate: "1/min"}}
	})
	for i, want := range []int{200, 429} {
		if a := s.ask("GET", "/own", ""); a.status != want {
			t.Errorf("request %d: got %d, want %d", i+1, a.status, want)
		}
	}
}

func TestScopedThrottle(t *testing.T) {
	s := throttleSite(&clock{time.Unix(0, 0)})
	for _, path := range []string{"/one", "/two"} {
		s.mount(path, handlers{"GET": say(1)}, func(v *view) { v.throttleScope, v.throttles = "a", []Throttle{ScopedThrottle{}} })
	}
	for i, want := range []int{405, 200, 429} { // a 405 counts, and the scope is shared
		method, path := "GET", "/one"
		if i == 0 {
			method, path = "PUT", "/two"
		}
		if a := s.ask(method, path, ""); a.status != want {
			t.Errorf("request %d: got %d, want %d", i+1, a.status, want)
		}
	}
}

func TestThrottleWithoutRate(t *testing.T) {
	s := throttleSite(&clock{}, AnonThrottle{Scope: "forgotten"})
	if a := s.askAs("-"); a.status != 500 || !strings.Contains(s.log.String(), `scope \"forgotten\"`) {
		t.Errorf("got %d, log %s", a.status, &s.log)
	}
}

// failing is a store that is away.
type failing struct{}

func (failing) Take(context.Context, string, int, time.Duration, time.Time) (bool, time.Duration, error) {
	return false, 0, errors.New("store away")
}

func TestThrottleStoreAway(t *testing.T) {
	s := newSite(Config{ThrottleStore: failing{}})
	s.mount("/", handlers{"GET": say(1)}, func(v *view) { v.throttles = []Throttle{AnonThrottle{Rate: "1/s"}} })
	s.ask("GET", "/", "").is(t, "store away", 500, `{"detail":"A server error occurred."}`)
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]rate{
		"3/min": {3, time.Minute}, "10/s": {10, time.Second}, "1/sec": {1, time.Second}, "1/second": {1, time.Second},
		"5/m": {5, time.Minute}, "5/minute": {5, time.Minute}, "7/h": {7, time.Hour}, "7/hour": {7, time.Hour},
		"100/d": {100, 24 * time.Hour}, "100/day": {100, 24 * time.Hour}, " 1 / day ": {1, 24 * time.Hour}, "0/s": {0, time.Second},
	} {
		if got, err := parseRate(text); got != want || err != nil {
			t.Errorf("parseRate(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "3", "3/", "/min", "x/min", "-1/min", "3/month", "3/MIN", "3/min/h", "1e3/s", "99999999999999999999/s"} {
		if got, err := parseRate(text); err == nil || !strings.Contains(err.Error(), "as in 100/day") {
			t.Errorf("parseRate(%q) = %v, %v, want an error that tells what to write", text, got, err)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	f.Add("100/day")
	f.Add("3/m/h")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseRate(text)
		if err == nil && (got.requests < 0 || got.period < time.Second) {
			t.Errorf("parseRate(%q) = %v", text, got)
		}
	})
}

func TestCheckThrottles(t *testing.T) {
	c := &Config{ThrottleRates: map[string]string{"user": "1/day", "odd": "1/month"}}
	for _, k := range []struct {
		throttles []Throttle
		scope     string
		want      string
	}{
		{[]Throttle{UserThrottle{}, AnonThrottle{Rate: "1/s"}, ScopedThrottle{}}, "", ""},
		{[]Throttle{ScopedThrottle{}}, "user", ""},
		{[]Throttle{AnonThrottle{}}, "", `scope "anon"`},
		{[]Throttle{ScopedThrottle{}}, "x", `Config.ThrottleRates["x"]`},
		{[]Throttle{ScopedThrottle{Rate: "1/s"}}, "x", ""},
		{[]Throttle{ScopedThrottle{Rate: "often"}}, "x", `"often"`},
		{[]Throttle{KeyThrottle{Scope: "user", Key: (*Request).Method}}, "", ""},
		{[]Throttle{KeyThrottle{Scope: "none", Key: (*Request).Method}}, "", `scope "none"`},
		{[]Throttle{KeyThrottle{Scope: "user"}}, "", "needs a Scope"},
		{[]Throttle{KeyThrottle{Rate: "1/s", Key: (*Request).Method}}, "", "needs a Scope"},
		{[]Throttle{UserThrottle{Rate: "often"}}, "", `"often"`},
		{[]Throttle{UserThrottle{Scope: "odd"}}, "", `"1/month"`},
	} {
		err := checkThrottles(c, k.throttles, k.scope)
		if (err == nil) != (k.want == "") || err != nil && !strings.Contains(err.Error(), k.want) {
			t.Errorf("%v of scope %q: got %v, want %s", k.throttles, k.scope, err, k.want)
		}
	}
}

func TestIdent(t *testing.T) {
	for _, c := range []struct {
		proxies   int
		forwarded []string
		remote    string
		want      string
	}{
		{0, []string{"1.1.1.1"}, "9.9.9.9:1", "9.9.9.9"},
		{-1, []string{"1.1.1.1, 2.2.2.2"}, "9.9.9.9:1", "1.1.1.1,2.2.2.2"},
		{-1, nil, "9.9.9.9:1", "9.9.9.9"},
		{-1, []string{" "}, "9.9.9.9:1", "9.9.9.9"},
		{1, []string{"1.1.1.1, 2.2.2.2"}, "9.9.9.9:1", "2.2.2.2"},
		{2, []string{"1.1.1.1", "2.2.2.2"}, "9.9.9.9:1", "1.1.1.1"},
		{5, []string{"1.1.1.1, 2.2.2.2"}, "9.9.9.9:1", "1.1.1.1"},
		{1, nil, "[::1]:80", "::1"},
		{0, nil, "pipe", "pipe"},
		{-1, []string{strings.Repeat("x", 1<<16)}, "", "1adcb1dfd6f0b3ff52bb3c6e9a37b43e2c54d4d6b93ad4ab21d4bda6fbd25b35"},
	} {
		s := newSite(Config{NumProxies: c.proxies})
		req := httptest.NewRequest("GET", "/", nil)
		req.RemoteAddr = c.remote
		for _, line := range c.forwarded {
			req.Header.Add("X-Forwarded-For", line)
		}
		r := &Request{http: req, api: s.API}
		got := r.ident()
		if len(c.want) == 64 { // only that it is short
			got, c.want = fmt.Sprint(len(got)), "64"
		}
		if got != c.want {
			t.Errorf("%d proxies, %.40q from %s: got %s, want %s", c.proxies, c.forwarded, c.remote, got, c.want)
		}
	}
}

func TestMemoryThrottles(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(1000, int64(seconds*1e9)) }
	m := &MemoryThrottles{}
	for i, c := range []struct {
		key    string
		second float64
		ok     bool
		wait   time.Duration
	}{
		{"a", 0, true, 0},
		{"a", 10, true, 0},
		{"a", 20, false, 40 * time.Second},
		{"b", 20, true, 0},
		{"a", 59.5, false, 500 * time.Millisecond},
		{"a", 60, true, 0}, // the first is over to the second
		{"a", 60, false, 10 * time.Second},
		{"a", 200, true, 0},
	} {
		ok, wait, err := m.Take(t.Context(), c.key, 2, time.Minute, at(c.second))
		if ok != c.ok || wait != c.wait || err != nil {
			t.Errorf("request %d: got %v, %v, %v, want %v, %v", i+1, ok, wait, err, c.ok, c.wait)
		}
	}
}

func TestMemoryThrottlesAfterTheLimitFell(t *testing.T) {
	m := &MemoryThrottles{}
	now := time.Unix(1000, 0)
	for range 5 {
		_, _, _ = m.Take(t.Context(), "a", 5, time.Minute, now)
	}
	if ok, wait, _ := m.Take(t.Context(), "a", 3, time.Minute, now); ok || wait >= 0 {
		t.Errorf("got %v, %v, want a refusal without a known wait", ok, wait)
	}
}

func TestMemoryThrottlesAreExact(t *testing.T) {
	const callers, each, limit = 16, 200, 500
	m := &MemoryThrottles{}
	var passed, other atomic.Int64
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for range each {
				if ok, _, _ := m.Take(context.Background(), "shared", limit, time.Hour, time.Now()); ok {
					passed.Add(1)
				}
				if ok, _, _ := m.Take(context.Background(), fmt.Sprint("own", i), each, time.Hour, time.Now()); ok {
					other.Add(1)
				}
			}
		})
	}
	group.Wait()
	if passed.Load() != limit || other.Load() != callers*each {
		t.Errorf("got %d and %d, want exactly %d and %d", passed.Load(), other.Load(), limit, callers*each)
	}
}

func TestMemoryThrottlesAreBounded(t *testing.T) {
	m := &MemoryThrottles{Requests: 16_000}
	now := time.Unix(1000, 0)
	for i := range 100_000 {
		_, _, _ = m.Take(t.Context(), fmt.Sprint("key", i), 3, time.Hour, now)
	}
	keys, cost := m.size()
	if cost > 16_000 || keys == 0 || keys > 1000 {
		t.Errorf("got %d keys that cost %d, want at most 1000 and 16000", keys, cost)
	}
	for i := range 5000 {
		_, _, _ = m.Take(t.Context(), fmt.Sprint("later", i), 3, time.Second, now.Add(time.Duration(i)*time.Hour))
	}
	if keys, _ := m.size(); keys > 2*throttleShards {
		t.Errorf("%d keys are left when all but the last are over", keys)
	}
}

func (m *MemoryThrottles) size() (keys, cost int) {
	for i := range m.shards {
		s := &m.shards[i]
		keys += len(s.byKey)
		cost += s.cost
		counted := 0
		for e := s.recent.Front(); e != nil; e = e.Next() {
			counted += throttleKeyCost + len(e.Value.(*throttleEntry).times)
		}
		if counted != s.cost || s.recent.Len() != len(s.byKey) {
			panic("the books of a shard are wrong")
		}
	}
	return keys, cost
}

func BenchmarkMemoryThrottles(b *testing.B) {
	m := &MemoryThrottles{}
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			_, _, _ = m.Take(context.Background(), "key", 100, time.Second, time.Now())
		}
	})
}
