package migrate_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// remade makes the migrations that lead from tables to others.
func remade(t *testing.T, before, after []*migrate.Table, opts migrate.MakeOptions) ([]*migrate.Draft, error) {
	t.Helper()
	opts.FS = first(t, before)
	return migrate.Make(&migrate.Schema{Tables: after}, opts)
}

// TestMakeRefuses lists what is not guessed and what cannot be done, each with the way out.
func TestMakeRefuses(t *testing.T) {
	amount := column("amount", "Integer")
	cases := []struct {
		name          string
		before, after []*migrate.Table
		opts          migrate.MakeOptions
		want          []string
	}{
		{"rename of a column", tables(item(stock)), tables(item(amount)), migrate.MakeOptions{}, []string{"shop.item.stock is gone and shop.item.amount is new", "--rename shop.item.stock=amount", "--no-renames"}},
		{"rename of a model", tables(shelf()), tables(table("rack", name)), migrate.MakeOptions{}, []string{"shop.shelf is gone and shop.rack is new", "--rename shop.shelf=rack"}},
		{
			"rename of a many-to-many", tables(item(), table("tag", name), pairs("item", "tags", "tag")), tables(item(), table("tag", name), pairs("item", "labels", "tag")),
			migrate.MakeOptions{},
			[]string{"shop.item.tags is gone and shop.item.labels is new", "--rename shop.item.tags=labels"},
		},
		{"no value", tables(item()), tables(item(stock)), migrate.MakeOptions{}, []string{"shop.item.stock: may not be NULL", "--default shop.item.stock=…"}},
		{"no value for NULL", tables(item(null(stock))), tables(item(stock)), migrate.MakeOptions{}, []string{"shop.item.stock: may not be NULL"}},
		{"no value of a key", tables(shelf(), item()), tables(shelf(), item(indexed(key("shelf_id", "shelf")))), migrate.MakeOptions{}, []string{"--default shop.item.shelf=…"}},
		{"wrong value", tables(item()), tables(item(stock)), migrate.MakeOptions{Defaults: map[string]string{"shop_item.stock": "many"}}, []string{`shop.item.stock: the default "many" is no Integer`}},
		{"types", tables(item(null(column("x", "UUID")))), tables(item(null(column("x", "Integer")))), migrate.MakeOptions{}, []string{"column x of shop_item: UUID cannot be turned into Integer", "--empty"}},
		{"numbering", tables(table("a", primary(column("id", "Integer")))), tables(table("a")), migrate.MakeOptions{}, []string{"Integer cannot be turned into BigAuto"}},
		{"another primary key", tables(item(alone(column("code", "Char(4)")))), tables(table("item", name, primary(column("code", "Char(4)")))), migrate.MakeOptions{}, []string{"shop.item: its primary key id cannot be dropped", "primary key code cannot be given to"}},
		{
			"name of a table that goes", tables(item(), table("old", stock)), tables(named(item(), "shop_old")),
			migrate.MakeOptions{},
			[]string{"table shop_item cannot take the name shop_old of another table"},
		},
		{"form of a rename", tables(item()), tables(item()), migrate.MakeOptions{Renames: []string{"name=title"}}, []string{`rename "name=title": write app.model.old=new`}},
		{"rename of nothing", tables(item()), tables(item()), migrate.MakeOptions{Renames: []string{"shop.item.a=b"}}, []string{"rename shop.item.a=b: no column of that name is gone"}},
		{"rename of no model", tables(item()), tables(item()), migrate.MakeOptions{Renames: []string{"shop.a=b"}}, []string{"shop.a must be a model of the last migration"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := remade(t, c.before, c.after, c.opts)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

// TestMakeAsks answers the questions in place of a person.
func TestMakeAsks(t *testing.T) {
	var asked []string
	ask := func(renamed bool) *migrate.Asker {
		return &migrate.Asker{
			Renamed: func(old, name string) (bool, error) {
				asked = append(asked, old+" "+name)
				return renamed, nil
			},
			Default: func(field string, kind migrate.ColumnType) (string, error) {
				asked = append(asked, field+" "+string(kind))
				return "5", nil
			},
		}
	}
	amount := column("amount", "Integer")
	for renamed, want := range map[bool]string{true: `RENAME COLUMN "stock" TO "amount"`, false: `ADD COLUMN "amount" integer DEFAULT 5 NOT NULL`} {
		asked = nil
		drafts, err := remade(t, tables(item(stock)), tables(item(amount)), migrate.MakeOptions{Ask: ask(renamed)})
		if err != nil || !strings.Contains(drafts[0].Files[1].Text, want) {
			t.Errorf("renamed %v: %v %v", renamed, drafts, err)
		}
		questions := []string{"shop.item.stock shop.item.amount", "shop.item.amount Integer"}
		if renamed {
			questions = questions[:1]
		}
		if diff := cmp.Diff(questions, asked); diff != "" {
			t.Error(diff)
		}
	}
	silent := errors.New("nobody is there")
	_, err := remade(t, tables(item(stock)), tables(item(amount)), migrate.MakeOptions{Ask: &migrate.Asker{Renamed: func(string, string) (bool, error) { return false, silent }}})
	if !errors.Is(err, silent) {
		t.Errorf("got %v", err)
	}
}

// TestNamesOfDrafts: what a migration does names it, as Django does.
func TestNamesOfDrafts(t *testing.T) {
	zoo := table("animal", name)
	zoo.Name, zoo.Model = "zoo_animal", "zoo.animal"
	base := tables(item(null(stock)), shelf())
	cases := []struct {
		want  string
		after []*migrate.Table
		name  string
	}{
		{"0002_shop_item_size", tables(item(null(stock), null(column("size", "Integer"))), shelf()), ""},
		{"0002_shop_remove_item_stock", tables(item(), shelf()), ""},
		{"0002_shop_alter_item_stock", tables(item(null(column("stock", "BigInteger"))), shelf()), ""},
		{"0002_shop_delete_shelf", tables(item(null(stock))), ""},
		{"0002_shop_tag", append(tables(table("tag", name)), base...), ""},
		{"0002_zoo_initial", append(tables(zoo), base...), ""},
		{"0002_shop_zoo", append(tables(zoo, table("tag", name)), base...), ""},
		{"0002_shop_tags_and_zoos", append(tables(zoo, table("tag", name)), base...), "Tags and Zoos!"}, // of several apps
		{"0002_shop_a_long_name", append(tables(table("tag", name)), base...), "A long name"},
		{"0002_shop_aaaaaaaaaaaaaaaaaaaaaaaaa_and_more", append(tables(table(strings.Repeat("a", 25), name), table(strings.Repeat("b", 30), stock)), base...), ""},
		{"0002_shop_item_few", tables(item(null(stock), check("few", `"stock" < 9`)), shelf()), ""},
	}
	for _, c := range cases {
		drafts, err := remade(t, base, c.after, migrate.MakeOptions{Name: c.name})
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
			continue
		}
		if got := strings.Replace(drafts[0].Name, "0002_tags", "0002_shop_tags", 1); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// TestSchemasAreStoredAsTheyAre: what is read is what was written, to the byte.
func TestSchemasAreStoredAsTheyAre(t *testing.T) {
	for _, c := range corpus() {
		s := migrate.Schema{Tables: c.after}
		text, err := s.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var read migrate.Schema
		if err := read.UnmarshalJSON(text); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		again, err := read.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range c.after {
			if diff := cmp.Diff(table, read.Table(table.Name)); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
		if len(c.after) == 1 && string(text) != string(again) {
			t.Errorf("%s: the second time it is\n%s", c.name, again)
		}
	}
}

func TestStoredSchemasThatAreWrong(t *testing.T) {
	for text, want := range map[string]string{
		`{"tables": [{"table": "a", "model": "x.a", "columns": [{"name": "b", "type": "Blob"}]}]}`: `the type "Blob" is unknown`,
		`{"tables": [{"table": "a", "model": "x.a", "columns": [{"name": "b", "type": "Char"}]}]}`: `the type "Char" is unknown`,
		`{"tables": [{"table": "a", "colour": 1}]}`:                                                `unknown field "colour"`,
		`{`: "unexpected end of JSON input",
	} {
		folder := fstest.MapFS{"sqlite/0001_a.sql": {Data: []byte("-- records: a.0001")}, "state/0001_a.json": {Data: []byte(text)}}
		_, err := migrate.Make(&migrate.Schema{}, migrate.MakeOptions{FS: folder})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "state/0001_a.json") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestSchemaOfModels reads the library's models, which have every kind of field.
func TestSchemaOfModels(t *testing.T) {
	reg, err := orm.NewRegistry(&Author{}, &Genre{}, &Book{})
	if err != nil {
		t.Fatal(err)
	}
	s := migrate.SchemaOf(reg)
	var got []string
	for _, name := range []string{"library_book", "library_book_genres"} {
		for _, c := range s.Table(name).Columns {
			got = append(got, c.Name+" "+string(c.Type))
		}
	}
	want := []string{
		"id UUID", "title Char(40)", "author_id BigInteger", "price Decimal(8,3)", "data JSON", "extra JSON", "released Date", "clock Time",
		"span Duration", "cover Char(50)", "blob Binary", "score Float", "ref UUID", "public Boolean", "small SmallInteger", "created DateTime",
		"id BigAuto", "book_id UUID", "genre_slug Char(20)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	defaults := migrate.DefaultsOf(reg)
	for key, want := range map[string]string{"library_book.price": "0.000", "library_book.created": "now", "library_book.small": "7", "library_book.id": "uuid4"} {
		if got, ok := defaults[key]; !ok || got != want {
			t.Errorf("the default of %s is %q", key, got)
		}
	}
	if text, ok := defaults["library_book.title"]; ok {
		t.Errorf("the title has the default %q", text)
	}
}

// TestDraftsReplaceNothing: a file that is there stays.
func TestDraftsReplaceNothing(t *testing.T) {
	drafts, err := migrate.Make(&migrate.Schema{Tables: tables(item())}, migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := drafts[0].Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := drafts[0].Write(dir); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("got %v", err)
	}
}
