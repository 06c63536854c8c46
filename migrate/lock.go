package migrate

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// advisoryKey is the PostgreSQL advisory lock of migrations; the lock belongs to one database.
const advisoryKey = 0x7175696e746574 // "quintet"

const (
	defaultLockTimeout = time.Minute
	sqliteBusy         = 5       // primary result code SQLITE_BUSY
	lockNotAvailable   = "55P03" // SQLSTATE
)

// tablePatience is how long a statement of a migration may wait for a table on PostgreSQL before it lets others pass:
// whoever reads the table stands in line behind it meanwhile.
const tablePatience = 2 * time.Second

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
// in PostgreSQL would hold up the building of indexes in those who have it. Tables that others hold are tried for in the same
// way, so f may run several times; all but the last are undone.
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
			return r.gaveUp(ctx, err)
		}
		if err := sleep(ctx, lockPause); err != nil {
			return err
		}
	}
}

// tablePatience is how long a statement may wait for a table.
func (r *runner) tablePatience() time.Duration {
	return min(tablePatience, max(r.lockTimeout(), time.Millisecond))
}

// gaveUp is the error of a wait that lasted too long.
func (r *runner) gaveUp(ctx context.Context, err error) error {
	const again = "run this again when it has finished, or raise Options.LockTimeout"
	if !isTableHeld(err) {
		return fmt.Errorf("%w: waited %s for it; %s (%w)", ErrLocked, r.lockTimeout(), again, err)
	}
	return fmt.Errorf("%w; waited %s for the table; %s. Transactions that are open: %s", err, r.lockTimeout(), again, r.openTransactions(ctx))
}

// openTransactions names those of the database that others have, the oldest first: one of them holds the table.
func (r *runner) openTransactions(ctx context.Context) string {
	const query = `SELECT 'process ' || pid || ' (' || COALESCE(NULLIF(application_name, ''), 'unnamed') || ', ' || state || ' since ' ||
		to_char(xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC): ' || left(regexp_replace(query, '\s+', ' ', 'g'), 100)
		FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
		ORDER BY xact_start LIMIT 5`
	var list []string
	if err := r.db.Gorm.WithContext(ctx).Raw(query).Scan(&list).Error; err != nil || len(list) == 0 {
		return "none that can be seen"
	}
	return strings.Join(list, "; ")
}

// isTableHeld tells whether PostgreSQL gave up waiting for a table.
func isTableHeld(err error) bool { return isState(err, lockNotAvailable) }

// tryPostgres runs f unless another process has the lock. READ COMMITTED makes what others committed before visible.
func (r *runner) tryPostgres(ctx context.Context, f func(tx *gorm.DB) error) (taken bool, err error) {
	var failed error // as f says it, with the file
	err = orm.AtomicWith(ctx, r.db.Gorm, orm.AtomicOptions{Isolation: sql.LevelReadCommitted}, func(tx *gorm.DB) error {
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
		patience := fmt.Sprintf("SET LOCAL lock_timeout = %d", r.tablePatience().Milliseconds())
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, patience); err != nil {
			return fmt.Errorf("limit the wait for tables: %w", err)
		}
		failed = f(tx)
		return failed
	})
	err = cmp.Or(failed, err)
	return taken || isTableHeld(err), err
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
		var failed error // as f says it, with the file
		err = orm.Atomic(ctx, conn, func(tx *gorm.DB) error {
			if err := tx.Exec("SELECT 1").Error; err != nil { // which begins it
				return err
			}
			begun = true
			failed = f(tx)
			return failed
		})
		return errors.Join(cmp.Or(failed, err), restore())
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
