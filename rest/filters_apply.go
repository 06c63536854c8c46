package rest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// apply narrows q by the parameters of the request. Wrong values are refused all together, with the parameters in the
// order of the filters; wrong regular expressions, which Django's forms do not look at, when nothing else is wrong.
func (s *filterSet) apply(r *Request, q *Query) error {
	if r.http.URL.RawQuery == "" && !s.required {
		return nil
	}
	values := make([]any, len(s.filters))
	var doubts []*doubt
	wrong, patterns := &Fields{}, &Fields{}
	for i, f := range s.filters {
		if m, ok := f.field.(modelField); ok {
			if v, asked := m.assume(r, f.Name); asked != nil {
				values[i], doubts = v, append(doubts, asked)
				continue
			}
		}
		v, messages, err := f.field.clean(r, f.Name)
		if err != nil {
			return err
		}
		if len(messages) > 0 {
			wrong.Add(f.Name, messages...)
		} else if f.breaksPattern(v) {
			patterns.Add(f.Name, Message{"Enter a valid regular expression.", "invalid"})
		}
		values[i] = v
	}
	if wrong.Len()+patterns.Len() > 0 {
		return cmp.Or(s.refuse(q, wrong, doubts), error(InvalidDetail(patterns)))
	}
	q.doubts = doubts
	for i, f := range s.filters {
		if values[i] == nil {
			continue
		}
		q.distinct = q.distinct || f.Distinct
		f.apply(r, q, values[i])
	}
	return nil
}

// breaksPattern tells whether the filter takes a regular expression and v is none.
func (f *compiledFilter) breaksPattern(v any) bool {
	text, ok := v.(string)
	return ok && f.lookup != nil && strings.HasSuffix(f.lookup.name, "regex") && checkPattern(text) != nil
}

// applyMethod hands the value to the author's function.
func applyMethod(f *compiledFilter) func(*Request, *Query, any) {
	return func(r *Request, q *Query, v any) { q.base = f.Method(r, q.session(), bare(v)) }
}

// bare is a clean value as authors get it.
func bare(v any) any {
	switch v := v.(type) {
	case rawKey:
		return v.value
	case nullChoice:
		return nil
	case span:
		return []any{v.low, v.high}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = bare(v[i])
		}
		return list
	}
	return v
}

func applyOrdering(plans map[string][]orderPlan) func(*Request, *Query, any) {
	return func(_ *Request, q *Query, v any) {
		var order []orderPlan
		for _, name := range listOf(v) {
			text, _ := name.(string)
			order = append(order, plans[text]...)
		}
		q.orderBy(order, keyOrder(q.model, q.d))
		q.chosen = true
	}
}

// applyLookup is the condition of a single value or a list.
func applyLookup(f *compiledFilter) func(*Request, *Query, any) {
	return func(_ *Request, q *Query, v any) { f.narrow(q, f.lookup, v) }
}

// narrow adds the condition of one lookup.
func (f *compiledFilter) narrow(q *Query, l *lookup, v any) {
	if _, null := v.(nullChoice); null {
		v = nil
	}
	f.add(q, l.strict(v), func(column string) fragment { return l.condition(column, v) })
}

// add puts a condition on the filter's column into q, turned round when the filter excludes. strict tells that the
// condition can hold only where the column has a value.
func (f *compiledFilter) add(q *Query, strict bool, condition func(column string) fragment) {
	if f.path.many() {
		q.whereMany(f.manyCondition(strict, condition))
		return
	}
	column := q.scope.column(f.path, walk{use: useWhere})
	c := condition(column)
	if f.Exclude {
		c = f.lookup.negated(c, column, strict, f.path.null)
	}
	q.whereSQL(c)
}

// manyCondition is a condition behind a to-many relation.
func (f *compiledFilter) manyCondition(strict bool, condition func(column string) fragment) manyCondition {
	exists := func(outer *scope) fragment {
		if strict {
			return f.related(outer, condition)
		}
		inner := scope{table: f.model.Table, alias: "U0", prefix: "U0", d: f.d}
		c := condition(inner.column(f.path, walk{use: useWhere, reuse: map[string]string{}}))
		return selfExists(outer, &inner, f.model.PK.Column, c)
	}
	if f.Exclude {
		return manyCondition{exists: func(outer *scope) fragment {
			c := exists(outer)
			return fragment{"NOT " + c.sql, c.args}
		}}
	}
	return manyCondition{exists: exists, joined: func(s *scope) fragment {
		return condition(s.column(f.path, walk{use: useWhere, strict: strict, reuse: map[string]string{}}))
	}}
}

// related is EXISTS over the related rows alone: what stands before the first to-many relation is joined outside.
func (f *compiledFilter) related(outer *scope, condition func(column string) fragment) fragment {
	i := slices.IndexFunc(f.path.hops, func(h hop) bool { return h.many })
	at := outer.follow(f.path.hops[:i], false, walk{use: useWhere})
	sub := relatedRows(at, "U0", f.path.hops[i:], f.path.half, f.d)
	c := condition(quote(sub.tail) + "." + quote(f.path.column))
	return fragment{"EXISTS(SELECT 1 FROM " + sub.scope.from() + " WHERE " + sub.match + " AND " + c.sql + ")", c.args}
}

// applyMultiple is the condition of several choices: any of them, or all when conjoined.
func applyMultiple(f *compiledFilter) func(*Request, *Query, any) {
	one := f.lookup
	return func(_ *Request, q *Query, v any) {
		if f.Conjoined {
			for _, item := range uniqueItems(listOf(v)) {
				f.narrow(q, one, item)
			}
			return
		}
		items, null := withoutNull(listOf(v))
		f.add(q, !null, func(column string) fragment { return one.anyOf(column, items, null) })
	}
}

func uniqueItems(list []any) (out []any) {
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func withoutNull(list []any) (items []any, null bool) {
	for _, v := range list {
		if _, is := v.(nullChoice); is {
			null = true
			continue
		}
		items = append(items, v)
	}
	return items, null
}

// anyOf holds when the lookup holds for one of the values, or the column is NULL where that was asked for.
func (l *lookup) anyOf(column string, items []any, null bool) fragment {
	var either []fragment
	switch {
	case l.name == "exact" && !l.isYear() && len(items) > 0:
		either = append(either, l.in(column, items))
	default:
		for _, item := range uniqueItems(items) {
			either = append(either, l.condition(column, item))
		}
	}
	if null {
		either = append(either, fragment{sql: l.left(column) + " IS NULL"})
	}
	return joinFragments(" OR ", either)
}

// applySpan compares with one bound or with both.
func applySpan(f *compiledFilter) (func(*Request, *Query, any), error) {
	var lookups [3]*lookup
	for i, name := range []string{"gte", "lte", "range"} {
		l, err := compileLookup(f.d, f.path, name)
		if err != nil {
			return nil, err
		}
		lookups[i] = l
	}
	return func(_ *Request, q *Query, v any) {
		s := v.(span)
		switch {
		case s.high == nil:
			f.narrow(q, lookups[0], s.low)
		case s.low == nil:
			f.narrow(q, lookups[1], s.high)
		default:
			f.narrow(q, lookups[2], []any{s.low, s.high})
		}
	}, nil
}

// applyPeriod compares with today, the last days, this month or this year, in UTC.
func applyPeriod(f *compiledFilter) (func(*Request, *Query, any), error) {
	within, err := compileLookup(f.d, f.path, "range")
	return func(r *Request, q *Query, v any) {
		first, last := period(v.(string), r.api.config.Now().UTC())
		low, high := any(first), any(last)
		if f.lookup.column == orm.DateTime {
			low, high = wholeDays(first, false), wholeDays(last, true)
		}
		f.narrow(q, within, []any{low, high})
	}, err
}

// period is the first and the last day of a period of FilterDateRange.
func period(name string, now time.Time) (first, last orm.Date) {
	y, m, d := now.Date()
	day := func(y int, m time.Month, d int) orm.Date { return orm.DateOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) }
	switch name {
	case "yesterday":
		return day(y, m, d-1), day(y, m, d-1)
	case "week":
		return day(y, m, d-7), day(y, m, d)
	case "month":
		return day(y, m, 1), day(y, m+1, 0)
	case "year":
		return day(y, 1, 1), day(y, 12, 31)
	}
	return day(y, m, d), day(y, m, d)
}
