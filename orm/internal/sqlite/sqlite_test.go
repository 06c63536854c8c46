package sqlite_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

const endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x = 1 OR x < 0"

func open(tb testing.TB, uri string) *sqlite.Conn {
	tb.Helper()
	conn, err := sqlite.Open(uri)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Error(err)
		}
	})
	return conn
}

func memory(tb testing.TB) *sqlite.Conn { return open(tb, "file::memory:") }

func prepare(tb testing.TB, conn *sqlite.Conn, text string) *sqlite.Stmt {
	tb.Helper()
	stmt, _, err := conn.Prepare(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return stmt
}

func execute(tb testing.TB, conn *sqlite.Conn, script string) {
	tb.Helper()
	if err := conn.Exec(script); err != nil {
		tb.Fatalf("%s: %v", script, err)
	}
}

func positional(values ...driver.Value) []driver.NamedValue {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return args
}

// first is the text of the first column of the first row.
func first(tb testing.TB, stmt *sqlite.Stmt) string {
	tb.Helper()
	more, err := stmt.Step()
	if err != nil {
		return err.Error()
	}
	if !more {
		return "no row"
	}
	return string(stmt.Text(0))
}

func TestBind(t *testing.T) {
	conn := memory(t)
	const types = "SELECT typeof(?1) || ' ' || quote(?1)"
	for want, value := range map[string]driver.Value{
		"null NULL": nil, "integer -7": int64(-7), "real 1.5": 1.5, "integer 1": true, "text 'é''x'": "é'x", "text ''": "",
		"blob X'00FF'": []byte{0, 255}, "blob X''": []byte{},
	} {
		stmt := prepare(t, conn, types)
		if err := stmt.Bind(positional(value)); err != nil {
			t.Errorf("%v: %v", value, err)
		} else if got := first(t, stmt); got != want {
			t.Errorf("%v is bound as %s, want %s", value, got, want)
		}
		stmt.Close()
	}
	for name, c := range map[string]struct {
		query string
		args  []driver.NamedValue
		want  string
	}{
		"by number":       {"SELECT ?2 || ?1 || ?2", positional("a", "b"), "bab"},
		"by name":         {"SELECT :x || @y || $x", []driver.NamedValue{{Ordinal: 1, Name: "y", Value: "b"}, {Ordinal: 2, Name: "x", Value: "a"}}, "aba"},
		"dollar numbers":  {"SELECT $2 || $1", positional("a", "b"), "ba"},
		"too many":        {"SELECT ?", positional("a", "b"), "a"},
		"nil bytes":       {"SELECT typeof(?)", positional([]byte(nil)), "null"},
		"a long text":     {"SELECT length(?) || right(?2, 1)", nil, ""},
		"too few":         {"SELECT ? || ?", positional("a"), "the statement lacks argument 2; it got 1"},
		"unknown name":    {"SELECT :x", positional("a"), "the statement lacks argument :x"},
		"no driver value": {"SELECT ?", positional(struct{}{}), "argument 1, struct {}: datatype mismatch (20)"},
	} {
		if name == "a long text" {
			long := strings.Repeat("x", 1<<20)
			c.query, c.args, c.want = "SELECT length(?) || substr(?, -1)", positional(long, long+"y"), "1048576y"
		}
		stmt := prepare(t, conn, c.query)
		var got string
		if err := stmt.Bind(c.args); err != nil {
			got = err.Error()
		} else {
			got = first(t, stmt)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		stmt.Close()
	}
}

// TestBindingsAreForgotten: a statement that is used again has no values of its last use.
func TestBindingsAreForgotten(t *testing.T) {
	conn := memory(t)
	for range 2 {
		stmt := prepare(t, conn, "SELECT coalesce(?, 'empty')")
		if got := first(t, stmt); got != "empty" {
			t.Errorf("it has %s", got)
		}
		stmt.Close()
		stmt = prepare(t, conn, "SELECT coalesce(?, 'empty')")
		if err := stmt.Bind(positional("full")); err != nil {
			t.Fatal(err)
		}
		if got := first(t, stmt); got != "full" {
			t.Errorf("it has %s", got)
		}
		stmt.Close()
	}
}

func TestValues(t *testing.T) {
	stmt := prepare(t, memory(t), "SELECT 7, 2.5, 'é', x'00ff', x'', '', NULL")
	defer stmt.Close()
	if more, err := stmt.Step(); err != nil || !more {
		t.Fatal(more, err)
	}
	var kinds []sqlite.Kind
	for i := range 7 {
		kinds = append(kinds, stmt.Kind(i))
	}
	want := []sqlite.Kind{sqlite.Integer, sqlite.Float, sqlite.Text, sqlite.Blob, sqlite.Blob, sqlite.Text, sqlite.Null}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	got := []any{stmt.Int64(0), stmt.Float64(1), string(stmt.Text(2)), stmt.Blob(3), stmt.Blob(4), stmt.Text(5)}
	if diff := cmp.Diff([]any{int64(7), 2.5, "é", []byte{0, 255}, []byte{}, []byte{}}, got); diff != "" {
		t.Error(diff)
	}
	if more, err := stmt.Step(); more || err != nil {
		t.Error("another row", err)
	}
}

func TestWideTexts(t *testing.T) {
	conn := memory(t)
	execute(t, conn, "PRAGMA encoding = 'UTF-16'; CREATE TABLE t (a); INSERT INTO t VALUES ('é')")
	stmt := prepare(t, conn, "SELECT a FROM t")
	defer stmt.Close()
	if got := first(t, stmt); got != "é" {
		t.Errorf("it reads %q", got)
	}
}

func TestStatementsStayCompiled(t *testing.T) {
	conn := memory(t)
	execute(t, conn, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
	long := "SELECT a FROM t -- " + strings.Repeat("x", 8<<10)
	for _, c := range []struct {
		name string
		run  func()
		want int // compiled by it
	}{
		{"the first time", func() { prepare(t, conn, "SELECT a FROM t").Close() }, 1},
		{"again", func() { prepare(t, conn, "SELECT a FROM t").Close() }, 0},
		{"with a semicolon and a comment", func() { prepare(t, conn, "SELECT a FROM t; -- all").Close() }, 1},
		{"again", func() { prepare(t, conn, "SELECT a FROM t; -- all").Close() }, 0},
		{"too long to be kept", func() { prepare(t, conn, long).Close(); prepare(t, conn, long).Close() }, 2},
		{"scripts", func() { execute(t, conn, "SELECT 1; SELECT 2"); execute(t, conn, "SELECT 1; SELECT 2") }, 3}, // the last of it alone is a text
		{"in use", func() {
			one, two := prepare(t, conn, "SELECT a FROM t"), prepare(t, conn, "SELECT a FROM t")
			if a, b, c := first(t, one), first(t, two), first(t, one); a != "1" || b != "1" || c != "2" {
				t.Errorf("two uses at once read %s, %s, %s", a, b, c)
			}
			two.Close()
			one.Close()
			prepare(t, conn, "SELECT a FROM t").Close()
		}, 1},
		{"more than are kept", func() {
			for i := range 300 {
				prepare(t, conn, fmt.Sprintf("SELECT 1, %d", i)).Close()
			}
			prepare(t, conn, "SELECT 1, 299").Close()
			prepare(t, conn, "SELECT 1, 0").Close()
		}, 301},
		{"more than are kept, all in use", func() {
			var open []*sqlite.Stmt
			for i := range 200 {
				open = append(open, prepare(t, conn, fmt.Sprintf("SELECT -%d", i)))
			}
			for _, stmt := range open {
				first(t, stmt)
				stmt.Close()
			}
		}, 200},
	} {
		before := conn.Compiled()
		c.run()
		if got := conn.Compiled() - before; got != c.want {
			t.Errorf("%s: %d are compiled, want %d", c.name, got, c.want)
		}
	}
}

// TestPlans stay as other values are bound, in a database whose values were counted, unless one allows a better plan.
func TestPlans(t *testing.T) {
	conn := memory(t)
	execute(t, conn, `CREATE TABLE t (id INTEGER PRIMARY KEY, kind, state); CREATE INDEX by_kind ON t (kind);
		CREATE INDEX open ON t (id) WHERE state = 'open';
		WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500)
			INSERT INTO t SELECT x, CASE x % 50 WHEN 0 THEN x ELSE 0 END, 'done' FROM n; ANALYZE`)
	for _, c := range []struct {
		query  string
		values []driver.Value
		again  bool
		plan   string
	}{
		{"SELECT * FROM t WHERE kind = ?", []driver.Value{int64(0), int64(50), int64(0)}, false, "SEARCH t USING INDEX by_kind (kind=?)"},
		{"SELECT * FROM t WHERE kind > ? AND id < 400", []driver.Value{int64(-1), int64(100)}, false, ""},
		{"SELECT * FROM t WHERE kind IN (?, 7) LIMIT 10", []driver.Value{int64(0), int64(50)}, false, ""},
		{"SELECT id FROM t ORDER BY id LIMIT ?", []driver.Value{int64(1), int64(2)}, true, ""},
		{"SELECT id FROM t WHERE state = ?", []driver.Value{"done", "open"}, true, "SCAN t USING INDEX open"},
	} {
		stmt := prepare(t, conn, c.query)
		for _, value := range c.values {
			stmt.Close()
			stmt = prepare(t, conn, c.query)
			if err := errors.Join(stmt.Bind(positional(value)), stmt.Run()); err != nil {
				t.Fatal(err)
			}
		}
		if got := stmt.Recompiled(); got > 0 != c.again {
			t.Errorf("%s is compiled again %d times", c.query, got)
		}
		stmt.Close()
		plan := prepare(t, conn, "EXPLAIN QUERY PLAN "+c.query)
		err := plan.Bind(positional(c.values[len(c.values)-1]))
		if more, err := plan.Step(); err != nil || !more || !strings.HasPrefix(string(plan.Text(3)), c.plan) {
			t.Errorf("%s: the plan is %q, %v", c.query, plan.Text(3), err)
		}
		plan.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestColumnsFollowTheSchema, which another connection changes.
func TestColumnsFollowTheSchema(t *testing.T) {
	uri := "file:" + filepath.Join(t.TempDir(), "x.db")
	conn, other := open(t, uri), open(t, uri)
	execute(t, conn, "CREATE TABLE t (a integer); INSERT INTO t VALUES (1)")
	for _, c := range []struct{ change, names, types string }{
		{"SELECT 1", "a", "INTEGER"}, {"ALTER TABLE t ADD COLUMN b datetime", "a b", "INTEGER DATETIME"}, {"SELECT 1", "a b", "INTEGER DATETIME"},
	} {
		execute(t, other, c.change)
		compiled := conn.Compiled()
		stmt := prepare(t, conn, "SELECT * FROM t")
		first(t, stmt)
		names, types := stmt.Columns()
		if got := strings.Join(names, " "); got != c.names || strings.Join(types, " ") != c.types {
			t.Errorf("after %s the columns are %s, %s", c.change, names, types)
		}
		stmt.Close()
		if c.names != "a" && conn.Compiled() != compiled {
			t.Error("the statement is compiled again by us")
		}
	}
}

func TestScripts(t *testing.T) {
	conn := memory(t)
	if err := conn.Exec("CREATE TABLE t (a);; -- first\n INSERT INTO t VALUES (1); /* x */ INSERT INTO t VALUES (2) ; -- end"); err != nil {
		t.Fatal(err)
	}
	if conn.LastInsertID() != 2 || conn.Changes() != 2 || conn.LastChanges() != 1 {
		t.Error(conn.LastInsertID(), conn.Changes(), conn.LastChanges())
	}
	for _, none := range []string{"", " ;; ", "-- x", "/* x"} {
		if stmt, rest, err := conn.Prepare(none); stmt != nil || rest != "" || err != nil {
			t.Errorf("%q: %v, %q, %v", none, stmt, rest, err)
		}
	}
	if err := conn.Exec("SELECT 1\x00; SELECT 2"); err == nil || err.Error() != "a statement with a zero byte" {
		t.Error(err)
	}
	if err := conn.Exec("SELECT 1; SELECT nonsense; SELECT 2"); err == nil || err.Error() != "no such column: nonsense (1)" {
		t.Error(err)
	}
}

func TestErrors(t *testing.T) {
	conn := memory(t)
	execute(t, conn, "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)")
	err := conn.Exec("INSERT INTO t VALUES (1)")
	var failure *sqlite.Error
	if !errors.As(err, &failure) || failure.Code() != 2067 || err.Error() != "UNIQUE constraint failed: t.a (2067)" {
		t.Errorf("it is %v", err)
	}
	execute(t, conn, "INSERT INTO t VALUES (2)")
	if err := conn.Exec(`SELECT "nonsense" FROM t`); err == nil {
		t.Error("a name in double quotes is text")
	}
	if _, err := sqlite.Open("file:" + filepath.Join(t.TempDir(), "no", "folder")); !errors.As(err, &failure) || failure.Code() != 14 {
		t.Errorf("a file that cannot be: %v", err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestInTransaction(t *testing.T) {
	conn := memory(t)
	for _, c := range []struct {
		statement string
		want      bool
	}{{"SELECT 1", false}, {"BEGIN", true}, {"SELECT 1", true}, {"ROLLBACK", false}} {
		if execute(t, conn, c.statement); conn.InTransaction() != c.want {
			t.Errorf("after %s it is %v", c.statement, !c.want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	conn := memory(t)
	execute(t, conn, "CREATE TABLE t (a)")
	for query, want := range map[string]bool{
		"SELECT a FROM t": true, "WITH x AS (SELECT 1) SELECT * FROM x": true, "EXPLAIN SELECT a FROM t": true,
		"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x": false, "DELETE FROM t": false, "CREATE TABLE u (a)": false,
	} {
		stmt := prepare(t, conn, query)
		if stmt.ReadOnly() != want {
			t.Errorf("%s reads only: %v", query, !want)
		}
		stmt.Close()
	}
}

// TestWatch: what ends a statement, when, and that the next one does not feel it.
func TestWatch(t *testing.T) {
	conn := memory(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	always := func(ctx context.Context) func() context.Context { return func() context.Context { return ctx } }
	soon := func() context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		return ctx
	}
	for name, c := range map[string]struct {
		ctx   func() context.Context
		limit time.Duration
		query string
		rows  int
		want  error
	}{
		"nothing":              {always(context.Background()), 0, "VALUES (1), (2)", 2, nil},
		"in time":              {always(t.Context()), time.Minute, "VALUES (1), (2)", 2, nil},
		"over already":         {always(cancelled), 0, endless, 0, context.Canceled},
		"cancelled later":      {soon, time.Minute, endless, 1, context.Canceled},
		"late":                 {always(context.Background()), 20 * time.Millisecond, strings.ReplaceAll(endless, "x = 1 OR", ""), 0, context.DeadlineExceeded},
		"both":                 {always(t.Context()), 20 * time.Millisecond, strings.ReplaceAll(endless, "x = 1 OR", ""), 0, context.DeadlineExceeded},
		"cancelled, no limit":  {soon, 0, strings.ReplaceAll(endless, "x = 1 OR", ""), 0, context.Canceled},
		"the limit ends early": {soon, 5 * time.Millisecond, endless, 1, context.Canceled}, // with the first row
	} {
		stmt := prepare(t, conn, c.query)
		rows, err := 0, stmt.Watch(c.ctx(), c.limit)
		for more := true; err == nil && more; {
			if more, err = stmt.Step(); more {
				rows++
			}
		}
		stmt.Close()
		if rows != c.rows || !errors.Is(err, c.want) {
			t.Errorf("%s: %d rows, %v; want %d, %v", name, rows, err, c.rows, c.want)
		}
		execute(t, conn, "VALUES (1), (2)")
	}
}

// TestWatchEndsOnlyItsUse: a context that ends after the statement was closed has nothing to do with its next use.
func TestWatchEndsOnlyItsUse(t *testing.T) {
	conn := memory(t)
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		stmt := prepare(t, conn, "VALUES (1), (2)")
		if err := stmt.Watch(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		first(t, stmt)
		go cancel()
		stmt.Close()
		again := prepare(t, conn, "VALUES (1), (2)")
		if err := errors.Join(again.Watch(t.Context(), time.Minute), again.Run()); err != nil {
			t.Fatal(err)
		}
		again.Close()
	}
}

func TestPredicates(t *testing.T) {
	conn := memory(t)
	yes, no := true, false
	var got []driver.Value
	err := conn.AddPredicate("same", 2, func(args []driver.Value) (*bool, error) {
		got = append(got, args...)
		switch {
		case args[0] == nil:
			return nil, nil
		case args[0] == "broken":
			return nil, errors.New("it is broken")
		case fmt.Sprint(args[0]) == fmt.Sprint(args[1]):
			return &yes, nil
		}
		return &no, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"same(1, 1)": "1", "same('a', 'b')": "0", "same(1.5, '1.5')": "1", "same(x'01', x'01')": "1", "same('', '')": "1",
		"coalesce(same(NULL, 1), 'null')": "null", "same('broken', 1)": "it is broken (1)",
	} {
		stmt := prepare(t, conn, "SELECT "+call)
		if got := first(t, stmt); got != want {
			t.Errorf("%s is %s, want %s", call, got, want)
		}
		stmt.Close()
	}
	if len(got) != 14 {
		t.Errorf("it was asked about %v", got)
	}
	if err := conn.AddPredicate("x", 5000, nil); err == nil {
		t.Error("a function has 5000 parameters")
	}
}

func TestTrim(t *testing.T) {
	for script, want := range map[string]string{
		"SELECT 1": "SELECT 1", " \n;; SELECT 1 ; ": "SELECT 1 ; ", "-- a\nSELECT 1": "SELECT 1", "/* a; */ /**/ SELECT 1": "SELECT 1",
		"-- a": "", "/* a": "", "": "", "-": "-",
	} {
		if got := sqlite.Trim(script); got != want {
			t.Errorf("%q: %q, want %q", script, got, want)
		}
	}
}

// TestReuseAllocatesNothing, but for what a context costs.
func TestReuseAllocatesNothing(t *testing.T) {
	conn := memory(t)
	args := positional("text", int64(7))
	allocations := testing.AllocsPerRun(100, func() {
		stmt, _, err := conn.Prepare("SELECT ?, ? UNION ALL SELECT 'a', 1")
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Close()
		if err := errors.Join(stmt.Watch(context.Background(), time.Minute), stmt.Bind(args)); err != nil {
			t.Fatal(err)
		}
		for more, err := stmt.Step(); more; more, err = stmt.Step() {
			if err != nil || len(stmt.Text(0)) == 0 || stmt.Int64(1) == 0 {
				t.Fatal(err)
			}
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}
