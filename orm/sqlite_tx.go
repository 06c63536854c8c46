package orm

import (
	"context"
	"database/sql/driver"
)

// Begin is BeginTx, as database/sql asks for it.
func (c *sqliteConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx takes the writer until the transaction ends; a transaction that only reads takes a reader, and sees what was
// committed when it first reads.
func (c *sqliteConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	countStatement(ctx, "BEGIN")
	if err := c.hold(ctx, opts.ReadOnly); err != nil {
		return nil, err
	}
	begin := c.pool.settings.begin
	if opts.ReadOnly {
		begin = "BEGIN"
	}
	c.inTx = true
	if err := c.run(ctx, begin); err != nil {
		c.inTx = false
		c.release()
		return nil, err
	}
	return &sqliteTx{c, ctx}, nil
}

// run runs a statement on the held connection.
func (c *sqliteConn) run(ctx context.Context, statement string) error {
	run := sqliteRun{c.held, nil, c.pool.limitOf(ctx)}
	stmt, err := run.lastOf(ctx, statement)
	if err != nil {
		return err
	}
	defer stmt.Close()
	_, err = run.exec(ctx, stmt)
	return err
}

// sqliteTx is a transaction. How it ends is counted by the context of its beginning.
type sqliteTx struct {
	conn *sqliteConn
	ctx  context.Context //nolint:containedctx // driver.Tx has none
}

// Commit ends the transaction, also when it fails: then what was written is undone.
func (t *sqliteTx) Commit() error { return t.end("COMMIT") }

// Rollback undoes what was written. SQLite may have done so already, after some errors.
func (t *sqliteTx) Rollback() error { return t.end("ROLLBACK") }

func (t *sqliteTx) end(statement string) error {
	countStatement(t.ctx, statement)
	ctx := context.WithoutCancel(t.ctx)
	var err error
	if t.conn.held.InTransaction() || statement == "COMMIT" {
		err = t.conn.run(ctx, statement)
	}
	if t.conn.held.InTransaction() {
		_ = t.conn.run(ctx, "ROLLBACK") // what the pool tries again
	}
	t.conn.inTx = false
	t.conn.release()
	return err
}
