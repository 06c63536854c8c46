package resttest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// seen is what the handler under test was sent.
type seen struct {
	Method, Path, Host, Type, Auth, CSRF, Cookies, Body string
}

// mirror answers what it was sent.
func mirror(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var cookies []string
	for _, c := range r.Cookies() {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	slices.Sort(cookies)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(seen{
		Method: r.Method, Path: r.URL.String(), Host: r.Host, Type: r.Header.Get("Content-Type"), Auth: r.Header.Get("Authorization"),
		CSRF: r.Header.Get("X-CSRFToken"), Cookies: strings.Join(cookies, " "), Body: string(body),
	})
}

func TestClientSends(t *testing.T) {
	c := resttest.NewClient(t, http.HandlerFunc(mirror))
	for _, tt := range []struct {
		name   string
		answer *resttest.Answer
		want   seen
	}{
		{"get", c.Get("/a/?b=c"), seen{Method: "GET", Path: "/a/?b=c"}},
		{"delete", c.Delete("/a/"), seen{Method: "DELETE", Path: "/a/"}},
		{"options", c.Options("/a/"), seen{Method: "OPTIONS", Path: "/a/"}},
		{"text is JSON as it is", c.Post("/", `{"a": `), seen{Method: "POST", Path: "/", Type: "application/json", Body: `{"a": `}},
		{"bytes too", c.Put("/", []byte("\xff")), seen{Method: "PUT", Path: "/", Type: "application/json", Body: "\ufffd"}},
		{"values are written as JSON", c.Patch("/", map[string]any{"b": nil, "a": []int{1}}), seen{Method: "PATCH", Path: "/", Type: "application/json", Body: `{"a":[1],"b":null}`}},
		{"a form", c.Post("/", url.Values{"a": {"1", "ä"}}), seen{Method: "POST", Path: "/", Type: "application/x-www-form-urlencoded", Body: "a=1&a=%C3%A4"}},
		{"any type", c.Post("/", resttest.Text{Type: "text/csv", Text: "a,b"}), seen{Method: "POST", Path: "/", Type: "text/csv", Body: "a,b"}},
		{"a stream has no type", c.Post("/", strings.NewReader("x")), seen{Method: "POST", Path: "/", Body: "x"}},
		{"bearer", c.Bearer("t").Get("/"), seen{Method: "GET", Path: "/", Auth: "Bearer t"}},
		{"token", c.Token("t").Get("/"), seen{Method: "GET", Path: "/", Auth: "Token t"}},
		{"basic", c.Basic("ann", "a:b").Get("/"), seen{Method: "GET", Path: "/", Auth: "Basic YW5uOmE6Yg=="}},
		{"the last credentials count", c.Bearer("t").Token("u").Get("/"), seen{Method: "GET", Path: "/", Auth: "Token u"}},
		{"a whole address", c.Get("http://other.example/a/"), seen{Method: "GET", Path: "http://other.example/a/", Host: "other.example"}},
		{"the client itself is as before", c.Get("/"), seen{Method: "GET", Path: "/"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want.Host == "" {
				tt.want.Host = "testserver"
			}
			var got seen
			tt.answer.Decode(&got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestClientSendsMultipart(t *testing.T) {
	var got []string
	c := resttest.NewClient(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		parts, err := r.MultipartReader()
		if err != nil {
			t.Fatal(err)
		}
		for p, err := parts.NextPart(); err == nil; p, err = parts.NextPart() {
			content, _ := io.ReadAll(p)
			got = append(got, fmt.Sprintf("%s %q %q %s", p.FormName(), p.FileName(), content, p.Header.Get("Content-Type")))
		}
	}))
	c.Post("/", new(resttest.Multipart).Field("name", "Tea").Field("name", "").File(`a"b`, `x"y.png`, []byte{1}).File("empty", "", nil))
	want := []string{`name "" "Tea" `, `name "" "" `, `a"b "x\"y.png" "\x01" application/octet-stream`, `empty "" "" application/octet-stream`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClientKeepsCookies(t *testing.T) {
	c := resttest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/set/":
			http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "secret"})
			http.SetCookie(w, &http.Cookie{Name: "other", Value: "1"})
		case "/drop/":
			http.SetCookie(w, &http.Cookie{Name: "other", MaxAge: -1})
		default:
			mirror(w, r)
		}
	}))
	look := func(c *resttest.Client, method string) string {
		var s seen
		c.Do(method, "/", nil).Decode(&s)
		return s.Cookies + " " + s.CSRF
	}
	before := c.Clone()
	c.Get("/set/")
	steps := []struct{ what, got, want string }{
		{"reading", look(c, "GET"), "csrftoken=secret other=1 "},
		{"writing", look(c, "POST"), "csrftoken=secret other=1 secret"},
		{"own header", look(c.With("X-CSRFToken", "mine"), "POST"), "csrftoken=secret other=1 mine"},
		{"a clone from before", look(before, "POST"), " "},
		{"a stored session", look(before.Session("sessionid", "k"), "GET"), "sessionid=k "},
	}
	c.Get("/drop/")
	steps = append(steps, struct{ what, got, want string }{"dropped", look(c, "GET"), "csrftoken=secret "})
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s: got %q, want %q", s.what, s.got, s.want)
		}
	}
}

func TestClientLogsInAsABrowser(t *testing.T) {
	var posted string
	c := resttest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			http.SetCookie(w, &http.Cookie{Name: "csrftoken", Value: "s"})
			return
		}
		posted = r.Header.Get("X-CSRFToken") + " " + r.FormValue("username") + " " + r.FormValue("password")
		http.SetCookie(w, &http.Cookie{Name: "sessionid", Value: "k"})
	}))
	c.Login("/login/", "ann", "pw")
	if posted != "s ann pw" || c.Cookies["sessionid"] != "k" {
		t.Errorf("posted %q, cookies %v", posted, c.Cookies)
	}
}

type contextKey struct{}

func TestClientFieldsCount(t *testing.T) {
	c := resttest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host, " ", r.Context().Value(contextKey{}), " ", r.Header["X-Many"])
	}))
	c.Host, c.Context, c.Header = "shop.example", context.WithValue(t.Context(), contextKey{}, "kept"), http.Header{"x-many": {"1", "2"}}
	if got := c.Get("/").Text(); got != "shop.example kept [1 2]" {
		t.Error(got)
	}
}

// failure is a test that only notes that it failed.
type failure struct {
	testing.TB
	texts []string
}

func (f *failure) Helper() {}
func (f *failure) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

func (f *failure) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	panic(f)
}

func (f *failure) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprintln(args...)) }

// failed runs a part of a test that is to end it and returns what it said.
func failed(t *testing.T, fn func(tb testing.TB)) (text string) {
	t.Helper()
	f := &failure{TB: t}
	defer func() {
		if p := recover(); p != nil && p != any(f) {
			panic(p)
		}
		text = strings.Join(f.texts, "\n")
	}()
	fn(f)
	return ""
}

func TestWhatCannotBeReadEndsTheTest(t *testing.T) {
	say := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	for _, tt := range []struct {
		name, want string
		fn         func(tb testing.TB)
	}{
		{"no JSON", "GET / answered 200 <p>", func(tb testing.TB) { resttest.NewClient(tb, say("<p>")).Get("/").Decode(new(any)) }},
		{"no object", "GET / answered 200 []", func(tb testing.TB) { resttest.NewClient(tb, say("[]")).Get("/").Object() }},
		{"no list", "GET / answered no list", func(tb testing.TB) { resttest.NewClient(tb, say("{}")).Get("/").List() }},
		{"no such field", `nothing under "b"`, func(tb testing.TB) { resttest.NewClient(tb, say(`{"a":1}`)).Get("/").Field("b") }},
		{"a body that has no JSON form", "cannot be written as JSON", func(tb testing.TB) { resttest.NewClient(tb, say("")).Post("/", func() {}) }},
	} {
		if got := failed(t, tt.fn); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAnswersAreRead(t *testing.T) {
	say := func(text string) *resttest.Answer {
		return resttest.NewClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })).Get("/")
	}
	for _, tt := range []struct {
		what      string
		got, want any
	}{
		{"object", say(`{"a":1.50}`).Object(), map[string]any{"a": json.Number("1.50")}},
		{"field", say(`{"a":[null]}`).Field("a"), []any{nil}},
		{"list", say(`[1,"x"]`).List(), []any{json.Number("1"), "x"}},
		{"page", say(`{"count":1,"results":[true]}`).List(), []any{true}},
		{"string", say(`x`).String(), "200 x"},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.what, diff)
		}
	}
}

// TestTheExampleRuns runs what the example shows.
func TestTheExampleRuns(t *testing.T) { ormtest.Each(t, testTags) }

func TestAs(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	config := resttest.Config(t, db, resttest.Registry(t))
	config.Permissions = []rest.Permission{rest.IsAdmin}
	router := rest.NewRouter(config)
	router.Group("/").Handle("me/", &rest.View{Methods: map[string]rest.Endpoint{
		http.MethodGet: {Handle: func(r *rest.Request) (*rest.Response, error) { return rest.OK(r.User().Username), nil }},
	}}, "")
	c := resttest.NewClient(t, resttest.Serve(t, router))
	staff := c.As(&identity.User{ID: 1, Username: "ann", IsActive: true, IsStaff: true})
	for name, pair := range map[string][2]string{
		"staff":                        {staff.Get("/me/").String(), `200 "ann"`},
		"staff with a wrong password":  {staff.Basic("ann", "wrong").Get("/me/").String(), `200 "ann"`},
		"somebody else":                {staff.As(&identity.User{ID: 2, IsActive: true}).Get("/me/").String(), `403 {"detail":"You do not have permission to perform this action."}`},
		"nobody":                       {staff.As(nil).Get("/me/").String(), `401 {"detail":"Authentication credentials were not provided."}`},
		"a client that did not change": {c.Get("/me/").String(), `401 {"detail":"Authentication credentials were not provided."}`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %s, want %s", name, pair[0], pair[1])
		}
	}
}
