package migrate

import (
	"reflect"
	"slices"
)

// difference is what leads from one schema to another.
type difference struct {
	before  *Schema
	renamed *Schema // before, with the new names
	after   *Schema
	renames renames

	created []*Table // each after those it refers to
	dropped []*Table // each before those it refers to
	changed []tableChange
	// fills are the values of rows that have none, as texts, by "table.column" of after.
	fills map[string]string
}

// tableChange is a table that both schemas have: before, with the new names, and after.
type tableChange struct{ from, to *Table }

// columnChange is a column that both have.
type columnChange struct{ from, to Column }

// compareSchemas finds the difference. after gets the names that before has for what is the same in both.
func compareSchemas(before, after *Schema, r renames, fills map[string]string) *difference {
	d := &difference{before: before, renamed: r.apply(before), after: after.clone(), renames: r, fills: fills}
	d.after.sort()
	for _, t := range d.after.Tables {
		from := d.renamed.Table(t.Name)
		if from == nil {
			d.created = append(d.created, t)
			continue
		}
		t.keepNames(from)
		if !sameTable(from, t) {
			d.changed = append(d.changed, tableChange{from, t})
		}
	}
	for _, t := range d.renamed.Tables {
		if d.after.Table(t.Name) == nil {
			d.dropped = append(d.dropped, t)
		}
	}
	d.created, d.dropped = dependencies(d.created), dependencies(d.dropped)
	slices.Reverse(d.dropped)
	return d
}

// empty tells whether nothing has to be done nor recorded.
func (d *difference) empty() bool {
	return len(d.created)+len(d.dropped)+len(d.changed) == 0 && d.renames.empty()
}

// back is the way back.
func (d *difference) back(fills map[string]string) *difference {
	return compareSchemas(d.after, d.before, d.renames.inverse(), fills)
}

// keepNames takes over the names that PostgreSQL's constraints were given once.
func (t *Table) keepNames(from *Table) {
	for i := range t.Columns {
		c := &t.Columns[i]
		old := from.Column(c.Name)
		if old == nil {
			continue
		}
		if c.Unique && old.Unique {
			c.UniqueName = old.UniqueName
		}
		if c.Type.like() != "" && old.Type.like() != "" {
			c.LikeName = old.LikeName
		}
		if c.References != nil && old.References != nil && c.References.Table == old.References.Table && c.References.Column == old.References.Column {
			c.KeyName = old.KeyName
		}
	}
}

// sameTable compares what is stored of tables; the order of columns, constraints and indexes means nothing.
func sameTable(a, b *Table) bool {
	return a.Model == b.Model && sameItems(a.Columns, b.Columns) && sameItems(a.Unique, b.Unique) &&
		sameItems(a.Checks, b.Checks) && sameItems(a.Indexes, b.Indexes)
}

func sameItems[T any](a, b []T) bool {
	return len(a) == len(b) && len(missing(a, b)) == 0
}

// missing are the items of a that b has not.
func missing[T any](a, b []T) []T {
	return slices.DeleteFunc(slices.Clone(a), func(item T) bool {
		return slices.ContainsFunc(b, func(other T) bool { return reflect.DeepEqual(item, other) })
	})
}

// added are the columns that only the new table has.
func (c tableChange) added() []Column { return columnsBeside(c.to, c.from) }

// removed are the columns that only the old table has.
func (c tableChange) removed() []Column { return columnsBeside(c.from, c.to) }

func columnsBeside(t, other *Table) []Column {
	return slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return other.Column(c.Name) != nil })
}

// altered are the columns that both have and that differ.
func (c tableChange) altered() []columnChange {
	var list []columnChange
	for _, to := range c.to.Columns {
		if from := c.from.Column(to.Name); from != nil && !reflect.DeepEqual(*from, to) {
			list = append(list, columnChange{*from, to})
		}
	}
	return list
}

// fill is the value that rows get in a column of a table.
func (d *difference) fill(table, column string) (text string, ok bool) {
	text, ok = d.fills[table+"."+column]
	return text, ok
}
