package migrate

import (
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// dangling notes the references of the source that lead nowhere, or to a table that is left out: the target's foreign keys would
// refuse them.
func (t *transfer) dangling(c *tableCopy) error {
	for _, f := range c.refers {
		columns := make([]string, 0, len(c.key)+1)
		for _, name := range append(c.keyNames(), f.Name) {
			columns = append(columns, "c."+quote(name))
		}
		query := fmt.Sprintf("SELECT %s FROM %s c WHERE c.%s IS NOT NULL", strings.Join(columns, ", "), quote(c.name), quote(f.Name))
		problem := "refers to %v in %s, which is left out: set it to NULL, or leave both tables out, or neither"
		if !t.leftOut(f.References.Table) {
			query += fmt.Sprintf(" AND NOT EXISTS (SELECT 1 FROM %s p WHERE p.%s = c.%s)", quote(f.References.Table), quote(f.References.Column), quote(f.Name))
			problem = "refers to %v, and there is no such row in %s: add it, or correct or delete this row"
		}
		err := eachRow(t.source, query, len(columns), func(row []any) {
			key := make([]any, len(c.columns))
			for i, at := range c.key {
				key[at] = row[i]
			}
			t.misfits.add(Misfit{
				Table: c.name, Key: c.keyOf(key), Column: f.Name,
				Problem: fmt.Sprintf(problem, row[len(row)-1], f.References.Table),
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withoutKeys runs f while PostgreSQL has no foreign keys, and makes them anew: to check them all at once takes a small part of
// the time that each row would.
func (t *transfer) withoutKeys(f func() error) error {
	if t.target.Name() != orm.Postgres {
		return f()
	}
	var keys []struct{ Table, Name, Definition string }
	err := t.target.Raw(`SELECT t.relname AS "table", c.conname AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.conparentid = 0 AND t.relnamespace = current_schema()::regnamespace ORDER BY 1, 2`).Scan(&keys).Error
	if err != nil {
		return err
	}
	alter := func(table, what string) error { return t.target.Exec("ALTER TABLE " + quote(table) + " " + what).Error }
	for _, k := range keys {
		if err := alter(k.Table, "DROP CONSTRAINT "+quote(k.Name)); err != nil {
			return fmt.Errorf("the foreign key %s of %s: %w", k.Name, k.Table, err)
		}
	}
	if err := f(); err != nil {
		return err
	}
	for _, k := range keys {
		if err := alter(k.Table, "ADD CONSTRAINT "+quote(k.Name)+" "+k.Definition); err != nil {
			return fmt.Errorf("the foreign key %s of %s: %w; if rows break it, mend them in the source, or copy both tables or neither (--exclude)",
				k.Name, k.Table, err)
		}
	}
	return nil
}

// eachRow reads the rows of a query with n columns.
func eachRow(tx *gorm.DB, query string, n int, take func(row []any)) error {
	rows, err := tx.Raw(query).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	row, into := make([]any, n), make([]any, n)
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		take(row)
	}
	return rows.Err()
}

// count lets the target go on counting where the source is, also behind rows that were deleted.
func (t *transfer) count() error {
	last, err := counters(t.source)
	if err != nil {
		return err
	}
	for _, c := range t.tables {
		if c.counter == "" {
			continue
		}
		if err := setCounter(t.target, c.name, c.counter, last[c.name]); err != nil {
			return err
		}
	}
	return nil
}

// counters are the last numbers that the database gave, by table.
func counters(tx *gorm.DB) (map[string]int64, error) {
	query := `SELECT c.relname AS name, coalesce(s.last_value, 0) AS last FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_sequences s ON quote_ident(s.schemaname) || '.' || quote_ident(s.sequencename) = pg_get_serial_sequence(quote_ident(c.relname), a.attname)
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')`
	if tx.Name() == orm.SQLite {
		if some, err := hasCounters(tx); !some {
			return nil, err
		}
		query = "SELECT name, seq AS last FROM sqlite_sequence"
	}
	var found []struct {
		Name string
		Last int64
	}
	err := tx.Raw(query).Scan(&found).Error
	last := map[string]int64{}
	for _, f := range found {
		last[f.Name] = f.Last
	}
	return last, err
}

// hasCounters tells whether a table of an SQLite database is numbered by AUTOINCREMENT.
func hasCounters(tx *gorm.DB) (some bool, err error) {
	return some, tx.Raw("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence')").Scan(&some).Error
}

// setCounter lets the database go on counting behind last and behind the rows that there are. It does nothing for a column
// that the database does not number.
func setCounter(tx *gorm.DB, table, column string, last int64) error {
	if tx.Name() == orm.Postgres {
		query := fmt.Sprintf("SELECT setval(pg_get_serial_sequence(?, ?), greatest(max(%[1]s), ?, 1), greatest(max(%[1]s), ?) > 0) FROM %[2]s",
			quote(column), quote(table))
		return tx.Exec(query, quote(table), column, last, last).Error
	}
	if some, err := hasCounters(tx); !some || last == 0 {
		return err // SQLite looks at the rows itself
	}
	err := tx.Exec("INSERT INTO sqlite_sequence (name, seq) SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)", table, table).Error
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", last, table).Error
}
