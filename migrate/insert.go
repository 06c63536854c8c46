package migrate

import (
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// insertion writes rows of a table, many with one statement.
type insertion struct {
	table    string
	columns  []string
	conflict string // ON CONFLICT …, or nothing
}

// insertParameters is how many values one statement takes, which is less than either database allows.
const insertParameters = 16_000

// rows writes rows in the order of the columns.
func (i insertion) rows(tx *gorm.DB, rows [][]any) error {
	most := max(1, insertParameters/len(i.columns))
	for ; len(rows) > 0; rows = rows[min(most, len(rows)):] {
		if err := i.some(tx, rows[:min(most, len(rows))]); err != nil {
			return err
		}
	}
	return nil
}

func (i insertion) some(tx *gorm.DB, rows [][]any) error {
	values := make([]any, 0, len(rows)*len(i.columns))
	for _, row := range rows {
		values = append(values, row...)
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(i.columns)), ", ") + ")"
	query := "INSERT INTO " + quote(i.table) + " (" + quoted(i.columns) + ") VALUES " +
		strings.TrimSuffix(strings.Repeat(one+", ", len(rows)), ", ")
	if i.conflict != "" {
		query += " " + i.conflict
	}
	return tx.Exec(query, values...).Error
}

// rowsOrOne writes rows; when the database refuses, it finds the first row that it refuses by itself and leaves those before
// written. It returns the place of that row with the error, or -1 and an error that is about none of them.
func (i insertion) rowsOrOne(tx *gorm.DB, rows [][]any) (refused int, err error) {
	err = tx.Transaction(func(tx *gorm.DB) error { return i.rows(tx, rows) })
	if err == nil || lost(tx, err) {
		return -1, err
	}
	for n := range rows {
		err := tx.Transaction(func(tx *gorm.DB) error { return i.rows(tx, rows[n:n+1]) })
		if err != nil && !lost(tx, err) {
			return n, err
		}
		if err != nil {
			return -1, err
		}
	}
	return -1, nil
}

// lost tells whether an error is about the connection, not about what was sent.
func lost(tx *gorm.DB, err error) bool {
	return tx.Statement.Context.Err() != nil || errors.Is(orm.Translate(err), orm.ErrUnavailable)
}
