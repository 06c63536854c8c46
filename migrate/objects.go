package migrate

import (
	"fmt"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// constraint is a named constraint of a PostgreSQL table, or of the body of an SQLite table.
type constraint struct {
	name string
	def  string // what stands behind the name
	// implied constraints are written with their column when a table is created, and get their name from PostgreSQL.
	implied bool
	// references is where a foreign key leads, with its own column; nil for others.
	references *Reference
	column     string
	unique     bool
}

// index is an index, with what stands behind its name.
type index struct {
	name   string
	unique bool
	on     string
}

func (i index) create(concurrently bool) string {
	words := "CREATE "
	if i.unique {
		words += "UNIQUE "
	}
	words += "INDEX "
	if concurrently {
		words += "CONCURRENTLY "
	}
	return words + quote(i.name) + " " + i.on
}

// constraints are those of a PostgreSQL table.
func (t *Table) constraints() []constraint {
	var list []constraint
	for _, c := range t.Columns {
		if c.Primary {
			list = append(list, constraint{name: serverName(t.Name, "", "pkey"), def: "PRIMARY KEY (" + quote(c.Name) + ")", implied: true})
		}
		if c.Unique {
			name := c.UniqueName
			if name == "" {
				name = serverName(t.Name, c.Name, "key")
			}
			list = append(list, constraint{name: name, def: "UNIQUE (" + quote(c.Name) + ")", implied: c.UniqueName == "", unique: true, column: c.Name})
		}
		if check := c.Type.check(orm.Postgres, c.Name); check != "" {
			list = append(list, constraint{name: serverName(t.Name, c.Name, "check"), def: "CHECK (" + check + ")", implied: true})
		}
	}
	for _, u := range t.Unique {
		if u.Condition == "" {
			list = append(list, constraint{name: u.name(t), def: "UNIQUE (" + quoted(u.Columns) + ")", unique: true})
		}
	}
	for _, c := range t.Checks {
		list = append(list, constraint{name: c.Name, def: "CHECK (" + c.SQL + ")"})
	}
	return append(list, t.keys()...)
}

// keys are the foreign keys of a PostgreSQL table.
func (t *Table) keys() []constraint {
	var list []constraint
	for _, c := range t.Columns {
		if c.References == nil {
			continue
		}
		name := c.KeyName
		if name == "" {
			name = orm.IndexName(t.Name, []string{c.Name}, "_fk_"+c.References.Table+"_"+c.References.Column)
		}
		def := "FOREIGN KEY (" + quote(c.Name) + ") " + c.References.sql()
		list = append(list, constraint{name: name, def: def, references: c.References, column: c.Name})
	}
	return list
}

func (r *Reference) sql() string {
	return fmt.Sprintf("REFERENCES %s (%s) DEFERRABLE INITIALLY DEFERRED", quote(r.Table), quote(r.Column))
}

// name is the name of the constraint, Django's when it has none of its own.
func (u UniqueSet) name(t *Table) string {
	if u.Name != "" {
		return u.Name
	}
	return orm.IndexName(t.Name, u.Columns, "_uniq")
}

// indexes are those of the table in a database besides those of its constraints.
func (t *Table) indexes(dialect string) []index {
	var list []index
	on := "ON " + quote(t.Name) + " "
	for _, c := range t.Columns {
		if c.Index {
			list = append(list, index{name: orm.IndexName(t.Name, []string{c.Name}, ""), on: on + "(" + quote(c.Name) + ")"})
		}
		class := c.Type.like()
		if dialect != orm.Postgres || class == "" || !c.Index && !c.Unique && !c.Primary {
			continue
		}
		name := c.LikeName
		if name == "" {
			name = orm.IndexName(t.Name, []string{c.Name}, "_like")
		}
		list = append(list, index{name: name, on: on + "(" + quote(c.Name) + " " + class + ")"})
	}
	for _, u := range t.Unique {
		if u.Condition != "" || dialect == orm.SQLite && u.Name == "" {
			list = append(list, index{name: u.name(t), unique: true, on: on + "(" + quoted(u.Columns) + ")" + where(u.Condition)})
		}
	}
	for _, i := range t.Indexes {
		if dialect == orm.Postgres || i.Method == "" || i.Method == "btree" {
			list = append(list, index{name: i.Name, on: on + i.sql(dialect)})
		}
	}
	return list
}

// sql is the index without its table.
func (i TableIndex) sql(dialect string) string {
	using, class := "", ""
	if dialect == orm.Postgres && i.Method != "" {
		using = "USING " + i.Method + " "
	}
	if dialect == orm.Postgres && i.OpClass != "" {
		class = " " + i.OpClass
	}
	list := i.Expressions
	if list == "" {
		var items []string
		for _, column := range i.Columns {
			name, descending := strings.CutPrefix(column, "-")
			item := quote(name) + class
			if descending {
				item += " DESC"
			}
			items = append(items, item)
		}
		list = strings.Join(items, ", ")
	} else {
		list += class
	}
	return using + "(" + list + ")" + where(i.Condition)
}

func where(condition string) string {
	if condition == "" {
		return ""
	}
	return " WHERE " + condition
}

// quoted is a list of identifiers.
func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = quote(name)
	}
	return strings.Join(list, ", ")
}

// serverName is how PostgreSQL names what has no name: table, column and a word, the longer of both cut to fit 63 bytes.
func serverName(table, column, word string) string {
	const longest = 63
	room := longest - len(word) - 1
	if column != "" {
		room--
	}
	for len(table)+len(column) > room {
		if len(table) > len(column) {
			table = table[:len(table)-1]
		} else {
			column = column[:len(column)-1]
		}
	}
	if column == "" {
		return table + "_" + word
	}
	return table + "_" + column + "_" + word
}
