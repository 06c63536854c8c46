package rowscan_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest/internal/rowscan"
)

// box holds one value of a type, plain and behind a pointer.
type box[T any] struct {
	ID    int64 `gorm:"primaryKey"`
	Plain T
	Maybe *T
}

// fields parses a struct as GORM does.
func fields(t testing.TB, row any) *schema.Schema {
	t.Helper()
	s, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// column is the column of a Go field.
func column(t testing.TB, s *schema.Schema, object int, name string) rowscan.Column {
	t.Helper()
	f := s.LookUpField(name)
	if f == nil {
		t.Fatalf("%s has no field %s", s.Name, name)
	}
	return rowscan.Column{Object: object, Field: f, Index: f.StructField.Index}
}

// planOf is a plan for the named fields of a struct.
func planOf[M any](t testing.TB, names ...string) *rowscan.Plan {
	t.Helper()
	s := fields(t, new(M))
	columns := make([]rowscan.Column, len(names))
	for i, name := range names {
		columns[i] = column(t, s, 0, name)
	}
	plan, err := rowscan.NewPlan([]rowscan.Object{{Type: reflect.TypeFor[M]()}}, columns)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// read reads all rows of a query.
func read[M any](t testing.TB, db *orm.DB, reader *rowscan.Reader, query string, args ...any) (list []*M, err error) {
	t.Helper()
	b := &orm.Batch{}
	b.Query(query, args, func(rows *orm.Rows) error {
		for rows.Next() {
			p, err := reader.Row(rows)
			if err != nil {
				return err
			}
			list = append(list, (*M)(p))
		}
		return nil
	})
	return list, b.Send(t.Context(), db.Gorm)
}

// same compares values as they are, decimals to the last zero and moments in their zone.
func same(a, b any) string {
	return cmp.Diff(a, b,
		cmp.Comparer(func(a, b orm.Decimal) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location().String() == b.Location().String() }),
		cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
		cmp.Comparer(func(a, b orm.TimeOfDay) bool { return a == b }),
		cmp.Comparer(func(a, b orm.Date) bool { return a == b }),
	)
}

// asScanned reads every literal of type T with a plan and by database/sql, and compares the values; it returns how many could
// be read.
func asScanned[T any](t *testing.T, db *orm.DB, literals ...string) {
	t.Helper()
	name := reflect.TypeFor[T]().String()
	plan := planOf[box[T]](t, "ID", "Plain", "Maybe")
	for _, literal := range literals {
		var want, maybe T
		query := "SELECT 7, " + literal + ", " + literal
		wantErr := db.SQL.QueryRowContext(t.Context(), query).Scan(new(int64), &want, &maybe)
		rows, err := read[box[T]](t, db, plan.NewReader(1), strings.Replace(query, "7", "CAST(7 AS bigint)", 1))
		if (err == nil) != (wantErr == nil) {
			t.Errorf("%s into %s: %v; database/sql says %v", literal, name, err, wantErr)
			continue
		}
		if err != nil {
			continue
		}
		if diff := same(&box[T]{7, want, &want}, rows[0]); diff != "" {
			t.Errorf("%s into %s (-database/sql +plan):\n%s", literal, name, diff)
		}
	}
}

type label string

// TestDecodersReadAsDatabaseSQL reads literals of PostgreSQL's types into the types of models.
func TestDecodersReadAsDatabaseSQL(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	t.Run("bool", func(t *testing.T) { asScanned[bool](t, db, "true", "false") })
	t.Run("integers", func(t *testing.T) {
		literals := []string{
			"0::int2", "-32768::int2", "32767::int2", "0::int4", "-2147483648::int4", "2147483647::int4", "32768::int4", "-1::int8",
			"9223372036854775807::int8", "-9223372036854775808::int8", "2147483648::int8",
		}
		asScanned[int64](t, db, literals...)
		asScanned[int](t, db, literals...)
		asScanned[int32](t, db, literals...)
		asScanned[int16](t, db, literals...)
		asScanned[int8](t, db, "1::int2", "127::int8", "128::int4")
		asScanned[uint16](t, db, "1::int2", "65535::int4", "-1::int4")
	})
	t.Run("floats", func(t *testing.T) {
		asScanned[float64](t, db, "0::float8", "'-0'::float8", "1.5::float8", "1e300::float8", "5e-324::float8", "'Infinity'::float8",
			"'-Infinity'::float8", "'NaN'::float8", "1.5::float4", "7::int8")
		asScanned[float32](t, db, "1.5::float4", "0.25::float8")
	})
	t.Run("texts", func(t *testing.T) {
		literals := []string{
			"''::text", "'a'::text", "'žluťoučký 🐎'::varchar(20)", "'ab'::char(4)", "'n'::name", "repeat('x', 100000)", "'192.168.0.1'::inet",
			"interval '1 day 00:00:01'", "'{\"a\": 1}'::json", "12::int4",
		}
		asScanned[string](t, db, literals...)
		asScanned[label](t, db, literals[:5]...)
		asScanned[orm.File](t, db, "'covers/a.png'::varchar(100)", "''::text")
	})
	t.Run("moments", func(t *testing.T) {
		asScanned[time.Time](t, db,
			"timestamptz '2026-03-01 12:00:00.123456+02'", "timestamptz '2000-01-01 00:00:00+00'", "timestamptz '1999-12-31 23:59:59.999999+00'",
			"timestamptz '1969-12-31 23:59:59.5+00'", "timestamptz '0001-01-01 00:00:00+00'", "timestamptz '4713-01-01 00:00:00+00 BC'",
			"timestamptz '9999-12-31 23:59:59.999999+00'", "timestamptz '294276-12-31 23:59:59.999999+00'", "timestamptz 'infinity'",
			"timestamptz '-infinity'", "timestamp '1999-12-31 23:59:59.999999'", "date '2024-02-29'")
		asScanned[orm.Date](t, db, "date '2000-01-01'", "date '1999-12-31'", "date '2024-02-29'", "date '0001-01-01'", "date '9999-12-31'",
			"date '1969-12-31'", "date 'infinity'", "date '-infinity'")
		asScanned[orm.TimeOfDay](t, db, "time '00:00'", "time '23:59:59.999999'", "time '12:34:56'", "time '00:00:00.000001'", "time '24:00'")
		asScanned[orm.Duration](t, db, "interval '1 day 02:03:04.5'", "interval '-00:00:01'", "interval '0'")
	})
	t.Run("decimals", func(t *testing.T) {
		asScanned[orm.Decimal](t, db, decimals...)
		asScanned[orm.Decimal](t, db, "'NaN'::numeric", "'Infinity'::numeric", "'-Infinity'::numeric", "1::int4", "1.5::float8")
	})
	t.Run("others", func(t *testing.T) {
		asScanned[uuid.UUID](t, db, "uuid '00000000-0000-0000-0000-000000000000'", "uuid 'f47ac10b-58cc-4372-a567-0e02b2c3d479'")
		asScanned[[]byte](t, db, `'\x'::bytea`, `'\x00ff10'::bytea`, "repeat('a', 9000)::bytea")
		asScanned[orm.JSON](t, db, "jsonb '{\"b\": [1, 2.50, null], \"a\": \"ž\"}'", "json '{\"b\":1,  \"a\":[ ]}'", "jsonb 'null'", "json '\"x\"'", "jsonb '12'")
	})
}

// TestSQLiteDecodersReadAsDatabaseSQL reads what SQLite can keep in the columns of models, of the right type and others.
func TestSQLiteDecodersReadAsDatabaseSQL(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	exec(t, db, "CREATE TABLE t (n integer PRIMARY KEY, moment datetime, day date, cost decimal)")
	declared := func(column string, stored ...string) (literals []string) {
		for _, value := range stored {
			exec(t, db, "INSERT INTO t ("+column+") VALUES ("+value+")")
			literals = append(literals, "(SELECT "+column+" FROM t WHERE n = (SELECT count(*) FROM t) - "+strconv.Itoa(len(stored)-len(literals)-1)+")")
		}
		return literals
	}
	integers := []string{"0", "1", "-32768", "32768", "2147483647", "2147483648", "9223372036854775807", "-9223372036854775808", "'12'", "1.0"}
	t.Run("bool", func(t *testing.T) { asScanned[bool](t, db, "0", "1", "2", "'true'", "1.0") })
	t.Run("integers", func(t *testing.T) {
		asScanned[int64](t, db, integers...)
		asScanned[int](t, db, integers...)
		asScanned[int32](t, db, integers...)
		asScanned[int16](t, db, integers...)
		asScanned[uint16](t, db, integers...)
	})
	t.Run("floats", func(t *testing.T) {
		asScanned[float64](t, db, "0.0", "-0.0", "1.5", "1e300", "9e999", "5e-324", "7", "'1.5'", "'x'")
	})
	t.Run("texts", func(t *testing.T) {
		texts := []string{"''", "'a'", "'žluťoučký 🐎'", "printf('%.*c', 100000, 'x')", "12", "1.5", "x'6162'", "'a' || char(0) || 'b'", "CAST(x'ff' AS text)"}
		asScanned[string](t, db, append(texts, declared("moment", "'2026-03-01 12:00:00'", "'no time'")...)...)
		asScanned[label](t, db, texts[:4]...)
		asScanned[orm.File](t, db, "'covers/a.png'", "''")
		asScanned[orm.JSON](t, db, `'{"b":1,  "a":[ ]}'`, "''", "5", "1.5", "x'7b7d'", "1 = 1")
	})
	t.Run("moments", func(t *testing.T) {
		asScanned[time.Time](t, db, declared("moment", "'2026-03-01 12:00:00.123456'", "'1999-12-31 23:59:59'", "'2026-03-01T12:00:00+02:00'")...)
		asScanned[orm.Date](t, db, append(declared("day", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'2024-02-30'", "'x'"), "'2024-02-29'")...)
		asScanned[orm.TimeOfDay](t, db, "'00:00:00'", "'23:59:59.999999'", "'24:00'")
		asScanned[orm.Duration](t, db, "86400000000", "-1", "'1 00:00:00'")
	})
	t.Run("decimals", func(t *testing.T) {
		asScanned[orm.Decimal](t, db, append(declared("cost", "12.50", "'10'", "0.1", "-0.000001", "1e20", "123456789012.345", "'many'"), "9e999", "'1.500'")...)
	})
	t.Run("others", func(t *testing.T) {
		asScanned[uuid.UUID](t, db, "'f47ac10b58cc4372a5670e02b2c3d479'", "'F47AC10B-58CC-4372-A567-0E02B2C3D479'", "'f47a'", "x'f47ac10b58cc4372a5670e02b2c3d479'")
		asScanned[[]byte](t, db, "x''", "x'00ff10'", "zeroblob(9000)", "'text'")
	})
}

// decimals are numbers of many sizes and scales, short of and beyond what is read the quick way.
var decimals = []string{
	"0::numeric", "0.00::numeric", "1::numeric", "-1::numeric", "0.1::numeric", "-0.1::numeric", "0.0001::numeric", "0.00001::numeric",
	"0.00010000::numeric", "10000::numeric", "100000000::numeric", "10000.0001::numeric", "12345.6789::numeric", "-12345.678::numeric",
	"99.90::numeric", "99.900::numeric(10,3)", "1234567890.12::numeric(12,2)", "9999999999999999.99::numeric", "-9999999999999999.99::numeric",
	"999999999999999999::numeric", "1000000000000000000::numeric", "0.000000000000000001::numeric", "0.0000000000000000001::numeric",
	"1e100::numeric", "-1e-100::numeric", "123456789012345678901234567890.123456789::numeric", "5000::numeric(4,0)", "100.0::numeric",
}

// TestDecimalsAreThoseOfTheirTexts is a law: what is read in binary is what ParseDecimal makes of the text that PostgreSQL
// writes.
func TestDecimalsAreThoseOfTheirTexts(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	random := rand.New(rand.NewPCG(1, 2))
	numbers := make([]string, 3000)
	for i := range numbers {
		numbers[i] = randomNumber(random)
	}
	type row struct {
		ID     int64 `gorm:"primaryKey"`
		Number orm.Decimal
		Text   string
	}
	rows, err := read[row](t, db, planOf[row](t, "ID", "Number", "Text").NewReader(len(numbers)),
		"SELECT n::int8, x::numeric, x::numeric::text FROM unnest($1::text[]) WITH ORDINALITY AS t (x, n) ORDER BY n", numbers)
	if err != nil || len(rows) != len(numbers) {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, r := range rows {
		want, err := orm.ParseDecimal(r.Text)
		if err != nil {
			t.Fatal(err)
		}
		if want.Plain() != r.Number.Plain() || want.Exponent() != r.Number.Exponent() || want.Sign() != r.Number.Sign() {
			t.Errorf("%s is read as %s with exponent %d, want %s with %d", numbers[i], r.Number, r.Number.Exponent(), want, want.Exponent())
		}
	}
}

// randomNumber has up to 24 digits, many of them 0 and 9, and a point anywhere.
func randomNumber(random *rand.Rand) string {
	digits := make([]byte, 1+random.IntN(24))
	for i := range digits {
		digits[i] = "0000999912345678"[random.IntN(16)]
	}
	point := random.IntN(len(digits) + 1)
	text := "0" + string(digits[:point])
	if point < len(digits) {
		text += "." + string(digits[point:])
	}
	if random.IntN(2) == 0 {
		text = "-" + text
	}
	return text
}

// everything has a variable of each kind.
type everything struct {
	ID       int64 `gorm:"primaryKey"`
	Flag     bool
	Number   int32
	Amount   orm.Decimal
	Ratio    float64
	Name     label
	Moment   time.Time
	Day      orm.Date
	Clock    orm.TimeOfDay
	Span     orm.Duration
	Data     orm.JSON
	Raw      []byte
	Key      uuid.UUID
	MayFlag  *bool
	MayCount *int16
	MayName  *string
	MayDay   *orm.Date
	MayKey   *uuid.UUID
	MayCost  *orm.Decimal
}

// names are the Go fields of a struct.
func names(t reflect.Type) (list []string) {
	for i := range t.NumField() {
		list = append(list, t.Field(i).Name)
	}
	return list
}

// TestNullsLeaveZeroes: NULL is the zero value of plain variables and nil of pointers, on both databases.
func TestNullsLeaveZeroes(t *testing.T) {
	columns := names(reflect.TypeFor[everything]())
	plan := planOf[everything](t, columns...)
	query := "SELECT " + strings.Repeat("NULL, ", len(columns)-1) + "NULL"
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		rows, err := read[everything](t, db, plan.NewReader(1), query)
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		if diff := same(&everything{}, rows[0]); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRowsAreReadAsTheDriverGivesThem reads what SQLite stores of each type.
func TestRowsAreReadAsTheDriverGivesThem(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	want := &everything{
		ID: 5, Flag: true, Number: -3, Amount: orm.MustDecimal("12.50"), Ratio: 1.5, Name: "ž", Moment: time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC),
		Data: orm.JSON(`{"a":1}`), Raw: []byte{0, 255}, Key: uuid.MustParse("f47ac10b-58cc-4372-a567-0e02b2c3d479"), Span: orm.Day,
		MayFlag: new(bool), MayCount: ptr(int16(7)), MayName: ptr("x"), MayCost: ptr(orm.MustDecimal("1.5")),
	}
	for _, into := range []struct {
		to   any
		from string
	}{{&want.Day, "2024-02-29"}, {&want.Clock, "12:34:56"}} {
		if err := into.to.(interface{ Scan(any) error }).Scan(into.from); err != nil {
			t.Fatal(err)
		}
	}
	want.MayDay, want.MayKey = ptr(want.Day), ptr(want.Key)
	literals := []string{
		"5", "1", "-3", "'12.50'", "1.5", "'ž'", "moment", "'2024-02-29'", "'12:34:56'", "86400000000", `'{"a":1}'`, "x'00ff'",
		"'f47ac10b58cc4372a5670e02b2c3d479'", "0", "7", "'x'", "'2024-02-29'", "'f47ac10b58cc4372a5670e02b2c3d479'", "'1.5'",
	}
	exec(t, db, "CREATE TABLE t (moment datetime)")
	exec(t, db, "INSERT INTO t VALUES ('2026-03-01 12:00:00.5')")
	plan := planOf[everything](t, names(reflect.TypeFor[everything]())...)
	rows, err := read[everything](t, db, plan.NewReader(1), "SELECT "+strings.Join(literals, ", ")+" FROM t")
	if err != nil {
		t.Fatal(err)
	}
	if diff := same(want, rows[0]); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []string{"'x', 1", "1, 'no number'"} {
		if _, err := read[everything](t, db, planOf[everything](t, "ID", "Number").NewReader(1), "SELECT "+wrong); err == nil {
			t.Errorf("%s is no error", wrong)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func exec(t testing.TB, db *orm.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

// The objects of a joined row: a leaf on a branch on a tree.

type tree struct {
	ID   int64 `gorm:"primaryKey"`
	Name string
}

type branch struct {
	ID   int64 `gorm:"primaryKey"`
	Name *string
	Tree *tree `gorm:"-"`
}

type leaf struct {
	ID     int64 `gorm:"primaryKey"`
	Name   string
	Branch *branch `gorm:"-"`
	Other  *branch `gorm:"-"`
}

func joined(t testing.TB, extra ...reflect.Type) *rowscan.Plan {
	t.Helper()
	leaves, branches, trees := fields(t, &leaf{}), fields(t, &branch{}), fields(t, &tree{})
	at := func(holder reflect.Type, name string) []int {
		f, _ := holder.FieldByName(name)
		return f.Index
	}
	objects := []rowscan.Object{
		{Type: reflect.TypeFor[leaf]()},
		{Type: reflect.TypeFor[branch](), Index: at(reflect.TypeFor[leaf](), "Branch")},
		{Type: reflect.TypeFor[tree](), Parent: 1, Index: at(reflect.TypeFor[branch](), "Tree")},
		{Type: reflect.TypeFor[branch](), Index: at(reflect.TypeFor[leaf](), "Other")},
	}
	plan, err := rowscan.NewPlan(objects, []rowscan.Column{
		column(t, leaves, 0, "ID"), column(t, leaves, 0, "Name"), column(t, branches, 1, "ID"), column(t, branches, 1, "Name"),
		column(t, trees, 2, "ID"), column(t, trees, 2, "Name"), column(t, branches, 3, "ID"), column(t, branches, 3, "Name"),
	}, extra...)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

const joinedRows = `SELECT CAST(1 AS bigint), 'a', CAST(2 AS bigint), 'b', CAST(3 AS bigint), 'c', CAST(4 AS bigint), 'd', CAST(9 AS bigint), 'e'
	UNION ALL SELECT 5, 'f', 6, NULL, NULL, NULL, NULL, NULL, NULL, NULL
	UNION ALL SELECT 7, 'g', NULL, 'not read', 8, 'not read', 10, 'h', 11, 'i'`

// TestJoinedObjects: an object whose key is NULL is not there, nor what is joined to it; those beside it are.
func TestJoinedObjects(t *testing.T) {
	plan := joined(t, reflect.TypeFor[int64](), reflect.TypeFor[*string]())
	want := []*leaf{
		{1, "a", &branch{2, ptr("b"), &tree{3, "c"}}, &branch{4, ptr("d"), nil}},
		{5, "f", &branch{6, nil, nil}, nil},
		{7, "g", nil, &branch{10, ptr("h"), nil}},
	}
	wantExtra := []string{"9 e", "0 <nil>", "11 i"}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		reader := plan.NewReader(0)
		var got []*leaf
		var extra []string
		b := &orm.Batch{}
		b.Query(joinedRows, nil, func(rows *orm.Rows) error {
			for rows.Next() {
				p, err := reader.Row(rows)
				if err != nil {
					return err
				}
				got = append(got, (*leaf)(p))
				text := "<nil>"
				if s := reader.Extra(1).Elem().Interface().(*string); s != nil {
					text = *s
				}
				extra = append(extra, strconv.FormatInt(reader.Extra(0).Elem().Int(), 10)+" "+text)
			}
			return nil
		})
		if err := b.Send(t.Context(), db.Gorm); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(wantExtra, extra); diff != "" {
			t.Error(diff)
		}
		for _, query := range []string{"SELECT 1", joinedRows[:strings.Index(joinedRows, "\n")] + ", 1"} {
			if _, err := read[leaf](t, db, plan.NewReader(0), query); err == nil {
				t.Errorf("%.20q has the wrong number of columns, which is no error", query)
			}
		}
	})
}

// TestReleasedMemoryIsUsedAgain: the rows of the next answer lie where those before it lay, and hold nothing of them.
func TestReleasedMemoryIsUsedAgain(t *testing.T) {
	columns := names(reflect.TypeFor[everything]())
	plan := planOf[everything](t, columns...)
	full := "SELECT 5::int8, true, 3::int4, 1.5::numeric, 1.5::float8, 'name', now(), date '2024-02-29', time '12:00', interval '1 day', jsonb '{}'," +
		" '\\x00'::bytea, gen_random_uuid(), true, 7::int2, 'may', date '2024-02-29', gen_random_uuid(), 1.5::numeric FROM generate_series(1, 3)"
	nulls := "SELECT " + strings.Repeat("NULL, ", len(columns)-1) + "NULL FROM generate_series(1, 3)"
	db := ormtest.Open(t, ormtest.Postgres(t))
	reader := plan.NewReader(3)
	rows, err := read[everything](t, db, reader, full)
	if err != nil {
		t.Fatal(err)
	}
	reader.Release()
	again, err := read[everything](t, db, reader, nulls) // as NewReader gives it to somebody else
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range again {
		if unsafe.Pointer(row) != unsafe.Pointer(rows[i]) {
			t.Errorf("row %d lies elsewhere", i)
		}
		if diff := same(&everything{}, row); diff != "" {
			t.Errorf("row %d holds something of the row before:\n%s", i, diff)
		}
	}
}

// TestLeftRowsStay: rows that a Reader has left are not overwritten by those that it reads for others.
func TestLeftRowsStay(t *testing.T) {
	plan := planOf[tree](t, "ID", "Name")
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		readOne := func(name string) *tree {
			reader := plan.NewReader(1)
			rows, err := read[tree](t, db, reader, "SELECT CAST(1 AS bigint), CAST('"+name+"' AS text)")
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows: %v", len(rows), err)
			}
			reader.Leave()
			return rows[0]
		}
		var rows []*tree
		for i := range 5 {
			rows = append(rows, readOne("tree "+strconv.Itoa(i)))
		}
		for i, row := range rows {
			if row.Name != "tree "+strconv.Itoa(i) {
				t.Errorf("row %d is %q", i, row.Name)
			}
		}
	})
}

// TestTextsOfRowsAreLearnt: the texts of rows that are longer than was expected come into one piece of memory, once it is known.
func TestTextsOfRowsAreLearnt(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		plan := planOf[tree](t, "ID", "Name")
		query := "SELECT CAST(n AS bigint), CAST('" + strings.Repeat("long ", 200) + "' AS text) FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) s"
		piece := func() (reader *rowscan.Reader, together bool) {
			reader = plan.NewReader(3)
			rows, err := read[tree](t, db, reader, query)
			if err != nil || len(rows) != 3 {
				t.Fatalf("%d rows: %v", len(rows), err)
			}
			at := func(i int) uintptr { return uintptr(unsafe.Pointer(unsafe.StringData(rows[i].Name))) }
			return reader, at(1)-at(0) == 1000 && at(2)-at(1) == 1000
		}
		for range 20 {
			reader, _ := piece()
			reader.Leave()
		}
		if _, together := piece(); !together {
			t.Error("the texts lie in several pieces of memory")
		}
	})
}

// TestRowsCostNothingEach compares what is allocated for 10 rows and for 1,000, with the memory of earlier ones.
func TestRowsCostNothingEach(t *testing.T) {
	plan := joined(t)
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		allocated := func(n int) float64 {
			query := "WITH RECURSIVE s (n) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM s WHERE n < " + strconv.Itoa(n) + ") " +
				"SELECT n, 'leaf', n, 'branch', n, 'tree', CAST(NULL AS bigint), NULL FROM s"
			reader := plan.NewReader(n)
			return testing.AllocsPerRun(5, func() {
				b := &orm.Batch{}
				b.Query(query, nil, func(rows *orm.Rows) error {
					for rows.Next() {
						if _, err := reader.Row(rows); err != nil {
							return err
						}
					}
					return nil
				})
				if err := b.Send(context.Background(), db.Gorm); err != nil {
					t.Fatal(err)
				}
				reader.Release()
			})
		}
		few, many := allocated(10), allocated(1000)
		if many > few+10 {
			t.Errorf("10 rows cost %v allocations, 1,000 rows %v", few, many)
		}
	})
}

// TestRowsStayWithoutRelease: rows of more than one chunk keep their values while further ones are read.
func TestRowsStayWithoutRelease(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		rows, err := read[tree](t, db, planOf[tree](t, "ID", "Name").NewReader(0),
			"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 3000) SELECT CAST(n AS bigint), CAST('row ' || n AS text) FROM s")
		if err != nil || len(rows) != 3000 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		for i, r := range rows {
			if n := int64(i + 1); r.ID != n || r.Name != "row "+strconv.FormatInt(n, 10) {
				t.Fatalf("row %d is %+v", n, r)
			}
		}
	})
}

// packed is stored by a serializer of GORM; fixed is corrected after it was read.
type packed struct {
	ID    int64             `gorm:"primaryKey"`
	Data  map[string]string `gorm:"serializer:json"`
	Cost  orm.Decimal
	Maybe *orm.Decimal
}

func TestSerializersAndCorrections(t *testing.T) {
	s := fields(t, &packed{})
	columns := []rowscan.Column{column(t, s, 0, "ID"), column(t, s, 0, "Data"), column(t, s, 0, "Cost"), column(t, s, 0, "Maybe")}
	for i := range columns[2:] {
		columns[2+i].Fix = func(variable any) {
			d := variable.(*orm.Decimal)
			*d = d.Quantize(2, orm.HalfEven)
		}
	}
	plan, err := rowscan.NewPlan([]rowscan.Object{{Type: reflect.TypeFor[packed]()}}, columns)
	if err != nil {
		t.Fatal(err)
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		rows, err := read[packed](t, db, plan.NewReader(1), `SELECT CAST(1 AS bigint), '{"a":"b"}', CAST(1.5 AS numeric), CAST(2 AS numeric)
			UNION ALL SELECT 2, '{}', 3, NULL`)
		if err != nil {
			t.Fatal(err)
		}
		want := []*packed{
			{1, map[string]string{"a": "b"}, orm.MustDecimal("1.50"), ptr(orm.MustDecimal("2.00"))},
			{2, map[string]string{}, orm.MustDecimal("3.00"), nil},
		}
		if diff := same(want, rows); diff != "" {
			t.Error(diff)
		}
		if _, err := read[packed](t, db, plan.NewReader(1), "SELECT 1, 'broken', 1, 1"); err == nil {
			t.Error("a text that the serializer cannot read is no error")
		}
	})
}

// TestPlansOfPointersOnTheWay: an object inside of an embedded pointer has no place of its own.
func TestPlansOfPointersOnTheWay(t *testing.T) {
	type inner struct{ Tree *tree }
	type outer struct{ *inner }
	_, err := rowscan.NewPlan([]rowscan.Object{{Type: reflect.TypeFor[outer]()}, {Type: reflect.TypeFor[tree](), Index: []int{0, 0}}}, nil)
	if err == nil || !strings.Contains(err.Error(), "embed the struct itself") {
		t.Errorf("the error is %v", err)
	}
}

// TestTextsAreCopied: what was read stays when the connection's buffer is used again.
func TestTextsAreCopied(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	type row struct {
		ID   int64 `gorm:"primaryKey"`
		Raw  []byte
		Data orm.JSON
	}
	plan := planOf[row](t, "ID", "Raw", "Data")
	query := "SELECT 1::int8, convert_to(repeat($1, 5000), 'UTF8'), to_jsonb(repeat($1, 5000)) FROM generate_series(1, 3)"
	rows, err := read[row](t, db, plan.NewReader(3), query, "a")
	_, again := read[row](t, db, plan.NewReader(3), query, "b")
	if err := errors.Join(err, again); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		var text string
		if err := json.Unmarshal(r.Data, &text); err != nil || text != strings.Repeat("a", 5000) || !bytes.Equal(r.Raw, []byte(text)) {
			t.Errorf("a row holds %.10s and %.10s: %v", r.Data, r.Raw, err)
		}
	}
	rows[0].Raw = append(rows[0].Raw, "grown"...)
	if rows[0].Data[0] != '"' || rows[1].Raw[0] != 'a' {
		t.Error("a text that grows runs into its neighbour")
	}
}
