package rest

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// fragment is a piece of SQL with a "?" for each of its arguments.
type fragment struct {
	sql  string
	args []any
}

// The conditions that need no column: django.core.exceptions.EmptyResultSet and FullResultSet.
var (
	nothing    = fragment{sql: "1 = 0"}
	everything = fragment{sql: "1 = 1"}
)

// dialect is what the databases write differently.
type dialect interface {
	name() string
	// cast turns the result of an aggregate into the type; an empty type leaves it.
	cast(expr, typ string) string
	// pattern is a text comparison (contains, istartswith, iexact, regex …) of lhs with one "?".
	pattern(lookup, lhs string, k orm.Kind) string
	// patternValue prepares the text of pattern.
	patternValue(lookup, value string, k orm.Kind) string
	// extract takes a part (year, week_day, date …) out of a date, a datetime or a time.
	extract(part, lhs string, k orm.Kind) string
	// placeholder is the "?" of a value of kind k.
	placeholder(k orm.Kind) string
	// value turns a clean value into what the driver takes.
	value(v any) any
	// integers gives the bounds of an integer column.
	integers(k orm.Kind) (low, high int64)
	// search is a full text search of lhs with one "?", which the index answers where one is declared.
	search(lhs string, declared textIndex) string
	// nullsFirst tells where NULL stands in ascending order.
	nullsFirst() bool
}

// dialectNamed returns the dialect of orm.DB.Dialect or of a GORM dialector.
func dialectNamed(name string) dialect {
	if strings.HasPrefix(name, "postgres") {
		return postgres{}
	}
	return sqlite{}
}

// quote is an identifier in SQL; both databases take double quotes.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// lookup is a compiled Django lookup on a path: transforms and a comparison.
type lookup struct {
	d          dialect
	name       string
	transforms []string
	column     orm.Kind  // of the column
	kind       orm.Kind  // of the left side after the transforms
	null       bool      // it may be NULL
	words      textIndex // of the column, for the lookup search
}

// operatorOf is the operator of the lookups that compare with one value.
func operatorOf(lookup string) (string, bool) {
	switch lookup {
	case "exact":
		return "=", true
	case "gt":
		return ">", true
	case "gte":
		return ">=", true
	case "lt":
		return "<", true
	case "lte":
		return "<=", true
	}
	return "", false
}

var (
	relationLookups = []string{"exact", "in", "gt", "gte", "lt", "lte", "isnull"}
	patternLookups  = []string{
		"iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "regex", "iregex",
	}
	plainLookups   = append([]string{"exact", "in", "gt", "gte", "lt", "lte", "range", "isnull", "search"}, patternLookups...)
	dateTransforms = []string{"year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day"}
	timeTransforms = []string{"hour", "minute", "second"}
)

// compileLookup compiles expr ("gte", "year__gt"; empty is "exact") on p.
func compileLookup(d dialect, p *path, expr string) (*lookup, error) {
	l := &lookup{d: d, kind: p.kind(), column: p.kind(), null: p.null}
	parts := append(slices.Clone(p.rest), splitLookup(expr)...)
	if p.related != nil {
		return l, l.compileRelation(p.related, parts)
	}
	for i, part := range parts {
		last := i == len(parts)-1
		if last && slices.Contains(plainLookups, part) {
			l.name = part
			if part == "search" && i == 0 && p.annotation == nil {
				l.words = textIndexOf(p.values)
			}
			return l, l.check()
		}
		if err := l.transform(part); err != nil {
			return nil, err
		}
	}
	l.name = "exact"
	return l, l.check()
}

func splitLookup(expr string) []string {
	if expr == "" {
		return nil
	}
	return strings.Split(expr, "__")
}

func (l *lookup) compileRelation(m *orm.Model, parts []string) error {
	l.name = "exact"
	if len(parts) > 0 {
		l.name = parts[0]
	}
	if len(parts) > 1 || !slices.Contains(relationLookups, l.name) {
		return fmt.Errorf("%s has no field %q (it has %s), and the lookups of a relation are %s",
			m.Type.Name(), parts[0], strings.Join(fieldNames(m), ", "), strings.Join(relationLookups, ", "))
	}
	return nil
}

// transform adds a transform such as year to the left side.
func (l *lookup) transform(name string) error {
	allowed := transformsOf(l.kind)
	if !slices.Contains(allowed, name) {
		return fmt.Errorf("unknown lookup or transform %q; lookups are %s%s", name, strings.Join(plainLookups, ", "),
			alsoTransforms(allowed))
	}
	l.transforms = append(l.transforms, name)
	l.kind = transformKind(name)
	return nil
}

func alsoTransforms(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; transforms of this field are " + strings.Join(names, ", ")
}

func transformsOf(k orm.Kind) []string {
	switch k {
	case orm.CalendarDate:
		return dateTransforms
	case orm.DateTime:
		return slices.Concat(dateTransforms, timeTransforms, []string{"date", "time"})
	case orm.ClockTime:
		return timeTransforms
	}
	return nil
}

func transformKind(name string) orm.Kind {
	switch name {
	case "date":
		return orm.CalendarDate
	case "time":
		return orm.ClockTime
	}
	return orm.Integer
}

// check refuses lookups that have no meaning for the kind of the column.
func (l *lookup) check() error {
	switch l.kind {
	case orm.JSONValue, orm.Binary:
		if l.name != "isnull" {
			return fmt.Errorf("only isnull can be asked of a JSON or binary field, not %s", l.name)
		}
	}
	return nil
}

// condition is the comparison of the column with a clean value: a single one, a list for "in" and "range", a bool for
// "isnull". nil asks for NULL.
func (l *lookup) condition(column string, v any) fragment {
	if v == nil && l.name == "exact" {
		return fragment{sql: l.left(column) + " IS NULL"}
	}
	switch l.name {
	case "isnull":
		return l.isNull(column, v)
	case "in":
		return l.in(column, v)
	case "range":
		return l.between(column, v)
	case "search":
		return fragment{l.d.search(l.left(column), l.words), []any{l.d.patternValue("search", textOf(v), l.kind)}}
	}
	if op, ok := operatorOf(l.name); ok {
		return l.compare(column, op, v)
	}
	return l.match(column, v)
}

// left is the left side in SQL: the column with its transforms.
func (l *lookup) left(column string) string {
	k := l.column
	for _, t := range l.transforms {
		column = l.d.extract(t, column, k)
		k = transformKind(t)
	}
	return column
}

func (l *lookup) isNull(column string, v any) fragment {
	if yes, _ := v.(bool); yes {
		return fragment{sql: l.left(column) + " IS NULL"}
	}
	return fragment{sql: l.left(column) + " IS NOT NULL"}
}

func (l *lookup) match(column string, v any) fragment {
	text := textOf(v)
	if l.name == "regex" || l.name == "iregex" {
		if checkPattern(text) != nil {
			return nothing
		}
	}
	return fragment{l.d.pattern(l.name, l.left(column), l.kind), []any{l.d.patternValue(l.name, text, l.kind)}}
}

// checkPattern tells whether a regular expression from a request can be given to the database. What the standard library
// cannot read (look-around, back references) is refused too: it runs in linear time or not at all.
func checkPattern(text string) error {
	_, err := syntax.Parse(text, syntax.Perl)
	return err
}

func (l *lookup) compare(column, op string, v any) fragment {
	if l.isYear() {
		return l.compareYear(column, op, v)
	}
	p := l.prepare(v)
	switch {
	case p.state == unfit:
		return nothing
	case p.state == below:
		return boundary(op == ">" || op == ">=")
	case p.state == above:
		return boundary(op == "<" || op == "<=")
	}
	return fragment{l.left(column) + " " + op + " " + l.placeholder(), []any{p.value}}
}

// boundary is a comparison with a number that no value of the column can reach.
func boundary(all bool) fragment {
	if all {
		return everything
	}
	return nothing
}

func (l *lookup) placeholder() string {
	return l.d.placeholder(l.kind)
}

// maxValues is how many values a list may have; a longer one is refused when it is read.
const maxValues = 1000

func (l *lookup) in(column string, v any) fragment {
	var args []any
	for _, item := range listOf(v) {
		if p := l.prepare(item); item != nil && p.state == fits && !slices.Contains(args, p.value) {
			args = append(args, p.value)
		}
	}
	if len(args) == 0 {
		return nothing
	}
	args = padded(args)
	marks := strings.Repeat(", "+l.placeholder(), len(args))[2:]
	return fragment{l.left(column) + " IN (" + marks + ")", args}
}

// padded repeats the last value up to a power of two, so that few different statements have to be prepared.
func padded(args []any) []any {
	size := 1
	for size < len(args) {
		size *= 2
	}
	for len(args) < size {
		args = append(args, args[len(args)-1])
	}
	return args
}

func (l *lookup) between(column string, v any) fragment {
	pair := listOf(v)
	if len(pair) != 2 || pair[0] == nil || pair[1] == nil {
		return nothing
	}
	low, high := l.prepare(pair[0]), l.prepare(pair[1])
	if low.state == unfit || high.state == unfit || low.state == above || high.state == below {
		return nothing
	}
	return fragment{
		l.left(column) + " BETWEEN " + l.placeholder() + " AND " + l.placeholder(),
		[]any{l.clamped(low, true), l.clamped(high, false)},
	}
}

// clamped replaces a bound that the column cannot reach by the column's own.
func (l *lookup) clamped(p prepared, low bool) any {
	if p.state == fits {
		return p.value
	}
	least, most := l.d.integers(l.kind)
	if low {
		return least
	}
	return most
}

// isYear tells whether the lookup compares the year of a column, which is done by the bounds of the year so that an index
// on the column serves.
func (l *lookup) isYear() bool {
	return len(l.transforms) == 1 && l.transforms[0] == "year"
}

func (l *lookup) compareYear(column, op string, v any) fragment {
	n := integerOf(v)
	switch {
	case !n.ok:
		return nothing
	case n.sign < 0 || n.sign == 0 && n.value < 1:
		return presence(column, op == ">" || op == ">=")
	case n.sign > 0 || n.value > 9999:
		return presence(column, op == "<" || op == "<=")
	}
	first, last := yearBounds(int(n.value), l.column == orm.DateTime)
	low, high := l.d.value(first), l.d.value(last)
	mark := l.d.placeholder(l.column)
	switch op {
	case "=":
		return fragment{column + " BETWEEN " + mark + " AND " + mark, []any{low, high}}
	case ">", "<=":
		return fragment{column + " " + op + " " + mark, []any{high}}
	}
	return fragment{column + " " + op + " " + mark, []any{low}}
}

// presence is a comparison that every value passes or none.
func presence(column string, all bool) fragment {
	if all {
		return fragment{sql: column + " IS NOT NULL"}
	}
	return nothing
}

// strict tells whether the condition can hold only where the column has a value.
func (l *lookup) strict(v any) bool {
	if l.name == "isnull" {
		yes, _ := v.(bool)
		return !yes
	}
	return v != nil
}

// negated turns a condition on column round as exclude() does: rows whose column is NULL are kept.
func (l *lookup) negated(f fragment, column string, strict, null bool) fragment {
	if strict && null && f.sql != nothing.sql && f.sql != everything.sql && l.name != "isnull" {
		f.sql = "(" + f.sql + " AND " + column + " IS NOT NULL)"
	}
	return fragment{"NOT (" + f.sql + ")", f.args}
}

// joinFragments puts conditions together by " AND " or " OR ", in parentheses where there are several.
func joinFragments(by string, list []fragment) fragment {
	if len(list) == 1 {
		return list[0]
	}
	var all fragment
	texts := make([]string, len(list))
	for i, f := range list {
		texts[i] = f.sql
		all.args = append(all.args, f.args...)
	}
	all.sql = "(" + strings.Join(texts, by) + ")"
	return all
}
