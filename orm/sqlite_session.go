package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// sqliteSession is the connection of a transaction. It is taken, and BEGIN runs, when the first statement comes. Batches go
// to SQLite itself, GORM's statements through a connection of database/sql, which takes over when the first of them comes.
type sqliteSession struct {
	conns *sqliteConns
	conn  *sqliteConn
	tx    *sqliteTx // nil until it has begun
	gorm  *sql.Conn // nil until GORM needs it; conn is its driver's connection then
	// options are how the transaction is to begin; it is serializable in any case.
	options sql.TxOptions
}

func (s *sqliteSession) begun() bool                  { return s.tx != nil }
func (s *sqliteSession) outside() connections         { return s.conns }
func (s *sqliteSession) isRead(statement string) bool { return isSelect(statement) }
func (s *sqliteSession) queue([]batchItem) bool       { return false }
func (s *sqliteSession) settle(context.Context) error { return nil }

func (s *sqliteSession) isolate(options sql.TxOptions) (before sql.TxOptions) {
	before, s.options = s.options, options
	return before
}

// errGivenUp is what follows an error after which SQLite has undone everything.
var errGivenUp = errors.New("SQLite undid the transaction when one of its statements was interrupted or had no room: return the error of that from Atomic")

// start begins the transaction, unless it has begun. What SQLite has given up must not go on without a transaction.
func (s *sqliteSession) start(ctx context.Context) error {
	if s.tx == nil {
		countStatement(ctx, "BEGIN")
		if err := s.conn.begin(ctx, s.options.ReadOnly); err != nil {
			return fmt.Errorf("begin a transaction: %w", err)
		}
		s.tx = &sqliteTx{s.conn, ctx}
	}
	if !s.conn.held.InTransaction() {
		return errGivenUp
	}
	return nil
}

func (s *sqliteSession) send(ctx context.Context, items []batchItem) error {
	if err := s.start(ctx); err != nil {
		return Translate(err)
	}
	return s.conn.send(ctx, items)
}

func (s *sqliteSession) discard() {}

// open makes the connection one of database/sql.
func (s *sqliteSession) open(ctx context.Context) (*sql.Conn, error) {
	if err := s.start(ctx); err != nil || s.gorm != nil {
		return s.gorm, err
	}
	conn, err := s.conns.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.gorm = conn
	return conn, conn.Raw(func(driverConn any) error {
		inner, ok := driverConn.(*sqliteConn)
		if !ok {
			return fmt.Errorf("%T is no connection of orm.Open", driverConn)
		}
		*inner = *s.conn
		s.conn, s.tx.conn = inner, inner
		return nil
	})
}

// PrepareContext is there for GORM, as the functions below.
func (s *sqliteSession) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	conn, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return conn.PrepareContext(ctx, query)
}

// ExecContext runs a statement.
func (s *sqliteSession) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	conn, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return conn.ExecContext(ctx, query, args...)
}

// QueryContext runs a statement with rows.
func (s *sqliteSession) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	conn, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return conn.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a statement with one row.
func (s *sqliteSession) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	conn, err := s.open(ctx)
	if err != nil {
		return failedRow(err)
	}
	return conn.QueryRowContext(ctx, query, args...)
}

// commit keeps what was written, unless ctx has ended. A transaction without statements was never begun.
func (s *sqliteSession) commit(ctx context.Context) error {
	if s.tx == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	tx := s.tx
	s.tx = nil
	return tx.Commit()
}

// rollback undoes what was not committed and gives the connection back.
func (s *sqliteSession) rollback() {
	if s.tx != nil {
		_ = s.tx.Rollback() // what the pool tries again
	}
	if s.gorm != nil {
		_ = s.gorm.Close() // ends the session, whatever it says
	} else {
		s.conn.end()
	}
	*s = sqliteSession{conns: s.conns, conn: &sqliteConn{pool: s.conns.pool}, options: s.options}
}
