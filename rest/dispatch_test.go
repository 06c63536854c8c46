package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/orm"
)

func TestMethods(t *testing.T) {
	s := newSite(Config{})
	s.mount("/get", handlers{"GET": say(Obj("method", "GET"))}, nil)
	s.mount("/post", handlers{"POST": func(*Request) (*Response, error) { return Created(Obj("method", "POST")), nil }}, nil)
	s.mount("/head", handlers{"GET": say(1), "HEAD": func(*Request) (*Response, error) {
		return &Response{Header: http.Header{"X-Head": {"own"}}}, nil
	}}, nil)
	s.mount("/narrow", handlers{"GET": say(1), "PUT": say(2)}, func(v *view) {
		v.methods, v.allow = []string{"GET", "PUT"}, []string{"GET, PUT"}
	})
	notAllowed := func(method string) string { return fmt.Sprintf(`{"detail":"Method \"%s\" not allowed."}`, method) }
	for _, c := range []struct {
		method, path string
		status       int
		body, allow  string
	}{
		{"GET", "/get", 200, `{"method":"GET"}`, "GET, HEAD, OPTIONS"},
		{"get", "/get", 200, `{"method":"GET"}`, "GET, HEAD, OPTIONS"},
		{"HEAD", "/get", 200, "", "GET, HEAD, OPTIONS"},
		{"POST", "/get", 405, notAllowed("POST"), "GET, HEAD, OPTIONS"},
		{"BREW", "/get", 405, notAllowed("BREW"), "GET, HEAD, OPTIONS"},
		{"TRACE", "/get", 405, notAllowed("TRACE"), "GET, HEAD, OPTIONS"},
		{"POST", "/post", 201, `{"method":"POST"}`, "POST, OPTIONS"},
		{"HEAD", "/post", 405, "", "POST, OPTIONS"},
		{"HEAD", "/narrow", 405, "", "GET, PUT"},
		{"OPTIONS", "/narrow", 405, notAllowed("OPTIONS"), "GET, PUT"},
		{
			"OPTIONS", "/post", 200,
			`{"name":"Test","description":"","renders":["application/json"],"parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"]}`,
			"POST, OPTIONS",
		},
	} {
		a := s.ask(c.method, c.path, "")
		a.is(t, c.method+" "+c.path, c.status, c.body)
		a.hasHeader(t, c.method+" "+c.path, "Allow", c.allow)
	}
	s.ask("HEAD", "/get", "").hasHeader(t, "HEAD by GET", "Content-Length", "16")
	s.ask("HEAD", "/head", "").hasHeader(t, "own HEAD", "X-Head", "own")
}

func TestEmptyAnswers(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{
		"GET":    say(nil),
		"POST":   func(*Request) (*Response, error) { return NoContent(), nil },
		"PUT":    say(""),
		"PATCH":  say(&Object{}),
		"DELETE": func(*Request) (*Response, error) { return &Response{Status: 202, Data: []any{}}, nil },
	}, nil)
	for _, c := range []struct {
		method    string
		status    int
		body, typ string
	}{
		{"GET", 200, "", ""},
		{"POST", 204, "", ""},
		{"PUT", 200, `""`, "application/json"},
		{"PATCH", 200, "{}", "application/json"},
		{"DELETE", 202, "[]", "application/json"},
	} {
		a := s.ask(c.method, "/", "")
		a.is(t, c.method, c.status, c.body)
		a.hasHeader(t, c.method, "Content-Type", c.typ)
	}
}

// TestAnswersTellTheirLength: whoever counts it, the length of every answer stands in front of it.
func TestAnswersTellTheirLength(t *testing.T) {
	s := newSite(Config{})
	answers := map[string]*Response{
		"/none": OK(nil), "/deleted": NoContent(), "/empty": OK(Rendered("{}")), "/refused": {Status: 400, Data: "no"},
		"/short": OK(Rendered(strings.Repeat("1", shortBody))), "/long": OK(Rendered(strings.Repeat("1", shortBody+1))),
	}
	for path, answer := range answers {
		s.mount(path, handlers{"GET": func(*Request) (*Response, error) { return answer, nil }}, nil)
	}
	server := httptest.NewServer(s.echo)
	defer server.Close()
	for path, length := range map[string]string{
		"/none": "0", "/deleted": "", "/empty": "2", "/refused": "4", "/short": "2048", "/long": "2049",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			req, _ := http.NewRequestWithContext(t.Context(), method, server.URL+path, http.NoBody)
			a, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if got := a.Header.Get("Content-Length"); got != length || len(a.TransferEncoding) > 0 {
				t.Errorf("%s %s: Content-Length %q, Transfer-Encoding %q, want length %q", method, path, got, a.TransferEncoding, length)
			}
		}
	}
}

// checkStep is a check that notes that it was made and fails on demand.
type checkStep struct {
	name string
	seen *[]string
	fail map[string]error
}

func (p checkStep) note() error {
	*p.seen = append(*p.seen, p.name)
	return p.fail[p.name]
}

func (p checkStep) HasPermission(*Request) (bool, error)            { return true, p.note() }
func (p checkStep) HasObjectPermission(*Request, any) (bool, error) { return true, nil }
func (p checkStep) Allow(*Request) (bool, time.Duration, error)     { return true, 0, p.note() }
func (p checkStep) Determine(*Request) (string, error)              { return "v1", p.note() }
func (p checkStep) Reverse(*Request, string, map[string]string) (string, error) {
	return "", errors.New("not asked")
}

func TestOrderOfChecks(t *testing.T) {
	for _, c := range []struct {
		name, accept, user, fails string
		method                    string
		status                    int
		seen                      string
	}{
		{name: "all pass", method: "GET", status: 200, seen: "version permission throttle handler"},
		{name: "negotiation first", accept: "text/html", user: "nobody", method: "GET", status: 406},
		{name: "then version", user: "nobody", fails: "version", method: "GET", status: 418, seen: "version"},
		{name: "then authentication", user: "nobody", fails: "permission", method: "GET", status: 401, seen: "version"},
		{name: "then permissions", fails: "permission", method: "PUT", status: 418, seen: "version permission"},
		{name: "then throttles", fails: "throttle", method: "PUT", status: 418, seen: "version permission throttle"},
		{name: "405 last", method: "PUT", status: 405, seen: "version permission throttle"},
		{name: "OPTIONS too", fails: "throttle", method: "OPTIONS", status: 418, seen: "version permission throttle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var seen []string
			fail := map[string]error{c.fails: NewError(418, "teapot", "Tea.")}
			check := func(name string) checkStep { return checkStep{name, &seen, fail} }
			s := newSite(Config{})
			s.mount("/", handlers{"GET": func(*Request) (*Response, error) {
				seen = append(seen, "handler")
				return OK(1), nil
			}}, func(v *view) {
				v.versioning = check("version")
				v.authenticators = []Authenticator{bearer}
				v.permissions = []Permission{check("permission")}
				v.throttles = []Throttle{check("throttle")}
			})
			var headers []string
			if c.accept != "" {
				headers = append(headers, "Accept", c.accept)
			}
			if c.user != "" {
				headers = append(headers, "X-User", c.user)
			}
			a := s.ask(c.method, "/", "", headers...)
			if got := strings.Join(seen, " "); a.status != c.status || got != c.seen {
				t.Errorf("got %d after %q, want %d after %q", a.status, got, c.status, c.seen)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	withHeader := NewError(401, "x", "Own.")
	withHeader.Header = http.Header{"Www-Authenticate": {"Own"}}
	for _, c := range []struct {
		name   string
		err    error
		status int
		body   string
		header string // name: value
	}{
		{"a message", Invalid("A message."), 400, `["A message."]`, ""},
		{"a field", InvalidField("field", "One.", "Two."), 400, `{"field":["One.","Two."]}`, ""},
		{"wrapped", fmt.Errorf("while saving: %w", ErrNotFound), 404, `{"detail":"Not found."}`, ""},
		{"challenge", AuthFailed("No."), 401, `{"detail":"No."}`, `WWW-Authenticate: Bearer realm="api"`},
		{"own challenge", withHeader, 401, `{"detail":"Own."}`, "WWW-Authenticate: Own"},
		{"throttled", Throttled(12300*time.Millisecond, ""), 429, `{"detail":"Request was throttled. Expected available in 13 seconds."}`, "Retry-After: 13"},
		{"throttled without wait", Throttled(-1, ""), 429, `{"detail":"Request was throttled."}`, "Retry-After: "},
		{"a declared 500", ErrServer, 500, `{"detail":"A server error occurred."}`, ""},
		{"a declared 503", ErrUnavailable, 503, `{"detail":"Service temporarily unavailable, try again later."}`, "Retry-After: "},
		{"database away", fmt.Errorf("loading: %w", orm.ErrUnavailable), 503, `{"detail":"Service temporarily unavailable, try again later."}`, "Retry-After: 5"},
		{"too slow", fmt.Errorf("loading: %w", context.DeadlineExceeded), 503, `{"detail":"Service temporarily unavailable, try again later."}`, "Retry-After: 5"},
		{"body too long", fmt.Errorf("reading: %w", &http.MaxBytesError{Limit: 1}), 413, `{"detail":"The request body is too large."}`, ""},
		{"Echo's own", echo.NewHTTPError(418, "Tea."), 418, `{"detail":"Tea."}`, ""},
		{"anything else", errors.New("secret"), 500, `{"detail":"A server error occurred."}`, ""},
		{"without detail", &Error{Status: 400}, 500, `{"detail":"A server error occurred."}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(Config{})
			s.mount("/", handlers{"GET": func(*Request) (*Response, error) { return nil, c.err }}, func(v *view) {
				v.authenticators = []Authenticator{bearer}
			})
			a := s.ask("GET", "/", "")
			a.is(t, c.name, c.status, c.body)
			a.hasHeader(t, c.name, "Allow", "GET, HEAD, OPTIONS")
			a.hasHeader(t, c.name, "Vary", "Cookie")
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				a.hasHeader(t, c.name, name, value)
			}
			if c.status >= 500 && !strings.Contains(s.log.String(), "level=ERROR") {
				t.Errorf("not logged: %s", &s.log)
			}
		})
	}
}

func TestUnauthorizedWithoutChallengeIsForbidden(t *testing.T) {
	for name, list := range map[string][]Authenticator{"none": nil, "silent first": {headerAuth(""), bearer}} {
		s := newSite(Config{})
		s.mount("/", handlers{"GET": func(*Request) (*Response, error) { return nil, ErrNotAuthenticated }}, func(v *view) {
			v.authenticators = list
		})
		a := s.ask("GET", "/", "")
		a.is(t, name, 403, `{"detail":"Authentication credentials were not provided."}`)
		a.hasHeader(t, name, "WWW-Authenticate", "")
	}
	if ErrNotAuthenticated.Status != 401 {
		t.Error("the shared error was changed")
	}
}

func TestErrorHooks(t *testing.T) {
	protected := errors.New("protected")
	toConflict := func(_ *Request, err error) error {
		if errors.Is(err, protected) {
			return Conflict("In use.")
		}
		return err
	}
	toNothing := func(*Request, error) error { return nil }
	for _, c := range []struct {
		name      string
		api, view func(*Request, error) error
		err       error
		status    int
		body      string
	}{
		{"none", nil, nil, protected, 500, `{"detail":"A server error occurred."}`},
		{"of the API", toConflict, nil, protected, 409, `{"detail":"In use."}`},
		{"of the view", nil, toConflict, protected, 409, `{"detail":"In use."}`},
		{"the view's stands in place of the API's", toConflict, toNothing, protected, 500, `{"detail":"A server error occurred."}`},
		{"others pass", toConflict, nil, ErrNotFound, 404, `{"detail":"Not found."}`},
		{"a hook that panics", func(*Request, error) error { panic("oops") }, nil, ErrNotFound, 500, `{"detail":"A server error occurred."}`},
	} {
		s := newSite(Config{Errors: c.api})
		s.mount("/", handlers{"GET": func(*Request) (*Response, error) { return nil, c.err }}, func(v *view) { v.errors = c.view })
		s.ask("GET", "/", "").is(t, c.name, c.status, c.body)
	}
}

func TestPanics(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{
		"GET":  func(*Request) (*Response, error) { panic("a secret") },
		"POST": say(1),
		"PUT":  func(*Request) (*Response, error) { panic(http.ErrAbortHandler) },
	}, nil)
	a := s.ask("GET", "/", "", "X-Request-ID", "r1")
	a.is(t, "panic", 500, `{"detail":"A server error occurred."}`)
	a.hasHeader(t, "panic", "Content-Type", "application/json")
	for _, want := range []string{"panic: a secret", "dispatch_test.go", "path=/"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, &s.log)
		}
	}
	s.ask("POST", "/", "").is(t, "the next request", 200, "1")
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got panic %v, want http.ErrAbortHandler", p)
		}
	}()
	s.ask("PUT", "/", "")
}

// broken fails to render, or panics when it is told so.
type broken struct {
	BaseRenderer
	panics bool
}

func (b broken) Render([]byte, any, string, *Request) ([]byte, error) {
	if b.panics {
		panic("render")
	}
	return nil, errors.New("no ink")
}

func TestRendererThatFails(t *testing.T) {
	for _, panics := range []bool{false, true} {
		s := newSite(Config{Renderers: []Renderer{broken{BaseRenderer{Type: "text/csv", Suffix: "csv"}, panics}}})
		s.mount("/", handlers{"GET": say(1)}, nil)
		a := s.ask("GET", "/", "")
		a.is(t, "failing renderer", 500, `{"detail":"A server error occurred."}`)
		a.hasHeader(t, "failing renderer", "Content-Type", "application/json")
	}
}

func TestServerErrorHook(t *testing.T) {
	s := newSite(Config{ServerError: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(500)
		_, _ = w.Write([]byte("<h1>Sorry</h1>"))
	}})
	s.mount("/", handlers{"GET": func(*Request) (*Response, error) { panic("boom") }, "PUT": func(*Request) (*Response, error) {
		return nil, ErrServer
	}}, func(v *view) { v.authenticators = []Authenticator{bearer} })
	a := s.ask("GET", "/", "")
	a.is(t, "panic", 500, "<h1>Sorry</h1>")
	a.hasHeader(t, "panic", "Allow", "")
	a.hasHeader(t, "panic", "Vary", "Cookie")
	s.ask("PUT", "/", "").is(t, "a declared error", 500, `{"detail":"A server error occurred."}`)
}

func TestHandlerThatAnswersItself(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{
		"GET": func(r *Request) (*Response, error) { return nil, r.Echo().String(418, "tea") },
		"PUT": func(*Request) (*Response, error) { return nil, nil },
	}, nil)
	s.ask("GET", "/", "").is(t, "written", 418, "tea")
	s.ask("PUT", "/", "").is(t, "nothing at all", 500, `{"detail":"A server error occurred."}`)
}

func TestTimeLimit(t *testing.T) {
	s := newSite(Config{RequestTime: 10 * time.Millisecond})
	ended := false
	s.mount("/", handlers{"GET": func(r *Request) (*Response, error) {
		r.deferred = append(r.deferred, func() { ended = true })
		<-r.Context().Done()
		return nil, r.Context().Err()
	}}, nil)
	a := s.ask("GET", "/", "")
	a.is(t, "a slow handler", 503, `{"detail":"Service temporarily unavailable, try again later."}`)
	if !ended {
		t.Error("what was put off to the end did not run")
	}
	unlimited := newSite(Config{RequestTime: -1})
	unlimited.mount("/", handlers{"GET": func(r *Request) (*Response, error) {
		_, limited := r.Context().Deadline()
		return OK(limited), nil
	}}, nil)
	unlimited.ask("GET", "/", "").is(t, "without limit", 200, "false")
}

func TestAuthentication(t *testing.T) {
	s := newSite(Config{})
	who := func(r *Request) (*Response, error) {
		return OK(Obj("user", r.User().Username, "auth", r.Auth(), "by", r.Authenticator() != nil)), nil
	}
	s.mount("/", handlers{"GET": who}, func(v *view) { v.authenticators = []Authenticator{bearer} })
	s.ask("GET", "/", "").is(t, "nobody", 200, `{"user":"","auth":null,"by":false}`)
	s.ask("GET", "/", "", "X-User", "alice").is(t, "alice", 200, `{"user":"alice","auth":"X-User","by":true}`)
	a := s.ask("GET", "/", "", "X-User", "mallory")
	a.is(t, "wrong credentials on an open view", 401, `{"detail":"Nobody of that name."}`)
	a.hasHeader(t, "wrong credentials", "WWW-Authenticate", `Bearer realm="api"`)
}

func TestVary(t *testing.T) {
	plain := broken{BaseRenderer: BaseRenderer{Type: "text/plain", Suffix: "txt"}}
	for _, c := range []struct {
		name      string
		renderers []Renderer
		before    []string
		vary      []string
		want      string
	}{
		{"nothing", []Renderer{JSONRenderer{}}, nil, nil, ""},
		{"two renderers", []Renderer{JSONRenderer{}, plain}, nil, nil, "Accept"},
		{"session", []Renderer{JSONRenderer{}}, nil, []string{"Cookie"}, "Cookie"},
		{"both, each once", []Renderer{JSONRenderer{}, plain}, nil, []string{"Cookie", "accept", "cookie"}, "Accept, Cookie"},
		{"middleware", []Renderer{JSONRenderer{}, plain}, []string{"Origin", "Cookie, Accept-Encoding"}, []string{"Cookie"}, "Accept, Cookie, Origin, Accept-Encoding"},
		{"star", []Renderer{JSONRenderer{}, plain}, []string{"*"}, nil, "*"},
	} {
		s := newSite(Config{Renderers: c.renderers})
		s.mount("/", handlers{"GET": func(r *Request) (*Response, error) {
			for _, line := range c.before {
				r.Echo().Response().Header().Add("Vary", line)
			}
			r.Vary(c.vary...)
			return OK(1), nil
		}}, nil)
		if got := strings.Join(s.ask("GET", "/", "").header.Values("Vary"), "|"); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	s := newSite(Config{})
	body := Rendered(`{"count":0,"results":[]}`)
	s.mount("/", handlers{"GET": say(body)}, func(v *view) { v.permissions = []Permission{AllowAny} })
	req := httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		s.echo.ServeHTTP(httptest.NewRecorder(), req)
	}
}
