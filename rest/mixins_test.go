package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// TestPatchesOfDifferentFieldsBothStay: an update writes the columns that it changes and no others.
func TestPatchesOfDifferentFieldsBothStay(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		begin, done := make(chan struct{}), make(chan struct{})
		type data struct {
			Title string `json:"title"`
			Pages int64  `json:"pages"`
			Notes string `json:"notes"`
		}
		s := &rest.ModelSerializer[book, data]{Validate: func(r *rest.Request, _ *rest.Input[data]) error {
			if r.QueryHas("slow") { // the object is loaded; now the other request comes and goes
				close(begin)
				<-done
			}
			return nil
		}}
		c := library(t, db, func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: s}) })
		stock(t, c, 1)
		slow := make(chan string)
		go func() { slow <- c.Clone().Patch("/books/1/?slow", `{"title":"By the slow one"}`).String() }()
		<-begin
		say(t, c.Patch("/books/1/", `{"pages":7}`), `200 {"title":"Book 1","pages":7,"notes":""}`)
		close(done)
		if got, want := <-slow, `200 {"title":"By the slow one","pages":100,"notes":""}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		say(t, c.Get("/books/1/"), `200 {"title":"By the slow one","pages":7,"notes":""}`)
	})
}

// TestUpdateOfAVanishedObject is a 404 even when it vanished after it was loaded.
func TestUpdateOfAVanishedObject(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("chapters", &rest.ViewSet[chapter]{Serializer: rest.Auto[chapter](), PerformUpdate: func(r *rest.Request, ch *chapter) error {
				if err := r.DB().Exec("DELETE FROM lib_chapter WHERE id = ?", ch.ID).Error; err != nil {
					return err
				}
				return r.Save(ch)
			}})
		})
		stock(t, c, 1)
		say(t, c.Patch("/chapters/1/", `{"title":"x"}`), `404 {"detail":"No chapter matches the given query."}`)
		if c.Get("/raw/chapters/1/").Status != 200 {
			t.Error("the transaction was not undone")
		}
	})
}

func TestBulkCreate(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("bulk", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), BulkCreate: true})
		})
		for _, s := range []struct{ path, body, want string }{
			{"/bulk/", `[]`, `201 []`},
			{"/bulk/", `[{"name":"a"},{"name":"b"}]`, `201 [{"id":1,"name":"a"},{"id":2,"name":"b"}]`},
			{"/bulk/", `{"name":"c"}`, `201 {"id":3,"name":"c"}`},
			{"/bulk/", `[{"name":"d"},{"name":"a"},{}]`, `400 {"1":{"name":["publisher with this name already exists."]},"2":{"name":["This field is required."]}}`},
			{"/bulk/", `[{"name":"d"},null,5]`, `400 {"1":["This field may not be null."],"2":{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}}`},
			{"/bulk/", `[{"name":"e"},{"name":"e"}]`, `400 {"name":["publisher with this name already exists."]}`},
			{"/raw/publishers/", `[{"name":"d"}]`, `400 {"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}`},
		} {
			if got := c.Post(s.path, s.body).String(); got != s.want {
				t.Errorf("%s\n got %s\nwant %s", s.body, got, s.want)
			}
		}
		if n := len(c.Get("/bulk/").List()); n != 3 {
			t.Errorf("%d publishers, want 3: refused lists leave nothing", n)
		}
	})
}

func TestDelete(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		stock(t, c, 2)
		say(t, c.Delete("/raw/publishers/1/"), `409 {"detail":"This object cannot be deleted because other objects refer to it."}`)
		say(t, c.Delete("/raw/authors/1/"), `204 `) // editor becomes null, pairs go
		if a := c.Get("/raw/books/1/"); a.Field("editor") != nil || len(a.Field("authors").([]any)) != 1 {
			t.Errorf("after the author: %s", a)
		}
		say(t, c.Delete("/raw/books/2/"), `204 `) // chapters go along
		if n := len(c.Get("/raw/chapters/").List()); n != 3 {
			t.Errorf("%d chapters are left, want 3", n)
		}
		say(t, c.Delete("/raw/publishers/1/"), `204 `)
	})
}

// TestPerformHooks run in the transaction of the request, in the place of saving.
func TestPerformHooks(t *testing.T) {
	note := func(r *rest.Request, text string) error { return r.Save(&author{Name: r.Action() + " " + text}) }
	refuse := func(name string) error {
		if name == "bad" {
			return rest.Conflict("Not this one.")
		}
		if name == "broken" {
			return errors.New("secret")
		}
		return nil
	}
	vs := &rest.ViewSet[publisher]{
		Serializer: rest.Auto[publisher](),
		PerformCreate: func(r *rest.Request, p *publisher) error {
			return errors.Join(note(r, p.Name), r.Save(p), refuse(p.Name))
		},
		PerformUpdate: func(r *rest.Request, p *publisher) error {
			return errors.Join(note(r, p.Name), r.Save(p), refuse(p.Name))
		},
		PerformDestroy: func(r *rest.Request, p *publisher) error {
			return errors.Join(note(r, p.Name), r.Delete(p), refuse(p.Name))
		},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("publishers", vs) })
		say(t, c.Post("/publishers/", `{"name":"good"}`), `201 {"id":1,"name":"good"}`)
		say(t, c.Post("/publishers/", `{"name":"bad"}`), `409 {"detail":"Not this one."}`)
		say(t, c.Post("/publishers/", `{"name":"broken"}`), `500 {"detail":"A server error occurred."}`)
		say(t, c.Put("/publishers/1/", `{"name":"bad"}`), `409 {"detail":"Not this one."}`)
		say(t, c.Patch("/publishers/1/", `{"name":"better"}`), `200 {"id":1,"name":"better"}`)
		c.Post("/raw/publishers/", `{"name":"bad"}`)
		id := c.Get("/raw/publishers/").List()[1].(map[string]any)["id"]
		say(t, c.Delete(fmt.Sprintf("/publishers/%v/", id)), `409 {"detail":"Not this one."}`)
		say(t, c.Delete("/publishers/1/"), `204 `)
		var notes []string
		for _, a := range c.Get("/raw/authors/").List() {
			notes = append(notes, a.(map[string]any)["name"].(string))
		}
		if diff := cmp.Diff([]string{"create good", "destroy better", "partial_update better"}, notes); diff != "" {
			t.Errorf("notes that were kept (-want +got):\n%s", diff)
		}
		if n := len(c.Get("/raw/publishers/").List()); n != 1 {
			t.Errorf("%d publishers are left, want the bad one", n)
		}
	})
}

// TestWhatAResourceHas: Only, Methods and Handlers decide which actions there are and who answers them.
func TestWhatAResourceHas(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := library(t, db, func(g *rest.Group) {
		g.Register("readonly", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Only: rest.ReadOnly}, "readonly")
		g.Register("listonly", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Only: []string{"list"}}, "listonly")
		g.Register("nodelete", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Methods: []string{"GET", "PATCH"}}, "nodelete")
		g.Register("own", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Handlers: map[string]func(*rest.Request) (*rest.Response, error){
			"list": func(r *rest.Request) (*rest.Response, error) { return rest.OK(rest.Obj("own", r.Action())), nil },
		}}, "own")
	})
	stock(t, c, 0)
	got := map[string]string{}
	for _, path := range []string{"/readonly/", "/readonly/1/", "/listonly/", "/listonly/1/", "/nodelete/", "/nodelete/1/", "/own/", "/own/1/"} {
		a := c.Get(path)
		got[path] = strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Header.Get("Allow")))
	}
	want := map[string]string{
		"/readonly/": "200 GET, HEAD, OPTIONS", "/readonly/1/": "200 GET, HEAD, OPTIONS",
		"/listonly/": "200 GET, HEAD, OPTIONS", "/listonly/1/": "404",
		"/nodelete/": "200 GET, HEAD, OPTIONS", "/nodelete/1/": "200 GET, PATCH, HEAD, OPTIONS",
		"/own/": "200 GET, POST, HEAD, OPTIONS", "/own/1/": "200 GET, PUT, PATCH, DELETE, HEAD, OPTIONS",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	say(t, c.Get("/own/"), `200 {"own":"list"}`)
	say(t, c.Delete("/nodelete/1/"), `405 {"detail":"Method \"DELETE\" not allowed."}`)
	say(t, c.Post("/nodelete/", `{"name":"x"}`), `405 {"detail":"Method \"POST\" not allowed."}`)
	say(t, c.Put("/readonly/1/", `{}`), `405 {"detail":"Method \"PUT\" not allowed."}`)
}

// TestSerializersByAction: Serializers by name, SerializerFor by request, Alternates for what it may choose.
func TestSerializersByAction(t *testing.T) {
	type briefData struct {
		ID int64 `json:"id"`
	}
	type loudData struct {
		Name string `json:"name"`
		Loud bool   `json:"loud"`
	}
	brief := &rest.ModelSerializer[publisher, briefData]{}
	loud := &rest.ModelSerializer[publisher, loudData]{Fields: func(d *loudData) []rest.FieldOption {
		return []rest.FieldOption{rest.Computed(&d.Loud, func(*publisher) bool { return true })}
	}}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("publishers", &rest.ViewSet[publisher]{
				Serializer:  rest.Auto[publisher](),
				Serializers: map[string]rest.Serializable[publisher]{"list": brief, "partial_update": loud},
				Alternates:  []rest.Serializable[publisher]{loud},
				SerializerFor: func(r *rest.Request) rest.Serializable[publisher] {
					if r.QueryHas("loud") {
						return loud
					}
					return nil
				},
			})
		})
		say(t, c.Post("/publishers/", `{"name":"a"}`), `201 {"id":1,"name":"a"}`)
		say(t, c.Get("/publishers/"), `200 [{"id":1}]`)
		say(t, c.Get("/publishers/1/"), `200 {"id":1,"name":"a"}`)
		say(t, c.Patch("/publishers/1/", `{"name":"b"}`), `200 {"name":"b","loud":true}`)
		say(t, c.Put("/publishers/1/", `{"name":"c"}`), `200 {"id":1,"name":"c"}`)
		say(t, c.Get("/publishers/1/?loud"), `200 {"name":"c","loud":true}`)
		say(t, c.Get("/publishers/?loud"), `200 [{"name":"c","loud":true}]`)
	})
}

// TestLookup addresses objects by another field, of another name, of a form.
func TestLookup(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := library(t, db, func(g *rest.Group) {
		form := rest.Auto[book]()
		g.Register("by-slug", &rest.ViewSet[book]{Serializer: form, Lookup: "slug"}, "by-slug")
		g.Register("by-name", &rest.ViewSet[book]{Serializer: form, Lookup: "title", LookupParam: "name", Handlers: map[string]func(*rest.Request) (*rest.Response, error){
			"destroy": func(r *rest.Request) (*rest.Response, error) { return rest.OK(r.Param("name")), nil },
		}}, "by-name")
		g.Register("by-number", &rest.ViewSet[book]{Serializer: form, LookupRegex: `[0-9]{1,2}`}, "by-number")
	})
	stock(t, c, 2)
	for path, want := range map[string]string{
		"/by-slug/b2/": "200 2", "/by-slug/2/": "404", "/by-slug/b%32/": "200 2", "/by-slug/B2/": "404",
		"/by-name/Book%202/": "200 2", "/by-name/Book 2/": "200 2",
		"/by-number/2/": "200 2", "/by-number/002/": "404", "/by-number/x/": "404",
	} {
		a := c.Get(strings.ReplaceAll(path, " ", "%20"))
		got := fmt.Sprint(a.Status)
		if a.Status == 200 {
			got += fmt.Sprint(" ", a.Field("id"))
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	say(t, c.Delete("/by-name/%C3%A4%3f/"), `200 "ä?"`)
}

// TestQuerySetHides: what the query set leaves out does not exist for any action.
func TestQuerySetHides(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("books", &rest.ViewSet[book]{
				Serializer: rest.Auto[book](),
				QuerySet: func(r *rest.Request, q *gorm.DB) *gorm.DB {
					return q.Where("lib_book.slug <> ?", r.Query("without"))
				},
			})
		})
		stock(t, c, 3)
		if got := fmt.Sprint(idsOf(c.Get("/books/?without=b2"))); got != "[1 3]" {
			t.Errorf("list: %s", got)
		}
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
			say(t, c.Do(method, "/books/2/?without=b2", `{}`), `404 {"detail":"No book matches the given query."}`)
		}
		if a := c.Get("/books/2/?without=b1"); a.Status != 200 {
			t.Errorf("%s", a)
		}
	})
}

func idsOf(a *resttest.Answer) []any {
	ids := []any{}
	for _, o := range a.List() {
		ids = append(ids, o.(map[string]any)["id"])
	}
	return ids
}

// TestObjectPermissions are asked for every action on an object, also of actions, and not for lists.
func TestObjectPermissions(t *testing.T) {
	onlyOwn := rest.ObjectPermission(func(r *rest.Request, p *publisher) (bool, error) {
		switch {
		case p.Name == "broken":
			return false, errors.New("secret")
		case r.Method() == http.MethodGet:
			return true, nil
		}
		return p.Name == r.User().Username, nil
	})
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("publishers", &rest.ViewSet[publisher]{
				Serializer: rest.Auto[publisher](), Permissions: []rest.Permission{rest.IsAuthenticatedOrReadOnly, onlyOwn},
				ActionPermissions: map[string][]rest.Permission{"free": {rest.AllowAny}},
				Actions: []rest.Action[publisher]{
					{Name: "shout", Handle: rest.Change(func(_ *rest.Request, p *publisher) error { p.Name += "!"; return nil })},
					{Name: "free", Handle: rest.Change(func(_ *rest.Request, p *publisher) error { p.Name += "?"; return nil })},
				},
			})
		})
		users := identitytest.Store(db.Gorm)
		identitytest.User(t, users, "ann", "secret")
		for _, name := range []string{"ann", "bob", "broken"} {
			c.Post("/raw/publishers/", map[string]string{"name": name})
		}
		const denied = `403 {"detail":"You do not have permission to perform this action."}`
		const nobody = `401 {"detail":"Authentication credentials were not provided."}`
		ann := c.Basic("ann", "secret")
		for _, s := range []struct {
			client             *resttest.Client
			method, path, want string
		}{
			{c, "GET", "/publishers/2/", `200 {"id":2,"name":"bob"}`},
			{c, "PATCH", "/publishers/2/", nobody},
			{c, "POST", "/publishers/2/shout/", nobody},
			{ann, "PATCH", "/publishers/2/", denied},
			{ann, "DELETE", "/publishers/2/", denied},
			{ann, "POST", "/publishers/2/shout/", denied},
			{ann, "PATCH", "/publishers/1/", `200 {"id":1,"name":"ann"}`},
			{c, "POST", "/publishers/2/free/", `200 {"id":2,"name":"bob?"}`},
			{ann, "POST", "/publishers/1/shout/", `200 {"id":1,"name":"ann!"}`},
			{ann, "POST", "/publishers/1/shout/", denied},
			{ann, "GET", "/publishers/3/", `500 {"detail":"A server error occurred."}`},
			{c, "GET", "/publishers/", `200 [{"id":1,"name":"ann!"},{"id":2,"name":"bob?"},{"id":3,"name":"broken"}]`},
		} {
			if got := s.client.Do(s.method, s.path, `{}`).String(); got != s.want {
				t.Errorf("%s %s\n got %s\nwant %s", s.method, s.path, got, s.want)
			}
		}
	})
}

// TestErrorsHook of a resource turns errors into other ones.
func TestErrorsHook(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := library(t, db, func(g *rest.Group) {
		g.Register("publishers", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Errors: func(_ *rest.Request, err error) error {
			if errors.Is(err, rest.ErrNotFound) {
				return rest.NewError(http.StatusGone, "gone", "It was here.")
			}
			return nil
		}})
	})
	say(t, c.Get("/publishers/1/"), `410 {"detail":"It was here."}`)
	say(t, c.Post("/publishers/", `{}`), `400 {"name":["This field is required."]}`)
	say(t, c.Get("/raw/publishers/1/"), `404 {"detail":"No publisher matches the given query."}`)
}
