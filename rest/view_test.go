package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// echoing answers what it knows of the request.
func echoing(r *rest.Request) (*rest.Response, error) {
	return rest.OK(rest.Obj("method", r.Method(), "format", r.Format(), "names", r.QueryNames())), nil
}

// methodsOf is a view that answers the methods.
func methodsOf(function bool, methods ...string) *rest.View {
	v := &rest.View{Name: "Echo", Function: function, Methods: map[string]rest.Endpoint{}}
	for _, m := range methods {
		v.Methods[m] = rest.Endpoint{Handle: echoing}
	}
	return v
}

func plainViews(t *testing.T) *resttest.Client {
	t.Helper()
	return serve(t, ormtest.Open(t, ormtest.SQLite(t)), nil, func(g *rest.Group) {
		g.Handle("class/", methodsOf(false, "GET", "POST"), "class")
		g.Handle("function/", methodsOf(true, "POST", "GET"), "function")
		g.Handle("function/head/", methodsOf(true, "HEAD", "PUT"), "function-head")
		g.HandleSuffixed("any/", methodsOf(false, "GET"), "any")
		g.HandleSuffixed("some/", methodsOf(false, "GET"), "some", "json", "csv")
		g.HandleSuffixed("with/{id:[0-9]+}/", methodsOf(false, "GET"), "with", "json")
	})
}

// TestFunctionViews answer HEAD and name their methods as a view that is made of a function (@api_view).
func TestFunctionViews(t *testing.T) {
	c := plainViews(t)
	got := map[string]string{}
	for _, path := range []string{"/class/", "/function/", "/function/head/"} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			a := c.Do(method, path, nil)
			got[method+" "+path] = fmt.Sprint(a.Status, " ", a.Header.Get("Allow"))
		}
	}
	want := map[string]string{}
	for path, line := range map[string]string{
		"/class/":         "GET, POST, HEAD, OPTIONS: GET HEAD POST OPTIONS",
		"/function/":      "GET, OPTIONS, POST: GET POST OPTIONS",
		"/function/head/": "HEAD, OPTIONS, PUT: HEAD PUT OPTIONS",
	} {
		allow, answered, _ := strings.Cut(line, ": ")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
			want[method+" "+path] = "405 " + allow
			if strings.Contains(" "+answered+" ", " "+method+" ") {
				want[method+" "+path] = "200 " + allow
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	say(t, c.Do("DELETE", "/function/", nil), `405 {"detail":"Method \"DELETE\" not allowed."}`)
}

// TestQueryNames are each there once, in the order in which they came first, blank ones and odd ones too.
func TestQueryNames(t *testing.T) {
	c := plainViews(t)
	for query, want := range map[string]string{
		"":                    `[]`,
		"b=1&a=2&b=3":         `["b","a"]`,
		"a&b=&=c":             `["a","b",""]`,
		"a%20b=1&a+b=2&%C3=1": `["a b","` + "\uFFFD" + `"]`,
		"x;y=1&&z":            `["x;y","z"]`,
		"A=1&a=1":             `["A","a"]`,
	} {
		say(t, c.Get("/class/?"+query), `200 {"method":"GET","format":"","names":`+want+`}`)
	}
}

// TestSuffixedViews: the named formats may stand behind an address, or any.
func TestSuffixedViews(t *testing.T) {
	c := plainViews(t)
	for path, want := range map[string]string{
		"/any/":             `200 {"method":"GET","format":"","names":[]}`,
		"/any.json":         `200 {"method":"GET","format":"json","names":[]}`,
		"/any.json?a":       `200 {"method":"GET","format":"json","names":["a"]}`,
		"/any.xml":          `404 {"detail":"Not found."}`,
		"/some/":            `200 {"method":"GET","format":"","names":[]}`,
		"/some.json":        `200 {"method":"GET","format":"json","names":[]}`,
		"/some.csv":         `404 {"detail":"Not found."}`, // a suffix that is taken, of no renderer
		"/with/7/":          `200 {"method":"GET","format":"","names":[]}`,
		"/with/7.json":      `200 {"method":"GET","format":"json","names":[]}`,
		"/any/?format=json": `200 {"method":"GET","format":"json","names":["format"]}`,
	} {
		say(t, c.Get(path), want)
	}
	for _, path := range []string{"/class.json", "/some.xml", "/with/x.json", "/with/7.csv", "/any.", "/any.a.b"} {
		if a := c.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %s", path, a)
		}
	}
}

// blob is a row with bytes.
type blob struct {
	ID    int64  `gorm:"primaryKey"`
	Name  string `gorm:"size:9"`
	Bytes []byte `orm:"binary,blank"`
	Maybe []byte `orm:"binary,blank"`
}

func (blob) TableName() string { return "bin_blob" }
func (blob) Meta() orm.Meta    { return orm.Meta{App: "bin", Ordering: []string{"id"}} }

// TestBytesAreShownInBase64 and never taken from clients.
func TestBytesAreShownInBase64(t *testing.T) {
	type data struct {
		Name  string `json:"name"`
		Bytes []byte `json:"bytes" rest:"readonly"`
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, []any{&blob{}}, func(g *rest.Group) {
			g.Register("auto", &rest.ViewSet[blob]{Serializer: rest.Auto[blob]()}, "auto")
			g.Register("own", &rest.ViewSet[blob]{Serializer: &rest.ModelSerializer[blob, data]{}}, "own")
		})
		rows := []*blob{{Name: "none", Bytes: []byte{}}, {Name: "some", Bytes: []byte{0, 0xff, 0x10}, Maybe: []byte("a?>b")}}
		if err := db.Gorm.Create(rows).Error; err != nil {
			t.Fatal(err)
		}
		say(t, c.Get("/own/"), `200 [{"name":"none","bytes":""},{"name":"some","bytes":"AP8Q"}]`)
		say(t, c.Patch("/own/2/", `{"name":"new","bytes":"QUJD"}`), `200 {"name":"new","bytes":"AP8Q"}`)
		if a := c.Patch("/auto/2/", `{"name":"x","bytes":"QUJD","maybe":"QUJD"}`); a.Field("name") != "x" {
			t.Error(a)
		}
		var stored blob
		if err := db.Gorm.Take(&stored, 2).Error; err != nil || string(stored.Bytes) != "\x00\xff\x10" || string(stored.Maybe) != "a?>b" {
			t.Errorf("stored %q %q (%v)", stored.Bytes, stored.Maybe, err)
		}
	})
}

// TestSerializerForAnotherModel: a form of other objects is for the body of an action, not for the resource's own objects.
func TestSerializerForAnotherModel(t *testing.T) {
	type nameData struct {
		Name string `json:"name"`
	}
	authors := &rest.ModelSerializer[author, nameData]{Name: "AuthorName"}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("publishers", &rest.ViewSet[publisher]{
				Serializer: rest.Auto[publisher](), Alternates: []rest.Serializable[publisher]{rest.FormFor[publisher](authors)},
				SerializerFor: func(r *rest.Request) rest.Serializable[publisher] {
					if r.QueryHas("authors") {
						return rest.FormFor[publisher](authors)
					}
					return nil
				},
			})
		})
		stock(t, c, 0)
		for _, query := range []string{"", "?authors"} {
			say(t, c.Get("/publishers/1/"+query), `200 {"id":1,"name":"North"}`)
			say(t, c.Get("/publishers/"+query), `200 [{"id":1,"name":"North"},{"id":2,"name":"South"}]`)
			say(t, c.Patch("/publishers/2/"+query, `{"name":"South"}`), `200 {"id":2,"name":"South"}`)
		}
	})
}
