package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// steps are migrations that run on both dialects.
func steps(more map[string]string) fstest.MapFS {
	both := map[string]string{
		"0001_a_initial.sql": "-- records: a.0001_initial\nCREATE TABLE a (id integer);\nINSERT INTO a VALUES (1)",
		"0002_b_initial.sql": "-- records: b.0001_initial\n-- records: b.0002_options (state only)\nCREATE TABLE b (id integer);\n\nINSERT INTO b VALUES (2)",
	}
	maps.Copy(both, more)
	texts := map[string]string{}
	for name, text := range both {
		texts["sqlite/"+name], texts["postgres/"+name] = text, text
	}
	return files(texts)
}

const recorded = "SELECT app || '.' || name FROM django_migrations ORDER BY id"

func names(migrations []*migrate.Migration) []string {
	var found []string
	for _, m := range migrations {
		found = append(found, m.File[strings.IndexByte(m.File, '/')+1:])
	}
	return found
}

func TestMigrate(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		opts := migrate.Options{FS: steps(nil)}
		planned, err := migrate.Plan(ctx, db, opts)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{"0001_a_initial.sql", "0002_b_initial.sql"}
		if diff := cmp.Diff(all, names(planned)); diff != "" {
			t.Errorf("planned: %s", diff)
		}
		applied, err := migrate.Migrate(ctx, db, opts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all, names(applied)); diff != "" {
			t.Errorf("applied: %s", diff)
		}
		again, err := migrate.Migrate(ctx, db, opts)
		if err != nil || len(again) > 0 {
			t.Errorf("the second time: %v, %v", names(again), err)
		}
		if diff := cmp.Diff([]string{"a.0001_initial", "b.0001_initial", "b.0002_options"}, texts(t, db, recorded)); diff != "" {
			t.Errorf("recorded: %s", diff)
		}
		if diff := cmp.Diff([]string{"1", "2"}, texts(t, db, "SELECT id FROM a UNION SELECT id FROM b ORDER BY id")); diff != "" {
			t.Errorf("rows: %s", diff)
		}
		var applied1 time.Time
		if err := db.Gorm.Table("django_migrations").Select("applied").Limit(1).Scan(&applied1).Error; err != nil {
			t.Fatal(err)
		}
		if age := time.Since(applied1); age < 0 || age > time.Minute {
			t.Errorf("recorded as applied at %s", applied1)
		}
	})
}

func TestStatus(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)}); err != nil {
			t.Fatal(err)
		}
		later := steps(map[string]string{"0003_a_more.sql": "-- records: a.0002_more\nSELECT 1"})
		states, err := migrate.Status(ctx, db, migrate.Options{FS: later})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, s := range states {
			got[s.Number] = s.Applied
		}
		if diff := cmp.Diff(map[string]bool{"0001": true, "0002": true, "0003": false}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStatusWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		if _, err := migrate.Status(context.Background(), db, migrate.Options{FS: steps(nil)}); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SQL.Exec("SELECT * FROM django_migrations"); err == nil {
			t.Error("Status made the table django_migrations")
		}
	})
}

func TestFailureLeavesNothingOfTheFile(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		broken := steps(map[string]string{
			"0002_b_initial.sql": "-- records: b.0001_initial\nCREATE TABLE b (id integer);\n\nINSERT INTO nowhere\nVALUES (2)",
		})
		applied, err := migrate.Migrate(ctx, db, migrate.Options{FS: broken})
		var failed *migrate.StatementError
		if !errors.As(err, &failed) {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{"/0002_b_initial.sql, line 4: INSERT INTO nowhere:", "nothing of this file was applied", "run this again"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
		if diff := cmp.Diff([]string{"0001_a_initial.sql"}, names(applied)); diff != "" {
			t.Errorf("applied: %s", diff)
		}
		if _, err := db.SQL.Exec("SELECT * FROM b"); err == nil {
			t.Error("the table of the failed file is there")
		}
		if diff := cmp.Diff([]string{"a.0001_initial"}, texts(t, db, recorded)); diff != "" {
			t.Errorf("recorded: %s", diff)
		}
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)}); err != nil {
			t.Errorf("after mending: %v", err)
		}
	})
}

func TestTableThatStandsAlready(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		run(t, db, "CREATE TABLE a (id integer)")
		_, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)})
		if err == nil || !strings.Contains(err.Error(), "record the step with Options.Fake") {
			t.Fatalf("got %v", err)
		}
		applied, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil), Fake: true})
		if err != nil || len(applied) != 2 {
			t.Fatalf("fake: %v, %v", applied, err)
		}
		if _, err := db.SQL.Exec("SELECT * FROM b"); err == nil {
			t.Error("Fake ran a statement")
		}
		if got := texts(t, db, recorded); len(got) != 3 {
			t.Errorf("recorded: %v", got)
		}
	})
}

// TestHistories compares the same files with databases that other hands migrated.
func TestHistories(t *testing.T) {
	cases := []struct {
		name     string
		recorded []string
		tolerate []string
		planned  []string
		err      string
	}{
		{"Django's, complete", []string{"a.0001_initial", "b.0001_initial", "b.0002_options"}, nil, nil, ""},
		{"without what changes nothing", []string{"a.0001_initial", "b.0001_initial"}, nil, nil, ""},
		{"another app", []string{"kitchen.0009_x", "a.0001_initial", "b.0001_initial"}, nil, nil, ""},
		{"newer", []string{"a.0001_initial", "a.0002_later", "b.0007_x"}, nil, nil, "the database is newer than the code: it has a.0002_later, b.0007_x"},
		{"newer, tolerated", []string{"a.0001_initial", "a.0002_later"}, []string{"a.0002_later"}, []string{"0002_b_initial.sql"}, ""},
		{"a part", []string{"b.0002_options"}, nil, nil, "/0002_b_initial.sql: the database has a part of it and lacks b.0001_initial; bring it up to date with Django (manage.py migrate b)"},
	}
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: files(map[string]string{
			"sqlite/0001_x.sql": "-- records: x.0001_initial", "postgres/0001_x.sql": "-- records: x.0001_initial",
		})}); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				run(t, db, "DELETE FROM django_migrations")
				for _, r := range c.recorded {
					app, name, _ := strings.Cut(r, ".")
					run(t, db, fmt.Sprintf("INSERT INTO django_migrations (app, name, applied) VALUES ('%s', '%s', '2024-01-01 00:00:00')", app, name))
				}
				opts := migrate.Options{FS: steps(nil), Tolerate: c.tolerate}
				planned, err := migrate.Plan(ctx, db, opts)
				if err != nil && (c.err == "" || !strings.Contains(err.Error(), c.err)) || err == nil && c.err != "" {
					t.Fatalf("got %v, want %q", err, c.err)
				}
				if strings.Contains(c.err, "newer") != errors.Is(err, migrate.ErrNewer) {
					t.Errorf("errors.Is(err, ErrNewer) of %v", err)
				}
				if diff := cmp.Diff(c.planned, names(planned)); diff != "" {
					t.Error(diff)
				}
				if c.err == "" {
					return
				}
				if applied, err := migrate.Migrate(ctx, db, opts); err == nil || len(applied) > 0 {
					t.Errorf("Migrate applied %v, %v", names(applied), err)
				}
			})
		}
	})
}

func TestAfter(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		opts := migrate.Options{FS: steps(nil), After: []func(context.Context, *gorm.DB) error{
			func(_ context.Context, tx *gorm.DB) error { return tx.Exec("INSERT INTO a VALUES (3)").Error },
		}}
		for range 2 {
			if _, err := migrate.Migrate(ctx, db, opts); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{"1", "3", "3"}, texts(t, db, "SELECT id FROM a ORDER BY id")); diff != "" {
			t.Error(diff)
		}
		broken := errors.New("broken")
		opts.After = append(opts.After, func(context.Context, *gorm.DB) error { return broken })
		if _, err := migrate.Migrate(ctx, db, opts); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if n := len(texts(t, db, "SELECT id FROM a")); n != 3 {
			t.Errorf("a failure left %d rows", n)
		}
	})
}

func TestLockTimeout(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db, other := context.Background(), open(t, url), open(t, url)
		taken, release := make(chan struct{}), make(chan struct{})
		done := make(chan error)
		go func() {
			_, err := migrate.Migrate(ctx, other, migrate.Options{FS: steps(nil), After: []func(context.Context, *gorm.DB) error{
				func(_ context.Context, tx *gorm.DB) error {
					close(taken)
					<-release
					return nil
				},
			}})
			done <- err
		}()
		<-taken
		_, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil), LockTimeout: 100 * time.Millisecond})
		if !errors.Is(err, migrate.ErrLocked) {
			t.Errorf("got %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)}); err != nil {
			t.Errorf("after the release: %v", err)
		}
	})
}

// TestHeldTables: a migration lets others pass who wait for a table behind it, tries again, and names who holds the table
// when it gives up.
func TestHeldTables(t *testing.T) {
	for name, begin := range map[string]string{"atomic": "", "not atomic": "-- atomic: false\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := ormtest.Postgres(t)
			ctx, db, other := context.Background(), open(t, url), open(t, url)
			if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: steps(nil)}); err != nil {
				t.Fatal(err)
			}
			holder, err := other.SQL.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := holder.Exec("SELECT count(*) FROM a"); err != nil {
				t.Fatal(err)
			}
			file := begin + "-- records: a.0002_note\nALTER TABLE a ADD note text"
			opts := migrate.Options{FS: steps(map[string]string{"0003_a_note.sql": file}), LockTimeout: 200 * time.Millisecond}
			_, err = migrate.Migrate(ctx, db, opts)
			if err == nil || !strings.Contains(err.Error(), "SELECT count(*) FROM a") || !strings.Contains(err.Error(), "process ") {
				t.Errorf("the holder is not named: %v", err)
			}
			if diff := cmp.Diff([]string{"1"}, texts(t, db, "SELECT id FROM a")); diff != "" { // nobody stands in line behind it
				t.Error(diff)
			}
			opts.LockTimeout = time.Minute
			time.AfterFunc(2500*time.Millisecond, func() { _ = holder.Rollback() }) // more than the patience of one try
			if _, err := migrate.Migrate(ctx, db, opts); err != nil {
				t.Errorf("once the table is free: %v", err)
			}
		})
	}
}

// manySteps is a longer list, so that processes get into each other's way.
func manySteps() fstest.MapFS {
	more := map[string]string{}
	for i := 3; i <= 12; i++ {
		more[fmt.Sprintf("%04d_c_step.sql", i)] = fmt.Sprintf("-- records: c.%04d_step\nCREATE TABLE c%d (id integer);\nINSERT INTO a VALUES (%d)", i, i, i*10)
	}
	return steps(more)
}

// checkMany checks that everything of manySteps was applied once, by whomever.
func checkMany(t *testing.T, db *orm.DB, applied []string) {
	t.Helper()
	slices.Sort(applied)
	var want []string
	for name := range manySteps() {
		if file, ok := strings.CutPrefix(name, "sqlite/"); ok {
			want = append(want, file)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, applied); diff != "" {
		t.Errorf("applied by all together: %s", diff)
	}
	if n := len(texts(t, db, recorded)); n != 13 {
		t.Errorf("%d records", n)
	}
	if n := len(texts(t, db, "SELECT id FROM a")); n != 11 {
		t.Errorf("%d rows", n)
	}
}

func TestPoolsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const pools = 5
		var mu sync.Mutex
		var wg sync.WaitGroup
		var applied []string
		for range pools {
			db := open(t, url)
			wg.Go(func() {
				some, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: manySteps()})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				applied = append(applied, names(some)...)
			})
		}
		wg.Wait()
		checkMany(t, open(t, url), applied)
	})
}

// processURL makes the test binary one of the processes of TestProcessesAtOnce.
const processURL = "QUINTET_MIGRATE_TEST_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(processURL); url != "" {
		os.Exit(process(url))
	}
	os.Exit(m.Run())
}

// process migrates and prints what it applied.
func process(url string) int {
	ctx := context.Background()
	db, err := orm.Open(ctx, orm.Config{URL: url})
	if err != nil {
		fmt.Println("open:", err)
		return 1
	}
	defer db.Close()
	fmt.Println() // ready
	applied, err := migrate.Migrate(ctx, db, migrate.Options{FS: manySteps()})
	if err != nil {
		fmt.Println("migrate:", err)
		return 1
	}
	fmt.Print(strings.Join(names(applied), "\n"))
	return 0
}

func TestProcessesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const processes = 5
		outputs, logs := make([]strings.Builder, processes), make([]strings.Builder, processes)
		commands := make([]*exec.Cmd, processes)
		for i := range commands {
			commands[i] = exec.Command(os.Args[0])
			commands[i].Env = append(os.Environ(), processURL+"="+url)
			commands[i].Stdout, commands[i].Stderr = &outputs[i], &logs[i] // in which a slow machine warns of statements
			if err := commands[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		var applied []string
		for i, c := range commands {
			if err := c.Wait(); err != nil {
				t.Fatalf("%v: %s%s", err, outputs[i].String(), logs[i].String())
			}
			applied = append(applied, strings.Fields(outputs[i].String())...)
		}
		checkMany(t, open(t, url), applied)
	})
}
