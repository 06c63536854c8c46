package inspect

import (
	"slices"
	"strings"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// meta says what is true of several fields.
func (b *drafter) meta(m *model) {
	m.Checks = m.table.Checks
	for _, u := range m.table.Unique {
		m.unique(u)
	}
	for _, i := range m.table.Indexes {
		m.index(i)
	}
	for _, f := range m.Fields {
		f.indexed = f.indexed || f == m.key || f.Target != nil && !f.Many || f.column != nil && m.table.isUnique(f.column.Name)
	}
}

// byColumn finds a field; nil when the column was left out.
func (m *model) byColumn(column string) *field {
	for _, f := range m.Fields {
		if f.column != nil && f.column.Name == column {
			return f
		}
	}
	return nil
}

// fieldsOf are the names of the fields of columns, "-" first for descending; false when one was left out. The first is noted
// as indexed.
func (m *model) fieldsOf(columns []string) (names []string, ok bool) {
	for i, column := range columns {
		plain := strings.TrimPrefix(column, "-")
		f := m.byColumn(plain)
		if f == nil {
			return nil, false
		}
		f.indexed = f.indexed || i == 0
		names = append(names, column[:len(column)-len(plain)]+f.Name)
	}
	return names, true
}

func (m *model) unique(u migrate.UniqueSet) {
	if u.Condition == "" && len(u.Columns) == 1 {
		return // its field's
	}
	names, ok := m.fieldsOf(u.Columns)
	if !ok {
		m.Doc.add("(%s) are unique together.", strings.Join(u.Columns, ", "))
		return
	}
	set := orm.Unique{Fields: names, Name: u.Name, Condition: u.Condition}
	if u.Name == orm.IndexName(m.Table, u.Columns, "_uniq") {
		set.Name = ""
	}
	for _, f := range m.Fields {
		if u.Condition != "" && f.column != nil && mentions(u.Condition, f.column.Name) {
			set.ConditionFields = append(set.ConditionFields, f.Name)
		}
	}
	m.Unique = append(m.Unique, set)
}

func (m *model) index(i migrate.TableIndex) {
	names, ok := m.fieldsOf(i.Columns)
	switch {
	case !ok:
		m.Doc.add("There is an index over (%s).", strings.Join(i.Columns, ", "))
		return
	case len(i.Columns) == 1 && i.Condition+i.Method+i.OpClass == "" && i.Name == orm.IndexName(m.Table, i.Columns, ""):
		if f := m.byColumn(i.Columns[0]); f.Target == nil && !slices.Contains(f.gorm, "unique") {
			f.gorm = append(f.gorm, "index")
		}
		return
	}
	m.Indexes = append(m.Indexes, orm.Index{
		Fields: names, Expressions: i.Expressions, Name: i.Name, Condition: i.Condition, Method: i.Method, OpClass: i.OpClass,
	})
}
