package ormtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Faults is the database of db over one connection of its own, on which statements fail when the program under test has to
// get over it. fail is asked before each statement, also before BEGIN, COMMIT and ROLLBACK, and before a row is read, as
// "ROW"; its error takes the place of the answer and nothing is sent to the database, but that a COMMIT that fails is a
// ROLLBACK. Nil lets the statement pass. The pool of pgx stays that of db, which must have a connection to spare.
func Faults(tb testing.TB, db *orm.DB, fail func(statement string) error) *orm.DB {
	tb.Helper()
	held, err := db.SQL.Conn(tb.Context())
	if err != nil {
		tb.Fatalf("get a connection for faults: %v", err)
	}
	var inner faultyInner
	err = held.Raw(func(conn any) error {
		var ok bool
		if inner, ok = conn.(faultyInner); !ok {
			return fmt.Errorf("%T is no connection of orm.Open", conn)
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("get a connection for faults: %v", err)
	}
	pool := sql.OpenDB(faultyConnector{&faultyConn{faultyInner: inner, fail: fail}, db.SQL.Driver()})
	pool.SetMaxOpenConns(1)
	tb.Cleanup(func() {
		_ = pool.Close() // closes nothing: the connection is held's
		_ = held.Close()
	})
	faulty := *db
	faulty.SQL = pool
	faulty.Gorm = db.Gorm.Session(&gorm.Session{NewDB: true, Context: context.Background()})
	faulty.Gorm.Config.ConnPool, faulty.Gorm.Statement.ConnPool = pool, pool
	return &faulty
}

// faultyInner is what the connections of both databases can do.
type faultyInner interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.NamedValueChecker
}

// faultyConnector gives the same connection again and again.
type faultyConnector struct {
	conn   *faultyConn
	driver driver.Driver
}

func (c faultyConnector) Connect(context.Context) (driver.Conn, error) { return c.conn, nil }
func (c faultyConnector) Driver() driver.Driver                        { return c.driver }

type faultyConn struct {
	faultyInner
	fail func(statement string) error
	open driver.Tx // nil outside of a transaction
}

// Close leaves the connection to the pool it was taken from, as a new one: a transaction is undone.
func (c *faultyConn) Close() error {
	if c.open != nil {
		_ = c.open.Rollback()
		c.open = nil
	}
	return nil
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.fail(query); err != nil {
		return nil, err
	}
	return c.faultyInner.ExecContext(ctx, query, args)
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.fail(query); err != nil {
		return nil, err
	}
	rows, err := c.faultyInner.QueryContext(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &faultyRows{rows, c.fail}, nil
}

func (c *faultyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if err := c.fail("BEGIN"); err != nil {
		return nil, err
	}
	tx, err := c.faultyInner.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.open = tx
	return &faultyTx{c}, nil
}

type faultyRows struct {
	driver.Rows
	fail func(statement string) error
}

func (r *faultyRows) Next(dest []driver.Value) error {
	if err := r.fail("ROW"); err != nil {
		return err
	}
	return r.Rows.Next(dest)
}

type faultyTx struct{ conn *faultyConn }

func (t *faultyTx) Commit() error {
	tx := t.conn.open
	t.conn.open = nil
	if err := t.conn.fail("COMMIT"); err != nil {
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

func (t *faultyTx) Rollback() error { return errors.Join(t.conn.fail("ROLLBACK"), t.conn.Close()) }
