package orm

import (
	"context"
	"database/sql/driver"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// statementKind is what the first words of a statement say about where it may run.
type statementKind int

const (
	statementWrites statementKind = iota // or may do so
	statementReads                       // unless it turns out otherwise when it is compiled
	statementSets                        // something of the connection, for the statements after it
)

func kindOf(query string) statementKind {
	query = sqlite.Trim(query)
	word := firstWord(query)
	switch word {
	case "SELECT", "WITH", "VALUES", "EXPLAIN":
		return statementReads
	case "PRAGMA", "ATTACH", "DETACH":
		return statementSets
	case "CREATE":
		if next := firstWord(sqlite.Trim(query[len(word):])); next == "TEMP" || next == "TEMPORARY" {
			return statementSets
		}
	}
	return statementWrites
}

// isSelect tells whether a statement can do nothing but read.
func isSelect(query string) bool { return firstWord(sqlite.Trim(query)) == "SELECT" }

// firstWord is the word that a text begins with, in upper case.
func firstWord(text string) string {
	end := 0
	for end < len(text) && (text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	return strings.ToUpper(text[:end])
}

// sqliteRun is a script that runs on a connection.
type sqliteRun struct {
	conn  *sqlite.Conn
	args  []driver.NamedValue
	limit time.Duration // of each statement
}

// lastOf runs the statements of a script but the last one, and compiles that; nil when there is none.
func (r sqliteRun) lastOf(ctx context.Context, script string) (*sqlite.Stmt, error) {
	for {
		stmt, rest, err := r.conn.Prepare(script)
		if err != nil || rest == "" {
			return stmt, err
		}
		script = rest
		if stmt == nil {
			continue
		}
		_, err = r.exec(ctx, stmt)
		stmt.Close()
		if err != nil {
			return nil, err
		}
	}
}

// start makes a statement ready for its first step.
func (r sqliteRun) start(ctx context.Context, stmt *sqlite.Stmt) error {
	if err := stmt.Watch(ctx, r.limit); err != nil {
		return err
	}
	return stmt.Bind(r.args)
}

// exec runs a statement to its end.
func (r sqliteRun) exec(ctx context.Context, stmt *sqlite.Stmt) (sqliteResult, error) {
	if err := r.start(ctx, stmt); err != nil {
		return sqliteResult{}, err
	}
	before := r.conn.Changes()
	if err := stmt.Run(); err != nil {
		return sqliteResult{}, err
	}
	result := sqliteResult{id: r.conn.LastInsertID()}
	if r.conn.Changes() != before { // otherwise the number is that of a statement before
		result.changes = r.conn.LastChanges()
	}
	return result, nil
}

// sqliteResult is the answer of a statement without rows.
type sqliteResult struct{ id, changes int64 }

// LastInsertId is the row id of the row that the connection inserted last.
func (r sqliteResult) LastInsertId() (int64, error) { return r.id, nil }

// RowsAffected leaves out what triggers and foreign keys changed.
func (r sqliteResult) RowsAffected() (int64, error) { return r.changes, nil }
