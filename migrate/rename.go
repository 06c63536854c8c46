package migrate

import (
	"maps"
	"slices"
	"strings"
)

// renames say which tables and columns of one schema are which of another.
type renames struct {
	tables  map[string]string            // old name to new
	columns map[string]map[string]string // by the new name of the table: old column to new
}

func newRenames() renames {
	return renames{tables: map[string]string{}, columns: map[string]map[string]string{}}
}

func (r renames) empty() bool { return len(r.tables) == 0 && len(r.columns) == 0 }

// table is the new name of a table.
func (r renames) table(old string) string {
	if name, ok := r.tables[old]; ok {
		return name
	}
	return old
}

// column is the new name of a column of a table that has its new name.
func (r renames) column(table, old string) string {
	if name, ok := r.columns[table][old]; ok {
		return name
	}
	return old
}

func (r renames) addColumn(table, from, to string) {
	if r.columns[table] == nil {
		r.columns[table] = map[string]string{}
	}
	r.columns[table][from] = to
}

// inverse are the renames of the way back.
func (r renames) inverse() renames {
	back := newRenames()
	for from, to := range r.tables {
		back.tables[to] = from
	}
	for table, columns := range r.columns {
		for from, to := range columns {
			back.addColumn(back.table(table), to, from)
		}
	}
	return back
}

// apply is the schema with its new names.
func (r renames) apply(s *Schema) *Schema {
	renamed := s.clone()
	for _, t := range renamed.Tables {
		t.Name = r.table(t.Name)
		r.applyColumns(t)
	}
	renamed.sort()
	return renamed
}

func (r renames) applyColumns(t *Table) {
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Name = r.column(t.Name, c.Name)
		if c.References != nil {
			c.References.Table = r.table(c.References.Table)
			c.References.Column = r.column(c.References.Table, c.References.Column)
		}
	}
	for i := range t.Unique {
		u := &t.Unique[i]
		r.list(t.Name, u.Columns)
		u.Condition = r.text(t.Name, u.Condition)
	}
	for i := range t.Checks {
		t.Checks[i].SQL = r.text(t.Name, t.Checks[i].SQL)
	}
	for i := range t.Indexes {
		index := &t.Indexes[i]
		r.list(t.Name, index.Columns)
		index.Condition, index.Expressions = r.text(t.Name, index.Condition), r.text(t.Name, index.Expressions)
	}
}

// list renames columns in a list, also descending ones.
func (r renames) list(table string, columns []string) {
	for i, name := range columns {
		plain := strings.TrimPrefix(name, "-")
		columns[i] = name[:len(name)-len(plain)] + r.column(table, plain)
	}
}

// text renames quoted columns in SQL, as both databases do when a column is renamed.
func (r renames) text(table, sql string) string {
	var pairs []string
	for _, from := range slices.Sorted(maps.Keys(r.columns[table])) {
		pairs = append(pairs, quote(from), quote(r.columns[table][from]))
	}
	return strings.NewReplacer(pairs...).Replace(sql)
}
