package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// transaction is the connection pool of a *gorm.DB inside [Atomic]: it goes wherever the *gorm.DB goes.
type transaction struct {
	session
	savepoints int
	hooks      []func()
}

// errEnded keeps GORM's Commit and Rollback out of the way.
var errEnded = errors.New("a transaction of orm.Atomic ends with its function: return nil to commit, an error to roll back")

// Commit is there for GORM to see that it is inside of a transaction, whose parts are savepoints; it always fails.
func (t *transaction) Commit() error { return errEnded }

// Rollback is like Commit.
func (t *transaction) Rollback() error { return errEnded }

// session is the connection that a transaction runs on.
type session interface {
	gorm.ConnPool
	send(ctx context.Context, items []batchItem) error
	discard() // forgets what was queued since the last statement
	commit(ctx context.Context) error
	rollback() // does nothing after a commit but to give the connection back
}

// sqlSession is a transaction of database/sql.
type sqlSession struct{ *sql.Tx }

func (s sqlSession) send(ctx context.Context, items []batchItem) error {
	return sendEach(ctx, s.Tx, items)
}
func (s sqlSession) discard()  {}
func (s sqlSession) rollback() { _ = s.Tx.Rollback() }

// commit says why ctx ended when it did: database/sql has undone the transaction then, and says only that it is over.
func (s sqlSession) commit(ctx context.Context) error {
	err := s.Tx.Commit()
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// begin opens a session on the connections of db.
func begin(ctx context.Context, db *gorm.DB) (session, error) {
	switch pool := db.Statement.ConnPool.(type) {
	case *postgresConns:
		return &postgresSession{conns: pool}, nil
	case *sqliteConns:
		return &sqliteSession{conns: pool, conn: &sqliteConn{pool: pool.pool}}, nil
	case gorm.TxBeginner:
		tx, err := pool.BeginTx(ctx, nil)
		return sqlSession{tx}, err
	default:
		return nil, fmt.Errorf("%T cannot begin one; give Atomic a *gorm.DB of orm.Open or of another Atomic", pool)
	}
}

// transactionOf is nil outside of Atomic.
func transactionOf(db *gorm.DB) *transaction {
	t, _ := db.Statement.ConnPool.(*transaction)
	return t
}

// Atomic runs fn in a transaction: what it wrote through tx is kept when it returns nil, and undone when it returns an error,
// panics or ctx ends. Inside of another Atomic on the same db it is a savepoint: its failure undoes its own part only.
//
// The error is fn's, or that of the database, explained as [Translate] does; violations of Django's deferred foreign keys
// come up only at the end of the outermost Atomic.
func Atomic(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	if outer := transactionOf(db); outer != nil {
		return outer.nested(ctx, db, fn)
	}
	session, err := begin(ctx, db)
	if err != nil {
		return Translate(fmt.Errorf("begin a transaction: %w", err))
	}
	t := &transaction{session: session}
	if err := t.run(ctx, db, fn); err != nil {
		return err
	}
	for _, hook := range t.hooks {
		hook()
	}
	return nil
}

// run calls fn and ends the transaction.
func (t *transaction) run(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	defer t.rollback()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	if err := t.commit(ctx); err != nil {
		return Translate(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// bind is db inside the transaction.
func (t *transaction) bind(ctx context.Context, db *gorm.DB) *gorm.DB {
	tx := db.Session(&gorm.Session{NewDB: true})
	tx.Statement = &gorm.Statement{DB: tx, ConnPool: t, Context: ctx} // what a new session begins from
	return tx
}

// nested runs fn between a savepoint and its release.
func (t *transaction) nested(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	t.savepoints++
	name := "quintet_" + strconv.Itoa(t.savepoints)
	hooks := len(t.hooks)
	if err := t.exec(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	released := false
	defer func() {
		if released {
			return
		}
		t.hooks = t.hooks[:hooks]
		t.discard()
		undo := context.WithoutCancel(ctx) // when ctx has ended, so has the transaction, and this does nothing
		_ = t.exec(undo, "ROLLBACK TO SAVEPOINT "+name)
		_ = t.exec(undo, "RELEASE SAVEPOINT "+name)
	}()
	if err := fn(t.bind(ctx, db)); err != nil {
		return explain(err)
	}
	if err := t.exec(ctx, "RELEASE SAVEPOINT "+name); err != nil {
		return err
	}
	released = true
	return nil
}

func (t *transaction) exec(ctx context.Context, statement string) error {
	return t.send(ctx, []batchItem{{sql: statement}})
}

// InTransaction tells whether db is one of [Atomic].
func InTransaction(db *gorm.DB) bool { return transactionOf(db) != nil }

// OnCommit runs hook after the outermost [Atomic] that tx belongs to has been committed, in the order of the calls; never
// when it or the savepoint in between is undone. Outside of Atomic hook runs at once. A hook that panics keeps the ones after
// it from running; what was committed stays.
func OnCommit(tx *gorm.DB, hook func()) {
	t := transactionOf(tx)
	if t == nil {
		hook()
		return
	}
	t.hooks = append(t.hooks, hook)
}

// RetryAtomic is [Atomic] that begins again when the database gave the transaction up for the sake of another (a deadlock, a
// serialization failure, a lock not got in time), attempts times in all. fn runs once for each attempt, so it must do nothing
// that a rollback does not undo. Inside of another Atomic it is Atomic: only the outermost can begin again.
func RetryAtomic(ctx context.Context, db *gorm.DB, attempts int, fn func(tx *gorm.DB) error) error {
	const firstPause = 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := Atomic(ctx, db, fn)
		if attempt >= attempts || InTransaction(db) || !isConflict(err) {
			return err
		}
		pause := firstPause << min(attempt-1, 6)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause/2 + rand.N(pause)): // apart from the other's next attempt
		}
	}
}

// isConflict tells whether a transaction failed because of another one.
func isConflict(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		code := lite.Code() & 0xff
		return code == sqlitelib.SQLITE_BUSY || code == sqlitelib.SQLITE_LOCKED
	}
	return false
}
