package rest

import (
	"math"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// postgres writes PostgreSQL. Values are compared with columns of their own type, so that no casts are needed but for
// text comparisons.
type postgres struct{}

func (postgres) name() string { return "postgres" }

func (postgres) cast(expr, typ string) string {
	if typ == "" {
		return expr
	}
	return expr + "::" + typ
}

func (postgres) nullsFirst() bool { return false }

func (postgres) placeholder(orm.Kind) string { return "?" }

func (postgres) integers(k orm.Kind) (low, high int64) {
	switch k {
	case orm.SmallInteger:
		return math.MinInt16, math.MaxInt16
	case orm.PositiveSmallInteger:
		return 0, math.MaxInt16
	case orm.Integer, orm.Auto:
		return math.MinInt32, math.MaxInt32
	case orm.PositiveInteger:
		return 0, math.MaxInt32
	case orm.PositiveBigInteger:
		return 0, math.MaxInt64
	}
	return math.MinInt64, math.MaxInt64
}

func (postgres) pattern(lookup, lhs string, k orm.Kind) string {
	lhs = postgresText(lhs, k)
	switch lookup {
	case "regex":
		return lhs + " ~ ?"
	case "iregex":
		return lhs + " ~* ?"
	case "iexact":
		return "UPPER(" + lhs + ") = UPPER(?)"
	case "icontains", "istartswith", "iendswith":
		return "UPPER(" + lhs + ") LIKE UPPER(?)"
	}
	return lhs + " LIKE ?"
}

func postgresText(lhs string, k orm.Kind) string {
	if k == orm.IPAddress {
		return "HOST(" + lhs + ")"
	}
	return lhs + "::text"
}

func (postgres) patternValue(lookup, value string, _ orm.Kind) string {
	switch lookup {
	case "regex", "iregex", "iexact", "search":
		return value
	}
	return likePattern(lookup, value)
}

func (postgres) search(lhs string, declared textIndex) string {
	if declared.config != "" {
		return declared.on(lhs) + " @@ plainto_tsquery('" + declared.config + "', ?)"
	}
	return "to_tsvector(COALESCE(" + lhs + "::text, '')) @@ plainto_tsquery(?)"
}

func (postgres) extract(part, lhs string, k orm.Kind) string {
	if k == orm.DateTime {
		lhs = "(" + lhs + " AT TIME ZONE 'UTC')"
	}
	switch part {
	case "date", "time":
		return lhs + "::" + part
	case "week_day":
		return "(EXTRACT(DOW FROM " + lhs + ") + 1)"
	case "iso_week_day":
		return "EXTRACT(ISODOW FROM " + lhs + ")"
	case "iso_year":
		return "EXTRACT(ISOYEAR FROM " + lhs + ")"
	case "second":
		return "FLOOR(EXTRACT(SECOND FROM " + lhs + "))"
	}
	return "EXTRACT(" + strings.ToUpper(part) + " FROM " + lhs + ")"
}
