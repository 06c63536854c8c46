package kitchen_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance/kitchen"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestMigrationsFitTheModels makes the tables on both databases and reads every column of every model.
func TestMigrationsFitTheModels(t *testing.T) {
	registry, err := orm.NewRegistry(append(kitchen.Models(), &identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{})...)
	if err != nil {
		t.Fatal(err)
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		script, err := fs.ReadFile(kitchen.Migrations(), db.Dialect()+"/0100_kitchen.sql")
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq("CREATE TABLE auth_user (id integer PRIMARY KEY);\n"+string(script), ";\n") {
			if strings.TrimSpace(statement) == "" {
				continue
			}
			if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		for _, m := range registry.Models() {
			if m.Meta.App != "kitchen" {
				continue
			}
			for _, f := range m.Fields {
				table, column := m.Table, f.Column
				if f.Kind == orm.ManyToMany {
					table, column = f.JoinTable, f.JoinRelatedColumn
				}
				if _, err := db.SQL.ExecContext(t.Context(), `SELECT "`+table+`"."`+column+`" FROM "`+table+`"`); err != nil {
					t.Error(errors.Join(errors.New(m.Label()+"."+f.Name), err))
				}
			}
		}
	})
}
