package rest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// faults is a pool of connections whose n-th call of the driver fails: a statement, a BEGIN or a COMMIT.
type faults struct {
	real *sql.DB
	left atomic.Int64 // calls until the failure; negative for none
	err  error
}

// next is the error of the next call, nil for most.
func (f *faults) next() error {
	if f.left.Add(-1) == 0 {
		return f.err
	}
	return nil
}

func (f *faults) Driver() driver.Driver { return f.real.Driver() }

// Connect borrows a connection of the real pool for as long as it is used.
func (f *faults) Connect(ctx context.Context) (driver.Conn, error) {
	borrowed, err := f.real.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	c := &faultyConn{faults: f, borrowed: borrowed}
	return c, borrowed.Raw(func(raw any) error { c.Conn = raw.(driver.Conn); return nil })
}

type faultyConn struct {
	driver.Conn
	faults   *faults
	borrowed *sql.Conn
}

func (c *faultyConn) Close() error { return c.borrowed.Close() }

func (c *faultyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.faults.next(); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return &faultyTx{tx, c.faults}, err
}

func (c *faultyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.faults.next(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

func (c *faultyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.faults.next(); err != nil {
		return nil, err
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

func (c *faultyConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type faultyTx struct {
	driver.Tx
	faults *faults
}

// Commit that fails has not committed.
func (t *faultyTx) Commit() error {
	if err := t.faults.next(); err != nil {
		return errors.Join(err, t.Tx.Rollback())
	}
	return t.Tx.Commit()
}

// inject puts a pool with faults under an open database. Health is a way around them.
func inject(t *testing.T, db *orm.DB) (f *faults, health *sql.DB) {
	t.Helper()
	f = &faults{real: db.SQL}
	f.left.Store(-1)
	pool := sql.OpenDB(f)
	t.Cleanup(func() { pool.Close() })
	db.Gorm.Config.ConnPool = pool
	db.Gorm.Statement.ConnPool = pool
	return f, db.SQL
}

// content is everything in the tables, row by row.
func content(t *testing.T, db *sql.DB, tables ...string) []string {
	t.Helper()
	var out []string
	for _, table := range tables {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" ORDER BY 1, 2")
		if err != nil {
			t.Fatal(err)
		}
		columns, _ := rows.Columns()
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(any)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			b.WriteString(table)
			for _, v := range values {
				fmt.Fprintf(&b, " %v", *v.(*any))
			}
			out = append(out, b.String())
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // one of several in a loop
			t.Fatal(err)
		}
	}
	return out
}

// brokenWrites are writes of every sort, in an order in which each of them can succeed.
var brokenWrites = []struct {
	method, path string
	body         any
}{
	{"POST", "/raw/books/", `{"title":"New","slug":"new","publisher":1,"authors":[1,2]}`},
	{"PATCH", "/raw/books/1/", `{"title":"Changed","authors":[2]}`},
	{"PUT", "/raw/publishers/1/", `{"name":"Other"}`},
	{"POST", "/bulk/", bulkBooks(3, 100)},
	{"POST", "/books/2/lengthen/", nil},
	{"POST", "/books/1/add_pages/", `{"amount":3}`},
	{"POST", "/books/1/chapters/", `{"number":9,"title":"x"}`},
	{"PATCH", "/books/newest/", `{"title":"Newest"}`},
	{"POST", "/scans/", new(resttest.Multipart).Field("name", "scan").File("text", "a.txt", []byte("x"))},
	{"DELETE", "/raw/authors/1/", nil},
	{"DELETE", "/raw/books/1/", nil},
}

// TestWritesThatBreak makes every call of the driver fail, one after the other, for every sort of write: the answer is JSON
// and says 500 or, when the database is away, 503; nothing is written or stored by halves.
func TestWritesThatBreak(t *testing.T) {
	for status, cause := range map[int]error{
		500: errors.New("the driver is broken"),
		503: &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			ormtest.Each(t, func(t *testing.T, db *orm.DB) {
				dir := filepath.Join(t.TempDir(), "media")
				c := library(t, db, func(g *rest.Group) {
					g.Register("bulk", &rest.ViewSet[book]{Serializer: rest.Auto[book](), BulkCreate: true}, "bulk").
						Register("books", &rest.ViewSet[book]{Serializer: titleForm, Actions: bookActions()}).
						Register("scans", &rest.ViewSet[scan]{Serializer: rest.Auto[scan]()})
				}, func(c *rest.Config) { c.Storage = rest.DirStorage{Dir: dir} })
				stock(t, c, 2)
				c.Patch("/raw/books/2/", `{"title":"Second"}`)
				f, health := inject(t, db)
				f.err = cause
				look := func() []string {
					tables := []string{"lib_publisher", "lib_author", "lib_book", "lib_book_authors", "lib_chapter", "store_scan"}
					return append(content(t, health, tables...), stored(t, dir)...)
				}
				for _, w := range brokenWrites {
					breakEachCall(t, c, f, status, look, w.method, w.path, w.body)
				}
			})
		})
	}
}

// breakEachCall sends a write again and again, each time with a later call failing, until none fails.
func breakEachCall(t *testing.T, c *resttest.Client, f *faults, status int, look func() []string, method, path string, body any) {
	t.Helper()
	before := look()
	for n := int64(1); n < 100; n++ {
		f.left.Store(n)
		a := c.Do(method, path, body)
		broken := f.left.Swap(-1) <= 0
		if !broken {
			if a.Status >= 300 || n == 1 {
				t.Errorf("%s %s, nothing fails: %s", method, path, a)
			}
			return
		}
		if a.Status != status || !strings.HasPrefix(a.Text(), `{"detail":"`) || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s, call %d fails: %s, want %d", method, path, n, a, status)
		}
		if diff := cmp.Diff(before, look()); diff != "" {
			t.Fatalf("%s %s, call %d fails: something was written (-before +after):\n%s", method, path, n, diff)
		}
	}
	t.Errorf("%s %s: no end", method, path)
}
