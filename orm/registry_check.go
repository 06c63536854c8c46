package orm

import (
	"crypto/md5" //nolint:gosec // Django names constraints so; nothing is protected by it
	"encoding/hex"
	"strings"
)

// check reports names in Meta and in tags that mean nothing, once all models are known.
func (b *registryBuilder) check(m *Model) {
	problem := b.at(m.Type, "Meta")
	for _, path := range m.Meta.Ordering {
		path = strings.TrimPrefix(path, "-")
		if _, err := m.Path(path); err != nil && m.Annotation(path) == nil {
			problem("Ordering: %v", err)
		}
	}
	m.Meta.Unique = append([]Unique(nil), m.Meta.Unique...)
	for i := range m.Meta.Unique {
		u := &m.Meta.Unique[i]
		columns := m.columns("Unique", u.Fields, problem)
		m.columns("Unique", u.ConditionFields, problem)
		if u.Name == "" {
			u.Name = IndexName(m.Table, columns, "_uniq")
		}
		if u.Code == "" {
			u.Code = "unique"
		}
	}
	for _, fields := range m.Meta.Indexes {
		m.columns("Indexes", fields, problem)
	}
	b.checkFields(m)
	b.checkAnnotations(m)
}

// columns looks up the columns of fields.
func (m *Model) columns(what string, fields []string, problem func(string, ...any)) []string {
	var columns []string
	for _, name := range fields {
		f := m.Field(strings.TrimPrefix(name, "-"))
		if f == nil || f.Column == "" {
			problem("%s: %s has no column %q; use the names of its fields (%s)", what, m.Label(), name, m.fieldNames())
			continue
		}
		columns = append(columns, f.Column)
	}
	return columns
}

func (b *registryBuilder) checkFields(m *Model) {
	for _, f := range m.Fields {
		problem := b.at(m.Type, f.GoName)
		if f.Schema != nil && f.Schema.TagSettings["DEFAULT"] != "" {
			problem("gorm's default: swallows zero values; say orm:\"default=%s\" instead", f.Schema.TagSettings["DEFAULT"])
		}
		for part, name := range f.UniqueFor {
			if other := m.Field(name); other == nil || other.Kind != CalendarDate && other.Kind != DateTime {
				problem("unique_for_%s=%s: %s has no date of that name", part, name, m.Label())
			}
		}
	}
}

func (b *registryBuilder) checkAnnotations(m *Model) {
	for _, a := range m.Annotations {
		problem := b.at(m.Type, a.GoName)
		if m.Field(a.Name) != nil {
			problem("is computed but has the name of a stored field; give it another")
		}
		if a.Path == "" {
			continue
		}
		p, err := m.Path(a.Path)
		switch {
		case err != nil:
			problem("%s=%s: %v", a.Function, a.Path, err)
		case p.Field == nil && a.Function != "count":
			problem("%s=%s ends at a relation; add the field to compute with: %s__…", a.Function, a.Path, a.Path)
		}
	}
}

// IndexName is how Django names the index of a table over columns; suffix is "_uniq" for unique constraints, "_like" for
// PostgreSQL's pattern indexes, empty for plain ones. Names are cut to PostgreSQL's 63 bytes.
func IndexName(table string, columns []string, suffix string) string {
	const longest = 63
	sum := md5.Sum([]byte(table + strings.Join(columns, ""))) //nolint:gosec // see the import
	end := hex.EncodeToString(sum[:])[:8] + suffix
	list := strings.Join(columns, "_")
	name := table + "_" + list + "_" + end
	if len(name) <= longest {
		return name
	}
	end = end[:min(len(end), longest/3)]
	part := (longest-len(end))/2 - 1
	return table[:min(len(table), part)] + "_" + list[:min(len(list), part)] + "_" + end
}
