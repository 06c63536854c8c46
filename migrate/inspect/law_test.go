package inspect_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// schemaProgram prints the schemas that the models written from both databases want.
const schemaProgram = `package main

import (
	"encoding/json"
	"os"

	"example.com/written/postgres"
	"example.com/written/sqlite"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

func main() {
	schemas := map[string]*migrate.Schema{}
	for dialect, models := range map[string][]any{"postgres": postgres.Shop(), "sqlite": sqlite.Shop()} {
		registry, err := orm.NewRegistry(append(models, &identity.Permission{}, &identity.Group{}, &identity.User{},
			&identity.ContentType{}, &session.Row{}, &identity.Token{})...)
		if err != nil {
			panic(err)
		}
		schemas[dialect] = migrate.SchemaOf(registry)
	}
	json.NewEncoder(os.Stdout).Encode(schemas)
}
`

// TestModelsOfOurOwnMigrations reads the database that migrations made back into models, which want the same database: all
// of it on PostgreSQL, and what SQLite can tell there.
func TestModelsOfOurOwnMigrations(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	root := newModule(t)
	each(t, func(t *testing.T, e existing, db *orm.DB, url string) {
		if e.name != "django" {
			t.Skip("has no models of its own")
		}
		written, _ := inspectdb(t, url, "--app", "shop", "--package", db.Dialect())
		written = strings.ReplaceAll(strings.ReplaceAll(written, ", Unmanaged: true", ""), "Unmanaged: true,", "")
		write(t, filepath.Join(root, db.Dialect(), "models.go"), written)
	})
	write(t, filepath.Join(root, "main.go"), schemaProgram)
	var schemas map[string]*migrate.Schema
	if err := json.Unmarshal([]byte(run(t, root, "go", "run", ".")), &schemas); err != nil {
		t.Fatal(err)
	}
	registry, err := orm.NewRegistry(models.All()...)
	if err != nil {
		t.Fatal(err)
	}
	for dialect, schema := range schemas {
		if diff := cmp.Diff(lines(migrate.SchemaOf(registry), dialect), lines(schema, dialect)); diff != "" {
			t.Errorf("%s (-declared +read back):\n%s", dialect, diff)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var digits = regexp.MustCompile(`^Decimal.*`)

// lines describe the columns and constraints of a schema, as far as a database of a dialect can tell them.
func lines(s *migrate.Schema, dialect string) (list []string) {
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			if dialect == orm.SQLite {
				c.Type = migrate.ColumnType(digits.ReplaceAllString(strings.Replace(string(c.Type), "BigAuto", "Auto", 1), "Decimal"))
			}
			to := migrate.Reference{}
			if c.References != nil {
				to = migrate.Reference{Table: c.References.Table, Column: c.References.Column}
			}
			list = append(list, fmt.Sprint(t.Name, ".", c.Name, " ", c.Type, " null ", c.Null, " primary ", c.Primary, " unique ", c.Unique, " index ", c.Index, to))
		}
		for _, u := range t.Unique {
			list = append(list, fmt.Sprint(t.Name, " unique ", u))
		}
		for _, i := range t.Indexes {
			list = append(list, fmt.Sprint(t.Name, " index ", i))
		}
		for _, c := range t.Checks {
			list = append(list, fmt.Sprint(t.Name, " check ", c.Name))
		}
	}
	slices.Sort(list)
	return list
}
