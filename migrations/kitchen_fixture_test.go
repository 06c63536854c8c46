package migrations_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// TestKitchenMoves loads every kind of field with common and extreme values, compares the dump with that of manage.py dumpdata,
// and transfers the database to the other kind and back.
func TestKitchenMoves(t *testing.T) {
	reg, files := madeOfAll(t)
	made := migrate.Options{FS: files}
	golden := func(kind string) string {
		t.Helper()
		name := map[string]string{orm.SQLite: "dump-kitchen.json", orm.Postgres: "dump-kitchen-postgres.json"}[kind]
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	dump := func(db *orm.DB) string {
		t.Helper()
		var out bytes.Buffer
		if err := migrate.DumpData(t.Context(), db, reg, migrate.DumpOptions{Out: &out, Labels: []string{"kitchen"}, Indent: 2}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for kind, other := range map[string]string{orm.SQLite: orm.Postgres, orm.Postgres: orm.SQLite} {
		t.Run(kind, func(t *testing.T) {
			db := open(t, emptyLike(t, kind))
			if _, err := migrate.Migrate(t.Context(), db, made); err != nil {
				t.Fatal(err)
			}
			loadFiles(t, db, reg, filepath.Join(recordings, "shop.json"), filepath.Join("testdata", "kitchen-more.json"))
			if diff := cmp.Diff(golden(kind), dump(db)); diff != "" {
				t.Fatalf("(-Django +ours)\n%s", diff)
			}
			there, back := open(t, emptyLike(t, other)), open(t, emptyLike(t, kind))
			first, err := migrate.Transfer(t.Context(), db, there, migrate.TransferOptions{Migrations: made})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(golden(orm.Postgres), dump(there)); diff != "" { // which one of both is
				t.Errorf("(-Django +transferred)\n%s", diff)
			}
			second, err := migrate.Transfer(t.Context(), there, back, migrate.TransferOptions{Migrations: made})
			if err != nil || !slices.Equal(first, second) {
				t.Errorf("the way back is another one, %v:\n%v\n%v", err, first, second)
			}
		})
	}
}

// loadFiles loads fixtures together.
func loadFiles(t *testing.T, db *orm.DB, reg *orm.Registry, names ...string) {
	t.Helper()
	var sources []migrate.Source
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		sources = append(sources, migrate.Source{Name: name, Reader: file})
	}
	if _, err := migrate.LoadData(t.Context(), db.Gorm, reg, migrate.LoadOptions{}, sources...); err != nil {
		t.Fatal(err)
	}
}
