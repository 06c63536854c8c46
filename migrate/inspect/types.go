package inspect

import (
	"fmt"
	"strings"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// types are the types of Django's columns by what databases call them. Those with arguments get them from the column.
var types = map[string]string{
	"bool": "Boolean", "boolean": "Boolean",
	"smallint": "SmallInteger", "int2": "SmallInteger", "tinyint": "SmallInteger", "smallint unsigned": "PositiveSmallInteger",
	"integer": "Integer", "int": "Integer", "int4": "Integer", "mediumint": "Integer", "integer unsigned": "PositiveInteger",
	"bigint": "BigInteger", "int8": "BigInteger", "big int": "BigInteger", "bigint unsigned": "PositiveBigInteger",
	"unsigned big int": "PositiveBigInteger",
	"real":             "Float", "float": "Float", "double": "Float", "double precision": "Float",
	"numeric": "Decimal", "decimal": "Decimal",
	"character varying": "Char", "varchar": "Char", "nvarchar": "Char", "character": "Char", "char": "Char", "nchar": "Char",
	"native character": "Char", "varying character": "Char", "bpchar": "Char",
	"text": "Text", "clob": "Text", "citext": "Text", "name": "Text", "ntext": "Text",
	"date": "Date", "datetime": "DateTime", "timestamp": "DateTime", "timestamp with time zone": "DateTime",
	"timestamp without time zone": "DateTime", "time": "Time", "time without time zone": "Time", "interval": "Duration",
	"json": "JSON", "jsonb": "JSON", "bytea": "Binary", "blob": "Binary", "uuid": "UUID", "inet": "IPAddress",
}

// autoType is the type of a key that the database numbers. SQLite's have 64 bits whatever they are called.
func (d *Database) autoType(t migrate.ColumnType) migrate.ColumnType {
	if d.Dialect == orm.Postgres && t != "BigInteger" {
		return "Auto"
	}
	return "BigAuto"
}

// A decimal's digits and places where the database does not say them.
const (
	guessedDigits, guessedPlaces         = 38, 10
	guessedDigitsLite, guessedPlacesLite = 10, 5 // Django's guess on SQLite, which calculates with 15 digits
)

// typeOf tells how a column is stored. guess says what is not known for sure, empty for nothing.
func (d *Database) typeOf(c *Column) (t migrate.ColumnType, guess string) {
	base := types[c.Type]
	switch {
	case c.Type == "enum":
		return enumType(c.Values), ""
	case d.Django && d.Dialect == orm.SQLite && c.Type == "char" && len(c.Args) == 1 && djangoChars[c.Args[0]] != "":
		return djangoChars[c.Args[0]], ""
	}
	switch {
	case base == "Char" && len(c.Args) == 1 && c.Args[0] > 0:
		return migrate.ColumnType(fmt.Sprintf("Char(%d)", c.Args[0])), ""
	case base == "Char":
		return "Text", ""
	case base == "Decimal" && len(c.Args) > 0 && c.Args[0] > 0:
		digits, places := c.Args[0], append(c.Args, 0)[1]
		return migrate.ColumnType(fmt.Sprintf("Decimal(%d,%d)", max(digits, places), places)), ""
	case base == "Decimal":
		return d.guessedDecimal(), "The digits are a guess: the database sets no limits."
	case base == "":
		return d.guessedType(c)
	}
	return migrate.ColumnType(base), ""
}

// djangoChars are the types that Django's SQLite tables have beside varchar, by their lengths.
var djangoChars = map[int]migrate.ColumnType{32: "UUID", 39: "IPAddress"}

// enumType is a text as long as the longest value.
func enumType(values []string) migrate.ColumnType {
	longest := 1
	for _, value := range values {
		longest = max(longest, len([]rune(value)))
	}
	return migrate.ColumnType(fmt.Sprintf("Char(%d)", longest))
}

func (d *Database) guessedDecimal() migrate.ColumnType {
	digits, places := guessedDigits, guessedPlaces
	if d.Dialect == orm.SQLite {
		digits, places = guessedDigitsLite, guessedPlacesLite
	}
	return migrate.ColumnType(fmt.Sprintf("Decimal(%d,%d)", digits, places))
}

// guessedType is that of a column whose type has no name here: on SQLite what its rules of affinity say.
func (d *Database) guessedType(c *Column) (migrate.ColumnType, string) {
	guess := fmt.Sprintf("The type is a guess: the database says %s.", c.declared())
	if d.Dialect == orm.SQLite {
		switch {
		case strings.Contains(c.Type, "int"):
			return "BigInteger", guess
		case strings.Contains(c.Type, "real"), strings.Contains(c.Type, "float"), strings.Contains(c.Type, "double"):
			return "Float", guess
		}
	}
	return "Text", guess
}

// declared is the type for people.
func (c *Column) declared() string {
	if c.Type == "" {
		return "nothing"
	}
	if len(c.Args) == 0 {
		return c.Type
	}
	return c.Type + strings.ReplaceAll(strings.TrimSpace(fmt.Sprint(c.Args)), " ", ",")
}

// declaration is how Go says a type: its own type, and a word of the tag orm.
type declaration struct{ goType, word string }

var declarations = map[string]declaration{
	"Auto": {"int64", "integer"}, "BigAuto": {"int64", ""}, "Boolean": {"bool", ""}, "Char": {"string", ""},
	"Text": {"string", ""}, "UUID": {"uuid.UUID", ""}, "SmallInteger": {"int64", "small"}, "Integer": {"int64", "integer"},
	"BigInteger": {"int64", ""}, "PositiveSmallInteger": {"int64", "positive_small"}, "PositiveInteger": {"int64", "positive"},
	"PositiveBigInteger": {"int64", "positive_big"}, "Float": {"float64", ""}, "Decimal": {"orm.Decimal", ""},
	"Date": {"orm.Date", ""}, "DateTime": {"time.Time", ""}, "Time": {"orm.TimeOfDay", ""}, "Duration": {"orm.Duration", ""},
	"JSON": {"orm.JSON", ""}, "Binary": {"[]byte", ""}, "IPAddress": {"string", "ip"},
}

// base splits a type from its arguments.
func base(t migrate.ColumnType) (name string, args []string) {
	name, list, found := strings.Cut(strings.TrimSuffix(string(t), ")"), "(")
	if found {
		args = strings.Split(list, ",")
	}
	return name, args
}

// sizes are the settings of GORM's tag that a type needs.
func sizes(t migrate.ColumnType) []string {
	switch name, args := base(t); name {
	case "Char":
		return []string{"size:" + args[0]}
	case "Decimal":
		return []string{"precision:" + args[0], "scale:" + args[1]}
	}
	return nil
}
