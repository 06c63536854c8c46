package sqlite

import (
	"unsafe"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// Kind is the type of a value.
type Kind int32

// The types of values.
const (
	Integer Kind = sqlite3.SQLITE_INTEGER
	Float   Kind = sqlite3.SQLITE_FLOAT
	Text    Kind = sqlite3.SQLITE_TEXT
	Blob    Kind = sqlite3.SQLITE_BLOB
	Null    Kind = sqlite3.SQLITE_NULL
)

// row is the row that a step came to: its values lie one behind the other. They are read there, without SQLite's functions,
// which are asked where a value is of more than one type or no UTF-8.
func (s *Stmt) row() []sqlite3.TMem {
	n := sqlite3.Xsqlite3_data_count(s.conn.tls, s.handle)
	at := sqlite3.Xsqlite3_column_value(s.conn.tls, s.handle, 0)
	return unsafe.Slice(*(**sqlite3.TMem)(unsafe.Pointer(&at)), n)
}

// Kind is the type of a column's value in this row. There must be one.
func (s *Stmt) Kind(i int) Kind {
	switch s.cells[i].Fflags & sqlite3.MEM_AffMask {
	case sqlite3.MEM_Null:
		return Null
	case sqlite3.MEM_Int:
		return Integer
	case sqlite3.MEM_Real:
		return Float
	case sqlite3.MEM_Str:
		return Text
	case sqlite3.MEM_Blob:
		return Blob
	}
	return Kind(sqlite3.Xsqlite3_column_type(s.conn.tls, s.handle, int32(i)))
}

// Int64 is a value as a whole number.
func (s *Stmt) Int64(i int) int64 {
	if c := &s.cells[i]; c.Fflags&sqlite3.MEM_AffMask == sqlite3.MEM_Int {
		return *(*int64)(unsafe.Pointer(&c.Fu))
	}
	return sqlite3.Xsqlite3_column_int64(s.conn.tls, s.handle, int32(i))
}

// Float64 is a value as a float.
func (s *Stmt) Float64(i int) float64 {
	if c := &s.cells[i]; c.Fflags&sqlite3.MEM_AffMask == sqlite3.MEM_Real {
		return *(*float64)(unsafe.Pointer(&c.Fu))
	}
	return sqlite3.Xsqlite3_column_double(s.conn.tls, s.handle, int32(i))
}

// Text is a text where SQLite keeps it, until the next step. It must not be changed.
func (s *Stmt) Text(i int) []byte {
	if c := &s.cells[i]; c.Fflags&sqlite3.MEM_AffMask == sqlite3.MEM_Str && c.Fenc == sqlite3.SQLITE_UTF8 {
		return libc.GoBytes(c.Fz, int(c.Fn))
	}
	return s.bytes(i, sqlite3.Xsqlite3_column_text(s.conn.tls, s.handle, int32(i)))
}

// Blob is a blob where SQLite keeps it, until the next step. It must not be changed.
func (s *Stmt) Blob(i int) []byte {
	return s.bytes(i, sqlite3.Xsqlite3_column_blob(s.conn.tls, s.handle, int32(i)))
}

func (s *Stmt) bytes(i int, at uintptr) []byte {
	if at == 0 { // an empty blob
		return []byte{}
	}
	return libc.GoBytes(at, int(sqlite3.Xsqlite3_column_bytes(s.conn.tls, s.handle, int32(i))))
}
