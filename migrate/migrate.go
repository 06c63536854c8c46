package migrate

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Options says what to apply and how. FS is required; the rest may be left zero.
type Options struct {
	// FS has a folder of SQL files for each dialect: sqlite and postgres.
	FS fs.FS
	// LockTimeout is how long to wait while another process migrates; zero means one minute.
	LockTimeout time.Duration
	// Tolerate names migrations ("auth.0013_something") that the database may have although the code does not know them.
	Tolerate []string
	// Fake records the pending migrations without running their SQL, for a database whose tables stand already.
	Fake bool
	// After runs when everything is applied, also when nothing was pending, in one transaction under the same lock:
	// content types, permissions. Each function must be safe to run again.
	After []func(ctx context.Context, tx *gorm.DB) error
	// Logger is told of each applied migration; nil means silence.
	Logger *slog.Logger
}

// Migrate applies the pending migrations and returns those that this call applied, also beside an error. Each is applied in
// a transaction of its own together with its records, so that after a failure or a crash those before it stand and of the
// failed one nothing does. Processes that call it at the same time take turns: each migration is applied once.
//
// It returns [ErrNewer], [ErrLocked], a [*PartialError] or a [*StatementError] as described there.
func Migrate(ctx context.Context, db *orm.DB, opts Options) ([]*Migration, error) {
	steps, err := Read(opts.FS, db.Dialect())
	if err != nil {
		return nil, err
	}
	ctx = orm.WithoutQueryTimeout(ctx) // a migration takes as long as it takes
	r := &runner{db: db, opts: opts, steps: steps}
	var applied []*Migration
	for {
		m, err := r.next(ctx)
		if err != nil {
			return applied, err
		}
		if m == nil {
			return applied, r.after(ctx)
		}
		applied = append(applied, m)
	}
}

// runner applies the steps of one call of Migrate.
type runner struct {
	db    *orm.DB
	opts  Options
	steps []*Migration
}

// next applies the first pending migration; nil when there is none left. The history is read under the lock, so that what
// another process applied meanwhile is not applied again.
func (r *runner) next(ctx context.Context) (*Migration, error) {
	var applied *Migration
	started := time.Now()
	err := r.locked(ctx, func(tx *gorm.DB) error {
		h, err := readHistory(tx, r.db.Dialect())
		if err != nil {
			return err
		}
		m, err := h.pending(r.steps, r.opts)
		if err != nil || m == nil {
			return err
		}
		applied = m
		return r.apply(ctx, tx, h, m)
	})
	if err != nil {
		return nil, err
	}
	r.log(ctx, applied, time.Since(started))
	return applied, nil
}

// apply runs one file and records it.
func (r *runner) apply(ctx context.Context, tx *gorm.DB, h *history, m *Migration) error {
	if err := ensureHistory(tx, r.db.Dialect()); err != nil {
		return fmt.Errorf("create the table django_migrations: %w", err)
	}
	if !r.opts.Fake {
		for _, statement := range m.Statements {
			// Past GORM, which would take question marks and @ in the text for its own.
			if _, err := tx.Statement.ConnPool.ExecContext(ctx, statement.SQL); err != nil {
				return &StatementError{File: m.File, Statement: statement, Err: err}
			}
		}
	}
	return h.write(tx, m)
}

// after runs the functions of Options.After.
func (r *runner) after(ctx context.Context) error {
	if len(r.opts.After) == 0 {
		return nil
	}
	return r.locked(ctx, func(tx *gorm.DB) error {
		for _, f := range r.opts.After {
			if err := f(ctx, tx); err != nil {
				return fmt.Errorf("after migrating: %w", err)
			}
		}
		return nil
	})
}

func (r *runner) log(ctx context.Context, m *Migration, took time.Duration) {
	if m != nil && r.opts.Logger != nil {
		r.opts.Logger.InfoContext(ctx, "migration applied", "file", m.File, "took", took.Round(time.Millisecond))
	}
}
