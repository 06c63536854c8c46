package rest

import (
	"bufio"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// declaredFilters are the filters whose answers were recorded, by the names in testdata/filters.jsonl.
func declaredFilters() map[string]Filter {
	kinds := rowKind("").Choices()
	notes := []orm.Choice{{Value: "note 2", Label: "x"}, {Value: "note 3", Label: "y"}}
	words := []orm.Choice{{Value: "a", Label: "A"}, {Value: "cake", Label: "C"}}
	north := func(_ *Request, q *gorm.DB) *gorm.DB { return q.Where("room_id = ?", 1) }
	return map[string]Filter{
		"required text":             {Field: "title", Required: true},
		"required number":           {Field: "number", Required: true},
		"required boolean":          {Field: "flag", Required: true},
		"required choice":           {Field: "kind", Required: true},
		"required multiple":         {Field: "kind", Kind: FilterMultipleChoice, Required: true},
		"required list":             {Field: "number", Kind: FilterIn, Required: true},
		"required pair":             {Field: "number", Kind: FilterRange, Required: true},
		"required span":             {Field: "number", Kind: FilterNumberRange, Required: true},
		"required model":            {Field: "shelf", Required: true},
		"required models":           {Field: "labels", Required: true},
		"null choice":               {Field: "note", Kind: FilterChoice, Choices: notes[:1], NullLabel: "none"},
		"null choice excluded":      {Field: "note", Kind: FilterChoice, Choices: notes[:1], NullLabel: "none", Exclude: true},
		"null multiple":             {Field: "note", Kind: FilterMultipleChoice, Choices: notes, NullLabel: "none", NullValue: "-"},
		"null multiple excluded":    {Field: "note", Kind: FilterMultipleChoice, Choices: notes, NullLabel: "none", NullValue: "-", Exclude: true},
		"conjoined":                 {Field: "kind", Kind: FilterMultipleChoice, Choices: kinds, Conjoined: true},
		"multiple excluded":         {Field: "kind", Kind: FilterMultipleChoice, Choices: kinds, Exclude: true},
		"multiple contains":         {Field: "title", Lookup: "icontains", Kind: FilterMultipleChoice, Choices: words},
		"conjoined contains":        {Field: "title", Lookup: "icontains", Kind: FilterMultipleChoice, Choices: words, Conjoined: true},
		"conjoined models":          {Field: "labels", Conjoined: true},
		"models excluded":           {Field: "labels", Exclude: true},
		"conjoined models excluded": {Field: "labels", Conjoined: true, Exclude: true},
		"null models":               {Field: "labels", NullLabel: "n"},
		"model excluded":            {Field: "shelf", Exclude: true},
		"model limited":             {Field: "shelf", Limit: north},
		"model behind model":        {Field: "shelf__room", To: "slug"},
		"time span":                 {Field: "clock", Kind: FilterTimeRange},
		"iso span":                  {Field: "moment", Kind: FilterIsoDateTimeFromToRange},
		"moment span":               {Field: "moment", Kind: FilterDateTimeFromToRange},
		"loose moment":              {Field: "moment", Kind: FilterDateTime, Lookup: "gte"},
		"days of moments":           {Field: "moment", Kind: FilterDateFromToRange},
		"span excluded":             {Field: "ratio", Kind: FilterNumberRange, Exclude: true},
		"number of boolean":         {Field: "flag", Kind: FilterNumber},
		"text of number":            {Field: "number", Kind: FilterChar},
		"distinct":                  {Field: "labels__name", Lookup: "icontains", Distinct: true},
		"related excluded":          {Field: "labels__name", Exclude: true},
		"related isnull":            {Field: "labels", Lookup: "isnull"},
		"related isnull distinct":   {Field: "labels", Lookup: "isnull", Distinct: true},
		"related isnull excluded":   {Field: "labels", Lookup: "isnull", Exclude: true},
	}
}

func TestDeclaredFiltersFindAsTheReference(t *testing.T) {
	file, err := os.Open("testdata/filters.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var recorded []struct {
		Filter, Query string
		Answer        lookupAnswer
	}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var one struct {
			Filter, Query string
			Answer        lookupAnswer
		}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		recorded = append(recorded, one)
	}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := listModels(t)["row"]
		for _, r := range recorded {
			f, ok := declaredFilters()[r.Filter]
			if !ok {
				t.Fatalf("no filter %q", r.Filter)
			}
			got := askFilter(t, db, m, f, r.Query)
			got.Count = 0
			if diff := cmp.Diff(r.Answer, got); diff != "" {
				t.Errorf("%s ?%s (-reference +got)\n%s", r.Filter, r.Query, diff)
			}
		}
	})
}

// askFilter filters the rows by one filter named p. The statements of the framework and those that GORM puts together for
// a QuerySet must agree.
func askFilter(t *testing.T, db *orm.DB, m *orm.Model, f Filter, query string) lookupAnswer {
	t.Helper()
	plain := askFilterOver(t, db, m, f, query, false)
	if diff := cmp.Diff(plain, askFilterOver(t, db, m, f, query, true)); diff != "" {
		t.Errorf("?%s with and without a QuerySet (-without +with)\n%s", query, diff)
	}
	return plain
}

func askFilterOver(t *testing.T, db *orm.DB, m *orm.Model, f Filter, query string, querySet bool) lookupAnswer {
	t.Helper()
	f.Name = "p"
	set, mistakes := compileFilters(m, dialectNamed(db.Dialect()), Filters{f}, "test")
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	request := listRequest(db, "/?"+query)
	q := newQuery(request, m, nil)
	if querySet {
		q.base = request.modelDB(m)
	}
	q.plan = newLoadPlan(m, q.d)
	if err := q.plan.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := set.apply(request, q); err != nil {
		return refusedLookup(err)
	}
	count, err := q.count()
	if err != nil {
		return refusedLookup(err)
	}
	page, err := NoPagination.page(request, q)
	if err != nil {
		return lookupAnswer{Fails: err.Error()}
	}
	ids := answerOf(page, nil).IDs
	slices.Sort(ids)
	return lookupAnswer{IDs: ids, Count: count}
}

func TestMethodFiltersGetCleanValues(t *testing.T) {
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	date, _ := orm.NewDate(2023, 2, 17)
	tests := []struct {
		filter Filter
		query  string
		want   any
	}{
		{Filter{}, "p=%20a%20", "a"},
		{Filter{Kind: FilterBoolean}, "p=TRUE", true},
		{Filter{Kind: FilterDate}, "p=02/17/2023", date},
		{Filter{Field: "shelf"}, "p=1", int64(1)},
		{Filter{Field: "labels"}, "p=2&p=1", []any{int64(2), int64(1)}},
		{Filter{Field: "kind"}, "p=a", "a"},
		{Filter{Field: "number", Kind: FilterIn}, "p=,", []any{nil, nil}},
		{Filter{}, "p=", nil},
		{Filter{Kind: FilterBoolean}, "p=maybe", nil},
	}
	for _, test := range tests {
		var got any
		test.filter.Method = func(_ *Request, q *gorm.DB, v any) *gorm.DB {
			got = v
			return q.Where("kitchen_row.id = ?", 3)
		}
		answer := askFilter(t, db, m, test.filter, test.query)
		if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b orm.Date) bool { return a == b })); diff != "" {
			t.Errorf("?%s (-want +got)\n%s", test.query, diff)
		}
		if called := test.want != nil; called != (len(answer.IDs) == 1) {
			t.Errorf("?%s: rows %v", test.query, answer.IDs)
		}
	}
}

func TestPeriods(t *testing.T) {
	now := time.Date(2024, 3, 1, 23, 0, 0, 0, time.UTC)
	tests := map[string][2]string{
		"today": {"2024-03-01", "2024-03-01"}, "yesterday": {"2024-02-29", "2024-02-29"}, "week": {"2024-02-23", "2024-03-01"},
		"month": {"2024-03-01", "2024-03-31"}, "year": {"2024-01-01", "2024-12-31"},
	}
	for _, name := range periods {
		first, last := period(name, now)
		if got := [2]string{first.String(), last.String()}; got != tests[name] {
			t.Errorf("%s: %v, want %v", name, got, tests[name])
		}
	}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) { // whose now is 2023-06-16
		m := listModels(t)["row"]
		for field, want := range map[string][]int64{"day": {8}, "moment": {8}} {
			if got := askFilter(t, db, m, Filter{Field: field, Kind: FilterDateRange}, "p=today").IDs; !slices.Equal(got, want) {
				t.Errorf("%s today: %v, want %v", field, got, want)
			}
		}
	})
}

func TestFiltersAreDocumented(t *testing.T) {
	set, mistakes := compileFilters(listModels(t)["row"], sqlite{}, Filters{
		By("number", "exact", "in"), By("amount", "range"), By("kind"), By("day", "exact", "year"), By("moment"), By("shelf", "exact", "in"), By("labels"),
		By("flag"), By("ref"), By("span"), By("clock"),
		{Name: "between", Field: "day", Kind: FilterDateFromToRange},
		{Name: "kinds", Field: "kind", Kind: FilterMultipleChoice},
		{Name: "q", Method: titleOrNote, Label: "title or note", Required: true},
		{Name: "sort", Kind: FilterOrdering, Order: [][2]string{{"number", "number"}}},
	}, "test")
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	list := "Multiple values may be separated by commas."
	kinds := []any{"a", "b", "c"}
	want := []Parameter{
		{Name: "number", Type: "integer"},
		{Name: "number__in", Type: "integer", CommaList: true, Description: list},
		{Name: "amount__range", Type: "number", CommaList: true, Description: list},
		{Name: "kind", Type: "string", Enum: kinds},
		{Name: "day", Type: "string", Format: "date"},
		{Name: "day__year", Type: "integer"},
		{Name: "moment", Type: "string", Format: "date-time"},
		{Name: "shelf", Type: "integer"},
		{Name: "shelf__in", Type: "integer", CommaList: true, Description: list},
		{Name: "labels", Type: "integer", Multiple: true},
		{Name: "flag", Type: "boolean"},
		{Name: "ref", Type: "string", Format: "uuid"},
		{Name: "span", Type: "string", Format: "duration"},
		{Name: "clock", Type: "string", Format: "time"},
		{Name: "between_after", Type: "string", Format: "date"},
		{Name: "between_before", Type: "string", Format: "date"},
		{Name: "kinds", Type: "string", Enum: kinds, Multiple: true},
		{Name: "q", Type: "string", Description: "title or note", Required: true},
		{Name: "sort", Type: "string", Enum: []any{"number", "-number"}, CommaList: true, Description: list},
	}
	if diff := cmp.Diff(want, set.parameters()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestLaterFiltersReplaceEarlierOnes keeps the place of the first, where errors are reported.
func TestLaterFiltersReplaceEarlierOnes(t *testing.T) {
	set, mistakes := compileFilters(listModels(t)["row"], sqlite{}, Filters{By("title"), By("number"), {Name: "title", Lookup: "iexact"}}, "test")
	if mistakes != nil || len(set.filters) != 2 || set.filters[0].lookup.name != "iexact" {
		t.Errorf("%v %v", mistakes, set.filters)
	}
}

// refusedLookup is the answer to a filter that was refused.
func refusedLookup(err error) lookupAnswer {
	invalid, ok := isInvalid(err)
	if !ok {
		return lookupAnswer{Fails: err.Error()}
	}
	return lookupAnswer{Errors: messageTexts(invalid.Detail.(*Fields).Get("p").(List))}
}
