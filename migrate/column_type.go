package migrate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// ColumnType is how a column is stored, in the words of Django's fields: "BigAuto", "Char(200)", "Decimal(10,2)". Fields that
// are stored alike have the same type: a slug is a Char.
type ColumnType string

// storage is a type in both databases; % stands for the arguments.
type storage struct {
	sqlite, postgres string
	check            string // condition on the column @ in both, but for JSON's, which only SQLite needs
}

var storages = map[string]storage{
	"Auto":                 {"integer", "integer", ""},
	"BigAuto":              {"integer", "bigint", ""},
	"Boolean":              {"bool", "boolean", ""},
	"Char":                 {"varchar(%)", "varchar(%)", ""},
	"Text":                 {"text", "text", ""},
	"UUID":                 {"char(32)", "uuid", ""},
	"SmallInteger":         {"smallint", "smallint", ""},
	"Integer":              {"integer", "integer", ""},
	"BigInteger":           {"bigint", "bigint", ""},
	"PositiveSmallInteger": {"smallint unsigned", "smallint", "@ >= 0"},
	"PositiveInteger":      {"integer unsigned", "integer", "@ >= 0"},
	"PositiveBigInteger":   {"bigint unsigned", "bigint", "@ >= 0"},
	"Float":                {"real", "double precision", ""},
	"Decimal":              {"decimal", "numeric(%)", ""},
	"Date":                 {"date", "date", ""},
	"DateTime":             {"datetime", "timestamp with time zone", ""},
	"Time":                 {"time", "time", ""},
	"Duration":             {"bigint", "interval", ""},
	"JSON":                 {"text", "jsonb", ""},
	"Binary":               {"BLOB", "bytea", ""},
	"IPAddress":            {"char(39)", "inet", ""},
}

// base is the type without its arguments.
func (t ColumnType) base() string {
	base, _, _ := strings.Cut(string(t), "(")
	return base
}

// arguments are the numbers in parentheses: length, or digits and decimal places.
func (t ColumnType) arguments() []int {
	_, list, found := strings.Cut(strings.TrimSuffix(string(t), ")"), "(")
	if !found {
		return nil
	}
	var numbers []int
	for part := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// known tells whether the type can be made.
func (t ColumnType) known() bool {
	_, ok := storages[t.base()]
	want := map[string]int{"Char": 1, "Decimal": 2}[t.base()]
	return ok && len(t.arguments()) == want
}

// sql is the type in a database.
func (t ColumnType) sql(dialect string) string {
	pattern := storages[t.base()].sqlite
	if dialect == orm.Postgres {
		pattern = storages[t.base()].postgres
	}
	numbers := make([]string, 0, 2)
	for _, n := range t.arguments() {
		numbers = append(numbers, strconv.Itoa(n))
	}
	return strings.Replace(pattern, "%", strings.Join(numbers, ", "), 1)
}

// check is the condition that comes with the type, "" for none.
func (t ColumnType) check(dialect, column string) string {
	if t == "JSON" && dialect == orm.SQLite {
		return fmt.Sprintf(`(JSON_VALID(%[1]s) OR %[1]s IS NULL)`, quote(column))
	}
	return strings.Replace(storages[t.base()].check, "@", quote(column), 1)
}

// isAuto tells whether the database numbers the column.
func (t ColumnType) isAuto() bool { return t == "Auto" || t == "BigAuto" }

// isInteger tells whether the values are whole numbers.
func (t ColumnType) isInteger() bool { return t.isAuto() || strings.HasSuffix(t.base(), "Integer") }

// isText tells whether the values are texts of any form.
func (t ColumnType) isText() bool { return t.base() == "Char" || t == "Text" }

// like is the operator class that LIKE 'x%' needs on PostgreSQL, "" for types without.
func (t ColumnType) like() string {
	switch t.base() {
	case "Char":
		return "varchar_pattern_ops"
	case "Text":
		return "text_pattern_ops"
	}
	return ""
}

// key is the type of a foreign key that refers to a column of this type.
func (t ColumnType) key() ColumnType {
	switch t {
	case "Auto":
		return "Integer"
	case "BigAuto":
		return "BigInteger"
	}
	return ColumnType(strings.TrimPrefix(string(t), "Positive"))
}

var kindTypes = map[orm.Kind]string{
	orm.Auto: "Auto", orm.BigAuto: "BigAuto", orm.Boolean: "Boolean", orm.Char: "Char", orm.Text: "Text", orm.Slug: "Char",
	orm.Email: "Char", orm.URL: "Char", orm.UUID: "UUID", orm.Integer: "Integer", orm.SmallInteger: "SmallInteger",
	orm.BigInteger: "BigInteger", orm.PositiveInteger: "PositiveInteger", orm.PositiveSmallInteger: "PositiveSmallInteger",
	orm.PositiveBigInteger: "PositiveBigInteger", orm.Float: "Float", orm.DecimalNumber: "Decimal", orm.CalendarDate: "Date",
	orm.DateTime: "DateTime", orm.ClockTime: "Time", orm.Interval: "Duration", orm.JSONValue: "JSON", orm.Binary: "Binary",
	orm.FilePath: "Char", orm.ImagePath: "Char", orm.IPAddress: "IPAddress",
}

// typeOf is the type of a field's column.
func typeOf(f *orm.Field) ColumnType {
	if f.Related != nil {
		return typeOf(referenced(f)).key()
	}
	base := kindTypes[f.Kind]
	switch base {
	case "Char":
		return ColumnType(fmt.Sprintf("Char(%d)", f.MaxLength))
	case "Decimal":
		return ColumnType(fmt.Sprintf("Decimal(%d,%d)", f.MaxDigits, f.DecimalPlaces))
	}
	return ColumnType(base)
}

// widens tells whether every value of one type is one of the other as it stands, so that PostgreSQL changes the type without
// reading the table.
func widens(from, to ColumnType) bool {
	if from == to || from.isText() && to == "Text" {
		return true
	}
	a, b := from.arguments(), to.arguments()
	if from.base() != to.base() || len(a) == 0 {
		return false
	}
	if to.base() == "Decimal" {
		return a[0] <= b[0] && a[1] == b[1]
	}
	return slices.Compare(a, b) <= 0
}
