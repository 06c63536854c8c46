package sqlite

import (
	"errors"
	"strings"

	"modernc.org/libc"
	"modernc.org/sqlite/lib"
)

// Stmt is a compiled statement, its own user's until it is closed: Watch when it is to be interrupted, Bind when it has
// parameters, Step until there is no more row. Its bytes are valid until the next step.
type Stmt struct {
	conn     *Conn
	handle   uintptr
	readOnly bool
	params   []string // names with their sign, "" for a plain "?"
	columns  columns
	cells    []sqlite3.TMem // of the row, where SQLite keeps them; nil when there is none

	text  string // in the cache
	kept  bool
	inUse bool
	room  arguments

	watched watched
}

// columns is what the answer of a statement looks like, until the schema changes.
type columns struct {
	known    bool
	compiled int // how often SQLite had compiled the statement again
	names    []string
	types    []string
}

// Prepare compiles the first statement of a script, or takes it as it was compiled before; rest is what comes after it. The
// statement is nil when there is none but blanks and comments.
func (c *Conn) Prepare(script string) (stmt *Stmt, rest string, err error) {
	if s := c.statements.take(script); s != nil {
		s.inUse = true
		return s, "", nil
	}
	if strings.IndexByte(script, 0) >= 0 { // SQLite would take it for the end
		return nil, "", errors.New("a statement with a zero byte")
	}
	text, err := libc.CString(script)
	if err != nil {
		return nil, "", err
	}
	defer libc.Xfree(c.tls, text)
	flags := uint32(sqlite3.SQLITE_PREPARE_PERSISTENT)
	if len(script) > longestKept {
		flags = 0
	}
	if rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, -1, flags, c.out, c.out+pointerSize); rc != sqlite3.SQLITE_OK {
		return nil, "", c.failure(rc)
	}
	handle, tail := c.pointer(0), c.pointer(1)
	rest = Trim(script[min(int(tail-text), len(script)):])
	if handle == 0 {
		return nil, rest, nil
	}
	c.compiled++
	s := c.newStmt(handle)
	if rest == "" {
		c.statements.add(script, s)
	}
	return s, rest, nil
}

func (c *Conn) newStmt(handle uintptr) *Stmt {
	s := &Stmt{conn: c, handle: handle, inUse: true}
	s.readOnly = sqlite3.Xsqlite3_stmt_readonly(c.tls, handle) != 0
	for i := range sqlite3.Xsqlite3_bind_parameter_count(c.tls, handle) {
		s.params = append(s.params, libc.GoString(sqlite3.Xsqlite3_bind_parameter_name(c.tls, handle, i+1)))
	}
	return s
}

// ReadOnly tells whether the statement writes nothing to the database.
func (s *Stmt) ReadOnly() bool { return s.readOnly }

// Step goes to the next row; false at the end.
func (s *Stmt) Step() (bool, error) {
	if s.isWatched() {
		if err := s.conn.enter(s); err != nil {
			return false, err
		}
		defer s.conn.leave(s)
	}
	s.cells = nil
	switch rc := sqlite3.Xsqlite3_step(s.conn.tls, s.handle); rc {
	case sqlite3.SQLITE_ROW:
		s.cells = s.row()
		return true, nil
	case sqlite3.SQLITE_DONE:
		return false, nil
	default:
		return false, s.stopped(rc)
	}
}

// stopped is the error of a step, which is the context's when it was interrupted.
func (s *Stmt) stopped(rc int32) error {
	err := s.conn.failure(rc)
	if rc != sqlite3.SQLITE_INTERRUPT {
		return err
	}
	s.conn.watch.mu.Lock()
	defer s.conn.watch.mu.Unlock()
	if s.watched.ended != nil {
		return s.watched.ended
	}
	return err
}

// Run steps to the end.
func (s *Stmt) Run() error {
	for {
		if more, err := s.Step(); err != nil || !more {
			return err
		}
	}
}

// Columns are the names of the columns, and their declared types in upper case, "" for expressions. They are known after the
// first step, and not to be changed.
func (s *Stmt) Columns() (names, types []string) {
	again := s.Recompiled()
	if !s.columns.known || s.columns.compiled != again {
		s.columns = s.readColumns()
		s.columns.compiled = again
	}
	return s.columns.names, s.columns.types
}

// Recompiled is how often SQLite compiled the statement again: after a change of the schema, or because another value was
// bound to an argument that its plan hangs on.
func (s *Stmt) Recompiled() int {
	return int(sqlite3.Xsqlite3_stmt_status(s.conn.tls, s.handle, sqlite3.SQLITE_STMTSTATUS_REPREPARE, 0))
}

func (s *Stmt) readColumns() columns {
	n := sqlite3.Xsqlite3_column_count(s.conn.tls, s.handle)
	list := columns{known: true, names: make([]string, n), types: make([]string, n)}
	for i := range n {
		list.names[i] = libc.GoString(sqlite3.Xsqlite3_column_name(s.conn.tls, s.handle, i))
		list.types[i] = strings.ToUpper(libc.GoString(sqlite3.Xsqlite3_column_decltype(s.conn.tls, s.handle, i)))
	}
	return list
}

// Close ends the use of the statement; its rows are gone.
func (s *Stmt) Close() {
	s.conn.forget(s)
	s.cells = nil
	_ = sqlite3.Xsqlite3_reset(s.conn.tls, s.handle) // says again what the last step said
	if !s.kept {
		s.finalize()
		return
	}
	_ = sqlite3.Xsqlite3_clear_bindings(s.conn.tls, s.handle) // cannot fail
	s.room.shrink(s.conn)
	s.inUse = false
}

func (s *Stmt) finalize() {
	_ = sqlite3.Xsqlite3_finalize(s.conn.tls, s.handle) // as reset
	s.room.free(s.conn)
}
