package migrate_test

import "github.com/quintet-go/quintet/migrate"

// schemaChange is a case of the corpus: tables before and after, and rows that live through the change.
type schemaChange struct {
	name          string
	before, after []*migrate.Table
	renames       []string
	defaults      map[string]string
	// rows are inserted before. The result of old, which reads them, must be the same before and after going there and
	// back; that of now must be want in between. No old means that of now.
	rows     []string
	old, now string
	want     []string
}

// table is that of a model of the app shop: with an id unless it has a primary key, and with columns, constraints and indexes.
func table(model string, parts ...any) *migrate.Table {
	t := &migrate.Table{Name: "shop_" + model, Model: "shop." + model}
	primary := false
	for _, part := range parts {
		switch part := part.(type) {
		case migrate.Column:
			primary = primary || part.Primary
			t.Columns = append(t.Columns, part)
		case migrate.UniqueSet:
			t.Unique = append(t.Unique, part)
		case migrate.NamedCheck:
			t.Checks = append(t.Checks, part)
		case migrate.TableIndex:
			t.Indexes = append(t.Indexes, part)
		}
	}
	if !primary {
		t.Columns = append([]migrate.Column{{Name: "id", Type: "BigAuto", Primary: true}}, t.Columns...)
	}
	return t
}

// named gives a table another name.
func named(t *migrate.Table, name string) *migrate.Table {
	t.Name = name
	return t
}

// pairs is the table of a many-to-many of two models.
func pairs(model, field, to string) *migrate.Table {
	t := table(model+"_"+field, indexed(key(model+"_id", model)), indexed(key(to+"_id", to)), unique(model+"_id", to+"_id"))
	t.Model = "shop." + model + "." + field
	return t
}

func column(name string, t migrate.ColumnType) migrate.Column {
	return migrate.Column{Name: name, Type: t}
}

func null(c migrate.Column) migrate.Column {
	c.Null = true
	return c
}

func indexed(c migrate.Column) migrate.Column {
	c.Index = true
	return c
}

func alone(c migrate.Column) migrate.Column {
	c.Unique = true
	return c
}

func primary(c migrate.Column) migrate.Column {
	c.Primary = true
	return c
}

// key is a foreign key to the id of a model.
func key(name, to string) migrate.Column { return keyOf(name, "BigInteger", to, "id") }

func keyOf(name string, t migrate.ColumnType, to, column string) migrate.Column {
	return migrate.Column{
		Name: name, Type: t, References: &migrate.Reference{Table: "shop_" + to, Column: column, OnDelete: "cascade"},
	}
}

func unique(columns ...string) migrate.UniqueSet { return migrate.UniqueSet{Columns: columns} }

func check(name, sql string) migrate.NamedCheck { return migrate.NamedCheck{Name: name, SQL: sql} }

func tables(list ...*migrate.Table) []*migrate.Table { return list }

// The parts that most cases have.
var (
	name  = column("name", "Char(20)")
	stock = column("stock", "Integer")
)

// item is the model that most cases change, with a name.
func item(parts ...any) *migrate.Table { return table("item", append([]any{name}, parts...)...) }

func shelf(parts ...any) *migrate.Table { return table("shelf", append([]any{name}, parts...)...) }

// Rows of item and shelf.
var (
	items   = []string{"INSERT INTO shop_item (name) VALUES ('lamp'), ('bed')"}
	shelves = []string{"INSERT INTO shop_shelf (name) VALUES ('low'), ('high')"}
	stocked = []string{"INSERT INTO shop_item (name, stock) VALUES ('lamp', 3), ('bed', 5)"}
	shelved = append(append([]string{}, shelves...), "INSERT INTO shop_item (name, shelf_id) VALUES ('lamp', 1), ('bed', 2)")
)

// Queries that both databases answer alike.
const (
	itemNames  = "SELECT id || ' ' || name FROM shop_item ORDER BY id"
	itemStocks = "SELECT name || ' ' || stock FROM shop_item ORDER BY id"
	itemShelfs = "SELECT name || ' ' || shelf_id FROM shop_item ORDER BY id"
)

var (
	bothNames  = []string{"1 lamp", "2 bed"}
	bothStocks = []string{"lamp 3", "bed 5"}
	bothShelfs = []string{"lamp 1", "bed 2"}
)

// added is a case that adds a column to item.
func added(what string, c migrate.Column, fill, now string, want ...string) schemaChange {
	return schemaChange{
		name: "add " + what, before: tables(item()), after: tables(item(c)), defaults: map[string]string{"shop.item." + c.Name: fill},
		rows: items, old: itemNames, now: now, want: want,
	}
}

// retyped is a case that changes the type of a column of item, given two values as they are before and after.
func retyped(from, to migrate.ColumnType, read string, first, second string, want ...string) schemaChange {
	return schemaChange{
		name: "type " + string(from) + " to " + string(to), before: tables(item(null(column("x", from)))), after: tables(item(null(column("x", to)))),
		rows: []string{"INSERT INTO shop_item (name, x) VALUES ('lamp', " + first + "), ('bed', " + second + "), ('none', NULL)"},
		old:  itemNames, now: read, want: want,
	}
}

// constrained is a case that gives item a part that columns have not, or takes it away.
func constrained(what string, part any) []schemaChange {
	with, without := tables(item(stock, part)), tables(item(stock))
	return []schemaChange{
		{name: "add " + what, before: without, after: with, rows: stocked, now: itemStocks, want: bothStocks},
		{name: "drop " + what, before: with, after: without, rows: stocked, now: itemStocks, want: bothStocks},
	}
}

func corpus() []schemaChange {
	list := tableChanges()
	list = append(list, columnAdditions()...)
	list = append(list, columnRemovals()...)
	list = append(list, columnChanges()...)
	list = append(list, typeChanges()...)
	list = append(list, renameChanges()...)
	for what, part := range map[string]any{
		"unique together":  unique("name", "stock"),
		"unique with name": migrate.UniqueSet{Name: "one_name", Columns: []string{"name", "stock"}},
		"partial unique":   migrate.UniqueSet{Name: "one_in_stock", Columns: []string{"name"}, Condition: `"stock" > 0`},
		"check":            check("stock_is_small", `"stock" < 100`),
		"index":            migrate.TableIndex{Name: "by_stock", Columns: []string{"stock", "name"}},
		"descending index": migrate.TableIndex{Name: "by_stock_down", Columns: []string{"-stock"}},
		"partial index":    migrate.TableIndex{Name: "in_stock", Columns: []string{"name"}, Condition: `"stock" > 0`},
		"expression index": migrate.TableIndex{Name: "by_lower_name", Expressions: `lower("name")`},
		"trigram index":    migrate.TableIndex{Name: "name_trgm", Columns: []string{"name"}, Method: "gin", OpClass: "gin_trgm_ops"},
	} {
		list = append(list, constrained(what, part)...)
	}
	return append(list, mixedChanges()...)
}

func tableChanges() []schemaChange {
	circle := tables(table("a", null(key("b_id", "b"))), table("b", null(key("a_id", "a"))))
	circular := []string{"INSERT INTO shop_a (b_id) VALUES (NULL)", "INSERT INTO shop_b (a_id) VALUES (1)", "UPDATE shop_a SET b_id = 1"}
	tagged := tables(item(), table("tag", name), pairs("item", "tags", "tag"))
	untagged := tables(item(), table("tag", name))
	return []schemaChange{
		{name: "create table", before: tables(item()), after: tables(item(), shelf()), rows: items, now: itemNames, want: bothNames},
		{
			name: "create table that refers", before: tables(item()), after: tables(item(), table("offer", indexed(key("item_id", "item")))),
			rows: items, now: itemNames, want: bothNames,
		},
		{name: "create circle", before: tables(item()), after: append(circle, item()), rows: items, now: itemNames, want: bothNames},
		{
			name: "create table that refers to itself", before: tables(item()), after: tables(item(), table("node", null(indexed(key("parent_id", "node"))))),
			rows: items, now: itemNames, want: bothNames,
		},
		{name: "drop table", before: tables(item(), shelf()), after: tables(item()), rows: append(shelves, items...), old: itemNames, now: itemNames, want: bothNames},
		{name: "drop circle", before: append(circle, item()), after: tables(item()), rows: append(circular, items...), now: itemNames, want: bothNames},
		{
			name: "drop table and what refers to it", before: tables(shelf(), item(null(indexed(key("shelf_id", "shelf"))))), after: tables(item()),
			rows: shelved, old: itemNames, now: itemNames, want: bothNames,
		},
		{
			name: "rename table", before: tables(item(alone(stock), unique("name", "stock"))), after: tables(named(item(alone(stock), unique("name", "stock")), "shop_article")),
			rows: stocked, old: itemStocks, now: "SELECT name || ' ' || stock FROM shop_article ORDER BY id", want: bothStocks,
		},
		{
			name: "rename table that others refer to", before: tables(shelf(), item(indexed(key("shelf_id", "shelf")))),
			after: tables(named(shelf(), "shop_rack"), item(indexed(keyOf("shelf_id", "BigInteger", "rack", "id")))),
			rows:  shelved, old: itemShelfs, now: "SELECT i.name || ' ' || s.id FROM shop_item i JOIN shop_rack s ON s.id = i.shelf_id ORDER BY i.id", want: bothShelfs,
		},
		{
			name: "rename model", before: tables(shelf()), after: tables(table("rack", name)), renames: []string{"shop.shelf=rack"},
			rows: shelves, old: "SELECT name FROM shop_shelf ORDER BY id", now: "SELECT name FROM shop_rack ORDER BY id", want: []string{"low", "high"},
		},
		{
			name: "rename model with many-to-many", before: tagged, after: tables(table("article", name), table("tag", name), pairs("article", "tags", "tag")),
			renames: []string{"shop.item=article"}, rows: append([]string{"INSERT INTO shop_tag (name) VALUES ('new')", "INSERT INTO shop_item (name) VALUES ('lamp')"}, "INSERT INTO shop_item_tags (item_id, tag_id) VALUES (1, 1)"),
			old: "SELECT item_id || ' ' || tag_id FROM shop_item_tags", now: "SELECT article_id || ' ' || tag_id FROM shop_article_tags", want: []string{"1 1"},
		},
		{name: "add many-to-many", before: untagged, after: tagged, rows: items, now: itemNames, want: bothNames},
		{name: "drop many-to-many", before: tagged, after: untagged, rows: append([]string{"INSERT INTO shop_tag (name) VALUES ('new')"}, items...), now: itemNames, want: bothNames},
		{
			name: "rename many-to-many", before: tagged, after: tables(item(), table("tag", name), pairs("item", "labels", "tag")), renames: []string{"shop.item.tags=labels"},
			rows: append([]string{"INSERT INTO shop_tag (name) VALUES ('new')"}, append(items, "INSERT INTO shop_item_tags (item_id, tag_id) VALUES (2, 1)")...),
			old:  "SELECT item_id || ' ' || tag_id FROM shop_item_tags", now: "SELECT item_id || ' ' || tag_id FROM shop_item_labels", want: []string{"2 1"},
		},
	}
}

func columnAdditions() []schemaChange {
	list := []schemaChange{
		{name: "add column that may be NULL", before: tables(item()), after: tables(item(null(stock))), rows: items, now: itemNames, want: bothNames},
		{name: "add key that may be NULL", before: tables(shelf(), item()), after: tables(shelf(), item(null(indexed(key("shelf_id", "shelf"))))), rows: items, now: itemNames, want: bothNames},
		{
			name: "add key", before: tables(shelf(), item()), after: tables(shelf(), item(indexed(key("shelf_id", "shelf")))), defaults: map[string]string{"shop.item.shelf": "2"},
			rows: append(items, shelves...), old: itemNames, now: itemShelfs, want: []string{"lamp 2", "bed 2"},
		},
		{name: "add one-to-one", before: tables(shelf(), item()), after: tables(shelf(), item(null(alone(key("shelf_id", "shelf"))))), rows: items, now: itemNames, want: bothNames},
		{
			name: "add key to a new table", before: tables(item()), after: tables(shelf(), item(null(indexed(key("shelf_id", "shelf"))))),
			rows: items, now: itemNames, want: bothNames,
		},
	}
	return append(list,
		added("with a value where NULL may be", null(stock), "7", itemStocks, "lamp 7", "bed 7"),
		added("number", stock, "7", itemStocks, "lamp 7", "bed 7"),
		added("positive number", column("stock", "PositiveInteger"), "0", itemStocks, "lamp 0", "bed 0"),
		added("text", column("note", "Text"), "it's new", "SELECT note FROM shop_item", "it's new", "it's new"),
		added("empty text", column("note", "Char(10)"), "", "SELECT name || note FROM shop_item ORDER BY id", "lamp", "bed"),
		added("truth", column("sold", "Boolean"), "true", "SELECT name FROM shop_item WHERE sold ORDER BY id", "lamp", "bed"),
		added("decimal", column("price", "Decimal(8,2)"), "9.50", "SELECT name FROM shop_item WHERE price = 9.5 ORDER BY id", "lamp", "bed"),
		added("float", column("weight", "Float"), "0.25", "SELECT name FROM shop_item WHERE weight = 0.25 ORDER BY id", "lamp", "bed"),
		added("date", column("day", "Date"), "2024-02-29", "SELECT CAST(day AS text) FROM shop_item", "2024-02-29", "2024-02-29"),
		added("time", column("clock", "Time"), "08:30", "SELECT CAST(clock AS text) FROM shop_item", "08:30:00", "08:30:00"),
		added("moment", column("at", "DateTime"), "2024-02-29T12:00:00Z", "SELECT name FROM shop_item WHERE at = '2024-02-29 12:00:00' ORDER BY id", "lamp", "bed"),
		added("present moment", column("at", "DateTime"), "now", "SELECT name FROM shop_item WHERE at > '2024-01-01 00:00:00' ORDER BY id", "lamp", "bed"),
		added("duration", column("span", "Duration"), "1 00:00:00", "SELECT name FROM shop_item WHERE span IS NOT NULL ORDER BY id", "lamp", "bed"),
		added("JSON", column("data", "JSON"), `{"a": [1]}`, "SELECT data ->> 'a' FROM shop_item ORDER BY id", "[1]", "[1]"),
		added("UUID of each row", alone(column("ref", "UUID")), "uuid4", "SELECT CAST(count(DISTINCT ref) AS text) FROM shop_item", "2"),
		added("bytes", column("blob", "Binary"), "\x00\xff", "SELECT CAST(length(blob) AS text) FROM shop_item", "2", "2"),
		added("address", column("ip", "IPAddress"), "::1", "SELECT name FROM shop_item WHERE ip = '::1' ORDER BY id", "lamp", "bed"),
		added("text with index", indexed(column("slug", "Char(50)")), "x", "SELECT slug FROM shop_item", "x", "x"),
	)
}

func columnRemovals() []schemaChange {
	removed := func(what string, parts ...any) schemaChange {
		return schemaChange{
			name: "drop " + what, before: tables(shelf(), item(append([]any{null(stock)}, parts...)...)), after: tables(shelf(), item()),
			rows: items, now: itemNames, want: bothNames,
		}
	}
	must := schemaChange{name: "drop column that may not be NULL", before: tables(item(stock)), after: tables(item()), rows: stocked, old: itemNames, now: itemNames, want: bothNames}
	return []schemaChange{
		must,
		removed("column"),
		removed("column with index", null(indexed(column("slug", "Char(50)")))),
		removed("unique column", null(alone(column("slug", "Char(50)")))),
		removed("key", null(indexed(key("shelf_id", "shelf")))),
		removed("one-to-one", null(alone(key("shelf_id", "shelf")))),
		removed("column of a unique set", unique("name", "stock")),
		removed("column of a check", check("few", `"stock" < 9`)),
		removed("column of an index", migrate.TableIndex{Name: "by_stock", Columns: []string{"stock"}}),
		removed("column of a condition", migrate.TableIndex{Name: "in_stock", Columns: []string{"name"}, Condition: `"stock" > 0`}),
		removed("positive column", null(column("size", "PositiveInteger"))),
		removed("JSON column", null(column("data", "JSON"))),
	}
}

func columnChanges() []schemaChange {
	changed := func(what string, from, to migrate.Column, fill string) schemaChange {
		c := schemaChange{name: what, before: tables(shelf(), item(from)), after: tables(shelf(), item(to)), rows: stocked, now: itemStocks, want: bothStocks}
		if fill != "" {
			c.defaults = map[string]string{"shop.item." + to.Name: fill}
		}
		return c
	}
	shelfChanged := func(what string, from, to migrate.Column) schemaChange {
		return schemaChange{name: what, before: tables(shelf(), item(from)), after: tables(shelf(), item(to)), rows: shelved, now: itemShelfs, want: bothShelfs}
	}
	plain, shelfKey := column("shelf_id", "BigInteger"), key("shelf_id", "shelf")
	protected := key("shelf_id", "shelf")
	protected.References.OnDelete = "protect"
	filled := changed("forbid NULL", null(stock), stock, "0")
	filled.rows = append(append([]string{}, stocked...), "INSERT INTO shop_item (name) VALUES ('none')")
	filled.old, filled.want = itemNames, []string{"lamp 3", "bed 5", "none 0"}
	keyed := shelfChanged("forbid NULL in a key", null(indexed(shelfKey)), indexed(shelfKey))
	keyed.defaults = map[string]string{"shop.item.shelf": "1"}
	keyed.rows = append(append([]string{}, shelved...), "INSERT INTO shop_item (name) VALUES ('none')")
	keyed.old, keyed.want = itemNames, []string{"lamp 1", "bed 2", "none 1"}
	return []schemaChange{
		filled, keyed,
		changed("allow NULL", stock, null(stock), ""),
		changed("add unique", stock, alone(stock), ""),
		changed("drop unique", alone(stock), stock, ""),
		changed("add column index", stock, indexed(stock), ""),
		changed("drop column index", indexed(stock), stock, ""),
		changed("unique in place of index", indexed(stock), alone(stock), ""),
		shelfChanged("number becomes key", plain, indexed(shelfKey)),
		shelfChanged("key becomes number", indexed(shelfKey), plain),
		shelfChanged("key becomes one-to-one", indexed(shelfKey), alone(shelfKey)),
		shelfChanged("one-to-one becomes key", alone(shelfKey), indexed(shelfKey)),
		shelfChanged("on delete", indexed(shelfKey), indexed(protected)),
		{
			name: "key leads elsewhere", before: tables(shelf(), table("rack", name), item(indexed(shelfKey))),
			after: tables(shelf(), table("rack", name), item(indexed(key("shelf_id", "rack")))),
			rows:  append(append([]string{}, shelved...), "INSERT INTO shop_rack (name) VALUES ('a'), ('b')"), now: itemShelfs, want: bothShelfs,
		},
		{
			name: "larger primary key", before: tables(table("shelf", primary(column("id", "Auto")), name), item(indexed(keyOf("shelf_id", "Integer", "shelf", "id")))),
			after: tables(shelf(), item(indexed(shelfKey))), rows: shelved, now: itemShelfs, want: bothShelfs,
		},
		{
			name: "longer text key", before: tables(table("code", primary(column("code", "Char(4)"))), item(indexed(keyOf("code_id", "Char(4)", "code", "code")))),
			after: tables(table("code", primary(column("code", "Char(8)"))), item(indexed(keyOf("code_id", "Char(8)", "code", "code")))),
			rows:  []string{"INSERT INTO shop_code VALUES ('a')", "INSERT INTO shop_item (name, code_id) VALUES ('lamp', 'a')"},
			now:   "SELECT name || code_id FROM shop_item", want: []string{"lampa"},
		},
		{
			name: "index that changes", before: tables(item(stock, migrate.TableIndex{Name: "by_stock", Columns: []string{"stock"}})),
			after: tables(item(stock, migrate.TableIndex{Name: "by_stock", Columns: []string{"-stock", "name"}})), rows: stocked, now: itemStocks, want: bothStocks,
		},
		{
			name: "check that changes", before: tables(item(stock, check("few", `"stock" < 9`))), after: tables(item(stock, check("few", `"stock" < 99`))),
			rows: stocked, now: itemStocks, want: bothStocks,
		},
		{
			name: "JSON index", before: tables(item(null(column("data", "JSON")))),
			after: tables(item(null(column("data", "JSON")), migrate.TableIndex{Name: "in_data", Columns: []string{"data"}, Method: "gin"})),
			rows:  items, now: itemNames, want: bothNames,
		},
	}
}

func typeChanges() []schemaChange {
	const read = "SELECT CAST(x AS text) FROM shop_item WHERE x IS NOT NULL ORDER BY id"
	return []schemaChange{
		retyped("Char(10)", "Char(20)", read, "'a'", "'b'", "a", "b"),
		retyped("Char(20)", "Char(10)", read, "'a'", "'b'", "a", "b"),
		retyped("Char(20)", "Text", read, "'a'", "'b'", "a", "b"),
		retyped("Integer", "BigInteger", read, "1", "2", "1", "2"),
		retyped("BigInteger", "Integer", read, "1", "2", "1", "2"),
		retyped("Integer", "PositiveInteger", read, "1", "2", "1", "2"),
		retyped("PositiveInteger", "Integer", read, "1", "2", "1", "2"),
		retyped("Integer", "Char(20)", read, "1", "2", "1", "2"),
		retyped("Char(20)", "Integer", read, "'1'", "'2'", "1", "2"),
		retyped("Integer", "Decimal(9,2)", "SELECT name FROM shop_item WHERE x = 2.00", "1", "2", "bed"),
		retyped("Decimal(6,2)", "Decimal(9,2)", "SELECT name FROM shop_item WHERE x = 2.25", "1", "2.25", "bed"),
		retyped("Integer", "Boolean", "SELECT name FROM shop_item WHERE x ORDER BY id", "0", "1", "bed"),
		retyped("Boolean", "SmallInteger", read, "false", "true", "0", "1"),
		retyped("Date", "DateTime", "SELECT name FROM shop_item WHERE x = '2024-02-29 00:00:00'", "'2024-02-28'", "'2024-02-29'", "bed"),
		retyped("DateTime", "Date", read, "'2024-02-28 23:59:59'", "'2024-02-29 00:00:00'", "2024-02-28", "2024-02-29"),
		retyped("Char(36)", "UUID", "SELECT replace(CAST(x AS text), '-', '') FROM shop_item WHERE x IS NOT NULL ORDER BY id",
			"'6FA459EA-EE8A-3CA4-894E-DB77E160355E'", "'6fa459eaee8a3ca4894edb77e160355f'", "6fa459eaee8a3ca4894edb77e160355e", "6fa459eaee8a3ca4894edb77e160355f"),
		retyped("UUID", "Char(32)", read, "'6fa459eaee8a3ca4894edb77e160355e'", "'6fa459eaee8a3ca4894edb77e160355f'", "6fa459eaee8a3ca4894edb77e160355e", "6fa459eaee8a3ca4894edb77e160355f"),
		retyped("Text", "JSON", "SELECT x ->> 'a' FROM shop_item WHERE x IS NOT NULL ORDER BY id", `'{"a": "b"}'`, `'{"a": "c"}'`, "b", "c"),
		retyped("Float", "Decimal(9,2)", "SELECT name FROM shop_item WHERE x = 2.25", "1", "2.25", "bed"),
	}
}

func renameChanges() []schemaChange {
	renamed := func(what string, from, to migrate.Column, parts ...any) schemaChange {
		return schemaChange{
			name: "rename " + what, before: tables(shelf(), item(append([]any{from}, parts...)...)), after: tables(shelf(), item(append([]any{to}, parts...)...)),
			renames: []string{"shop.item." + from.Name + "=" + to.Name}, rows: stocked, old: itemStocks,
			now: "SELECT name || ' ' || " + to.Name + " FROM shop_item ORDER BY id", want: bothStocks,
		}
	}
	amount := column("amount", "Integer")
	within := func(c migrate.Column) *migrate.Table {
		return item(c, check("few", `"`+c.Name+`" < 9`), unique("name", c.Name),
			migrate.TableIndex{Name: "in_stock", Columns: []string{"-" + c.Name}, Condition: `"` + c.Name + `" > 0`},
			migrate.TableIndex{Name: "twice", Expressions: `("` + c.Name + `" * 2)`})
	}
	keys := schemaChange{
		name: "rename key", before: tables(shelf(), item(indexed(key("shelf_id", "shelf")))), after: tables(shelf(), item(indexed(key("place_id", "shelf")))),
		renames: []string{"shop.item.shelf=place"}, rows: shelved, old: itemShelfs, now: "SELECT name || ' ' || place_id FROM shop_item ORDER BY id", want: bothShelfs,
	}
	return []schemaChange{
		renamed("column", stock, amount),
		renamed("column with index", indexed(stock), indexed(amount)),
		renamed("unique column", alone(stock), alone(amount)),
		renamed("positive column", column("stock", "PositiveInteger"), column("amount", "PositiveInteger")),
		renamed("column and alter its type", indexed(stock), indexed(column("amount", "BigInteger"))),
		renamed("column and allow NULL", stock, null(amount)),
		renamed("column and make it unique", stock, alone(amount)),
		{
			name: "rename column in constraints", before: tables(within(stock)), after: tables(within(amount)), renames: []string{"shop.item.stock=amount"},
			rows: stocked, old: itemStocks, now: "SELECT name || ' ' || amount FROM shop_item ORDER BY id", want: bothStocks,
		},
		keys,
		{
			name: "rename primary key", before: tables(shelf(), item(indexed(key("shelf_id", "shelf")))),
			after:   tables(table("shelf", primary(column("number", "BigAuto")), name), item(indexed(keyOf("shelf_id", "BigInteger", "shelf", "number")))),
			renames: []string{"shop.shelf.id=number"}, rows: shelved, now: itemShelfs, want: bothShelfs,
		},
		{
			name: "rename model and column", before: tables(item(indexed(stock))), after: tables(table("article", name, indexed(amount))),
			renames: []string{"shop.item=article", "shop.article.stock=amount"}, rows: stocked, old: itemStocks,
			now: "SELECT name || ' ' || amount FROM shop_article ORDER BY id", want: bothStocks,
		},
	}
}

func mixedChanges() []schemaChange {
	return []schemaChange{
		{
			name: "many at once", before: tables(shelf(), table("rack", stock), item(indexed(stock), null(indexed(key("shelf_id", "shelf"))), check("few", `"stock" < 9`))),
			after: tables(shelf(), table("tag", name), pairs("item", "tags", "tag"),
				item(column("amount", "BigInteger"), column("price", "Decimal(8,2)"), indexed(key("shelf_id", "shelf")), unique("name", "amount"), check("less", `"amount" < 99`))),
			renames: []string{"shop.item.stock=amount"}, defaults: map[string]string{"shop.item.price": "1", "shop.item.shelf": "1"},
			rows: append(append([]string{}, shelves...), stocked...), old: itemStocks,
			now: "SELECT name || ' ' || amount || ' ' || shelf_id FROM shop_item ORDER BY id", want: []string{"lamp 3 1", "bed 5 1"},
		},
		{
			name: "alter what others refer to", before: tables(table("shelf", name), item(indexed(key("shelf_id", "shelf")))),
			after:    tables(table("shelf", column("name", "Text"), column("size", "PositiveInteger")), item(indexed(key("shelf_id", "shelf")))),
			defaults: map[string]string{"shop.shelf.size": "1"}, rows: shelved, now: itemShelfs, want: bothShelfs,
		},
		{
			name: "alter what refers to itself", before: tables(table("node", name, null(indexed(key("parent_id", "node"))))),
			after: tables(table("node", column("name", "Text"), null(indexed(key("parent_id", "node"))))),
			rows:  []string{"INSERT INTO shop_node (name) VALUES ('root')", "INSERT INTO shop_node (name, parent_id) VALUES ('leaf', 1)"},
			now:   "SELECT n.name || ' ' || p.name FROM shop_node n JOIN shop_node p ON p.id = n.parent_id", want: []string{"leaf root"},
		},
	}
}
