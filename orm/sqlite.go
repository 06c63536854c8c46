package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"modernc.org/sqlite"
)

// openSQLite opens a file, or a database in memory, which then has one connection.
func openSQLite(_ context.Context, config Config) (*DB, error) {
	dsn, inMemory, err := sqliteDSN(config.URL, config.ConnectTimeout)
	if err != nil {
		return nil, err
	}
	source := &sqlite.Driver{}
	if err := registerFunctions(source); err != nil {
		return nil, err
	}
	conns := sql.OpenDB(&sqliteConnector{source: source, dsn: dsn, timeout: config.QueryTimeout})
	conns.SetMaxOpenConns(config.MaxConns)
	conns.SetMaxIdleConns(config.MaxConns)
	if inMemory {
		conns.SetMaxOpenConns(1)
	}
	g, err := openGorm(sqliteDialect{conns}, config)
	if err != nil {
		_ = conns.Close()
		return nil, err
	}
	if err := registerDecimalScale(g); err != nil {
		_ = conns.Close()
		return nil, err
	}
	return &DB{Gorm: g, SQL: conns, dialect: SQLite}, nil
}

// sqliteDSN makes the driver's name of the database, with what a server needs where the URL does not say otherwise.
func sqliteDSN(address string, lockTimeout time.Duration) (dsn string, inMemory bool, err error) {
	path, query, _ := strings.Cut(address, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return "", false, fmt.Errorf("the database URL: %w", err)
	}
	if rest, ok := strings.CutPrefix(path, "file:"); ok {
		path = rest // escaped already
	} else {
		path = strings.TrimPrefix(strings.TrimPrefix(path, "sqlite:"), "//")
		path = (&url.URL{Path: path}).EscapedPath()
	}
	if path == "" {
		return "", false, fmt.Errorf("the database URL names no file; give sqlite:path")
	}
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", lockTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
	} {
		setPragma(params, pragma)
	}
	for name, value := range map[string]string{"_txlock": "immediate", "_dqs": "0"} {
		if !params.Has(name) {
			params.Set(name, value)
		}
	}
	inMemory = strings.Contains(path, ":memory:") || params.Get("mode") == "memory"
	return "file:" + path + "?" + params.Encode(), inMemory, nil
}

// setPragma adds a pragma unless there is one of its name.
func setPragma(params url.Values, pragma string) {
	name, _, _ := strings.Cut(pragma, "(")
	for _, given := range params["_pragma"] {
		if strings.HasPrefix(strings.ToLower(given), name) {
			return
		}
	}
	params.Add("_pragma", pragma)
}

// sqliteConnector opens connections that bind values as Django stores them and count statements.
type sqliteConnector struct {
	source  *sqlite.Driver
	dsn     string
	timeout time.Duration
}

func (c *sqliteConnector) Driver() driver.Driver { return c.source }

func (c *sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := c.source.Open(c.dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", strings.SplitN(c.dsn, "?", 2)[0], err)
	}
	inner, ok := conn.(sqliteInner)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's %T lacks methods this program needs; use the version in go.mod", conn)
	}
	return &sqliteConn{inner, c.timeout}, nil
}

// sqliteInner is what the driver's connections can do.
type sqliteInner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type sqliteConn struct {
	sqliteInner
	timeout time.Duration
}

// Unwrap is the driver's own connection, for backups and the like through sql.Conn.Raw.
func (c *sqliteConn) Unwrap() driver.Conn { return c.sqliteInner }

type withoutQueryTimeout struct{}

// WithoutQueryTimeout lifts Config.QueryTimeout from statements on SQLite, for those that take as long as they take. On
// PostgreSQL the server counts: begin with SET LOCAL statement_timeout = 0 in the transaction there.
func WithoutQueryTimeout(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutQueryTimeout{}, true)
}

// limit adds the time-out of a statement to its context.
func (c *sqliteConn) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout <= 0 || ctx.Value(withoutQueryTimeout{}) != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.timeout)
}

func (c *sqliteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx, query)
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return c.sqliteInner.ExecContext(ctx, query, args)
}

// QueryContext ends with the first row at hand, and with it the time-out: sorting and grouping come before.
func (c *sqliteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx, query)
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return c.sqliteInner.QueryContext(ctx, query, args)
}

func (c *sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.sqliteInner.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, ok := stmt.(sqliteInnerStmt)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's %T lacks methods this program needs; use the version in go.mod", stmt)
	}
	return &sqliteStmt{inner, c, query}, nil
}

func (c *sqliteConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	countStatement(ctx, "BEGIN")
	limited, cancel := c.limit(ctx)
	defer cancel()
	tx, err := c.sqliteInner.BeginTx(limited, opts)
	if err != nil {
		return nil, err
	}
	return &sqliteTx{tx, ctx}, nil
}

// CheckNamedValue turns Go values into what Django stores; database/sql calls it for each argument.
func (c *sqliteConn) CheckNamedValue(nv *driver.NamedValue) error {
	if v, ok := sqliteValue(nv.Value); ok {
		nv.Value = v
		return nil
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(nv.Value)
	if err != nil {
		return err
	}
	if t, ok := v.(time.Time); ok {
		v = sqliteTime(t)
	}
	nv.Value = v
	return nil
}

// sqliteValue converts the types whose own Value is meant for PostgreSQL; ok is false for all others.
func sqliteValue(v any) (value driver.Value, ok bool) {
	switch v := v.(type) {
	case time.Time:
		return sqliteTime(v), true
	case *time.Time:
		return derefValue(v), true
	case uuid.UUID:
		return hex.EncodeToString(v[:]), true
	case *uuid.UUID:
		return derefValue(v), true
	case uuid.NullUUID:
		if !v.Valid {
			return nil, true
		}
		return hex.EncodeToString(v.UUID[:]), true
	case Duration:
		return int64(v), true
	case *Duration:
		return derefValue(v), true
	}
	return nil, false
}

func derefValue[T any](p *T) driver.Value {
	if p == nil {
		return nil
	}
	v, _ := sqliteValue(*p)
	return v
}

// sqliteTime is Django's text of a time: UTC, with six digits of a fraction unless it is zero.
func sqliteTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05.000000")
}

type sqliteInnerStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// sqliteStmt is a prepared statement.
type sqliteStmt struct {
	sqliteInnerStmt
	conn  *sqliteConn
	query string
}

func (s *sqliteStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx, s.query)
	ctx, cancel := s.conn.limit(ctx)
	defer cancel()
	return s.sqliteInnerStmt.ExecContext(ctx, args)
}

func (s *sqliteStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx, s.query)
	ctx, cancel := s.conn.limit(ctx)
	defer cancel()
	return s.sqliteInnerStmt.QueryContext(ctx, args)
}

// sqliteTx counts how a transaction ends.
type sqliteTx struct {
	driver.Tx
	ctx context.Context //nolint:containedctx // driver.Tx has none, and the counter is that of the beginning
}

func (t *sqliteTx) Commit() error {
	countStatement(t.ctx, "COMMIT")
	return t.Tx.Commit()
}

func (t *sqliteTx) Rollback() error {
	countStatement(t.ctx, "ROLLBACK")
	return t.Tx.Rollback()
}
