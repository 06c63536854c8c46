package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// openSQLite opens a file, or a database in memory, which then has one connection.
func openSQLite(_ context.Context, config Config) (*DB, error) {
	settings, err := parseSQLiteURL(config.URL, config.ConnectTimeout)
	if err != nil {
		return nil, err
	}
	if config.replica {
		settings.pragmas = append(settings.pragmas, "query_only(1)")
	}
	pool, err := newSQLitePool(settings, config)
	if err != nil {
		return nil, err
	}
	conns := sql.OpenDB(sqliteConnector{pool})
	conns.SetMaxIdleConns(config.MaxConns) // they are small: the pool has the real ones
	g, err := openGorm(sqliteDialect{&sqliteConns{primaryDB{DB: conns}, pool}}, config)
	if err == nil {
		err = errors.Join(registerDecimalScale(g), registerLocks(g))
	}
	if err != nil {
		_ = conns.Close()
		return nil, err
	}
	return &DB{Gorm: g, SQL: conns, dialect: SQLite}, nil
}

type withoutQueryTimeout struct{}

// WithoutQueryTimeout lifts Config.QueryTimeout from statements on SQLite, for those that take as long as they take. On
// PostgreSQL the server counts: begin with SET LOCAL statement_timeout = 0 in the transaction there.
func WithoutQueryTimeout(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutQueryTimeout{}, true)
}

// openConn opens one connection to the database.
func (p *sqlitePool) openConn(reader bool) (*sqlite.Conn, error) {
	conn, err := sqlite.Open(p.settings.uri)
	if err == nil {
		err = p.setUp(conn, reader)
	}
	if err != nil {
		return nil, Translate(fmt.Errorf("open %s: %w", p.settings.path, err))
	}
	return conn, nil
}

// setUp closes the connection when it fails.
func (p *sqlitePool) setUp(conn *sqlite.Conn, reader bool) error {
	err := addFunctions(conn, p.regexps)
	pragmas := p.settings.pragmas
	if reader {
		pragmas = append(slices.Clip(pragmas), "query_only(1)")
	}
	for _, pragma := range pragmas {
		if err == nil {
			err = p.execPragma(conn, pragma)
		}
	}
	if err != nil {
		_ = conn.Close()
	}
	return err
}

// execPragma asks again while the database is locked. SQLite waits by itself, but not where two wait for each other: of several
// that begin the write-ahead log of a new file at once it refuses all but one.
func (p *sqlitePool) execPragma(conn *sqlite.Conn, pragma string) error {
	const pause = 5 * time.Millisecond
	for end := time.Now().Add(p.wait); ; time.Sleep(pause) {
		err := conn.Exec("PRAGMA " + pragma)
		if !isBusy(err) || time.Now().After(end) {
			return err
		}
	}
}

// journalOf is the journal mode that a database has got: WAL does not work on every file system.
func journalOf(conn *sqlite.Conn) (string, error) {
	stmt, _, err := conn.Prepare("PRAGMA journal_mode")
	if err != nil {
		return "", err
	}
	defer stmt.Close()
	if _, err := stmt.Step(); err != nil {
		return "", err
	}
	return string(stmt.Text(0)), nil
}

// limitOf is the time-out of statements.
func (p *sqlitePool) limitOf(ctx context.Context) time.Duration {
	if p.limit <= 0 || ctx.Value(withoutQueryTimeout{}) != nil {
		return 0
	}
	return p.limit
}
