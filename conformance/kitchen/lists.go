package kitchen

import (
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// rowBriefData is a row in lists.
type rowBriefData struct {
	ID     int64  `json:"id"`
	Title  string `json:"title"`
	Number int64  `json:"number"`
}

var (
	rowBrief = &rest.ModelSerializer[Row, rowBriefData]{}
	rowForm  = rest.Auto[Row]()
)

// listed is a list of rows alone (a ListAPIView).
func listed(name, doc string, vs rest.ViewSet[Row]) *rest.ViewSet[Row] {
	vs.Name, vs.Doc, vs.Serializer, vs.Only = name, doc, rowBrief, []string{"list"}
	return viewset(vs)
}

// paged is a list of rows in pages.
func paged(name string, p rest.Pagination) *rest.ViewSet[Row] {
	return listed(name, "Rows, page by page.", rest.ViewSet[Row]{Pagination: p})
}

// pages serves page/.
func (k *Kitchen) pages(g *rest.Group) {
	g.Serve("page/number/", paged("Number", rest.PageNumber{Size: 10}))
	g.Serve("page/sized/", paged("Sized", rest.PageNumber{Size: 10, SizeParam: "size", MaxSize: 15}))
	g.Serve("page/renamed/", paged("Renamed", rest.PageNumber{
		Size: 7, PageParam: "p", LastPage: []string{"last", "end"}, InvalidMessage: "No such page: {page_number} ({message}).",
	}))
	g.Serve("page/limit/", paged("Limit", rest.LimitOffset{Default: 10}))
	g.Serve("page/limit-max/", paged("Limit Max", rest.LimitOffset{Default: 10, Max: 12}))
	g.Serve("page/limit-none/", paged("Limit None", rest.LimitOffset{}))
	g.Serve("page/cursor/", paged("Cursor Id", rest.Cursor{Size: 10, Order: []string{"id"}}))
	g.Serve("page/cursor-desc/", paged("Cursor Desc", rest.Cursor{Size: 10, Order: []string{"-number", "id"}}))
	g.Serve("page/cursor-ties/", paged("Cursor Ties", rest.Cursor{Size: 6, Order: []string{"number", "id"}}))
	g.Serve("page/cursor-pair/", paged("Cursor Pair", rest.Cursor{Size: 8, Order: []string{"number", "-id"}}))
	g.Serve("page/cursor-sized/", paged("Cursor Sized", rest.Cursor{Size: 10, Order: []string{"id"}, SizeParam: "size", MaxSize: 20}))
	g.Serve("page/cursor-moment/", paged("Cursor Moment", rest.Cursor{Size: 9, Order: []string{"-moment"}}))
	g.Serve("page/cursor-ordering/", listed("Cursor Ordering", "Cursor pagination over an order the client chooses.", rest.ViewSet[Row]{
		Pagination:     rest.Cursor{Size: 10, Order: []string{"id"}},
		FilterBackends: []rest.FilterBackend{rest.OrderingFilter, rest.SearchFilter},
		Ordering:       []string{"number", "title", "id"}, Search: []string{"title"},
	}))
	g.Serve("page/filtered/", listed("Page Filtered", "Pages of a filtered list.", rest.ViewSet[Row]{
		Pagination:     rest.PageNumber{Size: 5},
		FilterBackends: []rest.FilterBackend{rest.FieldFilters, rest.SearchFilter, rest.OrderingFilter},
		Filters:        rest.Filters{rest.By("kind"), rest.By("flag")},
		Search:         []string{"title"}, Ordering: []string{"number", "title", "id"},
	}))
}

// rowFilters are every kind of filter.
var rowFilters = rest.Filters{
	rest.By("title", "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith", "in", "regex", "iregex"),
	rest.By("slug", "exact", "in"),
	rest.By("number", "exact", "gt", "gte", "lt", "lte"),
	rest.By("amount", "exact", "gt", "gte", "lt", "lte", "range", "in"),
	rest.By("ratio", "exact", "gt", "lt", "isnull"),
	rest.By("flag", "exact", "isnull"),
	rest.By("kind", "exact", "in"),
	rest.By("day", "exact", "gt", "gte", "lt", "lte", "range", "year", "month", "day", "week_day", "year__gt", "quarter"),
	rest.By("moment", "exact", "gt", "gte", "lt", "lte", "year", "date", "date__gte", "hour", "minute"),
	rest.By("clock", "exact", "gt", "lt"),
	rest.By("span", "exact", "gt", "lt"),
	rest.By("ref"),
	rest.By("note", "exact", "isnull", "icontains"),
	rest.By("shelf", "exact", "in", "isnull"),
	rest.By("shelf__slug", "exact", "in", "startswith"),
	rest.By("shelf__room__slug"),
	rest.By("shelf__room"),
	rest.By("labels"),
	rest.By("labels__name", "exact", "icontains"),
	{Name: "number_in", Field: "number", Lookup: "in"},
	{Name: "number_range", Field: "number", Lookup: "range"},
	{Name: "amount_between", Field: "amount", Kind: rest.FilterNumberRange},
	{Name: "between", Field: "day", Kind: rest.FilterDateFromToRange},
	{Name: "moments", Field: "moment", Kind: rest.FilterDateTimeFromToRange},
	{Name: "isoday", Field: "moment", Lookup: "date"},
	{Name: "hour", Field: "moment", Lookup: "hour"},
	{Name: "not_kind", Field: "kind", Kind: rest.FilterChoice, Exclude: true},
	{Name: "kinds", Field: "kind", Kind: rest.FilterMultipleChoice},
	{
		Name: "typed_number", Field: "number", Kind: rest.FilterTypedChoice,
		Choices: []orm.Choice{{Value: "1", Label: "One"}, {Value: "2", Label: "Two"}},
	},
	{Name: "shelf_slug", Field: "shelf", Kind: rest.FilterModelChoice, To: "slug"},
	{Name: "shelf_null", Field: "shelf", Kind: rest.FilterModelChoice, NullLabel: "none", NullValue: "none"},
	{Name: "labels_any", Field: "labels__name", Kind: rest.FilterModelMultipleChoice, To: "name"},
	{Name: "labels_all", Field: "labels__name", Kind: rest.FilterModelMultipleChoice, To: "name", Conjoined: true},
	{Name: "note_empty", Field: "note", Lookup: "isnull", Kind: rest.FilterBoolean},
	{Name: "span_min", Field: "span", Lookup: "gte"},
	{Name: "required_q", Kind: rest.FilterChar, Label: "q", Method: titleOrNote},
	{Name: "sort", Kind: rest.FilterOrdering, Order: [][2]string{{"number", "number"}, {"name", "title"}, {"shelf", "shelf__name"}}},
}

// titleOrNote finds a text in either.
func titleOrNote(_ *rest.Request, q *gorm.DB, value any) *gorm.DB {
	text, _ := value.(string)
	text = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	return q.Where(`UPPER(kitchen_row.title) LIKE UPPER(?) ESCAPE '\' OR UPPER(kitchen_row.note) LIKE UPPER(?) ESCAPE '\'`, text, text)
}

// filters serves filter/.
func (k *Kitchen) filters(g *rest.Group) {
	fields := []rest.FilterBackend{rest.FieldFilters}
	g.Serve("filter/rows/", listed("Row Filter", "Rows by every lookup.", rest.ViewSet[Row]{FilterBackends: fields, Filters: rowFilters}))
	exact := rest.Filters{}
	for _, name := range []string{
		"title", "number", "amount", "ratio", "flag", "kind", "day", "moment", "clock", "span", "ref", "shelf", "labels",
	} {
		exact = append(exact, rest.By(name))
	}
	g.Serve("filter/fields/", listed("Row Fields", "Rows by `filterset_fields` given as a list.", rest.ViewSet[Row]{FilterBackends: fields, Filters: exact}))
	k.searches(g)
	k.orders(g)
}

func (k *Kitchen) searches(g *rest.Group) {
	search := []rest.FilterBackend{rest.SearchFilter}
	g.Serve("filter/search/", listed("Row Search", "Rows by search.", rest.ViewSet[Row]{
		FilterBackends: search, Search: []string{"title", "^slug", "=kind", "shelf__name", "labels__name"},
	}))
	g.Serve("filter/search-regex/", listed("Row Regex Search", "Rows by regular expression.", rest.ViewSet[Row]{
		FilterBackends: search, Search: []string{"$title"},
	}))
	g.Serve("filter/search-custom/", listed("Row Custom Search", "Rows by ?q=, of titles only when ?title_only is given.", rest.ViewSet[Row]{
		FilterBackends: search, Search: []string{"title", "note"}, SearchParam: "q",
		SearchFor: func(r *rest.Request) []string {
			if r.QueryHas("title_only") {
				return []string{"title"}
			}
			return nil
		},
	}))
}

func (k *Kitchen) orders(g *rest.Group) {
	order := []rest.FilterBackend{rest.OrderingFilter}
	g.Serve("filter/ordering/", listed("Row Ordering", "Rows in a chosen order; by number downwards when none is chosen.", rest.ViewSet[Row]{
		FilterBackends: order, Ordering: []string{"number", "title", "day", "shelf__name", "id"}, Order: []string{"-number", "id"},
	}))
	g.Serve("filter/ordering-all/", listed("Row Ordering All", "", rest.ViewSet[Row]{FilterBackends: order, Ordering: rest.AllFields}))
	g.Serve("filter/ordering-default/", listed("Row Ordering Default",
		"No ordering_fields: the readable fields of the serializer.", rest.ViewSet[Row]{FilterBackends: order}))
}
