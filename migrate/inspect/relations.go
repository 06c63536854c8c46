package inspect

import (
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// leads finds the foreign key of a column that a relation can follow: one column, to the primary key or a unique column of
// a model.
func (b *drafter) leads(t *Table, column string) (ForeignKey, *target) {
	for _, key := range t.Keys {
		if len(key.Columns) != 1 || !strings.EqualFold(key.Columns[0], column) {
			continue
		}
		to := b.target(key.Table)
		if to == nil {
			continue
		}
		if len(key.Referenced) == 0 {
			key.Referenced = []string{to.keyColumn()}
		}
		if b.isKey(to, key.Referenced[0]) {
			return key, to
		}
	}
	return ForeignKey{}, nil
}

// target finds a model by its table; SQLite is not strict about capitals.
func (b *drafter) target(table string) *target {
	if to := b.targets[table]; to != nil || b.database.Dialect != orm.SQLite {
		return to
	}
	for _, m := range b.program.Models {
		if strings.EqualFold(m.Table, table) {
			return b.targets[m.Table]
		}
	}
	return nil
}

// isKey tells whether a column names one row of the other side.
func (b *drafter) isKey(to *target, column string) bool {
	if column == to.keyColumn() {
		return true
	}
	if to.known != nil {
		f := to.known.ByColumn(column)
		return f != nil && f.Unique
	}
	return to.model.table.column(column) != nil && expressible(column) && to.model.table.isUnique(column)
}

// noRelation says of foreign keys that lead where no model is where that is.
func (f *field) noRelation(t *Table) {
	for _, key := range t.Keys {
		if len(key.Columns) != 1 || !strings.EqualFold(key.Columns[0], f.column.Name) {
			continue
		}
		where := key.Table
		if where == "" {
			where = "a table outside of the search path"
		}
		f.Comments.add("It refers to %s, which is no model here.", where)
	}
}

// relate says where a relation leads.
func (f *field) relate() {
	to, key := f.Target.keyColumn(), f.reference.Referenced[0]
	if key != to || f.ambiguous() {
		f.relation = append(f.relation, "belongsTo", "foreignKey:"+f.Key)
	}
	if key != to {
		f.relation = append(f.relation, "references:"+f.Target.fieldName(key))
	}
	f.orm = append(f.orm, "on_delete="+f.onDelete(f.reference.OnDelete))
}

// ambiguous tells whether GORM would take another field for the key, here or on the other side.
func (f *field) ambiguous() bool {
	own, other := f.model.Type, f.Target.fieldName(f.Target.keyColumn())
	if f.GoName+other != f.Key && f.model.has(f.GoName+other) {
		return true
	}
	return f.Target.model != f.model && (f.Target.has(own+f.model.keyName()) || f.Target.has(own+"ID") || f.Target.has(own+"Id"))
}

// keyName is the Go name of the primary key's column.
func (m *model) keyName() string {
	if m.key.Key != "" {
		return m.key.Key
	}
	return m.key.GoName
}

// has tells whether GORM finds a field by a name, which may also be that of the column.
func (m *model) has(name string) bool {
	return slices.ContainsFunc(m.Fields, func(f *field) bool {
		return f.GoName == name || f.Key == name || f.column != nil && (f.column.Name == name || f.column.Name == defaultColumn(name))
	})
}

func (t *target) has(name string) bool {
	if t.known != nil {
		return t.known.ByGoName(name) != nil || t.known.ByColumn(defaultColumn(name)) != nil
	}
	return t.model.has(name)
}

// pair names the object and the key of a relation: Customer and CustomerID of customer_id, CustomerId or customer.
func (m *model) pair(column string) (object, key string) {
	name := goName(objectName(column), "Column")
	suffix := func(name string) string { return name + "ID" }
	object = m.goKeys.free(name, func(name string) string { return name }, suffix)
	return object, suffix(object)
}

// objectName is Django's name of a relation: the column without "_id".
func objectName(column string) string {
	name := fieldName(column)
	if short := strings.TrimSuffix(name, "_id"); short != "" {
		return short
	}
	return name
}

// onDelete says in the words of the tag what the database does. A key without an action protects what it refers to.
func (f *field) onDelete(action string) string {
	switch {
	case action == "CASCADE":
		return "cascade"
	case action == "RESTRICT":
		return "restrict"
	case action == "SET NULL" && f.column.Null:
		return "set_null"
	case strings.HasPrefix(action, "SET"):
		f.Comments.add("ON DELETE %s.", action)
		return "do_nothing"
	}
	return "protect"
}

// pairsOf tells whether a table holds the pairs of a many-to-many relation: two keys, each pair once, and nothing else that
// a program has to give.
func (b *drafter) pairsOf(t *Table) (p pairs, ok bool) {
	var keys []ForeignKey
	for _, c := range t.Columns {
		key, to := b.leads(t, c.Name)
		switch {
		case to != nil && !c.Null && key.Referenced[0] == to.keyColumn():
			key.Columns, key.Table = []string{c.Name}, to.tableName()
			keys = append(keys, key)
		case to != nil || !c.optional():
			return pairs{}, false
		}
	}
	if len(keys) != 2 || t.View || b.targets[keys[0].Table].known != nil && b.targets[keys[1].Table].known != nil {
		return pairs{}, false
	}
	p = pairs{table: t, near: keys[0], far: keys[1]}
	owns := func(key ForeignKey) bool { return strings.HasPrefix(t.Name, key.Table+"_") }
	if b.targets[p.near.Table].known != nil || b.targets[p.far.Table].known == nil && owns(p.far) && !owns(p.near) {
		p.near, p.far = p.far, p.near
	}
	return p, t.once(p.near.Columns[0], p.far.Columns[0])
}

func (t *target) tableName() string {
	if t.known != nil {
		return t.known.Table
	}
	return t.model.Table
}

// joinable tells whether GORM can be told the columns, whose names it derives from those of Go fields.
func (p pairs) joinable() bool {
	return !slices.ContainsFunc([]string{p.near.Columns[0], p.far.Columns[0]}, func(column string) bool {
		return defaultColumn(goName(column, "Column")) != column
	})
}

// bare tells whether a table has nothing beside its key and two further columns, as Django's tables of pairs.
func (t *Table) bare() bool {
	const most = 3
	return len(t.Columns) == most && t.column(primaryKey(t)).Auto
}

// once tells whether no pair of two columns stands in a table twice.
func (t *Table) once(near, far string) bool {
	both := func(columns []string) bool {
		return len(columns) == 2 && slices.Contains(columns, near) && slices.Contains(columns, far)
	}
	for _, u := range t.Unique {
		if u.Condition == "" && both(u.Columns) {
			return true
		}
	}
	return both(t.Primary)
}

// referred tells whether a foreign key of another table leads to a table.
func (b *drafter) referred(t *Table, tables []*Table) bool {
	return slices.ContainsFunc(tables, func(other *Table) bool {
		return slices.ContainsFunc(other.Keys, func(key ForeignKey) bool { return strings.EqualFold(key.Table, t.Name) })
	})
}

// many gives a model the many-to-many relation of a table of pairs.
func (b *drafter) many(p pairs) {
	m, to := b.targets[p.near.Table].model, b.targets[p.far.Table]
	f := &field{model: m, Target: to, Many: true, orm: []string{"blank"}}
	name := strings.TrimPrefix(snake(p.table.Name), snake(m.Table)+"_")
	f.GoName = m.goKeys.free(goName(name, "Table"))
	f.takeName(m, fieldName(name))
	own, related := m.keyName(), to.fieldName(to.keyColumn())
	f.relation = []string{"many2many:" + p.table.Name}
	near, far := goName(p.near.Columns[0], "Column"), goName(p.far.Columns[0], "Column")
	if to.model == m || defaultColumn(m.Type+own) != p.near.Columns[0] || defaultColumn(to.typeName()+related) != p.far.Columns[0] {
		f.relation = append(f.relation, "joinForeignKey:"+near, "joinReferences:"+far)
	}
	for _, c := range p.table.Columns {
		if c.Name != p.near.Columns[0] && c.Name != p.far.Columns[0] && (len(p.table.Primary) != 1 || c.Name != p.table.Primary[0]) {
			f.Comments.add("The pairs also have %s, which the database fills.", c.Name)
		}
	}
	m.Fields = append(m.Fields, f)
}

func (t *target) typeName() string {
	if t.known != nil {
		return t.known.Type.Name()
	}
	return t.model.Type
}

// reverses gives the other sides of relations names of their own where Django's would be given twice.
func (b *drafter) reverses() {
	names := map[*target]taken{}
	for _, m := range b.program.Models {
		for _, f := range m.Fields {
			if f.Target != nil && names[f.Target] == nil {
				names[f.Target] = f.Target.fieldNames()
			}
		}
	}
	for _, m := range b.program.Models {
		for _, f := range m.Fields {
			if f.Target != nil {
				f.reverse(m, names[f.Target])
			}
		}
	}
}

// reverse takes Django's name of the other side, or says another.
func (f *field) reverse(m *model, names taken) {
	several := 0
	for _, other := range m.Fields {
		if other.Target == f.Target {
			several++
		}
	}
	accessor := m.name() + "_set"
	if f.isOneToOne() {
		accessor = m.name()
	}
	if several == 1 && !names[m.name()] && !names[accessor] {
		names.add(m.name(), accessor)
		return
	}
	f.orm = append(f.orm, "related="+names.free(m.name()+"_"+f.Name+strings.TrimPrefix(accessor, m.name())))
}

func (f *field) isOneToOne() bool {
	return !f.Many && (f == f.model.key || f.model.table.isUnique(f.column.Name))
}

// fieldNames are the names that the other side has already.
func (t *target) fieldNames() taken {
	names := taken{}
	if t.known == nil {
		for _, f := range t.model.Fields {
			names.add(f.Name)
		}
		return names
	}
	for _, f := range t.known.Fields {
		names.add(f.Name)
	}
	for _, r := range t.known.Reverses {
		names.add(r.Name, r.QueryName)
	}
	return names
}
