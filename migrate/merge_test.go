package migrate_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// branch is a folder after changes on a branch, a migration for each list of tables.
func branch(t *testing.T, from fstest.MapFS, changes ...[]*migrate.Table) fstest.MapFS {
	t.Helper()
	for _, wanted := range changes {
		name := "" // that of what it does; for types of their own, so that two branches do not write the same file
		if stock := wanted[0].Column("stock"); stock != nil && stock.Type != "Integer" {
			name = "item_stock_" + string(stock.Type)
		}
		drafts, err := migrate.Make(&migrate.Schema{Tables: wanted}, migrate.MakeOptions{FS: from, Name: name})
		if err != nil {
			t.Fatal(err)
		}
		from = drafted(from, drafts)
	}
	return from
}

// together is what a merge of source code makes of two branches.
func together(a, b fstest.MapFS) fstest.MapFS {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// moved applies a merge to a folder in memory.
func moved(folder fstest.MapFS, merged *migrate.Merged) fstest.MapFS {
	result := maps.Clone(folder)
	for _, m := range merged.Moves {
		delete(result, m.From)
		result[m.To] = &fstest.MapFile{Data: []byte(m.Text)}
	}
	return result
}

func TestBranchesAreDetected(t *testing.T) {
	base := first(t, tables(item(), shelf()))
	both := together(branch(t, base, tables(item(null(stock)), shelf())), branch(t, base, tables(item(), shelf(), table("tag", name))))
	var branched *migrate.BranchError
	if _, err := migrate.Read(both, orm.SQLite); !errors.As(err, &branched) || !strings.Contains(err.Error(), "makemigrations --merge") {
		t.Errorf("got %v", err)
	}
	// Numbers that differ do not hide it.
	longer := branch(t, base, tables(item(null(stock)), shelf()), tables(item(null(stock)), shelf(), table("rack", name)))
	other := branch(t, base, tables(item(), shelf(), table("tag", name)))
	for path, file := range other {
		if strings.Contains(path, "/0002_") {
			delete(other, path)
			other[strings.Replace(path, "/0002_", "/0004_", 1)] = file
		}
	}
	if _, err := migrate.Read(together(longer, other), orm.SQLite); !errors.As(err, &branched) || !strings.Contains(err.Error(), "was written to follow 0001_") {
		t.Errorf("got %v", err)
	}
}

// TestMerge merges two branches, and migrates databases that are at the beginning or have one of the branches.
func TestMerge(t *testing.T) {
	base := first(t, tables(item(), shelf()))
	a := branch(t, base, tables(item(null(stock)), shelf()))
	b := branch(t, base, tables(item(), shelf(), table("tag", name)), tables(item(), shelf(null(column("height", "Integer"))), table("tag", name)))
	both := together(a, b)
	merged, err := migrate.Merge(migrate.MakeOptions{FS: both})
	if err != nil || merged == nil {
		t.Fatal(merged, err)
	}
	after := moved(both, merged)
	want := tables(item(null(stock)), shelf(null(column("height", "Integer"))), table("tag", name))
	if drafts, err := migrate.Make(&migrate.Schema{Tables: want}, migrate.MakeOptions{FS: after}); err != nil || len(drafts) > 0 {
		t.Errorf("after merging, %d migrations are to be made: %v", len(drafts), err)
	}
	if again, err := migrate.Merge(migrate.MakeOptions{FS: after}); err != nil || again != nil {
		t.Errorf("a second time: %v %v", again, err)
	}
	each(t, func(t *testing.T, url string) {
		for _, state := range []fstest.MapFS{base, a, b} {
			db := open(t, emptyLike(t, url))
			migrated(t, db, state)
			migrated(t, db, after)
			anew := open(t, emptyLike(t, url))
			migrated(t, anew, first(t, want))
			if diff := cmp.Diff(description(t, anew), description(t, db)); diff != "" {
				t.Errorf("(-made anew +merged):\n%s", diff)
			}
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	base := first(t, tables(item(), shelf()))
	withStock := branch(t, base, tables(item(null(stock)), shelf()))
	cases := []struct {
		name string
		a, b fstest.MapFS
		want string
	}{
		{"the same column", withStock, branch(t, base, tables(item(null(column("stock", "BigInteger"))), shelf())), "both change the column stock of shop_item"},
		{"a table that is dropped", withStock, branch(t, base, tables(shelf())), "drop and change the table shop_item"},
		{"a table built anew", withStock, branch(t, base, tables(item(check("short", `length("name") < 9`)), shelf())), "on SQLite 0002_shop_item_short builds it anew as it knows it"},
		{"a table created twice", branch(t, base, tables(item(), shelf(), table("tag", name))), branch(t, base, tables(item(), shelf(), table("tag", stock), table("zoo", name))), "both create the table shop_tag"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := migrate.Merge(migrate.MakeOptions{FS: together(c.a, c.b)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "run makemigrations again") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMergeOfNothing(t *testing.T) {
	if merged, err := migrate.Merge(migrate.MakeOptions{FS: branch(t, first(t, tables(item())), tables(item(null(stock))))}); merged != nil || err != nil {
		t.Errorf("%v %v", merged, err)
	}
}

// TestMergeKeepsRecords: databases know migrations by their records, which stay as they are.
func TestMergeKeepsRecords(t *testing.T) {
	base := first(t, tables(item(), shelf()))
	both := together(branch(t, base, tables(item(null(stock)), shelf())), branch(t, base, tables(item(), shelf(), table("tag", name))))
	merged, err := migrate.Merge(migrate.MakeOptions{FS: both})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := migrate.Read(moved(both, merged), orm.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	var records []string
	for _, m := range steps {
		records = append(records, m.Name+" "+m.Records[0].String())
	}
	slices.Sort(records)
	want := []string{"0001_shop_initial shop.0001_initial", "0002_shop_item_stock shop.0002_item_stock", "0003_shop_tag shop.0002_tag"}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
}
