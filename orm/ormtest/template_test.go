package ormtest_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// fatalOf is the text with which run fails its test.
func fatalOf(t *testing.T, run func(tb testing.TB)) string {
	t.Helper()
	fake := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		run(fake)
	}()
	<-done
	return fake.fatal
}

// TestTemplatesAreBuiltOnce asks from many goroutines at a time.
func TestTemplatesAreBuiltOnce(t *testing.T) {
	builds := map[string]*atomic.Int64{orm.SQLite: {}, orm.Postgres: {}}
	template := ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
		builds[db.Dialect()].Add(1)
		return db.Gorm.WithContext(ctx).Exec("CREATE TABLE t (x integer)").Error
	}}
	var wg sync.WaitGroup
	urls := make(chan string, 12)
	for range 6 {
		wg.Go(func() { urls <- template.SQLite(t) })
		wg.Go(func() { urls <- template.Postgres(t) })
	}
	wg.Wait()
	close(urls)
	seen := map[string]bool{}
	for u := range urls {
		if seen[u] {
			t.Errorf("two tests share %s", u)
		}
		seen[u] = true
		if n := count(t, ormtest.Open(t, u), "SELECT count(*) FROM t"); n != 0 {
			t.Errorf("%d rows", n)
		}
	}
	for dialect, n := range builds {
		if n.Load() != 1 {
			t.Errorf("%s was built %d times", dialect, n.Load())
		}
	}
}

// TestFailedBuildIsNotTriedAgain: a second test fails with the same text, at no cost.
func TestFailedBuildIsNotTriedAgain(t *testing.T) {
	var builds int
	broken := ormtest.Template{Build: func(context.Context, *orm.DB) error {
		builds++
		return errors.New("no such table: nonsense")
	}}
	for kind, get := range map[string]func(testing.TB) string{
		"SQLite": broken.SQLite, "PostgreSQL": broken.Postgres,
	} {
		builds = 0
		for range 2 {
			text := fatalOf(t, func(tb testing.TB) { get(tb) })
			if !strings.Contains(text, kind) || !strings.Contains(text, "build the template: no such table: nonsense") {
				t.Errorf("%s fails with %q", kind, text)
			}
		}
		if builds != 1 {
			t.Errorf("%s was built %d times", kind, builds)
		}
	}
}

func TestSQLiteFileGoesWithItsTest(t *testing.T) {
	var path string
	t.Run("use", func(t *testing.T) {
		path = strings.TrimPrefix(shelf.SQLite(t), "sqlite:")
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		db := ormtest.Open(t, "sqlite:"+path)
		if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO book VALUES ('Dune')"); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestOpenFailsTheTest(t *testing.T) {
	for address, want := range map[string]string{
		"mysql://x": "mysql://", "postgres://u@127.0.0.1:1/x": "unavailable", "sqlite:" + filepath.Join(t.TempDir(), "no", "x.db"): "unavailable",
	} {
		if text := fatalOf(t, func(tb testing.TB) { ormtest.Open(tb, address) }); !strings.Contains(text, want) {
			t.Errorf("%s: the test failed with %q, want %q in it", address, text, want)
		}
	}
}

func TestUnreachableServerFails(t *testing.T) {
	out, err := again(t, "TestEachRunsOnBoth", "QUINTET_TEST_POSTGRES=postgres://u:secretword@127.0.0.1:1/postgres")
	if err == nil || !strings.Contains(out, "make the PostgreSQL database") {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(out, "secretword") {
		t.Errorf("the password is shown:\n%s", out)
	}
}

// printServer makes TestPrintsItsServer print where its server is, and wait.
const printServer = "ORMTEST_PRINT_SERVER"

func TestPrintsItsServer(t *testing.T) {
	how := os.Getenv(printServer)
	if how == "" {
		t.Skip("a part of TestServerEndsWithItsProcess")
	}
	db := ormtest.Open(t, ormtest.Postgres(t))
	var folder, port string
	if err := db.SQL.QueryRowContext(t.Context(), "SELECT current_setting('data_directory'), current_setting('port')").Scan(&folder, &port); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(how, []byte(port+" "+folder), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(how, "killed") {
		time.Sleep(time.Minute)
	}
}

// TestServerEndsWithItsProcess lets a process end by itself and kills another one.
func TestServerEndsWithItsProcess(t *testing.T) {
	if u, err := url.Parse(ormtest.Postgres(t)); err != nil || u.Host == "" {
		t.Fatal(u, err)
	}
	for _, how := range []string{"ended", "killed"} {
		t.Run(how, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), how)
			cmd := exec.Command(os.Args[0], "-test.run", "^TestPrintsItsServer$")
			cmd.Env = append(os.Environ(), printServer+"="+file, "QUINTET_TEST_POSTGRES=")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := waitFor(t, func() (string, bool) {
				text, err := os.ReadFile(file)
				return string(text), err == nil && len(text) > 0
			})
			if how == "killed" {
				_ = cmd.Process.Kill()
			}
			_ = cmd.Wait()
			_, folder, _ := strings.Cut(said, " ")
			waitFor(t, func() (string, bool) {
				_, err := os.Stat(filepath.Dir(folder))
				return "", os.IsNotExist(err)
			})
		})
	}
}

// waitFor asks until the answer is there.
func waitFor(t *testing.T, ask func() (string, bool)) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if text, ok := ask(); ok {
			return text
		}
	}
	t.Fatal("it does not happen")
	return ""
}
