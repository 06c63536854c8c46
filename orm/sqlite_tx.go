package orm

import (
	"context"
	"database/sql/driver"
)

// Begin is BeginTx, as database/sql asks for it.
func (c *sqliteConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx begins a transaction as begin does.
func (c *sqliteConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	countStatement(ctx, "BEGIN")
	return &sqliteTx{c, ctx}, c.begin(ctx, opts.ReadOnly)
}

// begin takes the writer until the transaction ends; a transaction that only reads takes a reader, and sees what was
// committed when it first reads.
func (c *sqliteConn) begin(ctx context.Context, readOnly bool) error {
	if err := c.hold(ctx, readOnly); err != nil {
		return err
	}
	begin := c.pool.settings.begin
	if readOnly {
		begin = "BEGIN"
	}
	c.inTx = true
	err := c.run(ctx, begin)
	if err != nil {
		c.inTx = false
		c.release()
	}
	return err
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

// end ends the transaction; that its context has ended does not keep it from doing so.
func (t *sqliteTx) end(statement string) error {
	countStatement(t.ctx, statement)
	return t.conn.finish(context.WithoutCancel(t.ctx), statement)
}

// finish ends the transaction with COMMIT or ROLLBACK.
func (c *sqliteConn) finish(ctx context.Context, statement string) error {
	var err error
	if c.held.InTransaction() || statement == "COMMIT" {
		err = c.run(ctx, statement)
	}
	if c.held.InTransaction() {
		_ = c.run(ctx, "ROLLBACK") // what the pool tries again
	}
	c.inTx = false
	c.release()
	return err
}
