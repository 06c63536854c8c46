package orm

import (
	"context"
	"database/sql/driver"
	"io"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// sqliteRows are the rows of a statement. They have their connection until they are closed.
type sqliteRows struct {
	session *sqliteConn
	conn    *sqlite.Conn
	stmt    *sqlite.Stmt // nil when there is no statement, and after Close
	first   bool         // the first row is there and not read
	ended   bool
	names   []string
	types   []string
	failure error // of the step that ended the rows
}

// begin goes to the first row. After an error the statement is closed.
func (r *sqliteRows) begin(ctx context.Context, run sqliteRun) error {
	err := run.start(ctx, r.stmt)
	if err == nil {
		r.first, err = r.stmt.Step()
	}
	if err != nil {
		r.stmt.Close()
		return err
	}
	r.ended = !r.first
	r.names, r.types = r.stmt.Columns()
	return nil
}

// Columns are the names of the columns.
func (r *sqliteRows) Columns() []string { return r.names }

// ColumnTypeDatabaseTypeName is the declared type of a column in upper case, "" for an expression.
func (r *sqliteRows) ColumnTypeDatabaseTypeName(i int) string { return r.types[i] }

// Next reads a row. Texts of columns that are declared as dates or times are times.
func (r *sqliteRows) Next(dest []driver.Value) error {
	if err := r.step(); err != nil {
		return err
	}
	for i := range dest {
		dest[i] = r.value(i)
	}
	return nil
}

// step goes to the next row; io.EOF when there is none.
func (r *sqliteRows) step() error {
	if r.ended {
		return io.EOF
	}
	if r.first {
		r.first = false
		return nil
	}
	more, err := r.stmt.Step()
	r.ended = !more
	if err == nil && !more {
		err = io.EOF
	}
	return err
}

func (r *sqliteRows) value(i int) driver.Value {
	switch r.stmt.Kind(i) {
	case sqlite.Integer:
		return r.stmt.Int64(i)
	case sqlite.Float:
		return r.stmt.Float64(i)
	case sqlite.Blob:
		return append([]byte{}, r.stmt.Blob(i)...)
	case sqlite.Text:
		text := r.stmt.Text(i)
		if isTimeType(r.types[i]) {
			if t, ok := parseSQLiteTime(text); ok {
				return t
			}
		}
		return string(text)
	}
	return nil
}

// isTimeType tells whether a declared type is that of dates or times.
func isTimeType(declared string) bool {
	return declared == "DATETIME" || declared == "DATE" || declared == "TIMESTAMP"
}

// Close gives the connection back.
func (r *sqliteRows) Close() error {
	if r.conn == nil {
		return nil
	}
	if r.stmt != nil {
		r.stmt.Close()
	}
	r.session.give(r.conn)
	r.stmt, r.conn, r.ended = nil, nil, true
	return nil
}
