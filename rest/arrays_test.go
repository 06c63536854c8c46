package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// authorName is an author in lists.
type authorName struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// TestServe serves the collection alone, at the address as it is written.
func TestServe(t *testing.T) {
	c := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) {
		g.Serve("some/people", &rest.ViewSet[author]{
			Name: "Some People", Doc: "Those who write.", Serializer: &rest.ModelSerializer[author, authorName]{},
			Only: []string{"list", "create"}, CreateMany: &rest.Many{NoEmpty: true, Min: 2, Max: 3},
		}, "people")
	})
	say(t, c.Post("/some/people", `[{"name":"b"},{"name":"a"}]`), `201 [{"id":1,"name":"b"},{"id":2,"name":"a"}]`)
	say(t, c.Get("/some/people"), `200 [{"id":2,"name":"a"},{"id":1,"name":"b"}]`)
	say(t, c.Post("/some/people", `[]`), `400 {"non_field_errors":["This list may not be empty."]}`)
	say(t, c.Post("/some/people", `[{"name":"b"}]`), `400 {"non_field_errors":["Ensure this field has at least 2 elements."]}`)
	say(t, c.Post("/some/people", `[{},{},{},{}]`), `400 {"non_field_errors":["Ensure this field has no more than 3 elements."]}`)
	say(t, c.Post("/some/people", `[{"name":"b"},{}]`), `400 {"1":{"name":["This field is required."]}}`)
	say(t, c.Post("/some/people", `{"name":"b"}`), `400 {"non_field_errors":["Expected a list of items but got type \"dict\"."]}`)
	if got := c.Options("/some/people").Field("name"); got != "Some People" {
		t.Errorf("named %v", got)
	}
	if got := c.Get("/some/people/1/").Status; got != http.StatusNotFound {
		t.Errorf("an object is served: %d", got)
	}
}

func TestServeNeedsACollection(t *testing.T) {
	registry := resttest.Registry(t, libraryModels()...)
	_, err := routerOf(t, ormtest.Open(t, ormtest.SQLite(t)), registry, func(g *rest.Group) {
		g.Serve("one", &rest.ViewSet[author]{Serializer: rest.Auto[author](), Only: []string{"retrieve"}})
	}).Build()
	if err == nil {
		t.Error("a collection without operations was taken")
	}
}

// TestReadMany makes the stored objects equal to an array.
func TestReadManyOfArrays(t *testing.T) {
	s := &rest.ModelSerializer[author, authorName]{}
	sync := func(r *rest.Request) (*rest.Response, error) {
		all, err := rest.ReadMany(r, s, rest.Many{Max: 2})
		if err != nil {
			return nil, err
		}
		var stored []*author
		if err := r.DB().Order("id").Find(&stored).Error; err != nil {
			return nil, err
		}
		for i, in := range all {
			if i == len(stored) {
				stored = append(stored, &author{})
			} else {
				r.Loaded(stored[i])
			}
			if err := in.Apply(r, stored[i]); err != nil {
				return nil, err
			}
			if err := r.Save(stored[i]); err != nil {
				return nil, err
			}
		}
		text, err := rest.RenderList(r, s, stored)
		return rest.OK(text), err
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Handle("sync/", &rest.View{Name: "Sync", Permissions: open, Methods: map[string]rest.Endpoint{
				http.MethodPut: {Handle: sync, Input: s, Output: rest.ListOf(s)},
			}}, "")
		})
		say(t, c.Put("/sync/", `[{"name":"a"}]`), `200 [{"id":1,"name":"a"}]`)
		say(t, c.Put("/sync/", `[{"name":"b"},{"name":"c"}]`), `200 [{"id":1,"name":"b"},{"id":2,"name":"c"}]`)
		say(t, c.Put("/sync/", `[{"name":"b"},null]`), `400 {"1":["This field may not be null."]}`)
		say(t, c.Put("/sync/", `null`), `400 {"non_field_errors":["No data provided"]}`)
	})
}

// rendered is a form that answers its input as it came, with arrays of it at "many/".
func rendered[D any](g *rest.Group, path string, s rest.Form[D]) {
	one := func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, s)
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInput(r, in)), nil
	}
	many := func(r *rest.Request) (*rest.Response, error) {
		all, err := rest.ReadMany(r, s, rest.Many{})
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInputs(r, all)), nil
	}
	for at, handle := range map[string]func(*rest.Request) (*rest.Response, error){path: one, path + "many/": many} {
		endpoint := rest.Endpoint{Handle: handle, Input: s}
		g.Handle(at, &rest.View{Name: "Rendered", Permissions: open, Methods: map[string]rest.Endpoint{
			http.MethodPost: endpoint, http.MethodPatch: endpoint,
		}}, "")
	}
}

// TestRenderInput leaves out what was not sent, and defaults of partial input.
func TestRenderInputs(t *testing.T) {
	type data struct {
		Name   string           `json:"name"`
		Count  int64            `json:"count" rest:"default=3"`
		Note   *string          `json:"note" rest:"optional"`
		Extra  map[string][]any `json:"extra" rest:"optional"`
		Secret string           `json:"secret" rest:"writeonly,optional"`
	}
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := serve(t, db, nil, func(g *rest.Group) { rendered(g, "form/", &rest.Serializer[data]{}) })
	say(t, c.Post("/form/", `{"name":"x","secret":"s"}`), `200 {"name":"x","count":3,"note":null}`)
	say(t, c.Patch("/form/", `{}`), `200 {"note":null}`)
	say(t, c.Post("/form/", `{"name":"x","count":1,"extra":{"z":[1,null],"a":[{"k":[]}]}}`), `200 {"name":"x","count":1,"note":null,"extra":{"z":[1,null],"a":[{"k":[]}]}}`)
	say(t, c.Post("/form/many/", `[{"name":"x"},{"name":"y","count":2}]`), `200 [{"name":"x","count":3,"note":null},{"name":"y","count":2,"note":null}]`)
	say(t, c.Post("/form/many/", `{}`), `400 {"non_field_errors":["Expected a list of items but got type \"dict\"."]}`)
}

// TestApplyNested changes a second object by what was sent of it.
func TestApplyNestedOfArrays(t *testing.T) {
	type inner struct {
		Name string `json:"name"`
	}
	type data struct {
		ID        int64  `json:"id"`
		Title     string `json:"title"`
		Publisher *inner `json:"publisher" rest:"optional,null"`
	}
	s := &rest.ModelSerializer[book, data]{
		Create: func(*rest.Request, *rest.Input[data]) (*book, error) { return nil, rest.ErrDenied },
		Update: func(r *rest.Request, b *book, in *rest.Input[data]) error {
			if err := in.Apply(r, b); err != nil || in.Data.Publisher == nil {
				return err
			}
			r.Loaded(b.Publisher)
			if err := in.ApplyNested(r, &in.Data.Publisher, b.Publisher); err != nil {
				return err
			}
			return r.Save(b.Publisher)
		},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: s}) })
		stock(t, c, 1)
		say(t, c.Patch("/books/1/", `{"title":"Two","publisher":{"name":"East"}}`), `200 {"id":1,"title":"Two","publisher":{"name":"East"}}`)
		say(t, c.Get("/raw/publishers/2/"), `200 {"id":2,"name":"East"}`)
		say(t, c.Patch("/books/1/", `{"publisher":null}`), `200 {"id":1,"title":"Two","publisher":{"name":"East"}}`)
	})
}

// TestSearchFor chooses the fields that a request searches.
func TestSearchFor(t *testing.T) {
	c := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) {
		g.Serve("found/", &rest.ViewSet[author]{
			Serializer: &rest.ModelSerializer[author, authorName]{}, Search: []string{"name", "contact"}, SearchParam: "q", Only: []string{"list"},
			SearchFor: func(r *rest.Request) []string {
				if r.QueryHas("by_name") {
					return []string{"name"}
				}
				return nil
			},
		})
	})
	c.Post("/raw/authors/", `{"name":"Ann","contact":"bob@x"}`)
	say(t, c.Get("/found/?q=bob"), `200 [{"id":1,"name":"Ann"}]`)
	say(t, c.Get("/found/?q=bob&by_name"), `200 []`)
	say(t, c.Get("/found/?q=nn&by_name"), `200 [{"id":1,"name":"Ann"}]`)
	say(t, c.Get("/found/?search=bob"), `200 [{"id":1,"name":"Ann"}]`)
}

// TestTextsOfManyObjects are a required field that nothing can be written to, as in DRF, unless they are read-only.
func TestTextsOfManyObjects(t *testing.T) {
	type data struct {
		ID      int64                `json:"id"`
		Name    string               `json:"name"`
		Written []rest.Related[book] `json:"books" rest:"string,source=Books"`
	}
	type bookData struct {
		ID      int64                  `json:"id"`
		Authors []rest.Related[author] `json:"authors" rest:"string"`
	}
	c := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) {
		g.Register("texts", &rest.ViewSet[publisher]{Serializer: &rest.ModelSerializer[publisher, data]{}}, "texts")
		g.Register("signed", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, bookData]{}}, "signed")
	})
	say(t, c.Post("/texts/", `{"name":"x"}`), `400 {"books":["This field is required."]}`)
	say(t, c.Post("/texts/", `{"name":"x","books":["b"]}`), `400 {"books":["Objects cannot be found by their texts."]}`)
	say(t, c.Post("/texts/", `{"name":"x","books":"b"}`), `400 {"books":["Expected a list of items but got type \"str\"."]}`)
	say(t, c.Post("/texts/", `{"name":"x","books":null}`), `400 {"books":["This field may not be null."]}`)
	say(t, c.Post("/texts/", `{"name":"x","books":[]}`), `201 {"id":1,"name":"x","books":[]}`)
	stock(t, c, 1)
	before := c.Get("/signed/1/").Body
	if !strings.Contains(string(before), "author object (1)") {
		t.Errorf("%s", before)
	}
	say(t, c.Patch("/signed/1/", `{}`), "200 "+string(before))
	say(t, c.Patch("/signed/1/", `{"authors":[]}`), `200 {"id":1,"authors":[]}`)
	say(t, c.Get("/signed/1/"), `200 {"id":1,"authors":[]}`)
}
