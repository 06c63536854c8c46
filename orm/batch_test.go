package orm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// mark is the n-th argument of a statement in the words of the database; nil is PostgreSQL.
func mark(db *orm.DB, n string) string {
	if db == nil || db.Dialect() == orm.Postgres {
		return "$" + n
	}
	return "?"
}

// insertShelf is a statement that stores a shelf of the name that is its argument.
func insertShelf(db *orm.DB) string {
	return "INSERT INTO library_shelf (name) VALUES (" + mark(db, "1") + ")"
}

// batchOf is a batch that stores shelves.
func batchOf(db *orm.DB, names ...string) *orm.Batch {
	b := &orm.Batch{}
	for _, name := range names {
		b.Exec(insertShelf(db), []any{name}, nil)
	}
	return b
}

// readNames appends the first column of all rows.
func readNames(to *[]string) func(*orm.Rows) error {
	return func(rows *orm.Rows) error {
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			*to = append(*to, name)
		}
		return nil
	}
}

// isIdle fails the test when a connection was not given back; the pool throws broken ones away in its own time.
func isIdle(t *testing.T, db *orm.DB) {
	t.Helper()
	inUse := func() int {
		n := db.SQL.Stats().InUse
		if db.Pool != nil {
			n += int(db.Pool.Stat().AcquiredConns())
		}
		return n
	}
	for deadline := time.Now().Add(5 * time.Second); inUse() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are in use", inUse())
		}
	}
}

// empty deletes all shelves.
func empty(t *testing.T, db *orm.DB) {
	t.Helper()
	mustExec(t, db.SQL, "DELETE FROM library_shelf")
}

func TestBatchRunsInOrder(t *testing.T) {
	const names = "SELECT name FROM library_shelf ORDER BY id"
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		for _, atomic := range []bool{false, true} {
			ctx, count := orm.CountStatements(t.Context())
			var calls, before, after []string
			affected := func(name string) func(int64) error {
				return func(n int64) error {
					calls = append(calls, name+strings.Repeat("+", int(n)))
					return nil
				}
			}
			b := &orm.Batch{}
			b.Exec("DELETE FROM library_shelf", nil, nil)
			b.Exec("INSERT INTO library_shelf (name) VALUES ('a'), ('b'), ('c')", nil, affected("insert"))
			b.Query(names, nil, readNames(&before))
			b.Exec("DELETE FROM library_shelf WHERE name = "+mark(db, "1"), []any{"b"}, affected("delete"))
			b.Exec("DELETE FROM library_shelf WHERE name = "+mark(db, "1"), []any{"none"}, affected("nothing"))
			b.Query(names, nil, readNames(&after))
			if b.Len() != 6 {
				t.Errorf("%d statements were added", b.Len())
			}
			err := b.Send(ctx, db.Gorm)
			if atomic {
				b.Exec("DELETE FROM library_shelf", nil, nil)
				before, after, calls = nil, nil, nil
				err = orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return b.Send(ctx, tx) })
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([][]string{{"a", "b", "c"}, {"a", "c"}, {"insert+++", "delete+", "nothing"}}, [][]string{before, after, calls}); diff != "" {
				t.Error(diff)
			}
			if !atomic && count.Load() != 6 {
				t.Errorf("%d statements ran", count.Load())
			}
		}
		if err := new(orm.Batch).Send(t.Context(), nil); err != nil {
			t.Errorf("an empty batch needs no database: %v", err)
		}
		isIdle(t, db)
	})
}

// TestBatchStopsAtAnError: what stands behind a statement that fails does not run; what stands before it stays on SQLite, and
// is undone on PostgreSQL.
func TestBatchStopsAtAnError(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		want := "a"
		if db.Dialect() == orm.Postgres {
			want = ""
		}
		for name, broken := range map[string]*orm.Batch{
			"violation": batchOf(db, "a", "a"), "nonsense": nonsense(db, "a"), "unsendable": unsendable(db, "a"),
		} {
			broken.Exec(insertShelf(db), []any{"z"}, func(int64) error { t.Errorf("%s: the last statement is done", name); return nil })
			err := broken.Send(t.Context(), db.Gorm)
			if err == nil || name == "violation" && !errors.As(err, new(*orm.ConstraintError)) {
				t.Errorf("%s: %v", name, err)
			}
			if got := shelves(t, db); got != want {
				t.Errorf("%s: %q stays, want %q", name, got, want)
			}
			isIdle(t, db)
			empty(t, db)
		}
	})
}

// nonsense is a batch that the database refuses after it has stored a shelf.
func nonsense(db *orm.DB, shelf string) *orm.Batch {
	b := batchOf(db, shelf)
	b.Exec("SELECT nonsense", nil, nil)
	return b
}

// unsendable is a batch with an argument that cannot be sent.
func unsendable(db *orm.DB, shelf string) *orm.Batch {
	b := batchOf(db, shelf)
	b.Exec("DELETE FROM library_shelf WHERE name = "+mark(db, "1"), []any{struct{}{}}, nil)
	return b
}

func TestBatchReturnsWhatItsFunctionsReturn(t *testing.T) {
	stop := func(*orm.Rows) error { return errStop }
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		many := "SELECT name FROM library_shelf UNION ALL SELECT 'x'"
		for name, add := range map[string]func(b *orm.Batch){
			"read":   func(b *orm.Batch) { b.Query(many, nil, stop) },
			"done":   func(b *orm.Batch) { b.Exec("DELETE FROM library_shelf", nil, func(int64) error { return errStop }) },
			"middle": func(b *orm.Batch) { b.Query(many, nil, stop); b.Exec("DELETE FROM library_shelf", nil, nil) },
		} {
			b := &orm.Batch{}
			add(b)
			if err := b.Send(t.Context(), db.Gorm); !errors.Is(err, errStop) {
				t.Errorf("%s: %v", name, err)
			}
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				b := batchOf(db, "a")
				add(b)
				return b.Send(t.Context(), tx)
			})
			if got := shelves(t, db); !errors.Is(err, errStop) || got != "" {
				t.Errorf("%s in a transaction: %v leaves %q", name, err, got)
			}
		}
		isIdle(t, db)
	})
}

// TestQueueWaits holds when queued statements run: with the next one, at the latest with the COMMIT; at once on SQLite.
func TestQueueWaits(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		lazy := int64(0)
		if db.Dialect() == orm.SQLite {
			lazy = 1
		}
		ctx, count := orm.CountStatements(t.Context())
		var seen []string
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			if err := batchOf(db, "a").Queue(ctx, tx); err != nil || count.Load() != lazy {
				t.Errorf("%d statements ran after Queue: %v", count.Load(), err)
			}
			b := &orm.Batch{}
			b.Query("SELECT name FROM library_shelf", nil, readNames(&seen))
			if err := b.Send(ctx, tx); err != nil || count.Load() != 2 {
				t.Errorf("%d statements ran after Send: %v", count.Load(), err)
			}
			if err := batchOf(db, "b").Queue(ctx, tx); err != nil {
				return err
			}
			var byGORM []string
			if err := tx.Model(&Shelf{}).Order("id").Pluck("name", &byGORM).Error; err != nil || !cmp.Equal(byGORM, []string{"a", "b"}) {
				t.Errorf("GORM finds %q: %v", byGORM, err)
			}
			return batchOf(db, "c", "d").Queue(ctx, tx)
		})
		if got := shelves(t, db); err != nil || got != "a b c d" || !cmp.Equal(seen, []string{"a"}) {
			t.Errorf("%q stay, %q were seen: %v", got, seen, err)
		}
		if err := batchOf(db, "e").Queue(t.Context(), db.Gorm); err != nil || shelves(t, db) != "a b c d e" {
			t.Errorf("outside of a transaction Queue is Send: %v", err)
		}
		isIdle(t, db)
	})
}

// TestTransactionsBeginWithTheirFirstStatement counts what is sent for a transaction.
func TestTransactionsBeginWithTheirFirstStatement(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		run := func(fn func(ctx context.Context, tx *gorm.DB, count *orm.StatementCount) error) *orm.StatementCount {
			ctx, count := orm.CountStatements(t.Context())
			if err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return fn(ctx, tx, count) }); err != nil {
				t.Error(err)
			}
			return count
		}
		empty := run(func(context.Context, *gorm.DB, *orm.StatementCount) error {
			isIdle(t, db)
			return nil
		})
		if empty.Load()+empty.Transactions() != 0 {
			t.Errorf("an empty transaction sends %d and %d statements", empty.Load(), empty.Transactions())
		}
		first := run(func(ctx context.Context, tx *gorm.DB, count *orm.StatementCount) error {
			if count.Transactions() != 0 {
				t.Error("BEGIN went before its time")
			}
			err := batchOf(db, "a").Send(ctx, tx)
			if count.Transactions() != 1 || count.Load() != 1 {
				t.Errorf("%d and %d statements ran with the first", count.Load(), count.Transactions())
			}
			return err
		})
		if first.Transactions() != 2 {
			t.Errorf("%d statements of the transaction", first.Transactions())
		}
		for _, c := range []struct {
			names        []string
			transactions int64
		}{{[]string{"b"}, 0}, {[]string{"c", "d"}, 2}} {
			queued := run(func(ctx context.Context, tx *gorm.DB, count *orm.StatementCount) error {
				err := batchOf(db, c.names...).Queue(ctx, tx)
				isIdle(t, db)
				return err
			})
			if db.Dialect() == orm.SQLite {
				c.transactions = 2
			}
			if queued.Transactions() != c.transactions || queued.Load() != int64(len(c.names)) {
				t.Errorf("%d and %d statements for %q, which was queued", queued.Load(), queued.Transactions(), c.names)
			}
		}
		settled := run(func(ctx context.Context, tx *gorm.DB, count *orm.StatementCount) error {
			err := errors.Join(orm.Settle(ctx, tx), batchOf(db, "e").Queue(ctx, tx), orm.Settle(ctx, tx), orm.Settle(ctx, tx))
			if count.Load() != 1 {
				t.Errorf("%d statements ran when Settle was over", count.Load())
			}
			return err
		})
		if got := shelves(t, db); settled.Load() != 1 || got != "a b c d e" {
			t.Errorf("%d statements ran in all, %q stay", settled.Load(), got)
		}
	})
}

// TestQueuedViolationsUndo: a queued statement that fails comes up at the latest at the end of Atomic.
func TestQueuedViolationsUndo(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		hooked := false
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			orm.OnCommit(tx, func() { hooked = true })
			if err := add(tx, "a"); err != nil {
				return err
			}
			return batchOf(db, "b", "a").Queue(t.Context(), tx)
		})
		var violation *orm.ConstraintError
		if !errors.As(err, &violation) || violation.Kind != orm.UniqueViolation || hooked {
			t.Errorf("the error is %v, the hook ran: %v", err, hooked)
		}
		err = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			return errors.Join(batchOf(db, "b").Queue(t.Context(), tx), errStop)
		})
		if got := shelves(t, db); !errors.Is(err, errStop) || got != "" {
			t.Errorf("%q stay: %v", got, err)
		}
		for _, statement := range []string{
			"INSERT INTO library_shelf (name, parent_id) VALUES ('alone', 99)", // the key is checked at the end of the transaction
			"INSERT INTO library_shelf (name) SELECT 'twice' FROM (SELECT 1 UNION ALL SELECT 2) AS two",
		} {
			err = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				orm.OnCommit(tx, func() { hooked = true })
				b := &orm.Batch{}
				b.Exec(statement, nil, nil)
				return b.Queue(t.Context(), tx)
			})
			if got := shelves(t, db); !errors.As(err, &violation) || got != "" || hooked {
				t.Errorf("%s by itself: %v, %q stay, the hook ran: %v", statement, err, got, hooked)
			}
		}
		isIdle(t, db)
	})
}

// TestQueueInsideNestedAtomic: what was queued in a part that failed is gone; what was queued before it is not.
func TestQueueInsideNestedAtomic(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx := t.Context()
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			if err := batchOf(db, "outer").Queue(ctx, tx); err != nil {
				return err
			}
			inner := orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return errors.Join(batchOf(db, "lost").Queue(ctx, tx), errStop) })
			if !errors.Is(inner, errStop) {
				t.Errorf("the inner error is %v", inner)
			}
			twice := orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return batchOf(db, "twice", "twice").Queue(ctx, tx) })
			if !errors.As(twice, new(*orm.ConstraintError)) {
				t.Errorf("a queued violation is %v at the end of its part", twice)
			}
			broken := orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				return nonsense(db, "refused").Queue(ctx, tx)
			})
			if broken == nil {
				t.Error("a queued statement that is refused is no error")
			}
			return orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return batchOf(db, "kept").Queue(ctx, tx) })
		})
		if got := shelves(t, db); err != nil || got != "outer kept" {
			t.Errorf("%q stay: %v", got, err)
		}
		isIdle(t, db)
	})
}

// TestSwallowedErrorsUndo: on PostgreSQL a transaction whose statement failed is undone, whatever its function returns, and
// nothing that comes after the failure is stored outside of it.
func TestSwallowedErrorsUndo(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("SQLite undoes only the statement")
		}
		ctx := t.Context()
		for what, broken := range map[string]func() *orm.Batch{
			"violation":  func() *orm.Batch { return batchOf(db, "x", "x") },
			"nonsense":   func() *orm.Batch { return nonsense(db, "x") },
			"unsendable": func() *orm.Batch { return unsendable(db, "x") },
		} {
			for when, before := range map[string]func(tx *gorm.DB) error{
				"first":  func(*gorm.DB) error { return nil },
				"later":  func(tx *gorm.DB) error { return add(tx, "a") },
				"queued": func(tx *gorm.DB) error { return batchOf(db, "a").Queue(ctx, tx) },
				"both":   func(tx *gorm.DB) error { return errors.Join(add(tx, "a"), batchOf(db, "b").Queue(ctx, tx)) },
			} {
				name, hooked := what+" "+when, false
				err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
					orm.OnCommit(tx, func() { hooked = true })
					if err := before(tx); err != nil {
						return err
					}
					if err := broken().Send(ctx, tx); err == nil {
						t.Errorf("%s: the broken batch is no error", name)
					}
					if batchOf(db, "after").Send(ctx, tx) == nil || add(tx, "GORM") == nil {
						t.Errorf("%s: a statement after the failure is no error", name)
					}
					return nil
				})
				if got := shelves(t, db); err == nil || hooked || got != "" {
					t.Errorf("%s: %q stay, the hook ran: %v; %v", name, got, hooked, err)
				}
				isIdle(t, db)
				empty(t, db)
			}
		}
	})
}

// TestUndoneCommitSaysWhy: the answer ROLLBACK to COMMIT is an error.
func TestUndoneCommitSaysWhy(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("SQLite undoes only the statement")
		}
		err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			_ = batchOf(db, "a", "a").Send(t.Context(), tx)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "return its error from Atomic") {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestLostConnections cuts connections while a batch runs on them.
func TestLostConnections(t *testing.T) {
	cut := func() *orm.Batch {
		b := &orm.Batch{}
		b.Exec("SELECT 1", nil, nil)
		b.Exec("SELECT pg_terminate_backend(pg_backend_pid())", nil, nil)
		b.Exec("SELECT pg_sleep(5)", nil, nil)
		return b
	}
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("only PostgreSQL has connections to lose")
		}
		ctx := t.Context()
		for name, run := range map[string]func() error{
			"alone": func() error { return cut().Send(ctx, db.Gorm) },
			"first": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return cut().Send(ctx, tx) })
			},
			"later": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return errors.Join(add(tx, "a"), cut().Send(ctx, tx)) })
			},
			"by GORM": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
					return tx.Exec("SELECT pg_terminate_backend(pg_backend_pid())").Error
				})
			},
			"at the end": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return errors.Join(add(tx, "a"), cut().Queue(ctx, tx)) })
			},
			"swallowed": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { _ = cut().Send(ctx, tx); return add(tx, "a") })
			},
			"nested": func() error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
					return orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return cut().Send(ctx, tx) })
				})
			},
		} {
			if err := orm.Translate(run()); !errors.Is(err, orm.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
			isIdle(t, db)
			if err := batchOf(db, name).Send(ctx, db.Gorm); err != nil {
				t.Errorf("%s: the pool does not recover: %v", name, err)
			}
			if got := shelves(t, db); strings.Contains(" "+got+" ", " a ") {
				t.Errorf("%s: %q stay", name, got)
			}
		}
	})
}

// TestCancelledBatches ends the context while a batch runs, and while one waits.
func TestCancelledBatches(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		b := batchOf(db, "a")
		b.Query("SELECT name FROM library_shelf", nil, func(rows *orm.Rows) error {
			cancel()
			for rows.Next() {
			}
			return nil
		})
		slow := "SELECT 1"
		if db.Dialect() == orm.Postgres {
			slow = "SELECT pg_sleep(5)"
		}
		b.Exec(slow, nil, nil)
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return b.Send(ctx, tx) })
		if got := shelves(t, db); !errors.Is(err, context.Canceled) || got != "" {
			t.Errorf("%q stay: %v", got, err)
		}
		isIdle(t, db)
		late, cancel := context.WithCancel(t.Context())
		err = orm.Atomic(late, db.Gorm, func(tx *gorm.DB) error {
			err := errors.Join(add(tx, "a"), batchOf(db, "b").Queue(late, tx))
			cancel()
			return err
		})
		if got := shelves(t, db); !errors.Is(err, context.Canceled) || got != "" {
			t.Errorf("cancelled before the commit: %q stay: %v", got, err)
		}
		isIdle(t, db)
	})
}

func TestBatchAndGORMShareATransaction(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx := t.Context()
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			var name string
			var names []string
			b := &orm.Batch{}
			b.Query("SELECT name FROM library_shelf ORDER BY id", nil, readNames(&names))
			err := errors.Join(
				batchOf(db, "a").Queue(ctx, tx),
				add(tx, "b"),
				batchOf(db, "c").Send(ctx, tx),
				batchOf(db, "d").Queue(ctx, tx),
				tx.Raw("SELECT name FROM library_shelf WHERE name = 'd'").Row().Scan(&name),
				tx.Transaction(func(tx *gorm.DB) error { return errors.Join(add(tx, "e"), batchOf(db, "f").Send(ctx, tx)) }),
				b.Send(ctx, tx),
			)
			if name != "d" || !cmp.Equal(names, strings.Fields("a b c d e f")) {
				t.Errorf("%q and %q are found", name, names)
			}
			return err
		})
		if got := shelves(t, db); err != nil || got != "a b c d e f" {
			t.Errorf("%q stay: %v", got, err)
		}
		isIdle(t, db)
	})
}

// TestTextTypesComeAsPostgreSQLWritesThem: types without a Go type are read in PostgreSQL's own words, by GORM and by a Batch.
func TestTextTypesComeAsPostgreSQLWritesThem(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("these are types of PostgreSQL")
		}
		for literal, want := range map[string]string{
			"inet '192.168.0.1'":             "192.168.0.1",
			"inet '10.0.0.0/8'":              "10.0.0.0/8",
			"inet '2001:db8::1'":             "2001:db8::1",
			"interval '1 day 02:03:04.5'":    "1 day 02:03:04.5",
			"interval '-36:00:00'":           "-36:00:00",
			"interval '1 year 2 mons'":       "1 year 2 mons",
			"interval '400 days 00:00:01'":   "400 days 00:00:01",
			"interval '0.000001 seconds'":    "00:00:00.000001",
			"cidr '192.168.100.128/25'":      "192.168.100.128/25",
			"macaddr '08:00:2b:01:02:03'":    "08:00:2b:01:02:03",
			"int4range(1, 5)":                "[1,5)",
			"bit varying '101'":              "101",
			"point '(1,2)'":                  "(1,2)",
			"to_tsvector('english', 'cats')": "'cat':1",
		} {
			query := "SELECT " + literal
			var byBatch []string
			var byGORM string
			b := &orm.Batch{}
			b.Query(query, nil, readNames(&byBatch))
			if err := errors.Join(b.Send(t.Context(), db.Gorm), db.Gorm.WithContext(t.Context()).Raw(query).Row().Scan(&byGORM)); err != nil {
				t.Errorf("%s: %v", literal, err)
				continue
			}
			if byBatch[0] != want || byGORM != want {
				t.Errorf("%s is %q by a batch, %q by GORM, want %q", literal, byBatch, byGORM, want)
			}
		}
	})
}
