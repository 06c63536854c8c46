package rest

import (
	"math"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// sqlite writes SQLite as Django's schema there needs it: dates and times are texts, decimals numbers, durations
// microseconds, UUIDs 32 hexadecimal digits.
type sqlite struct{}

func (sqlite) name() string { return "sqlite" }

func (sqlite) cast(expr, _ string) string { return expr }

func (sqlite) nullsFirst() bool { return true }

func (sqlite) placeholder(k orm.Kind) string {
	if k == orm.DecimalNumber {
		return "CAST(? AS NUMERIC)"
	}
	return "?"
}

func (sqlite) integers(k orm.Kind) (low, high int64) {
	switch k {
	case orm.PositiveInteger, orm.PositiveSmallInteger, orm.PositiveBigInteger:
		return 0, math.MaxInt64
	}
	return math.MinInt64, math.MaxInt64
}

func (sqlite) pattern(lookup, lhs string, _ orm.Kind) string {
	switch lookup {
	case "regex":
		return lhs + " REGEXP ?"
	case "iregex":
		return lhs + " REGEXP '(?i)' || ?"
	}
	return lhs + ` LIKE ? ESCAPE '\'`
}

func (sqlite) patternValue(lookup, value string, k orm.Kind) string {
	if lookup == "regex" || lookup == "iregex" {
		return value
	}
	if k == orm.UUID {
		value = strings.ReplaceAll(value, "-", "")
	}
	return likePattern(lookup, value)
}

// wildcards escapes those of LIKE.
var wildcards = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// likePattern escapes the wildcards of LIKE in value and adds those of the lookup.
func likePattern(lookup, value string) string {
	value = wildcards.Replace(value)
	switch strings.TrimPrefix(lookup, "i") {
	case "contains", "search":
		return "%" + value + "%"
	case "startswith":
		return value + "%"
	case "endswith":
		return "%" + value
	}
	return value
}

// search has no index here: it is a search for the words as they stand.
func (sqlite) search(lhs string, _ textIndex) string { return lhs + ` LIKE ? ESCAPE '\'` }

// extract cuts parts out of the stored text; strftime would round fractions of a second up.
func (s sqlite) extract(part, lhs string, k orm.Kind) string {
	switch part {
	case "date":
		return "SUBSTR(" + lhs + ", 1, 10)"
	case "time":
		return "SUBSTR(" + lhs + ", 12)"
	case "year":
		return integerCut(lhs, "1, 4")
	case "month":
		return integerCut(lhs, "6, 2")
	case "day":
		return integerCut(lhs, "9, 2")
	case "quarter":
		return "((" + integerCut(lhs, "6, 2") + " + 2) / 3)"
	case "hour", "minute", "second":
		return integerCut(lhs, clockCut(part, k))
	}
	return s.calendar(part, "SUBSTR("+lhs+", 1, 10)")
}

func integerCut(lhs, where string) string {
	return "CAST(SUBSTR(" + lhs + ", " + where + ") AS INTEGER)"
}

func clockCut(part string, k orm.Kind) string {
	cuts := map[string][2]string{"hour": {"1, 2", "12, 2"}, "minute": {"4, 2", "15, 2"}, "second": {"7, 2", "18, 2"}}
	if k == orm.ClockTime {
		return cuts[part][0]
	}
	return cuts[part][1]
}

func (sqlite) calendar(part, date string) string {
	switch part {
	case "week_day":
		return "(CAST(STRFTIME('%w', " + date + ") AS INTEGER) + 1)"
	case "iso_week_day":
		return "CAST(STRFTIME('%u', " + date + ") AS INTEGER)"
	case "iso_year":
		return "CAST(STRFTIME('%G', " + date + ") AS INTEGER)"
	}
	return "CAST(STRFTIME('%V', " + date + ") AS INTEGER)"
}
