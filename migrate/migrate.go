package migrate

import (
	"context"
	"database/sql"
	"errors"
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
	// Steps are migrations in Go beside the files.
	Steps []Step
	// To is the last step to apply, by its name or number ("0007"); empty means all.
	To string
	// LockTimeout is how long to wait while another process migrates, or holds a table that a migration changes; zero means one
	// minute.
	LockTimeout time.Duration
	// Tolerate names migrations ("auth.0013_something") that the database may have although the code does not know them.
	Tolerate []string
	// Fake records the pending migrations without running their SQL, for a database whose tables stand already.
	Fake bool
	// After runs when everything is applied, also when nothing was pending, in one transaction under the same lock:
	// content types, permissions. Each function must be safe to run again.
	After []func(ctx context.Context, tx *gorm.DB) error
	// Adopt accepts migrations that Django has applied beside, when the tables stand as the applied steps left them: so far
	// they count as those of newer code. Where steps are to be adopted too, that needs no word.
	Adopt bool
	// Logger is told of each applied migration; nil means silence.
	Logger *slog.Logger
}

// Migrate applies the pending migrations and returns those that this call applied, also beside an error. Each is applied in
// a transaction of its own together with its records, so that after a failure or a crash those before it stand and of the
// failed one nothing does. A file that says "-- atomic: false" (PostgreSQL builds indexes of tables in use so) is the
// exception: it is recorded when all of it is done, and begun anew when it is not. Processes that call it at the same time
// take turns: each migration is applied once.
//
// A database that Django has migrated is adopted first: steps whose result stands are recorded and not run, see [Adopt].
//
// It returns [ErrNewer], [ErrLocked], a [*BranchError], a [*PartialError], a [*DifferenceError], a [*StatementError] or a
// [*StepError] as described there.
func Migrate(ctx context.Context, db *orm.DB, opts Options) ([]*Migration, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	last := len(r.steps)
	if opts.To != "" {
		if last, err = position(r.steps, opts.To); err != nil {
			return nil, err
		}
	}
	whole := last == len(r.steps)
	r.steps = r.steps[:last]
	if _, err := r.adopt(orm.WithoutQueryTimeout(ctx)); err != nil {
		return nil, err
	}
	done, err := r.run(orm.WithoutQueryTimeout(ctx), forward) // a migration takes as long as it takes
	if err != nil || !whole {
		return done, err
	}
	return done, r.after(orm.WithoutQueryTimeout(ctx))
}

// runner applies or undoes the steps of one call.
type runner struct {
	db    *orm.DB
	opts  Options
	known []*Migration // all that there are
	steps []*Migration // those that this call is about
}

func newRunner(db *orm.DB, opts Options) (*runner, error) {
	steps, err := Read(opts.FS, db.Dialect(), opts.Steps...)
	if err != nil {
		return nil, err
	}
	return &runner{db: db, opts: opts, known: steps, steps: steps}, nil
}

// direction is the way of a run.
type direction struct {
	// next chooses the migration whose turn it is; nil when the run has reached its end.
	next func(h *history, r *runner) (*Migration, error)
	// statements and step are what it does, and record notes it in the history.
	statements func(m *Migration) []Statement
	step       func(s *Step) func(context.Context, *gorm.DB) error
	record     func(h *history, tx *gorm.DB, m *Migration) error
	done       string // what the log says
}

var forward = direction{
	next:       func(h *history, r *runner) (*Migration, error) { return h.pending(r.known, r.steps, r.opts) },
	statements: func(m *Migration) []Statement { return m.Statements },
	step:       func(s *Step) func(context.Context, *gorm.DB) error { return s.Forward },
	record:     func(h *history, tx *gorm.DB, m *Migration) error { return h.write(tx, m) },
	done:       "migration applied",
}

// run goes on until no step is left, and returns those it made.
func (r *runner) run(ctx context.Context, d direction) ([]*Migration, error) {
	var done []*Migration
	for {
		started := time.Now()
		m, err := r.turn(ctx, d)
		if err != nil {
			return done, err
		}
		if m == nil {
			return done, nil
		}
		r.log(ctx, d.done, m, time.Since(started))
		done = append(done, m)
	}
}

// errTurn says that between looking and locking another process has changed whose turn it is.
var errTurn = errors.New("another step's turn")

// turn makes one step. The history is read again under the lock, so that what another process did meanwhile is not done
// again.
func (r *runner) turn(ctx context.Context, d direction) (*Migration, error) {
	for {
		expected, err := r.expected(ctx, d)
		if err != nil {
			return nil, err
		}
		err = r.locked(ctx, expected != nil && expected.unchecked, func(tx *gorm.DB) error {
			h, err := readHistory(tx, r.db.Dialect())
			if err != nil {
				return err
			}
			m, err := d.next(h, r)
			switch {
			case err != nil:
				return err
			case m != expected:
				return errTurn
			case m == nil: // and whoever had the lock is done
				return nil
			}
			return r.make(ctx, tx, d, h, m)
		})
		if !errors.Is(err, errTurn) {
			return expected, err
		}
	}
}

// expected looks whose turn it will be.
func (r *runner) expected(ctx context.Context, d direction) (*Migration, error) {
	h, err := readHistory(r.db.Gorm.WithContext(ctx), r.db.Dialect())
	if err != nil {
		return nil, err
	}
	return d.next(h, r)
}

// make does and records one step.
func (r *runner) make(ctx context.Context, tx *gorm.DB, d direction, h *history, m *Migration) error {
	if err := ensureHistory(tx, r.db.Dialect()); err != nil {
		return fmt.Errorf("create the table django_migrations: %w", err)
	}
	if !r.opts.Fake {
		if err := r.do(ctx, tx, d, m); err != nil {
			return err
		}
	}
	return d.record(h, tx, m)
}

func (r *runner) do(ctx context.Context, tx *gorm.DB, d direction, m *Migration) error {
	if m.step != nil {
		if err := d.step(m.step)(ctx, tx); err != nil {
			return &StepError{Name: m.Name, Err: err}
		}
		return nil
	}
	if m.unchecked {
		return r.doUnchecked(ctx, tx, m, d.statements(m))
	}
	if !m.outside {
		return execute(ctx, tx.Statement.ConnPool, m, d.statements(m))
	}
	conn, release, err := r.outside(ctx, tx)
	if err != nil {
		return fmt.Errorf("migration %s: %w", m.File, err)
	}
	defer release()
	return execute(ctx, &letsPass{conn, r.tablePatience()}, m, d.statements(m))
}

// doUnchecked builds tables of SQLite anew: their triggers come back, and rows must refer to rows at the end.
func (r *runner) doUnchecked(ctx context.Context, tx *gorm.DB, m *Migration, statements []Statement) error {
	before, err := triggers(tx)
	if err != nil {
		return err
	}
	if err := execute(ctx, tx.Statement.ConnPool, m, statements); err != nil {
		return err
	}
	if err := restoreTriggers(ctx, tx, m, statements, before); err != nil {
		return err
	}
	return checkForeignKeys(tx, m)
}

// execer is a connection or a transaction.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// execute runs statements past GORM, which would take question marks and @ in their text for its own.
func execute(ctx context.Context, conn execer, m *Migration, statements []Statement) error {
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement.SQL); err != nil {
			return &StatementError{File: m.File, Statement: statement, Err: err, Partial: m.outside}
		}
	}
	return nil
}

// after runs the functions of Options.After.
func (r *runner) after(ctx context.Context) error {
	if len(r.opts.After) == 0 {
		return nil
	}
	return r.locked(ctx, false, func(tx *gorm.DB) error {
		for _, f := range r.opts.After {
			if err := f(ctx, tx); err != nil {
				return fmt.Errorf("after migrating: %w", err)
			}
		}
		return nil
	})
}

func (r *runner) log(ctx context.Context, done string, m *Migration, took time.Duration) {
	if r.opts.Logger != nil {
		r.opts.Logger.InfoContext(ctx, done, "file", m.File, "took", took.Round(time.Millisecond))
	}
}
