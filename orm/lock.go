package orm

import (
	"errors"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// LockOptions are the arguments of Django's select_for_update. The zero value waits for the rows that others have locked.
// PostgreSQL alone takes notice: SQLite has one writer, which locks the whole database, and nobody else's locks to pass over.
type LockOptions struct {
	NoWait     bool // fail at once when a row is locked (nowait): an error that wraps [ErrUnavailable], and is retried by [RetryAtomic]
	SkipLocked bool // leave locked rows out (skip_locked); not together with NoWait
	// NoKey lets others store rows that refer to the locked ones (no_key).
	NoKey bool
	// Of are the tables, or their names in the statement, whose rows are locked (of); nil means all of them.
	Of []string
}

// SQL is the clause for PostgreSQL.
func (o LockOptions) SQL() string {
	var b strings.Builder
	b.WriteString("FOR ")
	if o.NoKey {
		b.WriteString("NO KEY ")
	}
	b.WriteString("UPDATE")
	for i, table := range o.Of {
		b.WriteString([2]string{" OF ", ", "}[min(i, 1)])
		b.WriteString(quoteName(table))
	}
	switch {
	case o.NoWait:
		b.WriteString(" NOWAIT")
	case o.SkipLocked:
		b.WriteString(" SKIP LOCKED")
	}
	return b.String()
}

// ErrNoTransaction is returned where rows are to be locked outside of [Atomic], which would not keep them locked.
var ErrNoTransaction = errors.New("rows are locked until the transaction ends, and there is none: use Atomic")

// ForUpdate lets a query of GORM lock the rows that it finds until the outermost [Atomic] around it ends (select_for_update):
//
//	orm.ForUpdate(tx.Where("stock > 0"), orm.LockOptions{SkipLocked: true}).Find(&products)
//
// On SQLite the transaction takes the one writer with it. Outside of Atomic the query fails with [ErrNoTransaction].
func ForUpdate(query *gorm.DB, o LockOptions) *gorm.DB {
	query = query.Clauses(lockClause{o})
	switch {
	case !InTransaction(query):
		_ = query.AddError(ErrNoTransaction) // which it keeps
	case o.NoWait && o.SkipLocked:
		_ = query.AddError(errors.New("NoWait and SkipLocked exclude each other"))
	}
	return query
}

// lockClause is LockOptions as GORM takes it.
type lockClause struct{ options LockOptions }

// Name is where GORM puts the clause.
func (lockClause) Name() string { return lockName }

// lockName is GORM's name of the clause, also of its own clause.Locking.
const lockName = "FOR"

// MergeClause takes the place of an earlier lock.
func (l lockClause) MergeClause(c *clause.Clause) {
	c.Name = "" // the text has it
	c.Expression = l
}

// Build is called by GORM on PostgreSQL.
func (l lockClause) Build(b clause.Builder) {
	_, _ = b.WriteString(l.options.SQL()) // a strings.Builder inside
}

// registerLocks lets GORM's locks take SQLite's writer, which a late transaction would not do for a SELECT.
func registerLocks(db *gorm.DB) error {
	lock := func(db *gorm.DB) {
		if _, locks := db.Statement.Clauses[lockName]; !locks {
			return
		}
		if t := transactionOf(db); t != nil && !db.DryRun {
			_ = db.AddError(t.start(db.Statement.Context)) // which ends the query
		}
	}
	queries, rows := db.Callback().Query(), db.Callback().Row()
	return errors.Join(
		queries.Before("gorm:query").Register("orm:lock", lock),
		rows.Before("gorm:row").Register("orm:lock", lock),
	)
}
