package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// Groups of types whose values can be read as each other's.
var (
	numberTypes = []string{"SmallInteger", "Integer", "BigInteger", "PositiveSmallInteger", "PositiveInteger", "PositiveBigInteger", "Float", "Decimal", "Auto", "BigAuto"}
	textTypes   = []string{"Char", "Text"}
)

// cast converts a column from one type to another. ok is false where no conversion keeps the meaning of the values.
func cast(column string, from, to ColumnType, dialect string) (sql string, ok bool) {
	c := quote(column)
	a, b := from.base(), to.base()
	switch {
	case from.isAuto() != to.isAuto():
		return "", false
	case a == b && (a != "Char" || dialect == orm.SQLite), slices.Contains(numberTypes, a) && slices.Contains(numberTypes, b):
		return plainCast(c, to, dialect), true
	case slices.Contains(textTypes, a) && slices.Contains(textTypes, b):
		return c, true
	}
	if special, found := casts[a+" "+b]; found {
		if dialect == orm.Postgres {
			return strings.ReplaceAll(special.postgres, "@", c), true
		}
		return strings.ReplaceAll(special.sqlite, "@", c), true
	}
	if slices.Contains(textTypes, b) && a != "Binary" || slices.Contains(textTypes, a) && b != "Binary" && b != "Boolean" {
		return plainCast(c, to, dialect), true
	}
	return "", false
}

// plainCast leaves the conversion to the database.
func plainCast(quotedColumn string, to ColumnType, dialect string) string {
	if dialect == orm.Postgres {
		return fmt.Sprintf("%s::%s", quotedColumn, to.sql(dialect))
	}
	return quotedColumn // the new column's affinity converts
}

// pairCast is a conversion in both databases; @ is the column.
type pairCast struct{ sqlite, postgres string }

var casts = specialCasts()

// specialCasts are the conversions that differ between the databases, or that neither makes by itself.
func specialCasts() map[string]pairCast {
	list := map[string]pairCast{
		"Date DateTime":  {"@ || ' 00:00:00'", "@::timestamp AT TIME ZONE 'UTC'"},
		"DateTime Date":  {"substr(@, 1, 10)", "(@ AT TIME ZONE 'UTC')::date"},
		"DateTime Time":  {"substr(@, 12)", "(@ AT TIME ZONE 'UTC')::time"},
		"JSON Text":      {"@", "@::text"},
		"Text JSON":      {"@", "@::jsonb"},
		"UUID Char":      {"@", "replace(@::text, '-', '')"},
		"UUID Text":      {"@", "replace(@::text, '-', '')"},
		"Char UUID":      {"lower(replace(@, '-', ''))", "@::uuid"},
		"Text UUID":      {"lower(replace(@, '-', ''))", "@::uuid"},
		"IPAddress Char": {"@", "host(@)"},
		"IPAddress Text": {"@", "host(@)"},
		"Boolean Char":   {"CASE WHEN @ THEN 'true' ELSE 'false' END", "@::text"},
		"Boolean Text":   {"CASE WHEN @ THEN 'true' ELSE 'false' END", "@::text"},
		"Duration Float": {"@ / 1000000.0", "EXTRACT(EPOCH FROM @)::double precision"},
		"Float Duration": {"CAST(round(@ * 1000000) AS integer)", "make_interval(secs => @)"},
		"DateTime Char":  {"@", "to_char(@ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"},
		"DateTime Text":  {"@", "to_char(@ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"},
		"Char DateTime":  {"@", "@::timestamp AT TIME ZONE 'UTC'"},
		"Text DateTime":  {"@", "@::timestamp AT TIME ZONE 'UTC'"},
		"Duration Text":  {"@", "(EXTRACT(EPOCH FROM @) * 1000000)::bigint::text"},
		"Duration Char":  {"@", "(EXTRACT(EPOCH FROM @) * 1000000)::bigint::text"},
		"Text Duration":  {"CAST(@ AS integer)", "(@ || ' microseconds')::interval"},
		"Char Duration":  {"CAST(@ AS integer)", "(@ || ' microseconds')::interval"},
	}
	for _, integer := range []string{"SmallInteger", "Integer", "BigInteger", "PositiveSmallInteger", "PositiveInteger", "PositiveBigInteger"} {
		list[integer+" Boolean"] = pairCast{"@ <> 0", "@ <> 0"}
		list["Boolean "+integer] = pairCast{"@", "@::integer"}
		list["Duration "+integer] = pairCast{"@", "(EXTRACT(EPOCH FROM @) * 1000000)::bigint"}
		list[integer+" Duration"] = pairCast{"@", "@ * interval '1 microsecond'"}
	}
	return list
}
