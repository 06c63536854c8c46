package inspect

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

var (
	castSuffix = patternOf(`::[a-z_ "]+(\(\d+(,\d+)?\))?(\[\])?$`)
	plainSQL   = patternOf(`^(-?\d+(\.\d+)?|(?i:true|false))$`)
	present    = patternOf(`(?i)^(now\(\)|(transaction|statement|clock)_timestamp\(\)|(current|local)_?(timestamp|date|time)(\(\d\))?|(datetime|date|time)\('now'[^()]*\)|strftime\([^()]*'now'[^()]*\))$`)
	randomUUID = patternOf(`(?i)^(gen_random_uuid|uuid_generate_v4)\(\)$`)
)

// defaultOf says a default in the words of the tag orm; ok is false when it has none for it.
func defaultOf(t migrate.ColumnType, sql string) (text string, ok bool) {
	sql = literalOf(sql)
	name, _ := base(t)
	switch {
	case present().MatchString(sql):
		return "now", slices.Contains([]string{"Date", "DateTime", "Time"}, name)
	case randomUUID().MatchString(sql):
		return "uuid4", name == "UUID"
	case plainSQL().MatchString(sql):
		text = strings.ToLower(sql)
	case isQuoted(sql):
		text = strings.ReplaceAll(sql[1:len(sql)-1], "''", "'")
	default:
		return "", false
	}
	if text, ok = valueOf(name, text); !ok {
		return "", false
	}
	if strings.Contains(text, ",") {
		text = "'" + text + "'"
		ok = strings.Count(text, "'") == 2
	}
	return text, ok && oneLine(text) == text && !strings.HasPrefix(text, "''")
}

// isQuoted tells whether a text is one literal, quotes in it doubled.
func isQuoted(sql string) bool {
	return len(sql) > 1 && sql[0] == '\'' && sql[len(sql)-1] == '\'' && !strings.Contains(strings.ReplaceAll(sql[1:len(sql)-1], "''", ""), "'")
}

// literalOf takes parentheses and casts away.
func literalOf(sql string) string {
	for {
		plain := castSuffix().ReplaceAllString(bare(strings.TrimSpace(sql)), "")
		if plain == sql {
			return sql
		}
		sql = plain
	}
}

// valueOf brings a constant into the form that a type has in tags; ok is false when it is none of the type.
func valueOf(name, text string) (value string, ok bool) {
	switch name {
	case "Boolean":
		b, err := strconv.ParseBool(text)
		return strconv.FormatBool(b), err == nil
	case "SmallInteger", "Integer", "BigInteger", "PositiveSmallInteger", "PositiveInteger", "PositiveBigInteger":
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err == nil
	case "Float":
		_, err := strconv.ParseFloat(text, 64)
		return text, err == nil
	case "Decimal":
		_, err := orm.ParseDecimal(text)
		return text, err == nil
	case "Date":
		return text, new(orm.Date).UnmarshalText([]byte(text)) == nil
	case "UUID":
		_, err := uuid.Parse(text)
		return text, err == nil
	case "JSON":
		return text, json.Valid([]byte(text))
	case "Char", "Text", "IPAddress":
		return text, true
	}
	return "", false
}
