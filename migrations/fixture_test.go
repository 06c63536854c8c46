package migrations_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
)

// loadShop loads the state that the recordings start from; the kitchen's objects are skipped.
func loadShop(t *testing.T, db *orm.DB) migrate.Loaded {
	t.Helper()
	file, err := os.Open(filepath.Join(recordings, "shop.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	loaded, err := migrate.LoadData(context.Background(), db.Gorm, registry(t), migrate.LoadOptions{IgnoreUnknown: true},
		migrate.Source{Name: "shop.json", Reader: file})
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// dumps are what manage.py dumpdata wrote of the state of the fixture, by dialect: PostgreSQL orders the keys of JSON in
// its own way.
var dumps = []struct {
	files   map[string]string
	options migrate.DumpOptions
}{
	{
		map[string]string{orm.SQLite: "dump-all.json"},
		migrate.DumpOptions{Indent: 2},
	},
	{
		map[string]string{orm.SQLite: "dump-labels.json", orm.Postgres: "dump-labels-postgres.json"},
		migrate.DumpOptions{Labels: []string{"sessions", "orders.orderitem", "auth.user", "catalog"}},
	},
	{
		map[string]string{orm.SQLite: "dump-natural.json", orm.Postgres: "dump-natural-postgres.json"},
		migrate.DumpOptions{
			Indent: 1, Exclude: []string{"auth.permission", "catalog.product"}, NaturalForeign: true, NaturalPrimary: true,
		},
	},
}

func checkDumps(t *testing.T, db *orm.DB) {
	t.Helper()
	for _, d := range dumps {
		file, ok := d.files[db.Dialect()]
		if !ok {
			continue
		}
		want, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		d.options.Out = &got
		if err := migrate.DumpData(context.Background(), db, registry(t), d.options); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.SplitAfter(string(want), "\n"), strings.SplitAfter(got.String(), "\n")); diff != "" {
			t.Errorf("%s (-Django +ours):\n%s", file, diff)
		}
	}
}

func TestShopFixture(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := migrated(t, url)
		want := migrate.Loaded{Objects: 403, Skipped: 108}
		if diff := cmp.Diff(want, loadShop(t, db)); diff != "" {
			t.Error(diff)
		}
		checkDumps(t, db)
	})
}

// TestNaturalKeysMoveData dumps without primary keys and loads that where content types and permissions have others.
func TestNaturalKeysMoveData(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		from := migrated(t, url)
		loadShop(t, from)
		ctx, reg := context.Background(), registry(t)
		to := open(t, emptyLike(t, from.Dialect()))
		if _, err := migrate.Migrate(ctx, to, withPermissions(reg)); err != nil {
			t.Fatal(err)
		}
		dump := func(db *orm.DB) string {
			var out bytes.Buffer
			err := migrate.DumpData(ctx, db, reg, migrate.DumpOptions{Out: &out, NaturalForeign: true, NaturalPrimary: true})
			if err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		text := dump(from)
		source := migrate.Source{Name: "dump.json", Reader: strings.NewReader(text)}
		if _, err := migrate.LoadData(ctx, to.Gorm, reg, migrate.LoadOptions{}, source); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(objects(text), objects(dump(to))); diff != "" {
			t.Errorf("(-from +to):\n%s", diff)
		}
	})
}

// objects are the objects of a dump on one line, sorted.
func objects(text string) []string {
	found := strings.Split(strings.Trim(text, "[]"), `, {"model"`)
	found[0] = strings.TrimPrefix(found[0], `{"model"`)
	slices.Sort(found)
	return found
}

func TestDjangosDatabaseIsDumped(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) { checkDumps(t, reference(t, kind)) })
	}
}

// TestRowsAreStoredAsDjangoStoresThem compares the stored values with those of the database that the reference filled
// from the same fixture. On SQLite, where types are loose, this shows the form of times, decimals and JSON.
func TestRowsAreStoredAsDjangoStoresThem(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			django := reference(t, kind)
			fresh := open(t, emptyLike(t, kind))
			if _, err := migrate.Migrate(context.Background(), fresh, migrate.Options{FS: migrations.Files()}); err != nil {
				t.Fatal(err)
			}
			loadShop(t, fresh)
			for _, table := range tables(t) {
				query := rowsQuery(t, fresh, table)
				if diff := cmp.Diff(lines(t, django, query), lines(t, fresh, query)); diff != "" {
					t.Errorf("%s (-Django +ours):\n%s", table, diff)
				}
			}
		})
	}
}

// tables are all tables with rows of registered models.
func tables(t *testing.T) []string {
	var found []string
	for _, m := range registry(t).Models() {
		found = append(found, m.Table)
		for _, f := range m.Fields {
			if f.Kind == orm.ManyToMany {
				found = append(found, f.JoinTable)
			}
		}
	}
	return found
}

// rowsQuery selects each row as one text; the ids of join tables are left out, for they tell nothing.
func rowsQuery(t *testing.T, db *orm.DB, table string) string {
	types, err := db.Gorm.Migrator().ColumnTypes(table)
	if err != nil {
		t.Fatal(err)
	}
	join := len(types) == 3 && strings.Count(table, "_") >= 2
	var parts []string
	for _, c := range types {
		if c.Name() == "id" && join {
			continue
		}
		text := fmt.Sprintf(`quote("%s")`, c.Name())
		if db.Dialect() == orm.Postgres {
			text = fmt.Sprintf(`coalesce("%s"::text, 'NULL')`, c.Name())
		}
		parts = append(parts, text)
	}
	return fmt.Sprintf(`SELECT %s FROM "%s" ORDER BY 1`, strings.Join(parts, " || ' ' || "), table)
}

func TestDemo(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := migrated(t, url)
		demo, err := migrations.Demo()
		if err != nil {
			t.Fatal(err)
		}
		defer demo.Close()
		loaded, err := migrate.LoadData(context.Background(), db.Gorm, registry(t), migrate.LoadOptions{},
			migrate.Source{Name: "demo.json", Reader: demo})
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Objects != 60 {
			t.Errorf("%d objects", loaded.Objects)
		}
		if usable := lines(t, db, "SELECT username FROM auth_user WHERE password NOT LIKE '!%' OR is_superuser OR is_staff"); len(usable) > 0 {
			t.Errorf("%v can log in", usable)
		}
		got := lines(t, db, "SELECT count(*) || '' FROM catalog_review r JOIN auth_user u ON u.id = r.author_id JOIN catalog_product p ON p.id = r.product_id")
		if diff := cmp.Diff([]string{"18"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
