package rest

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
)

// handlers are the methods of a hand-made view.
type handlers map[string]func(r *Request) (*Response, error)

// site is an API of hand-made views, served without a router.
type site struct {
	*API
	echo *echo.Echo
	log  bytes.Buffer
}

func newSite(c Config) *site {
	s := &site{echo: echo.New()}
	c.Logger = slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.API = &API{config: c.withDefaults(), named: make(map[string]*route)}
	return s
}

// mount makes a view of handlers, lets change fill it and serves it under path, which is also the name of its route.
func (s *site) mount(path string, h handlers, change func(v *view)) *view {
	v := &view{
		api: s.API, name: "Test", route: path, routeName: path, operations: make(map[string]*operation),
		renderers: s.config.Renderers, parsers: s.config.Parsers, permissions: []Permission{AllowAny},
	}
	for _, method := range methodOrder {
		if h[method] != nil || method == http.MethodOptions || method == http.MethodHead && h[http.MethodGet] != nil {
			v.methods = append(v.methods, method)
		}
	}
	v.allow = []string{strings.Join(v.methods, ", ")}
	if change != nil {
		change(v)
	}
	for method, handle := range h {
		v.operations[method] = &operation{
			action: strings.ToLower(method), method: method, handle: handle,
			permissions: v.permissions, authenticators: v.authenticators, throttles: v.throttles, parsers: v.parsers,
		}
	}
	rt := &route{view: v, name: v.routeName, echo: path}
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			rt.parts = append(rt.parts, routePart{name: name})
		}
	}
	s.named[v.routeName] = rt
	s.echo.Any(path, v.serve)
	s.echo.Add("BREW", path, v.serve)
	s.echo.Add("get", path, v.serve)
	return v
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request; headers are name and value in turn.
func (s *site) ask(method, target, body string, headers ...string) answer {
	var stream io.Reader
	if body != "" {
		stream = strings.NewReader(body)
	}
	req := httptest.NewRequest(method, target, stream)
	for pair := range slices.Chunk(headers, 2) {
		if pair[0] == "Host" {
			req.Host = pair[1]
			continue
		}
		req.Header.Add(pair[0], pair[1])
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, req)
	return answer{w.Code, w.Result().Header, w.Body.String()}
}

// is checks the two things that most cases are about.
func (a answer) is(t *testing.T, what string, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("%s: got %d %s, want %d %s", what, a.status, a.body, status, body)
	}
}

func (a answer) hasHeader(t *testing.T, what, name, want string) {
	t.Helper()
	if got := a.header.Get(name); got != want {
		t.Errorf("%s: got %s %q, want %q", what, name, got, want)
	}
}

// people are the users that the header X-User names.
var people = map[string]*identity.User{
	"alice": {ID: 4, Username: "alice", IsActive: true},
	"clerk": {ID: 3, Username: "clerk", IsActive: true, IsStaff: true},
	"admin": {ID: 1, Username: "admin", IsActive: true, IsStaff: true, IsSuperuser: true},
}

// headerAuth authenticates by the header X-User. Challenge is its value.
type headerAuth string

func (headerAuth) Authenticate(r *Request) (*identity.User, any, error) {
	name := r.HTTP().Header.Get("X-User")
	if name == "" {
		r.Vary("Cookie")
		return nil, nil, nil
	}
	user, ok := people[name]
	if !ok {
		return nil, nil, AuthFailed("Nobody of that name.")
	}
	return user, "X-User", nil
}

func (n headerAuth) Challenge(*Request) string { return string(n) }

const bearer = headerAuth(`Bearer realm="api"`)

func say(data any) func(*Request) (*Response, error) {
	return func(*Request) (*Response, error) { return OK(data), nil }
}

// echoMethod answers the method and the user.
func echoMethod(r *Request) (*Response, error) {
	return OK(Obj("method", r.Method(), "user", r.User().Username)), nil
}

func everyMethod(handle func(*Request) (*Response, error)) handlers {
	return handlers{"GET": handle, "POST": handle, "PUT": handle, "PATCH": handle, "DELETE": handle}
}
