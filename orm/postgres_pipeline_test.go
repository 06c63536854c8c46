package orm_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/socket"
)

// openPostgres opens a database of its own, on one connection, with more in its URL.
func openPostgres(t *testing.T, more string) *orm.DB {
	t.Helper()
	url := ormtest.Postgres(t)
	joint := "?"
	if strings.Contains(url, "?") {
		joint = "&"
	}
	return ormtest.Open(t, url+joint+"pool_max_conns=1&"+more)
}

// askOne sends one statement with one number as its answer.
func askOne(t *testing.T, db *orm.DB, sql string, args ...any) (n int64, err error) {
	t.Helper()
	b := &orm.Batch{}
	b.Query(sql, args, func(rows *orm.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&n); err != nil {
				return err
			}
		}
		return nil
	})
	return n, b.Send(t.Context(), db.Gorm)
}

// backend is the process of the server that serves the only connection.
func backend(t *testing.T, db *orm.DB) int64 {
	t.Helper()
	pid, err := askOne(t, db, "SELECT pg_backend_pid()::bigint")
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestLongBatches: batches longer than the buffers of the network, in both directions at once, arrive whole.
func TestLongBatches(t *testing.T) {
	db := openPostgres(t, "")
	const statements, length = 400, 20_000
	b := &orm.Batch{}
	read := 0
	for i := range statements {
		text := strings.Repeat(string(rune('a'+i%26)), length)
		b.Query("SELECT $1::text UNION ALL SELECT $1::text", []any{text}, func(rows *orm.Rows) error {
			var got string
			for rows.Next() {
				if err := rows.Scan(&got); err != nil || got != text {
					return fmt.Errorf("statement %d reads %d bytes: %w", i, len(got), err)
				}
				read++
			}
			return nil
		})
	}
	if err := b.Send(t.Context(), db.Gorm); err != nil || read != 2*statements {
		t.Errorf("%d rows were read: %v", read, err)
	}
}

// mood is a text of its own type, loud one that says by itself how it is stored.
type (
	mood string
	loud string
)

func (l loud) Value() (driver.Value, error) { return strings.ToUpper(string(l)), nil }

// TestArguments sends values of many types to columns of many types, as our protocol does and as pgx does.
func TestArguments(t *testing.T) {
	decimal, moment := orm.MustDecimal("-1234567.8900"), time.Date(1999, 12, 31, 23, 59, 59, 123456789, time.FixedZone("", 3600))
	id, date, number, text := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), orm.DateOf(moment), int64(-7), "ptr"
	values := []any{
		nil, "plain", "12", "{1,2}", int64(0), int64(math.MaxInt64), int64(-1), 7, true, false, 0.5, math.Inf(1), moment, id, decimal,
		orm.JSON(`{"a": [1, 2]}`), orm.JSON(nil), orm.JSON("{"), date, orm.File("a.png"), mood("calm"), loud("calm"), []byte("bytes"),
		&text, &number, &decimal, &moment, &id, &date, (*string)(nil), (*int64)(nil), (*orm.Date)(nil), (*loud)(nil), (*mood)(nil),
	}
	types := []string{
		"text", "varchar", "int2", "int4", "int8", "bool", "float4", "float8", "timestamptz", "timestamp", "date", "uuid", "numeric", "jsonb",
		"json", "bytea", "int8[]", "interval",
	}
	ours, theirs := openPostgres(t, ""), openPostgres(t, "default_query_exec_mode=cache_describe&")
	for _, typ := range types {
		for _, v := range values {
			sql := "SELECT COALESCE(CAST($1::" + typ + " AS text), 'NULL')"
			got, gotErr := askText(t, ours, sql, v)
			want, wantErr := askText(t, theirs, sql, v)
			if got != want || (gotErr == nil) != (wantErr == nil) {
				t.Errorf("%T %v as %s: %q, %v; pgx: %q, %v", v, v, typ, got, gotErr, want, wantErr)
			}
		}
	}
}

// askText sends one statement with one text as its answer.
func askText(t *testing.T, db *orm.DB, sql string, args ...any) (text string, err error) {
	t.Helper()
	b := &orm.Batch{}
	b.Query(sql, args, func(rows *orm.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&text); err != nil {
				return err
			}
		}
		return nil
	})
	return text, b.Send(t.Context(), db.Gorm)
}

// TestBrokenBatchesLoseTheirConnection: what ends in the middle of an answer is not given to the next; what was never sent
// or failed at the server costs nothing.
func TestBrokenBatchesLoseTheirConnection(t *testing.T) {
	for name, c := range map[string]struct {
		send func(db *orm.DB) error
		lost bool
	}{
		"a panic": {func(db *orm.DB) (err error) {
			defer func() { err = fmt.Errorf("%v", recover()) }()
			b := &orm.Batch{}
			b.Query("SELECT generate_series(1, 1000)", nil, func(*orm.Rows) error { panic("of a function") })
			return b.Send(t.Context(), db.Gorm)
		}, true},
		"copy": {func(db *orm.DB) error {
			b := &orm.Batch{}
			b.Exec("COPY pg_temp.nothing FROM STDIN", nil, nil)
			return b.Send(t.Context(), db.Gorm)
		}, true},
		"an argument": {func(db *orm.DB) error {
			_, err := askOne(t, db, "SELECT $1::int", struct{}{})
			return err
		}, false},
		"too few arguments": {func(db *orm.DB) error {
			_, err := askOne(t, db, "SELECT $1::int")
			return err
		}, false},
		"the server": {func(db *orm.DB) error {
			_, err := askOne(t, db, "SELECT 1/$1::int", 0)
			return err
		}, false},
		"at the end": {func(db *orm.DB) error { // which checks what was deferred
			b := &orm.Batch{}
			b.Exec("INSERT INTO pg_temp.late VALUES (1), (1)", nil, nil)
			return b.Send(t.Context(), db.Gorm)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			db := openPostgres(t, "")
			mustExec(t, db.SQL, "CREATE TEMP TABLE nothing (id int)")
			mustExec(t, db.SQL, "CREATE TEMP TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
			before := backend(t, db)
			if err := c.send(db); err == nil {
				t.Error("it is no error")
			}
			if after := backend(t, db); (before != after) != c.lost {
				t.Errorf("the connection is lost: %v, want %v", before != after, c.lost)
			}
		})
	}
}

// TestPreparedStatementsAreBounded: a connection keeps as many as its URL says, and closes the others.
func TestPreparedStatementsAreBounded(t *testing.T) {
	db := openPostgres(t, "statement_cache_capacity=5")
	for round := range 3 {
		for i := range int64(20) {
			if n, err := askOne(t, db, fmt.Sprintf("SELECT %d::bigint", i)); err != nil || n != i {
				t.Fatalf("round %d: %d is read for %d: %v", round, n, i, err)
			}
		}
	}
	n, err := askOne(t, db, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'quintet%'")
	if err != nil || n < 1 || n > 6 { // those kept, and one that is closed with the next batch
		t.Errorf("the server keeps %d: %v", n, err)
	}
}

// TestChangedResults: a statement whose columns have changed fails once at most, and runs again.
func TestChangedResults(t *testing.T) {
	db := openPostgres(t, "")
	mustExec(t, db.SQL, "CREATE TABLE changing (id bigint)")
	mustExec(t, db.SQL, "INSERT INTO changing VALUES (7)")
	for _, column := range []string{"bigint", "numeric"} {
		mustExec(t, db.SQL, "ALTER TABLE changing ALTER id TYPE "+column)
		n, err := askOne(t, db, "SELECT * FROM changing")
		if err != nil {
			n, err = askOne(t, db, "SELECT * FROM changing")
		}
		if err != nil || n != 7 {
			t.Errorf("%s: %d is read: %v", column, n, err)
		}
	}
}

// TestOtherWaysOfRunning: where the URL asks not to prepare statements, batches run as pgx does it.
func TestOtherWaysOfRunning(t *testing.T) {
	for _, mode := range []string{"exec", "simple_protocol", "cache_describe", "cache_statement"} {
		db := openPostgres(t, "default_query_exec_mode="+mode)
		if n, err := askOne(t, db, "SELECT $1::bigint + 1", int64(41)); err != nil || n != 42 {
			t.Errorf("%s: %d is read: %v", mode, n, err)
		}
		mine, err := askOne(t, db, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'quintet%'")
		if err != nil || (mine > 0) != (mode == "cache_statement") {
			t.Errorf("%s: %d statements are prepared: %v", mode, mine, err)
		}
	}
}

// TestUnsentBatchesUndo: a batch that cannot be sent takes what was queued before it along, but for what a savepoint keeps.
func TestUnsentBatchesUndo(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("SQLite sends one by one")
		}
		ctx := t.Context()
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			if err := add(tx, "kept"); err != nil {
				return err
			}
			inner := orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				return errors.Join(batchOf(db, "lost").Queue(ctx, tx), unsendable(db, "lost too").Send(ctx, tx))
			})
			if inner == nil {
				t.Error("it is no error")
			}
			return nil
		})
		if got := shelves(t, db); err != nil || got != "kept" {
			t.Errorf("%q stay: %v", got, err)
		}
	})
}

// TestWaitingForAConnection: who waits for one leaves when its context ends or the time of the pool is over, and the next who
// comes when one is free gets it.
func TestWaitingForAConnection(t *testing.T) {
	db, err := orm.Open(t.Context(), orm.Config{URL: ormtest.Postgres(t), MaxConns: 1, ConnectTimeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	for range 3 {
		held, err := db.Pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := askOne(t, db, "SELECT 1::bigint"); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("without a connection: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		b := &orm.Batch{}
		b.Exec("SELECT 1", nil, nil)
		if err := b.Send(ctx, db.Gorm); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: %v", err)
		}
		cancel()
		if err := b.Send(ctx, db.Gorm); err == nil {
			t.Error("a context that has ended is no error")
		}
		time.AfterFunc(50*time.Millisecond, held.Release)
		if n, err := askOne(t, db, "SELECT 7::bigint"); n != 7 || err != nil {
			t.Errorf("a connection that comes free: %d, %v", n, err)
		}
	}
}

// TestNothingQueuedIsLost: when what was queued cannot go with the next statement, the transaction cannot be committed without
// it, however that statement's error is treated.
func TestNothingQueuedIsLost(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, next := range map[string]func(tx *gorm.DB) error{
		"a context that has ended": func(tx *gorm.DB) error { return batchOf(nil, "x").Send(ended, tx) },
		"an argument":              func(tx *gorm.DB) error { return unsendable(nil, "x").Send(t.Context(), tx) },
		"open rows": func(tx *gorm.DB) error {
			rows, err := tx.Raw("SELECT generate_series(1, 100000)").Rows()
			if err != nil {
				return err
			}
			defer rows.Close()
			return batchOf(nil, "x").Send(t.Context(), tx)
		},
	} {
		for _, mode := range []string{"cache_statement", "exec"} {
			db := openPostgres(t, "default_query_exec_mode="+mode)
			mustExec(t, db.SQL, "CREATE TABLE library_shelf (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, name text)")
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				if err := batchOf(nil, "first").Send(t.Context(), tx); err != nil {
					return err
				}
				if err := batchOf(nil, "queued").Queue(t.Context(), tx); err != nil {
					return err
				}
				if next(tx) == nil {
					t.Errorf("%s, %s: it is no error", name, mode)
				}
				return nil
			})
			if n, counted := askOne(t, db, "SELECT count(*) FROM library_shelf"); err == nil && n < 2 || n == 1 || counted != nil {
				t.Errorf("%s, %s: %d rows stay: %v, %v", name, mode, n, err, counted)
			}
		}
	}
}

// TestDescriptionsTakeLittleRoom: a connection holds no memory for descriptions that nobody asks for, and describes
// statements all the same.
func TestDescriptionsTakeLittleRoom(t *testing.T) {
	for url, want := range map[string]func(room int) bool{
		"":                                       func(room int) bool { return room > 0 && room <= 16 },
		"description_cache_capacity=100":         func(room int) bool { return room == 100 },
		"default_query_exec_mode=cache_describe": func(room int) bool { return room == 512 },
	} {
		db := openPostgres(t, url)
		if room := db.Pool.Config().ConnConfig.DescriptionCacheCapacity; !want(room) {
			t.Errorf("%q: room for %d", url, room)
		}
		var n int
		if err := db.Pool.QueryRow(t.Context(), "SELECT $1::int", pgx.QueryExecModeCacheDescribe, 7).Scan(&n); err != nil || n != 7 {
			t.Errorf("%q: %d, %v", url, n, err)
		}
	}
}

// TestConnectionsAreUnwatched asks the pool for what its statements go through.
func TestConnectionsAreUnwatched(t *testing.T) {
	db := openPostgres(t, "sslmode=disable")
	conn, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if line, ok := conn.Conn().PgConn().Conn().(*socket.Conn); !ok {
		t.Errorf("a connection is a %T", line)
	}
}
