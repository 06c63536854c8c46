package resttest

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// Registry registers models; mistakes in them end the test.
func Registry(tb testing.TB, models ...any) *orm.Registry {
	tb.Helper()
	registry, err := orm.NewRegistry(models...)
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

// CreateTables makes the tables of all registered models in an empty test database: columns and keys as GORM makes them,
// the unique sets of Meta, the tables of many-to-many relations, and Django's tables of accounts. It is for models that
// have no migrations (yet); an application that has some runs migrate.Migrate instead.
func CreateTables(tb testing.TB, db *orm.DB, registry *orm.Registry) {
	tb.Helper()
	identitytest.CreateTables(tb, db.Gorm)
	migrator := db.Gorm.WithContext(tb.Context()).Migrator()
	var created []*orm.Model
	var tables []any
	for _, m := range registry.Models() {
		if !migrator.HasTable(m.Table) {
			nameUUIDs(tb, db, m)
			created, tables = append(created, m), append(tables, reflect.New(m.Type).Interface())
		}
	}
	if err := migrator.CreateTable(tables...); err != nil {
		tb.Fatalf("resttest: create the tables: %v", err)
	}
	for _, m := range created {
		for _, statement := range furtherSchema(m, db.Dialect()) {
			if err := db.Gorm.WithContext(tb.Context()).Exec(statement).Error; err != nil {
				tb.Fatalf("resttest: %s: %v", statement, err)
			}
		}
	}
}

// nameUUIDs gives columns of UUIDs their type on PostgreSQL, where GORM takes them for bytes. SQLite's dialect knows them.
func nameUUIDs(tb testing.TB, db *orm.DB, m *orm.Model) {
	tb.Helper()
	if db.Dialect() != orm.Postgres {
		return
	}
	parsed := &gorm.Statement{DB: db.Gorm}
	if err := parsed.Parse(reflect.New(m.Type).Interface()); err != nil {
		tb.Fatalf("resttest: %v", err)
	}
	for _, f := range parsed.Schema.Fields {
		if f.IndirectFieldType == reflect.TypeFor[uuid.UUID]() {
			f.DataType = "uuid"
		}
	}
}

// furtherSchema is what GORM's migrator does not make of a model.
func furtherSchema(m *orm.Model, dialect string) []string {
	var statements []string
	for _, f := range m.Fields {
		if f.Kind == orm.ManyToMany {
			statements = append(statements, joinTable(m, f, dialect))
		}
	}
	for i, u := range m.Meta.Unique {
		columns := make([]string, len(u.Fields))
		for n, name := range u.Fields {
			columns[n] = `"` + m.Field(name).Column + `"`
		}
		name := u.Name
		if name == "" {
			name = fmt.Sprintf("%s_uniq_%d", m.Table, i)
		}
		statement := fmt.Sprintf(`CREATE UNIQUE INDEX "%s" ON "%s" (%s)`, name, m.Table, strings.Join(columns, ", "))
		if u.Condition != "" {
			statement += " WHERE " + u.Condition
		}
		statements = append(statements, statement)
	}
	return statements
}

// joinTable is the table of pairs of a many-to-many relation.
func joinTable(m *orm.Model, f *orm.Field, dialect string) string {
	column := func(name string, to *orm.Model) string {
		return fmt.Sprintf(`"%s" %s NOT NULL REFERENCES "%s" ("%s")`, name, keyType(to, dialect), to.Table, to.PK.Column)
	}
	return fmt.Sprintf(`CREATE TABLE "%s" (%s, %s, PRIMARY KEY ("%s", "%s"))`, f.JoinTable, column(f.JoinColumn, m),
		column(f.JoinRelatedColumn, f.Related), f.JoinColumn, f.JoinRelatedColumn)
}

func keyType(m *orm.Model, dialect string) string {
	switch m.PK.Kind {
	case orm.UUID:
		if dialect == orm.SQLite {
			return "char(32)"
		}
		return "uuid"
	case orm.Char, orm.Text, orm.Slug:
		return "varchar(255)"
	}
	return "bigint"
}

// LoadData saves Django fixtures, the JSON files named, and ends the test when one cannot be loaded.
func LoadData(tb testing.TB, db *orm.DB, registry *orm.Registry, files ...string) {
	tb.Helper()
	sources := make([]migrate.Source, len(files))
	for i, name := range files {
		f, err := os.Open(name)
		if err != nil {
			tb.Fatalf("resttest: %v", err)
		}
		defer f.Close()
		sources[i] = migrate.Source{Name: name, Reader: f}
	}
	if _, err := migrate.LoadData(tb.Context(), db.Gorm, registry, migrate.LoadOptions{}, sources...); err != nil {
		tb.Fatal(err)
	}
}
