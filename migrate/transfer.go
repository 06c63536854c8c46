package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// TransferOptions say what [Transfer] copies. The zero value copies all tables into a database that has them already.
type TransferOptions struct {
	// Migrations make the tables of the target; the source must have all of them. Those without FS make nothing; After is not
	// run, as the source has its rows.
	Migrations Options
	// Exclude names tables to leave out. Tables that must refer to them are to be left out too; where a reference may be NULL,
	// it must be.
	Exclude []string
	// Derived names tables whose rows in the target are replaced and do not make it a target in use, because every migrated
	// database has them: content types and permissions. The history of migrations is always among them.
	Derived []string
	// Logger is told of each copied table; nil means silence.
	Logger *slog.Logger
}

// Copied is a table that was copied, with what both databases have of it now.
type Copied struct {
	Table string
	Digest
}

// Transfer copies the rows of a whole database into another one, one of them SQLite or both PostgreSQL: first the target's
// tables are made by the migrations, then everything else happens in one transaction of the target, all or nothing. The source
// is read within one snapshot; what others write to it meanwhile is not copied. Rows are read and written in batches, by COPY
// on PostgreSQL. At the end each table of the target is read again, and its number of rows and its checksum compared with those
// of the source; the target goes on counting where the source is.
//
// All tables are copied, those of models, of many-to-many relations, of the framework and any others. Files that fields name
// are none of the database, and not copied.
//
// The errors are a [*NotEmptyError], a [*MisfitError] for values and references that the target cannot store, and a
// [*ChecksumError]. The target has no rows after any error, so that the transfer can be repeated; only a connection lost before those
// that migrations made were deleted leaves them.
func Transfer(ctx context.Context, from, to *orm.DB, opts TransferOptions) ([]Copied, error) {
	if from.Dialect() == orm.SQLite && to.Dialect() == orm.SQLite {
		return nil, errors.New("both databases are SQLite: copy the file instead (VACUUM INTO 'copy.db')")
	}
	ctx = orm.WithoutQueryTimeout(ctx)
	t := &transfer{ctx: ctx, opts: opts, replaced: append([]string{historyName}, opts.Derived...)}
	if err := t.prepare(from, to); err != nil {
		return nil, err
	}
	err := snapshot(ctx, from, func(source *gorm.DB) error {
		return exclusively(ctx, to, func(target *gorm.DB, conn *sql.Conn) error {
			t.source, t.target, t.conn = source, target, conn
			return t.run()
		})
	})
	if err != nil {
		return nil, fmt.Errorf("transfer: %w", err)
	}
	return t.copied, nil
}

// transfer is the state of one Transfer.
type transfer struct {
	ctx      context.Context //nolint:containedctx // lives as long as the one call
	opts     TransferOptions
	replaced []string // tables whose rows in the target do not count
	source   *gorm.DB
	target   *gorm.DB
	conn     *sql.Conn // that of target
	tables   []*tableCopy
	misfits  MisfitError
	copied   []Copied
}

// prepare checks both databases and makes the tables of the target.
func (t *transfer) prepare(from, to *orm.DB) error {
	if err := t.checkEmpty(to.Gorm.WithContext(t.ctx)); err != nil || t.opts.Migrations.FS == nil {
		return err
	}
	pending, err := Plan(t.ctx, from, t.opts.Migrations)
	if err != nil {
		return fmt.Errorf("the source: %w", err)
	}
	if len(pending) > 0 {
		return fmt.Errorf("the source lacks %d migration(s), the first is %s: migrate it before", len(pending), pending[0].File)
	}
	migrations := t.opts.Migrations
	migrations.After = nil
	applied, err := Migrate(t.ctx, to, migrations)
	if len(applied) == 0 {
		return err
	}
	return errors.Join(err, t.discard(to))
}

// discard deletes the rows that migrations made in the target, which was empty: the source has its own, and another try must not
// find them, not even after an interruption.
func (t *transfer) discard(to *orm.DB) error {
	return to.Gorm.WithContext(context.WithoutCancel(t.ctx)).Transaction(func(tx *gorm.DB) error {
		if err := deferConstraints(tx); err != nil {
			return err
		}
		s, err := readCatalog(tx)
		if err != nil {
			return fmt.Errorf("the target: %w", err)
		}
		for _, table := range slices.Backward(dependencies(s.Tables)) {
			if table.Name == historyName {
				continue
			}
			if err := empty(tx, table.Name); err != nil {
				return err
			}
		}
		return nil
	})
}

// empty deletes all rows of a table.
func empty(tx *gorm.DB, table string) error {
	if err := tx.Exec("DELETE FROM " + quote(table)).Error; err != nil {
		return fmt.Errorf("empty %s: %w", table, err)
	}
	return nil
}

// checkEmpty refuses a target that is in use.
func (t *transfer) checkEmpty(target *gorm.DB) error {
	filled, err := t.filled(target)
	if err == nil && len(filled) > 0 {
		err = &NotEmptyError{Tables: filled}
	}
	return err
}

// filled are the tables of the target that have rows which count.
func (t *transfer) filled(target *gorm.DB) ([]string, error) {
	s, err := readCatalog(target)
	if err != nil {
		return nil, fmt.Errorf("the target: %w", err)
	}
	var found []string
	for _, table := range s.Tables {
		if slices.Contains(t.replaced, table.Name) {
			continue
		}
		var some bool
		if err := target.Raw("SELECT EXISTS (SELECT 1 FROM " + quote(table.Name) + ")").Scan(&some).Error; err != nil {
			return nil, fmt.Errorf("the target: %w", err)
		}
		if some {
			found = append(found, table.Name)
		}
	}
	return found, nil
}

// exclusively runs f in a transaction, with the connection that it is on.
func exclusively(ctx context.Context, db *orm.DB, f func(tx *gorm.DB, conn *sql.Conn) error) error {
	return db.Gorm.WithContext(ctx).Connection(func(g *gorm.DB) error {
		conn, ok := g.Statement.ConnPool.(*sql.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection", g.Statement.ConnPool)
		}
		return g.Session(&gorm.Session{}).Transaction(func(tx *gorm.DB) error {
			if err := withoutTimeout(tx); err != nil {
				return err
			}
			if err := deferConstraints(tx); err != nil {
				return err
			}
			return f(tx, conn)
		})
	})
}

// run copies everything in the order of what refers to what.
func (t *transfer) run() error {
	if err := t.plan(); err != nil {
		return err
	}
	if err := t.lock(); err != nil {
		return err
	}
	if err := t.checkEmpty(t.target); err != nil {
		return err
	}
	if err := t.withoutKeys(t.replaceAll); err != nil {
		return err
	}
	if err := t.count(); err != nil {
		return fmt.Errorf("go on counting: %w", err)
	}
	if err := t.compare(); err != nil {
		return err
	}
	return t.target.Exec("ANALYZE").Error // what is known of empty tables makes slow plans
}

// lock keeps others from writing to the target, so that it stays empty. On SQLite the transaction does so itself.
func (t *transfer) lock() error {
	if t.target.Name() != orm.Postgres || len(t.tables) == 0 {
		return nil
	}
	names := make([]string, len(t.tables))
	for i, c := range t.tables {
		names[i] = quote(c.name)
	}
	const wait = 10 * time.Second
	err := t.target.Exec(fmt.Sprintf("SET LOCAL lock_timeout = %d", wait.Milliseconds())).Error
	if err == nil {
		err = t.target.Exec("LOCK TABLE " + strings.Join(names, ", ") + " IN EXCLUSIVE MODE").Error
	}
	if err != nil {
		return fmt.Errorf("lock the target: %w; stop what uses it", err)
	}
	return nil
}

// replaceAll deletes what is replaced, which must not happen while there are keys that wait to be checked, and copies the tables.
func (t *transfer) replaceAll() error {
	for _, c := range slices.Backward(t.tables) {
		if err := empty(t.target, c.name); err != nil {
			return err
		}
	}
	return t.copyAll()
}

// copyAll copies the tables, and then says all that does not fit.
func (t *transfer) copyAll() error {
	for _, c := range t.tables {
		if err := t.dangling(c); err != nil {
			return fmt.Errorf("the source: the references of %s: %w", c.name, err)
		}
	}
	for _, c := range t.tables {
		started := time.Now()
		digest, err := t.copy(c)
		if err != nil {
			return err
		}
		t.copied = append(t.copied, Copied{Table: c.name, Digest: digest})
		if t.opts.Logger != nil {
			t.opts.Logger.InfoContext(t.ctx, "table copied", "table", c.name, "rows", digest.Rows, "took", time.Since(started).Round(time.Millisecond))
		}
	}
	slices.SortFunc(t.copied, func(a, b Copied) int { return strings.Compare(a.Table, b.Table) })
	if t.misfits.Total > 0 {
		return &t.misfits
	}
	return nil
}

// compare reads the target again.
func (t *transfer) compare() error {
	var differences []ChecksumDifference
	for _, c := range t.tables {
		got, err := c.digest(t.target)
		if err != nil {
			return fmt.Errorf("read %s of the target again: %w", c.name, err)
		}
		i := slices.IndexFunc(t.copied, func(d Copied) bool { return d.Table == c.name })
		if want := t.copied[i].Digest; got != want {
			differences = append(differences, ChecksumDifference{Table: c.name, Source: want, Target: got})
		}
	}
	if len(differences) > 0 {
		return &ChecksumError{Tables: differences}
	}
	return nil
}
