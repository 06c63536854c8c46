package rest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

type coverData struct {
	Colour string   `json:"colour" rest:"maxlength=5"`
	Width  *int64   `json:"width" rest:"optional"`
	Marks  []string `json:"marks" rest:"optional"`
	Style  string   `json:"style" rest:"default=plain"`
	Secret string   `json:"secret" rest:"optional,writeonly"`
}

var cover = &rest.Serializer[coverData]{}

type coveredData struct {
	ID    int64     `json:"id"`
	Title string    `json:"title"`
	Cover coverData `json:"cover" rest:"source=Extra"`
}

// covered is a form with an object in a JSON column; updates merge what is sent into what is stored.
func covered(merge bool) *rest.ModelSerializer[book, coveredData] {
	s := &rest.ModelSerializer[book, coveredData]{
		Fields: func(d *coveredData) []rest.FieldOption { return []rest.FieldOption{rest.Nested(&d.Cover, cover)} },
		Create: func(r *rest.Request, in *rest.Input[coveredData]) (*book, error) {
			b := &book{Slug: in.Data.Title, PublisherID: 1, Price: orm.MustDecimal("1")}
			return b, in.Apply(r, b)
		},
	}
	if merge {
		s.Update = func(r *rest.Request, b *book, in *rest.Input[coveredData]) (err error) {
			stored := b.Extra
			if err := in.Apply(r, b); err != nil || !in.Has(&in.Data.Cover) {
				return err
			}
			b.Extra, err = rest.MergeJSON(stored, in.JSON(&in.Data.Cover))
			return err
		}
	}
	return s
}

func TestObjectsInJSONColumns(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t)) // PostgreSQL has an order of keys of its own
	c := library(t, db, func(g *rest.Group) {
		g.Register("set", &rest.ViewSet[book]{Serializer: covered(false)}, "set")
		g.Register("merge", &rest.ViewSet[book]{Serializer: covered(true)}, "merge")
	})
	stock(t, c, 0)
	say(t, c.Post("/set/", `{"title":"one","cover":{"colour":"red","marks":["x"]}}`), `201 {"id":1,"title":"one","cover":{"colour":"red","width":null,"marks":["x"],"style":"plain"}}`)
	say(t, c.Post("/set/", `{"title":"two","cover":{"colour":"purple","width":"x"}}`), `400 {"cover":{"colour":["Ensure this field has no more than 5 characters."],"width":["A valid integer is required."]}}`)
	say(t, c.Patch("/merge/1/", `{"cover":{"width":7}}`), `200 {"id":1,"title":"one","cover":{"colour":"red","width":7,"marks":["x"],"style":"plain"}}`)
	say(t, c.Patch("/merge/1/", `{"title":"uno"}`), `200 {"id":1,"title":"uno","cover":{"colour":"red","width":7,"marks":["x"],"style":"plain"}}`)
	say(t, c.Put("/set/1/", `{"title":"uno","cover":{"colour":"blue"}}`), `200 {"id":1,"title":"uno","cover":{"colour":"blue","width":null,"style":"plain"}}`)
	say(t, c.Get("/set/1/"), `200 {"id":1,"title":"uno","cover":{"colour":"blue","width":null,"style":"plain"}}`)
}

// TestEach checks elements of lists.
func TestEach(t *testing.T) {
	type data struct {
		V []int64 `json:"v"`
	}
	runSheets(t, []sheetCase{{"each", option(func(d *data) rest.FieldOption { return rest.Each(&d.V, even, small) }), []string{
		`{"v":[2,4]}`, `200 {"v":[2,4]}`,
		`{"v":[2,11,"x"]}`, `400 {"v":{"1":["Not even.","Too big."],"2":["A valid integer is required."]}}`,
	}}})
}

// handled is an API with one handler that knows the forms that are named.
func handled(t *testing.T, known rest.AnySerializer, handle func(r *rest.Request) (*rest.Response, error)) *resttest.Client {
	t.Helper()
	db := ormtest.Open(t, ormtest.SQLite(t))
	endpoint := rest.Endpoint{Handle: handle, Input: known}
	return library(t, db, func(g *rest.Group) {
		g.Handle("x/", &rest.View{Methods: map[string]rest.Endpoint{http.MethodPost: endpoint, http.MethodPatch: endpoint}}, "")
		g.Register("books", &rest.ViewSet[book]{Serializer: bookForm})
	})
}

// TestInputAsItWasSent shows valid input as it was sent: without what was not, but with defaults and nulls.
func TestInputAsItWasSent(t *testing.T) {
	c := handled(t, cover, func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, cover)
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInput(r, in)), nil
	})
	say(t, c.Post("/x/", `{"colour":"red","secret":"s"}`), `200 {"colour":"red","width":null,"style":"plain"}`)
	say(t, c.Post("/x/", `{"colour":"red","marks":[],"width":1,"style":"x"}`), `200 {"colour":"red","width":1,"marks":[],"style":"x"}`)
	say(t, c.Patch("/x/", `{"marks":["a"]}`), `200 {"width":null,"marks":["a"]}`)
}

func TestArraysAsBodies(t *testing.T) {
	c := handled(t, cover, func(r *rest.Request) (*rest.Response, error) {
		all, err := rest.ReadMany(r, cover, rest.Many{})
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInputs(r, all)), nil
	})
	say(t, c.Post("/x/", `[{"colour":"red"},{"colour":"blue","style":"x"}]`), `200 [{"colour":"red","width":null,"style":"plain"},{"colour":"blue","width":null,"style":"x"}]`)
	say(t, c.Post("/x/", `[{"colour":"red"},{}]`), `400 {"1":{"colour":["This field is required."]}}`)
	say(t, c.Post("/x/", `{}`), `400 {"non_field_errors":["Expected a list of items but got type \"dict\"."]}`)
	say(t, c.Post("/x/", `null`), `400 {"non_field_errors":["No data provided"]}`)
}

// TestRenderList loads what the objects lack, with one statement for each relation.
func TestRenderList(t *testing.T) {
	c := handled(t, bookForm, func(r *rest.Request) (*rest.Response, error) {
		var books []*book
		if err := r.DB().Order("id").Find(&books).Error; err != nil {
			return nil, err
		}
		text, err := rest.RenderList(r, bookForm, books)
		return rest.OK(text), err
	})
	stock(t, c, 4)
	a := c.Post("/x/", nil)
	list := c.Get("/books/")
	if got := fmt.Sprint(a.List()[0].(map[string]any)["authors"], a.List()[3].(map[string]any)["chapters"]); got != "[1 2] [12 11 10]" {
		t.Errorf("%s", a)
	}
	if a.Statements > list.Statements+2 { // publisher and editor are not joined here
		t.Errorf("%d statements, the list has %d", a.Statements, list.Statements)
	}
}

// TestLoaded lets Save change an object that a handler found by itself.
func TestLoaded(t *testing.T) {
	c := handled(t, nil, func(r *rest.Request) (*rest.Response, error) {
		var b book
		if err := r.DB().Take(&b).Error; err != nil {
			return nil, err
		}
		r.Loaded(&b)
		b.Pages++
		return rest.NoContent(), r.Save(&b)
	})
	stock(t, c, 1)
	say(t, c.Post("/x/", nil), "204 ")
	if a := c.Get("/raw/books/"); len(a.List()) != 1 || fmt.Sprint(a.List()[0].(map[string]any)["pages"]) != "101" {
		t.Errorf("%s", a)
	}
}

// TestNestedObjectsAreSaved writes a nested object into a row of its own.
func TestNestedObjectsAreSaved(t *testing.T) {
	type personData struct {
		Name string `json:"name"`
	}
	type data struct {
		Title  string      `json:"title"`
		Editor *personData `json:"editor"`
	}
	person := &rest.ModelSerializer[author, personData]{}
	s := &rest.ModelSerializer[book, data]{
		Fields: func(d *data) []rest.FieldOption { return []rest.FieldOption{rest.Nested(&d.Editor, person)} },
		Create: func(r *rest.Request, in *rest.Input[data]) (*book, error) { return nil, rest.Conflict("No.") },
		Update: func(r *rest.Request, b *book, in *rest.Input[data]) error {
			if err := in.ApplyNested(r, &in.Data.Editor, b.Editor); err != nil {
				return err
			}
			if err := r.Save(b.Editor); err != nil {
				return err
			}
			return in.Apply(r, b)
		},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("books", &rest.ViewSet[book]{Serializer: s, PerformUpdate: func(r *rest.Request, b *book) error {
				return r.Save(b)
			}})
		})
		stock(t, c, 1)
		got := c.Patch("/books/1/", `{"editor":{"name":"Renamed"}}`)
		if n := len(c.Get("/raw/authors/").List()); n != 2 {
			t.Errorf("%d authors, want 2: the editor was inserted again (%s)", n, got)
		}
		say(t, got, `200 {"title":"Book 1","editor":{"name":"Renamed"}}`)
		say(t, c.Get("/raw/authors/1/"), `200 {"id":1,"name":"Renamed","contact":null}`)
	})
}

// TestChangesThroughPointersAreSaved: a hook may change what a nullable field points to.
func TestChangesThroughPointersAreSaved(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("books", &rest.ViewSet[book]{Serializer: titleForm, Actions: []rest.Action[book]{
				{Name: "number", Handle: rest.Change(func(_ *rest.Request, b *book) error { *b.ISBN += "9"; return nil })},
			}})
		})
		stock(t, c, 1)
		c.Patch("/raw/books/1/", `{"isbn":"1"}`)
		c.Post("/books/1/number/", nil)
		if got := c.Get("/raw/books/1/").Field("isbn"); got != "19" {
			t.Errorf("got %v, want 19", got)
		}
	})
}
