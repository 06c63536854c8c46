package rest_test

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// linkedBook names everything by addresses.
type linkedBook struct {
	URL       string                  `json:"url" rest:"identity,view=linked-book-detail"`
	Title     string                  `json:"title"`
	Slug      string                  `json:"slug"`
	Publisher rest.Related[publisher] `json:"publisher" rest:"view=linked-publisher-detail"`
	Editor    rest.Related[author]    `json:"editor" rest:"view=linked-author-detail,lookup=Name"`
	Authors   []rest.Related[author]  `json:"authors" rest:"view=linked-author-detail,lookup=Name"`
	First     string                  `json:"first_url" rest:"identity,view=linked-book-first"`
}

// linked serves books by addresses, with what they refer to.
func linked(t *testing.T, db *orm.DB) *resttest.Client {
	c := library(t, db, func(g *rest.Group) {
		g.Register("linked/publishers", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher]()}, "linked-publisher")
		g.Register("linked/authors", &rest.ViewSet[author]{Serializer: rest.Auto[author](), Lookup: "name"}, "linked-author")
		g.Register("linked/books", &rest.ViewSet[book]{
			Serializer: &rest.ModelSerializer[book, linkedBook]{},
			Actions: []rest.Action[book]{{Name: "first", Handle: rest.OnObject("GET", nil, func(_ *rest.Request, b *book) (*rest.Response, error) {
				return rest.OK(b.Title), nil
			})}},
		}, "linked-book")
	})
	stock(t, c, 1)
	return c
}

const linkedOne = `{"url":"http://testserver/linked/books/1/","title":"Book 1","slug":"b1","publisher":"http://testserver/linked/publishers/2/","editor":"http://testserver/linked/authors/Author%20North/","authors":["http://testserver/linked/authors/Author%20North/","http://testserver/linked/authors/Author%20South/"],"first_url":"http://testserver/linked/books/1/first/"}`

func TestHyperlinks(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := linked(t, db)
		say(t, c.Get("/linked/books/1/"), "200 "+linkedOne)
		say(t, c.Get("/linked/books/"), "200 ["+linkedOne+"]")
		made := c.Post("/linked/books/", `{"title":"Two","slug":"two","publisher":"/linked/publishers/1/","editor":null,"authors":["http://anywhere/linked/authors/Author%20South/"]}`)
		if made.Status != 201 || made.Header.Get("Location") != made.Field("url") || made.Field("editor") != nil {
			t.Errorf("%s with Location %q", made, made.Header.Get("Location"))
		}
		if got := c.Get("/linked/books/1.json").Field("url"); got != "http://testserver/linked/books/1.json" {
			t.Errorf("the address does not keep the suffix: %v", got)
		}
	})
}

func TestWrongHyperlinks(t *testing.T) {
	c := linked(t, ormtest.Open(t, ormtest.SQLite(t)))
	for _, test := range []struct{ sent, want string }{
		{`"/nowhere/"`, "Invalid hyperlink - No URL match."},
		{`"/linked/publishers/1"`, "Invalid hyperlink - No URL match."},
		{`"/linked/authors/Author%20South/"`, "Invalid hyperlink - Incorrect URL match."},
		{`"/linked/publishers/"`, "Invalid hyperlink - Incorrect URL match."},
		{`"/linked/publishers/99/"`, "Invalid hyperlink - Object does not exist."},
		{`"/linked/publishers/x/"`, "Invalid hyperlink - Object does not exist."},
		{`7`, "Incorrect type. Expected URL string, received int."},
		{`""`, "This field may not be null."},
	} {
		say(t, c.Patch("/linked/books/1/", `{"publisher":`+test.sent+`}`), `400 {"publisher":["`+test.want+`"]}`)
	}
}

func TestHyperlinksThatLeadNowhereAreReported(t *testing.T) {
	type data struct {
		URL    string               `json:"url" rest:"identity,view=nothing"`
		Editor rest.Related[author] `json:"editor" rest:"view=x-detail,lookup=Name"`
	}
	registry := resttest.Registry(t, libraryModels()...)
	router := routerOf(t, ormtest.Open(t, ormtest.SQLite(t)), registry, func(g *rest.Group) {
		g.Register("x", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, data]{}}, "x")
	})
	_, err := router.Build()
	if err == nil || !strings.Contains(err.Error(), "view=nothing: there is no route") || !strings.Contains(err.Error(), "view=x-detail: the route has no part {name}") {
		t.Errorf("%v", err)
	}
}

// TestDepth nests related objects with all their fields.
func TestDepth(t *testing.T) {
	type data struct {
		ID        int64                   `json:"id"`
		Publisher rest.Related[publisher] `json:"publisher"`
		Editor    rest.Related[author]    `json:"editor" rest:"slug=Name"`
		Chapters  []rest.Related[chapter] `json:"chapters"`
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("deep", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, data]{Depth: 1}}, "deep")
			g.Register("chapters", &rest.ViewSet[chapter]{Serializer: &rest.ModelSerializer[chapter, chapter]{Depth: 2}}, "deep-chapter")
		})
		stock(t, c, 1)
		say(t, c.Get("/deep/1/"), `200 {"id":1,"publisher":{"id":2,"name":"South"},"editor":"Author North","chapters":[{"id":3,"number":1,"title":"Chapter 1","mood":"calm","book":1},{"id":2,"number":2,"title":"Chapter 2","mood":"calm","book":1},{"id":1,"number":3,"title":"Chapter 3","mood":"calm","book":1}]}`)
		got := c.Get("/chapters/1/").String()
		for _, part := range []string{`"book":{"id":1,`, `"publisher":{"id":2,"name":"South"}`, `"authors":[{"id":1,"name":"Author North","contact":null}`} {
			if !strings.Contains(got, part) {
				t.Errorf("%s is not in %s", part, got)
			}
		}
	})
}
