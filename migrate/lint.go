package migrate

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/quintet-go/quintet/orm"
)

// Danger is a statement of a migration that locks or rewrites a table in use, or breaks the code of the previous release
// that still runs while it is applied.
type Danger struct {
	File string
	Line int
	Rule string // "drop-column"
	// Problem says what happens, and Safe how to get there without: statements and releases, in order.
	Problem string
	Safe    []string
}

// String is one line for the problem and one for each step of the way around it.
func (d Danger) String() string {
	text := fmt.Sprintf("%s, line %d: %s: %s", d.File, d.Line, d.Rule, d.Problem)
	for i, step := range d.Safe {
		text += fmt.Sprintf("\n  %d. %s", i+1, step)
	}
	return text
}

// Dangers reads the migrations behind the one called released, the last of the previous release, and names what is
// dangerous on a PostgreSQL server in use. [Zero] means that nothing was released: then there is no table in use, and no
// danger. A statement is accepted when the line before it is a comment "-- safe:" with a reason.
func Dangers(files fs.FS, released string, steps ...Step) ([]Danger, error) {
	found, err := Read(files, orm.Postgres, steps...)
	if err != nil {
		return nil, err
	}
	n, err := position(found, released)
	if err != nil {
		return nil, err
	}
	base, err := schemaAfter(files, found[:n])
	if err != nil {
		return nil, err
	}
	l := &linter{
		base: base, fresh: n == 0, created: map[string]bool{}, required: map[string]bool{}, unvalidated: map[string]*Migration{},
		present: map[string]string{}, filled: map[string]bool{},
	}
	for _, m := range found[n:] {
		l.migration(m)
	}
	return l.dangers, nil
}

// schemaAfter is what the last of some migrations that recorded a schema leads to; nil when none did.
func schemaAfter(files fs.FS, migrations []*Migration) (*Schema, error) {
	for i := len(migrations) - 1; i >= 0; i-- {
		s, err := ReadState(files, migrations[i].Name)
		if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	return nil, nil
}

// linter reads statements in order and knows what those before have made.
type linter struct {
	base  *Schema // of the previous release; nil when it is not known
	fresh bool    // there is no previous release

	at        *Migration
	statement Statement
	created   map[string]bool // tables that no running code uses yet
	// required are new columns that may not be NULL, by "table.column".
	required map[string]bool
	// unvalidated are constraints that were added NOT VALID, by "table.name", with the migration that did.
	unvalidated map[string]*Migration
	// present are constraints that say that a column is not NULL, by "table.name", and filled those that were validated.
	present map[string]string
	filled  map[string]bool

	dangers []Danger
}

func (l *linter) migration(m *Migration) {
	l.at = m
	for _, s := range m.Statements {
		l.statement = s
		l.read(parsePhrase(s.SQL))
	}
}

// live tells whether a table is in use.
func (l *linter) live(table string) bool {
	return !l.fresh && !l.created[table] && (l.base == nil || l.base.Table(table) != nil)
}

// warn notes a danger unless it was accepted.
func (l *linter) warn(rule, problem string, safe ...string) {
	if l.at.accepted[l.statement.Line] {
		return
	}
	l.dangers = append(l.dangers, Danger{File: l.at.File, Line: l.statement.Line, Rule: rule, Problem: problem, Safe: safe})
}

func (l *linter) read(p phrase) {
	switch {
	case p.is("CREATE", "TABLE"):
		name, _ := p[2:].skip("IF", "NOT", "EXISTS").named()
		l.created[name] = true
	case p.is("CREATE", "INDEX"), p.is("CREATE", "UNIQUE", "INDEX"):
		l.createIndex(p[1:].skip("UNIQUE")[1:])
	case p.is("ALTER", "TABLE"):
		l.alterTable(p[2:].skip("IF", "EXISTS").skip("ONLY"))
	case p.is("DROP", "TABLE"):
		for _, part := range p[2:].skip("IF", "EXISTS").split() {
			name, _ := part.named()
			l.dropTable(name)
		}
	case p.is("UPDATE"):
		name, rest := p[1:].skip("ONLY").named()
		l.changeRows("UPDATE", name, rest)
	case p.is("DELETE", "FROM"):
		name, rest := p[2:].skip("ONLY").named()
		l.changeRows("DELETE FROM", name, rest)
	default:
		l.wholeTable(p)
	}
}
