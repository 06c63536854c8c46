package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresConns is GORM's connection pool on PostgreSQL: database/sql for GORM's own statements, pgx for a [Batch].
type postgresConns struct {
	primaryDB
	pool      *pgxpool.Pool
	connector driver.Connector // of connections of the pool that database/sql can use
	wait      time.Duration    // for a free connection

	lent   *sql.DB     // for GORM, the connections of transactions
	groups *readGroups // nil for none
}

func (c *postgresConns) readFrom(r *replicas) connections {
	direct := *c
	c.replicas = r
	return &direct
}

// send runs a batch on a connection of the pool.
func (c *postgresConns) send(ctx context.Context, items []batchItem) error {
	conn, err := c.acquire(ctx, c.wait)
	if err != nil {
		return Translate(err)
	}
	defer conn.Release()
	return sendNative(ctx, conn.Conn(), items)
}

// errUndone is a commit that PostgreSQL answered with a rollback.
var errUndone = fmt.Errorf("the transaction was undone: %w", ErrBroken)

// postgresSession is the connection of a transaction. It is taken when the first statement comes, and BEGIN goes with it.
type postgresSession struct {
	conns   *postgresConns
	taken   taken     // the connection
	native  *pgx.Conn // it as batches use it
	conn    *sql.Conn // it as GORM uses it, nil until it does
	options sql.TxOptions
	open    bool        // BEGIN was sent
	failed  error       // of everything after a BEGIN that did not arrive
	waiting []batchItem // to go with the next statement
}

func (s *postgresSession) begun() bool          { return s.open || len(s.waiting) > 0 || s.failed != nil }
func (s *postgresSession) outside() connections { return s.conns }
func (s *postgresSession) isRead(string) bool   { return false } // a SELECT may call what writes or locks

func (s *postgresSession) isolate(options sql.TxOptions) (before sql.TxOptions) {
	before, s.options = s.options, options
	return before
}

// beginText is the statement that begins the transaction.
func (s *postgresSession) beginText() string {
	text := "BEGIN"
	if s.options.Isolation != sql.LevelDefault {
		text += " ISOLATION LEVEL " + strings.ToUpper(s.options.Isolation.String())
	}
	if s.options.ReadOnly {
		text += " READ ONLY"
	}
	return text
}

// connect takes the connection.
func (s *postgresSession) connect(ctx context.Context) error {
	if s.native != nil {
		return nil
	}
	taken, err := s.conns.take(ctx)
	if err != nil {
		return err
	}
	s.taken, s.native = taken, taken.std.Conn()
	return nil
}

// send runs items after BEGIN, if that is still to come, and what waits.
func (s *postgresSession) send(ctx context.Context, items []batchItem) error {
	if s.failed != nil {
		return s.failed
	}
	if err := s.connect(ctx); err != nil {
		return Translate(err)
	}
	if s.open && len(s.waiting) == 0 {
		return s.run(ctx, items)
	}
	all := s.waiting
	if !s.open {
		all = make([]batchItem, 0, 1+len(s.waiting)+len(items))
		all = append(append(all, batchItem{sql: s.beginText()}), s.waiting...)
	}
	all = append(all, items...)
	s.open, s.waiting = true, nil
	err := s.run(ctx, all)
	if err != nil && !s.native.IsClosed() && s.native.PgConn().TxStatus() == idle {
		s.open, s.failed = false, errUndone // what comes next would run outside of the transaction
	}
	return err
}

// run sends items. When they cannot be sent, the transaction lacks them, and those that waited among them: the server is let
// know, by a statement that cannot be, that it cannot go on but behind a savepoint.
func (s *postgresSession) run(ctx context.Context, items []batchItem) error {
	err := sendNative(ctx, s.native, items)
	if errors.As(err, new(*unsentError)) && s.native.PgConn().TxStatus() == inside {
		_, _ = s.native.PgConn().Prepare(context.WithoutCancel(ctx), "", "a batch that could not be sent", nil) // a syntax error
	}
	return err
}

// The states of a connection: in no transaction, and in one that goes on.
const (
	idle   = 'I'
	inside = 'T'
)

// start begins the transaction, and sends what waits.
func (s *postgresSession) start(ctx context.Context) error {
	if s.open && len(s.waiting) == 0 {
		return nil
	}
	return s.send(ctx, nil)
}

// forGORM is the connection, ready for a statement of GORM.
func (s *postgresSession) forGORM(ctx context.Context) (*sql.Conn, error) {
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	if s.conn == nil {
		conn, err := s.conns.lent.Conn(context.WithValue(ctx, takenKey{}, s.taken.std))
		if err != nil {
			return nil, err
		}
		s.conn = conn
	}
	return s.conn, nil
}

func (s *postgresSession) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	conn, err := s.forGORM(ctx)
	if err != nil {
		return nil, err
	}
	return conn.PrepareContext(ctx, query)
}

func (s *postgresSession) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	conn, err := s.forGORM(ctx)
	if err != nil {
		return nil, err
	}
	return conn.ExecContext(ctx, query, args...)
}

func (s *postgresSession) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	conn, err := s.forGORM(ctx)
	if err != nil {
		return nil, err
	}
	return conn.QueryContext(ctx, query, args...)
}

func (s *postgresSession) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	conn, err := s.forGORM(ctx)
	if err != nil {
		return failedRow(err)
	}
	return conn.QueryRowContext(ctx, query, args...)
}

func (s *postgresSession) queue(items []batchItem) bool {
	s.waiting = append(s.waiting, items...)
	return true
}

func (s *postgresSession) settle(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	return s.send(ctx, nil)
}

func (s *postgresSession) discard() { s.waiting = nil }

// commit sends what waits and COMMIT; a transaction without statements was never begun.
func (s *postgresSession) commit(ctx context.Context) error {
	if !s.open && (len(s.waiting) == 0 || len(s.waiting) == 1 && s.options == (sql.TxOptions{})) {
		return s.commitAlone(ctx)
	}
	undone := false
	err := s.send(ctx, []batchItem{{sql: "COMMIT", tag: func(tag string) { undone = tag == "ROLLBACK" }}})
	if err != nil {
		return err
	}
	s.open = false
	if undone {
		return errUndone
	}
	return nil
}

// commitAlone runs the statement that is the whole transaction: it needs neither BEGIN nor COMMIT, and no connection of its
// own. There may be none.
func (s *postgresSession) commitAlone(ctx context.Context) error {
	if s.failed != nil || len(s.waiting) == 0 {
		return s.failed
	}
	items := s.waiting
	s.waiting = nil
	return s.conns.send(ctx, items)
}

// rollback undoes what was not committed and gives the connection back.
func (s *postgresSession) rollback() {
	if s.native != nil {
		s.undo()
		s.giveBack()
	}
	*s = postgresSession{conns: s.conns, options: s.options}
}

// giveBack ends the use of the connection.
func (s *postgresSession) giveBack() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.taken.giveBack()
}

func (s *postgresSession) undo() {
	if !s.open || s.native.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.conns.wait)
	defer cancel()
	if _, err := s.native.Exec(ctx, "ROLLBACK"); err != nil {
		_ = s.native.Close(ctx) // the server undoes it then
	}
}
