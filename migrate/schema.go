package migrate

import (
	"slices"
	"strings"
)

// Schema is what models want of a database, the same for SQLite and PostgreSQL: Django's column types, keys, constraints
// and indexes. The schema that a migration leads to is stored beside it, so that [Make] needs no database to tell what has
// changed since. A Schema is not changed once made.
type Schema struct {
	Tables []*Table // sorted by name
}

// Table is the table of a model, or that of the pairs of a many-to-many relation.
type Table struct {
	Name string
	// Model is the label of the model ("catalog.product"); that of a many-to-many has the field behind it
	// ("catalog.product.tags").
	Model   string
	Columns []Column
	Unique  []UniqueSet
	Checks  []NamedCheck
	Indexes []TableIndex
}

// Column is a column with what Django declares along with it.
type Column struct {
	Name    string     `json:"name"`
	Type    ColumnType `json:"type"`
	Null    bool       `json:"null,omitempty"`
	Primary bool       `json:"primary,omitempty"`
	Unique  bool       `json:"unique,omitempty"`
	Index   bool       `json:"index,omitempty"`
	// References is the column that a foreign key refers to; nil for others.
	References *Reference `json:"references,omitempty"`
	// UniqueName, LikeName and KeyName replace the names of PostgreSQL's unique constraint, its index for LIKE and the
	// foreign key where they are not those that Django derives today.
	UniqueName string `json:"unique_name,omitempty"`
	LikeName   string `json:"like_name,omitempty"`
	KeyName    string `json:"key_name,omitempty"`
}

// Reference is where a foreign key leads. OnDelete is what Django does when the row it refers to is deleted, in the words of
// the tag orm ("cascade"); the database itself does nothing.
type Reference struct {
	Table    string `json:"table"`
	Column   string `json:"column"`
	OnDelete string `json:"on_delete,omitempty"`
}

// UniqueSet is a unique constraint over columns. Name is empty for one that Django names (unique_together).
type UniqueSet struct {
	Name      string   `json:"name,omitempty"`
	Columns   []string `json:"columns"`
	Condition string   `json:"condition,omitempty"` // SQL of a partial constraint
}

// NamedCheck is a check constraint.
type NamedCheck struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// TableIndex is an index over columns, "-" first for descending, or over expressions.
type TableIndex struct {
	Name        string   `json:"name"`
	Columns     []string `json:"columns,omitempty"`
	Expressions string   `json:"expressions,omitempty"`
	Condition   string   `json:"condition,omitempty"`
	Method      string   `json:"method,omitempty"`   // PostgreSQL's; not made on SQLite unless empty or "btree"
	OpClass     string   `json:"op_class,omitempty"` // PostgreSQL's, of each column
}

// Table finds a table; nil when there is none.
func (s *Schema) Table(name string) *Table {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// byModel finds the table of a model or many-to-many relation; nil when there is none.
func (s *Schema) byModel(label string) *Table {
	for _, t := range s.Tables {
		if t.Model == label {
			return t
		}
	}
	return nil
}

// Column finds a column; nil when there is none.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// app is the app that the table belongs to.
func (t *Table) app() string {
	app, _, _ := strings.Cut(t.Model, ".")
	return app
}

// isPairs tells whether the table is that of a many-to-many relation.
func (t *Table) isPairs() bool { return strings.Count(t.Model, ".") > 1 }

// clone copies a schema so that the copy can be changed.
func (s *Schema) clone() *Schema {
	c := &Schema{}
	for _, t := range s.Tables {
		c.Tables = append(c.Tables, t.clone())
	}
	return c
}

func (t *Table) clone() *Table {
	c := *t
	c.Columns, c.Checks, c.Indexes, c.Unique = slices.Clone(t.Columns), slices.Clone(t.Checks), slices.Clone(t.Indexes), slices.Clone(t.Unique)
	for i := range c.Columns {
		if ref := c.Columns[i].References; ref != nil {
			to := *ref
			c.Columns[i].References = &to
		}
	}
	for i := range c.Unique {
		c.Unique[i].Columns = slices.Clone(c.Unique[i].Columns)
	}
	for i := range c.Indexes {
		c.Indexes[i].Columns = slices.Clone(c.Indexes[i].Columns)
	}
	return &c
}

// sort brings the tables into the order in which they are stored.
func (s *Schema) sort() {
	slices.SortFunc(s.Tables, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
}

// dependencies sorts tables so that each comes after those it refers to; tables that refer to each other in a circle stand
// in the order of their names.
func dependencies(tables []*Table) []*Table {
	var sorted []*Table
	state := map[string]bool{} // false: being visited
	byName := map[string]*Table{}
	for _, t := range tables {
		byName[t.Name] = t
	}
	var visit func(t *Table)
	visit = func(t *Table) {
		if _, seen := state[t.Name]; t == nil || seen {
			return
		}
		state[t.Name] = false
		for _, c := range t.Columns {
			if c.References != nil && byName[c.References.Table] != nil {
				visit(byName[c.References.Table])
			}
		}
		sorted = append(sorted, t)
	}
	for _, t := range tables {
		visit(t)
	}
	return sorted
}
