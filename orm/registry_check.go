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
	m.Meta.Indexes = append([]Index(nil), m.Meta.Indexes...)
	for i := range m.Meta.Indexes {
		m.checkIndex(&m.Meta.Indexes[i], problem)
	}
	b.checkFields(m)
	b.checkAnnotations(m)
}

// checkIndex gives an index its name.
func (m *Model) checkIndex(index *Index, problem func(string, ...any)) {
	columns := m.columns("Indexes", index.Fields, problem)
	switch {
	case (len(index.Fields) == 0) == (index.Expressions == ""):
		problem("Indexes: give each index either Fields or Expressions")
	case index.Name == "" && index.Expressions != "":
		problem("Indexes: the index over %s needs a Name", index.Expressions)
	case index.Name == "" && len(columns) == len(index.Fields):
		for i, field := range index.Fields {
			if strings.HasPrefix(field, "-") {
				columns[i] = "-" + columns[i]
			}
		}
		index.Name = metaIndexName(m.Table, columns)
	}
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

// metaIndexName is how Django names an index of Meta over columns, "-" first for descending.
func metaIndexName(table string, columns []string) string {
	sum := md5.Sum([]byte(table + strings.Join(columns, "") + "idx")) //nolint:gosec // see the import
	first := strings.TrimPrefix(columns[0], "-")
	name := table[:min(len(table), 11)] + "_" + first[:min(len(first), 7)] + "_" + hex.EncodeToString(sum[:])[:6] + "_idx"
	if name[0] == '_' || name[0] >= '0' && name[0] <= '9' {
		name = "D" + name[1:]
	}
	return name
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
