package orm

import (
	"reflect"
	"strings"
)

// Label is app label and type name: "catalog.Product".
func (m *Model) Label() string { return m.Meta.App + "." + m.Type.Name() }

// LabelLower is app label and model name: "catalog.product".
func (m *Model) LabelLower() string { return m.Meta.App + "." + m.Meta.Name }

// Field finds a field by its Django name; "pk" is the primary key; nil when there is none. See [Model.Path] for relations.
func (m *Model) Field(name string) *Field {
	if name == "pk" {
		return m.PK
	}
	for _, f := range m.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// ByColumn finds a field by its column; nil when there is none.
func (m *Model) ByColumn(column string) *Field {
	for _, f := range m.Fields {
		if f.Column == column && column != "" {
			return f
		}
	}
	return nil
}

// ByGoName finds a field by the name of its Go field, of a relation also by that of its key (CategoryID); nil when there is
// none.
func (m *Model) ByGoName(name string) *Field {
	for _, f := range m.Fields {
		if f.GoName == name || f.Schema != nil && f.Schema.Name == name {
			return f
		}
	}
	return nil
}

// Reverse finds a relation of another model to this one by its accessor; nil when there is none.
func (m *Model) Reverse(name string) *Reverse {
	for _, r := range m.Reverses {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// Annotation finds a computed field by its Django name; nil when there is none.
func (m *Model) Annotation(name string) *Annotation {
	for _, a := range m.Annotations {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func (m *Model) fieldNames() string {
	var names []string
	for _, f := range m.Fields {
		names = append(names, f.Name)
	}
	for _, r := range m.Reverses {
		names = append(names, r.QueryName)
	}
	return strings.Join(names, ", ")
}

// ColumnKind is the kind of what is stored: for a relation that of the key it refers to, with Integer for Auto and
// BigInteger for BigAuto.
func (f *Field) ColumnKind() Kind {
	if f.Related == nil || f.Kind == ManyToMany {
		return f.Kind
	}
	switch kind := f.target().ColumnKind(); kind {
	case Auto:
		return Integer
	case BigAuto:
		return BigInteger
	default:
		return kind
	}
}

// target is the field of the related model that a relation refers to, nearly always its primary key.
func (f *Field) target() *Field {
	if t := f.Related.ByColumn(f.Relation.References[0].PrimaryKey.DBName); t != nil {
		return t
	}
	return f.Related.PK
}

// Get is the value of the field's column in object, a struct or pointer to one of the model's type; for a many-to-many the
// slice of related objects.
func (f *Field) Get(object reflect.Value) reflect.Value {
	index := f.Index
	if f.Kind == ManyToMany {
		index = f.RelIndex
	}
	return reflect.Indirect(object).FieldByIndex(index)
}
