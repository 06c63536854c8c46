package rest_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// where answers how a view was reached.
func where(r *rest.Request) (*rest.Response, error) {
	return rest.OK(rest.Obj("name", r.Param("name"), "format", r.Format(), "suffix", r.Param("format"))), nil
}

func getOnly(handle func(*rest.Request) (*rest.Response, error)) *rest.View {
	return &rest.View{Name: "Where", Doc: "Tells where.", Permissions: open, Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: handle}}}
}

// routed is an API with groups of every sort.
func routed(t *testing.T) *resttest.Client {
	t.Helper()
	db := ormtest.Open(t, ormtest.SQLite(t))
	registry := resttest.Registry(t, libraryModels()...)
	resttest.CreateTables(t, db, registry)
	config := resttest.Config(t, db, registry)
	config.Permissions = open
	router := rest.NewRouter(config)
	form := func() *rest.ViewSet[publisher] {
		return &rest.ViewSet[publisher]{
			Serializer: rest.Auto[publisher](), Actions: []rest.Action[publisher]{
				{Name: "do_it", Handle: rest.OnObject(http.MethodGet, nil, func(r *rest.Request, p *publisher) (*rest.Response, error) {
					return rest.OK(rest.Obj("name", p.Name, "format", r.Format())), nil
				})},
				{Name: "all", Path: "all/{name}", Handle: rest.OnCollection[publisher](http.MethodGet, nil, where)},
			},
		}
	}
	router.Group("/api/").Root(&rest.View{Name: "Home", Doc: "Begin here.", Permissions: open}).
		Register("publishers", form()).Register("presses", form(), "press").
		Handle("plain/", getOnly(where), "plain").
		Handle("plain/{name}/", getOnly(where), "plain-one").
		HandleSuffixed("suffixed/", getOnly(where), "suffixed").
		HandleSuffixed("suffixed/{name:[a-z]+}/", getOnly(where), "suffixed-one").
		Handle("links/", getOnly(links), "")
	router.Group("/bare/").WithoutSlash().Register("publishers", form(), "bare")
	router.Group("/simple/").WithoutSuffixes().Register("publishers", form(), "simple")
	router.Group("/v1/").Namespace("v1").Root(&rest.View{Name: "V1", Permissions: open}).Register("publishers", form())
	c := resttest.NewClient(t, resttest.Serve(t, router))
	c.Post("/api/publishers/", `{"name":"North"}`)
	return c
}

// links answers addresses of named routes.
func links(r *rest.Request) (*rest.Response, error) {
	out := rest.Obj()
	for _, ask := range []struct {
		name   string
		params map[string]string
	}{
		{"publisher-list", nil},
		{"publisher-detail", map[string]string{"pk": "a b/ä"}},
		{"publisher-do-it", map[string]string{"pk": "1"}},
		{"press-all", map[string]string{"name": "x"}},
		{"plain-one", map[string]string{"name": "x"}},
		{"v1:publisher-list", nil},
		{"bare-detail", map[string]string{"pk": "1"}},
		{"plain-one", nil},
		{"nowhere", nil},
	} {
		address, err := r.Reverse(ask.name, ask.params)
		if err != nil {
			address = "error: " + err.Error()
		}
		out.Set(fmt.Sprint(ask.name, len(ask.params)), address)
	}
	return rest.OK(out), nil
}

func TestRoutes(t *testing.T) {
	c := routed(t)
	one := `200 {"id":1,"name":"North"}`
	notFound := "404"
	for _, s := range []struct{ what, path, want string }{
		{"list", "/api/publishers/", `200 [{"id":1,"name":"North"}]`},
		{"list with a suffix", "/api/publishers.json", `200 [{"id":1,"name":"North"}]`},
		{"list with a suffix and a slash", "/api/publishers.json/", `200 [{"id":1,"name":"North"}]`},
		{"list with an unknown suffix", "/api/publishers.xml", `404 {"detail":"Not found."}`},
		{"an unknown format", "/api/publishers/?format=xml", `404 {"detail":"Not found."}`},
		{"list without its slash", "/api/publishers", "301 /api/publishers/"},
		{"list without its slash, with a query", "/api/publishers?a=%20b&a=c", "301 /api/publishers/?a=%20b&a=c"},
		{"object", "/api/publishers/1/", one},
		{"object with a suffix", "/api/publishers/1.json", one},
		{"object without its slash", "/api/publishers/1", "301 /api/publishers/1/"},
		{"object escaped", "/api/%70ublishers/%31/", one},
		{"action", "/api/publishers/1/do_it/", `200 {"name":"North","format":""}`},
		{"action with a suffix", "/api/publishers/1/do_it.json", `200 {"name":"North","format":"json"}`},
		{"action of the collection", "/api/publishers/all/x/", `200 {"name":"x","format":"","suffix":""}`},
		{"action of the collection with a suffix", "/api/publishers/all/x.json", `200 {"name":"x","format":"json","suffix":"json"}`},
		{"another basename", "/api/presses/1/", one},
		{"view", "/api/plain/", `200 {"name":"","format":"","suffix":""}`},
		{"view without suffixes", "/api/plain.json", notFound},
		{"view with a part", "/api/plain/a.b/", `200 {"name":"a.b","format":"","suffix":""}`},
		{"suffixed view", "/api/suffixed.json", `200 {"name":"","format":"json","suffix":"json"}`},
		{"suffixed view with a part", "/api/suffixed/ab.json", `200 {"name":"ab","format":"json","suffix":"json"}`},
		{"a part that does not match", "/api/suffixed/AB/", notFound},
		{"bare list", "/bare/publishers", `200 [{"id":1,"name":"North"}]`},
		{"bare object", "/bare/publishers/1", one},
		{"bare list with a slash", "/bare/publishers/", notFound},
		{"simple list", "/simple/publishers/", `200 [{"id":1,"name":"North"}]`},
		{"simple list with a suffix", "/simple/publishers.json", notFound},
		{"simple object with a suffix", "/simple/publishers/1.json/", notFound},
		{"object with a dot", "/api/publishers/1.0/", notFound},
		{"object with a dot and a suffix", "/api/publishers/1.0.json", notFound},
		{"namespace", "/v1/publishers/1/", one},
		{"root", "/api/", `200 {"publishers":"http://testserver/api/publishers/","presses":"http://testserver/api/presses/"}`},
		{"root with a suffix", "/api/.json", `200 {"publishers":"http://testserver/api/publishers.json","presses":"http://testserver/api/presses.json"}`},
		{"root of a namespace", "/v1/", `200 {"publishers":"http://testserver/v1/publishers/"}`},
		{"no root", "/bare/", notFound},
		{"nowhere", "/api/nowhere/", notFound},
	} {
		a := c.Get(s.path)
		got := a.String()
		switch {
		case s.want == notFound:
			got = fmt.Sprint(a.Status)
		case a.Status == http.StatusMovedPermanently:
			got = fmt.Sprint("301 ", a.Header.Get("Location"))
		}
		if got != s.want {
			t.Errorf("%s: %s\n got %s\nwant %s", s.what, s.path, got, s.want)
		}
	}
}

func TestReverse(t *testing.T) {
	var got map[string]string
	routed(t).Get("/api/links/").Decode(&got)
	want := map[string]string{
		"publisher-list0":    "http://testserver/api/publishers/",
		"publisher-detail1":  "http://testserver/api/publishers/a%20b/%C3%A4/",
		"publisher-do-it1":   "http://testserver/api/publishers/1/do_it/",
		"press-all1":         "http://testserver/api/presses/all/x/",
		"plain-one1":         "http://testserver/api/plain/x/",
		"v1:publisher-list0": "http://testserver/v1/publishers/",
		"bare-detail1":       "http://testserver/bare/publishers/1",
		"plain-one0":         `error: the route "plain-one" needs a value for {name}`,
		"nowhere0":           `error: there is no route named "nowhere"; the names are basename-list, basename-detail and basename-action`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMethodsOfViews: 405 names what is allowed, HEAD answers without a body, redirects hold for every method.
func TestMethodsOfViews(t *testing.T) {
	c := routed(t)
	for _, s := range []struct{ method, path, want, allow string }{
		{"POST", "/api/plain/", `405 {"detail":"Method \"POST\" not allowed."}`, "GET, HEAD, OPTIONS"},
		{"DELETE", "/api/publishers/", `405 {"detail":"Method \"DELETE\" not allowed."}`, "GET, POST, HEAD, OPTIONS"},
		{"POST", "/api/publishers/1/", `405 {"detail":"Method \"POST\" not allowed."}`, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"TRACE", "/api/publishers/1/", `405 {"detail":"Method \"TRACE\" not allowed."}`, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"PATCH", "/api/", `405 {"detail":"Method \"PATCH\" not allowed."}`, "GET, HEAD, OPTIONS"},
		{"HEAD", "/api/publishers/1/", `200 `, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"HEAD", "/api/publishers/9/", `404 `, "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"},
		{"POST", "/api/publishers", `301 `, ""},
	} {
		a := c.Do(s.method, s.path, nil)
		if a.String() != s.want || a.Header.Get("Allow") != s.allow {
			t.Errorf("%s %s\n got %s, Allow %q\nwant %s, Allow %q", s.method, s.path, a, a.Header.Get("Allow"), s.want, s.allow)
		}
	}
	if got := c.Head("/api/publishers/1/").Header.Get("Content-Length"); got != fmt.Sprint(len(c.Get("/api/publishers/1/").Body)) {
		t.Errorf("HEAD says Content-Length %q", got)
	}
}

// TestOptionsAreThere: every address describes itself.
func TestOptionsAreThere(t *testing.T) {
	c := routed(t)
	names := map[string]string{}
	for _, path := range []string{"/api/", "/api/plain/", "/api/publishers/", "/api/publishers/1/", "/api/publishers/1/do_it/", "/bare/publishers"} {
		a := c.Options(path)
		if a.Status != 200 {
			t.Errorf("%s: %s", path, a)
			continue
		}
		names[path] = fmt.Sprint(a.Field("name"))
		keys := slices.Sorted(maps.Keys(a.Object()))
		for _, key := range []string{"description", "parses", "renders"} {
			if !slices.Contains(keys, key) {
				t.Errorf("%s: %s lacks %q", path, a, key)
			}
		}
	}
	want := map[string]string{
		"/api/": "Home", "/api/plain/": "Where", "/api/publishers/": "Publisher List", "/api/publishers/1/": "Publisher Instance",
		"/api/publishers/1/do_it/": "Do it", "/bare/publishers": "Publisher List",
	}
	for path, name := range want {
		if !strings.EqualFold(names[path], name) {
			t.Errorf("%s is called %q, want %q", path, names[path], name)
		}
	}
}
