package sqlite

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

const pointerSize = bits.UintSize / 8

// Conn is a connection. One goroutine at a time uses it and the statements of it; contexts that watch them may end at any
// time.
type Conn struct {
	tls        *libc.TLS
	db         uintptr
	out        uintptr // room for two pointers that the library writes
	functions  []any   // what the library calls, kept from the garbage collector
	statements cache
	compiled   int

	watch watch
}

// patchOnce mends what the library must have mended before its first use, on the one platform that needs it.
var patchOnce = sync.OnceFunc(sqlite3.PatchIssue199)

// Open opens the database that a URI names, "file:path?mode=ro", and makes the file when there is none. Names in double quotes
// are never text. Close the connection after use.
func Open(uri string) (*Conn, error) {
	patchOnce()
	c := &Conn{tls: libc.NewTLS()}
	c.statements.init()
	c.out = sqlite3.Xsqlite3_malloc64(c.tls, 2*pointerSize)
	if err := c.open(uri); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Conn) open(uri string) error {
	name, err := libc.CString(uri)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	const flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE | sqlite3.SQLITE_OPEN_URI |
		sqlite3.SQLITE_OPEN_NOMUTEX | sqlite3.SQLITE_OPEN_EXRESCODE
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, flags, 0)
	c.db = c.pointer(0) // there is one even when it could not be opened
	if rc != sqlite3.SQLITE_OK {
		return c.failure(rc)
	}
	for _, quirk := range []int32{sqlite3.SQLITE_DBCONFIG_DQS_DDL, sqlite3.SQLITE_DBCONFIG_DQS_DML} {
		if rc := c.configure(quirk, 0); rc != sqlite3.SQLITE_OK {
			return c.failure(rc)
		}
	}
	c.planByAverages()
	return nil
}

// slot is the room of each variadic argument, on every platform.
const slot = 8

// configure sets a switch of the connection.
func (c *Conn) configure(option, on int32) int32 {
	list := sqlite3.Xsqlite3_malloc64(c.tls, 2*slot)
	defer sqlite3.Xsqlite3_free(c.tls, list)
	return sqlite3.Xsqlite3_db_config(c.tls, c.db, option, libc.VaList(list, on, uintptr(0)))
}

// planByAverages keeps the samples that ANALYZE took of the values out of plans, as in SQLite's own builds, and leaves its
// averages there: with samples a statement is compiled again whenever other values are bound to it, which takes longer than
// most statements run.
func (c *Conn) planByAverages() {
	list := sqlite3.Xsqlite3_malloc64(c.tls, 2*slot)
	defer sqlite3.Xsqlite3_free(c.tls, list)
	_ = sqlite3.Xsqlite3_test_control(c.tls, sqlite3.SQLITE_TESTCTRL_OPTIMIZATIONS, libc.VaList(list, c.db, uint32(sqlite3.SQLITE_Stat4)))
}

// pointer is the i-th of the pointers that the library wrote.
func (c *Conn) pointer(i int) uintptr { return pointerAt(c.out + uintptr(i*pointerSize)) }

// pointerAt reads a pointer of the library.
func pointerAt(at uintptr) uintptr {
	bytes := libc.GoBytes(at, pointerSize)
	if pointerSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(bytes))
	}
	return uintptr(binary.NativeEndian.Uint64(bytes))
}

// Exec runs statements that take no arguments, one after the other, and drops their rows.
func (c *Conn) Exec(script string) error {
	for script != "" {
		stmt, rest, err := c.Prepare(script)
		if err != nil {
			return err
		}
		script = rest
		if stmt == nil {
			continue
		}
		err = stmt.Run()
		stmt.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// InTransaction tells whether a transaction is open.
func (c *Conn) InTransaction() bool { return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0 }

// Changes is how many rows were changed so far, those that triggers and foreign keys changed among them.
func (c *Conn) Changes() int64 { return sqlite3.Xsqlite3_total_changes64(c.tls, c.db) }

// LastChanges is how many rows the last INSERT, UPDATE or DELETE changed by itself.
func (c *Conn) LastChanges() int64 { return sqlite3.Xsqlite3_changes64(c.tls, c.db) }

// LastInsertID is the row id of the row inserted last.
func (c *Conn) LastInsertID() int64 { return sqlite3.Xsqlite3_last_insert_rowid(c.tls, c.db) }

// Compiled is how many statements were compiled so far, those found compiled left out.
func (c *Conn) Compiled() int { return c.compiled }

// Close closes the connection and its statements; none may be in use. Closing again does nothing.
func (c *Conn) Close() error {
	if c.tls == nil {
		return nil
	}
	c.statements.clear()
	var err error
	if rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db); rc != sqlite3.SQLITE_OK {
		err = fmt.Errorf("close: %w", c.failure(rc))
	}
	sqlite3.Xsqlite3_free(c.tls, c.out)
	c.tls.Close()
	c.tls, c.functions = nil, nil
	return err
}
