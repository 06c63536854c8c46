package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// transaction is the connection pool of a *gorm.DB inside [Atomic]: it goes wherever the *gorm.DB goes.
type transaction struct {
	session
	late   bool // reads before the first other statement run outside
	spans  bool // it was made late
	depth  int  // of Atomics inside
	broken error
	undone bool // by SetRollback
	hooks  []func()
	bound  *gorm.DB // the latest of bind
}

// session is the connection that a transaction runs on. The transaction begins with the first statement.
type session interface {
	connections
	begun() bool // a statement has been sent, or is going to be
	// isolate says how the transaction is to begin, and returns what was said before.
	isolate(options sql.TxOptions) (before sql.TxOptions)
	start(ctx context.Context) error
	queue(items []batchItem) bool     // puts them off, where that can be
	settle(ctx context.Context) error // waits for what was queued
	discard()                         // forgets what was queued since the last statement
	commit(ctx context.Context) error
	rollback()                    // after it, and after commit, the session has not begun
	outside() connections         // the pool that the session is of
	isRead(statement string) bool // a statement of GORM's that may run outside
}

// connections run statements of GORM and batches.
type connections interface {
	gorm.ConnPool
	send(ctx context.Context, items []batchItem) error
}

// errEnded keeps GORM's Commit and Rollback out of the way.
var errEnded = errors.New("a transaction of orm.Atomic ends with its function: return nil to commit, an error to roll back")

// ErrBroken is returned for every statement of a transaction after one that failed: the database would not keep what they
// do. Return the error of the failed statement from [Atomic], or run the statement in an Atomic of its own.
var ErrBroken = errors.New("an earlier statement of the transaction failed: return its error from Atomic, or run it in an Atomic of its own")

// Commit is there for GORM to see that it is inside of a transaction, whose parts are savepoints; it always fails.
func (t *transaction) Commit() error { return errEnded }

// Rollback is like Commit.
func (t *transaction) Rollback() error { return errEnded }

// transactionOf is nil outside of Atomic.
func transactionOf(db *gorm.DB) *transaction {
	t, _ := db.Statement.ConnPool.(*transaction)
	return t
}

// newSession is a session on the connections of db.
func newSession(ctx context.Context, db *gorm.DB) (session, error) {
	switch pool := db.Statement.ConnPool.(type) {
	case *postgresConns:
		pool.replicas.written(ctx)
		return &postgresSession{conns: pool}, nil
	case *sqliteConns:
		pool.replicas.written(ctx)
		return &sqliteSession{conns: pool, conn: &sqliteConn{pool: pool.pool}}, nil
	case gorm.TxBeginner:
		return &sqlSession{ctx: ctx, pool: sqlPool{db.Statement.ConnPool}}, nil
	default:
		return nil, fmt.Errorf("%T cannot begin one; give Atomic a *gorm.DB of orm.Open or of another Atomic", pool)
	}
}

// run calls fn and ends the transaction.
func (t *transaction) run(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	defer t.rollback()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	if t.broken != nil {
		return t.broken
	}
	if t.undone {
		t.hooks = nil
		return nil
	}
	return t.end(ctx)
}

// end commits.
func (t *transaction) end(ctx context.Context) error {
	if err := t.commit(ctx); err != nil {
		return Translate(fmt.Errorf("commit: %w", err))
	}
	return nil
}

func (t *transaction) runHooks() {
	hooks := t.hooks
	t.hooks = nil
	for _, hook := range hooks {
		hook()
	}
}

// bind is db inside the transaction.
func (t *transaction) bind(ctx context.Context, db *gorm.DB) *gorm.DB {
	if t.bound != nil && t.bound.Statement.Context == ctx {
		return t.bound
	}
	t.bound = db.Session(&gorm.Session{NewDB: true})
	t.bound.Statement = &gorm.Statement{DB: t.bound, ConnPool: t, Context: ctx} // what a new session begins from
	return t.bound
}

// joined runs fn as a part of the transaction that cannot be undone alone.
func (t *transaction) joined(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) (err error) {
	if err := t.prepare(o); err != nil {
		return err
	}
	defer t.strictly()()
	done := false
	defer func() {
		if !done && t.broken == nil {
			t.broken = ErrBroken
		}
	}()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	if t.broken == nil && o.Last && t.spans && t.depth == 1 {
		if err := t.conclude(ctx); err != nil {
			return err
		}
	}
	done = true
	return t.broken
}

// conclude commits before the outermost Atomic ends. What comes after it is another transaction.
func (t *transaction) conclude(ctx context.Context) error {
	if t.undone {
		return t.settle(ctx)
	}
	if err := t.end(ctx); err != nil {
		return err
	}
	t.rollback() // gives the connection back
	t.runHooks()
	return nil
}

// strictly is inside of a further Atomic, which reads are a part of, until the function that it returns is called.
func (t *transaction) strictly() (leave func()) {
	late := t.late
	t.late = false
	t.depth++
	return func() {
		t.late = late
		t.depth--
	}
}

// prepare takes over how a part of the transaction wants it to begin.
func (t *transaction) prepare(o AtomicOptions) error {
	switch options := o.begin(); {
	case options == sql.TxOptions{}:
	case t.begun():
		return errors.New("the transaction has begun already: give its outermost Atomic the isolation level and ReadOnly")
	default:
		t.isolate(options)
	}
	return nil
}

// whole runs fn in a transaction that has not begun: what undoes it undoes fn, without a savepoint.
func (t *transaction) whole(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) error {
	options := t.isolate(o.begin())
	if o.begin() == (sql.TxOptions{}) {
		t.isolate(options)
	}
	defer t.strictly()()
	hooks, done := len(t.hooks), false
	defer func() {
		if !done {
			t.hooks, t.broken = t.hooks[:hooks], nil
			t.rollback()
			t.isolate(options)
		}
	}()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	done = t.broken == nil
	return t.broken
}

// nested runs fn between a savepoint and its release.
func (t *transaction) nested(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) error {
	if err := t.prepare(o); err != nil {
		return err
	}
	defer t.strictly()()
	name := "quintet_" + strconv.Itoa(t.depth) // one behind the other may have the same
	hooks, released := len(t.hooks), false
	if err := t.exec(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	defer func() {
		if !released {
			t.hooks = t.hooks[:hooks]
			t.undo(context.WithoutCancel(ctx), name) // when ctx has ended, so has the transaction, and this does nothing
		}
	}()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	if t.broken != nil {
		return t.broken
	}
	if err := t.exec(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return err
	}
	released = true
	return nil
}

// undo goes back to a savepoint: the transaction is whole again.
func (t *transaction) undo(ctx context.Context, savepoint string) {
	t.discard()
	t.broken = nil
	_ = t.exec(ctx, rollbackTo+savepoint) // a failure is noted
	_ = t.exec(ctx, "RELEASE SAVEPOINT "+savepoint)
}

func (t *transaction) exec(ctx context.Context, statement string) error {
	return t.send(ctx, []batchItem{{sql: statement}})
}

// rollbackTo begins the statement that mends a broken transaction, also those of GORM.
const rollbackTo = "ROLLBACK TO SAVEPOINT "

// note keeps in mind that a statement failed in the database.
func (t *transaction) note(err error) error {
	if err == nil || !t.begun() || !isFailure(err) {
		return err
	}
	t.broken = ErrBroken
	if errors.Is(explain(err), ErrUnavailable) { // whoever looks at the end only may try again
		t.broken = fmt.Errorf("%w: %w", ErrBroken, explain(err))
	}
	return err
}

// isFailure tells whether an error is the database's, or of sending to it, and not of a function of a batch.
func isFailure(err error) bool {
	return errors.As(err, new(*pgconn.PgError)) || errors.As(err, new(*sqlite.Error)) || errors.As(err, new(*unsentError))
}

// send runs a batch in the transaction.
func (t *transaction) send(ctx context.Context, items []batchItem) error {
	if t.broken != nil {
		return t.broken
	}
	return t.note(t.session.send(ctx, items))
}

// sendBatch is send of a batch that may be put before the transaction.
func (t *transaction) sendBatch(ctx context.Context, b *Batch) error {
	if b.ReadOnly && t.isOutside() {
		return b.sendOn(ctx, t.outside())
	}
	return t.send(ctx, b.items)
}

func (t *transaction) isOutside() bool { return t.late && !t.begun() }

// conn is where a statement of GORM's runs.
func (t *transaction) conn(statement string) (gorm.ConnPool, error) {
	switch {
	case t.isOutside() && t.isRead(statement):
		return t.outside(), nil
	case t.broken == nil:
	case strings.HasPrefix(statement, rollbackTo):
		t.broken = nil
	default:
		return nil, t.broken
	}
	return t.session, nil
}

// PrepareContext is part of gorm.ConnPool.
func (t *transaction) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	conn, err := t.conn(query)
	if err != nil {
		return nil, err
	}
	stmt, err := conn.PrepareContext(ctx, query)
	return stmt, t.note(err)
}

// ExecContext is part of gorm.ConnPool.
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	conn, err := t.conn(query)
	if err != nil {
		return nil, err
	}
	result, err := conn.ExecContext(ctx, query, args...)
	return result, t.note(err)
}

// QueryContext is part of gorm.ConnPool.
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	conn, err := t.conn(query)
	if err != nil {
		return nil, err
	}
	rows, err := conn.QueryContext(ctx, query, args...)
	return rows, t.note(err)
}

// QueryRowContext is part of gorm.ConnPool.
func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	conn, err := t.conn(query)
	if err != nil {
		return failedRow(err)
	}
	row := conn.QueryRowContext(ctx, query, args...)
	_ = t.note(row.Err())
	return row
}

var _ connections = (*transaction)(nil)
