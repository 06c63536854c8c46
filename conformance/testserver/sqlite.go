package testserver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"modernc.org/sqlite"
)

// sqliteDatabase is a file that the application has open. It is restored through a connection of its own by SQLite's backup
// interface, which is a write transaction like any other to the application's connections: they see the old pages or the new
// ones, and prepare their statements anew. Copying the file instead would leave them with a cache and a log of another file.
type sqliteDatabase struct {
	file     *sql.DB
	template string // path of the fixture's file
}

// restorer is what the driver's connections can do.
type restorer interface {
	NewRestore(source string) (*sqlite.Backup, error)
}

// openSQLite puts the fixture at template and into the file of the URL.
func openSQLite(ctx context.Context, address, template string) (database, error) {
	path := sqlitePath(address)
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, fmt.Errorf("%q names no file; give sqlite:PATH", address)
	}
	content, err := fixture("shop.sqlite3")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(template, content, 0o600); err != nil {
		return nil, err
	}
	file, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, err
	}
	file.SetMaxOpenConns(1)
	d := &sqliteDatabase{file, template}
	if err := d.begin(ctx, path); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// begin fills the file, unless somebody's data is in it.
func (d *sqliteDatabase) begin(ctx context.Context, path string) error {
	var tables, ours int
	query := `SELECT count(*), count(*) FILTER (WHERE name = ?) FROM sqlite_master WHERE type = 'table'`
	if err := d.file.QueryRowContext(ctx, query, marker).Scan(&tables, &ours); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if tables > 0 && ours == 0 {
		return foreignError{path}
	}
	return d.restore(ctx)
}

func (d *sqliteDatabase) restore(ctx context.Context) error {
	conn, err := d.file.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error { return copyPages(driver, d.template) })
}

// copyPages makes a connection's database equal to a file, in one step and therefore one transaction.
func copyPages(driver any, template string) error {
	into, ok := driver.(restorer)
	if !ok {
		return fmt.Errorf("%T cannot restore; is it still modernc.org/sqlite?", driver)
	}
	backup, err := into.NewRestore(template)
	if err != nil {
		return err
	}
	more, err := backup.Step(-1)
	if err == nil && more {
		err = errors.New("the database is in use for longer than the busy timeout")
	}
	return errors.Join(err, backup.Finish())
}

func (d *sqliteDatabase) close() error { return d.file.Close() }

// sqlitePath is the file that a URL as package orm takes it names.
func sqlitePath(address string) string {
	path, _, _ := strings.Cut(address, "?")
	for _, prefix := range []string{"sqlite:", "file:", "//"} {
		path = strings.TrimPrefix(path, prefix)
	}
	return path
}
