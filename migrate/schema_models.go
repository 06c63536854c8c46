package migrate

import (
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// SchemaOf returns the schema that registered models want; unmanaged ones want nothing.
func SchemaOf(registry *orm.Registry) *Schema {
	s := &Schema{}
	for _, m := range registry.Models() {
		if m.Meta.Unmanaged {
			continue
		}
		s.Tables = append(s.Tables, tableOf(m))
		for _, f := range m.Fields {
			if f.Kind == orm.ManyToMany && s.Table(f.JoinTable) == nil && !declares(registry, f.JoinTable) {
				s.Tables = append(s.Tables, pairsOf(f))
			}
		}
	}
	s.sort()
	return s
}

// declares tells whether a table is that of a model.
func declares(registry *orm.Registry, table string) bool {
	return slices.ContainsFunc(registry.Models(), func(m *orm.Model) bool { return m.Table == table })
}

func tableOf(m *orm.Model) *Table {
	t := &Table{Name: m.Table, Model: m.LabelLower()}
	for _, f := range m.Fields {
		if f.Column != "" {
			t.Columns = append(t.Columns, columnOf(f))
		}
	}
	for _, u := range m.Meta.Unique {
		t.Unique = append(t.Unique, uniqueOf(m, u))
	}
	for _, c := range m.Meta.Checks {
		t.Checks = append(t.Checks, NamedCheck(c))
	}
	for _, i := range m.Meta.Indexes {
		t.Indexes = append(t.Indexes, TableIndex{
			Name: i.Name, Columns: columnsOf(m, i.Fields), Expressions: i.Expressions, Condition: i.Condition,
			Method: i.Method, OpClass: i.OpClass,
		})
	}
	return t
}

func columnOf(f *orm.Field) Column {
	c := Column{
		Name: f.Column, Type: typeOf(f), Null: f.Null, Primary: f.PrimaryKey,
		Unique: f.Unique && !f.PrimaryKey, Index: f.DBIndex && !f.Unique,
	}
	if f.Related != nil {
		c.References = &Reference{Table: f.Related.Table, Column: referenced(f).Column, OnDelete: onDeleteWords[f.OnDelete]}
	}
	return c
}

var onDeleteWords = map[orm.OnDelete]string{
	orm.Cascade: "cascade", orm.Protect: "protect", orm.SetNull: "set_null", orm.Restrict: "restrict", orm.DoNothing: "do_nothing",
}

// referenced is the field that a relation refers to.
func referenced(f *orm.Field) *orm.Field {
	if to := f.Related.ByColumn(f.Relation.References[0].PrimaryKey.DBName); to != nil {
		return to
	}
	return f.Related.PK
}

func uniqueOf(m *orm.Model, u orm.Unique) UniqueSet {
	set := UniqueSet{Name: u.Name, Columns: columnsOf(m, u.Fields), Condition: u.Condition}
	if u.Condition == "" && u.Name == orm.IndexName(m.Table, set.Columns, "_uniq") {
		set.Name = ""
	}
	return set
}

// columnsOf are the columns of fields, with the "-" of descending ones.
func columnsOf(m *orm.Model, fields []string) []string {
	var columns []string
	for _, name := range fields {
		plain := strings.TrimPrefix(name, "-")
		columns = append(columns, name[:len(name)-len(plain)]+m.Field(plain).Column)
	}
	return columns
}

// pairsOf is the table of a many-to-many relation as Django makes it.
func pairsOf(f *orm.Field) *Table {
	key := func(column string, to *orm.Field) Column {
		return Column{
			Name: column, Type: typeOf(to).key(), Index: true,
			References: &Reference{Table: to.Model.Table, Column: to.Column, OnDelete: "cascade"},
		}
	}
	return &Table{
		Name: f.JoinTable, Model: f.Model.LabelLower() + "." + f.Name,
		Columns: []Column{
			{Name: "id", Type: "BigAuto", Primary: true}, key(f.JoinColumn, f.Model.PK), key(f.JoinRelatedColumn, f.Related.PK),
		},
		Unique: []UniqueSet{{Columns: []string{f.JoinColumn, f.JoinRelatedColumn}}},
	}
}
