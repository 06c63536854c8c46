package inspect

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/migrate"
)

// fields makes the fields of a model of its columns, in their order, and names them.
func (b *drafter) fields(m *model) {
	if fieldName(m.key.column.Name) != "pk" {
		m.names.add("pk") // every model's word for its key
	}
	for _, c := range m.table.Columns {
		if !expressible(c.Name) {
			b.leaveOut(m, c)
			continue
		}
		f := m.key
		if c != m.key.column {
			f = &field{column: c}
		}
		f.model = m
		m.Fields = append(m.Fields, f)
		if f.reference, f.Target = b.leads(m.table, c.Name); f.Target != nil {
			f.GoName, f.Key = m.pair(c.Name)
			f.takeName(m, objectName(c.Name))
			f.setColumn(f.Key)
			continue
		}
		f.GoName = m.goKeys.free(goName(c.Name, "Column"))
		f.takeName(m, fieldName(c.Name))
		f.setColumn(f.GoName)
	}
}

func (b *drafter) leaveOut(m *model, c *Column) {
	m.Doc.add("The column %q is left out: its name cannot be written.", c.Name)
	if !c.optional() {
		m.Fixed = true
		b.problem(m.table, "the name of column %q cannot be written and it needs a value, so that no row can be added; rename it or give it a default", c.Name)
	}
}

// optional tells whether a new row can do without a value.
func (c *Column) optional() bool { return c.Null || c.Default != "" || c.Auto || c.Generated }

// declare writes the tags and comments of a model's fields, once all models have named theirs.
func (b *drafter) declare(m *model) {
	for _, note := range m.table.Notes {
		m.Doc.add("%s", note)
	}
	for _, key := range m.table.Keys {
		if len(key.Columns) > 1 {
			m.Doc.add("(%s) refer to (%s) of %s together, which a relation cannot say.",
				strings.Join(key.Columns, ", "), strings.Join(key.Referenced, ", "), key.Table)
		}
	}
	for _, f := range m.Fields {
		b.describe(m, f)
	}
	switch {
	case m.View:
		m.key.Comments.add("Taken for the primary key, which a view does not have: its values must be unique.")
	case len(m.table.Primary) != 1:
		m.key.Comments.add("Taken for the primary key, as the table has none of one column.")
	}
}

// describe writes the tags of a column's field.
func (b *drafter) describe(m *model, f *field) {
	c := f.column
	var guess string
	f.typ, guess = b.database.typeOf(c)
	if f == m.key && c.Auto && f.Target == nil {
		f.typ = b.database.autoType(f.typ)
	}
	if c.Comment != "" {
		f.Comments.add("%s", c.Comment)
	}
	if guess != "" {
		f.Comments.add("%s", guess)
		f.guessed = strings.HasPrefix(guess, "The type")
	}
	f.GoType = b.goType(m.table, c.Name, 0)
	if c.Null && f != m.key {
		f.GoType = "*" + f.GoType
	}
	if f.Target != nil {
		f.relate()
	} else {
		f.plain()
		f.noRelation(m.table)
	}
	f.limits(m)
}

// fieldName is Django's name for a column.
func fieldName(column string) string {
	name := snake(column)
	if name == "" {
		return "column"
	}
	return name
}

// takeName gives the field its Django name, and says so where it does not follow from the Go name or the column.
func (f *field) takeName(m *model, wanted string) {
	f.Name = m.names.free(wanted)
	follows := f.Name == defaultColumn(f.GoName)
	if f.Target == nil {
		follows = f.column.Name == f.Name // a plain field is called as its column
	}
	if !follows {
		f.orm = append(f.orm, "name="+f.Name)
	}
}

// setColumn says the column where it does not follow from the Go name.
func (f *field) setColumn(goName string) {
	if defaultColumn(goName) != f.column.Name {
		f.gorm = append(f.gorm, "column:"+f.column.Name)
	}
}

// defaultColumn is the column that a field of a Go name has.
func defaultColumn(goName string) string {
	return schema.NamingStrategy{IdentifierMaxLength: 64}.ColumnName("", goName)
}

// plain says the type of a column without relation.
func (f *field) plain() {
	name, _ := base(f.typ)
	if word := declarations[name].word; word != "" {
		f.orm = append(f.orm, word)
	}
	f.gorm = append(f.gorm, sizes(f.typ)...)
}

// limits says what is true of a column whether it is a relation or not.
func (f *field) limits(m *model) {
	c, isKey := f.column, f == m.key
	switch {
	case isKey && c.Auto && f.Target == nil:
		f.gorm = append(f.gorm, "primaryKey")
	case isKey && isInteger(f.typ):
		f.gorm = append(f.gorm, "primaryKey", "autoIncrement:false")
	case isKey:
		f.gorm = append(f.gorm, "primaryKey")
	case c.Generated || c.Auto:
		f.gorm = append(f.gorm, "->")
		f.orm = append(f.orm, "readonly")
		f.Comments.add("The database computes it.")
	case m.table.isUnique(c.Name):
		f.gorm = append(f.gorm, "unique")
	}
	if c.Null && !isKey {
		f.orm = append(f.orm, "blank")
	}
	f.defaults(isKey)
	if len(c.Values) > 0 {
		f.Comments.add("Choices: %s.", quotedList(c.Values))
	}
}

// isInteger tells whether GORM takes a key of the type for one that the database numbers.
func isInteger(t migrate.ColumnType) bool { return strings.HasSuffix(string(t), "Integer") }

// defaults says the default, as a tag or as a comment.
func (f *field) defaults(isKey bool) {
	c := f.column
	if c.Default == "" || c.Auto || c.Generated || strings.EqualFold(literalOf(c.Default), "NULL") {
		return
	}
	text, ok := defaultOf(f.typ, c.Default)
	switch {
	case !ok || f.Target != nil && !isKey && text == "now":
		f.Comments.add("DEFAULT %s, which new objects do not get.", c.Default)
	default:
		f.orm = append(f.orm, "default="+text)
	}
}

func quotedList(values []string) string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = fmt.Sprintf("%q", value)
	}
	return strings.Join(list, ", ")
}

// goType is the Go type of a column's values. That of a relation is that of the key it leads to, so that both can be compared.
func (b *drafter) goType(t *Table, column string, depth int) string {
	const longest = 20 // keys that lead from table to table in a circle
	c := t.column(column)
	typ, _ := b.database.typeOf(c)
	if key, to := b.leads(t, column); to != nil && depth < longest {
		if to.known != nil {
			return strings.TrimPrefix(to.known.ByColumn(key.Referenced[0]).Type.String(), "*")
		}
		return b.goType(to.model.table, key.Referenced[0], depth+1)
	}
	name, _ := base(typ)
	return declarations[name].goType
}
