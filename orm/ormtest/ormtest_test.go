package ormtest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

var shelf = ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
	return db.Gorm.WithContext(ctx).Exec(`CREATE TABLE book (title varchar(20) NOT NULL)`).Error
}}

func count(t *testing.T, db *orm.DB, query string) int {
	t.Helper()
	var n int
	if err := db.SQL.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEachRunsOnBoth(t *testing.T) {
	var ran []string
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		ran = append(ran, db.Dialect())
		if n := count(t, db, "SELECT 1"); n != 1 {
			t.Errorf("SELECT 1 is %d", n)
		}
	})
	if got := strings.Join(ran, " "); got != "sqlite postgres" {
		t.Errorf("ran on %q", got)
	}
}

func TestTemplateCopiesAreApart(t *testing.T) {
	for range 2 {
		shelf.Each(t, func(t *testing.T, db *orm.DB) {
			if n := count(t, db, "SELECT count(*) FROM book"); n != 0 {
				t.Errorf("a copy begins with %d rows of another", n)
			}
			if _, err := db.SQL.ExecContext(t.Context(), "INSERT INTO book VALUES ('Dune')"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPostgresIsDroppedAfterTheTest(t *testing.T) {
	var gone string
	t.Run("use", func(t *testing.T) {
		gone = ormtest.Postgres(t)
		ormtest.Open(t, gone)
	})
	if gone == "" {
		t.Skip("no PostgreSQL")
	}
	if _, err := orm.Open(t.Context(), orm.Config{URL: gone}); err == nil {
		t.Error("the database is still there")
	}
}

func TestFailedBuildIsReported(t *testing.T) {
	broken := ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
		return db.Gorm.WithContext(ctx).Exec("CREATE NONSENSE").Error
	}}
	text := fatalOf(t, func(tb testing.TB) { broken.SQLite(tb) })
	if !strings.Contains(text, "NONSENSE") {
		t.Errorf("the test failed with %q", text)
	}
}

// again runs tests of this file in another process with other variables.
func again(t *testing.T, tests string, env ...string) (output string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run", "^("+tests+")$")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestGivenServerIsUsed(t *testing.T) {
	out, err := again(t, "TestEachRunsOnBoth", "QUINTET_TEST_POSTGRES="+ormtest.Postgres(t), "QUINTET_POSTGRES_BIN=/nowhere")
	if err != nil || !strings.Contains(out, "PASS: TestEachRunsOnBoth/postgres") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBrokenInstallationFails(t *testing.T) {
	out, err := again(t, "TestEachRunsOnBoth", "QUINTET_TEST_POSTGRES=", "QUINTET_POSTGRES_BIN=/nowhere")
	if err == nil || !strings.Contains(out, "/nowhere/initdb") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestGivenServerMustBeAURL(t *testing.T) {
	out, err := again(t, "TestEachRunsOnBoth", "QUINTET_TEST_POSTGRES=postgres://%zz")
	if err == nil || !strings.Contains(out, "QUINTET_TEST_POSTGRES is no URL") {
		t.Errorf("%v\n%s", err, out)
	}
}
