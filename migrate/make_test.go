package migrate_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// drafted adds the files of drafts to a folder in memory.
func drafted(folder fstest.MapFS, drafts []*migrate.Draft) fstest.MapFS {
	more := maps.Clone(folder)
	for _, d := range drafts {
		for _, f := range d.Files {
			more[f.Path] = &fstest.MapFile{Data: []byte(f.Text)}
		}
	}
	return more
}

// first is the folder with the first migration, which makes tables.
func first(t *testing.T, wanted []*migrate.Table) fstest.MapFS {
	t.Helper()
	drafts, err := migrate.Make(&migrate.Schema{Tables: wanted}, migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	return drafted(fstest.MapFS{}, drafts)
}

// change makes the migrations of a case, and says what they are when the test fails.
func (c schemaChange) change(t *testing.T) (before, after fstest.MapFS) {
	t.Helper()
	before = first(t, c.before)
	wanted := &migrate.Schema{Tables: c.after}
	opts := migrate.MakeOptions{FS: before, Renames: c.renames, Defaults: c.defaults}
	drafts, err := migrate.Make(wanted, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(drafts) == 0 {
		t.Fatal("there is nothing to change")
	}
	after = drafted(before, drafts)
	opts.FS, opts.Renames = after, nil
	if again, err := migrate.Make(wanted, opts); err != nil || len(again) > 0 {
		t.Errorf("a second time there are %d migrations: %v", len(again), err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, d := range drafts {
			for _, f := range d.Files[:2] {
				t.Logf("%s:\n%s", f.Path, f.Text)
			}
		}
	})
	return before, after
}

// corpusDatabases make cheap empty databases of a kind: in memory, or a schema of one PostgreSQL database.
func corpusDatabases(t *testing.T) map[string]func(t *testing.T) *orm.DB {
	url, count := ormtest.Postgres(t), 0
	server := open(t, url)
	run(t, server, "CREATE EXTENSION pg_trgm")
	return map[string]func(t *testing.T) *orm.DB{
		orm.SQLite: func(t *testing.T) *orm.DB { return ormtest.Open(t, "sqlite::memory:") },
		orm.Postgres: func(t *testing.T) *orm.DB {
			count++
			schema := fmt.Sprintf("corpus%d", count)
			run(t, server, "CREATE SCHEMA "+schema)
			separator := "?"
			if strings.Contains(url, "?") {
				separator = "&"
			}
			return ormtest.Open(t, url+separator+"search_path="+schema+",public")
		},
	}
}

// TestCorpus migrates every case there and back: the rows live, and the schema is that of a database made anew.
func TestCorpus(t *testing.T) {
	databases := corpusDatabases(t)
	cases := corpus()
	if len(cases) < 60 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "_"), func(t *testing.T) {
			before, after := c.change(t)
			for _, dialect := range slices.Sorted(maps.Keys(databases)) {
				t.Run(dialect, func(t *testing.T) { c.thereAndBack(t, databases[dialect], before, after) })
			}
		})
	}
}

func (c schemaChange) thereAndBack(t *testing.T, database func(*testing.T) *orm.DB, before, after fstest.MapFS) {
	ctx, db, anew := context.Background(), database(t), database(t)
	migrated(t, db, before)
	run(t, db, c.rows...)
	old := c.old
	if old == "" {
		old = c.now
	}
	schema, rows := description(t, db), texts(t, db, old)

	migrated(t, db, after)
	migrated(t, anew, first(t, c.after))
	if diff := cmp.Diff(description(t, anew), description(t, db)); diff != "" {
		t.Errorf("after (-made anew +migrated):\n%s", diff)
	}
	if changes := judged(t, db, anew); len(changes) > 0 {
		t.Errorf("Atlas would change what was migrated: %q", changes)
	}
	if diff := cmp.Diff(c.want, texts(t, db, c.now)); diff != "" {
		t.Errorf("rows: %s", diff)
	}

	if _, err := migrate.Undo(ctx, db, migrate.Options{FS: after}, "0001"); err != nil {
		t.Fatalf("back: %v", err)
	}
	if diff := cmp.Diff(schema, description(t, db)); diff != "" {
		t.Errorf("back again (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(rows, texts(t, db, old)); diff != "" {
		t.Errorf("rows when back again: %s", diff)
	}
	run(t, db, c.rows[0]+" ON CONFLICT DO NOTHING") // the tables can still be used
}

func migrated(t *testing.T, db *orm.DB, folder fstest.MapFS) {
	t.Helper()
	if _, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: folder}); err != nil {
		t.Fatal(err)
	}
}

// description is the schema without the name of the PostgreSQL schema it is in.
func description(t *testing.T, db *orm.DB) []string {
	t.Helper()
	lines, err := migrate.Describe(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	if db.Dialect() == orm.SQLite {
		return lines
	}
	current := texts(t, db, "SELECT current_schema()::text")[0]
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], current+".", "")
	}
	return lines
}
