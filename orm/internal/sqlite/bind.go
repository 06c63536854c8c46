package sqlite

import (
	"database/sql/driver"
	"fmt"
	"strconv"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// arguments is memory of the library for the texts that a statement is bound to: SQLite reads them there, and they move no
// more.
type arguments struct {
	at   uintptr
	size int
	used int
}

const (
	leastRoom = 64
	mostRoom  = 4 << 10 // kept with a compiled statement
)

// reserve makes room for all texts of a call; false when there is no memory.
func (r *arguments) reserve(c *Conn, size int) bool {
	r.used = 0
	if r.size >= max(size, 1) {
		return true
	}
	r.free(c)
	size = max(size, leastRoom)
	r.at = sqlite3.Xsqlite3_malloc64(c.tls, uint64(size))
	if r.at == 0 {
		return false
	}
	r.size = size
	return true
}

// next is room for one text.
func (r *arguments) next(size int) (at uintptr, room []byte) {
	at = r.at + uintptr(r.used)
	r.used += size
	return at, libc.GoBytes(at, size)
}

func (r *arguments) shrink(c *Conn) {
	if r.size > mostRoom {
		r.free(c)
	}
}

func (r *arguments) free(c *Conn) {
	if r.at != 0 {
		sqlite3.Xsqlite3_free(c.tls, r.at)
	}
	r.at, r.size = 0, 0
}

// Bind gives the parameters their values: nil, int64, float64, bool, string or []byte; nil bytes are NULL. A parameter with a
// name takes the argument of that name, every other one the argument of its number. Arguments too many are left alone, as
// those of a script are for all of its statements.
func (s *Stmt) Bind(args []driver.NamedValue) error {
	size := 0
	for i, name := range s.params {
		arg, err := argument(args, name, i+1)
		if err != nil {
			return err
		}
		size += textSize(arg)
	}
	if !s.room.reserve(s.conn, size) {
		return &Error{sqlite3.SQLITE_NOMEM, "out of memory"}
	}
	for i, name := range s.params {
		arg, _ := argument(args, name, i+1) // found before
		if rc := s.bind(int32(i+1), arg); rc != sqlite3.SQLITE_OK {
			return fmt.Errorf("argument %d, %T: %w", i+1, arg, s.conn.failure(rc))
		}
	}
	return nil
}

// argument is the value for a parameter, whose name begins with "?", ":", "@" or "$" when it has one.
func argument(args []driver.NamedValue, name string, number int) (driver.Value, error) {
	if name != "" && name[0] != '?' {
		n, err := strconv.Atoi(name[1:])
		if err != nil {
			return named(args, name)
		}
		number = n
	}
	if number < 1 || number > len(args) {
		return nil, fmt.Errorf("the statement lacks argument %d; it got %d", number, len(args))
	}
	return args[number-1].Value, nil
}

func named(args []driver.NamedValue, name string) (driver.Value, error) {
	for _, arg := range args {
		if arg.Name == name[1:] {
			return arg.Value, nil
		}
	}
	return nil, fmt.Errorf("the statement lacks argument %s", name)
}

// textSize is how many bytes the library needs in its own memory.
func textSize(value driver.Value) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 0
}

// bind sets one parameter. The result code is that of a wrong type for a value that no driver has.
func (s *Stmt) bind(i int32, value driver.Value) int32 {
	tls, handle := s.conn.tls, s.handle
	switch v := value.(type) {
	case nil:
		return sqlite3.Xsqlite3_bind_null(tls, handle, i)
	case int64:
		return sqlite3.Xsqlite3_bind_int64(tls, handle, i, v)
	case float64:
		return sqlite3.Xsqlite3_bind_double(tls, handle, i, v)
	case bool:
		return sqlite3.Xsqlite3_bind_int64(tls, handle, i, int64(libc.Bool32(v)))
	case string:
		at, room := s.room.next(len(v))
		copy(room, v)
		return sqlite3.Xsqlite3_bind_text64(tls, handle, i, at, uint64(len(v)), sqlite3.SQLITE_STATIC, sqlite3.SQLITE_UTF8)
	case []byte:
		if v == nil {
			return sqlite3.Xsqlite3_bind_null(tls, handle, i)
		}
		at, room := s.room.next(len(v))
		copy(room, v)
		return sqlite3.Xsqlite3_bind_blob64(tls, handle, i, at, uint64(len(v)), sqlite3.SQLITE_STATIC)
	}
	return sqlite3.SQLITE_MISMATCH
}
