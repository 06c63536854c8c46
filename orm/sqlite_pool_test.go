package orm_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// openNumbers opens a file with a table t of whole numbers. Without a URL no lock of it is ever waited for: one that is not
// free is an error at once.
func openNumbers(tb testing.TB, config orm.Config) *orm.DB {
	tb.Helper()
	if config.URL == "" {
		config.URL = ormtest.SQLite(tb) + "?_pragma=busy_timeout(0)"
	}
	db, err := orm.Open(tb.Context(), config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	mustExec(tb, db.SQL, "CREATE TABLE t (n INTEGER PRIMARY KEY)")
	return db
}

type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func mustExec(tb testing.TB, db execer, query string, args ...any) {
	tb.Helper()
	if _, err := db.ExecContext(tb.Context(), query, args...); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
}

func number(tb testing.TB, db querier, query string, args ...any) (n int) {
	tb.Helper()
	if err := db.QueryRowContext(tb.Context(), query, args...).Scan(&n); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestSQLiteNeverLocks has writers of all kinds at once, alone and beside readers, each of which sees all that was committed when
// it began. Writers alone never meet SQLite's lock; a reader that finds the log's header half written takes it for a moment.
func TestSQLiteNeverLocks(t *testing.T) {
	for _, test := range []struct {
		name, pragma string
		readers      int
	}{
		{"writers", "busy_timeout(0)", 0},
		{"and readers", "busy_timeout(10000)", 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			const writers, each = 8, 40
			db := openNumbers(t, orm.Config{URL: ormtest.SQLite(t) + "?_pragma=" + test.pragma})
			stop := readGrowing(t, db, test.readers)
			insertFrom(t, db, writers, each)
			stop()
			if n := number(t, db.SQL, "SELECT count(*) FROM t"); n != writers*each {
				t.Errorf("there are %d rows of %d", n, writers*each)
			}
		})
	}
}

// insertFrom has writers that each insert rows, by all ways there are.
func insertFrom(t *testing.T, db *orm.DB, writers, each int) {
	t.Helper()
	write := []func(ctx context.Context, n int) error{
		func(ctx context.Context, n int) error {
			_, err := db.SQL.ExecContext(ctx, "INSERT INTO t VALUES (?)", n)
			return err
		},
		func(ctx context.Context, n int) error {
			return db.Gorm.WithContext(ctx).Raw("INSERT INTO t VALUES (?) RETURNING n", n).Scan(new(int)).Error
		},
		func(ctx context.Context, n int) error {
			return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
				if err := tx.Raw("SELECT count(*) FROM t").Scan(new(int)).Error; err != nil { // a lock that is asked for late
					return err
				}
				return tx.Exec("INSERT INTO t VALUES (?)", n).Error
			})
		},
	}
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := range each {
				if err := write[(w+i)%len(write)](t.Context(), w*each+i); err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	work.Wait()
}

// readGrowing has readers that must never see fewer rows than before, until they are stopped.
func readGrowing(t *testing.T, db *orm.DB, readers int) (stop func()) {
	t.Helper()
	var reading sync.WaitGroup
	done := make(chan struct{})
	for range readers {
		reading.Go(func() {
			for seen := 0; ; {
				var n int
				if err := db.SQL.QueryRowContext(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil || n < seen {
					t.Errorf("a reader sees %d rows after %d: %v", n, seen, err)
					return
				}
				seen = n
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	return func() {
		close(done)
		reading.Wait()
	}
}

// TestSQLiteReadsItsWrites on whatever connection a statement runs.
func TestSQLiteReadsItsWrites(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	for n := range 100 {
		mustExec(t, db.SQL, "INSERT INTO t VALUES (?)", n)
		if got := number(t, db.SQL, "SELECT count(*) FROM t"); got != n+1 {
			t.Fatalf("%d rows after %d", got, n+1)
		}
	}
	conn, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.QueryContext(t.Context(), "SELECT n FROM t ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	rows.Next() // a snapshot is held from here on
	mustExec(t, conn, "INSERT INTO t VALUES (1000)")
	if got := number(t, conn, "SELECT max(n) FROM t"); got != 1000 {
		t.Errorf("beside open rows it reads %d", got)
	}
	seen := 1
	for rows.Next() {
		seen++
	}
	if err := rows.Err(); err != nil || seen != 100 {
		t.Errorf("the open rows are %d, %v", seen, err)
	}
}

// TestSQLiteReadsBesideATransaction: it neither waits for it nor sees what is not committed.
func TestSQLiteReadsBesideATransaction(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO t VALUES (1)").Error; err != nil {
			return err
		}
		if n := number(t, db.SQL, "SELECT count(*) FROM t"); n != 0 {
			t.Errorf("a reader sees %d rows that are not committed", n)
		}
		return nil
	})
	if n := number(t, db.SQL, "SELECT count(*) FROM t"); err != nil || n != 1 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestSQLiteFindsOutWhatWrites sends statements through Query, where only their texts say that they write.
func TestSQLiteFindsOutWhatWrites(t *testing.T) {
	for name, db := range map[string]*orm.DB{
		"file": openNumbers(t, orm.Config{}), "one connection": openNumbers(t, orm.Config{MaxConns: 1}),
	} {
		for i, query := range []string{
			"INSERT INTO t VALUES (0) RETURNING n",
			"/* a; comment */ -- and another\n\tinsert into t values (1) returning n",
			"WITH one(n) AS (SELECT 2) INSERT INTO t SELECT n FROM one RETURNING n",
			"REPLACE INTO t VALUES (3) RETURNING n",
			"UPDATE t SET n = 4 WHERE n = 3 RETURNING n",
			"DELETE FROM t WHERE n = 4 RETURNING n + 1",
			"INSERT INTO t VALUES (6); SELECT max(n) FROM t; -- done",
			"EXPLAIN INSERT INTO t VALUES (7)",
			"VALUES (8)",
			"PRAGMA user_version = 9; PRAGMA user_version",
		} {
			if got, err := onlyValue(t, db, query); err != nil || got != "" && got != fmt.Sprint(i) {
				t.Errorf("%s: %s: %s, %v; want %d", name, query, got, err, i)
			}
		}
		if n := number(t, db.SQL, "SELECT count(*) FROM t"); n != 4 {
			t.Errorf("%s: %d rows of 0, 1, 2, 6", name, n)
		}
	}
}

// onlyValue is what a query gives in its first row, "" when that has several columns.
func onlyValue(t *testing.T, db *orm.DB, query string) (value string, err error) {
	rows, err := db.SQL.QueryContext(t.Context(), query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return "no row", err
	}
	if len(columns) == 1 {
		err = rows.Scan(&value)
	}
	return value, errors.Join(err, rows.Err())
}

// TestSQLiteReadersDoNotWrite, whatever reaches them.
func TestSQLiteReadersDoNotWrite(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	_, err := onlyValue(t, db, "SELECT 1; INSERT INTO t VALUES (1); SELECT 2")
	if err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a script that begins by reading writes: %v", err)
	}
	tx, err := db.SQL.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	before := number(t, tx, "SELECT count(*) FROM t")
	mustExec(t, db.SQL, "INSERT INTO t VALUES (2)")
	if after := number(t, tx, "SELECT count(*) FROM t"); before != 0 || after != 0 {
		t.Errorf("a transaction that reads sees %d rows, then %d", before, after)
	}
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (3)"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a transaction that reads writes: %v", err)
	}
}

// waiting waits until so many connections of database/sql are in use.
func waiting(t *testing.T, db *orm.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); db.SQL.Stats().InUse < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are in use, want %d", db.SQL.Stats().InUse, n)
		}
	}
	time.Sleep(20 * time.Millisecond) // from taking a connection to standing in the queue
}

// TestSQLiteWritersQueue: they get their turn in the order in which they came.
func TestSQLiteWritersQueue(t *testing.T) {
	const writers = 8
	db := openNumbers(t, orm.Config{})
	mustExec(t, db.SQL, "CREATE TABLE queue (n integer)")
	tx, err := db.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for i := range writers {
		work.Go(func() {
			if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO queue VALUES (?)", i); err != nil {
				t.Error(err)
			}
		})
		waiting(t, db, 2+i)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	work.Wait()
	if order, err := onlyValue(t, db, "SELECT group_concat(n, '') FROM (SELECT n FROM queue ORDER BY rowid)"); err != nil || order != "01234567" {
		t.Errorf("the order is %v, %v", order, err)
	}
}

// TestSQLiteWritersGiveUp when it takes too long, or when nobody wants the answer any more.
func TestSQLiteWritersGiveUp(t *testing.T) {
	db := openNumbers(t, orm.Config{ConnectTimeout: 30 * time.Millisecond})
	patient := openNumbers(t, orm.Config{})
	hold := func(db *orm.DB) *sql.Tx {
		tx, err := db.SQL.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	tx, other := hold(db), hold(patient)
	if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a writer that waits too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := patient.SQL.ExecContext(ctx, "INSERT INTO t VALUES (1)")
		gone <- err
	}()
	waiting(t, patient, 2)
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) || errors.Is(orm.Translate(err), orm.ErrUnavailable) {
		t.Errorf("a writer that is cancelled: %v", err)
	}
	for db, tx := range map[*orm.DB]*sql.Tx{db: tx, patient: other} {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		mustExec(t, db.SQL, "INSERT INTO t VALUES (2)")
	}
}

// TestSQLiteReadersAreLimited by MaxConns, of which the writer is one.
func TestSQLiteReadersAreLimited(t *testing.T) {
	db := openNumbers(t, orm.Config{MaxConns: 3, ConnectTimeout: 30 * time.Millisecond})
	mustExec(t, db.SQL, "INSERT INTO t VALUES (1), (2)")
	for range 2 {
		rows, err := db.SQL.QueryContext(t.Context(), "SELECT n FROM t")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
	}
	err := db.SQL.QueryRowContext(t.Context(), "SELECT n FROM t").Scan(new(int))
	if !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a third reader: %v", err)
	}
	mustExec(t, db.SQL, "INSERT INTO t VALUES (3)")
}

// TestSQLiteSeesNewSchemas has statements that were compiled before.
func TestSQLiteSeesNewSchemas(t *testing.T) {
	address := ormtest.SQLite(t)
	db, other := ormtest.Open(t, address), ormtest.Open(t, address)
	mustExec(t, db.SQL, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
	columns := func() string {
		rows, err := db.SQL.QueryContext(t.Context(), "SELECT * FROM t")
		if err != nil {
			return err.Error()
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil || !rows.Next() {
			return fmt.Sprint(err, rows.Err())
		}
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(string)
		}
		if err := rows.Scan(values...); err != nil {
			return err.Error()
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct{ change, want string }{
		{"SELECT 1", "a"},
		{"ALTER TABLE t ADD COLUMN b DEFAULT 2", "a b"},
		{"ALTER TABLE t RENAME COLUMN a TO c", "c b"},
		{"DROP TABLE t", "no such table: t (1)"},
		{"CREATE TABLE t (d); INSERT INTO t VALUES (1)", "d"},
	} {
		mustExec(t, other.SQL, c.change)
		for range 2 {
			if got := columns(); got != c.want {
				t.Errorf("after %s: %s, want %s", c.change, got, c.want)
			}
		}
	}
}

// TestSQLiteSessions keep to themselves what is set on them, and get no other's transaction.
func TestSQLiteSessions(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	conn, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, conn, "PRAGMA foreign_keys = OFF")
	mustExec(t, conn, "CREATE TEMP TABLE mine (n)")
	if on := number(t, conn, "PRAGMA foreign_keys"); on != 0 {
		t.Error("what was set on a session is gone")
	}
	mustExec(t, conn, "BEGIN")
	mustExec(t, conn, "INSERT INTO t VALUES (1)")
	if n := number(t, conn, "SELECT count(*) FROM t, (SELECT count(*) FROM mine)"); n != 1 {
		t.Errorf("the session sees %d rows of its own", n)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if on := number(t, db.SQL, "PRAGMA foreign_keys"); on != 1 {
		t.Error("foreign keys stay off after the session")
	}
	if n := number(t, db.SQL, "SELECT count(*) FROM t"); n != 0 {
		t.Errorf("%d rows of a transaction that nobody committed", n)
	}
	mustExec(t, db.SQL, "BEGIN") // a session of one statement
	mustExec(t, db.SQL, "INSERT INTO t VALUES (2)")
}

// TestSQLiteInMemorySessions share the one connection, which must not be thrown away.
func TestSQLiteInMemorySessions(t *testing.T) {
	db := ormtest.Open(t, "sqlite::memory:")
	mustExec(t, db.SQL, "PRAGMA foreign_keys = ON; CREATE TABLE t (n)")
	err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
		rows, err := tx.Raw("SELECT 1 UNION SELECT 2").Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := tx.Exec("INSERT INTO t VALUES (1)").Error; err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if n := number(t, db.SQL, "SELECT count(*) FROM t"); err != nil || n != 2 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestSQLiteClosesWhatIsInUse when it is given back, and lets nothing be opened after.
func TestSQLiteClosesWhatIsInUse(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	tx, err := db.SQL.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
	if _, err := tx.ExecContext(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
		t.Error(err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if err := orm.Translate(db.SQL.PingContext(t.Context())); !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a closed database: %v", err)
	}
}

// TestSQLiteEndsWhileReading: the context counts as long as rows are open.
func TestSQLiteEndsWhileReading(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := db.SQL.QueryContext(ctx, `WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x = 0 OR x < 0`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if rows.Next() || !errors.Is(rows.Err(), context.Canceled) {
		t.Errorf("it ends with %v", rows.Err())
	}
	if n := number(t, db.SQL, "SELECT count(*) FROM t"); n != 0 {
		t.Errorf("%d rows", n)
	}
}
