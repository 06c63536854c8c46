package migrations_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/kitchen"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// records are what stands in django_migrations.
const records = "SELECT app || '.' || name FROM django_migrations ORDER BY 1"

// madeOfAll are all models, those of the kitchen with every kind of field among them, and the first migrations of them.
func madeOfAll(t *testing.T) (*orm.Registry, fstest.MapFS) {
	t.Helper()
	reg, err := orm.NewRegistry(slices.Concat(models.All(), kitchen.Models())...)
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := migrate.Make(migrate.SchemaOf(reg), migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	return reg, folder(drafts)
}

// TestMadeSchemaIsDjangos makes the first migration of all models, those of the kitchen with every kind of field among them,
// and compares what it makes and records with the schema and the records that Django makes of its own models.
func TestMadeSchemaIsDjangos(t *testing.T) {
	_, made := madeOfAll(t)
	for kind, django := range map[string]*orm.DB{orm.SQLite: djangoSQLite(t), orm.Postgres: djangoPostgres(t)} {
		t.Run(kind, func(t *testing.T) {
			db := open(t, emptyLike(t, kind))
			if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: made}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(lines(t, reference(t, kind), records), lines(t, db, records)); diff != "" {
				t.Errorf("django_migrations (-Django +made):\n%s", diff)
			}
			want, got := described(t, django), described(t, db)
			if kind == orm.Postgres {
				want, got = withoutRenamed(want), withoutRenamed(got)
			}
			if len(want) < 200 {
				t.Fatalf("only %d lines to compare with", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-Django +made):\n%s", diff)
			}
		})
	}
}

// folder holds the files of drafts.
func folder(drafts []*migrate.Draft) fstest.MapFS {
	files := fstest.MapFS{}
	for _, d := range drafts {
		for _, f := range d.Files {
			files[f.Path] = &fstest.MapFile{Data: []byte(f.Text)}
		}
	}
	return files
}

// withoutRenamed leaves out what simplejwt's migrations have named otherwise than a new table would.
func withoutRenamed(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		return strings.Contains(line, "_jti_") || strings.Contains(line, "_token_id_3cc7fe56_fk")
	})
}

func djangoSQLite(t *testing.T) *orm.DB {
	t.Helper()
	text, err := os.ReadFile("testdata/schema-sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, ormtest.SQLite(t))
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.SQL.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return db
}

func djangoPostgres(t *testing.T) *orm.DB {
	t.Helper()
	url := ormtest.Postgres(t)
	restore(t, url, "testdata/schema-postgres.sql")
	return open(t, url)
}
