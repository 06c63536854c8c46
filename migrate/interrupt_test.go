package migrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// errLost is what drivers say of a connection that is gone.
var errLost = fmt.Errorf("read tcp: %w", io.ErrUnexpectedEOF)

// checkPrefix checks that the database has the first steps of manySteps, each as a whole, and nothing of the others.
func checkPrefix(t *testing.T, db *orm.DB, when string) (steps int) {
	t.Helper()
	var records []string
	if len(texts(t, db, tableQuery(db, "django_migrations"))) > 0 {
		records = texts(t, db, recorded)
	}
	var tables, rows []string
	for _, name := range []string{"a", "b", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11", "c12"} {
		if len(texts(t, db, tableQuery(db, name))) == 0 {
			break
		}
		tables = append(tables, name)
	}
	if len(tables) > 0 {
		rows = texts(t, db, "SELECT id FROM a ORDER BY id")
	}
	wantRecords, wantRows := len(tables), max(0, len(tables)-1)
	if len(tables) > 1 {
		wantRecords++ // that of b is two
	}
	if len(tables) == 1 {
		wantRows = 1
	}
	if len(records) != wantRecords || len(rows) != wantRows {
		t.Fatalf("%s: the tables %v, the records %v and the rows %v", when, tables, records, rows)
	}
	return len(tables)
}

// tableQuery finds a table without failing.
func tableQuery(db *orm.DB, name string) string {
	if db.Dialect() == orm.Postgres {
		return "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename = '" + name + "'"
	}
	return "SELECT name FROM sqlite_master WHERE name = '" + name + "'"
}

// TestMigrationsSurviveInterruptions loses the connection at random statements, again and again: what stands is always the
// first files, each as a whole, and in the end all of them, once.
func TestMigrationsSurviveInterruptions(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		var left int
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if left--; left == 0 && statement != "ROLLBACK" {
				return errLost
			}
			return nil
		})
		random := rapid.IntRange(1, 40)
		var applied []string
		for try := range 200 {
			left = random.Example(try)
			if try > 100 {
				left = -1 // no more of it
			}
			before := checkPrefix(t, db, "before")
			some, err := migrate.Migrate(context.Background(), faulty, migrate.Options{FS: manySteps()})
			applied = append(applied, names(some)...)
			after := checkPrefix(t, db, fmt.Sprintf("after %v", err))
			if after-before != len(some) {
				t.Fatalf("%d files are said to be applied, and %d are: %v", len(some), after-before, err)
			}
			if err == nil {
				break
			}
			if !errors.Is(err, errLost) {
				t.Fatal(err)
			}
		}
		checkMany(t, db, applied)
	})
}

// TestMigrationsAtEachStatement goes through the interruptions one after the other, each time from the beginning.
func TestMigrationsAtEachStatement(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, n, lost := open(t, url), 0, 0
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if n++; n == lost && statement != "ROLLBACK" {
				return errLost
			}
			return nil
		})
		for n >= lost { // the last of them loses nothing
			run(t, db, "DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS b", "DROP TABLE IF EXISTS django_migrations")
			n, lost = 0, lost+1
			_, err := migrate.Migrate(context.Background(), faulty, migrate.Options{FS: steps(nil)})
			if n >= lost && !errors.Is(err, errLost) {
				t.Errorf("statement %d: %v", lost, err)
			}
			checkPrefix(t, db, fmt.Sprintf("statement %d", lost))
			if lost > 100 {
				t.Fatal("it does not end")
			}
		}
	})
}

func TestCancelledWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, other := open(t, url), open(t, url)
		err := holdLock(t, other, func() {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(50*time.Millisecond, cancel)
			begin := time.Now()
			_, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)})
			if !errors.Is(err, context.Canceled) || errors.Is(err, migrate.ErrLocked) || time.Since(begin) > 10*time.Second {
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// holdLock calls f while another process migrates.
func holdLock(t *testing.T, db *orm.DB, f func()) error {
	t.Helper()
	empty := fstest.MapFS{"sqlite": {Mode: fs.ModeDir}, "postgres": {Mode: fs.ModeDir}}
	_, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: empty, After: []func(context.Context, *gorm.DB) error{
		func(_ context.Context, tx *gorm.DB) error {
			f()
			return nil
		},
	}})
	return err
}

// TestShortestLockTimeout: less than PostgreSQL can count is not "for ever".
func TestShortestLockTimeout(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, other := open(t, url), open(t, url)
		err := holdLock(t, other, func() {
			done := make(chan error, 1)
			go func() {
				_, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: steps(nil), LockTimeout: time.Microsecond})
				done <- err
			}()
			select {
			case err := <-done:
				if !errors.Is(err, migrate.ErrLocked) || !strings.Contains(err.Error(), "raise Options.LockTimeout") {
					t.Errorf("got %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Error("it waits for ever")
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestWaitingOutALock has a lock that is released after a while, with a pool that itself does not wait for it.
func TestWaitingOutALock(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		config := orm.Config{URL: url, ConnectTimeout: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
		if strings.HasPrefix(url, "postgres") {
			config.ConnectTimeout = 5 * time.Second
		}
		db, err := orm.Open(context.Background(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		done := make(chan error, 1)
		err = holdLock(t, open(t, url), func() {
			go func() {
				_, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: steps(nil), LockTimeout: 30 * time.Second})
				done <- err
			}()
			time.Sleep(200 * time.Millisecond)
		})
		if err := errors.Join(err, <-done); err != nil {
			t.Error(err)
		}
	})
}

// TestMigrationsTakeAsLongAsTheyTake has a statement that runs longer than statements may.
func TestMigrationsTakeAsLongAsTheyTake(t *testing.T) {
	slow := map[string]string{
		"sqlite/0001_slow.sql": "-- records: s.0001_slow\nCREATE TABLE slow AS WITH RECURSIVE n(x) AS " +
			"(SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1500000) SELECT max(x) AS x FROM n;",
		"postgres/0001_slow.sql": "-- records: s.0001_slow\nCREATE TABLE slow AS SELECT 1500000 AS x, pg_sleep(0.3)::text AS y;",
	}
	each(t, func(t *testing.T, url string) {
		db, err := orm.Open(context.Background(), orm.Config{URL: url, QueryTimeout: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, statement, _ := strings.Cut(slow[db.Dialect()+"/0001_slow.sql"], "\n")
		if _, err := db.SQL.Exec(strings.Replace(statement, "slow", "slow2", 1)); !errors.Is(orm.Translate(err), orm.ErrUnavailable) {
			t.Fatalf("the statement alone: %v", err)
		}
		if _, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: files(slow)}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"1500000"}, texts(t, db, "SELECT x FROM slow")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLoggerIsToldOfEachFile(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		var log bytes.Buffer
		opts := migrate.Options{FS: steps(nil), Logger: slog.New(slog.NewTextHandler(&log, nil))}
		for range 2 {
			if _, err := migrate.Migrate(context.Background(), open(t, url), opts); err != nil {
				t.Fatal(err)
			}
		}
		var found []string
		for line := range strings.Lines(log.String()) {
			_, file, _ := strings.Cut(line, "_")
			name, _, _ := strings.Cut(file, " ")
			if !strings.Contains(line, "migration applied") || !strings.Contains(line, "took=") {
				t.Errorf("the line is %s", line)
			}
			found = append(found, name)
		}
		if diff := cmp.Diff([]string{"a_initial.sql", "b_initial.sql"}, found); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStatementErrors(t *testing.T) {
	cause := errors.New("near nonsense")
	for name, c := range map[string]struct {
		sql   string
		cause error
		says  []string
	}{
		"one line": {"INSERT INTO a VALUES (1)", cause, []string{"line 7: INSERT INTO a VALUES (1): near nonsense", "mend the file or the data and run this again"}},
		"a table":  {"CREATE TABLE a (\n  id integer\n)", cause, []string{"line 7: CREATE TABLE a: near"}},
		"long":     {"SELECT " + strings.Repeat("x", 100), cause, []string{strings.Repeat("x", 73) + "…: near"}},
		"is there": {"CREATE TABLE a (id integer)", errors.New("table a already exists"), []string{"what it makes is there already", "Options.Fake"}},
		"umlaut":   {"SELECT 1'" + strings.Repeat("ü", 60) + "'", cause, []string{"ü…: near"}},
	} {
		err := &migrate.StatementError{File: "sqlite/0001_a.sql", Statement: migrate.Statement{SQL: c.sql, Line: 7}, Err: c.cause}
		for _, want := range append(c.says, "migration sqlite/0001_a.sql", "nothing of this file was applied") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not say %q: %v", name, want, err)
			}
		}
		if !errors.Is(err, c.cause) {
			t.Errorf("%s: the cause is lost", name)
		}
		if text := err.Error(); strings.ToValidUTF8(text, "") != text {
			t.Errorf("%s: a character is cut: %q", name, text)
		}
	}
}

// TestUnreadableFiles: what cannot be read is named.
func TestUnreadableFiles(t *testing.T) {
	opts := migrate.Options{FS: fstest.MapFS{}}
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		_, migrateErr := migrate.Migrate(ctx, db, opts)
		_, statusErr := migrate.Status(ctx, db, opts)
		_, planErr := migrate.Plan(ctx, db, opts)
		for what, err := range map[string]error{"Migrate": migrateErr, "Status": statusErr, "Plan": planErr} {
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "migrations for "+db.Dialect()) || !strings.Contains(err.Error(), "Options.FS must hold a folder") {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
	folder := fstest.MapFS{"sqlite/0001_a.sql/x": {}}
	if _, err := migrate.Read(folder, "sqlite"); err == nil || !strings.Contains(err.Error(), "migration sqlite/0001_a.sql: ") {
		t.Errorf("a folder instead of a file: %v", err)
	}
}

func TestClosedDatabase(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		db.Close()
		opts := migrate.Options{FS: steps(nil)}
		_, migrateErr := migrate.Migrate(ctx, db, opts)
		_, statusErr := migrate.Status(ctx, db, opts)
		_, planErr := migrate.Plan(ctx, db, opts)
		for what, err := range map[string]error{"Migrate": migrateErr, "Status": statusErr, "Plan": planErr} {
			if !errors.Is(orm.Translate(err), orm.ErrUnavailable) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestHistoryThatCannotBeRead: a table of that name with other columns is somebody else's.
func TestHistoryThatCannotBeRead(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		run(t, db, "CREATE TABLE django_migrations (what text)")
		for range 2 {
			if _, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: steps(nil)}); err == nil || !strings.Contains(err.Error(), "read django_migrations") {
				t.Errorf("got %v", err)
			}
		}
	})
}

// TestToleratedStepsStay: the newer code's records are left alone by older code that is told to live with them.
func TestToleratedStepsStay(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		newer := steps(map[string]string{"0003_a_more.sql": "-- records: a.0002_more\nCREATE TABLE more (id integer)"})
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: newer}); err != nil {
			t.Fatal(err)
		}
		var refused *migrate.NewerError
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)}); !errors.As(err, &refused) || !slices.Equal(refused.Unknown, []migrate.Record{{App: "a", Name: "0002_more"}}) {
			t.Errorf("got %v", err)
		}
		applied, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil), Tolerate: []string{"a.0002_more"}})
		if err != nil || len(applied) > 0 {
			t.Errorf("tolerated: %v, %v", names(applied), err)
		}
		if got := texts(t, db, recorded); !slices.Contains(got, "a.0002_more") {
			t.Errorf("recorded: %v", got)
		}
	})
}
