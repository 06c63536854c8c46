package migrate

import (
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// readCatalog reads the tables of a database as they stand: columns that are stored, primary keys, and foreign keys over one
// column. Types are those of PostgreSQL where they are known; others, and those of SQLite, which say little of the values, stand
// as they are declared. Unique sets, checks and indexes are left out.
func readCatalog(tx *gorm.DB) (*Schema, error) {
	columns, keys := sqliteColumns, sqliteKeys
	if tx.Name() == orm.Postgres {
		columns, keys = postgresColumns, postgresKeys
	}
	s := &Schema{}
	if err := s.readColumns(tx, columns); err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	if err := s.readKeys(tx, keys); err != nil {
		return nil, fmt.Errorf("read the foreign keys: %w", err)
	}
	s.sort()
	return s, nil
}

const postgresColumns = `SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
    NOT a.attnotnull AS "null", coalesce(array_position(i.indkey::int2[], a.attnum) IS NOT NULL, false) AS "primary"
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') -- of an extension
ORDER BY c.relname, a.attnum`

const sqliteColumns = `SELECT m.name AS "table", c.name AS name, c.type AS type, NOT (c."notnull" OR c.pk) AS "null", c.pk > 0 AS "primary"
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c ON c.hidden = 0
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY m.name, c.cid`

func (s *Schema) readColumns(tx *gorm.DB, query string) error {
	var found []struct {
		Table, Name, Type string
		Null, Primary     bool
	}
	if err := tx.Raw(query).Scan(&found).Error; err != nil {
		return err
	}
	for _, f := range found {
		if n := len(s.Tables); n == 0 || s.Tables[n-1].Name != f.Table {
			s.Tables = append(s.Tables, &Table{Name: f.Table})
		}
		t := s.Tables[len(s.Tables)-1]
		t.Columns = append(t.Columns, Column{Name: f.Name, Type: declaredType(f.Type), Null: f.Null, Primary: f.Primary})
	}
	return nil
}

// postgresTypes are types as PostgreSQL calls them, without their arguments.
var postgresTypes = map[string]string{
	"boolean": "Boolean", "character varying": "Char", "text": "Text", "uuid": "UUID",
	"smallint": "SmallInteger", "integer": "Integer", "bigint": "BigInteger", "double precision": "Float", "numeric": "Decimal",
	"date": "Date", "timestamp with time zone": "DateTime", "time without time zone": "Time", "interval": "Duration",
	"jsonb": "JSON", "json": "JSON", "bytea": "Binary", "inet": "IPAddress",
}

// declaredType is the type that a database declares.
func declaredType(declared string) ColumnType {
	name, arguments, _ := strings.Cut(declared, "(")
	base, known := postgresTypes[name]
	switch {
	case !known:
		return ColumnType(declared)
	case base == "Char" && arguments == "":
		return "Text"
	case arguments != "":
		return ColumnType(base + "(" + arguments)
	}
	return ColumnType(base)
}

const postgresKeys = `SELECT t.relname AS "table", a.attname AS name, p.relname AS parent, b.attname AS "column"
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class p ON p.oid = c.confrelid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = c.confkey[1]
WHERE c.contype = 'f' AND cardinality(c.conkey) = 1 AND t.relnamespace = current_schema()::regnamespace AND c.conparentid = 0`

const sqliteKeys = `SELECT m.name AS "table", k."from" AS name, k."table" AS parent,
    coalesce(k."to", (SELECT c.name FROM pragma_table_info(k."table") c WHERE c.pk = 1)) AS "column"
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table'
AND NOT EXISTS (SELECT 1 FROM pragma_foreign_key_list(m.name) o WHERE o.id = k.id AND o.seq > 0)`

func (s *Schema) readKeys(tx *gorm.DB, query string) error {
	var found []struct{ Table, Name, Parent, Column string }
	if err := tx.Raw(query).Scan(&found).Error; err != nil {
		return err
	}
	for _, f := range found {
		if t := s.Table(f.Table); t != nil && t.Column(f.Name) != nil {
			t.Column(f.Name).References = &Reference{Table: f.Parent, Column: f.Column}
		}
	}
	return nil
}
