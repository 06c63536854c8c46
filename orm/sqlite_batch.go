package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// sqliteConns is GORM's connection pool on SQLite: database/sql for GORM's own statements, SQLite itself for a [Batch].
type sqliteConns struct {
	primaryDB
	pool *sqlitePool
}

func (c *sqliteConns) readFrom(r *replicas) connections {
	direct := *c
	c.replicas = r
	return &direct
}

// send runs a batch, each statement where it belongs.
func (c *sqliteConns) send(ctx context.Context, items []batchItem) error {
	session := &sqliteConn{pool: c.pool}
	defer session.end()
	if !onlySelects(items) {
		return session.send(ctx, items)
	}
	if err := session.begin(ctx, true); err != nil {
		return Translate(err)
	}
	err := session.send(ctx, items)
	if ended := session.finish(context.WithoutCancel(ctx), "COMMIT"); err == nil {
		err = Translate(ended)
	}
	return err
}

// onlySelects tells whether a batch is of several statements that read. They share a reader and its look at the database,
// which costs as much as a small statement: SQLite asks the system for a lock.
func onlySelects(items []batchItem) bool {
	for i := range items {
		if firstWord(sqlite.Trim(items[i].sql)) != "SELECT" {
			return false
		}
	}
	return len(items) > 1
}

// send runs a batch on the session.
func (c *sqliteConn) send(ctx context.Context, items []batchItem) error {
	for i := range items {
		if err := items[i].runSQLite(ctx, c); err != nil {
			return Translate(err)
		}
	}
	return nil
}

func (item *batchItem) runSQLite(ctx context.Context, session *sqliteConn) error {
	args, err := session.arguments(item.args)
	if err != nil {
		return err
	}
	if item.read == nil {
		return item.execSQLite(ctx, session, args)
	}
	countStatement(ctx, item.sql)
	rows, err := session.query(ctx, item.sql, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // cannot fail
	err = item.readFrom(&Rows{lite: rows})
	if rows.failure != nil {
		return rows.failure // and read took it for the end of the rows
	}
	return err
}

func (item *batchItem) execSQLite(ctx context.Context, session *sqliteConn, args []driver.NamedValue) error {
	result, err := session.ExecContext(ctx, item.sql, args)
	if err != nil || item.done == nil {
		return err
	}
	affected, err := result.RowsAffected()
	if err != nil {
		return err
	}
	return item.done(affected)
}

// arguments turns Go values into what Django stores.
func (c *sqliteConn) arguments(values []any) ([]driver.NamedValue, error) {
	args := make([]driver.NamedValue, len(values))
	for i, v := range values {
		args[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
		if named, ok := v.(sql.NamedArg); ok {
			args[i].Name, args[i].Value = named.Name, named.Value
		}
		if err := c.CheckNamedValue(&args[i]); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return args, nil
}

// next goes to the next row; the error that ended the rows is kept.
func (r *sqliteRows) next() bool {
	err := r.step()
	if err != nil && !errors.Is(err, io.EOF) {
		r.failure, r.ended = err, true
	}
	return err == nil
}

// scan copies the columns of the row to variables, as database/sql does.
func (r *sqliteRows) scan(to []any) error {
	if r.ended {
		return errors.New("there is no row to be read")
	}
	if len(to) != len(r.names) {
		return fmt.Errorf("the row has %d columns, and %d variables are to take them", len(r.names), len(to))
	}
	for i, variable := range to {
		if r.assign(variable, i) {
			continue
		}
		if err := assign(variable, r.value(i)); err != nil {
			return fmt.Errorf("column %s: %w", r.names[i], err)
		}
	}
	return nil
}

// assign copies a value that is of the variable's own type; false for all others.
func (r *sqliteRows) assign(pointer any, i int) (done bool) {
	row := SQLiteRow{r}
	switch variable := pointer.(type) {
	case *int64:
		n, ok := row.Int64(i)
		return assigned(variable, n, ok)
	case *int:
		n, ok := row.Int64(i)
		return assigned(variable, int(n), ok && int64(int(n)) == n)
	case *bool:
		n, ok := row.Int64(i)
		return assigned(variable, n == 1, ok && (n == 0 || n == 1))
	case *string:
		text, ok := row.Text(i)
		return assigned(variable, string(text), ok)
	case *time.Time:
		t, ok := row.Time(i)
		return assigned(variable, t, ok)
	}
	return false
}

func assigned[T any](variable *T, value T, ok bool) bool {
	ok = ok && variable != nil
	if ok {
		*variable = value
	}
	return ok
}

// assign converts a driver's value to the type of the variable that a pointer leads to, as database/sql does.
func assign(pointer any, value driver.Value) error {
	if s, ok := pointer.(sql.Scanner); ok {
		return s.Scan(value)
	}
	p := reflect.ValueOf(pointer)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("a %T is no pointer to a variable", pointer)
	}
	variable := p.Elem()
	switch {
	case variable.Kind() == reflect.Pointer && value != nil:
		inner := reflect.New(variable.Type().Elem())
		variable.Set(inner)
		return assign(inner.Interface(), value)
	case value == nil:
		return assignNull(variable)
	case reflect.TypeOf(value).AssignableTo(variable.Type()):
		variable.Set(reflect.ValueOf(value))
		return nil
	}
	return convert(variable, value)
}

func assignNull(variable reflect.Value) error {
	switch variable.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice:
		variable.SetZero()
		return nil
	}
	return fmt.Errorf("NULL cannot be read into a %s", variable.Type())
}

// convert leaves the rules to database/sql.
func convert(variable reflect.Value, value driver.Value) error {
	var basic reflect.Value
	var err error
	switch variable.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		basic, err = converted[int64](value)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		basic, err = converted[uint64](value)
	case reflect.Float32, reflect.Float64:
		basic, err = converted[float64](value)
	case reflect.Bool:
		basic, err = converted[bool](value)
	case reflect.String:
		if isText(value) || variable.Type() == reflect.TypeFor[string]() {
			basic, err = converted[string](value)
		}
	case reflect.Slice:
		basic, err = converted[[]byte](value)
	}
	if err != nil {
		return err
	}
	if !basic.IsValid() || !basic.CanConvert(variable.Type()) || overflows(variable, basic) {
		return fmt.Errorf("the %T %v cannot be read into a %s", value, value, variable.Type())
	}
	variable.Set(basic.Convert(variable.Type()))
	return nil
}

func isText(value driver.Value) bool {
	switch value.(type) {
	case string, []byte:
		return true
	}
	return false
}

func converted[T any](value driver.Value) (reflect.Value, error) {
	var to sql.Null[T]
	err := to.Scan(value)
	return reflect.ValueOf(to.V), err
}

func overflows(variable, basic reflect.Value) bool {
	switch {
	case variable.CanInt():
		return variable.OverflowInt(basic.Int())
	case variable.CanUint():
		return variable.OverflowUint(basic.Uint())
	case variable.CanFloat():
		return variable.OverflowFloat(basic.Float())
	}
	return false
}
