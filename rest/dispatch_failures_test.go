package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestErrorAfterTheAnswerBegan: what was sent stays, nothing is added, and the log tells of it.
func TestErrorAfterTheAnswerBegan(t *testing.T) {
	for name, end := range map[string]func() (*Response, error){
		"an error":    func() (*Response, error) { return nil, errors.New("half way") },
		"a panic":     func() (*Response, error) { panic("half way") },
		"an answer":   func() (*Response, error) { return OK("again"), nil },
		"a 404":       func() (*Response, error) { return nil, ErrNotFound },
		"unavailable": func() (*Response, error) { return nil, ErrUnavailable.WithCause(errors.New("half way")) },
	} {
		s := newSite(Config{ServerError: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "never") }})
		s.mount("/", handlers{"GET": func(r *Request) (*Response, error) {
			w := r.Echo().Response()
			w.WriteHeader(202)
			_, _ = io.WriteString(w, "begun")
			return end()
		}}, nil)
		s.ask("GET", "/", "").is(t, name, 202, "begun")
		if logged := strings.Contains(s.log.String(), "half way"); logged != (name != "an answer" && name != "a 404") {
			t.Errorf("%s: log %s", name, &s.log)
		}
	}
}

// TestClientWentAway: that is nobody's error, and not worth more than a line for the curious.
func TestClientWentAway(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"GET": func(r *Request) (*Response, error) { return nil, r.Context().Err() }}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	if w.Code != 503 || !strings.Contains(s.log.String(), "level=DEBUG") || strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("%d, log %s", w.Code, &s.log)
	}
	s.log.Reset()
	other := newSite(Config{})
	other.mount("/", handlers{"GET": func(*Request) (*Response, error) { return nil, context.Canceled }}, nil)
	other.ask("GET", "/", "").is(t, "a cancelled piece of work of our own", 500, `{"detail":"A server error occurred."}`)
	if !strings.Contains(other.log.String(), "level=ERROR") {
		t.Errorf("not logged: %s", &other.log)
	}
}

func TestLogNamesTheRequest(t *testing.T) {
	s := newSite(Config{})
	s.mount("/a/:name/", handlers{"GET": func(r *Request) (*Response, error) {
		r.Echo().Response().Header().Set("X-Request-ID", "r-7")
		return nil, errors.New("a secret of ours")
	}}, nil)
	a := s.ask("GET", "/a/x%0Alevel=FORGED/?token=hidden", "", "Authorization", "Bearer hidden")
	a.is(t, "failure", 500, `{"detail":"A server error occurred."}`)
	log := s.log.String()
	for _, want := range []string{"method=GET", "request_id=r-7", `error="a secret of ours"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	if strings.Contains(log, "hidden") || strings.Contains(log, "\nlevel=FORGED") || strings.Count(log, "\n") != 1 {
		t.Errorf("the log holds credentials or a forged line: %q", log)
	}
}

// TestDeferredWorkRunsLastFirst, also after a panic and when the answer cannot be rendered.
func TestDeferredWorkRunsLastFirst(t *testing.T) {
	for name, end := range map[string]func() (*Response, error){
		"an answer": func() (*Response, error) { return OK(1), nil }, "an error": func() (*Response, error) { return nil, ErrNotFound },
		"a panic": func() (*Response, error) { panic("x") },
	} {
		var order []string
		s := newSite(Config{RequestTime: -1})
		s.mount("/", handlers{"GET": func(r *Request) (*Response, error) {
			for _, step := range []string{"first", "second"} {
				r.deferred = append(r.deferred, func() { order = append(order, step) })
			}
			return end()
		}}, nil)
		s.ask("GET", "/", "")
		if got := strings.Join(order, " "); got != "second first" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestRequestsDoNotMix: every one of many requests at once gets its own user, query, body and format.
func TestRequestsDoNotMix(t *testing.T) {
	s := newSite(Config{})
	s.mount("/:name/", handlers{"POST": func(r *Request) (*Response, error) {
		data, err := r.Data()
		return OK(Obj("user", r.User().Username, "name", r.Param("name"), "q", r.Query("q"), "data", data)), err
	}}, func(v *view) { v.authenticators = []Authenticator{bearer} })
	var wait sync.WaitGroup
	for i := range 60 {
		user, name := []string{"alice", "clerk", "admin"}[i%3], strings.Repeat(string(rune('a'+i%26)), 1+i%7)
		wait.Go(func() {
			want := `{"user":"` + user + `","name":"` + name + `","q":"` + name + user + `","data":{"me":"` + user + name + `"}}`
			a := s.ask("POST", "/"+name+"/?q="+name+user, `{"me":"`+user+name+`"}`, "X-User", user, "Content-Type", "application/json")
			a.is(t, user, 200, want)
		})
	}
	wait.Wait()
}

// TestThrottleOfManyAtOnce: of requests in the same moment no more pass than the rate allows, whoever sends them apart.
func TestThrottleOfManyAtOnce(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	s := newSite(Config{Now: func() time.Time { return at }})
	s.mount("/", handlers{"GET": say(1)}, func(v *view) {
		v.authenticators, v.throttles = []Authenticator{bearer}, []Throttle{UserThrottle{Rate: "7/min"}}
	})
	var passed, refused [3]atomic.Int64
	var wait sync.WaitGroup
	for i := range 60 {
		wait.Go(func() {
			switch a := s.ask("GET", "/", "", "X-User", []string{"alice", "clerk", "admin"}[i%3]); a.status {
			case 200:
				passed[i%3].Add(1)
			case 429:
				refused[i%3].Add(1)
				a.hasHeader(t, "a refusal", "Retry-After", "60")
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wait.Wait()
	for i := range passed {
		if passed[i].Load() != 7 || refused[i].Load() != 13 {
			t.Errorf("user %d: %d passed, %d refused; want 7 and 13", i, passed[i].Load(), refused[i].Load())
		}
	}
}

// TestErrorsAreValues: a copy with a cause does not change what all share, and tells more in the log than on the wire.
func TestErrorsAreValues(t *testing.T) {
	cause := errors.New("row 5")
	e := ErrNotFound.WithCause(cause)
	if !errors.Is(e, ErrNotFound) || !errors.Is(e, cause) || errors.Is(e, ErrDenied) || ErrNotFound.Cause != nil {
		t.Errorf("%v", e)
	}
	if got, want := e.Error(), `404 not_found: "Not found.": row 5`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct {
		err  *Error
		body string
	}{
		{Invalid(), `["Invalid input."]`},
		{Invalid("One.", "Two."), `["One.","Two."]`},
		{InvalidCode("own", "One."), `["One."]`},
		{InvalidField("f"), `{"f":["Invalid input."]}`},
		{InvalidDetail(Message{"One.", "x"}), `["One."]`},
		{InvalidDetail(ErrorFields("a", List{ErrorFields("b", Message{"“deep”", "x"}), &Fields{}})), `{"a":[{"b":"“deep”"},{}]}`},
		{Denied("No."), `{"detail":"No."}`},
		{Conflict("In use."), `{"detail":"In use."}`},
		{MethodNotAllowed(`GET"`), `{"detail":"Method \"GET\"\" not allowed."}`},
		{UnsupportedMediaType("text/<b>"), `{"detail":"Unsupported media type \"text/<b>\" in request."}`},
		{Throttled(time.Nanosecond, "Slow."), `{"detail":"Slow. Expected available in 1 second."}`},
		{Throttled(0, ""), `{"detail":"Request was throttled. Expected available in 0 seconds."}`},
		{Throttled(time.Second+1, ""), `{"detail":"Request was throttled. Expected available in 2 seconds."}`},
	} {
		if got := string(c.err.body()); got != c.body || !json.Valid([]byte(got)) {
			t.Errorf("got %s, want %s", got, c.body)
		}
	}
	f := &Fields{}
	f.Add("a", Message{"1", ""})
	f.Set("b", Message{"2", ""})
	f.Add("a", Message{"3", ""}, Message{"4", ""})
	f.Add("b", Message{"5", ""}) // what is no List is replaced
	if got := string(f.appendJSON(nil)); got != `{"a":["1","3","4"],"b":["5"]}` || f.Len() != 2 || strings.Join(f.Keys(), "") != "ab" || f.Get("c") != nil {
		t.Errorf("got %s, %d names", got, f.Len())
	}
}

// TestVersionsOutsideOfRoutes: schemes answer when the request has no version and when a route is not there in it.
func TestVersionsOutsideOfRoutes(t *testing.T) {
	s := newSite(Config{})
	mount := func(path string, scheme Versioning) {
		s.mount(path, tell("plain"), func(v *view) { v.versioning, v.routeName = scheme, path })
	}
	s.mount("/plain/", handlers{"GET": say(1)}, func(v *view) { v.routeName = "plain" })
	mount("/url/", URLPathVersioning{})
	mount("/space/", NamespaceVersioning{Versions{Default: "v1"}})
	mount("/query/", QueryParameterVersioning{v1v2})
	mount("/host/", HostNameVersioning{v1v2})
	for target, want := range map[string]string{
		"/url/":                    `{"version":"","link":"http://example.com/plain/"}`,
		"/space/":                  `{"version":"v1","link":"http://example.com/plain/"}`,
		"/query/?version=v2&x=%zz": `{"version":"v2","link":"http://example.com/plain/?version=v2"}`,
		"/query/?format=json":      `{"version":"v1","link":"http://example.com/plain/?format=json&version=v1"}`,
		"/host/":                   `{"version":"v1","link":"http://example.com/plain/"}`,
	} {
		s.ask("GET", target, "").is(t, target, 200, want)
	}
}
