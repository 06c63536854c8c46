package migrate

import (
	"fmt"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// script is the SQL of one direction of a migration.
type script struct {
	statements []string
	// unchecked scripts run with SQLite's foreign keys off; they are checked at the end.
	unchecked bool
	err       error
}

func (s *script) add(format string, args ...any) {
	s.statements = append(s.statements, fmt.Sprintf(format, args...))
}

// render writes a difference for a database. concurrently makes PostgreSQL build indexes while the table is in use.
func (d *difference) render(dialect string, concurrently bool) (*script, error) {
	if dialect == orm.Postgres {
		p := &postgresScript{difference: d, concurrently: concurrently}
		p.write()
		return &p.script, p.err
	}
	s := &sqliteScript{difference: d}
	s.write()
	return &s.script, s.err
}

// literal is the value that rows get in a column, "" for none.
func (s *script) literal(d *difference, t *Table, c Column, dialect string) string {
	text, ok := d.fill(t.Name, c.Name)
	if !ok {
		return ""
	}
	value, err := c.Type.literal(text, dialect)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("column %s of %s: %w", c.Name, t.Name, err)
	}
	return value
}

// convert is the conversion of a column that has another type now.
func (s *script) convert(t *Table, c columnChange, dialect string) string {
	sql, ok := cast(c.to.Name, c.from.Type, c.to.Type, dialect)
	if !ok && s.err == nil {
		s.err = fmt.Errorf("column %s of %s: %s cannot be turned into %s; add a new column, fill it by a step of your own "+
			"(makemigrations --empty), and drop the old one", c.to.Name, t.Name, c.from.Type, c.to.Type)
	}
	return sql
}

// body writes CREATE TABLE with items on lines of their own.
func body(table string, items []string) string {
	return fmt.Sprintf("CREATE TABLE %s (\n    %s\n)", quote(table), strings.Join(items, ",\n    "))
}

func nullWord(null bool) string {
	if null {
		return " NULL"
	}
	return " NOT NULL"
}
