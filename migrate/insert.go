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
	conflict string // ON CONFLICT …, RETURNING …, or nothing
}

// insertParameters is how many values one statement takes, which is less than either database allows.
const insertParameters = 16_000

// rows writes rows in the order of the columns.
func (i insertion) rows(tx *gorm.DB, rows [][]any) error {
	most := max(1, insertParameters/len(i.columns))
	for ; len(rows) > 0; rows = rows[min(most, len(rows)):] {
		query, values := i.statement(rows[:min(most, len(rows))])
		if err := tx.Exec(query, values...).Error; err != nil {
			return err
		}
	}
	return nil
}

// statement writes rows.
func (i insertion) statement(rows [][]any) (query string, values []any) {
	values = make([]any, 0, len(rows)*len(i.columns))
	for _, row := range rows {
		values = append(values, row...)
	}
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(i.columns)), ", ") + ")"
	query = "INSERT INTO " + quote(i.table) + " (" + quoted(i.columns) + ") VALUES " +
		strings.TrimSuffix(strings.Repeat(one+", ", len(rows)), ", ")
	if i.conflict != "" {
		query += " " + i.conflict
	}
	return query, values
}

// rowsOrOne writes rows; when the database refuses, it finds the first row that it refuses by itself and leaves those before
// written. It returns the place of that row with the error, or -1 and an error that is about none of them.
func (i insertion) rowsOrOne(tx *gorm.DB, rows [][]any) (refused int, err error) {
	err = savepoint(tx, func() error { return i.rows(tx, rows) })
	if err == nil || lost(tx, err) {
		return -1, err
	}
	for n := range rows {
		err := savepoint(tx, func() error { return i.rows(tx, rows[n:n+1]) })
		if err != nil && !lost(tx, err) {
			return n, err
		}
		if err != nil {
			return -1, err
		}
	}
	return -1, nil
}

// savepoint undoes what f did when it fails. GORM's own are never released, and fail unseen.
func savepoint(tx *gorm.DB, f func() error) error {
	if err := tx.Exec("SAVEPOINT rows").Error; err != nil {
		return err
	}
	err := f()
	if err != nil {
		err = errors.Join(err, tx.Exec("ROLLBACK TO SAVEPOINT rows").Error)
	}
	return errors.Join(err, tx.Exec("RELEASE SAVEPOINT rows").Error)
}

// lost tells whether an error is about the connection, not about what was sent.
func lost(tx *gorm.DB, err error) bool {
	return tx.Statement.Context.Err() != nil || errors.Is(orm.Translate(err), orm.ErrUnavailable)
}
