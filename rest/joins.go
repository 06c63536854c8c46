package rest

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// joinUse tells what a join is for; counting leaves out joins that only serve selecting or ordering.
type joinUse uint8

const (
	useSelect joinUse = 1 << iota
	useWhere
	useOrder
)

const (
	innerJoin = "INNER JOIN"
	outerJoin = "LEFT OUTER JOIN"
	// maxAlias is how many bytes of an identifier PostgreSQL keeps.
	maxAlias = 63
)

// join is one JOIN of a statement; alias is unique in it.
type join struct {
	kind  string // innerJoin or outerJoin
	table string
	alias string
	on    string // SQL, quoted
	use   joinUse
}

// sql is the join as it stands in FROM.
func (j join) sql() string {
	return j.kind + " " + quote(j.table) + " " + quote(j.alias) + " ON " + j.on
}

// scope is a FROM list: a table and what was joined to it. prefix begins the aliases of the joins, so that a subquery
// cannot hide a table of the statement around it.
type scope struct {
	table  string
	alias  string
	prefix string
	d      dialect
	joins  []join
}

func newScope(table string, d dialect) scope { return scope{table: table, alias: table, d: d} }

// clone returns a copy that can be added to without changing s.
func (s *scope) clone() scope {
	c := *s
	c.joins = append([]join(nil), s.joins...)
	return c
}

// walk is how relations are joined.
type walk struct {
	use    joinUse
	strict bool // the condition refuses NULL, so that inner joins do
	// reuse holds the to-many joins that belong to the same condition, by parent and name; a new condition has new joins,
	// as separate calls of filter() have in Django.
	reuse map[string]string
}

// follow joins hops one after the other and returns the alias of the last; half ends in the join table of the last.
func (s *scope) follow(hops []hop, half bool, w walk) string {
	at := s.alias
	for i, h := range hops {
		at = s.hop(at, h, half && i == len(hops)-1, w)
	}
	return at
}

// column joins what p needs and gives its column in SQL.
func (s *scope) column(p *path, w walk) string {
	if p.annotation != nil {
		return p.annotation.sqlFor(s.d, s.alias)
	}
	return quote(s.follow(p.hops, p.half, w)) + "." + quote(p.column)
}

func (s *scope) hop(parent string, h hop, half bool, w walk) string {
	if !h.many {
		return s.toOne(parent, h, w)
	}
	if h.through == nil {
		return s.toMany(parent, h.name, join{table: h.target.Table}, h.near, h.far, w)
	}
	t := s.toMany(parent, h.name+"_through", join{table: h.through.table}, h.near, h.through.near, w)
	if half {
		return t
	}
	return s.toMany(t, h.name, join{table: h.target.Table}, h.through.far, h.far, w)
}

// toOne joins a single row; the same relation is joined once.
func (s *scope) toOne(parent string, h hop, w walk) string {
	alias := s.aliasOf(parent, h.name)
	if i := s.find(alias); i >= 0 {
		s.joins[i].use |= w.use
		return alias
	}
	j := join{kind: s.kind(parent, h.null, w), table: h.target.Table, alias: alias, use: w.use}
	s.add(j, parent, h.near, h.far)
	return alias
}

// toMany joins several rows, anew unless the same condition joined them before.
func (s *scope) toMany(parent, name string, j join, near, far string, w walk) string {
	key := parent + "." + name
	if alias, ok := w.reuse[key]; ok {
		return alias
	}
	j.alias = s.fresh(s.aliasOf(parent, name))
	j.kind, j.use = s.kind(parent, true, w), w.use
	s.add(j, parent, near, far)
	if w.reuse != nil {
		w.reuse[key] = j.alias
	}
	return j.alias
}

func (s *scope) add(j join, parent, near, far string) {
	j.on = quote(parent) + "." + quote(near) + " = " + quote(j.alias) + "." + quote(far)
	s.joins = append(s.joins, j)
}

func (s *scope) kind(parent string, null bool, w walk) string {
	if w.strict {
		return innerJoin
	}
	if i := s.find(parent); null || i >= 0 && s.joins[i].kind == outerJoin {
		return outerJoin
	}
	return innerJoin
}

func (s *scope) find(alias string) int {
	for i := range s.joins {
		if s.joins[i].alias == alias {
			return i
		}
	}
	return -1
}

// aliasOf names the join of a relation: the path with "__" before every part.
func (s *scope) aliasOf(parent, name string) string {
	if parent == s.alias {
		parent = s.prefix
	}
	return shortAlias(parent + "__" + name)
}

// fresh numbers an alias that may be needed several times.
func (s *scope) fresh(alias string) string {
	for n := 1; ; n++ {
		if a := shortAlias(alias + "_" + strconv.Itoa(n)); s.find(a) < 0 {
			return a
		}
	}
}

// shortAlias keeps an alias within what PostgreSQL tells apart.
func shortAlias(alias string) string {
	if len(alias) <= maxAlias {
		return alias
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(alias))
	start := strings.ToValidUTF8(alias[:maxAlias-17], "") // a character may have been cut
	return fmt.Sprintf("%s_%016x", start, h.Sum64())
}

// subquery is a SELECT over related rows of an outer row, without its SELECT and its further conditions.
type subquery struct {
	scope scope
	tail  string // alias of the last relation
	match string // condition that ties it to the outer row
}

// relatedRows begins a subquery over the rows that hops lead to from the row named outer.
func relatedRows(outer, alias string, hops []hop, half bool, d dialect) subquery {
	h := hops[0]
	table, far := h.target.Table, h.far
	if h.through != nil {
		table, far = h.through.table, h.through.near
	}
	sub := subquery{scope: scope{table: table, alias: alias, prefix: alias, d: d}}
	sub.match = quote(alias) + "." + quote(far) + " = " + quote(outer) + "." + quote(h.near)
	sub.tail = sub.scope.rest(hops, half, walk{use: useWhere, strict: true})
	return sub
}

// rest joins what follows the first hop, which is the subquery's own table.
func (s *scope) rest(hops []hop, half bool, w walk) string {
	at := s.alias
	h := hops[0]
	if h.through != nil && !(half && len(hops) == 1) {
		at = s.toMany(at, h.name, join{table: h.target.Table}, h.through.far, h.far, w)
	}
	for i, h := range hops[1:] {
		at = s.hop(at, h, half && i == len(hops)-2, w)
	}
	return at
}

// from is the FROM list in SQL, with its joins.
func (s *scope) from() string {
	text := quote(s.table) + " " + quote(s.alias)
	for _, j := range s.joins {
		text += " " + j.sql()
	}
	return text
}
