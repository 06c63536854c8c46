package migrate

import (
	"maps"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// postgresScript writes the statements for PostgreSQL: what stands in the way goes first, what depends on the rest comes
// last.
type postgresScript struct {
	script
	*difference
	concurrently bool

	later []string // foreign keys that need what comes after them
}

func (p *postgresScript) write() {
	p.rename()
	p.dropConstraints(true)
	p.dropTables()
	p.dropConstraints(false)
	p.dropIndexes()
	p.extensions()
	for _, t := range p.created {
		p.create(t)
	}
	for _, c := range p.changed {
		p.changeColumns(c)
	}
	p.addConstraints()
	p.statements = append(p.statements, p.later...)
	p.addIndexes()
}

// rename renames tables and columns, then what PostgreSQL or Django named after them.
func (p *postgresScript) rename() {
	for _, from := range slices.Sorted(maps.Keys(p.renames.tables)) {
		p.add("ALTER TABLE %s RENAME TO %s", quote(from), quote(p.renames.tables[from]))
	}
	for _, table := range slices.Sorted(maps.Keys(p.renames.columns)) {
		columns := p.renames.columns[table]
		for _, from := range slices.Sorted(maps.Keys(columns)) {
			p.add("ALTER TABLE %s RENAME COLUMN %s TO %s", quote(table), quote(from), quote(columns[from]))
		}
	}
	for _, t := range p.before.Tables {
		p.renameObjects(t, p.renamed.Table(p.renames.table(t.Name)))
	}
}

func (p *postgresScript) renameObjects(from, to *Table) {
	for i, c := range from.Columns {
		if old, name := serverName(from.Name, c.Name, "seq"), serverName(to.Name, to.Columns[i].Name, "seq"); c.Type.isAuto() && old != name {
			p.add("ALTER SEQUENCE %s RENAME TO %s", quote(old), quote(name))
		}
	}
	renamed := to.constraints()
	for i, c := range from.constraints() {
		if c.name != renamed[i].name {
			p.add("ALTER TABLE %s RENAME CONSTRAINT %s TO %s", quote(to.Name), quote(c.name), quote(renamed[i].name))
		}
	}
	indexes := to.indexes(orm.Postgres)
	for i, x := range from.indexes(orm.Postgres) {
		if x.name != indexes[i].name {
			p.add("ALTER INDEX %s RENAME TO %s", quote(x.name), quote(indexes[i].name))
		}
	}
}

// dropConstraints drops those that are no more or change, first foreign keys of all tables, then the others.
func (p *postgresScript) dropConstraints(keys bool) {
	for _, c := range p.changed {
		for _, old := range p.lostConstraints(c) {
			if (old.references != nil) != keys {
				continue
			}
			p.add("ALTER TABLE %s DROP CONSTRAINT %s%s", quote(c.to.Name), p.ifExists(), quote(old.name))
		}
	}
}

// ifExists makes what is not in a transaction such that it can be repeated.
func (p *postgresScript) ifExists() string {
	if p.concurrently {
		return "IF EXISTS "
	}
	return ""
}

func (p *postgresScript) lostConstraints(c tableChange) []constraint {
	return p.beside(c.from.constraints(), c.to.constraints())
}

// beside are the constraints of a that b has not, or whose columns change their type.
func (p *postgresScript) beside(a, b []constraint) []constraint {
	return slices.DeleteFunc(a, func(c constraint) bool {
		kept := slices.ContainsFunc(b, func(o constraint) bool { return o.name == c.name && o.def == c.def })
		return kept && !p.retyped(c)
	})
}

// retyped tells whether a foreign key leads to a column whose type changes.
func (p *postgresScript) retyped(c constraint) bool {
	if c.references == nil {
		return false
	}
	from, to := p.renamed.Table(c.references.Table), p.after.Table(c.references.Table)
	if from == nil || to == nil {
		return false
	}
	old, now := from.Column(c.references.Column), to.Column(c.references.Column)
	return old != nil && now != nil && old.Type != now.Type
}

// dropTables drops all in one statement, as they may refer to each other.
func (p *postgresScript) dropTables() {
	names := make([]string, len(p.dropped))
	for i, t := range p.dropped {
		names[i] = t.Name
	}
	if len(names) > 0 {
		p.add("DROP TABLE %s", quoted(names))
	}
}

func (p *postgresScript) dropIndexes() {
	for _, c := range p.changed {
		for _, x := range indexesBeside(c.from, c.to, orm.Postgres) {
			if p.concurrently {
				p.add("DROP INDEX CONCURRENTLY IF EXISTS %s", quote(x.name))
			} else {
				p.add("DROP INDEX %s", quote(x.name))
			}
		}
	}
}

// indexesBeside are the indexes of a table that another has not.
func indexesBeside(t, other *Table, dialect string) []index {
	have := other.indexes(dialect)
	return slices.DeleteFunc(t.indexes(dialect), func(x index) bool { return slices.Contains(have, x) })
}

// extensions makes sure of what new indexes need.
func (p *postgresScript) extensions() {
	trigrams := func(x TableIndex) bool { return strings.Contains(x.OpClass+x.Expressions, "_trgm_ops") }
	needed := slices.ContainsFunc(p.created, func(t *Table) bool { return slices.ContainsFunc(t.Indexes, trigrams) }) ||
		slices.ContainsFunc(p.changed, func(c tableChange) bool { return slices.ContainsFunc(missing(c.to.Indexes, c.from.Indexes), trigrams) })
	if needed {
		p.add("CREATE EXTENSION IF NOT EXISTS pg_trgm")
	}
}

func (p *postgresScript) create(t *Table) {
	var items []string
	for _, c := range t.Columns {
		items = append(items, postgresColumn(c))
	}
	for _, c := range t.constraints() {
		switch {
		case c.implied:
		case c.references == nil || p.stands(t, c.references.Table):
			items = append(items, "CONSTRAINT "+quote(c.name)+" "+c.def)
		default:
			p.later = append(p.later, addConstraint(t, c))
		}
	}
	p.statements = append(p.statements, body(t.Name, items))
	for _, x := range t.indexes(orm.Postgres) {
		p.statements = append(p.statements, x.create(false))
	}
}

// stands tells whether a table is there when t is created, as it will be.
func (p *postgresScript) stands(t *Table, name string) bool {
	if name == t.Name {
		return true
	}
	at := slices.IndexFunc(p.created, func(c *Table) bool { return c.Name == name })
	if at >= 0 {
		return at < slices.Index(p.created, t)
	}
	return !slices.ContainsFunc(p.changed, func(c tableChange) bool { return c.to.Name == name })
}

// postgresColumn is a column of a new table with the constraints that PostgreSQL names.
func postgresColumn(c Column) string {
	sql := quote(c.Name) + " " + c.Type.sql(orm.Postgres) + nullWord(c.Null)
	if c.Primary {
		sql += " PRIMARY KEY"
	} else if c.Unique && c.UniqueName == "" {
		sql += " UNIQUE"
	}
	if check := c.Type.check(orm.Postgres, c.Name); check != "" {
		sql += " CHECK (" + check + ")"
	}
	if c.Type.isAuto() {
		sql += " GENERATED BY DEFAULT AS IDENTITY"
	}
	return sql
}

func addConstraint(t *Table, c constraint) string {
	return "ALTER TABLE " + quote(t.Name) + " ADD CONSTRAINT " + quote(c.name) + " " + c.def
}

func (p *postgresScript) changeColumns(c tableChange) {
	for _, column := range c.removed() {
		p.add("ALTER TABLE %s DROP COLUMN %s", quote(c.to.Name), quote(column.Name))
	}
	for _, column := range c.added() {
		p.addColumn(c.to, column)
	}
	for _, column := range c.altered() {
		p.alterColumn(c.to, column)
	}
}

// addColumn gives the rows that are there their value by a default, which does not stay.
func (p *postgresScript) addColumn(t *Table, c Column) {
	value := p.literal(p.difference, t, c, orm.Postgres)
	if value == "" {
		p.add("ALTER TABLE %s ADD COLUMN %s %s%s", quote(t.Name), quote(c.Name), c.Type.sql(orm.Postgres), nullWord(c.Null))
		return
	}
	p.add("ALTER TABLE %s ADD COLUMN %s %s DEFAULT %s%s", quote(t.Name), quote(c.Name), c.Type.sql(orm.Postgres), value, nullWord(c.Null))
	p.add("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", quote(t.Name), quote(c.Name))
}

func (p *postgresScript) alterColumn(t *Table, c columnChange) {
	alter := "ALTER TABLE " + quote(t.Name) + " ALTER COLUMN " + quote(c.to.Name)
	if from, to := c.from.Type.sql(orm.Postgres), c.to.Type.sql(orm.Postgres); from != to {
		using := ""
		if conversion := p.convert(t, c, orm.Postgres); !widens(c.from.Type, c.to.Type) {
			using = " USING " + conversion
		}
		p.add("%s TYPE %s%s", alter, to, using)
	}
	switch {
	case c.to.Null && !c.from.Null:
		p.add("%s DROP NOT NULL", alter)
	case !c.to.Null && c.from.Null:
		p.fillNulls(t, c.to)
		p.add("%s SET NOT NULL", alter)
	}
}

// fillNulls gives rows without a value theirs. Checks that a foreign key puts off until the end would keep the table from
// being altered.
func (p *postgresScript) fillNulls(t *Table, c Column) {
	value := p.literal(p.difference, t, c, orm.Postgres)
	if value == "" {
		return
	}
	p.add("UPDATE %s SET %s = %s WHERE %s IS NULL", quote(t.Name), quote(c.Name), value, quote(c.Name))
	if c.References != nil || c.Unique {
		p.add("SET CONSTRAINTS ALL IMMEDIATE")
		p.add("SET CONSTRAINTS ALL DEFERRED")
	}
}

// addConstraints adds those that are new or changed, foreign keys last.
func (p *postgresScript) addConstraints() {
	for _, keys := range []bool{false, true} {
		for _, c := range p.changed {
			for _, added := range p.beside(c.to.constraints(), c.from.constraints()) {
				if (added.references != nil) == keys {
					p.addConstraint(c.to, added)
				}
			}
		}
	}
}

// addConstraint builds the index of a unique constraint beforehand where the table may be in use.
func (p *postgresScript) addConstraint(t *Table, c constraint) {
	if !p.concurrently || !c.unique {
		p.statements = append(p.statements, addConstraint(t, c))
		return
	}
	columns := strings.TrimPrefix(c.def, "UNIQUE ")
	p.add("ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s", quote(t.Name), quote(c.name))
	p.buildIndex(index{name: c.name, unique: true, on: "ON " + quote(t.Name) + " " + columns})
	p.add("ALTER TABLE %s ADD CONSTRAINT %s UNIQUE USING INDEX %s", quote(t.Name), quote(c.name), quote(c.name))
}

func (p *postgresScript) addIndexes() {
	for _, c := range p.changed {
		for _, x := range indexesBeside(c.to, c.from, orm.Postgres) {
			p.buildIndex(x)
		}
	}
}

// buildIndex drops what a failed attempt has left first: an index that is not valid.
func (p *postgresScript) buildIndex(x index) {
	if p.concurrently {
		p.add("DROP INDEX CONCURRENTLY IF EXISTS %s", quote(x.name))
	}
	p.statements = append(p.statements, x.create(p.concurrently))
}
