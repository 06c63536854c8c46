package rest

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// rowFilters are the filters of the recorded list /kitchen/filter/rows/.
func rowFilters() Filters {
	kinds := rowKind("").Choices()
	return Filters{
		By("title", "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "in", "regex",
			"iregex"),
		By("slug", "exact", "in"),
		By("number", "exact", "gt", "gte", "lt", "lte"),
		By("amount", "exact", "gt", "gte", "lt", "lte", "range", "in"),
		By("ratio", "exact", "gt", "lt", "isnull"),
		By("flag", "exact", "isnull"),
		By("kind", "exact", "in"),
		By("day", "exact", "gt", "gte", "lt", "lte", "range", "year", "month", "day", "week_day", "year__gt", "quarter"),
		By("moment", "exact", "gt", "gte", "lt", "lte", "year", "date", "date__gte", "hour", "minute"),
		By("clock", "exact", "gt", "lt"),
		By("span", "exact", "gt", "lt"),
		By("ref"),
		By("note", "exact", "isnull", "icontains"),
		By("shelf", "exact", "in", "isnull"),
		By("shelf__slug", "exact", "in", "startswith"),
		By("shelf__room__slug"),
		By("shelf__room"),
		By("labels"),
		By("labels__name", "exact", "icontains"),
		{Name: "number_in", Field: "number", Kind: FilterIn},
		{Name: "number_range", Field: "number", Lookup: "range", Kind: FilterNumber},
		{Name: "amount_between", Field: "amount", Kind: FilterNumberRange},
		{Name: "between", Field: "day", Kind: FilterDateFromToRange},
		{Name: "moments", Field: "moment", Kind: FilterDateTimeFromToRange},
		{Name: "isoday", Field: "moment", Lookup: "date"},
		{Name: "hour", Field: "moment", Lookup: "hour", Kind: FilterNumber},
		{Name: "not_kind", Field: "kind", Kind: FilterChoice, Choices: kinds, Exclude: true},
		{Name: "kinds", Field: "kind", Kind: FilterMultipleChoice, Choices: kinds},
		{Name: "typed_number", Field: "number", Kind: FilterTypedChoice, Choices: []orm.Choice{{Value: 1, Label: "One"}, {Value: 2, Label: "Two"}}},
		{Name: "shelf_slug", Field: "shelf", To: "slug"},
		{Name: "shelf_null", Field: "shelf", NullLabel: "none", NullValue: "none"},
		{Name: "labels_any", Field: "labels__name", To: "name", Kind: FilterModelMultipleChoice},
		{Name: "labels_all", Field: "labels__name", To: "name", Kind: FilterModelMultipleChoice, Conjoined: true},
		{Name: "note_empty", Field: "note", Lookup: "isnull"},
		{Name: "span_min", Field: "span", Lookup: "gte"},
		{Name: "required_q", Method: titleOrNote},
		{Name: "sort", Kind: FilterOrdering, Order: [][2]string{{"number", "number"}, {"name", "title"}, {"shelf", "shelf__name"}}},
	}
}

func titleOrNote(_ *Request, q *gorm.DB, value any) *gorm.DB {
	like := likePattern("icontains", value.(string))
	if q.Name() == orm.Postgres {
		return q.Where(`(kitchen_row.title ILIKE ? OR kitchen_row.note ILIKE ?)`, like, like)
	}
	return q.Where(`(kitchen_row.title LIKE ? ESCAPE '\' OR kitchen_row.note LIKE ? ESCAPE '\')`, like, like)
}

// listView is one of the recorded lists.
type listView struct {
	filters    Filters
	search     []string
	ordering   []string // nil: none may be chosen
	readable   []string
	order      []string
	pagination Pagination
}

func listViews() map[string]listView {
	named := []string{"number", "title", "id"}
	brief := []string{"id", "title", "number"}
	return map[string]listView{
		"/kitchen/filter/rows/": {filters: rowFilters()},
		"/kitchen/filter/fields/": {filters: Filters{
			By("title"), By("number"), By("amount"), By("ratio"), By("flag"), By("kind"), By("day"), By("moment"), By("clock"), By("span"),
			By("ref"), By("shelf"), By("labels"),
		}},
		"/kitchen/filter/search/":           {search: []string{"title", "^slug", "=kind", "shelf__name", "labels__name"}},
		"/kitchen/filter/search-regex/":     {search: []string{"$title"}},
		"/kitchen/filter/ordering/":         {ordering: []string{"number", "title", "day", "shelf__name", "id"}, order: []string{"-number", "id"}},
		"/kitchen/filter/ordering-all/":     {ordering: AllFields},
		"/kitchen/filter/ordering-default/": {readable: brief},
		"/kitchen/page/number/":             {pagination: PageNumber{Size: 10}},
		"/kitchen/page/sized/":              {pagination: PageNumber{Size: 10, SizeParam: "size", MaxSize: 15}},
		"/kitchen/page/renamed/": {pagination: PageNumber{
			Size: 7, PageParam: "p", LastPage: []string{"last", "end"}, InvalidMessage: "No such page: {page_number} ({message}).",
		}},
		"/kitchen/page/limit/":         {pagination: LimitOffset{Default: 10, Max: -1}},
		"/kitchen/page/limit-max/":     {pagination: LimitOffset{Default: 10, Max: 12}},
		"/kitchen/page/limit-none/":    {pagination: LimitOffset{Max: -1}},
		"/kitchen/page/cursor/":        {pagination: Cursor{Size: 10, Order: []string{"id"}}},
		"/kitchen/page/cursor-desc/":   {pagination: Cursor{Size: 10, Order: []string{"-number", "id"}}},
		"/kitchen/page/cursor-ties/":   {pagination: Cursor{Size: 6, Order: []string{"number", "id"}}},
		"/kitchen/page/cursor-pair/":   {pagination: Cursor{Size: 8, Order: []string{"number", "-id"}}},
		"/kitchen/page/cursor-sized/":  {pagination: Cursor{Size: 10, Order: []string{"id"}, SizeParam: "size", MaxSize: 20}},
		"/kitchen/page/cursor-moment/": {pagination: Cursor{Size: 9, Order: []string{"-moment"}}},
		"/kitchen/page/cursor-ordering/": {
			pagination: Cursor{Size: 10, Order: []string{"id"}}, ordering: named, search: []string{"title"},
		},
		"/kitchen/page/filtered/": {
			pagination: PageNumber{Size: 5}, filters: Filters{By("kind"), By("flag")}, search: []string{"title"}, ordering: named,
		},
	}
}

// compiledList is a listView ready to answer.
type compiledList struct {
	model      *orm.Model
	filters    *filterSet
	search     *search
	ordering   *ordering
	pagination Pagination
}

func (v listView) compile(tb testing.TB, m *orm.Model, d dialect) *compiledList {
	tb.Helper()
	c := &compiledList{model: m, pagination: v.pagination}
	var mistakes [4][]string
	c.filters, mistakes[0] = compileFilters(m, d, v.filters, "test")
	c.search, mistakes[1] = compileSearch(m, d, "search", v.search, "test")
	spec := orderingSpec{allowed: v.ordering, readable: v.readable, fallback: v.order, place: "test"}
	if v.ordering != nil || v.readable != nil {
		spec.param = "ordering"
	}
	c.ordering, mistakes[2] = compileOrdering(m, d, spec)
	if c.pagination == nil {
		c.pagination = NoPagination
	}
	c.pagination, mistakes[3] = c.pagination.compile(m, d)
	if all := slices.Concat(mistakes[:]...); len(all) > 0 {
		tb.Fatal(strings.Join(all, "\n"))
	}
	return c
}

func (c *compiledList) page(r *Request) (*Page, error) {
	q := newQuery(r, c.model, nil)
	q.plan = newLoadPlan(c.model, q.d)
	if err := q.plan.prepare(); err != nil {
		return nil, err
	}
	if err := c.filters.apply(r, q); err != nil {
		return nil, err
	}
	if err := c.search.apply(r, q); err != nil {
		return nil, err
	}
	c.ordering.apply(r, q)
	return c.pagination.page(r, q)
}

// listAnswer is what a list answered: the keys of its rows with what stands before them, or an error.
type listAnswer struct {
	Status int
	IDs    []int64 `json:"ids"`
	Head   string
	Body   string
}

func answerOf(page *Page, err error) listAnswer {
	var refused *Error
	if errors.As(err, &refused) {
		return listAnswer{Status: refused.Status, Body: string(refused.body())}
	}
	if err != nil {
		return listAnswer{Status: 500, Body: err.Error()}
	}
	a := listAnswer{Status: 200, IDs: []int64{}, Head: strings.TrimSuffix(string(page.Head), `"results":`)}
	for i := range page.Rows.Len() {
		a.IDs = append(a.IDs, page.Rows.Index(i).Elem().FieldByName("ID").Int())
	}
	return a
}

type recordedList struct {
	Path     string
	Answer   listAnswer
	Postgres *listAnswer
	Ties     bool // PostgreSQL gives rows that are equal in the order as it likes
}

func recordedLists(tb testing.TB) (list []recordedList) {
	tb.Helper()
	file, err := os.Open("testdata/lists.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var r recordedList
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			tb.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// TestListsAnswerAsTheReference replays recorded lists: filters, search, order and pages. Where the reference itself
// crashes it is enough not to.
func TestListsAnswerAsTheReference(t *testing.T) {
	recorded := recordedLists(t)
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		d := dialectNamed(db.Dialect())
		lists := map[string]*compiledList{}
		for path, v := range listViews() {
			lists[path] = v.compile(t, listModels(t)["row"], d)
		}
		for _, r := range recorded {
			path, _, _ := strings.Cut(r.Path, "?")
			list := lists[path]
			if list == nil {
				t.Fatalf("no list for %s", path)
			}
			want := r.Answer
			if r.Ties && db.Dialect() == orm.Postgres {
				continue
			}
			if db.Dialect() == orm.Postgres && r.Postgres != nil {
				want = *r.Postgres
			}
			got := answerOf(list.page(listRequest(db, r.Path)))
			if want.Status == 500 {
				if got.Status >= 500 {
					t.Errorf("%s\n%s", r.Path, got.Body)
				}
				continue
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-reference +got)\n%s", r.Path, diff)
			}
		}
	})
}
