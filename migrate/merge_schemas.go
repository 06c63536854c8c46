package migrate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// mergeSchemas adds to theirs what mine has changed since base. It refuses where both changed the same thing.
func mergeSchemas(base, mine, theirs *Schema) (*Schema, error) {
	merged := &Schema{}
	names, err := mergeItems(tableNames(base), tableNames(mine), tableNames(theirs), func(name string) string { return name })
	if err != nil {
		return nil, fmt.Errorf("both change the table %w", err)
	}
	for _, name := range names {
		t, err := mergeTables(base.Table(name), mine.Table(name), theirs.Table(name))
		if err != nil {
			return nil, err
		}
		merged.Tables = append(merged.Tables, t)
	}
	for _, t := range base.Tables {
		if err := droppedBeside(t, mine, theirs); err != nil {
			return nil, err
		}
	}
	merged.sort()
	return merged, nil
}

func tableNames(s *Schema) []string {
	names := make([]string, len(s.Tables))
	for i, t := range s.Tables {
		names[i] = t.Name
	}
	return names
}

// droppedBeside refuses a table that one drops and the other changes.
func droppedBeside(t *Table, mine, theirs *Schema) error {
	a, b := mine.Table(t.Name), theirs.Table(t.Name)
	if a == nil && b != nil && !sameTable(t, b) || b == nil && a != nil && !sameTable(t, a) {
		return fmt.Errorf("drop and change the table %s", t.Name)
	}
	return nil
}

// mergeTables merges one table; base is nil for a new one.
func mergeTables(base, mine, theirs *Table) (*Table, error) {
	switch {
	case base == nil && mine != nil && theirs != nil:
		if !sameTable(mine, theirs) {
			return nil, fmt.Errorf("both create the table %s", mine.Name)
		}
		return mine, nil
	case mine == nil:
		return theirs, nil
	case theirs == nil:
		return mine, nil
	}
	merged := theirs.clone()
	var err error
	note := func(what string, e error) {
		if e != nil && err == nil {
			err = fmt.Errorf("both change the %s %w of %s", what, e, mine.Name)
		}
	}
	var e error
	merged.Columns, e = mergeItems(base.Columns, mine.Columns, theirs.Columns, func(c Column) string { return c.Name })
	note("column", e)
	merged.Unique, e = mergeItems(base.Unique, mine.Unique, theirs.Unique, func(u UniqueSet) string { return u.Name + strings.Join(u.Columns, ", ") })
	note("unique constraint over", e)
	merged.Checks, e = mergeItems(base.Checks, mine.Checks, theirs.Checks, func(c NamedCheck) string { return c.Name })
	note("check", e)
	merged.Indexes, e = mergeItems(base.Indexes, mine.Indexes, theirs.Indexes, func(x TableIndex) string { return x.Name })
	note("index", e)
	if mine.Model != base.Model {
		merged.Model = mine.Model
	}
	return merged, err
}

// mergeItems merges lists whose items have keys. The error names a key that both changed.
func mergeItems[T any](base, mine, theirs []T, key func(T) string) ([]T, error) {
	byKey := func(list []T) map[string]T {
		m := map[string]T{}
		for _, item := range list {
			m[key(item)] = item
		}
		return m
	}
	b, a := byKey(base), byKey(mine)
	var merged []T
	for _, item := range theirs {
		k := key(item)
		old, had := b[k]
		mineNow, have := a[k]
		unchanged := had == have && reflect.DeepEqual(old, mineNow)
		switch {
		case unchanged || have && reflect.DeepEqual(mineNow, item):
			merged = append(merged, item)
		case !had || !reflect.DeepEqual(old, item):
			return nil, errors.New(k)
		case have:
			merged = append(merged, mineNow)
		}
	}
	t := byKey(theirs)
	for _, item := range mine {
		k := key(item)
		if _, there := t[k]; there {
			continue
		}
		old, had := b[k]
		if !had {
			merged = append(merged, item)
		} else if !reflect.DeepEqual(old, item) {
			return nil, errors.New(k)
		}
	}
	return merged, nil
}
