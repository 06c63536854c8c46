package ormtest

import (
	"log/slog"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

// Each runs a test on an empty SQLite database and on an empty PostgreSQL database.
func Each(t *testing.T, test func(t *testing.T, db *orm.DB)) {
	t.Helper()
	new(Template).Each(t, test)
}

// SQLite is the URL of an empty database in a file that is removed after the test.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return new(Template).SQLite(tb)
}

// Postgres is the URL of an empty database that is dropped after the test. The test is skipped where PostgreSQL is not
// installed.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return new(Template).Postgres(tb)
}

// Open opens a database until the end of the test, with nothing logged.
func Open(tb testing.TB, url string) *orm.DB {
	tb.Helper()
	db, err := orm.Open(tb.Context(), orm.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db
}
