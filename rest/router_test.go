package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

// where answers the variable parts of the address and the format that was asked for.
func where(r *Request) (*Response, error) {
	params := map[string]any{}
	for name, value := range r.params() {
		params[name] = value
	}
	return OK(Obj("params", params, "format", r.Format())), nil
}

func place(name string) *View {
	return &View{Name: name, Methods: map[string]Endpoint{"GET": {Handle: where}}}
}

// mapOf builds and mounts routes.
func mapOf(t *testing.T, routes func(rt *Router)) (*API, http.Handler) {
	t.Helper()
	rt := NewRouter(Config{
		DB: &orm.DB{}, Registry: &orm.Registry{}, Users: &identity.Store{}, Permissions: []Permission{AllowAny}, Authenticators: []Authenticator{},
	})
	routes(rt)
	api, err := rt.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	return api, e
}

func everyPlace(rt *Router) {
	g := rt.Group("/api/").Root(&View{Name: "Api Root"})
	g.Handle("plain/", place("Plain"), "plain")
	g.Handle("item/{name}/", place("Item"), "item")
	g.Handle("number/{id:[0-9]{1,3}}/", place("Number"), "number")
	g.Handle("two/{first}/{second}/", place("Two"), "two")
	g.HandleSuffixed("open/", place("Open"), "open")
	g.HandleSuffixed("limited/", place("Limited"), "limited", "json", "api")
	g.HandleSuffixed("named/{name}/", place("Named"), "named")
	rt.Group("/v2/").Namespace("v2").WithoutSlash().Handle("bare", place("Bare"), "bare").Handle("unnamed", place("Unnamed"), "")
}

func TestAddresses(t *testing.T) {
	const notFound = `{"message":"Not Found"}`
	_, h := mapOf(t, everyPlace)
	for _, c := range []struct {
		target string
		status int
		body   string // of a redirect its Location
	}{
		{"/api/plain/", 200, `{"params":{},"format":""}`},
		{"/api/plain/?format=json", 200, `{"params":{},"format":"json"}`},
		{"/api/plain/?format=xml", 404, `{"detail":"Not found."}`},
		{"/api/plain", 301, "/api/plain/"},
		{"/api/plain?a=1&b=%20", 301, "/api/plain/?a=1&b=%20"},
		{`/api/plain?a="b"|c;d`, 301, "/api/plain/?a=%22b%22%7Cc;d"},
		{"/api/plain.json", 404, notFound},
		{"/api/Plain/", 404, notFound},
		{"/api//plain/", 404, notFound},
		{"/api/%70lain/", 200, `{"params":{},"format":""}`},
		{"/api/plain/x/", 404, notFound},
		{"/api/item/a.b/", 200, `{"params":{"name":"a.b"},"format":""}`},
		{"/api/item/gr%C3%B6%C3%9Fe%20x/", 200, `{"params":{"name":"größe x"},"format":""}`},
		{"/api/item/a%2Fb/", 404, notFound},
		{"/api/item//", 404, notFound},
		{"/api/item/", 404, notFound},
		{"/api/item/x", 301, "/api/item/x/"},
		{"/api/item/a;b=c!", 301, "/api/item/a%3Bb%3Dc!/"},
		{"/api/item/%5Cevil.example", 301, "/api/item/%5Cevil.example/"},
		{"/api/item/a%0d%0aX:y", 301, "/api/item/a%0D%0AX:y/"},
		{"/api/number/123/", 200, `{"params":{"id":"123"},"format":""}`},
		{"/api/number/1234/", 404, notFound},
		{"/api/number/12x/", 404, notFound},
		{"/api/number/12%0A/", 404, notFound},
		{"/api/number/1234", 404, notFound},
		{"/api/two/1/2/", 200, `{"params":{"first":"1","second":"2"},"format":""}`},
		{"/api/open/", 200, `{"params":{},"format":""}`},
		{"/api/open.json", 200, `{"params":{"format":"json"},"format":"json"}`},
		{"/api/open.json/", 200, `{"params":{"format":"json"},"format":"json"}`},
		{"/api/open.", 404, notFound},
		{"/api/open./", 404, notFound},
		{"/api/open.xml", 404, `{"detail":"Not found."}`},
		{"/api/open.JSON", 404, notFound},
		{"/api/open.json?format=xml", 200, `{"params":{"format":"json"},"format":"json"}`},
		{"/api/open", 301, "/api/open/"},
		{"/api/limited.json", 200, `{"params":{"format":"json"},"format":"json"}`},
		{"/api/limited.api", 404, `{"detail":"Not found."}`},
		{"/api/limited.xml", 404, notFound},
		{"/api/named/a.json", 200, `{"params":{"name":"a"},"format":"json"}`},
		{"/api/named/a.b.json", 200, `{"params":{"name":"a.b"},"format":"json"}`},
		{"/api/named/a.b-c/", 404, notFound},
		{"/api/named/.json", 404, notFound},
		{"/api/", 200, `{}`},
		{"/api", 301, "/api/"},
		{"/v2/bare", 200, `{"params":{},"format":""}`},
		{"/v2/bare/", 404, notFound},
		{"/v2/bare.json", 404, notFound},
		{"/", 404, notFound},
		{"//evil.example", 404, notFound},
		{"//evil.example/..", 404, notFound},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		u, err := r.URL.Parse("http://testserver" + c.target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL, r.RequestURI = u, c.target
		h.ServeHTTP(w, r)
		got := strings.TrimSpace(w.Body.String())
		if w.Code == 301 {
			got = w.Header().Get("Location")
		}
		if w.Code != c.status || got != c.body {
			t.Errorf("%s: got %d %s, want %d %s", c.target, w.Code, got, c.status, c.body)
		}
	}
}

// TestRedirectsStayHere: the address of a redirect is the path that was asked for, whatever that is.
func TestRedirectsStayHere(t *testing.T) {
	_, h := mapOf(t, func(rt *Router) { rt.Group("/").Handle("{name}/", place("Any"), "any") })
	for _, target := range []string{"//evil.example", "/%2F%2Fevil.example", "/%5Cevil.example", "/%09/evil.example", "/evil.example%2F..", "/a%0D%0ALocation:%20x", "/http:%2F%2Fevil.example", "/%00"} {
		r := httptest.NewRequest("GET", "/", nil)
		u, err := r.URL.Parse("http://testserver" + target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		to := w.Header().Get("Location")
		if w.Code == 301 && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t")) || w.Code != 301 && w.Code != 404 {
			t.Errorf("%s: %d to %q", target, w.Code, to)
		}
	}
}

func TestReverseOfRoutes(t *testing.T) {
	api, _ := mapOf(t, everyPlace)
	for _, c := range []struct {
		name    string
		params  map[string]string
		want    string
		problem string
	}{
		{"plain", nil, "/api/plain/", ""},
		{"plain", map[string]string{"more": "x"}, "/api/plain/", ""},
		{"item", map[string]string{"name": "a b/ü"}, "/api/item/a%20b/%C3%BC/", ""},
		{"two", map[string]string{"first": "1", "second": ":first"}, "/api/two/1/%3Afirst/", ""},
		{"v2:bare", nil, "/v2/bare", ""},
		{"api-root", nil, "/api/", ""},
		{"bare", nil, "", `there is no route named "bare"`},
		{"", nil, "", `there is no route named ""`},
		{"item", nil, "", `the route "item" needs a value for {name}`},
		{"two", map[string]string{"first": "1"}, "", `the route "two" needs a value for {second}`},
	} {
		got, err := api.reverse(c.name, c.params)
		if got != c.want || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s %v: %q, %v; want %q, %s", c.name, c.params, got, err, c.want, c.problem)
		}
	}
}

func TestOnBuild(t *testing.T) {
	built := 0
	api, _ := mapOf(t, func(rt *Router) {
		g := rt.Group("/api/").Handle("plain/", place("Plain"), "plain")
		g.OnBuild(func(a *API) {
			if _, err := a.reverse("plain", nil); err == nil {
				built++
			}
		})
	})
	if api == nil || built != 1 {
		t.Errorf("called %d times with the compiled routes, want once", built)
	}
	rt := NewRouter(Config{DB: &orm.DB{}, Registry: &orm.Registry{}, Users: &identity.Store{}})
	g := rt.Group("/").Handle("{id:[}/", place("Broken"), "broken")
	g.OnBuild(func(*API) { t.Error("called although the declarations have a mistake") })
	if _, err := rt.Build(); err == nil || !strings.Contains(err.Error(), `route /{id:[}/`) {
		t.Errorf("a broken pattern: %v", err)
	}
}

// TestMethodsOfAddresses: an address that exists refuses other methods itself, an unknown one does not exist for any.
func TestMethodsOfAddresses(t *testing.T) {
	_, h := mapOf(t, everyPlace)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "REPORT", "LINK", "get"} {
		want := http.StatusMethodNotAllowed
		if method == "get" {
			want = http.StatusOK
		}
		for path, status := range map[string]int{
			"/api/plain/": want, "/api/number/123/": want, "/api/two/1/2/": want, "/api/open.json": want, "/api/plain": http.StatusMovedPermanently,
			"/api/item/x": http.StatusMovedPermanently, "/api/number/12x/": http.StatusNotFound, "/api/nowhere/": http.StatusNotFound,
		} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != status {
				t.Errorf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, status)
			}
			if allow := w.Header().Get("Allow"); status == http.StatusMethodNotAllowed && allow != "GET, HEAD, OPTIONS" {
				t.Errorf("%s %s: Allow %q", method, path, allow)
			}
		}
	}
}

func TestSecuritySchemes(t *testing.T) {
	type described interface {
		SecurityScheme() (string, map[string]any)
	}
	for _, c := range []struct {
		authenticator    Authenticator
		name, kind, more string
	}{
		{BasicAuthentication{}, "basicAuth", "http", "basic"},
		{TokenAuthentication{}, "tokenAuth", "apiKey", `Token-based authentication with required prefix "Token"`},
		{TokenAuthentication{Keyword: "Key"}, "tokenAuth", "apiKey", `Token-based authentication with required prefix "Key"`},
		{&SessionAuthentication{Sessions: &session.Store{}}, "cookieAuth", "apiKey", "cookie"},
	} {
		d, ok := c.authenticator.(described)
		if !ok {
			t.Errorf("%T has no SecurityScheme", c.authenticator)
			continue
		}
		name, scheme := d.SecurityScheme()
		found := false
		for _, v := range scheme {
			found = found || v == c.more
		}
		if name != c.name || scheme["type"] != c.kind || !found {
			t.Errorf("%T: %s %v, want %s of type %s with %s", c.authenticator, name, scheme, c.name, c.kind, c.more)
		}
	}
}
