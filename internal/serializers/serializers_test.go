package serializers_test

import (
	"slices"
	"testing"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/internal/serializers"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// counter is the forms of the shop behind addresses that everybody may use: what is refused, the form refuses.
type counter struct {
	*resttest.Client
	db    *orm.DB
	users *identity.Store
	alice *identity.User
}

// each runs a test on empty tables of both databases. Requests are alice's.
func each(t *testing.T, test func(t *testing.T, c *counter)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: migrations.Files()}); err != nil {
			t.Fatal(err)
		}
		config := resttest.Config(t, db, resttest.Registry(t, models.All()...))
		config.Permissions = []rest.Permission{rest.AllowAny}
		config.Storage = rest.DirStorage{Dir: t.TempDir()}
		c := &counter{db: db, users: config.Users, alice: identitytest.User(t, config.Users, "alice", "correct horse")}
		c.Client = resttest.NewClient(t, resttest.Serve(t, routes(config))).Basic("alice", "correct horse")
		test(t, c)
	})
}

func routes(config rest.Config) *rest.Router {
	router := rest.NewRouter(config)
	g := router.Group("/")
	g.Register("users", &rest.ViewSet[identity.User]{Serializer: serializers.User})
	g.Register("accounts", &rest.ViewSet[identity.User]{Serializer: serializers.UserAdmin}, "account")
	g.Register("groups", &rest.ViewSet[identity.Group]{Serializer: serializers.Group})
	g.Register("permissions", &rest.ViewSet[identity.Permission]{Serializer: serializers.Permission})
	g.Register("categories", &rest.ViewSet[models.Category]{Serializer: serializers.Category})
	g.Register("tags", &rest.ViewSet[models.Tag]{Serializer: serializers.Tag})
	g.Register("products", &rest.ViewSet[models.Product]{Serializer: serializers.Product})
	g.Register("reviews", &rest.ViewSet[models.Review]{
		Serializer: serializers.Review,
		PerformCreate: func(r *rest.Request, review *models.Review) error {
			review.AuthorID, review.Author = r.User().ID, r.User()
			return r.Save(review)
		},
	})
	g.Register("orders", &rest.ViewSet[models.Order]{
		Serializer: serializers.Order, Serializers: map[string]rest.Serializable[models.Order]{"partial_update": serializers.OrderUpdate},
	})
	g.Handle("set-password/", form(serializers.SetPassword), "set-password")
	g.Handle("restock/", form(serializers.Restock), "restock")
	g.Handle("address/", form(serializers.Address), "address")
	g.Handle("stock/", form(serializers.Stock), "stock")
	g.Handle("stats/", form(serializers.OrderStats), "stats")
	g.Handle("tree/", form(serializers.CategoryTree), "tree")
	return router
}

// form is a view that answers what it read.
func form[D any](s *rest.Serializer[D]) *rest.View {
	return &rest.View{Methods: map[string]rest.Endpoint{"POST": {Input: s, Output: s, Handle: func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, s)
		if err != nil {
			return nil, err
		}
		return rest.Answer(r, s, &in.Data)
	}}}}
}

// exchange is a request with a body and what is answered; an answer that ends in "…" is its beginning.
type exchange struct{ method, path, body, want string }

func (c *counter) exchanges(t *testing.T, list []exchange) {
	t.Helper()
	for _, e := range list {
		got := c.Do(e.method, e.path, e.body).String()
		if begin, cut := cutDots(e.want); got != e.want && (!cut || len(got) < len(begin) || got[:len(begin)] != begin) {
			t.Errorf("%s %s %s\n got %s\nwant %s", e.method, e.path, e.body, got, e.want)
		}
	}
}

func cutDots(want string) (begin string, cut bool) {
	const dots = "…"
	if len(want) < len(dots) || want[len(want)-len(dots):] != dots {
		return want, false
	}
	return want[:len(want)-len(dots)], true
}

// hasKeys checks the keys of an object and that none else is shown.
func hasKeys(t *testing.T, a *resttest.Answer, keys ...string) {
	t.Helper()
	object := a.Object()
	for name := range object {
		if !slices.Contains(keys, name) {
			t.Errorf("%s: shows %s", a.Request, name)
		}
	}
	for _, key := range keys {
		if _, ok := object[key]; !ok {
			t.Errorf("%s: lacks %s: %s", a.Request, key, a)
		}
	}
}

// create stores a model.
func create[M any](t *testing.T, c *counter, m *M) *M {
	t.Helper()
	if err := c.db.Gorm.Create(m).Error; err != nil {
		t.Fatal(err)
	}
	return m
}
