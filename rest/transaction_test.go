package rest_test

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// counter is an API with one action of a test's own, as a POST and a GET, in a transaction or without one.
type counter struct {
	*resttest.Client
	db  *orm.DB
	run func(r *rest.Request) (*rest.Response, error)
}

func newCounter(t *testing.T, db *orm.DB, change ...func(c *rest.Config)) *counter {
	c := &counter{db: db}
	run := func(r *rest.Request) (*rest.Response, error) { return c.run(r) }
	primary := rest.PermissionFunc(func(r *rest.Request) (bool, error) { r.Primary(); return true, nil })
	c.Client = library(t, db, func(g *rest.Group) {
		g.Register("fresh", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Permissions: []rest.Permission{primary}}, "fresh")
		g.Register("shelf", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher](), Actions: []rest.Action[publisher]{
			{Name: "atomic", Handle: rest.OnCollection[publisher](http.MethodPost, nil, run)},
			{Name: "plain", Handle: rest.OnCollection[publisher](http.MethodPost, nil, run), NonAtomicRequests: true},
			{Name: "read", Handle: rest.OnCollection[publisher](http.MethodGet, nil, run)},
		}}, "shelf")
		g.Handle("view/", &rest.View{Name: "View", Methods: map[string]rest.Endpoint{http.MethodPost: {Handle: run}}}, "view")
	}, change...)
	return c
}

// names are the publishers that are stored.
func (c *counter) names(t *testing.T) string {
	t.Helper()
	var names []string
	if err := c.db.Gorm.WithContext(t.Context()).Model(&publisher{}).Order("id").Pluck("name", &names).Error; err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func saved(r *rest.Request, names ...string) error {
	for _, name := range names {
		if err := r.Save(&publisher{Name: name}); err != nil {
			return err
		}
	}
	return nil
}

// TestRequestTransactions: what an action writes is kept when it answers and undone when it fails, whatever it wrote with.
func TestRequestTransactions(t *testing.T) {
	refuse := rest.InvalidField("name", "No.")
	ok := rest.NoContent()
	cases := []struct {
		name, path string
		run        func(r *rest.Request) (*rest.Response, error)
		status     int
		stays      string
		begun      int64 // statements of transactions
	}{
		{"two writes", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) { return ok, saved(r, "a", "b") }, 204, "a b", 2},
		{"an error after two writes", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return nil, errors.Join(saved(r, "a", "b"), refuse)
		}, 400, "", 2},
		{"by a view", "/view/", func(r *rest.Request) (*rest.Response, error) { return nil, errors.Join(saved(r, "a"), refuse) }, 400, "", 2},
		{"by GORM", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return nil, errors.Join(r.DB().Create(&publisher{Name: "a"}).Error, refuse)
		}, 400, "", 2},
		{"a panic", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) { panic(errors.Join(saved(r, "a"), refuse)) }, 500, "", 2},
		{"an answer that says 400", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return &rest.Response{Status: 400}, saved(r, "a")
		}, 400, "a", 2},
		{"SetRollback", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			r.SetRollback()
			return ok, saved(r, "a")
		}, 204, "", 2},
		{"left to the handler", "/shelf/plain/", func(r *rest.Request) (*rest.Response, error) {
			return nil, errors.Join(saved(r, "a"), r.Atomic(func() error { return errors.Join(saved(r, "b"), refuse) }))
		}, 400, "a", 2},
		{"a safe method", "/shelf/read/", func(r *rest.Request) (*rest.Response, error) { return nil, errors.Join(saved(r, "a"), refuse) }, 400, "a", 0},
		{"nothing asked", "/shelf/atomic/", func(*rest.Request) (*rest.Response, error) { return ok, nil }, 204, "", 0},
		{"a part that fails", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			err := saved(r, "a")
			_ = r.Atomic(func() error { return errors.Join(saved(r, "b"), refuse) })
			return ok, err
		}, 204, "a", 5},
		{"one part for all", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return ok, r.Atomic(func() error { return saved(r, "a") })
		}, 204, "a", 2},
		{"durable", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return ok, r.AtomicWith(orm.AtomicOptions{Durable: true}, func() error { return saved(r, "a") })
		}, 500, "", 0},
		{"serializable", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return ok, r.AtomicWith(orm.AtomicOptions{Isolation: sql.LevelSerializable, Attempts: 2}, func() error { return saved(r, "a") })
		}, 204, "a", 2},
		{"a swallowed failure", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			_ = saved(r, "a", "a")
			return ok, nil
		}, 500, "", 2},
		{"found out at the COMMIT", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			return ok, r.QueueSave(&publisher{Name: "a"}, &publisher{Name: "a"})
		}, 400, "", 2},
		{"a lock", "/shelf/atomic/", func(r *rest.Request) (*rest.Response, error) {
			_, err := rest.LockWith[publisher](r, []int64{1}, orm.LockOptions{SkipLocked: true, NoKey: true})
			return ok, errors.Join(err, saved(r, "a"))
		}, 204, "a", 2},
		{"a lock that nothing keeps", "/shelf/plain/", func(r *rest.Request) (*rest.Response, error) {
			_, err := rest.Lock[publisher](r, []int64{1})
			return ok, err
		}, 500, "", 0},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := newCounter(t, db)
		for _, tc := range cases {
			ctx, count := orm.CountStatements(t.Context())
			c.run, c.Context = tc.run, ctx
			ask := c.Post
			if strings.Contains(tc.path, "read") {
				ask = func(path string, _ any) *resttest.Answer { return c.Get(path) }
			}
			a := ask(tc.path, nil)
			if a.Status != tc.status || c.names(t) != tc.stays {
				t.Errorf("%s: %s, and %q stays", tc.name, a, c.names(t))
			}
			// PostgreSQL's ROLLBACK and SQLite's are counted alike, but for that of a connection that is given back.
			if n := count.Transactions(); tc.begun == 0 && n != 0 || n > tc.begun {
				t.Errorf("%s: %d statements of transactions, want %d", tc.name, n, tc.begun)
			}
			c.Context = nil
			if err := db.Gorm.WithContext(t.Context()).Exec("DELETE FROM lib_publisher").Error; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestHooksRunBeforeTheAnswer, after the COMMIT, and outside of the transaction.
func TestHooksRunBeforeTheAnswer(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := newCounter(t, db)
		var seen string
		c.run = func(r *rest.Request) (*rest.Response, error) {
			orm.OnCommit(r.DB(), func() {
				if err := saved(r, "hook"); err != nil || r.Echo().Response().Committed {
					t.Errorf("the answer is sent: %v, %v", r.Echo().Response().Committed, err)
				}
				seen = c.names(t)
			})
			return rest.NoContent(), saved(r, "a")
		}
		if a := c.Post("/shelf/atomic/", nil); a.Status != 204 || seen != "a hook" {
			t.Errorf("%s: the hook saw %q", a, seen)
		}
	})
}

// TestNoSuccessWithoutCommit: a COMMIT that fails is no 2xx; one that fails behind an answer that was sent is logged.
func TestNoSuccessWithoutCommit(t *testing.T) {
	const lost = "the answer was sent, and then its transaction could not be committed"
	send := func(r *rest.Request) error { return r.Echo().String(http.StatusAccepted, "Soon.") }
	dangle := func(r *rest.Request) error { return r.DB().Exec("INSERT INTO checked_late VALUES (99)").Error }
	cases := []struct {
		name   string
		run    func(r *rest.Request) (*rest.Response, error)
		status int
		logged bool
	}{
		{"answered behind it", func(r *rest.Request) (*rest.Response, error) { return rest.NoContent(), dangle(r) }, 409, false},
		{"sent before it", func(r *rest.Request) (*rest.Response, error) { return nil, errors.Join(dangle(r), send(r)) }, 202, true},
		{"failed after the answer", func(r *rest.Request) (*rest.Response, error) {
			return nil, errors.Join(dangle(r), send(r), rest.ErrNotFound)
		}, 202, false},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		var log bytes.Buffer
		c := newCounter(t, db, func(c *rest.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		create := "CREATE TABLE checked_late (id bigint REFERENCES lib_publisher (id) DEFERRABLE INITIALLY DEFERRED)"
		if err := db.Gorm.Exec(create).Error; err != nil {
			t.Fatal(err)
		}
		for _, tc := range cases {
			c.run = tc.run
			log.Reset()
			a := c.Post("/shelf/atomic/", nil)
			if n := number(t, db, "SELECT COUNT(*) FROM checked_late"); a.Status != tc.status || n != 0 {
				t.Errorf("%s: %s, %d rows stay", tc.name, a, n)
			}
			if logged := strings.Contains(log.String(), lost); logged != tc.logged {
				t.Errorf("%s: the log says %q", tc.name, log.String())
			}
		}
	})
}

// TestReplicasAnswerSafeRequests, until Primary is called or something is written; the database itself answers all others.
func TestReplicasAnswerSafeRequests(t *testing.T) {
	cases := []struct {
		name, method, path string
		before             func(r *rest.Request) error // the read; nil for nothing
		want               string
	}{
		{"a built-in GET", http.MethodGet, "/raw/publishers/1/", nil, "replica"},
		{"a GET", http.MethodGet, "/shelf/read/", nil, "replica"},
		{"Primary", http.MethodGet, "/shelf/read/", func(r *rest.Request) error { r.Primary(); return nil }, "primary"},
		{"Primary in a permission", http.MethodGet, "/fresh/1/", nil, "primary"},
		{"a write", http.MethodGet, "/shelf/read/", func(r *rest.Request) error { return saved(r, "x") }, "primary"},
		{"a POST", http.MethodPost, "/shelf/atomic/", nil, "primary"},
		{"a POST without a transaction", http.MethodPost, "/shelf/plain/", nil, "primary"},
		{"a built-in PATCH", http.MethodPatch, "/raw/publishers/1/", nil, "primary"},
	}
	for dialect, address := range map[string]func(testing.TB) string{orm.SQLite: ormtest.SQLite, orm.Postgres: ormtest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			c := newReplicated(t, address)
			for _, tc := range cases {
				c.run = func(r *rest.Request) (p *rest.Response, err error) {
					if tc.before != nil {
						err = tc.before(r)
					}
					var first publisher
					return rest.OK(&first), errors.Join(err, r.DB().First(&first).Error)
				}
				if a := c.Do(tc.method, tc.path, map[string]any{}); a.Status != 200 || !strings.Contains(a.Text(), tc.want) {
					t.Errorf("%s: %s, want the %s", tc.name, a, tc.want)
				}
			}
		})
	}
}

// newReplicated is a counter with a stand-in for a replica: a second database, whose one publisher says who answers.
func newReplicated(t *testing.T, address func(testing.TB) string) *counter {
	t.Helper()
	replica := address(t)
	copied := ormtest.Open(t, replica)
	resttest.CreateTables(t, copied, resttest.Registry(t, libraryModels()...))
	db, err := orm.Open(t.Context(), orm.Config{URL: address(t), Replicas: []string{replica}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	c := newCounter(t, db)
	err = errors.Join(db.Gorm.Create(&publisher{Name: "primary"}).Error, copied.Gorm.Create(&publisher{Name: "replica"}).Error)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestUsersAreInTheTransaction: accounts are changed with the rest, and undone with it; SQLite's writer is not waited for.
func TestUsersAreInTheTransaction(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := newCounter(t, db)
		c.run = func(r *rest.Request) (*rest.Response, error) {
			err := saved(r, "a")
			g := r.Users().DB
			if !orm.InTransaction(g) {
				t.Error("the accounts are outside of the transaction")
			}
			return nil, errors.Join(err, g.Create(&publisher{Name: "b"}).Error, rest.ErrNotFound)
		}
		if a := c.Post("/shelf/atomic/", nil); a.Status != 404 || c.names(t) != "" {
			t.Errorf("%s: %q stays", a, c.names(t))
		}
	})
}

// TestLookUpsComeBeforeTheTransaction: what a built-in write asks before it writes, and a refusal, begin none.
func TestLookUpsComeBeforeTheTransaction(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		var locked bool
		c := library(t, db, func(g *rest.Group) {
			g.Register("locking", &rest.ViewSet[book]{
				Serializer: rest.Auto[book](),
				QuerySet: func(r *rest.Request, q *gorm.DB) *gorm.DB {
					if locked {
						return orm.ForUpdate(q, orm.LockOptions{})
					}
					return q
				},
			}, "locking")
		})
		stock(t, c, 1)
		for _, tc := range []struct {
			method, path, body string
			locked             bool
			status             int
			transactions       int64
		}{
			{"POST", "/raw/books/", `{"title":"x","slug":"b1","publisher":9,"authors":[9]}`, false, 400, 0},
			{"PATCH", "/raw/books/1/", `{"title":""}`, false, 400, 0},
			{"PATCH", "/raw/books/1/", `{"title":"Other","slug":"other"}`, false, 200, 2},
			{"PATCH", "/locking/1/", `{"title":""}`, false, 400, 0},
			{"PATCH", "/locking/1/", `{"title":"Again"}`, true, 200, 2},
			{"DELETE", "/raw/books/1/", "", false, 204, 2},
		} {
			ctx, count := orm.CountStatements(t.Context())
			c.Context, locked = ctx, tc.locked
			a := c.Do(tc.method, tc.path, tc.body)
			if a.Status != tc.status || count.Transactions() != tc.transactions {
				t.Errorf("%s %s: %s, %d statements of transactions, want %d: %q", tc.method, tc.path, a, count.Transactions(), tc.transactions, count.Texts())
			}
		}
	})
}
