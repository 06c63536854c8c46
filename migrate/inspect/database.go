package inspect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// Options say what Read looks at.
type Options struct {
	Tables     []string // names of tables and views; empty means all tables
	Views      bool     // views too, also those that Tables does not name
	Partitions bool     // PostgreSQL's partitions, beside the tables that they are parts of
}

// Database is what stands in a database.
type Database struct {
	Name    string // of the database, or of its file
	Dialect string // orm.SQLite or orm.Postgres
	// Django tells that Django's migrations made tables here: columns that only its types have are told from others.
	Django bool
	Tables []*Table // sorted by name
}

// Table is a table or view.
type Table struct {
	Name    string
	View    bool
	Comment string // PostgreSQL's COMMENT ON
	Columns []*Column
	Primary []string // columns of the primary key
	Unique  []migrate.UniqueSet
	Checks  []migrate.NamedCheck
	Indexes []migrate.TableIndex
	Keys    []ForeignKey
	Notes   []string // what has no place above, for people
}

// Column is a column as the database declares it.
type Column struct {
	Name string
	Type string // in lower case and without arguments: "character varying"
	Args []int  // length, or digits and decimal places
	Null bool
	// Auto tells that the database numbers the column; Generated that it computes it and nobody else may write it.
	Auto, Generated bool
	Default         string   // SQL, empty for none
	Values          []string // of an enum
	Comment         string
}

// ForeignKey is a foreign key; Table is empty when it leads out of what can be seen.
type ForeignKey struct {
	Name       string
	Columns    []string
	Table      string
	Referenced []string
	OnDelete   string // "CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"
}

// Read looks at a database. Django's record of migrations and what the databases keep for themselves are left out. The
// error names tables of Options.Tables that are not there.
func Read(ctx context.Context, db *orm.DB, o Options) (*Database, error) {
	d := &Database{Dialect: db.Dialect()}
	o.Views = o.Views || len(o.Tables) > 0
	read := readSQLite
	if d.Dialect == orm.Postgres {
		read = readPostgres
	}
	if err := read(db.Gorm.WithContext(ctx), d, o); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	slices.SortFunc(d.Tables, func(a, b *Table) int { return strings.Compare(a.Name, b.Name) })
	d.Django = d.table("django_migrations") != nil
	d.Tables = slices.DeleteFunc(d.Tables, func(t *Table) bool { return t.Name == "django_migrations" })
	return d, d.choose(o.Tables)
}

// choose keeps the named tables.
func (d *Database) choose(names []string) error {
	if len(names) == 0 {
		return nil
	}
	var there []string
	for _, t := range d.Tables {
		there = append(there, t.Name)
	}
	for _, name := range names {
		if !slices.Contains(there, name) {
			return fmt.Errorf("there is no table %q; there are %s", name, strings.Join(there, ", "))
		}
	}
	d.Tables = slices.DeleteFunc(d.Tables, func(t *Table) bool { return !slices.Contains(names, t.Name) })
	return nil
}

func (d *Database) table(name string) *Table {
	for _, t := range d.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func (t *Table) column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// note keeps something for people.
func (t *Table) note(format string, args ...any) {
	t.Notes = append(t.Notes, fmt.Sprintf(format, args...))
}

// isUnique tells whether no two rows have the same value in a column.
func (t *Table) isUnique(column string) bool {
	return slices.ContainsFunc(t.Unique, func(u migrate.UniqueSet) bool {
		return u.Condition == "" && len(u.Columns) == 1 && u.Columns[0] == column
	})
}

var declaredType = patternOf(`^([^(]*)(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?(.*)$`)

// setType splits "character varying(20)".
func (c *Column) setType(declared string) {
	parts := declaredType().FindStringSubmatch(strings.ToLower(strings.TrimSpace(declared)))
	if parts == nil {
		c.Type = strings.ToLower(oneLine(declared))
		return
	}
	c.Type = oneLine(parts[1] + parts[4])
	for _, digits := range parts[2:4] {
		var n int
		if _, err := fmt.Sscan(digits, &n); err == nil {
			c.Args = append(c.Args, n)
		}
	}
}

// oneLine turns white space into single spaces.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// rows runs a query for a list.
func rows[T any](db *gorm.DB, query string, args ...any) (list []T, err error) {
	return list, db.Raw(query, args...).Scan(&list).Error
}
