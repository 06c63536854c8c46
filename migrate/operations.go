package migrate

import (
	"fmt"
	"strings"
)

// operation is one change, as people say it.
type operation struct {
	app  string
	text string // "add column weight to catalog_product (Float, NULL)"
	name string // its part in the name of a migration: "product_weight"
}

// operations describe a difference, a line for each change.
func (d *difference) operations() []operation {
	list := d.renameOperations()
	for _, t := range d.created {
		list = append(list, t.operation("create table "+t.Name, t.modelName()))
	}
	for _, c := range d.changed {
		list = append(list, c.operations()...)
	}
	for _, t := range d.dropped {
		list = append(list, t.operation("drop table "+t.Name, "delete_"+t.modelName()))
	}
	return list
}

// operation is something that happens to the table.
func (t *Table) operation(text, name string) operation {
	return operation{app: t.app(), text: text, name: name}
}

// modelName is the model's name without its app, with that of the field for a many-to-many.
func (t *Table) modelName() string {
	_, name, _ := strings.Cut(t.Model, ".")
	return strings.ReplaceAll(name, ".", "_")
}

func (d *difference) renameOperations() []operation {
	var list []operation
	for _, from := range d.before.Tables {
		to := d.renamed.Table(d.renames.table(from.Name))
		if from.Name != to.Name {
			list = append(list, to.operation("rename table "+from.Name+" to "+to.Name, "rename_"+from.modelName()))
		}
		for i, c := range from.Columns {
			if name := to.Columns[i].Name; name != c.Name {
				list = append(list, to.operation("rename column "+c.Name+" of "+to.Name+" to "+name, "rename_"+c.Name+"_"+to.modelName()+"_"+name))
			}
		}
	}
	return list
}

func (c tableChange) operations() []operation {
	var list []operation
	add := func(text, name string) {
		list = append(list, operation{app: c.to.app(), text: text, name: name})
	}
	model, table := c.to.modelName(), c.to.Name
	if c.from.Model != c.to.Model {
		add(fmt.Sprintf("table %s is that of %s, not of %s", table, c.to.Model, c.from.Model), "rename_"+c.from.modelName()+"_"+model)
	}
	for _, column := range c.added() {
		add(fmt.Sprintf("add column %s to %s (%s)", column.Name, table, column.describe()), model+"_"+column.Name)
	}
	for _, column := range c.altered() {
		add(fmt.Sprintf("alter column %s of %s (%s → %s)", column.to.Name, table, column.from.describe(), column.to.describe()), "alter_"+model+"_"+column.to.Name)
	}
	for _, column := range c.removed() {
		add(fmt.Sprintf("drop column %s of %s", column.Name, table), "remove_"+model+"_"+column.Name)
	}
	for _, p := range c.parts() {
		add(fmt.Sprintf("%s %s %s of %s", p.verb, p.kind, p.name, table), p.word+model+"_"+p.short)
	}
	return list
}

// part is a constraint or index that comes or goes.
type part struct{ verb, kind, name, word, short string }

func (c tableChange) parts() []part {
	var list []part
	note := func(kind, name, short string, comes bool) {
		p := part{"drop", kind, name, "remove_", short}
		if comes {
			p.verb, p.word = "add", ""
		}
		list = append(list, p)
	}
	for _, comes := range []bool{false, true} {
		t, other := c.from, c.to
		if comes {
			t, other = c.to, c.from
		}
		for _, u := range missing(t.Unique, other.Unique) {
			note("unique constraint", u.name(t), strings.Join(u.Columns, "_")+"_uniq", comes)
		}
		for _, x := range missing(t.Checks, other.Checks) {
			note("check constraint", x.Name, x.Name, comes)
		}
		for _, x := range missing(t.Indexes, other.Indexes) {
			note("index", x.Name, x.Name, comes)
		}
	}
	return list
}

// describe is the column in words.
func (c Column) describe() string {
	words := []string{string(c.Type)}
	for _, w := range []struct {
		says bool
		word string
	}{{c.Primary, "primary key"}, {c.Null, "NULL"}, {c.Unique, "unique"}, {c.Index, "index"}} {
		if w.says {
			words = append(words, w.word)
		}
	}
	if c.References != nil {
		words = append(words, fmt.Sprintf("refers to %s.%s, on delete %s", c.References.Table, c.References.Column, c.References.OnDelete))
	}
	return strings.Join(words, ", ")
}
