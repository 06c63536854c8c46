package migrate

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// tableCopy is a table to be copied. Its values have the types of PostgreSQL's table, as SQLite's say little.
type tableCopy struct {
	name    string
	columns []columnCopy
	key     []int    // places of the primary key
	counter string   // the column that the database may number; empty for none
	refers  []Column // foreign keys of the target
}

type columnCopy struct {
	Column // as PostgreSQL has it, but for Null, which is the target's
	valueType
}

// plan compares the tables of both databases, and puts them in an order in which references lead to what is there.
func (t *transfer) plan() error {
	from, err := readCatalog(t.source)
	if err != nil {
		return fmt.Errorf("the source: %w", err)
	}
	to, err := readCatalog(t.target)
	if err != nil {
		return fmt.Errorf("the target: %w", err)
	}
	typed := to
	if t.target.Name() != orm.Postgres {
		typed = from
	}
	var mistakes []error
	for _, table := range from.Tables {
		if !slices.Contains(t.opts.Exclude, table.Name) && to.Table(table.Name) == nil {
			mistakes = append(mistakes, fmt.Errorf("the target has no table %[1]s, as no migration makes it: write one (makemigrations "+
				"--empty), or leave the table out (--exclude %[1]s)", table.Name))
		}
	}
	for _, table := range dependencies(to.Tables) {
		if from.Table(table.Name) == nil || slices.Contains(t.opts.Exclude, table.Name) {
			continue
		}
		c, err := newTableCopy(from.Table(table.Name), table, typed.Table(table.Name))
		mistakes, t.tables = append(mistakes, err), append(t.tables, c)
	}
	return errors.Join(append(mistakes, t.checkLeftOut())...)
}

// checkLeftOut refuses to copy tables without those that each of their rows refers to.
func (t *transfer) checkLeftOut() error {
	var mistakes []error
	for _, c := range t.tables {
		for _, f := range c.refers {
			if !f.Null && t.leftOut(f.References.Table) {
				mistakes = append(mistakes, fmt.Errorf("column %s of %s refers to %s, which is left out: leave both out (--exclude %[2]s), or neither",
					f.Name, c.name, f.References.Table))
			}
		}
	}
	return errors.Join(mistakes...)
}

// leftOut tells whether a table is not copied.
func (t *transfer) leftOut(table string) bool {
	return !slices.ContainsFunc(t.tables, func(c *tableCopy) bool { return c.name == table })
}

func newTableCopy(from, to, typed *Table) (*tableCopy, error) {
	c := &tableCopy{name: to.Name}
	var mistakes []error
	columns := slices.Clone(from.Columns) // databases have them in any order, checksums in one
	slices.SortFunc(columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
	for _, column := range columns {
		target := to.Column(column.Name)
		if target == nil {
			mistakes = append(mistakes, fmt.Errorf("the target has no column %s of %s: both databases must have the same migrations", column.Name, c.name))
			continue
		}
		known := *typed.Column(column.Name)
		values, ok := valueTypes[known.Type.base()]
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("column %s of %s has the type %s, which is not copied: leave the table out (--exclude %[2]s)",
				column.Name, c.name, known.Type))
		}
		known.Null = target.Null
		if target.References != nil {
			known.References = target.References
			c.refers = append(c.refers, known)
		}
		if column.Primary {
			c.key = append(c.key, len(c.columns))
		}
		c.columns = append(c.columns, columnCopy{known, values})
	}
	for _, column := range to.Columns {
		if from.Column(column.Name) == nil {
			mistakes = append(mistakes, fmt.Errorf("the source has no column %s of %s: both databases must have the same migrations", column.Name, c.name))
		}
	}
	if len(c.key) == 1 && c.columns[c.key[0]].Type.isInteger() {
		c.counter = c.columns[c.key[0]].Name
	}
	return c, errors.Join(mistakes...)
}

func (c *tableCopy) names() []string {
	names := make([]string, len(c.columns))
	for i, column := range c.columns {
		names[i] = column.Name
	}
	return names
}

// rows reads the table row by row, in the order in which the database has them. What take gets is read anew for each row.
func (c *tableCopy) rows(tx *gorm.DB, take func(raw []any) error) error {
	rows, err := tx.Raw("SELECT " + quoted(c.names()) + " FROM " + quote(c.name)).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	raw, into := make([]any, len(c.columns)), make([]any, len(c.columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := take(raw); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (c *tableCopy) keyNames() []string {
	names := make([]string, len(c.key))
	for i, at := range c.key {
		names[i] = c.columns[at].Name
	}
	return names
}

// values are the Go values of a row; misfits say what is none.
func (c *tableCopy) values(raw []any) (values []any, misfits []Misfit) {
	values = make([]any, len(raw))
	for i, column := range c.columns {
		var err error
		switch {
		case raw[i] != nil:
			values[i], err = column.read(raw[i], column.Type)
		case !column.Null:
			err = errors.New("it is NULL, and the target does not allow that: give it a value")
		}
		if err != nil {
			misfits = append(misfits, Misfit{Table: c.name, Key: c.keyOf(raw), Column: column.Name, Problem: err.Error()})
		}
	}
	return values, misfits
}

// keyOf names a row.
func (c *tableCopy) keyOf(row []any) string {
	if len(c.key) == 0 {
		return fmt.Sprint(row)
	}
	parts := make([]string, len(c.key))
	for i, at := range c.key {
		parts[i] = fmt.Sprintf("%s=%v", c.columns[at].Name, row[at])
	}
	return strings.Join(parts, " ")
}

// appendRow appends the one form that equal rows have in both databases.
func (c *tableCopy) appendRow(dst []byte, values []any) []byte {
	for i, v := range values {
		if v == nil {
			dst = append(dst, 0)
			continue
		}
		dst = append(dst, 1, 0, 0, 0, 0)
		from := len(dst)
		dst = c.columns[i].text(dst, v)
		binary.BigEndian.PutUint32(dst[from-4:], uint32(len(dst)-from))
	}
	return dst
}

// digest reads the table and sums it up.
func (c *tableCopy) digest(tx *gorm.DB) (Digest, error) {
	var d Digest
	var row []byte
	err := c.rows(tx, func(raw []any) error {
		values, misfits := c.values(raw)
		if len(misfits) > 0 {
			return &MisfitError{Misfits: misfits, Total: len(misfits)}
		}
		row = c.appendRow(row[:0], values)
		d.add(row)
		return nil
	})
	return d, err
}
