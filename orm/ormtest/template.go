package ormtest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

// Template is a database that is built once for each kind and copied for each test. Keep it in a variable of the test
// package; it must not be copied. The zero value is an empty database.
type Template struct {
	// Build fills the database; it is called at most once for SQLite and once for PostgreSQL. Nil leaves it empty.
	Build func(ctx context.Context, db *orm.DB) error

	sqlite   built[[]byte] // the file
	postgres built[string] // the database's name
}

// built is something made once; a failure is kept too.
type built[T any] struct {
	once  sync.Once
	value T
	err   error
}

func (b *built[T]) get(build func() (T, error)) (T, error) {
	b.once.Do(func() { b.value, b.err = build() })
	return b.value, b.err
}

// Each runs a test on a copy in SQLite and on a copy in PostgreSQL.
func (t *Template) Each(tt *testing.T, test func(t *testing.T, db *orm.DB)) {
	tt.Helper()
	tt.Run(orm.SQLite, func(tt *testing.T) { test(tt, Open(tt, t.SQLite(tt))) })
	tt.Run(orm.Postgres, func(tt *testing.T) { test(tt, Open(tt, t.Postgres(tt))) })
}

// SQLite is the URL of a copy in a file that is removed after the test.
func (t *Template) SQLite(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	content, err := t.sqlite.get(func() ([]byte, error) { return t.buildSQLite(filepath.Join(dir, "template.db")) })
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "test.db"), content, 0o600)
	}
	if err != nil {
		tb.Fatalf("make the SQLite database: %v", err)
	}
	return "sqlite:" + filepath.Join(dir, "test.db")
}

func (t *Template) buildSQLite(path string) ([]byte, error) {
	if t.Build == nil {
		return nil, nil
	}
	if err := t.build("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func (t *Template) build(url string) error {
	ctx := context.Background()
	db, err := orm.Open(ctx, orm.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer db.Close() // writes SQLite's log into the file, and leaves PostgreSQL's template alone as CREATE DATABASE asks
	if err := t.Build(ctx, db); err != nil {
		return fmt.Errorf("build the template: %w", err)
	}
	return nil
}

// Postgres is the URL of a copy that is dropped after the test. The test is skipped where PostgreSQL is not installed.
func (t *Template) Postgres(tb testing.TB) string {
	tb.Helper()
	s := serverFor(tb)
	template, err := t.postgres.get(func() (string, error) { return t.buildPostgres(s) })
	if err != nil {
		tb.Fatalf("make the PostgreSQL template: %v", err)
	}
	name, err := s.create(tb.Context(), template)
	if err != nil {
		tb.Fatalf("make the PostgreSQL database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.drop(context.Background(), name); err != nil {
			tb.Errorf("drop the PostgreSQL database: %v", err)
		}
	})
	return s.database(name)
}

func (t *Template) buildPostgres(s *server) (name string, err error) {
	if t.Build == nil {
		return "template1", nil
	}
	name, err = s.create(context.Background(), "template1")
	if err != nil {
		return "", err
	}
	return name, t.build(s.database(name))
}
