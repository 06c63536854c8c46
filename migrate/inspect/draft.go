package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// Naming says how the models are called.
type Naming struct {
	// App is the label of their app; empty means the name of the database.
	App string
	// Known are models that stand already. Their tables are not written anew: relations lead to them.
	Known []*orm.Model
}

// Program is the code to be.
type Program struct {
	// Problems name the tables that are left out, why, and what to do about it.
	Problems []string

	App, Func, Database string // label; name of the functions that list the models and register the resources; where from
	Models              []*model
}

// model is a table as Go declares it.
type model struct {
	table *Table

	Type    string // "InvoiceLine"
	Table   string
	View    bool
	Fixed   bool   // nothing can be written
	Route   string // "invoice-line"
	Doc     prose
	Fields  []*field
	Unique  []orm.Unique
	Checks  []migrate.NamedCheck
	Indexes []orm.Index

	key    *field
	goKeys taken // Go names of fields
	names  taken // Django's names of fields
}

// field is a column, a relation with its column, or a many-to-many relation.
type field struct {
	column *Column
	model  *model
	typ    migrate.ColumnType

	GoName    string // of the value; of a relation that of the object
	Key       string // Go name of a relation's column
	GoType    string // of the column
	Name      string // Django's
	Target    *target
	Many      bool
	Comments  prose
	reference ForeignKey // of a relation
	gorm, orm []string   // what the tags say of the column
	relation  []string   // what GORM's tag says of the object
	indexed   bool       // an index begins with it
	guessed   bool       // its type is unknown
}

// prose are lines of comments, to which only add adds: a name or comment of the database may have several lines, and what
// follows its first one would be code.
type prose []string

func (p *prose) add(format string, args ...any) {
	*p = append(*p, oneLine(fmt.Sprintf(format, args...)))
}

// target is where a relation leads: a model to be written, or one that stands.
type target struct {
	model *model
	known *orm.Model
}

// Draft names everything that was found.
func Draft(d *Database, n Naming) *Program {
	if n.App == "" {
		n.App = app(d.Name)
	}
	b := &drafter{
		database: d, program: &Program{App: n.App, Func: goName(n.App, "App"), Database: oneLine(d.Name)}, targets: map[string]*target{},
	}
	rest := b.known(n.Known)
	pairs := b.keys(rest)
	b.types()
	for _, m := range b.program.Models {
		b.fields(m)
	}
	for _, m := range b.program.Models {
		b.declare(m)
	}
	for _, p := range pairs {
		b.many(p)
	}
	b.reverses()
	for _, m := range b.program.Models {
		b.meta(m)
	}
	return b.program
}

// drafter makes a Program.
type drafter struct {
	database *Database
	program  *Program
	targets  map[string]*target // by table
}

func (b *drafter) problem(t *Table, format string, args ...any) {
	b.program.Problems = append(b.program.Problems, fmt.Sprintf("table %q: ", t.Name)+fmt.Sprintf(format, args...))
}

// known finds the tables of models that stand, and returns the others. A table that lacks a column of such a model only
// happens to have its name.
func (b *drafter) known(models []*orm.Model) []*Table {
	covered := map[string]bool{}
	for _, m := range models {
		t := b.database.table(m.Table)
		if t == nil || slices.ContainsFunc(m.Fields, func(f *orm.Field) bool { return f.Column != "" && t.column(f.Column) == nil }) {
			continue
		}
		b.targets[m.Table] = &target{known: m}
		covered[m.Table] = true
		for _, f := range m.Fields {
			covered[f.JoinTable] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(b.database.Tables), func(t *Table) bool { return covered[t.Name] })
}

// pairs is the table of a many-to-many relation.
type pairs struct {
	table     *Table
	near, far ForeignKey
}

// keys makes models of the tables with a primary key of one column, or something like it, and returns the tables of pairs.
func (b *drafter) keys(tables []*Table) []pairs {
	var found, odd []*Table
	for _, t := range tables {
		if !expressible(t.Name) {
			b.problem(t, "its name cannot be written; it is left out. Make a view of it with another name, or rename it")
			continue
		}
		if key := primaryKey(t); key != "" && expressible(key) {
			found = append(found, t)
			b.targets[t.Name] = &target{model: &model{table: t, Table: t.Name, View: t.View, Fixed: t.View, key: &field{column: t.column(key)}}}
			continue
		}
		odd = append(odd, t)
	}
	var many []pairs
	for _, t := range found {
		if p, ok := b.pairsOf(t); ok && p.joinable() && t.bare() && !b.referred(t, tables) {
			many = append(many, p)
			delete(b.targets, t.Name)
			continue
		}
		b.program.Models = append(b.program.Models, b.targets[t.Name].model)
	}
	for _, t := range odd {
		p, ok := b.pairsOf(t)
		switch {
		case ok && p.joinable() && !b.referred(t, tables):
			many = append(many, p)
		case ok:
			b.problem(t, "it holds pairs, but a many-to-many relation cannot say its columns (%s, %s); it is left out. Rename them in snake case, "+
				"or add a column that is unique and NOT NULL", p.near.Columns[0], p.far.Columns[0])
		default:
			b.keyless(t)
		}
	}
	return many
}

// keyless reports a table that cannot be a model.
func (b *drafter) keyless(t *Table) {
	switch {
	case len(t.Primary) > 1:
		b.problem(t, "its primary key has several columns (%s), a model's has one; it is left out. Add a column that is unique and NOT NULL, "+
			"or work with the table by SQL", strings.Join(t.Primary, ", "))
	case len(t.Primary) == 1:
		b.problem(t, "the name of its primary key %q cannot be written; it is left out. Rename the column", t.Primary[0])
	default:
		b.problem(t, "it has no primary key; it is left out. Add one, or a column that is unique and NOT NULL")
	}
}

// primaryKey is the column that tells rows apart, "" for none: the primary key, a unique column that is never NULL, or of a
// view the one called id, or else the first.
func primaryKey(t *Table) string {
	if len(t.Primary) == 1 {
		return t.Primary[0]
	}
	for _, c := range t.Columns {
		if !c.Null && t.isUnique(c.Name) && expressible(c.Name) {
			return c.Name
		}
	}
	if !t.View || len(t.Columns) == 0 {
		return ""
	}
	if t.column("id") != nil {
		return "id"
	}
	return t.Columns[0].Name
}

// types gives the models their names.
func (b *drafter) types() {
	names, routes := taken{}, taken{}
	names.add(strings.ToLower(b.program.Func))
	form := func(name string) string { return strings.ToLower(name) + "data" } // its serializer's struct
	for _, m := range b.program.Models {
		m.Type = names.free(goName(m.Table, "Table"), strings.ToLower, form)
		m.Route = routes.free(strings.ReplaceAll(snake(m.Table), "_", "-"))
		m.goKeys, m.names = taken{}, taken{}
		m.goKeys.add("Meta", "TableName", "String")
	}
}

// name is the model's name in lower case.
func (m *model) name() string { return strings.ToLower(m.Type) }

// Type of the other side, as code outside of the models' package says it.
func (t *target) Type() string {
	if t.known != nil {
		return t.known.Type.String()
	}
	return "models." + t.model.Type
}

// inModels is the same in the models' package.
func (t *target) inModels() string { return strings.TrimPrefix(t.Type(), "models.") }

// importPath of a model that stands; empty for those that are written.
func (t *target) importPath() string {
	if t.known != nil {
		return t.known.Type.PkgPath()
	}
	return ""
}

// keyColumn is the other side's primary key.
func (t *target) keyColumn() string {
	if t.known != nil {
		return t.known.PK.Column
	}
	return t.model.key.column.Name
}

// fieldName is the Go name of what a column of the other side holds.
func (t *target) fieldName(column string) string {
	if t.known != nil {
		return t.known.ByColumn(column).Schema.Name
	}
	f := t.model.byColumn(column)
	if f.Key != "" {
		return f.Key
	}
	return f.GoName
}
