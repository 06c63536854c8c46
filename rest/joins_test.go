package rest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
)

// pathFacts is what the table below says of a resolved path.
type pathFacts struct {
	Hops, Column string
	Kind         orm.Kind
	Many, Null   bool
	Rest         string
}

func factsOfPath(p *path) pathFacts {
	var hops []string
	for _, h := range p.hops {
		name := h.name
		if h.many {
			name += "*"
		}
		hops = append(hops, name)
	}
	column := p.column
	if p.half {
		column = "half:" + column
	}
	return pathFacts{strings.Join(hops, " "), column, p.kind(), p.many(), p.null, strings.Join(p.rest, " ")}
}

func TestPathsAreResolved(t *testing.T) {
	models := listModels(t)
	for _, c := range []struct {
		model, path string
		want        pathFacts
	}{
		{"row", "title", pathFacts{"", "title", orm.Char, false, false, ""}},
		{"row", "pk", pathFacts{"", "id", orm.BigAuto, false, false, ""}},
		{"row", "title__upper", pathFacts{"", "title", orm.Char, false, false, "upper"}},
		{"row", "day__year__gte", pathFacts{"", "day", orm.CalendarDate, false, false, "year gte"}},
		{"row", "note", pathFacts{"", "note", orm.Text, false, true, ""}},
		{"row", "shelf", pathFacts{"", "shelf_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf_id", pathFacts{"", "shelf_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf__id", pathFacts{"", "shelf_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf__pk", pathFacts{"", "shelf_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf__name", pathFacts{"shelf", "name", orm.Char, false, true, ""}},
		{"row", "shelf__room", pathFacts{"shelf", "room_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf__room__id", pathFacts{"shelf", "room_id", orm.BigAuto, false, true, ""}},
		{"row", "shelf__room__slug", pathFacts{"shelf room", "slug", orm.Slug, false, true, ""}},
		{"row", "labels", pathFacts{"labels*", "half:label_id", orm.BigAuto, true, true, ""}},
		{"row", "labels__id", pathFacts{"labels*", "half:label_id", orm.BigAuto, true, true, ""}},
		{"row", "labels__name", pathFacts{"labels*", "name", orm.Char, true, true, ""}},
		{"row", "labels__rows__title", pathFacts{"labels* rows*", "title", orm.Char, true, true, ""}},
		{"shelf", "room", pathFacts{"", "room_id", orm.BigAuto, false, false, ""}},
		{"shelf", "room__name", pathFacts{"room", "name", orm.Char, false, false, ""}},
		{"shelf", "rows", pathFacts{"rows*", "id", orm.BigAuto, true, true, ""}},
		{"shelf", "rows__labels", pathFacts{"rows* labels*", "half:label_id", orm.BigAuto, true, true, ""}},
		{"shelf", "rows__shelf__room__name", pathFacts{"rows* shelf room", "name", orm.Char, true, true, ""}},
		{"shelf", "row_count", pathFacts{"", "", orm.BigInteger, false, false, ""}},
		{"shelf", "amount__gte", pathFacts{"", "", orm.DecimalNumber, false, false, "gte"}},
		{"label", "rows__shelf", pathFacts{"rows*", "shelf_id", orm.BigAuto, true, true, ""}},
	} {
		p, err := resolvePath(models[c.model], c.path)
		if err != nil {
			t.Errorf("%s.%s: %v", c.model, c.path, err)
			continue
		}
		if diff := cmp.Diff(c.want, factsOfPath(p)); diff != "" {
			t.Errorf("%s.%s (-want +got)\n%s", c.model, c.path, diff)
		}
	}
}

// joinsOf is the FROM list after a path was joined to a row, and the column.
func joinsOf(t *testing.T, s *scope, m *orm.Model, text string, w walk) (column string) {
	t.Helper()
	p, err := resolvePath(m, text)
	if err != nil {
		t.Fatal(err)
	}
	return s.column(p, w)
}

func TestJoinsOfPaths(t *testing.T) {
	row := listModels(t)["row"]
	const (
		shelfOuter = ` LEFT OUTER JOIN "kitchen_shelf" "__shelf" ON "kitchen_row"."shelf_id" = "__shelf"."id"`
		shelfInner = ` INNER JOIN "kitchen_shelf" "__shelf" ON "kitchen_row"."shelf_id" = "__shelf"."id"`
		through    = ` LEFT OUTER JOIN "kitchen_row_labels" "__labels_through_1" ON "kitchen_row"."id" = "__labels_through_1"."row_id"`
		label      = ` LEFT OUTER JOIN "kitchen_label" "__labels_through_1__labels_1" ON "__labels_through_1"."label_id" = "__labels_through_1__labels_1"."id"`
	)
	for _, c := range []struct {
		name   string
		paths  []string
		strict bool
		joins  string
		column string
	}{
		{"a column of the row", []string{"title"}, false, "", `"kitchen_row"."title"`},
		{"a key needs no join", []string{"shelf__id"}, false, "", `"kitchen_row"."shelf_id"`},
		{"an optional relation", []string{"shelf__name"}, false, shelfOuter, `"__shelf"."name"`},
		{"a condition that refuses NULL", []string{"shelf__name"}, true, shelfInner, `"__shelf"."name"`},
		{
			"behind an optional relation everything is",
			[]string{"shelf__room__slug"},
			false,
			shelfOuter + ` LEFT OUTER JOIN "kitchen_room" "__shelf__room" ON "__shelf"."room_id" = "__shelf__room"."id"`, `"__shelf__room"."slug"`,
		},
		{"the same relation is joined once", []string{"shelf__name", "shelf__slug"}, false, shelfOuter, `"__shelf"."slug"`},
		{"the join table has the key", []string{"labels"}, false, through, `"__labels_through_1"."label_id"`},
		{"the other side has the rest", []string{"labels__name"}, false, through + label, `"__labels_through_1__labels_1"."name"`},
		{
			"each condition has its own related rows",
			[]string{"labels", "labels"},
			false,
			through + strings.ReplaceAll(through, "through_1", "through_2"), `"__labels_through_2"."label_id"`,
		},
	} {
		s := newScope("kitchen_row", sqlite{})
		var column string
		for _, text := range c.paths {
			column = joinsOf(t, &s, row, text, walk{use: useWhere, strict: c.strict})
		}
		if got := strings.TrimPrefix(s.from(), `"kitchen_row" "kitchen_row"`); got != c.joins || column != c.column {
			t.Errorf("%s: got %s of%s\nwant %s of%s", c.name, column, got, c.column, c.joins)
		}
	}
}

func TestRequiredRelationsAreJoinedInside(t *testing.T) {
	s := newScope("kitchen_shelf", sqlite{})
	joinsOf(t, &s, listModels(t)["shelf"], "room__slug", walk{use: useOrder})
	if len(s.joins) != 1 || s.joins[0].kind != innerJoin {
		t.Errorf("the joins are %+v", s.joins)
	}
}

// TestOneConditionSharesItsRelatedRows: the words of a search are looked for in the same label.
func TestOneConditionSharesItsRelatedRows(t *testing.T) {
	row := listModels(t)["row"]
	s := newScope("kitchen_row", sqlite{})
	w := walk{use: useWhere, reuse: map[string]string{}}
	first, second := joinsOf(t, &s, row, "labels__name", w), joinsOf(t, &s, row, "labels__id", w)
	if len(s.joins) != 2 || first != `"__labels_through_1__labels_1"."name"` || second != `"__labels_through_1"."label_id"` {
		t.Errorf("%s and %s of %+v", first, second, s.joins)
	}
}

func TestJoinsKnowTheirUses(t *testing.T) {
	row := listModels(t)["row"]
	s := newScope("kitchen_row", sqlite{})
	joinsOf(t, &s, row, "shelf__name", walk{use: useOrder})
	joinsOf(t, &s, row, "shelf__room__slug", walk{use: useWhere})
	if s.joins[0].use != useOrder|useWhere || s.joins[1].use != useWhere {
		t.Errorf("the uses are %b and %b", s.joins[0].use, s.joins[1].use)
	}
	copied := s.clone()
	joinsOf(t, &copied, row, "labels", walk{use: useWhere})
	copied.joins[0].use = 0
	if len(s.joins) != 2 || s.joins[0].use == 0 {
		t.Error("a change of the copy shows in the original")
	}
}

// TestAliasesStayWithinPostgres has paths longer than an identifier may be: aliases are cut, and still differ.
func TestAliasesStayWithinPostgres(t *testing.T) {
	long := strings.Repeat("relation__", 9)
	seen := map[string]string{}
	for _, alias := range []string{"short", long[:maxAlias], long + "a", long + "b", strings.Repeat("é", 40), strings.Repeat("x", 45) + strings.Repeat("é", 20)} {
		got := shortAlias(alias)
		if len(got) > maxAlias || len(alias) <= maxAlias && got != alias {
			t.Errorf("%s becomes %s", alias, got)
		}
		if strings.ToValidUTF8(got, "") != got {
			t.Errorf("%s is cut inside of a character: %q", alias, got)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s are both %s", alias, other, got)
		}
		seen[got] = alias
	}
	s := scope{alias: "t"}
	for range 3 {
		s.joins = append(s.joins, join{alias: s.fresh(shortAlias(long))})
	}
	if s.joins[0].alias == s.joins[1].alias || s.joins[1].alias == s.joins[2].alias || len(s.joins[2].alias) > maxAlias {
		t.Errorf("the aliases are %+v", s.joins)
	}
}

func TestSubqueriesNameTheirOwnRows(t *testing.T) {
	models := listModels(t)
	for _, c := range []struct{ model, path, from, match, tail string }{
		{"shelf", "rows__title", `"kitchen_row" "U0"`, `"U0"."shelf_id" = "kitchen_shelf"."id"`, "U0"},
		{"row", "labels", `"kitchen_row_labels" "U0"`, `"U0"."row_id" = "kitchen_row"."id"`, "U0"},
		{
			"row", "labels__name", `"kitchen_row_labels" "U0" INNER JOIN "kitchen_label" "U0__labels_1" ON "U0"."label_id" = "U0__labels_1"."id"`,
			`"U0"."row_id" = "kitchen_row"."id"`, "U0__labels_1",
		},
		{
			"label", "rows__shelf__name", `"kitchen_row_labels" "U0" INNER JOIN "kitchen_row" "U0__rows_1" ON "U0"."row_id" = "U0__rows_1"."id"` +
				` INNER JOIN "kitchen_shelf" "U0__rows_1__shelf" ON "U0__rows_1"."shelf_id" = "U0__rows_1__shelf"."id"`,
			`"U0"."label_id" = "kitchen_label"."id"`, "U0__rows_1__shelf",
		},
	} {
		p, err := resolvePath(models[c.model], c.path)
		if err != nil {
			t.Fatal(err)
		}
		sub := relatedRows(models[c.model].Table, "U0", p.hops, p.half, sqlite{})
		if sub.scope.from() != c.from || sub.match != c.match || sub.tail != c.tail {
			t.Errorf("%s.%s: %s of %s where %s", c.model, c.path, sub.tail, sub.scope.from(), sub.match)
		}
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	models := listModels(t)
	for _, c := range []struct{ model, path, want string }{
		{"row", "titel", `listRow has no field "titel"; it has id, title, slug,`},
		{"row", "", `listRow has no field ""`},
		{"row", "row_set", `listRow has no field "row_set"`},
		{"shelf", "row", `listShelf has no field "row"; it has id, name, slug, room, rows, row_count,`},
		{"room", "shelf_set", `it has id, name, slug, shelves, shelf_count`},
	} {
		if _, err := resolvePath(models[c.model], c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s.%s: %v, want %s", c.model, c.path, err, c.want)
		}
	}
	p, err := resolvePath(models["row"], "shelf__row_count")
	if err != nil || strings.Join(p.rest, " ") != "row_count" {
		t.Errorf("an annotation behind a relation is read as %+v, %v", p, err)
	}
}
