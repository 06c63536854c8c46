package ormtest_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

var errFault = errors.New("fault")

// failing fails the statements that begin with a word.
func failing(word string) func(string) error {
	return func(statement string) error {
		if strings.HasPrefix(statement, word) {
			return errFault
		}
		return nil
	}
}

// TestFaultsOfEachStatement adds a book in a transaction and reads it; one statement of that fails.
func TestFaultsOfEachStatement(t *testing.T) {
	for _, c := range []struct {
		word   string
		fails  bool
		stored int
	}{
		{"nothing", false, 1},
		{"BEGIN", true, 0},
		{"INSERT", true, 0},
		{"SELECT", true, 0},
		{"ROW", true, 0},
		{"SAVEPOINT", true, 0},
		{"RELEASE", true, 0},
		{"COMMIT", true, 0},
		{"ROLLBACK", false, 1},
	} {
		t.Run(c.word, func(t *testing.T) {
			shelf.Each(t, func(t *testing.T, db *orm.DB) {
				faulty := ormtest.Faults(t, db, failing(c.word))
				err := orm.Atomic(t.Context(), faulty.Gorm, func(tx *gorm.DB) error {
					if err := tx.Exec("INSERT INTO book VALUES (?)", "Dune").Error; err != nil {
						return err
					}
					return orm.Atomic(t.Context(), tx, func(tx *gorm.DB) error {
						var title string
						return tx.Raw("SELECT title FROM book").Row().Scan(&title)
					})
				})
				if (err != nil) != c.fails || c.fails && !errors.Is(err, errFault) {
					t.Errorf("the error is %v", err)
				}
				if n := count(t, db, "SELECT count(*) FROM book"); n != c.stored {
					t.Errorf("%d books are stored, want %d", n, c.stored)
				}
			})
		})
	}
}

// TestFaultsPassWithTheirNumber lets the third statement fail, which is what a program that does things step by step has to
// get over.
func TestFaultsPassWithTheirNumber(t *testing.T) {
	shelf.Each(t, func(t *testing.T, db *orm.DB) {
		n := 0
		faulty := ormtest.Faults(t, db, func(string) error {
			if n++; n == 3 {
				return errFault
			}
			return nil
		})
		var failed []int
		for i := range 5 {
			if _, err := faulty.SQL.ExecContext(t.Context(), "INSERT INTO book VALUES ('x')"); err != nil {
				failed = append(failed, i)
			}
		}
		if len(failed) != 1 || failed[0] != 2 {
			t.Errorf("the statements %v failed", failed)
		}
		if n := count(t, db, "SELECT count(*) FROM book"); n != 4 {
			t.Errorf("%d books are stored", n)
		}
	})
}

// TestBadConnectionsAreReplaced has what makes database/sql throw a connection away: what it had begun is undone.
func TestBadConnectionsAreReplaced(t *testing.T) {
	shelf.Each(t, func(t *testing.T, db *orm.DB) {
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if statement == "SELECT 1" {
				return driver.ErrBadConn
			}
			return nil
		})
		err := orm.Atomic(t.Context(), faulty.Gorm, func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("INSERT INTO book VALUES ('x')").Error, tx.Exec("SELECT 1").Error)
		})
		if !errors.Is(err, driver.ErrBadConn) {
			t.Errorf("the error is %v", err)
		}
		if _, err := faulty.SQL.ExecContext(t.Context(), "INSERT INTO book VALUES ('y')"); err != nil {
			t.Errorf("the next connection: %v", err)
		}
		if n := count(t, db, "SELECT count(*) FROM book"); n != 1 {
			t.Errorf("%d books are stored", n)
		}
	})
}

func TestFaultsLeaveTheDatabaseAlone(t *testing.T) {
	shelf.Each(t, func(t *testing.T, db *orm.DB) {
		faulty := ormtest.Faults(t, db, func(string) error { return errFault })
		if faulty.Dialect() != db.Dialect() || faulty.Pool != db.Pool || faulty.Gorm.Name() != db.Gorm.Name() {
			t.Error("it is another kind of database")
		}
		if err := faulty.Gorm.WithContext(t.Context()).Exec("SELECT 1").Error; !errors.Is(err, errFault) {
			t.Errorf("by GORM: %v", err)
		}
		if err := faulty.Gorm.WithContext(t.Context()).Where("1 = 1").Raw("SELECT 1").Scan(new(int)).Error; !errors.Is(err, errFault) {
			t.Errorf("by a session of GORM: %v", err)
		}
		if err := db.Gorm.WithContext(t.Context()).Exec("SELECT 1").Error; err != nil {
			t.Errorf("the database itself: %v", err)
		}
	})
}

// TestFaultsBindAsTheDatabaseDoes reads back a value whose form the connections of the dialect choose.
func TestFaultsBindAsTheDatabaseDoes(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		faulty := ormtest.Faults(t, db, failing("nothing"))
		want := 90 * orm.Second
		var plain, got orm.Duration
		query := map[string]string{orm.SQLite: "SELECT ?", orm.Postgres: "SELECT $1::interval"}[db.Dialect()]
		if err := db.SQL.QueryRowContext(t.Context(), query, want).Scan(&plain); err != nil || plain != want {
			t.Fatalf("without faults: %v, %v", plain, err)
		}
		if err := faulty.SQL.QueryRowContext(t.Context(), query, want).Scan(&got); err != nil || got != want {
			t.Errorf("with faults: %v, %v", got, err)
		}
	})
}

func TestFaultsGiveTheConnectionBack(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		before := db.SQL.Stats().InUse
		t.Run("use", func(t *testing.T) {
			ormtest.Faults(t, db, failing("nothing"))
			if used := db.SQL.Stats().InUse; used != before+1 {
				t.Errorf("%d connections are in use", used)
			}
		})
		if used := db.SQL.Stats().InUse; used != before {
			t.Errorf("%d connections are in use after the test", used)
		}
	})
}

func TestFaultsNeedAConnection(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	db.Close()
	if text := fatalOf(t, func(tb testing.TB) { ormtest.Faults(tb, db, failing("")) }); !strings.Contains(text, "connection for faults") {
		t.Errorf("the test failed with %q", text)
	}
}

// A lost connection shows as what drivers say of it.
func ExampleFaults() {
	test := func(t *testing.T) {
		db := ormtest.Faults(t, ormtest.Open(t, ormtest.SQLite(t)), func(statement string) error {
			if statement == "COMMIT" {
				return io.ErrUnexpectedEOF
			}
			return nil
		})
		err := orm.Atomic(context.Background(), db.Gorm, func(*gorm.DB) error { return nil })
		if !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("the commit gives %v", err)
		}
	}
	_ = test // TestLostConnection of a package
}
