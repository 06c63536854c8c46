package orm

import (
	"time"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// SQLiteRow is the current row of a [Batch] on SQLite, read where SQLite keeps it: for who knows what a column should be.
// Each way to read a value is false where the value is of another type; [SQLiteRow.Value] reads all of them.
type SQLiteRow struct{ *sqliteRows }

// SQLite is the current row as SQLite keeps it; ok is false when the statement did not run there.
func (r *Rows) SQLite() (row SQLiteRow, ok bool) { return SQLiteRow{r.lite}, r.lite != nil }

// Len is the number of columns.
func (r SQLiteRow) Len() int { return len(r.names) }

// Name is the name of a column.
func (r SQLiteRow) Name(i int) string { return r.names[i] }

// IsNull tells whether a value is NULL.
func (r SQLiteRow) IsNull(i int) bool { return r.stmt.Kind(i) == sqlite.Null }

// Int64 is a whole number.
func (r SQLiteRow) Int64(i int) (int64, bool) {
	if r.stmt.Kind(i) != sqlite.Integer {
		return 0, false
	}
	return r.stmt.Int64(i), true
}

// Float64 is a floating point number.
func (r SQLiteRow) Float64(i int) (float64, bool) {
	if r.stmt.Kind(i) != sqlite.Float {
		return 0, false
	}
	return r.stmt.Float64(i), true
}

// Text is a text, but not one that is a [SQLiteRow.Time] by its column's type. It is valid until the next row.
func (r SQLiteRow) Text(i int) ([]byte, bool) {
	if r.stmt.Kind(i) != sqlite.Text || isTimeType(r.types[i]) {
		return nil, false
	}
	return r.stmt.Text(i), true
}

// Blob is a blob. It is valid until the next row.
func (r SQLiteRow) Blob(i int) ([]byte, bool) {
	if r.stmt.Kind(i) != sqlite.Blob {
		return nil, false
	}
	return r.stmt.Blob(i), true
}

// Time is a text in a column that is declared as a date or time.
func (r SQLiteRow) Time(i int) (time.Time, bool) {
	if r.stmt.Kind(i) != sqlite.Text || !isTimeType(r.types[i]) {
		return time.Time{}, false
	}
	return parseSQLiteTime(r.stmt.Text(i))
}

// Value is a value as database/sql gives it.
func (r SQLiteRow) Value(i int) any { return r.value(i) }
