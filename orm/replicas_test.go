package orm_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// eachReplicated runs a test on a database with a stand-in for a replica, on both kinds: a second database, whose one shelf
// says who answers.
func eachReplicated(t *testing.T, test func(t *testing.T, open func(replicas ...string) *orm.DB, replica string)) {
	for dialect, address := range map[string]func(testing.TB) string{orm.SQLite: libraryTemplate.SQLite, orm.Postgres: libraryTemplate.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			primary, replica := address(t), address(t)
			for name, where := range map[string]string{"primary": primary, "replica": replica} {
				create(t, ormtest.Open(t, where), &Shelf{Name: name})
			}
			test(t, func(replicas ...string) *orm.DB {
				db, err := orm.Open(t.Context(), orm.Config{URL: primary, Replicas: replicas, Logger: slog.New(slog.DiscardHandler)})
				must(t, err)
				t.Cleanup(db.Close)
				return db
			}, replica)
		})
	}
}

// readers are the ways to read.
func readers() map[string]func(ctx context.Context, g *gorm.DB) (string, error) {
	return map[string]func(ctx context.Context, g *gorm.DB) (string, error){
		"batch": func(ctx context.Context, g *gorm.DB) (name string, err error) {
			b := &orm.Batch{ReadOnly: true}
			b.Query("SELECT name FROM library_shelf ORDER BY id", nil, func(rows *orm.Rows) error {
				for rows.Next() {
					return rows.Scan(&name)
				}
				return nil
			})
			err = b.Send(ctx, g)
			return name, err
		},
		"find": func(ctx context.Context, g *gorm.DB) (string, error) {
			var s Shelf
			err := g.WithContext(ctx).Order("id").First(&s).Error
			return s.Name, err
		},
		"row": func(ctx context.Context, g *gorm.DB) (name string, err error) {
			err = g.WithContext(ctx).Raw("SELECT name FROM library_shelf ORDER BY id").Row().Scan(&name)
			return name, err
		},
		"pluck": func(ctx context.Context, g *gorm.DB) (string, error) {
			var names []string
			err := g.WithContext(ctx).Model(&Shelf{}).Order("id").Limit(1).Pluck("name", &names).Error
			return strings.Join(names, ""), err
		},
	}
}

// TestReplicasRead: who answers depends on the context and on what was done with it before, whichever way is asked.
func TestReplicasRead(t *testing.T) {
	eachReplicated(t, func(t *testing.T, open func(...string) *orm.DB, replica string) {
		db := open(replica)
		write := func(ctx context.Context) error {
			return db.Gorm.WithContext(ctx).Exec("UPDATE library_shelf SET name = name").Error
		}
		cases := map[string]struct {
			ctx  func() context.Context
			want string
		}{
			"by default": {t.Context, "primary"},
			"allowed":    {func() context.Context { return orm.Replica(t.Context()) }, "replica"},
			"forbidden":  {func() context.Context { return orm.Primary(orm.Replica(t.Context())) }, "primary"},
			"from now on": {func() context.Context {
				ctx := orm.Replica(t.Context())
				orm.StayPrimary(ctx)
				return ctx
			}, "primary"},
			"after a write": {func() context.Context {
				ctx := orm.Replica(t.Context())
				must(t, write(ctx))
				return ctx
			}, "primary"},
			"after a write to the primary": {func() context.Context {
				ctx := orm.Replica(t.Context())
				must(t, write(orm.Primary(ctx)))
				return ctx
			}, "primary"},
			"after a batch": {func() context.Context {
				ctx := orm.Replica(t.Context())
				b := &orm.Batch{}
				b.Exec("UPDATE library_shelf SET name = name", nil, nil)
				must(t, b.Send(ctx, db.Gorm))
				return ctx
			}, "primary"},
			"after a transaction": {func() context.Context {
				ctx := orm.Replica(t.Context())
				must(t, orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return write(tx.Statement.Context) }))
				return ctx
			}, "primary"},
		}
		for name, c := range cases {
			for way, read := range readers() {
				if got, err := read(c.ctx(), db.Gorm); got != c.want || err != nil {
					t.Errorf("%s, by %s: the %q answers, want the %s: %v", name, way, got, c.want, err)
				}
			}
		}
		for way, read := range readers() {
			err := orm.Atomic(orm.Replica(t.Context()), db.Gorm, func(tx *gorm.DB) error {
				got, err := read(tx.Statement.Context, tx)
				if got != "primary" {
					t.Errorf("inside of a transaction, by %s: the %q answers", way, got)
				}
				return err
			})
			must(t, err)
		}
	})
}

// TestReplicasThatWouldWrite: a statement that only looks like a read runs on the primary.
func TestReplicasThatWouldWrite(t *testing.T) {
	eachReplicated(t, func(t *testing.T, open func(...string) *orm.DB, replica string) {
		db := open(replica)
		b := &orm.Batch{ReadOnly: true}
		var name string
		b.Query("UPDATE library_shelf SET name = name || '!' RETURNING name", nil, func(rows *orm.Rows) error {
			for rows.Next() {
				return rows.Scan(&name)
			}
			return nil
		})
		ctx := orm.Replica(t.Context())
		if err := b.Send(ctx, db.Gorm); err != nil || name != "primary!" {
			t.Errorf("%q is written: %v", name, err)
		}
		if got, err := readers()["batch"](ctx, db.Gorm); got != "primary!" || err != nil {
			t.Errorf("%q is read afterwards: %v", got, err)
		}
	})
}

// TestLostReplicas: those that do not answer are passed over, and are back when they do.
func TestLostReplicas(t *testing.T) {
	away := "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"
	primary, replica := libraryTemplate.Postgres(t), libraryTemplate.Postgres(t)
	create(t, ormtest.Open(t, primary), &Shelf{Name: "primary"})
	create(t, ormtest.Open(t, replica), &Shelf{Name: "replica"})
	open := func(replicas ...string) *orm.DB {
		db, err := orm.Open(t.Context(), orm.Config{URL: primary, Replicas: replicas, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(db.Close)
		return db
	}
	for want, db := range map[string]*orm.DB{"primary": open(away), "replica": open(away, replica)} {
		for range 3 {
			if got, err := readers()["batch"](orm.Replica(t.Context()), db.Gorm); got != want || err != nil {
				t.Errorf("the %q answers, want the %s: %v", got, want, err)
			}
		}
		if up, all := db.Replicas(); up != all-1 {
			t.Errorf("%d of %d replicas are up", up, all)
		}
	}
	db, admin := open(replica), ormtest.Open(t, primary)
	address, err := url.Parse(replica)
	must(t, err)
	name := strings.TrimPrefix(address.Path, "/")
	for way, read := range readers() { // with a connection that is gone meanwhile
		_, err := read(orm.Replica(t.Context()), db.Gorm)
		must(t, err)
		must(t, admin.Gorm.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?", name).Error)
		if got, err := read(orm.Replica(t.Context()), db.Gorm); got == "" || err != nil {
			t.Errorf("by %s: %q, %v", way, got, err)
		}
		for up := 0; up == 0; up, _ = db.Replicas() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if got, err := readers()["batch"](orm.Replica(t.Context()), db.Gorm); got != "replica" || err != nil {
		t.Errorf("the %q answers when the replica is back: %v", got, err)
	}
}

// TestReplicasAreShared by requests at once, each with writes between its reads.
func TestReplicasAreShared(t *testing.T) {
	eachReplicated(t, func(t *testing.T, open func(...string) *orm.DB, replica string) {
		db := open(replica, replica)
		var work sync.WaitGroup
		for range 8 {
			work.Go(func() {
				for way, read := range readers() {
					ctx := orm.Replica(t.Context())
					before, err := read(ctx, db.Gorm)
					err = errors.Join(err, db.Gorm.WithContext(ctx).Exec("UPDATE library_shelf SET name = name").Error)
					after, again := read(ctx, db.Gorm)
					if before != "replica" || after != "primary" || errors.Join(err, again) != nil {
						t.Errorf("by %s: %q and then %q: %v", way, before, after, errors.Join(err, again))
					}
				}
			})
		}
		work.Wait()
	})
}

func TestReplicasOfAnotherKind(t *testing.T) {
	_, err := orm.Open(t.Context(), orm.Config{URL: libraryTemplate.SQLite(t), Replicas: []string{"postgres://nobody@127.0.0.1:1/none"}})
	if err == nil || !strings.Contains(err.Error(), "replica 1: it is of another kind") {
		t.Errorf("the error is %v", err)
	}
}
