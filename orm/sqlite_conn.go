package orm

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// sqliteConn is a connection as database/sql sees it: a session that takes a real connection for as long as it needs one.
// Statements that only read get a reader; all others, and transactions, the writer. While it has the writer, every statement
// goes there, so that it sees what it wrote.
type sqliteConn struct {
	pool *sqlitePool

	held    *sqlite.Conn // all statements go to it
	reader  bool         // what held is
	uses    int          // of held: open rows and the running statement
	inTx    bool
	session bool // held is kept for what was set on it, until the session is over

	lent *sqlite.Conn // a reader, while rows of it are open
}

// take finds the connection for a statement.
func (c *sqliteConn) take(ctx context.Context, reads bool) (*sqlite.Conn, error) {
	if c.held == nil && reads && c.lent == nil && c.pool.readers != nil {
		conn, err := c.pool.takeReader(ctx)
		c.lent = conn
		return conn, err
	}
	if err := c.hold(ctx, false); err != nil {
		return nil, err
	}
	c.uses++
	return c.held, nil
}

// hold takes a connection that all statements go to, unless there is one.
func (c *sqliteConn) hold(ctx context.Context, reader bool) (err error) {
	if c.held != nil {
		return nil
	}
	reader = reader && c.pool.readers != nil
	if reader {
		c.held, err = c.pool.takeReader(ctx)
	} else {
		c.held, err = c.pool.takeWriter(ctx)
	}
	c.reader = reader
	return err
}

// give ends the use of a connection that take found.
func (c *sqliteConn) give(conn *sqlite.Conn) {
	if conn == c.lent {
		c.lent = nil
		c.pool.give(conn, true)
		return
	}
	c.uses--
	c.release()
}

// release gives the held connection back when nothing needs it any more.
func (c *sqliteConn) release() {
	if c.held == nil || c.inTx || c.session || c.uses > 0 || c.held.InTransaction() {
		return
	}
	held := c.held
	c.held = nil
	c.pool.give(held, c.reader)
}

// end is the end of the session. What was set on a connection goes with it, but for a database in memory, which is its one
// connection.
func (c *sqliteConn) end() {
	switch {
	case c.held == nil:
	case c.session && !c.pool.settings.inMemory:
		c.pool.discard(c.held, c.reader)
	default:
		c.pool.give(c.held, c.reader)
	}
	*c = sqliteConn{pool: c.pool}
}

// IsValid is asked before database/sql keeps the connection for the next user.
func (c *sqliteConn) IsValid() bool {
	c.end()
	return true
}

// ResetSession is asked before the next user gets the connection.
func (c *sqliteConn) ResetSession(context.Context) error { return nil }

// Close ends the session.
func (c *sqliteConn) Close() error {
	c.end()
	return nil
}

// Ping reads, so that it does not wait for a writer.
func (c *sqliteConn) Ping(ctx context.Context) error {
	rows, err := c.query(ctx, "SELECT 1", nil)
	if err != nil {
		return err
	}
	return rows.Close()
}

// ExecContext runs one statement or a script of several, which share the arguments.
func (c *sqliteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	countStatement(ctx, query)
	kind := kindOf(query)
	conn, err := c.take(ctx, kind == statementReads)
	if err != nil {
		return nil, err
	}
	defer c.give(conn)
	run := sqliteRun{conn, args, c.pool.limitOf(ctx)}
	last, err := run.lastOf(ctx, query)
	if err != nil || last == nil {
		return sqliteResult{}, err
	}
	defer last.Close()
	c.session = c.session || kind == statementSets && !c.inTx
	return run.exec(ctx, last)
}

// QueryContext ends with the first row at hand, and with it the time-out: sorting and grouping come before. The context ends
// the statement as long as its rows are open.
func (c *sqliteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	countStatement(ctx, query)
	return c.query(ctx, query, args)
}

// query gives the rows of the last statement of a script. What begins as a reading statement and turns out to write, as WITH
// … INSERT does, goes to the writer.
func (c *sqliteConn) query(ctx context.Context, query string, args []driver.NamedValue) (*sqliteRows, error) {
	if kindOf(query) == statementReads {
		rows, err := c.queryAs(ctx, true, query, args)
		if !errors.Is(err, errWrites) {
			return rows, err
		}
	}
	return c.queryAs(ctx, false, query, args)
}

var errWrites = errors.New("the statement writes")

func (c *sqliteConn) queryAs(ctx context.Context, reads bool, query string, args []driver.NamedValue) (*sqliteRows, error) {
	conn, err := c.take(ctx, reads)
	if err != nil {
		return nil, err
	}
	run := sqliteRun{conn, args, c.pool.limitOf(ctx)}
	last, err := run.lastOf(ctx, query)
	if err == nil && last != nil && conn == c.lent && !last.ReadOnly() {
		last.Close()
		err = errWrites
	}
	rows := &sqliteRows{session: c, conn: conn, stmt: last, ended: true}
	if err == nil && last != nil {
		err = rows.begin(ctx, run)
	}
	if err != nil {
		c.give(conn)
		return nil, err
	}
	return rows, nil
}

// Prepare is PrepareContext, as database/sql asks for it.
func (c *sqliteConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext compiles the statement, to say what is wrong with it. The connection that will run it finds it compiled, or
// compiles it then.
func (c *sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	conn, err := c.take(ctx, kindOf(query) == statementReads)
	if err != nil {
		return nil, err
	}
	defer c.give(conn)
	stmt, _, err := conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		stmt.Close()
	}
	return &sqliteStmt{c, query}, nil
}

// sqliteStmt is a prepared statement of database/sql: the connections keep what is compiled.
type sqliteStmt struct {
	conn  *sqliteConn
	query string
}

// Close does nothing.
func (s *sqliteStmt) Close() error { return nil }

// NumInput leaves the number of arguments to the statement.
func (s *sqliteStmt) NumInput() int { return -1 }

// Exec is there for driver.Stmt; database/sql calls ExecContext.
func (s *sqliteStmt) Exec([]driver.Value) (driver.Result, error) { return nil, driver.ErrSkip }

// Query is there for driver.Stmt; database/sql calls QueryContext.
func (s *sqliteStmt) Query([]driver.Value) (driver.Rows, error) { return nil, driver.ErrSkip }

// ExecContext runs the statement.
func (s *sqliteStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

// QueryContext runs the statement.
func (s *sqliteStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}
