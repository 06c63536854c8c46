package migrate

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Describe reads the schema as it stands in a database, and returns a line for each column, constraint, index, sequence and
// trigger, sorted. Equal lines are equal schemas; the order of columns means nothing. The table django_migrations and what
// the databases keep for themselves are left out.
func Describe(ctx context.Context, db *orm.DB) ([]string, error) {
	things, err := describe(db.Gorm.WithContext(ctx), db.Dialect())
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(things))
	for i, t := range things {
		lines[i] = t.String()
	}
	slices.Sort(lines)
	return lines, nil
}

// thing is a part of a table.
type thing struct {
	Kind  string // column, constraint, index, sequence or trigger; item for what stands between the commas of SQLite's tables
	Table string
	Name  string // empty for what has no name beside its text
	Text  string
}

// String is the line of Describe.
func (t thing) String() string {
	return strings.Join(slices.DeleteFunc([]string{t.Kind, t.Table, t.Name, t.Text}, func(s string) bool { return s == "" }), " ")
}

// describe reads the schema that tx works in.
func describe(tx *gorm.DB, dialect string) ([]thing, error) {
	read := describeSQLite
	if dialect == orm.Postgres {
		read = describePostgres
	}
	things, err := read(tx)
	if err != nil {
		return nil, fmt.Errorf("describe the schema: %w", err)
	}
	return slices.DeleteFunc(things, func(t thing) bool { return t.Table == "django_migrations" }), nil
}

// describePostgres leaves out the name of the schema, and the indexes of constraints, which say the same.
func describePostgres(tx *gorm.DB) (things []thing, err error) {
	return things, tx.Raw(`
SELECT 'column' AS kind, c.table_name AS "table", c.column_name AS name, format_type(a.atttypid, a.atttypmod) ||
    CASE c.is_nullable WHEN 'YES' THEN ' NULL' ELSE ' NOT NULL' END || coalesce(' DEFAULT ' || c.column_default, '') ||
    coalesce(' IDENTITY ' || c.identity_generation, '') AS text
FROM information_schema.columns c
JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(c.table_name)) AND a.attname = c.column_name
WHERE c.table_schema = current_schema()
UNION ALL
SELECT 'constraint', t.relname, conname, pg_get_constraintdef(c.oid) || CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END
FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'index', t.relname, i.relname, CASE WHEN indisunique THEN 'UNIQUE ' ELSE '' END ||
    substr(pg_get_indexdef(indexrelid), strpos(pg_get_indexdef(indexrelid), ' USING ') + 1) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
FROM pg_index JOIN pg_class t ON t.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r'
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
UNION ALL
SELECT 'sequence', coalesce(t.relname, ''), sequencename, data_type || ' ' || start_value || ' ' || increment_by || ' ' || max_value
FROM pg_sequences
LEFT JOIN pg_depend d ON d.objid = to_regclass(quote_ident(sequencename)) AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_class t ON t.oid = d.refobjid
WHERE schemaname = current_schema()
UNION ALL
SELECT 'trigger', t.relname, tgname, replace(pg_get_triggerdef(g.oid), ' ON ' || quote_ident(current_schema()) || '.', ' ON ')
FROM pg_trigger g JOIN pg_class t ON t.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal`).Scan(&things).Error
}

// describeSQLite reads the statements that made everything: they say more than the PRAGMAs, which know no checks.
func describeSQLite(tx *gorm.DB) (things []thing, err error) {
	var found []struct{ Type, Name, Table, SQL string }
	err = tx.Raw(`SELECT type, name, tbl_name AS "table", sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'`).
		Scan(&found).Error
	for _, f := range found {
		if f.Type != "table" {
			things = append(things, thing{f.Type, f.Table, f.Name, withoutName(oneLine(f.SQL), f.Name)})
			continue
		}
		for _, item := range bodyItems(f.SQL) {
			things = append(things, thing{Kind: "item", Table: f.Name, Text: oneLine(item)})
		}
	}
	return things, err
}

// withoutName cuts CREATE and the name out of the statement that makes an index.
func withoutName(sql, name string) string {
	for _, quoted := range []string{quote(name), name} {
		if head, rest, found := strings.Cut(sql, " INDEX "+quoted+" "); found {
			return strings.TrimSpace(strings.TrimPrefix(head, "CREATE")) + " " + rest
		}
	}
	return sql
}

var (
	spaces      = regexp.MustCompile(`\s+`)
	parentheses = regexp.MustCompile(` ?([()]) ?`)
)

// oneLine makes statements that differ in white space alone equal.
func oneLine(sql string) string {
	return parentheses.ReplaceAllString(spaces.ReplaceAllString(strings.TrimSpace(sql), " "), "$1")
}

// bodyItems are what stands between the commas of CREATE TABLE.
func bodyItems(sql string) []string {
	_, text, _ := strings.Cut(sql, "(")
	text = text[:max(0, strings.LastIndexByte(text, ')'))]
	var items []string
	depth, from, quoted := 0, 0, false
	for i, c := range text {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			items = append(items, text[from:i])
			from = i + 1
		}
	}
	return append(items, text[from:])
}
