package migrations_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// recordings is where the databases and fixtures of the reference are.
const recordings = "../conformance/testdata/fixtures"

// each runs a test on a fresh database of each kind.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, ormtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, ormtest.Postgres(t)) })
}

func open(t *testing.T, url string) *orm.DB {
	t.Helper()
	db, err := orm.Open(context.Background(), orm.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// migrated opens a database and applies everything.
func migrated(t *testing.T, url string) *orm.DB {
	t.Helper()
	db := open(t, url)
	if _, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: migrations.Files()}); err != nil {
		t.Fatal(err)
	}
	return db
}

func registry(t *testing.T) *orm.Registry {
	t.Helper()
	reg, err := orm.NewRegistry(models.All()...)
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

// reference opens the database that the reference made, of the kind of url.
func reference(t *testing.T, kind string) *orm.DB {
	t.Helper()
	if kind == "postgres" {
		url := ormtest.Postgres(t)
		restore(t, url, filepath.Join(recordings, "shop-postgres.sql"))
		return open(t, url)
	}
	path := filepath.Join(t.TempDir(), "shop.sqlite3")
	data, err := os.ReadFile(filepath.Join(recordings, "shop.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, "sqlite:"+path)
}

// restore runs what pg_dump wrote, with the data in COPY sections.
func restore(t *testing.T, url, file string) {
	t.Helper()
	ctx := context.Background()
	dump, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	section := regexp.MustCompile(`(?ms)^(COPY .*? FROM stdin;)\n(.*?)^\\\.$`)
	text, from := string(dump), 0
	for _, at := range section.FindAllStringSubmatchIndex(text, -1) {
		exec(t, conn, text[from:at[0]])
		if _, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(text[at[4]:at[5]]), text[at[2]:at[3]]); err != nil {
			t.Fatalf("%s: %v", text[at[2]:at[3]], err)
		}
		from = at[1]
	}
	exec(t, conn, text[from:])
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// lines returns the rows of a query of one text column.
func lines(t *testing.T, db *orm.DB, query string) []string {
	t.Helper()
	var found []string
	if err := db.Gorm.Raw(query).Scan(&found).Error; err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return found
}

// emptyLike is the URL of a fresh database of a kind.
func emptyLike(t *testing.T, kind string) string {
	if kind == orm.Postgres {
		return ormtest.Postgres(t)
	}
	return ormtest.SQLite(t)
}
