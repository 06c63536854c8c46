package migrate

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNewer says that the database has been migrated by newer code: running older code on it could lose data.
// The error that wraps it is a [*NewerError].
var ErrNewer = errors.New("the database is newer than the code")

// ErrLocked says that another process held the migration lock for longer than Options.LockTimeout.
var ErrLocked = errors.New("another process is migrating this database")

// NewerError names the migrations that the database has and the code does not know.
type NewerError struct{ Unknown []Record }

// Error names the migrations and the ways out.
func (e *NewerError) Error() string {
	return fmt.Sprintf("%v: it has %s; start the release that has them, restore a backup of before, "+
		"or, when Django made them and they change nothing that this code knows, accept them with migrate --adopt", ErrNewer, joinRecords(e.Unknown))
}

// Is makes errors.Is(err, ErrNewer) true.
func (e *NewerError) Is(target error) bool { return target == ErrNewer }

// PartialError says that the database has some of the migrations that a file stands for, but not all: it was made by an
// older Django or an older package.
type PartialError struct {
	File    string
	Missing []Record
}

// Error names the missing migrations and the way out.
func (e *PartialError) Error() string {
	return fmt.Sprintf("migration %s: the database has a part of it and lacks %s; bring it up to date with Django "+
		"(manage.py migrate %s), then run this again", e.File, joinRecords(e.Missing), e.Missing[0].App)
}

// DifferenceError says that Django has migrated the database, and that its tables are not what any of the steps leads to.
// Nothing was changed.
type DifferenceError struct {
	Tables []TableDifference // from the nearest step
	Err    error             // a [*NewerError] or [*PartialError]
}

// Error names the differences, a line each, and the ways out.
func (e *DifferenceError) Error() string {
	lines := make([]string, len(e.Tables))
	for i, t := range e.Tables {
		lines[i] = "  " + strings.ReplaceAll(t.String(), "\n", "\n  ")
	}
	return fmt.Sprintf("%v\nDjango's tables cannot be adopted, as they stand otherwise than the migrations of this program leave "+
		"them:\n%s\nchange the models and run makemigrations, or let Django migrate to the same; migrate --fake takes the steps for "+
		"done as they are", e.Err, strings.Join(lines, "\n"))
}

// Unwrap is what Migrate would say without the comparison.
func (e *DifferenceError) Unwrap() error { return e.Err }

// BranchError says that two branches of the program's history each added a migration.
type BranchError struct {
	File string
	What string
}

// Error says what is wrong with the order and the way out.
func (e *BranchError) Error() string {
	return fmt.Sprintf("migration %s: %s; when two branches each added one, makemigrations --merge brings them in order, "+
		"else change the file", e.File, e.What)
}

// IrreversibleError says that a migration cannot be undone.
type IrreversibleError struct{ File string }

// Error names the migration and the way out.
func (e *IrreversibleError) Error() string {
	return fmt.Sprintf("migration %s cannot be undone, nothing was changed: write how below a line %q (of a Step: set Backward), "+
		"or go back no further than to this one", e.File, "-- backward")
}

// StepError is a migration in Go that failed. Nothing of it is applied then.
type StepError struct {
	Name string
	Err  error
}

// Error names the step, the cause and the way out.
func (e *StepError) Error() string {
	return fmt.Sprintf("migration %s: %v; nothing of this step was applied, those before it are: mend the step or the data and run this again", e.Name, e.Err)
}

// Unwrap is the cause.
func (e *StepError) Unwrap() error { return e.Err }

// StatementError is a statement of a migration that the database refused. Nothing of the file is applied then, unless
// Partial says so.
type StatementError struct {
	File      string
	Statement Statement
	Err       error
	// Partial is true for a file that runs outside of a transaction: the statements before this one stand.
	Partial bool
}

// Error names file, line and the beginning of the statement, the cause and the way out.
func (e *StatementError) Error() string {
	return fmt.Sprintf("migration %s, line %d: %s: %v; %s",
		e.File, e.Statement.Line, firstWords(e.Statement.SQL), e.Err, e.advice())
}

// Unwrap is the cause.
func (e *StatementError) Unwrap() error { return e.Err }

func (e *StatementError) advice() string {
	switch {
	case e.Partial:
		return "the file runs outside of a transaction, so what stands above this line is done and stays, and the file is not " +
			"recorded: mend the data or the file and run this again, which begins with its first statement"
	case strings.Contains(e.Err.Error(), "already exists"):
		return "nothing of this file was applied, and what it makes is there already: when that is as the file wants it, " +
			"record the step with Options.Fake; else rename or drop it"
	}
	return "nothing of this file was applied, those before it are: mend the file or the data and run this again"
}

// firstWords is the first line of a statement, cut to a readable length.
func firstWords(sql string) string {
	const limit = 80
	line, _, _ := strings.Cut(sql, "\n")
	if len(line) > limit {
		return strings.ToValidUTF8(line[:limit], "") + "…" // a character may have been cut
	}
	return strings.TrimRight(line, " (")
}

func joinRecords(records []Record) string {
	names := make([]string, len(records))
	for i, r := range records {
		names[i] = r.String()
	}
	return strings.Join(names, ", ")
}
