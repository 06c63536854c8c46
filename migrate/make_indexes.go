package migrate

import "slices"

// portion is a part of a difference that becomes a migration of its own.
type portion struct {
	*difference
	concurrently bool
}

// splitIndexes takes the building of indexes of tables that stand already out of a difference.
func splitIndexes(d *difference) []portion {
	middle := withoutNewIndexes(d)
	first := compareSchemas(d.before, middle, d.renames, d.fills)
	second := compareSchemas(first.after, d.after, newRenames(), nil)
	if second.empty() {
		return []portion{{difference: d}}
	}
	if first.empty() {
		return []portion{{difference: second, concurrently: true}}
	}
	return []portion{{difference: first}, {difference: second, concurrently: true}}
}

// withoutNewIndexes is the schema after all else.
func withoutNewIndexes(d *difference) *Schema {
	middle := d.after.clone()
	for _, t := range middle.Tables {
		from := d.renamed.Table(t.Name)
		if from == nil {
			continue
		}
		for i := range t.Columns {
			c := &t.Columns[i]
			old := from.Column(c.Name)
			c.Index = c.Index && old != nil && old.Index
			if c.Unique && (old == nil || !old.Unique) && !d.after.isReferenced(t.Name, c.Name) {
				c.Unique = false
			}
		}
		t.Unique = slices.DeleteFunc(t.Unique, func(u UniqueSet) bool { return len(missing([]UniqueSet{u}, from.Unique)) > 0 })
		t.Indexes = slices.DeleteFunc(t.Indexes, func(x TableIndex) bool { return len(missing([]TableIndex{x}, from.Indexes)) > 0 })
	}
	return middle
}

// isReferenced tells whether a foreign key leads to a column.
func (s *Schema) isReferenced(table, column string) bool {
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			if c.References != nil && c.References.Table == table && c.References.Column == column {
				return true
			}
		}
	}
	return false
}
