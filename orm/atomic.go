package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// AtomicOptions are how [AtomicWith] runs. The zero value is that of [Atomic].
type AtomicOptions struct {
	// Durable refuses to run inside of another Atomic, whose failure would undo what this one has said to be committed
	// (durable=True): [ErrNested].
	Durable bool
	// NoSavepoint lets a nested Atomic do without a savepoint (savepoint=False): its failure is that of the outer one, in which
	// no further statement runs then. The outermost Atomic takes no notice.
	NoSavepoint bool
	// Isolation is the isolation level; 0 means the database's default, READ COMMITTED on PostgreSQL. SQLite is serializable
	// whatever is asked for. Inside of another Atomic, only one that has not begun yet can take another level.
	Isolation sql.IsolationLevel
	// ReadOnly refuses to write. On SQLite the transaction keeps no writer out then, and sees one state of the database; on
	// PostgreSQL that takes an Isolation of sql.LevelRepeatableRead.
	ReadOnly bool
	// Attempts is how many times to run in all when the database gives the transaction up for the sake of another one; see
	// [RetryAtomic]. 0 means once.
	Attempts int
	// Late lets reads that come before everything else run outside of the transaction, so that it begins no earlier than it
	// must: the batches that are [Batch.ReadOnly], and on SQLite, whose one writer it would keep, every SELECT that does not
	// lock. It is for what spans more than the author of a block sees, such as a request.
	Late bool
	// Last is for what ends a Late transaction: nothing follows it there. It is NoSavepoint, and commits, so that what was
	// queued goes with the COMMIT. Deeper inside it is NoSavepoint alone.
	Last bool
}

// begin is what the options say of how the transaction begins.
func (o AtomicOptions) begin() sql.TxOptions {
	return sql.TxOptions{Isolation: o.Isolation, ReadOnly: o.ReadOnly}
}

// ErrNested is returned by a durable Atomic inside of another one.
var ErrNested = errors.New("a durable Atomic runs inside of another one, which could still undo it: run it outside, in a request by NonAtomicRequests")

// Atomic runs fn in a transaction: what it wrote through tx is kept when it returns nil, and undone when it returns an error,
// panics or ctx ends. Inside of another Atomic on the same db it is a savepoint: its failure undoes its own part only.
//
// The transaction begins with its first statement; on SQLite it is then the one that writes. A statement that fails breaks it,
// on both databases: every further one returns [ErrBroken], and so does Atomic, unless the Atomic (or savepoint of GORM) around
// the statement is undone. tx belongs to one goroutine at a time.
//
// The error is fn's, or that of the database, explained as [Translate] does; violations of Django's deferred foreign keys
// come up only at the end of the outermost Atomic.
func Atomic(ctx context.Context, db *gorm.DB, fn func(tx *gorm.DB) error) error {
	return AtomicWith(ctx, db, AtomicOptions{}, fn)
}

// AtomicWith is [Atomic] with options.
func AtomicWith(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) error {
	const firstPause = 10 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := atomicOnce(ctx, db, o, fn)
		if attempt >= o.Attempts || !isConflict(err) || Begun(db) {
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

func atomicOnce(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) error {
	outer := transactionOf(db)
	switch {
	case outer == nil:
		return outermost(ctx, db, o, fn)
	case o.Durable:
		return ErrNested
	case outer.broken != nil:
		return outer.broken
	case o.NoSavepoint, o.Last:
		return outer.joined(ctx, db, o, fn)
	case !outer.begun():
		return outer.whole(ctx, db, o, fn)
	}
	return outer.nested(ctx, db, o, fn)
}

// outermost runs fn in a transaction of its own, and then its hooks.
func outermost(ctx context.Context, db *gorm.DB, o AtomicOptions, fn func(tx *gorm.DB) error) error {
	session, err := newSession(ctx, db)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	session.isolate(o.begin())
	t := &transaction{session: session, late: o.Late, spans: o.Late}
	if err := t.run(ctx, db, fn); err != nil {
		return err
	}
	t.runHooks()
	return nil
}

// RetryAtomic is [Atomic] that begins again when the database gave the transaction up for the sake of another (a deadlock, a
// serialization failure, a lock not got in time), attempts times in all. fn runs once for each attempt, so it must do nothing
// that a rollback does not undo. Inside of another Atomic that has begun it is Atomic: only what is the whole of a transaction
// can begin again.
func RetryAtomic(ctx context.Context, db *gorm.DB, attempts int, fn func(tx *gorm.DB) error) error {
	return AtomicWith(ctx, db, AtomicOptions{Attempts: attempts}, fn)
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

// InTransaction tells whether db is one of [Atomic].
func InTransaction(db *gorm.DB) bool { return transactionOf(db) != nil }

// Begun tells whether db is in a transaction that has statements already.
func Begun(db *gorm.DB) bool {
	t := transactionOf(db)
	return t != nil && t.begun()
}

// SetRollback lets the outermost [Atomic] that tx belongs to undo everything at its end, although it returns nil: for what is
// only tried (set_rollback). Hooks of [OnCommit] do not run.
func SetRollback(tx *gorm.DB) {
	if t := transactionOf(tx); t != nil {
		t.undone = true
	}
}

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

// OnCommitRobust is [OnCommit] of a hook whose panic is logged and concerns nobody else (robust=True).
func OnCommitRobust(tx *gorm.DB, hook func()) {
	ctx, log := tx.Statement.Context, tx.Logger
	OnCommit(tx, func() {
		defer func() {
			if cause := recover(); cause != nil {
				log.Error(ctx, "panic in a function of orm.OnCommitRobust: %v", cause)
			}
		}()
		hook()
	})
}
