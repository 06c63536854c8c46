package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// ErrUnavailable is what errors wrap when the database cannot serve at the moment: it is away, closed, out of connections or
// space, locked for too long, gave up a deadlock, or did not answer in time. Trying later may help.
var ErrUnavailable = errors.New("the database is unavailable")

// Violation is a kind of constraint.
type Violation int

// The kinds of constraints.
const (
	UniqueViolation Violation = iota + 1 // also of primary keys
	ForeignKeyViolation
	CheckViolation
	NotNullViolation
	ExclusionViolation // PostgreSQL only
)

// String is the kind for people.
func (v Violation) String() string {
	switch v {
	case UniqueViolation:
		return "unique"
	case ForeignKeyViolation:
		return "foreign key"
	case CheckViolation:
		return "check"
	case NotNullViolation:
		return "not null"
	case ExclusionViolation:
		return "exclusion"
	}
	return "unknown"
}

// ConstraintError is a violated constraint, a pointer in error chains. What the database does not tell is empty: SQLite tells
// nothing of a foreign key, and only columns of unique ones.
type ConstraintError struct {
	Kind       Violation
	Table      string
	Columns    []string
	Constraint string // name
	Err        error  // the driver's error
}

// Error names kind, table and columns, not the values.
func (e *ConstraintError) Error() string {
	where := e.Table
	if len(e.Columns) > 0 {
		where += " (" + strings.Join(e.Columns, ", ") + ")"
	}
	if e.Constraint != "" {
		where += " " + e.Constraint
	}
	return strings.TrimSpace(fmt.Sprintf("%s constraint violated: %s", e.Kind, where))
}

// Unwrap is the driver's error.
func (e *ConstraintError) Unwrap() error { return e.Err }

// Translate explains an error of a database: violated constraints become a [*ConstraintError], temporary failures wrap
// [ErrUnavailable]. Other errors, gorm.ErrRecordNotFound and context.Canceled among them, are returned as they are, nil is nil.
// The given error stays in the chain.
func Translate(err error) error {
	err = explain(err)
	if err == nil || isExplained(err) || !isAway(err) {
		return err
	}
	return unavailable(err)
}

// isExplained tells whether an error says already what Translate would.
func isExplained(err error) bool {
	var constraint *ConstraintError
	return errors.Is(err, ErrUnavailable) || errors.As(err, &constraint)
}

// explain translates what the databases themselves say, and leaves alone what may come from elsewhere.
func explain(err error) error {
	if err == nil || isExplained(err) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return translatePostgres(err, pg)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return translateSQLite(err, lite)
	}
	return err
}

// unavailableError adds ErrUnavailable to a chain.
type unavailableError struct{ cause error }

func unavailable(cause error) error { return &unavailableError{cause} }

func (e *unavailableError) Error() string   { return ErrUnavailable.Error() + ": " + e.cause.Error() }
func (e *unavailableError) Unwrap() []error { return []error{ErrUnavailable, e.cause} }

// isAway recognises lost connections and exceeded deadlines.
func isAway(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	var connect *pgconn.ConnectError
	var network *net.OpError
	var name *net.DNSError
	var late net.Error
	for _, known := range []error{
		context.DeadlineExceeded, driver.ErrBadConn, sql.ErrConnDone, io.ErrUnexpectedEOF, io.EOF, net.ErrClosed,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	if errors.As(err, &connect) || errors.As(err, &network) || errors.As(err, &name) || errors.As(err, &late) && late.Timeout() {
		return true
	}
	text := err.Error() // database/sql and pgx have no values for these
	for _, end := range []string{"sql: database is closed", "conn closed", "closed pool"} {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	return false
}

var postgresViolations = map[string]Violation{
	"23505": UniqueViolation, "23503": ForeignKeyViolation, "23514": CheckViolation, "23502": NotNullViolation,
	"23P01": ExclusionViolation,
}

func translatePostgres(err error, pg *pgconn.PgError) error {
	if kind := postgresViolations[pg.Code]; kind != 0 {
		return &ConstraintError{
			Kind: kind, Table: pg.TableName, Columns: postgresColumns(pg), Constraint: pg.ConstraintName, Err: err,
		}
	}
	if isTemporary(pg.Code) && !errors.Is(err, context.Canceled) {
		return unavailable(err)
	}
	return err
}

// postgresColumns reads the columns of a key from the detail, in whatever language: "… (a, b)=(1, 2) …".
func postgresColumns(pg *pgconn.PgError) []string {
	if pg.ColumnName != "" {
		return []string{pg.ColumnName}
	}
	list, _, ok := strings.Cut(pg.Detail, ")=(")
	_, list, open := strings.Cut(list, "(")
	if !ok || !open {
		return nil
	}
	columns := strings.Split(list, ", ")
	for i, c := range columns {
		columns[i] = strings.ReplaceAll(strings.Trim(c, `"`), `""`, `"`)
	}
	return columns
}

// isTemporary tells whether a state of PostgreSQL may pass: connections (08), resources (53), shutting down (57P0), statement
// and lock time-outs, deadlocks, conflicts of transactions.
func isTemporary(code string) bool {
	switch code {
	case "57014", "55P03", "40P01", "40001", "25P03", "25006":
		return true
	}
	for _, class := range []string{"08", "53", "57P0"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

var sqliteViolations = map[int]Violation{
	sqlitelib.SQLITE_CONSTRAINT_UNIQUE: UniqueViolation, sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY: UniqueViolation,
	sqlitelib.SQLITE_CONSTRAINT_ROWID:      UniqueViolation,
	sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY: ForeignKeyViolation, sqlitelib.SQLITE_CONSTRAINT_CHECK: CheckViolation,
	sqlitelib.SQLITE_CONSTRAINT_NOTNULL: NotNullViolation,
}

// primaryCode is the part of an extended result code of SQLite that says what kind it is.
const primaryCode = 0xff

// isBusy tells whether another connection has SQLite's lock.
func isBusy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&primaryCode == sqlitelib.SQLITE_BUSY
}

func translateSQLite(err error, lite *sqlite.Error) error {
	if kind := sqliteViolations[lite.Code()]; kind != 0 {
		e := &ConstraintError{Kind: kind, Err: err}
		e.readSQLite(lite.Error())
		return e
	}
	switch lite.Code() & primaryCode {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED, sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR, sqlitelib.SQLITE_READONLY,
		sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_INTERRUPT, sqlitelib.SQLITE_NOMEM, sqlitelib.SQLITE_PROTOCOL:
		return unavailable(err)
	}
	return err
}

// readSQLite reads what the message says: "… constraint failed: table.a, table.b (2067)", "… failed: index 'name'", or the
// name of a check.
func (e *ConstraintError) readSQLite(message string) {
	_, what, ok := strings.Cut(message, "constraint failed: ")
	if !ok {
		return
	}
	if end := strings.LastIndex(what, " ("); end >= 0 {
		what = what[:end]
	}
	_, again, ok := strings.Cut(what, "constraint failed: ") // the driver says the first half twice
	if ok {
		what = again
	}
	if name, ok := strings.CutPrefix(what, "index '"); ok {
		e.Constraint = strings.TrimSuffix(name, "'")
		return
	}
	switch e.Kind {
	case CheckViolation:
		e.Constraint = what
	case UniqueViolation, NotNullViolation:
		for _, column := range strings.Split(what, ", ") {
			table, name, _ := strings.Cut(column, ".")
			e.Table = table
			e.Columns = append(e.Columns, name)
		}
	}
}
