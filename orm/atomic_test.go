package orm_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

func shelves(t *testing.T, db *orm.DB) string {
	t.Helper()
	var names []string
	if err := db.Gorm.WithContext(t.Context()).Model(&Shelf{}).Order("id").Pluck("name", &names).Error; err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

var errStop = errors.New("stop")

func add(tx *gorm.DB, name string) error { return tx.Create(&Shelf{Name: name}).Error }

func TestAtomicCommits(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			if !orm.InTransaction(tx) || orm.InTransaction(db.Gorm) {
				t.Error("InTransaction is wrong")
			}
			return errors.Join(add(tx, "a"), add(tx, "b"))
		})
		if got := shelves(t, db); err != nil || got != "a b" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestAtomicUndoes(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			return errors.Join(add(tx, "a"), errStop)
		})
		if got := shelves(t, db); !errors.Is(err, errStop) || got != "" {
			t.Errorf("an error leaves %q, %v", got, err)
		}
		func() {
			defer func() {
				if recover() != errStop {
					t.Error("the panic is gone")
				}
			}()
			_ = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				_ = orm.Atomic(t.Context(), tx, func(tx *gorm.DB) error {
					_ = add(tx, "a")
					panic(errStop)
				})
				return nil
			})
		}()
		if got := shelves(t, db); got != "" {
			t.Errorf("a panic leaves %q", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err = orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			defer cancel()
			return add(tx, "a")
		})
		if got := shelves(t, db); !errors.Is(err, context.Canceled) || got != "" {
			t.Errorf("a cancelled context leaves %q, %v", got, err)
		}
	})
}

func TestAtomicIgnoresConditionsOfItsDB(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "a"})
		err := orm.Atomic(t.Context(), db.Gorm.Where("1 = 0"), func(tx *gorm.DB) error { return tx.First(&Shelf{}).Error })
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAtomicNests(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx := t.Context()
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			inner := orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				return errors.Join(add(tx, "a"), orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return add(tx, "b") }), errStop)
			})
			if !errors.Is(inner, errStop) {
				t.Errorf("the inner error is %v", inner)
			}
			duplicate := orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return errors.Join(add(tx, "c"), add(tx, "c")) })
			var violation *orm.ConstraintError
			if !errors.As(duplicate, &violation) {
				t.Errorf("the duplicate's error is %v", duplicate)
			}
			return orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return add(tx, "d") })
		})
		if got := shelves(t, db); err != nil || got != "d" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestGormTransactionInsideAtomic(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			if err := tx.Transaction(func(tx *gorm.DB) error { return errors.Join(add(tx, "a"), errStop) }); !errors.Is(err, errStop) {
				t.Errorf("the inner error is %v", err)
			}
			return add(tx, "b")
		})
		if got := shelves(t, db); err != nil || got != "b" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestAtomicNeedsADatabase(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		plain := db.Gorm.WithContext(t.Context()).Begin()
		defer plain.Rollback()
		if err := orm.Atomic(t.Context(), plain, func(*gorm.DB) error { return nil }); err == nil || !strings.Contains(err.Error(), "orm.Open") {
			t.Errorf("inside of a transaction of GORM's: %v", err)
		}
	})
}

func TestOnCommit(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx := t.Context()
		var ran []string
		note := func(tx *gorm.DB, name string) {
			orm.OnCommit(tx, func() { ran = append(ran, name+":"+shelves(t, db)) })
		}
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			note(tx, "first")
			_ = orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				note(tx, "undone")
				return errStop
			})
			err := orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				note(tx.Where("1 = 0").WithContext(context.WithoutCancel(ctx)), "inner")
				return add(tx, "a")
			})
			if len(ran) > 0 {
				t.Errorf("%v ran before the end", ran)
			}
			return err
		})
		if want := []string{"first:a", "inner:a"}; err != nil || !slices.Equal(ran, want) {
			t.Errorf("%q ran, want %q; %v", ran, want, err)
		}
		ran = nil
		_ = orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			note(tx, "never")
			return errStop
		})
		note(db.Gorm, "at once")
		if want := []string{"at once:a"}; !slices.Equal(ran, want) {
			t.Errorf("%q ran, want %q", ran, want)
		}
	})
}

func TestOnCommitNotAfterFailedCommit(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			orm.OnCommit(tx, func() { t.Error("the hook ran") })
			return tx.Create(newBook(t, "1", 77)).Error
		})
		var violation *orm.ConstraintError
		if !errors.As(err, &violation) || violation.Kind != orm.ForeignKeyViolation {
			t.Errorf("the commit gives %v", err)
		}
		if err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error { return add(tx, "a") }); err != nil {
			t.Errorf("the connection is of no use after: %v", err)
		}
	})
}

func TestAtomicAfterASwallowedError(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "a"})
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			_ = add(tx, "a") // PostgreSQL gives the whole transaction up, and must not say that all is well
			return nil
		})
		if db.Dialect() == orm.Postgres && err == nil {
			t.Error("nothing was committed and nobody told")
		}
	})
}

func TestRetryAtomic(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		deadlock := &pgconn.PgError{Code: "40P01"}
		for name, c := range map[string]struct {
			fail, calls int
			err         error
			ok          bool
		}{
			"at last":  {2, 3, deadlock, true},
			"too many": {9, 3, deadlock, false},
			"other":    {9, 1, errStop, false},
		} {
			calls := 0
			err := orm.RetryAtomic(t.Context(), db.Gorm, 3, func(tx *gorm.DB) error {
				calls++
				if calls <= c.fail {
					return errors.Join(add(tx, name), c.err)
				}
				return add(tx, name)
			})
			if calls != c.calls || (err == nil) != c.ok {
				t.Errorf("%s: %d calls, %v", name, calls, err)
			}
		}
		if got := shelves(t, db); got != "at last" {
			t.Errorf("the shelves are %q", got)
		}
		for before, want := range map[string]int{"": 3, "a statement before": 1} { // which the retried part cannot repeat
			calls := 0
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				if before != "" {
					must(t, add(tx, before))
				}
				return orm.RetryAtomic(t.Context(), tx, 3, func(*gorm.DB) error { calls++; return deadlock })
			})
			if calls != want || !errors.Is(err, orm.ErrUnavailable) {
				t.Errorf("inside of Atomic with %q: %d calls, %v", before, calls, err)
			}
		}
	})
}

func TestRetryAtomicStopsWithItsContext(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		begin := time.Now()
		err := orm.RetryAtomic(ctx, db.Gorm, 1000, func(*gorm.DB) error { return &pgconn.PgError{Code: "40001"} })
		if err == nil || time.Since(begin) > 5*time.Second {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
	})
}

// TestWritersWait has many transactions that read before they write, which a deferred lock of SQLite would not survive.
func TestWritersWait(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Subject{Name: "0"})
		const writers = 20
		errs := make(chan error)
		for range writers {
			go func() {
				errs <- orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
					var n int
					query := "SELECT CAST(name AS integer) FROM library_subject"
					if db.Dialect() == orm.Postgres {
						query += " FOR UPDATE"
					}
					if err := tx.Raw(query).Scan(&n).Error; err != nil {
						return err
					}
					return tx.Exec("UPDATE library_subject SET name = ?", strconv.Itoa(n+1)).Error
				})
			}()
		}
		for range writers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		var name string
		if err := db.SQL.QueryRow("SELECT name FROM library_subject").Scan(&name); err != nil || name != "20" {
			t.Errorf("the count is %s, %v", name, err)
		}
	})
}

// TestTransactionKeepsItsConnection on PostgreSQL, for batches and for GORM, whatever the application does with the pool of
// database/sql, and gives it back.
func TestTransactionKeepsItsConnection(t *testing.T) {
	for name, tune := range map[string]func(*sql.DB){
		"as it is":         func(*sql.DB) {},
		"idle connections": func(pool *sql.DB) { pool.SetMaxIdleConns(2) },
		"a limit":          func(pool *sql.DB) { pool.SetMaxOpenConns(1) },
	} {
		t.Run(name, func(t *testing.T) {
			db := ormtest.Open(t, libraryTemplate.Postgres(t))
			tune(db.SQL)
			if got := shelves(t, db); got != "" { // leaves a connection behind, where one may be idle
				t.Fatal(got)
			}
			var byBatch, byGORM int64
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				b := &orm.Batch{}
				b.Exec("INSERT INTO library_shelf (name) VALUES ('batch')", nil, nil)
				b.Query("SELECT pg_backend_pid()", nil, func(rows *orm.Rows) error {
					rows.Next()
					return rows.Scan(&byBatch)
				})
				return errors.Join(b.Send(t.Context(), tx), tx.Raw("SELECT pg_backend_pid()").Scan(&byGORM).Error, add(tx, "gorm"), errBack)
			})
			if !errors.Is(err, errBack) || byBatch != byGORM || byBatch == 0 {
				t.Errorf("connections %d and %d: %v", byBatch, byGORM, err)
			}
			if got := shelves(t, db); got != "" {
				t.Errorf("%q is left of what was undone", got)
			}
			db.SQL.SetMaxIdleConns(0)
			if taken := db.Pool.Stat().AcquiredConns(); taken != 0 {
				t.Errorf("%d connections of the pool are still in use", taken)
			}
		})
	}
}

var errBack = errors.New("back")

// TestEndedStatementOfATransaction: a statement of GORM whose context has ended leaves the connection to its transaction.
func TestEndedStatementOfATransaction(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.Postgres(t))
	for range 20 {
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			ended, end := context.WithCancel(t.Context())
			end()
			return errors.Join(add(tx, "lost"), tx.WithContext(ended).Exec("SELECT 1").Error)
		})
		if err == nil {
			t.Fatal("the statement did not fail")
		}
	}
	if got, taken := shelves(t, db), db.Pool.Stat().AcquiredConns(); got != "" || taken != 0 {
		t.Errorf("%q is left, and %d connections are in use", got, taken)
	}
}
