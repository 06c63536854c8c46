package rest

import (
	"bufio"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
)

// recordedLookup is a filter of one field as django-filter makes it, and what it found.
type recordedLookup struct {
	Field, Lookup, Value, Kind string
	Exclude                    bool
	Answer                     lookupAnswer
	Postgres                   *lookupAnswer
}

type lookupAnswer struct {
	IDs    []int64
	Count  int64
	Errors []string
	Fails  string // the reference crashed
}

func recordedLookups(tb testing.TB) (list []recordedLookup) {
	tb.Helper()
	file, err := os.Open("testdata/lookups.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r recordedLookup
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// TestLookupsFindAsTheReference filters by every lookup and transform, as it is and turned round, and compares the rows,
// how often they come, and their number.
func TestLookupsFindAsTheReference(t *testing.T) {
	recorded := recordedLookups(t)
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := listModels(t)["row"]
		for _, r := range recorded {
			if r.Field == "labels" && r.Lookup == "in" {
				continue // django-filter refuses every value of this one; here it is a list as elsewhere
			}
			want := r.Answer
			if db.Dialect() == orm.Postgres && r.Postgres != nil {
				want = *r.Postgres
			}
			got := r.ask(t, db, m)
			if want.Fails != "" {
				if got.Fails != "" {
					t.Errorf("%+v: %s", r, got.Fails)
				}
				continue
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s__%s=%s exclude=%v (-reference +got)\n%s", r.Field, r.Lookup, r.Value, r.Exclude, diff)
			}
		}
	})
}

func (r recordedLookup) ask(t *testing.T, db *orm.DB, m *orm.Model) lookupAnswer {
	t.Helper()
	filter := Filter{Field: r.Field, Lookup: r.Lookup, Exclude: r.Exclude}
	return askFilter(t, db, m, filter, "p="+url.QueryEscape(r.Value))
}

func messageTexts(list List) (texts []string) {
	for _, m := range list {
		texts = append(texts, m.(Message).Text)
	}
	return texts
}

// TestFilterKindsAreThoseOfTheReference compares the class that each field and lookup leads to.
func TestFilterKindsAreThoseOfTheReference(t *testing.T) {
	names := map[FilterKind]string{
		FilterChar: "Char", FilterNumber: "Number", FilterBoolean: "Boolean", FilterDate: "Date", FilterIsoDateTime: "IsoDateTime",
		FilterTime: "Time", FilterDuration: "Duration", FilterUUID: "UUID", FilterChoice: "Choice", FilterModelChoice: "ModelChoice",
		FilterModelMultipleChoice: "ModelMultipleChoice",
	}
	m := listModels(t)["row"]
	for _, r := range recordedLookups(t) {
		f, err := compileFilter(m, sqlite{}, Filter{Name: "p", Field: r.Field, Lookup: r.Lookup})
		if err != nil {
			t.Errorf("%s__%s: %v", r.Field, r.Lookup, err)
			continue
		}
		want := strings.TrimSuffix(r.Kind, "Filter")
		if f.isList() {
			want = strings.TrimSuffix(strings.TrimSuffix(want, "In"), "Range")
		}
		if got := names[f.Kind]; got != want && !(r.Field == "labels" && r.Lookup == "in") {
			t.Errorf("%s__%s is a %sFilter, want %s", r.Field, r.Lookup, got, r.Kind)
		}
	}
}

func TestLookupsAreWrittenForEachDatabase(t *testing.T) {
	row := listModels(t)["row"]
	tests := []struct {
		path, lookup     string
		value            any
		sqlite, postgres string
		args             []any // of SQLite
	}{
		{"title", "exact", "a", `c = ?`, `c = ?`, []any{"a"}},
		{"title", "", nil, `c IS NULL`, `c IS NULL`, nil},
		{"title", "icontains", `5%_\`, `c LIKE ? ESCAPE '\'`, `UPPER(c::text) LIKE UPPER(?)`, []any{`%5\%\_\\%`}},
		{"title", "startswith", "a", `c LIKE ? ESCAPE '\'`, `c::text LIKE ?`, []any{"a%"}},
		{"title", "iendswith", "a", `c LIKE ? ESCAPE '\'`, `UPPER(c::text) LIKE UPPER(?)`, []any{"%a"}},
		{"title", "iregex", "a", `c REGEXP '(?i)' || ?`, `c::text ~* ?`, []any{"a"}},
		{"title", "regex", "(", `1 = 0`, `1 = 0`, nil},
		{"number", "gt", orm.MustDecimal("5.5"), `c > ?`, `c > ?`, []any{int64(5)}},
		{"number", "in", []any{int64(1), int64(2), nil, int64(3)}, `c IN (?, ?, ?, ?)`, `c IN (?, ?, ?, ?)`, []any{int64(1), int64(2), int64(3), int64(3)}},
		{"number", "in", []any{nil}, `1 = 0`, `1 = 0`, nil},
		{"number", "range", []any{int64(1), nil}, `1 = 0`, `1 = 0`, nil},
		{"number", "lt", orm.MustDecimal("1E30"), `1 = 1`, `1 = 1`, nil},
		{"number", "gte", orm.MustDecimal("1E30"), `1 = 0`, `1 = 0`, nil},
		{"amount", "exact", orm.MustDecimal("1.50"), `c = CAST(? AS NUMERIC)`, `c = ?`, []any{"1.50"}},
		{"flag", "exact", true, `c = ?`, `c = ?`, []any{int64(1)}},
		{"day", "year", orm.MustDecimal("2024"), `c BETWEEN ? AND ?`, `c BETWEEN ? AND ?`, []any{"2024-01-01", "2024-12-31"}},
		{"moment", "year__gt", orm.MustDecimal("2024"), `c > ?`, `c > ?`, []any{"2024-12-31 23:59:59.999999"}},
		{"day", "year__lte", orm.MustDecimal("99999"), `c IS NOT NULL`, `c IS NOT NULL`, nil},
		{"day", "year", orm.MustDecimal("0"), `1 = 0`, `1 = 0`, nil},
		{"day", "month", int64(2), `CAST(SUBSTR(c, 6, 2) AS INTEGER) = ?`, `EXTRACT(MONTH FROM c) = ?`, []any{int64(2)}},
		{"moment", "hour", int64(2), `CAST(SUBSTR(c, 12, 2) AS INTEGER) = ?`, `EXTRACT(HOUR FROM (c AT TIME ZONE 'UTC')) = ?`, []any{int64(2)}},
		{"clock", "hour", int64(2), `CAST(SUBSTR(c, 1, 2) AS INTEGER) = ?`, `EXTRACT(HOUR FROM c) = ?`, []any{int64(2)}},
		{"span", "exact", orm.Day, `c = ?`, `c = ?`, []any{int64(86_400_000_000)}},
		{"shelf", "isnull", true, `c IS NULL`, `c IS NULL`, nil},
		{"title", "search", "a b", `c LIKE ? ESCAPE '\'`, `to_tsvector(COALESCE(c::text, '')) @@ plainto_tsquery(?)`, []any{"%a b%"}},
	}
	for _, test := range tests {
		for _, d := range []dialect{sqlite{}, postgres{}} {
			p, err := resolvePath(row, test.path)
			if err != nil {
				t.Fatal(err)
			}
			l, err := compileLookup(d, p, test.lookup)
			if err != nil {
				t.Fatal(err)
			}
			got, want := l.condition("c", test.value), test.sqlite
			if d.name() == "postgres" {
				want = test.postgres
			}
			if got.sql != want {
				t.Errorf("%s: %s__%s: got %s, want %s", d.name(), test.path, test.lookup, got.sql, want)
			}
			if diff := cmp.Diff(test.args, got.args); d.name() == "sqlite" && diff != "" {
				t.Errorf("%s__%s: arguments (-want +got)\n%s", test.path, test.lookup, diff)
			}
		}
	}
}

func TestMistakesSayHowToMend(t *testing.T) {
	models := listModels(t)
	tests := map[string]struct {
		filters Filters
		search  []string
		order   []string
		want    string
	}{
		"unknown field":         {filters: Filters{By("titel")}, want: `shop.Rows.Filters: "titel": listRow has no field "titel"; it has id, title,`},
		"unknown nested field":  {filters: Filters{By("shelf__nam")}, want: `listShelf has no field "nam" (it has id,`},
		"unknown lookup":        {filters: Filters{By("title", "like")}, want: `unknown lookup or transform "like"; lookups are exact, in,`},
		"transform elsewhere":   {filters: Filters{By("title", "year")}, want: `unknown lookup or transform "year"`},
		"lookup on a relation":  {filters: Filters{By("shelf", "icontains")}, want: `the lookups of a relation are exact, in,`},
		"kind that cannot fit":  {filters: Filters{{Name: "day", Kind: FilterDuration}}, want: `this kind of value cannot be compared with day`},
		"choice without any":    {filters: Filters{{Name: "title", Kind: FilterChoice}}, want: `a choice filter needs Choices`},
		"ordering without any":  {filters: Filters{{Name: "sort", Kind: FilterOrdering}}, want: `an ordering filter needs Order`},
		"key of nothing":        {filters: Filters{{Name: "shelf", To: "slag"}}, want: `To: listShelf has no field "slag"`},
		"model choice of text":  {filters: Filters{{Name: "title", Kind: FilterModelChoice}}, want: `a model choice needs a relation`},
		"list without in":       {filters: Filters{{Name: "title", Kind: FilterIn, Lookup: "gt"}}, want: `a list goes with the lookups in and range`},
		"no name":               {filters: Filters{{Field: "title"}}, want: `a filter needs a Name`},
		"search in nothing":     {search: []string{"^titel"}, want: `shop.Rows.Search: "^titel": listRow has no field "titel"`},
		"search in a relation":  {search: []string{"shelf"}, want: `name a field of it, as in shelf__name`},
		"order by nothing":      {order: []string{"titel"}, want: `shop.Rows.Ordering: listRow has no field "titel"`},
		"order by no transform": {order: []string{"title__year"}, want: `"title__year" cannot be ordered by`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, filters := compileFilters(models["row"], sqlite{}, test.filters, "shop.Rows")
			_, search := compileSearch(models["row"], sqlite{}, "search", test.search, "shop.Rows")
			_, order := compileOrdering(models["row"], sqlite{}, orderingSpec{param: "ordering", allowed: test.order, place: "shop.Rows"})
			all := slices.Concat(filters, search, order)
			if len(all) != 1 || !strings.Contains(all[0], test.want) {
				t.Errorf("got %q, want one mistake with %q", all, test.want)
			}
		})
	}
}
