package sqlite

import (
	"database/sql/driver"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// Predicate is an SQL function that answers true, false or NULL, which is nil. Its arguments are nil, int64, float64, string
// or []byte. The same arguments get the same answer.
type Predicate func(args []driver.Value) (*bool, error)

// AddPredicate makes a function known to the statements of the connection.
func (c *Conn) AddPredicate(name string, params int, answer Predicate) error {
	call := func(tls *libc.TLS, context uintptr, count int32, list uintptr) {
		result, err := answer(values(tls, count, list))
		if err != nil {
			fail(tls, context, err)
		} else if result != nil {
			sqlite3.Xsqlite3_result_int(tls, context, libc.Bool32(*result))
		}
	}
	c.functions = append(c.functions, call)
	text, err := libc.CString(name)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, text)
	const flags = sqlite3.SQLITE_UTF8 | sqlite3.SQLITE_DETERMINISTIC
	address := *(*uintptr)(unsafe.Pointer(&struct {
		f func(*libc.TLS, uintptr, int32, uintptr)
	}{call})) // what the library takes for a C function; c.functions keeps it alive
	if rc := sqlite3.Xsqlite3_create_function(c.tls, c.db, text, int32(params), flags, 0, address, 0, 0); rc != sqlite3.SQLITE_OK {
		return c.failure(rc)
	}
	return nil
}

// fail answers a call with an error.
func fail(tls *libc.TLS, context uintptr, err error) {
	message, none := libc.CString(err.Error())
	if none != nil {
		sqlite3.Xsqlite3_result_error_nomem(tls, context)
		return
	}
	defer libc.Xfree(tls, message)
	sqlite3.Xsqlite3_result_error(tls, context, message, -1)
}

// values are the arguments of a call: a list of pointers.
func values(tls *libc.TLS, count int32, list uintptr) []driver.Value {
	args := make([]driver.Value, count)
	for i := range args {
		args[i] = value(tls, pointerAt(list+uintptr(i*pointerSize)))
	}
	return args
}

func value(tls *libc.TLS, at uintptr) driver.Value {
	switch Kind(sqlite3.Xsqlite3_value_type(tls, at)) {
	case Integer:
		return sqlite3.Xsqlite3_value_int64(tls, at)
	case Float:
		return sqlite3.Xsqlite3_value_double(tls, at)
	case Text:
		return string(valueBytes(tls, at, sqlite3.Xsqlite3_value_text(tls, at)))
	case Blob:
		return append([]byte{}, valueBytes(tls, at, sqlite3.Xsqlite3_value_blob(tls, at))...)
	}
	return nil
}

func valueBytes(tls *libc.TLS, value, bytes uintptr) []byte {
	if bytes == 0 {
		return nil
	}
	return libc.GoBytes(bytes, int(sqlite3.Xsqlite3_value_bytes(tls, value)))
}
