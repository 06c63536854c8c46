package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// advisoryKey is the PostgreSQL advisory lock of migrations; the lock belongs to one database.
const advisoryKey = 0x7175696e746574 // "quintet"

const (
	defaultLockTimeout = time.Minute
	lockNotAvailable   = "55P03" // SQLSTATE: lock_timeout has passed
	sqliteBusy         = 5       // primary result code SQLITE_BUSY
)

func (r *runner) lockTimeout() time.Duration {
	if r.opts.LockTimeout > 0 {
		return r.opts.LockTimeout
	}
	return defaultLockTimeout
}

// locked runs f in a transaction that no other process migrates beside.
//
// The lock is part of the transaction on both databases: it goes with it, whatever becomes of the process, and it works
// through poolers that give every transaction another connection.
func (r *runner) locked(ctx context.Context, f func(tx *gorm.DB) error) error {
	if r.db.Dialect() == orm.Postgres {
		return r.lockedPostgres(ctx, f)
	}
	return r.lockedSQLite(ctx, f)
}

// lockedPostgres waits in the database. READ COMMITTED makes what others committed during the wait visible.
func (r *runner) lockedPostgres(ctx context.Context, f func(tx *gorm.DB) error) error {
	return r.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, statement := range []string{
			"SET LOCAL statement_timeout = 0",                                                  // a migration takes as long as it takes
			fmt.Sprintf("SET LOCAL lock_timeout = %d", max(1, r.lockTimeout().Milliseconds())), // 0 would be for ever
			fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", advisoryKey),
			"SET LOCAL lock_timeout TO DEFAULT",
		} {
			if _, err := tx.Statement.ConnPool.ExecContext(ctx, statement); err != nil {
				return r.lockError(err)
			}
		}
		return f(tx)
	}, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
}

// lockedSQLite begins a writing transaction, which is the lock, again and again while another has it.
func (r *runner) lockedSQLite(ctx context.Context, f func(tx *gorm.DB) error) error {
	const pause = 50 * time.Millisecond
	for deadline := time.Now().Add(r.lockTimeout()); ; {
		begun := false
		err := r.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			begun = true
			return f(tx)
		})
		if begun || !isBusy(err) {
			return err
		}
		if time.Now().After(deadline) {
			return r.lockError(err)
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// lockError explains a lock that could not be had in time.
func (r *runner) lockError(err error) error {
	var pg *pgconn.PgError
	if isBusy(err) || errors.As(err, &pg) && pg.Code == lockNotAvailable {
		return fmt.Errorf("%w: waited %s for it; run this again when it has finished, or raise Options.LockTimeout (%w)",
			ErrLocked, r.lockTimeout(), err)
	}
	return fmt.Errorf("take the migration lock: %w", err)
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
