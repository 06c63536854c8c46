package viewsets_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/internal/router"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/resttest"
)

const key = "a key of tests that is long enough for every use of it"

var schema = ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
	_, err := migrate.Migrate(ctx, db, migrate.Options{FS: migrations.Files()})
	return err
}}

// shop is the served application over a database of its own.
type shop struct {
	*resttest.Client
	db     *orm.DB
	users  *identity.Store
	tokens *jwtauth.Service
}

// each runs a test on the shop over SQLite and over PostgreSQL.
func each(t *testing.T, test func(t *testing.T, s *shop)) {
	t.Helper()
	t.Run(orm.SQLite, func(t *testing.T) { test(t, open(t, schema.SQLite(t))) })
	t.Run(orm.Postgres, func(t *testing.T) { test(t, open(t, schema.Postgres(t))) })
}

func open(t *testing.T, url string) *shop {
	t.Helper()
	config, err := quintet.LoadConfig([]string{
		"DATABASE_URL=" + url, "QUINTET_SECRET_KEY=" + key, "QUINTET_ALLOWED_HOSTS=testserver", "QUINTET_REQUEST_TIMEOUT=60s",
		"QUINTET_ACCOUNT_CACHE=0s", // statements are counted
		"QUINTET_DB_TIMEOUT=50s", "QUINTET_MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"),
	})
	if err != nil {
		t.Fatal(err)
	}
	app := quintet.New(router.Shop())
	log := &complaints{t: t}
	if err := app.Open(t.Context(), config, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	handler, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{Client: resttest.NewClient(t, handler), db: app.DB(), users: identitytest.Store(app.DB().Gorm)}
	s.tokens, err = jwtauth.New(jwtauth.Config{SigningKey: key}, s.db.Gorm, s.users)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// complaints shows what the server logs as an error.
type complaints struct {
	t    *testing.T
	lock sync.Mutex
}

func (c *complaints) Write(p []byte) (int, error) {
	c.lock.Lock()
	defer c.lock.Unlock()
	if strings.Contains(string(p), "ERROR") {
		fmt.Fprintf(os.Stderr, "%s: %s", c.t.Name(), p)
	}
	return len(p), nil
}

// as is a client of a new account.
func (s *shop) as(t *testing.T, name string, staff bool) *resttest.Client {
	t.Helper()
	user, err := s.users.CreateUser(t.Context(), identity.NewUser{Username: name, Email: name + "@example.com", Password: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if staff {
		user.IsStaff, user.IsSuperuser = true, true
		if err := s.db.Gorm.Model(user).Updates(map[string]any{"is_staff": true, "is_superuser": true}).Error; err != nil {
			t.Fatal(err)
		}
	}
	pair, err := s.tokens.Issue(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return s.Bearer(pair.Access)
}

// products stores n active products of one category, each with two tags, and reviews by an account; ids begin at 1.
func (s *shop) products(t *testing.T, from, n int, stock int64) {
	t.Helper()
	g := s.db.Gorm.WithContext(t.Context())
	if from == 1 {
		must(t, g.Create(&models.Category{Name: "Tea", Slug: "tea"}).Error)
		must(t, g.Create([]*models.Tag{{Name: "green"}, {Name: "new"}}).Error)
		if _, err := s.users.CreateUser(t.Context(), identity.NewUser{Username: "reviewer", Password: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	var reviewer identity.User
	must(t, g.Where("username = ?", "reviewer").Take(&reviewer).Error)
	for i := from; i < from+n; i++ {
		p := &models.Product{
			SKU: fmt.Sprintf("TEA-%04d", i), Name: fmt.Sprintf("Tea %d", i), Slug: fmt.Sprintf("tea-%d", i), CategoryID: 1,
			Price: orm.MustDecimal("2.50"), Stock: stock, Status: models.ProductActive, Attributes: orm.JSON("{}"), CreatedByID: &reviewer.ID,
		}
		must(t, g.Create(p).Error)
		must(t, g.Exec("INSERT INTO catalog_product_tags (product_id, tag_id) VALUES (?, 1), (?, 2)", p.ID, p.ID).Error)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// order is the body of an order of single pieces.
func order(products ...int) map[string]any {
	items := make([]map[string]any, len(products))
	for i, id := range products {
		items[i] = map[string]any{"product": id, "quantity": 1}
	}
	return map[string]any{
		"items":            items,
		"shipping_address": map[string]string{"name": "Ann", "line1": "Road 1", "city": "Town", "postal_code": "12345", "country": "de"},
	}
}

// count is the single number that a query gives.
func (s *shop) count(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	must(t, s.db.Gorm.Raw(query, args...).Row().Scan(&n))
	return n
}

// crowd sends n requests at the same time and counts the answers by status.
func crowd(n int, send func(i int) *resttest.Answer) (statuses map[int]int, odd []string) {
	answers := make([]*resttest.Answer, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { answers[i] = send(i) })
	}
	all.Wait()
	statuses = map[int]int{}
	for _, a := range answers {
		statuses[a.Status]++
		if a.Status >= http.StatusInternalServerError {
			odd = append(odd, a.String())
		}
	}
	return statuses, odd
}
