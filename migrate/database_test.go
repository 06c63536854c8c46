package migrate_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// each runs a test on a fresh database of each kind.
func each(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, ormtest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, ormtest.Postgres(t)) })
}

// open opens a pool of its own.
func open(t testing.TB, url string) *orm.DB {
	t.Helper()
	db, err := orm.Open(context.Background(), orm.Config{URL: url, ConnectTimeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// run executes statements.
func run(t *testing.T, db *orm.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.SQL.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// texts returns the first column of a query.
func texts(t *testing.T, db *orm.DB, query string) []string {
	t.Helper()
	var found []string
	if err := db.Gorm.Raw(query).Scan(&found).Error; err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return found
}

// emptyLike is the URL of a fresh database of the kind of another.
func emptyLike(t *testing.T, url string) string {
	t.Helper()
	if strings.HasPrefix(url, "sqlite:") {
		return ormtest.SQLite(t)
	}
	return ormtest.Postgres(t)
}
