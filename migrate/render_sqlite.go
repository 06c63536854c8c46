package migrate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// sqliteScript writes the statements for SQLite, which alters little of a table in place: for the rest a new table takes the
// place of the old one.
type sqliteScript struct {
	script
	*difference
}

func (s *sqliteScript) write() {
	s.rename()
	for _, t := range s.dropped {
		s.unchecked = true
		s.add("DROP TABLE %s", quote(t.Name))
	}
	for _, t := range s.created {
		s.statements = append(s.statements, body(t.Name, sqliteItems(t)))
		s.index(t.indexes(orm.SQLite))
	}
	for _, t := range s.after.Tables {
		if from := s.renamed.Table(t.Name); from != nil {
			s.change(tableChange{from, t})
		}
	}
}

func (s *sqliteScript) rename() {
	for _, from := range slices.Sorted(maps.Keys(s.renames.tables)) {
		s.add("ALTER TABLE %s RENAME TO %s", quote(from), quote(s.renames.tables[from]))
	}
	for _, table := range slices.Sorted(maps.Keys(s.renames.columns)) {
		columns := s.renames.columns[table]
		for _, from := range slices.Sorted(maps.Keys(columns)) {
			s.add("ALTER TABLE %s RENAME COLUMN %s TO %s", quote(table), quote(from), quote(columns[from]))
		}
	}
}

// change alters a table in place where that is possible.
func (s *sqliteScript) change(c tableChange) {
	kept := s.dropIndexes(c)
	if !inPlace(c, s.difference) {
		s.rebuild(c)
		s.index(c.to.indexes(orm.SQLite))
		return
	}
	for _, column := range c.removed() {
		s.add("ALTER TABLE %s DROP COLUMN %s", quote(c.to.Name), quote(column.Name))
	}
	for _, column := range c.added() {
		s.add("ALTER TABLE %s ADD COLUMN %s", quote(c.to.Name), sqliteColumn(column))
	}
	s.index(slices.DeleteFunc(c.to.indexes(orm.SQLite), func(x index) bool { return slices.Contains(kept, x) }))
}

// dropIndexes drops the indexes that are no more, change, or have the name of what was renamed, and returns the others.
func (s *sqliteScript) dropIndexes(c tableChange) (kept []index) {
	old := s.before.Table(s.oldName(c.from.Name)).indexes(orm.SQLite)
	wanted := c.to.indexes(orm.SQLite)
	for i, x := range c.from.indexes(orm.SQLite) {
		if x.name == old[i].name && slices.Contains(wanted, x) {
			kept = append(kept, x)
			continue
		}
		s.add("DROP INDEX %s", quote(old[i].name))
	}
	return kept
}

// oldName is the name that a table had before.
func (s *sqliteScript) oldName(name string) string {
	for from, to := range s.renames.tables {
		if to == name {
			return from
		}
	}
	return name
}

func (s *sqliteScript) index(indexes []index) {
	for _, x := range indexes {
		s.statements = append(s.statements, x.create(false))
	}
}

// inPlace tells whether ALTER TABLE can do it: columns come that may be NULL and are, columns go that nothing else stands
// on, and the rest stays.
func inPlace(c tableChange, d *difference) bool {
	for _, column := range c.added() {
		if _, filled := d.fill(c.to.Name, column.Name); filled || !column.Null || column.Unique || column.Primary {
			return false
		}
	}
	for _, column := range c.removed() {
		if column.Unique || column.Primary || column.References != nil || usedInBody(c.from, column.Name) {
			return false
		}
	}
	for _, column := range c.altered() {
		if sqliteColumn(column.from) != sqliteColumn(column.to) {
			return false
		}
	}
	return sameItems(bodyConstraints(c.from), bodyConstraints(c.to))
}

// usedInBody tells whether a constraint of the table's body mentions a column.
func usedInBody(t *Table, column string) bool {
	return slices.ContainsFunc(bodyConstraints(t), func(sql string) bool {
		return strings.Contains(sql, quote(column)) || strings.Contains(sql, column)
	})
}

// sqliteItems are the columns and constraints in the body of a table.
func sqliteItems(t *Table) []string {
	var items []string
	for _, c := range t.Columns {
		items = append(items, sqliteColumn(c))
	}
	return append(items, bodyConstraints(t)...)
}

func sqliteColumn(c Column) string {
	sql := quote(c.Name) + " " + c.Type.sql(orm.SQLite) + nullWord(c.Null)
	if c.Primary {
		sql += " PRIMARY KEY"
	} else if c.Unique {
		sql += " UNIQUE"
	}
	if check := c.Type.check(orm.SQLite, c.Name); check != "" {
		sql += " CHECK (" + check + ")"
	}
	if c.Type.isAuto() {
		sql += " AUTOINCREMENT"
	}
	if c.References != nil {
		sql += " " + c.References.sql()
	}
	return sql
}

// bodyConstraints are the named constraints in the body of a table.
func bodyConstraints(t *Table) []string {
	var items []string
	for _, u := range t.Unique {
		if u.Name != "" && u.Condition == "" {
			items = append(items, fmt.Sprintf("CONSTRAINT %s UNIQUE (%s)", quote(u.Name), quoted(u.Columns)))
		}
	}
	for _, c := range t.Checks {
		items = append(items, fmt.Sprintf("CONSTRAINT %s CHECK (%s)", quote(c.Name), c.SQL))
	}
	return items
}

// rebuild makes the table anew, moves the rows over, and lets it take the place of the old one, as SQLite's manual has it:
// foreign keys are off, so that the rows that refer to it stay, and the names in them too. The number that the next row gets
// goes along.
func (s *sqliteScript) rebuild(c tableChange) {
	s.unchecked = true
	name, fresh := c.to.Name, "new__"+c.to.Name
	s.statements = append(s.statements, body(fresh, sqliteItems(c.to)))
	columns, values := s.copied(c)
	s.add("INSERT INTO %s (%s)\nSELECT %s\nFROM %s", quote(fresh), quoted(columns), strings.Join(values, ", "), quote(name))
	if slices.ContainsFunc(c.to.Columns, func(c Column) bool { return c.Type.isAuto() }) {
		s.add("DELETE FROM sqlite_sequence WHERE name = %s", quoteText(fresh))
		s.add("INSERT INTO sqlite_sequence (name, seq) SELECT %s, seq FROM sqlite_sequence WHERE name = %s", quoteText(fresh), quoteText(name))
	}
	s.add("DROP TABLE %s", quote(name))
	s.add("PRAGMA legacy_alter_table = ON")
	s.add("ALTER TABLE %s RENAME TO %s", quote(fresh), quote(name))
	s.add("PRAGMA legacy_alter_table = OFF")
}

// copied are the columns that get a value of the old rows or a given one, and the expressions.
func (s *sqliteScript) copied(c tableChange) (columns, values []string) {
	for _, to := range c.to.Columns {
		from := c.from.Column(to.Name)
		literal := s.literal(s.difference, c.to, to, orm.SQLite)
		if from == nil {
			if literal == "" && to.Null {
				continue
			}
			columns, values = append(columns, to.Name), append(values, orNull(literal))
			continue
		}
		value := quote(to.Name)
		if from.Type.sql(orm.SQLite) != to.Type.sql(orm.SQLite) || from.Type != to.Type {
			value = s.convert(c.to, columnChange{*from, to}, orm.SQLite)
		}
		if from.Null && !to.Null && literal != "" {
			value = "coalesce(" + value + ", " + literal + ")"
		}
		columns, values = append(columns, to.Name), append(values, value)
	}
	return columns, values
}

// orNull lets the database refuse a column that must have a value and gets none, when there are rows.
func orNull(literal string) string {
	if literal == "" {
		return "NULL"
	}
	return literal
}
