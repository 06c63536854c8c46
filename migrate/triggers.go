package migrate

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// trigger is one of SQLite's, which go with the table they are on.
type trigger struct{ Name, Table, SQL string }

// triggers are those that stand now.
func triggers(tx *gorm.DB) ([]trigger, error) {
	var found []trigger
	err := tx.Raw(`SELECT name, tbl_name AS "table", sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid`).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("look for triggers: %w", err)
	}
	return found, nil
}

// restoreTriggers makes those anew that went with a table which was built anew. Those that the migration itself mentions are
// its own business.
func restoreTriggers(ctx context.Context, tx *gorm.DB, m *Migration, statements []Statement, before []trigger) error {
	now, err := triggers(tx)
	if err != nil {
		return err
	}
	stands := map[string]bool{}
	for _, t := range now {
		stands[t.Name] = true
	}
	for _, t := range before {
		if stands[t.Name] || mentions(statements, t.Name) {
			continue
		}
		if err := t.restore(ctx, tx); err != nil {
			return fmt.Errorf("migration %s: table %s was built anew, and its trigger %s does not fit it any more: %w; nothing of this "+
				"file was applied: drop or make the trigger anew in the migration", m.File, t.Table, t.Name, err)
		}
	}
	return nil
}

// restore makes the trigger anew unless its table is gone for good or has another name: then it is the business of whoever
// did that. SQLite reads a trigger no sooner than it needs it, so statements that need it are compiled.
func (t trigger) restore(ctx context.Context, tx *gorm.DB) error {
	var columns []string
	if err := tx.Raw(`SELECT name FROM pragma_table_info(?)`, t.Table).Scan(&columns).Error; err != nil || len(columns) == 0 {
		return err
	}
	for i, c := range columns {
		columns[i] = quote(c) + " = " + quote(c)
	}
	for _, sql := range []string{
		t.SQL,
		"EXPLAIN INSERT INTO " + quote(t.Table) + " DEFAULT VALUES",
		"EXPLAIN UPDATE " + quote(t.Table) + " SET " + strings.Join(columns, ", "),
		"EXPLAIN DELETE FROM " + quote(t.Table),
	} {
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func mentions(statements []Statement, name string) bool {
	for _, s := range statements {
		if strings.Contains(s.SQL, name) {
			return true
		}
	}
	return false
}
