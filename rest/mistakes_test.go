package rest_test

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// TestMistakes: what is decided at start-up is refused there, each mistake with its place and the way out.
func TestMistakes(t *testing.T) {
	type plain struct {
		Name string `json:"name"`
	}
	resource := func(s rest.Serializable[book]) func(g *rest.Group) {
		return func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: s}) }
	}
	sheetOf := func(s sheet) func(g *rest.Group) { return func(g *rest.Group) { s(g, "form/") } }
	for _, c := range []struct {
		what     string
		register func(g *rest.Group)
		want     []string // parts of the error
	}{
		{"no serializer", func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{}) }, []string{"rest_test.book: ", "no Serializer; declare a *rest.ModelSerializer"}},
		{"a model that is not registered", func(g *rest.Group) { g.Register("pets", &rest.ViewSet[pet]{Serializer: rest.Auto[pet]()}) }, []string{"rest_test.pet: ", "add it to the list given to orm.NewRegistry"}},
		{"a form that is no struct", sheetOf(form[int]()), []string{"Sheet: ", "int is no struct"}},
		{"an unknown word", sheetOf(form[struct {
			V string `rest:"readnoly"`
		}]()), []string{".V: ", `rest tag "readnoly" is unknown`}},
		{"a word with a value it does not take", sheetOf(form[struct {
			V string `rest:"readonly=yes"`
		}]()), []string{`rest tag "readonly" is unknown`}},
		{"a number that is none", sheetOf(form[struct {
			V string `rest:"maxlength=ten"`
		}]()), []string{`"ten" is no number; write maxlength=10`}},
		{"a default that the field refuses", sheetOf(form[struct {
			V int `rest:"default=x"`
		}]()), []string{"Sheet.V: default=x: ", "A valid integer is required."}},
		{"a bound that is none", sheetOf(form[struct {
			V int `rest:"min=low"`
		}]()), []string{`Sheet.V: the bound "low"`}},
		{"a bound of what has none", sheetOf(form[struct {
			V map[string]int `rest:"max=3"`
		}]()), []string{"Sheet.V: the bound"}},
		{"a type without a form", sheetOf(form[struct{ V chan int }]()), []string{"Sheet.V: a chan int has no JSON form; use one of the types"}},
		{"an unknown rule", sheetOf(form[struct {
			V string `validate:"hexcolour"`
		}]()), []string{`Sheet.V: validate:"hexcolour"`}},
		{"a pattern that is none", sheetOf(option(func(d *plain) rest.FieldOption { return rest.Matches(&d.Name, "(", "x") })), []string{`plain.Name: the pattern "("`}},
		{"an unknown zone", sheetOf(form[struct {
			V orm.Date `rest:"datetime,zone=Mars"`
		}]()), []string{"Sheet.V: unknown time zone Mars"}},
		{"an option of another struct", sheetOf(option(func(*plain) rest.FieldOption { return rest.Field(new(int)) })), []string{"no field of rest_test.plain; give it the address of one of the probe's fields"}},
		{"a nested serializer of another struct", sheetOf(option(func(d *struct{ V pointData }) rest.FieldOption { return rest.Nested(&d.V, amountForm) })), []string{"field V: Nested with a serializer of rest_test.amountData"}},
		{"no such field of the model", resource(&rest.ModelSerializer[book, struct{ Nam string }]{Name: "Book"}), []string{"Book.Nam: rest_test.book has no field Nam; name a field, relation or method"}},
		{"no such field behind a relation", resource(&rest.ModelSerializer[book, struct {
			V string `rest:"readonly,source=Publisher.Nam"`
		}]{Name: "Book"}), []string{"rest_test.publisher has no field Nam"}},
		{"a source that cannot be stored", resource(&rest.ModelSerializer[book, struct {
			V string `rest:"source=Publisher.Name"`
		}]{Name: "Book"}), []string{"Book.V: a field with the source Publisher.Name cannot be stored by itself; tag it readonly"}},
		{"nested objects that nobody stores", resource(&rest.ModelSerializer[book, struct{ Chapters []chapterData }]{Name: "Book"}), []string{"Book.Chapters: a writable nested field needs the serializer's Create and Update"}},
		{"a type that is not the model's", resource(&rest.ModelSerializer[book, struct{ Title int }]{Name: "Book"}), []string{"Book.Title: ", "cannot stand for"}},
		{"no such slug", resource(&rest.ModelSerializer[book, struct {
			Publisher rest.Related[publisher] `rest:"slug=Nam"`
		}]{Name: "Book"}), []string{"Book.Publisher: slug=Nam: lib.publisher has no field of that name"}},
		{"needs of what is no relation", resource(&rest.ModelSerializer[book, struct {
			Shout string `rest:"needs=Title"`
		}]{Name: "Book"}), []string{"Book.Shout: needs Title: rest_test.book.Title is no relation"}},
		{"a reverse relation written", resource(&rest.ModelSerializer[book, struct{ Chapters []rest.Related[chapter] }]{Name: "Book"}), []string{"Book.Chapters: a reverse relation cannot be written; tag it readonly"}},
		{"a method that takes something", resource(&rest.ModelSerializer[book, struct{ Repeat string }]{Name: "Book"}), []string{"the method Repeat must take nothing and return one value"}},
		{"no such lookup", func(g *rest.Group) { g.Register("b", &rest.ViewSet[book]{Serializer: titleForm, Lookup: "slag"}) }, []string{`book.Lookup: there is no field "slag"; it has id, title, slug`}},
		{"no such filter", func(g *rest.Group) {
			g.Register("b", &rest.ViewSet[book]{Serializer: titleForm, Filters: rest.Filters{rest.By("titel"), rest.By("pages", "sounds")}})
		}, []string{"titel", "sounds"}},
		{"no such search and order", func(g *rest.Group) {
			g.Register("b", &rest.ViewSet[book]{Serializer: titleForm, Search: []string{"nope"}, Ordering: []string{"never"}, Order: []string{"-nil"}})
		}, []string{"nope", "never", "nil"}},
		{"a throttle without a rate", func(g *rest.Group) {
			g.Register("b", &rest.ViewSet[book]{Serializer: titleForm, Throttles: []rest.Throttle{rest.UserThrottle{Scope: "unheard"}}})
		}, []string{"route /b/: ", "unheard"}},
		{"an address twice", func(g *rest.Group) {
			g.Register("b", &rest.ViewSet[book]{Serializer: titleForm}, "one").Register("b", &rest.ViewSet[book]{Serializer: titleForm}, "two")
		}, []string{"route /b/: it is registered twice, as one-list and as two-list; give one another prefix"}},
		{"a part that is no pattern", func(g *rest.Group) { g.Handle("a/{name:(}/", getOnly(where), "") }, []string{"route /a/{name:(}/: "}},
		{"an endpoint without a handler", func(g *rest.Group) {
			g.Handle("a/", &rest.View{Name: "Empty", Methods: map[string]rest.Endpoint{"GET": {}}}, "")
		}, []string{"view Empty: GET has no Handle"}},
		{"a file without storage", func(g *rest.Group) {
			g.Register("s", &rest.ViewSet[scan]{Serializer: rest.Auto[scan]()})
		}, []string{"rest_test.scan.Picture: a writable file field needs rest.Config.Storage; set it"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			db := ormtest.Open(t, ormtest.SQLite(t))
			registry := resttest.Registry(t, libraryModels()...)
			_, err := routerOf(t, db, registry, c.register, withoutStorage).Build()
			if err == nil {
				t.Fatal("it is accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

// Repeat is a method that is no property.
func (b *book) Repeat(int) string { return b.Title }

// TestMistakesComeTogether: one start shows all of them.
func TestMistakesComeTogether(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	_, err := routerOf(t, db, resttest.Registry(t, libraryModels()...), func(g *rest.Group) {
		g.Register("a", &rest.ViewSet[book]{})
		g.Register("b", &rest.ViewSet[book]{Lookup: "x", Search: []string{"y"}, Serializer: &rest.ModelSerializer[book, struct {
			A string
			B string `rest:"source=C"`
		}]{Name: "Two"}})
	}).Build()
	if err == nil {
		t.Fatal("accepted")
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 6 {
		t.Errorf("%d lines, want a headline and five mistakes:\n%v", len(lines), err)
	}
}

func TestConfigLacks(t *testing.T) {
	_, err := rest.NewRouter(rest.Config{}).Build()
	if err == nil || !strings.Contains(err.Error(), "DB (open one with orm.Open), Registry (make one with orm.NewRegistry), Users (make one with identity.NewStore)") {
		t.Errorf("got %v", err)
	}
}

func withoutStorage(c *rest.Config) { c.Storage = nil }
