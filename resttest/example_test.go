package resttest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// Tag is a model of the example.
type Tag struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:50;unique"`
}

// Meta describes the table.
func (Tag) Meta() orm.Meta { return orm.Meta{App: "catalog", Ordering: []string{"name"}} }

// TableName is Django's.
func (Tag) TableName() string { return "catalog_tag" }

func tags(config rest.Config) *rest.Router {
	config.Permissions = []rest.Permission{rest.AllowAny}
	router := rest.NewRouter(config)
	router.Group("/api/").Register("tags", &rest.ViewSet[Tag]{Serializer: rest.Auto[Tag]()})
	return router
}

func testTags(t *testing.T, db *orm.DB) {
	registry := resttest.Registry(t, &Tag{})
	resttest.CreateTables(t, db, registry)
	c := resttest.NewClient(t, resttest.Serve(t, tags(resttest.Config(t, db, registry))))
	if a := c.Post("/api/tags/", `{"name": "red"}`); a.Status != http.StatusCreated {
		t.Errorf("%s", a)
	}
	if a := c.Post("/api/tags/", `{"name": "red"}`); a.String() != `400 {"name":["tag with this name already exists."]}` {
		t.Errorf("%s", a)
	}
	before := c.Get("/api/tags/").Statements
	c.Post("/api/tags/", `{"name": "green"}`)
	if a := c.Get("/api/tags/"); a.Statements != before || len(a.List()) != 2 {
		t.Errorf("%d statements instead of %d for %s", a.Statements, before, a)
	}
}

// A test of an API: a database of its own on SQLite and on PostgreSQL, requests, and what came back (testTags).
func Example() {
	_ = func(t *testing.T) { ormtest.Each(t, testTags) } // func TestTags(t *testing.T)
}

// An answer is compared as a whole with the recorded one; "go test -update-golden" records it.
func ExampleAnswer_Golden() {
	_ = func(t *testing.T, c *resttest.Client) {
		c.Get("/api/tags/?search=red").Golden("tags/search", "Allow", "Vary")
		c.Options("/api/tags/").Golden("tags/options")
	}
}

// A form with a file.
func ExampleMultipart() {
	picture := []byte("\x89PNG…")
	_ = func(c *resttest.Client) string {
		form := new(resttest.Multipart).Field("name", "Tea").File("image", "tea.png", picture)
		return fmt.Sprint(c.Bearer("token").Patch("/api/products/1/", form))
	}
}

// A browser's session: the form at the login's address sets the CSRF cookie, the session's cookie comes with the answer,
// and both are sent from then on.
func ExampleClient_Login() {
	_ = func(c *resttest.Client) (status int) {
		c.Login("/api-auth/login/", "ann", "secret")
		return c.Post("/api/tags/", `{"name": "red"}`).Status
	}
}
