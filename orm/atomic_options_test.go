package orm_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestAtomicOptions: each runs inside of a transaction that has begun ("a" is stored in it) or that has not, and what stays at
// the end is what is said.
func TestAtomicOptions(t *testing.T) {
	fails := func(tx *gorm.DB) error { return errors.Join(add(tx, "b"), errStop) }
	stores := func(tx *gorm.DB) error { return add(tx, "b") }
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		for name, c := range map[string]struct {
			begun   bool
			options orm.AtomicOptions
			inner   func(tx *gorm.DB) error
			err     error // of the inner one
			whole   error // of the outer one, which swallows the inner one's
			stays   string
		}{
			"savepoint":                   {true, orm.AtomicOptions{}, fails, errStop, nil, "a c"},
			"fresh":                       {false, orm.AtomicOptions{}, fails, errStop, nil, "c"},
			"fresh, kept":                 {false, orm.AtomicOptions{}, stores, nil, nil, "b c"},
			"no savepoint, kept":          {true, orm.AtomicOptions{NoSavepoint: true}, stores, nil, nil, "a b c"},
			"no savepoint":                {true, orm.AtomicOptions{NoSavepoint: true}, fails, errStop, orm.ErrBroken, ""},
			"fresh without savepoint":     {false, orm.AtomicOptions{NoSavepoint: true}, fails, errStop, orm.ErrBroken, ""},
			"durable":                     {true, orm.AtomicOptions{Durable: true}, stores, orm.ErrNested, nil, "a c"},
			"durable in a fresh one":      {false, orm.AtomicOptions{Durable: true}, stores, orm.ErrNested, nil, "c"},
			"isolation of a fresh one":    {false, orm.AtomicOptions{Isolation: sql.LevelSerializable}, isolated(db), nil, nil, "b c"},
			"retried as a savepoint":      {true, orm.AtomicOptions{Attempts: 3}, fails, errStop, nil, "a c"},
			"an error in the inner query": {true, orm.AtomicOptions{}, func(tx *gorm.DB) error { _ = add(tx, "a"); return add(tx, "b") }, orm.ErrBroken, nil, "a c"},
		} {
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				if c.begun {
					must(t, add(tx, "a"))
				}
				if err := orm.AtomicWith(t.Context(), tx, c.options, c.inner); !errors.Is(err, c.err) {
					t.Errorf("%s: the inner error is %v", name, err)
				}
				_ = add(tx, "c")
				return nil
			})
			if got := shelves(t, db); got != c.stays || !errors.Is(err, c.whole) {
				t.Errorf("%s: %q stays, want %q: %v", name, got, c.stays, err)
			}
			must(t, db.Gorm.WithContext(t.Context()).Exec("DELETE FROM library_shelf").Error)
		}
	})
}

// isolated stores "b" where the transaction is serializable.
func isolated(db *orm.DB) func(tx *gorm.DB) error {
	return func(tx *gorm.DB) error {
		level := "serializable"
		if db.Dialect() == orm.Postgres {
			if err := tx.Raw("SHOW transaction_isolation").Row().Scan(&level); err != nil {
				return err
			}
		}
		return add(tx, strings.ReplaceAll(level, "serializable", "b"))
	}
}

// TestBrokenTransactions: after a failed statement nothing runs, by whichever way it is sent, until the part around it is
// undone; nothing is kept when nobody undoes it.
func TestBrokenTransactions(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "taken"})
		ctx := t.Context()
		ways := map[string]func(tx *gorm.DB) error{
			"create": func(tx *gorm.DB) error { return add(tx, "b") },
			"find":   func(tx *gorm.DB) error { return tx.Find(&[]Shelf{}).Error },
			"row":    func(tx *gorm.DB) error { return tx.Raw("SELECT 1").Row().Scan(new(int)) },
			"batch":  func(tx *gorm.DB) error { return batchOf(db, "b").Send(ctx, tx) },
			"queue":  func(tx *gorm.DB) error { return batchOf(db, "b").Queue(ctx, tx) },
			"nested": func(tx *gorm.DB) error { return orm.Atomic(ctx, tx, func(*gorm.DB) error { return nil }) },
		}
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			must(t, add(tx, "a"))
			_ = add(tx, "taken")
			for name, way := range ways {
				if err := way(tx); !errors.Is(err, orm.ErrBroken) {
					t.Errorf("%s: %v", name, err)
				}
			}
			return nil
		})
		if got := shelves(t, db); !errors.Is(err, orm.ErrBroken) || got != "taken" {
			t.Errorf("%q stays: %v", got, err)
		}
		err = orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			must(t, tx.SavePoint("here").Error)
			_ = add(tx, "taken")
			must(t, tx.RollbackTo("here").Error)
			return errors.Join(add(tx, "b"), ways["find"](tx))
		})
		if got := shelves(t, db); err != nil || got != "taken b" {
			t.Errorf("after a savepoint of GORM: %q, %v", got, err)
		}
	})
}

// TestLateTransactions begin with the first statement that is more than a read.
func TestLateTransactions(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		read := func(tx *gorm.DB) error {
			b := &orm.Batch{ReadOnly: true}
			b.Query("SELECT 1", nil, func(*orm.Rows) error { return nil })
			return b.Send(t.Context(), tx)
		}
		gormRead := func(tx *gorm.DB) error { return tx.Find(&[]Shelf{}).Error }
		for name, c := range map[string]struct {
			run  func(tx *gorm.DB) error
			want map[string]int64 // BEGIN and COMMIT
		}{
			"nothing":      {func(*gorm.DB) error { return nil }, map[string]int64{orm.SQLite: 0, orm.Postgres: 0}},
			"batch":        {func(tx *gorm.DB) error { return read(tx) }, map[string]int64{orm.SQLite: 0, orm.Postgres: 0}},
			"by GORM":      {gormRead, map[string]int64{orm.SQLite: 0, orm.Postgres: 2}},
			"locked":       {func(tx *gorm.DB) error { return gormRead(orm.ForUpdate(tx, orm.LockOptions{})) }, map[string]int64{orm.SQLite: 2, orm.Postgres: 2}},
			"written":      {func(tx *gorm.DB) error { return errors.Join(read(tx), add(tx, "new"), read(tx)) }, map[string]int64{orm.SQLite: 2, orm.Postgres: 2}},
			"by WITH":      {func(tx *gorm.DB) error { return tx.Exec("WITH x AS (SELECT 1) DELETE FROM library_shelf").Error }, map[string]int64{orm.SQLite: 2, orm.Postgres: 2}},
			"inner Atomic": {func(tx *gorm.DB) error { return orm.Atomic(tx.Statement.Context, tx, gormRead) }, map[string]int64{orm.SQLite: 2, orm.Postgres: 2}},
		} {
			ctx, count := orm.CountStatements(t.Context())
			err := orm.AtomicWith(ctx, db.Gorm, orm.AtomicOptions{Late: true}, func(tx *gorm.DB) error { return c.run(tx) })
			if err != nil || count.Transactions() != c.want[db.Dialect()] {
				t.Errorf("%s: %d statements of transactions, want %d: %v", name, count.Transactions(), c.want[db.Dialect()], err)
			}
		}
	})
}

// TestLateTransactionsLeaveTheWriter: SQLite's one writer is free while only reads were made.
func TestLateTransactionsLeaveTheWriter(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.SQLite(t))
	err := orm.AtomicWith(t.Context(), db.Gorm, orm.AtomicOptions{Late: true}, func(tx *gorm.DB) error {
		return errors.Join(tx.Find(&[]Shelf{}).Error, add(db.Gorm.WithContext(t.Context()), "other"), add(tx, "own"))
	})
	if got := shelves(t, db); err != nil || got != "other own" {
		t.Errorf("%q: %v", got, err)
	}
}

func TestReadOnlyTransactions(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "a"})
		see := func(tx *gorm.DB) (n int64) {
			must(t, tx.Model(&Shelf{}).Count(&n).Error)
			return n
		}
		options := orm.AtomicOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
		err := orm.AtomicWith(t.Context(), db.Gorm, options, func(tx *gorm.DB) error {
			before := see(tx)
			must(t, add(db.Gorm.WithContext(t.Context()), "b"))
			if after := see(tx); before != 1 || after != 1 {
				t.Errorf("%d and then %d shelves", before, after)
			}
			return add(tx, "c")
		})
		if got := shelves(t, db); err == nil || got != "a b" {
			t.Errorf("%q: %v", got, err)
		}
	})
}

func TestOnCommitRobust(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		var ran []string
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			orm.OnCommitRobust(tx, func() { panic(errStop) })
			orm.OnCommit(tx, func() { ran = append(ran, "next") })
			return add(tx, "a")
		})
		if err != nil || len(ran) != 1 || shelves(t, db) != "a" {
			t.Errorf("%q ran: %v", ran, err)
		}
	})
}

// TestForUpdate: what another transaction has locked is waited for, refused or passed over, as the options say.
func TestForUpdate(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "a"}, &Shelf{Name: "b"})
		ctx := t.Context()
		query := func(tx *gorm.DB, o orm.LockOptions) (names []string, err error) {
			return names, orm.ForUpdate(tx.Model(&Shelf{}).Order("id"), o).Pluck("name", &names).Error
		}
		if _, err := query(db.Gorm.WithContext(ctx), orm.LockOptions{}); !errors.Is(err, orm.ErrNoTransaction) {
			t.Errorf("outside of a transaction: %v", err)
		}
		others := map[string]struct {
			options orm.LockOptions
			names   string
			away    bool
		}{
			"nowait": {orm.LockOptions{NoWait: true, Of: []string{"library_shelf"}}, "", true},
			"skip":   {orm.LockOptions{SkipLocked: true, NoKey: true}, "b", false},
		}
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			var own []Shelf
			if err := orm.ForUpdate(tx.Where("name = 'a'"), orm.LockOptions{}).Find(&own).Error; err != nil || len(own) != 1 {
				t.Errorf("%v: %v", own, err)
			}
			if db.Dialect() == orm.SQLite { // another one would wait for the writer
				names, err := query(tx, orm.LockOptions{SkipLocked: true, Of: []string{"library_shelf"}})
				if strings.Join(names, " ") != "a b" {
					t.Errorf("%q: %v", names, err)
				}
				return err
			}
			for name, c := range others {
				err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
					names, err := query(tx, c.options)
					if strings.Join(names, " ") != c.names {
						t.Errorf("%s: %q", name, names)
					}
					return err
				})
				if errors.Is(err, orm.ErrUnavailable) != c.away {
					t.Errorf("%s: %v", name, err)
				}
			}
			return nil
		})
		must(t, err)
	})
}
