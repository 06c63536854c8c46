package inspect

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
)

// readPostgres reads what the search path of the connection shows.
func readPostgres(db *gorm.DB, d *Database, o Options) error {
	names, err := rows[string](db, "SELECT current_database()")
	if err != nil {
		return err
	}
	d.Name = strings.Join(names, "")
	r := &postgresReader{db: db, tables: map[uint32]*Table{}}
	for _, part := range []func() error{func() error { return r.relations(d, o) }, r.columns, r.constraints, r.indexes} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// postgresReader reads PostgreSQL's catalogs, all tables at once.
type postgresReader struct {
	db     *gorm.DB
	tables map[uint32]*Table // by object id
	ids    []uint32
}

func (r *postgresReader) relations(d *Database, o Options) error {
	kinds := []string{"r", "p", "f"}
	if o.Views {
		kinds = append(kinds, "v", "m")
	}
	list, err := rows[struct {
		ID            uint32
		Name, Comment string
		View          bool
	}](r.db, `
SELECT c.oid AS id, relname AS name, coalesce(obj_description(c.oid, 'pg_class'), '') AS comment, relkind IN ('v', 'm') AS view
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind IN ? AND (? OR NOT relispartition) AND pg_table_is_visible(c.oid)
    AND nspname <> 'information_schema' AND nspname NOT LIKE 'pg!_%' ESCAPE '!'
ORDER BY relname`, kinds, o.Partitions)
	for _, row := range list {
		t := &Table{Name: row.Name, View: row.View, Comment: row.Comment}
		d.Tables = append(d.Tables, t)
		r.tables[row.ID], r.ids = t, append(r.ids, row.ID)
	}
	return err
}

// columns reads the columns; a domain counts as the type that it is made of.
func (r *postgresReader) columns() error {
	list, err := rows[struct {
		ID                                           uint32
		Name, Type, Default, Identity, Comment, Enum string
		Generated, Null                              bool
	}](r.db, `
SELECT attrelid AS id, attname AS name, coalesce(pg_get_expr(adbin, adrelid), '') AS default, attidentity AS identity,
    attgenerated <> '' AS generated, NOT (attnotnull OR typtype = 'd' AND typnotnull) AS null,
    CASE typtype WHEN 'd' THEN format_type(typbasetype, typtypmod) ELSE format_type(atttypid, atttypmod) END AS type,
    coalesce(col_description(attrelid, attnum), '') AS comment,
    coalesce((SELECT json_agg(enumlabel ORDER BY enumsortorder)::text FROM pg_enum WHERE enumtypid = atttypid), '') AS enum
FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid IN ? AND attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum`, r.ids)
	if err != nil {
		return err
	}
	for _, row := range list {
		c := &Column{Name: row.Name, Null: row.Null, Generated: row.Generated, Default: row.Default, Comment: row.Comment}
		c.setType(row.Type)
		c.Auto = row.Identity != "" || strings.HasPrefix(row.Default, "nextval(")
		if row.Enum != "" {
			c.Type = "enum"
			if err := json.Unmarshal([]byte(row.Enum), &c.Values); err != nil {
				return err
			}
		}
		r.tables[row.ID].Columns = append(r.tables[row.ID].Columns, c)
	}
	return nil
}

// postgresConstraint is a row of pg_constraint; lists are JSON.
type postgresConstraint struct {
	ID                                    uint32
	Name, Kind, Target, Action, SQL, Text string
	Columns, Referenced                   string
}

func (r *postgresReader) constraints() error {
	list, err := rows[postgresConstraint](r.db, `
SELECT conrelid AS id, conname AS name, contype AS kind, confdeltype AS action, pg_get_constraintdef(k.oid) AS text,
    coalesce(pg_get_expr(conbin, conrelid), '') AS sql,
    coalesce((SELECT relname FROM pg_class WHERE oid = confrelid AND pg_table_is_visible(oid)), '') AS target,
    coalesce((SELECT json_agg(attname ORDER BY n)::text FROM unnest(conkey) WITH ORDINALITY AS u (num, n)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = num), '[]') AS columns,
    coalesce((SELECT json_agg(attname ORDER BY n)::text FROM unnest(confkey) WITH ORDINALITY AS u (num, n)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = num), '[]') AS referenced
FROM pg_constraint k WHERE conrelid IN ? AND contype IN ('p', 'u', 'f', 'c', 'x') ORDER BY conrelid, k.oid`, r.ids)
	if err != nil {
		return err
	}
	for _, c := range list {
		if err := c.add(r.tables[c.ID]); err != nil {
			return err
		}
	}
	return nil
}

var deleteActions = map[string]string{"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}

func (c postgresConstraint) add(t *Table) error {
	var columns, referenced []string
	if err := errors.Join(json.Unmarshal([]byte(c.Columns), &columns), json.Unmarshal([]byte(c.Referenced), &referenced)); err != nil {
		return err
	}
	switch c.Kind {
	case "p":
		t.Primary = columns
	case "u":
		t.Unique = append(t.Unique, migrate.UniqueSet{Name: c.Name, Columns: columns})
	case "f":
		key := ForeignKey{Name: c.Name, Columns: columns, Table: c.Target, Referenced: referenced, OnDelete: deleteActions[c.Action]}
		t.Keys = append(t.Keys, key)
	case "c":
		if !t.positive(columns, c) {
			t.Checks = append(t.Checks, migrate.NamedCheck{Name: c.Name, SQL: bare(c.SQL)})
		}
	default:
		t.note("CONSTRAINT %s %s", c.Name, c.Text)
	}
	return nil
}

// positive gives a column Django's positive type when this is the check that comes with it.
func (t *Table) positive(columns []string, c postgresConstraint) bool {
	if len(columns) != 1 || !strings.HasSuffix(c.Name, "_check") {
		return false
	}
	column := t.column(columns[0])
	name := strings.Trim(strings.TrimSuffix(bare(c.SQL), " >= 0"), `"`)
	if name != column.Name || !slices.Contains([]string{"smallint", "integer", "bigint"}, column.Type) {
		return false
	}
	column.Type += " unsigned"
	return true
}

// bare takes the parentheses around an expression away.
func bare(sql string) string {
	if inside, after := inParentheses(sql); strings.HasPrefix(sql, "(") && after == "" {
		return inside
	}
	return sql
}

// postgresIndex is an index that no constraint brought along; lists are JSON.
type postgresIndex struct {
	ID                               uint32
	Name, Method, Condition, SQL     string
	Columns, Parts, Options, OpClass string
	Unique, Special                  bool
}

// indexes reads them; Special are those that say what a TableIndex cannot.
func (r *postgresReader) indexes() error {
	list, err := rows[postgresIndex](r.db, `
SELECT indrelid AS id, c.relname AS name, amname AS method, indisunique AS unique, pg_get_indexdef(c.oid) AS sql,
    coalesce(pg_get_expr(indpred, indrelid), '') AS condition,
    (SELECT json_agg(coalesce((SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = indkey[n - 1] AND attnum > 0), '') ORDER BY n)
        FROM generate_series(1, indnkeyatts) n)::text AS columns,
    (SELECT json_agg(pg_get_indexdef(c.oid, n, true) ORDER BY n) FROM generate_series(1, indnkeyatts) n)::text AS parts,
    (SELECT json_agg(o ORDER BY n) FROM unnest(indoption) WITH ORDINALITY AS u (o, n))::text AS options,
    (SELECT json_agg(CASE WHEN opcdefault THEN '' ELSE opcname END ORDER BY n)
        FROM unnest(indclass) WITH ORDINALITY AS u (oid, n) JOIN pg_opclass USING (oid))::text AS op_class,
    indnatts <> indnkeyatts OR coalesce((to_jsonb(pg_index) ->> 'indnullsnotdistinct')::boolean, false) AS special
FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = c.relam
WHERE indrelid IN ? AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
ORDER BY indrelid, c.relname`, r.ids)
	if err != nil {
		return err
	}
	for _, i := range list {
		if err := i.add(r.tables[i.ID]); err != nil {
			return err
		}
	}
	return nil
}

// add finds the place for an index: a unique constraint, an index, or a note.
func (i postgresIndex) add(t *Table) error {
	var columns, parts, classes []string
	var options []int
	err := errors.Join(json.Unmarshal([]byte(i.Columns), &columns), json.Unmarshal([]byte(i.Parts), &parts),
		json.Unmarshal([]byte(i.OpClass), &classes), json.Unmarshal([]byte(i.Options), &options))
	if err != nil {
		return err
	}
	index := migrate.TableIndex{Name: i.Name, Condition: bare(i.Condition), OpClass: classes[0]}
	if i.Method != "btree" {
		index.Method = i.Method
	}
	computed := slices.Contains(columns, "")
	plain := !computed && !i.Special && len(slices.Compact(classes)) == 1
	ascending := !slices.ContainsFunc(options, func(o int) bool { return o != 0 })
	switch {
	case i.Unique && plain && ascending && index.OpClass == "" && index.Method == "":
		t.Unique = append(t.Unique, migrate.UniqueSet{Name: i.Name, Columns: columns, Condition: index.Condition})
	case !i.Unique && plain && len(columns) == 1 && strings.HasSuffix(index.OpClass, "_pattern_ops") && strings.HasSuffix(i.Name, "_like"):
		// Django makes it along with the column.
	case !i.Unique && plain && descending(columns, options):
		index.Columns = columns
		t.Indexes = append(t.Indexes, index)
	case !i.Unique && computed && ascending && !i.Special && strings.Join(classes, "") == "":
		index.Expressions = strings.Join(parts, ", ")
		t.Indexes = append(t.Indexes, index)
	default:
		t.note("%s", i.SQL)
	}
	return nil
}

// descending puts "-" before descending columns; false when NULLs stand where they do not by default.
func descending(columns []string, options []int) bool {
	const down = 3 // DESC and NULLS FIRST
	for n, o := range options {
		switch o {
		case 0:
		case down:
			columns[n] = "-" + columns[n]
		default:
			return false
		}
	}
	return true
}
