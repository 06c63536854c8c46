package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// advisoryKey is the PostgreSQL advisory lock of migrations; the lock belongs to one database.
const advisoryKey = 0x7175696e746574 // "quintet"

const (
	defaultLockTimeout = time.Minute
	sqliteBusy         = 5 // primary result code SQLITE_BUSY
)

func (r *runner) lockTimeout() time.Duration {
	if r.opts.LockTimeout > 0 {
		return r.opts.LockTimeout
	}
	return defaultLockTimeout
}

// errTaken says that another process has the lock.
var errTaken = errors.New("the lock is taken")

// lockPause is how long to wait between two tries.
const lockPause = 50 * time.Millisecond

// locked runs f in a transaction that no other process migrates beside; unchecked turns SQLite's foreign keys off for it.
//
// The lock is part of the transaction on both databases: it goes with it, whatever becomes of the process, and it works
// through poolers that give every transaction another connection. It is tried again and again: a statement that waits for it
// in PostgreSQL would hold up the building of indexes in those who have it.
func (r *runner) locked(ctx context.Context, unchecked bool, f func(tx *gorm.DB) error) error {
	try := r.tryPostgres
	if r.db.Dialect() == orm.SQLite {
		try = func(ctx context.Context, f func(*gorm.DB) error) (bool, error) { return r.trySQLite(ctx, unchecked, f) }
	}
	for deadline := time.Now().Add(r.lockTimeout()); ; {
		taken, err := try(ctx, f)
		if !taken {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: waited %s for it; run this again when it has finished, or raise Options.LockTimeout (%w)",
				ErrLocked, r.lockTimeout(), err)
		}
		if err := sleep(ctx, lockPause); err != nil {
			return err
		}
	}
}

// tryPostgres runs f unless another process has the lock. READ COMMITTED makes what others committed before visible.
func (r *runner) tryPostgres(ctx context.Context, f func(tx *gorm.DB) error) (taken bool, err error) {
	err = r.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var free bool
		query := fmt.Sprintf("SELECT pg_try_advisory_xact_lock(%d)", advisoryKey)
		if err := tx.Raw(query).Scan(&free).Error; err != nil {
			return fmt.Errorf("take the migration lock: %w", err)
		}
		if !free {
			taken = true
			return errTaken
		}
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, "SET LOCAL statement_timeout = 0"); err != nil { // it takes as long as it takes
			return fmt.Errorf("lift the time limit of statements: %w", err)
		}
		return f(tx)
	}, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	return taken, err
}

// trySQLite begins a writing transaction, which is the lock, unless another connection has one.
func (r *runner) trySQLite(ctx context.Context, unchecked bool, f func(tx *gorm.DB) error) (taken bool, err error) {
	begun := false
	err = r.db.Gorm.WithContext(ctx).Connection(func(conn *gorm.DB) error {
		conn = conn.Session(&gorm.Session{})
		restore, err := foreignKeys(ctx, conn, unchecked)
		if err != nil {
			return err
		}
		return errors.Join(conn.Transaction(func(tx *gorm.DB) error {
			begun = true
			return f(tx)
		}), restore())
	})
	return !begun && isBusy(err), err
}

// isBusy tells whether SQLite refused because another connection writes.
func isBusy(err error) bool {
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code()&0xff == sqliteBusy
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
