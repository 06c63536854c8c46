package inspect

import (
	"path/filepath"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
)

// readSQLite reads by PRAGMAs, and from the text of the statements what those do not tell.
func readSQLite(db *gorm.DB, d *Database, o Options) error {
	files, err := rows[string](db, "SELECT file FROM pragma_database_list WHERE name = 'main'")
	if err != nil {
		return err
	}
	d.Name = strings.TrimSuffix(filepath.Base(strings.Join(files, "")), filepath.Ext(strings.Join(files, "")))
	found, err := rows[sqliteTable](db, `
SELECT m.name, m.sql, m.type = 'view' AS view, coalesce(l.type, '') AS kind
FROM sqlite_master m LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'`)
	if err != nil {
		return err
	}
	for _, f := range found {
		if f.View && !o.Views || f.Kind == "shadow" {
			continue
		}
		t, err := f.read(db)
		if err != nil {
			return err
		}
		d.Tables = append(d.Tables, t)
	}
	return nil
}

// sqliteTable is a table in SQLite's own words.
type sqliteTable struct {
	Name, SQL, Kind string
	View            bool
}

func (f sqliteTable) read(db *gorm.DB) (*Table, error) {
	t := &Table{Name: f.Name, View: f.View}
	if f.Kind == "virtual" {
		t.note("It is a virtual table: %s", f.SQL)
	}
	for _, part := range []func(*gorm.DB, *Table) error{f.columns, f.keys, f.indexes} {
		if err := part(db, t); err != nil {
			return nil, err
		}
	}
	if !f.View {
		f.checks(t)
	}
	return t, nil
}

func (f sqliteTable) columns(db *gorm.DB, t *Table) error {
	list, err := rows[struct {
		Name, Type, Default string
		NotNull             bool
		PK, Hidden          int
	}](db, `SELECT name, type, "notnull" AS not_null, coalesce(dflt_value, '') AS "default", pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid`, f.Name)
	primary := map[int]string{}
	for _, row := range list {
		if row.Hidden == 1 { // a virtual table's own
			continue
		}
		c := &Column{Name: row.Name, Null: !row.NotNull && row.PK == 0, Default: row.Default, Generated: row.Hidden > 1}
		c.setType(strings.TrimSuffix(strings.ToLower(row.Type), "generated always"))
		t.Columns = append(t.Columns, c)
		if row.PK > 0 {
			primary[row.PK] = row.Name
		}
	}
	for i := range len(primary) {
		t.Primary = append(t.Primary, primary[i+1])
	}
	if len(t.Primary) == 1 && !strings.Contains(strings.ToUpper(f.SQL), "WITHOUT ROWID") {
		key := t.column(t.Primary[0])
		key.Auto = key.Type == "integer"
	}
	return err
}

func (f sqliteTable) keys(db *gorm.DB, t *Table) error {
	list, err := rows[struct {
		ID                        int
		Table, From, To, OnDelete string
	}](db, `SELECT id, "table", "from", coalesce("to", '') AS "to", on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq`, f.Name)
	last := -1
	for _, row := range list {
		if row.ID != last {
			t.Keys = append(t.Keys, ForeignKey{Table: row.Table, OnDelete: row.OnDelete})
			last = row.ID
		}
		key := &t.Keys[len(t.Keys)-1]
		key.Columns = append(key.Columns, row.From)
		if row.To != "" { // otherwise the primary key
			key.Referenced = append(key.Referenced, row.To)
		}
	}
	return err
}

// sqliteIndex is an index; Origin is "c" for CREATE INDEX, "u" for a unique constraint, "pk" for the primary key.
type sqliteIndex struct {
	Name, Origin, SQL string
	Unique, Partial   bool
}

func (f sqliteTable) indexes(db *gorm.DB, t *Table) error {
	list, err := rows[sqliteIndex](db, `
SELECT i.name, i.origin, i."unique" AS "unique", i.partial, coalesce(m.sql, '') AS sql
FROM pragma_index_list(?) i LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = i.name ORDER BY i.name`, f.Name)
	if err != nil {
		return err
	}
	for _, i := range list {
		if i.Origin == "pk" {
			continue
		}
		columns, err := rows[indexColumn](db, `SELECT coalesce(name, '') AS name, "desc", coll <> 'BINARY' AS special FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno`, i.Name)
		if err != nil {
			return err
		}
		i.add(t, columns)
	}
	return nil
}

// indexColumn is a part of an index; it has no name when it is computed.
type indexColumn struct {
	Name          string
	Desc, Special bool
}

// add finds the place for an index: a unique constraint, an index, or a note.
func (i sqliteIndex) add(t *Table, columns []indexColumn) {
	list, after := inParentheses(i.SQL)
	condition := ""
	if i.Partial {
		condition = strings.TrimSpace(after[len("WHERE"):])
	}
	names := columnNames(columns)
	switch {
	case i.Unique && i.Origin == "u":
		t.Unique = append(t.Unique, migrate.UniqueSet{Columns: names})
	case i.Unique && names != nil && !slices.ContainsFunc(columns, func(c indexColumn) bool { return c.Desc }):
		t.Unique = append(t.Unique, migrate.UniqueSet{Name: i.Name, Columns: names, Condition: condition})
	case i.Unique:
		t.note("%s", i.SQL)
	case names != nil:
		t.Indexes = append(t.Indexes, migrate.TableIndex{Name: i.Name, Columns: names, Condition: condition})
	default:
		t.Indexes = append(t.Indexes, migrate.TableIndex{Name: i.Name, Expressions: oneLine(list), Condition: condition})
	}
}

// columnNames are the columns of an index, "-" first for descending; nil when it is about more than columns.
func columnNames(columns []indexColumn) (names []string) {
	for _, c := range columns {
		if c.Name == "" || c.Special {
			return nil
		}
		if c.Desc {
			c.Name = "-" + c.Name
		}
		names = append(names, c.Name)
	}
	return names
}

// checks reads the check constraints. Those that Django's types imply stay with the type of their column.
func (f sqliteTable) checks(t *Table) {
	body, _ := inParentheses(f.SQL)
	for _, c := range checksOf(splitList(body)) {
		if t.implied(c.sql) {
			continue
		}
		if c.name == "" {
			t.note("CHECK (%s)", c.sql)
			continue
		}
		t.Checks = append(t.Checks, migrate.NamedCheck{Name: c.name, SQL: c.sql})
	}
}

// implied gives a column the type whose check this is.
func (t *Table) implied(sql string) bool {
	for _, c := range t.Columns {
		name := `"` + c.Name + `"`
		switch oneLine(sql) {
		case "(JSON_VALID(" + name + ") OR " + name + " IS NULL)", "JSON_VALID(" + name + ") OR " + name + " IS NULL":
			c.Type = "json"
			return true
		case name + " >= 0":
			return strings.HasSuffix(c.Type, "unsigned")
		}
	}
	return false
}
