package orm_test

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestSQLiteBatchScansAsDatabaseSQL reads each value into a variable of each type, both ways.
func TestSQLiteBatchScansAsDatabaseSQL(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	mustExec(t, db.SQL, "CREATE TABLE t (moment datetime); INSERT INTO t VALUES ('2026-03-01 12:00:00.5')")
	variables := []any{
		new(any), new(int), new(int8), new(int64), new(uint), new(uint8), new(float32), new(float64), new(bool), new(string), new(Mood),
		new([]byte), new(time.Time), new(*int64), new(*string), new(*time.Time), new(sql.NullString), new(orm.Decimal),
		new(orm.Duration), new(struct{}), new(map[string]int),
	}
	for _, value := range []string{"7", "-7", "300", "1", "2.5", "1e300", "'text'", "'12'", "''", "NULL", "x'00ff'", "moment"} {
		query := "SELECT " + value + " FROM t"
		for _, variable := range variables {
			kind := reflect.TypeOf(variable).Elem()
			want, got := reflect.New(kind), reflect.New(kind)
			wantErr := db.SQL.QueryRowContext(t.Context(), query).Scan(want.Interface())
			var b orm.Batch
			b.Query(query, nil, func(rows *orm.Rows) error {
				rows.Next()
				return rows.Scan(got.Interface())
			})
			gotErr := b.Send(t.Context(), db.Gorm)
			if (gotErr == nil) != (wantErr == nil) {
				t.Errorf("%s into %s: %v; database/sql says %v", value, kind, gotErr, wantErr)
				continue
			}
			decimals := cmp.Comparer(func(a, b orm.Decimal) bool { return a.String() == b.String() })
			if diff := cmp.Diff(want.Interface(), got.Interface(), decimals); gotErr == nil && diff != "" {
				t.Errorf("%s into %s:\n%s", value, kind, diff)
			}
		}
	}
}

func TestSQLiteBatch(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	ctx, count := orm.CountStatements(t.Context())
	var b orm.Batch
	var affected int64
	var read []int
	b.Exec("INSERT INTO t VALUES (?), (?)", []any{1, 2}, func(n int64) error { affected = n; return nil })
	b.Exec("UPDATE t SET n = :new WHERE n = :old", []any{sql.Named("old", 2), sql.Named("new", 3)}, nil)
	b.Query("SELECT n FROM t ORDER BY n", nil, func(rows *orm.Rows) error {
		for rows.Next() {
			var n int
			if err := rows.Scan(&n); err != nil {
				return err
			}
			read = append(read, n)
		}
		return nil
	})
	if err := b.Send(ctx, db.Gorm); err != nil {
		t.Fatal(err)
	}
	if affected != 2 || !cmp.Equal(read, []int{1, 3}) || count.Load() != 3 {
		t.Errorf("%d rows were inserted, %v are read, by %d statements", affected, read, count.Load())
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	endless := "WITH RECURSIVE n(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x = 0 OR x < 0"
	soon, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	drain := func(rows *orm.Rows) error {
		for rows.Next() {
		}
		return nil
	}
	for name, c := range map[string]struct {
		ctx   context.Context
		query string
		args  []any
		read  func(rows *orm.Rows) error
		want  func(err error) bool
	}{
		"cancelled":    {cancelled, "SELECT 1", nil, drain, func(err error) bool { return errors.Is(err, context.Canceled) }},
		"nonsense":     {ctx, "SELECT nonsense", nil, drain, func(err error) bool { return err != nil }},
		"an argument":  {ctx, "SELECT ?", []any{struct{}{}}, drain, func(err error) bool { return err != nil }},
		"the function": {ctx, "SELECT 1", nil, func(*orm.Rows) error { return errStop }, func(err error) bool { return errors.Is(err, errStop) }},
		"variables": {ctx, "SELECT 1", nil, func(rows *orm.Rows) error { rows.Next(); return rows.Scan() }, func(err error) bool {
			return err != nil
		}},
		"no row": {ctx, "SELECT 1 WHERE 1 > 1", nil, func(rows *orm.Rows) error { rows.Next(); return rows.Scan(new(int)) }, func(err error) bool {
			return err != nil
		}},
		"a nil pointer": {ctx, "SELECT 1", nil, func(rows *orm.Rows) error { rows.Next(); return rows.Scan((*int)(nil)) }, func(err error) bool {
			return err != nil
		}},
		"no pointer":    {ctx, "SELECT 1", nil, func(rows *orm.Rows) error { rows.Next(); return rows.Scan(1) }, func(err error) bool { return err != nil }},
		"between rows":  {soon, endless, nil, drain, func(err error) bool { return errors.Is(err, orm.ErrUnavailable) }},
		"a violation":   {ctx, "INSERT INTO t VALUES (3) RETURNING n", nil, drain, func(err error) bool { return errors.As(err, new(*orm.ConstraintError)) }},
		"nothing wrong": {ctx, "DELETE FROM t WHERE n = 1 RETURNING n", nil, drain, func(err error) bool { return err == nil }},
	} {
		var b orm.Batch
		b.Query(c.query, c.args, c.read)
		if err := b.Send(c.ctx, db.Gorm); !c.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	db.Close()
	b = orm.Batch{}
	b.Query("SELECT 1", nil, drain)
	if err := b.Send(t.Context(), db.Gorm); !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a closed database: %v", err)
	}
}

// TestSQLiteBatchReadsOneState: what is written while a batch of several SELECT is read, none of them sees.
func TestSQLiteBatchReadsOneState(t *testing.T) {
	db := openNumbers(t, orm.Config{})
	ctx, statements := orm.CountStatements(t.Context())
	var seen []int
	count := func(rows *orm.Rows) error {
		var n int
		rows.Next()
		err := rows.Scan(&n)
		seen = append(seen, n)
		mustExec(t, db.SQL, "INSERT INTO t DEFAULT VALUES")
		return err
	}
	for range 2 {
		var b orm.Batch
		b.Query("SELECT count(*) FROM t", nil, count)
		b.Query(" -- the same\n select count(*) FROM t", nil, count)
		if err := b.Send(ctx, db.Gorm); err != nil {
			t.Fatal(err)
		}
	}
	if !cmp.Equal(seen, []int{0, 0, 2, 2}) || statements.Load() != 4 || statements.Transactions() != 0 {
		t.Errorf("they see %v, by %d and %d statements", seen, statements.Load(), statements.Transactions())
	}
	var failing orm.Batch
	failing.Query("SELECT 1", nil, func(*orm.Rows) error { return nil })
	failing.Query("SELECT nonsense", nil, count)
	if err := failing.Send(ctx, db.Gorm); err == nil {
		t.Error("nonsense is no error")
	}
	mustExec(t, db.SQL, "DROP TABLE t") // which nobody reads any more
}
