package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// rehearsal is what the schema of an empty database becomes: before the first step, after the first one, and so on.
type rehearsal [][]thing

// stage is where steps are rehearsed: nothing stands there, and nothing is left.
type stage interface {
	run(ctx context.Context, sql string) error
	describe() ([]thing, error)
}

// rehearse runs the steps in a database in memory, or in a schema of PostgreSQL's that is rolled back. Steps in Go and
// statements about rows change no schema and are left out.
func (r *runner) rehearse(ctx context.Context) (rehearsal, error) {
	if r.db.Dialect() == orm.SQLite {
		db, err := orm.Open(ctx, orm.Config{URL: "sqlite::memory:"})
		if err != nil {
			return nil, err
		}
		defer db.Close()
		return r.stages(ctx, emptyFile{db.Gorm.WithContext(ctx)})
	}
	var stages rehearsal
	err := r.db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		s, err := newEmptySchema(ctx, tx)
		if err != nil {
			return fmt.Errorf("make an empty schema: %w", err)
		}
		if stages, err = r.stages(ctx, s); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return stages, err
}

// errRehearsed undoes what was only tried.
var errRehearsed = errors.New("rehearsed")

// stages applies the steps and describes what each has led to.
func (r *runner) stages(ctx context.Context, s stage) (rehearsal, error) {
	list := make(rehearsal, 1, len(r.known)+1)
	for _, m := range r.known {
		for _, statement := range m.Statements {
			if parsePhrase(statement.SQL).isAboutRows() {
				continue
			}
			if err := s.run(ctx, statement.SQL); err != nil {
				return nil, &StatementError{File: m.File, Statement: statement, Err: err}
			}
		}
		things, err := s.describe()
		if err != nil {
			return nil, err
		}
		list = append(list, things)
	}
	return list, nil
}

// isAboutRows tells whether a statement changes rows and no schema.
func (p phrase) isAboutRows() bool {
	return slices.ContainsFunc([]string{"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "WITH"}, func(verb string) bool { return p.is(verb) })
}

// emptyFile is a database of SQLite's in memory.
type emptyFile struct{ db *gorm.DB }

func (f emptyFile) run(ctx context.Context, sql string) error {
	_, err := f.db.Statement.ConnPool.ExecContext(ctx, sql)
	return err
}

func (f emptyFile) describe() ([]thing, error) { return describe(f.db, orm.SQLite) }

// standing is what tables consist of. Names of constraints and indexes are left out, as Django leaves them when it renames and
// alters; so are sequences and triggers.
type standing map[string][]string

func standingOf(things []thing) standing {
	s := standing{}
	for _, t := range things {
		if part := t.part(); part != "" {
			s[t.Table] = append(s[t.Table], part)
		}
	}
	for _, parts := range s {
		slices.Sort(parts)
	}
	return s
}

// part is a thing as it counts for what stands, "" for one that does not.
func (t thing) part() string {
	switch t.Kind {
	case "column":
		return "column " + t.Name + " " + serials(t.Text)
	case "constraint", "index":
		return t.Kind + " " + t.Text
	case "item":
		return t.Text
	}
	return ""
}

// serials takes the serial columns of older Djangos for the identities of today.
func serials(column string) string {
	before, _, serial := strings.Cut(column, " DEFAULT nextval(")
	if serial {
		return before + " IDENTITY BY DEFAULT"
	}
	return column
}

// differences are the tables of s that stand otherwise, in the order of their names.
func (s standing) differences(wanted standing, tables []string) []TableDifference {
	var list []TableDifference
	for _, table := range tables {
		d := TableDifference{Table: table, Lacks: missing(wanted[table], s[table]), Has: missing(s[table], wanted[table])}
		d.Gone = len(s[table]) == 0
		if len(d.Lacks)+len(d.Has) > 0 {
			list = append(list, d)
		}
	}
	return list
}

// TableDifference is how a table stands otherwise than the steps leave it.
type TableDifference struct {
	Table      string
	Gone       bool     // it does not stand at all
	Lacks, Has []string // columns, constraints and indexes, as the database says them
}

// String is a line for the table, or one for each difference.
func (d TableDifference) String() string {
	if d.Gone {
		return d.Table + ": does not stand"
	}
	var lines []string
	for _, part := range d.Lacks {
		lines = append(lines, d.Table+": lacks "+part)
	}
	for _, part := range d.Has {
		lines = append(lines, d.Table+": has "+part)
	}
	return strings.Join(lines, "\n")
}
