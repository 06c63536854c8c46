// Package sqlite is a thin layer over the SQLite library in Go, modernc.org/sqlite/lib: connections, statements that stay
// compiled, functions and errors. It has no part in database/sql, whose values and rows cost more than SQLite itself on small
// queries. [Conn] says what may be used at the same time.
package sqlite
