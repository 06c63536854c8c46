package sqlite

import (
	"fmt"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// Error is what SQLite answers when a call fails, a pointer in error chains.
type Error struct {
	code    int
	message string
}

// Code is the extended result code, such as 2067 for a violated unique constraint. Its low byte is the primary code.
func (e *Error) Code() int { return e.code }

// Error is SQLite's text with the code: "UNIQUE constraint failed: shelf.name (2067)".
func (e *Error) Error() string { return fmt.Sprintf("%s (%d)", e.message, e.code) }

// failure is the error of a result code. The connection's own text belongs to its last failure, which is this one.
func (c *Conn) failure(rc int32) error {
	message := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 && sqlite3.Xsqlite3_extended_errcode(c.tls, c.db) == rc {
		message = libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db))
	}
	return &Error{int(rc), message}
}
