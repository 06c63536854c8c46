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
	describe := describeSQLite
	if db.Dialect() == orm.Postgres {
		describe = describePostgres
	}
	lines, err := describe(db.Gorm.WithContext(ctx))
	if err != nil {
		return nil, fmt.Errorf("describe the schema: %w", err)
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, " django_migrations") })
	slices.Sort(lines)
	return lines, nil
}

func describePostgres(db *gorm.DB) (lines []string, err error) {
	return lines, db.Raw(`
SELECT 'column ' || c.table_name || '.' || c.column_name || ' ' || format_type(a.atttypid, a.atttypmod) ||
    CASE c.is_nullable WHEN 'YES' THEN ' NULL' ELSE ' NOT NULL' END || coalesce(' DEFAULT ' || c.column_default, '') ||
    coalesce(' IDENTITY ' || c.identity_generation, '')
FROM information_schema.columns c
JOIN pg_attribute a ON a.attrelid = to_regclass(quote_ident(c.table_name)) AND a.attname = c.column_name
WHERE c.table_schema = current_schema()
UNION ALL
SELECT 'constraint ' || t.relname || ' ' || conname || ' ' || pg_get_constraintdef(c.oid) ||
    CASE WHEN convalidated THEN '' ELSE ' NOT VALID' END
FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
WHERE connamespace = current_schema()::regnamespace AND contype <> 'n'
UNION ALL
SELECT 'index ' || t.relname || ' ' || pg_get_indexdef(indexrelid) || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END
FROM pg_index JOIN pg_class t ON t.oid = indrelid
WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
UNION ALL
SELECT 'sequence ' || sequencename || ' ' || data_type || ' ' || start_value || ' ' || increment_by || ' ' || max_value
FROM pg_sequences WHERE schemaname = current_schema() AND sequencename <> 'django_migrations_id_seq'
UNION ALL
SELECT 'trigger ' || t.relname || ' ' || pg_get_triggerdef(g.oid)
FROM pg_trigger g JOIN pg_class t ON t.oid = tgrelid
WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal`).Scan(&lines).Error
}

// describeSQLite reads the statements that made everything: they say more than the PRAGMAs, which know no checks.
func describeSQLite(db *gorm.DB) (lines []string, err error) {
	var found []struct{ Type, Name, Table, SQL string }
	err = db.Raw(`SELECT type, name, tbl_name AS "table", sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'`).
		Scan(&found).Error
	for _, f := range found {
		if f.Type != "table" {
			lines = append(lines, f.Type+" "+f.Table+" "+oneLine(f.SQL))
			continue
		}
		for _, item := range bodyItems(f.SQL) {
			lines = append(lines, "table "+f.Name+" "+oneLine(item))
		}
	}
	return lines, err
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
