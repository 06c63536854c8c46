package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// sqlSession is a transaction on connections that orm did not open, or on a single one.
type sqlSession struct {
	ctx     context.Context //nolint:containedctx // ends the transaction
	pool    sqlPool
	options sql.TxOptions
	tx      *sql.Tx // nil before the first statement
}

// sqlPool is a pool of connections that orm did not open.
type sqlPool struct{ gorm.ConnPool }

func (p sqlPool) send(ctx context.Context, items []batchItem) error { return sendEach(ctx, p, items) }

func (s *sqlSession) begun() bool                  { return s.tx != nil }
func (s *sqlSession) queue([]batchItem) bool       { return false }
func (s *sqlSession) settle(context.Context) error { return nil }
func (s *sqlSession) discard()                     {}
func (s *sqlSession) outside() connections         { return s.pool }
func (s *sqlSession) isRead(string) bool           { return false }

func (s *sqlSession) isolate(options sql.TxOptions) (before sql.TxOptions) {
	before, s.options = s.options, options
	return before
}

// start begins the transaction.
func (s *sqlSession) start(context.Context) error {
	if s.tx != nil {
		return nil
	}
	tx, err := s.pool.ConnPool.(gorm.TxBeginner).BeginTx(s.ctx, &s.options)
	if err != nil {
		return Translate(fmt.Errorf("begin a transaction: %w", err))
	}
	s.tx = tx
	return nil
}

func (s *sqlSession) send(ctx context.Context, items []batchItem) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	return sendEach(ctx, s.tx, items)
}

func (s *sqlSession) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s.tx.PrepareContext(ctx, query)
}

func (s *sqlSession) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s.tx.ExecContext(ctx, query, args...)
}

func (s *sqlSession) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s.tx.QueryContext(ctx, query, args...)
}

func (s *sqlSession) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := s.start(ctx); err != nil {
		return failedRow(err)
	}
	return s.tx.QueryRowContext(ctx, query, args...)
}

// commit says why ctx ended when it did: database/sql has undone the transaction then, and says only that it is over.
func (s *sqlSession) commit(ctx context.Context) error {
	if s.tx == nil {
		return nil
	}
	err := s.tx.Commit()
	s.tx = nil
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (s *sqlSession) rollback() {
	if s.tx != nil {
		_ = s.tx.Rollback() // nothing can be done about a connection that is gone
		s.tx = nil
	}
}

// failedRow brings an error where only a row can be returned.
func failedRow(err error) *sql.Row {
	db := sql.OpenDB(failingConnector{err})
	defer func() { _ = db.Close() }() // has no connections
	return db.QueryRowContext(context.Background(), "")
}

// failingConnector has an error in place of connections.
type failingConnector struct{ err error }

// Connect fails.
func (c failingConnector) Connect(context.Context) (driver.Conn, error) { return nil, c.err }

// Driver is there for database/sql.
func (c failingConnector) Driver() driver.Driver { return sqliteDriver{} }
