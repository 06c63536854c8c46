//go:build !race

// The race detector lets pools drop at random what they are given, so that nothing can be counted beside it.

package rest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// shownShelf and shownLabel stand in a shownRow, as nested objects of their own.
type shownShelf struct {
	ID   int64
	Name string
	Slug string
}

type shownLabel struct {
	ID   int64
	Name string
}

// shownRow is the form of a row in the benchmarks of this file: every kind of column, a nested object and a nested list.
type shownRow struct {
	ID     int64
	Title  string
	Number int
	Amount orm.Decimal
	Ratio  *float64
	Flag   *bool
	Kind   rowKind
	Day    orm.Date
	Moment time.Time
	Clock  orm.TimeOfDay
	Ref    uuid.UUID `rest:"readonly"`
	Note   *string
	Shelf  *shownShelf  `rest:"readonly"`
	Labels []shownLabel `rest:"readonly"`
}

// shownRows is the compiled resource of rows in that form, on an empty database.
func shownRows(tb testing.TB) (*resource, *orm.DB) {
	tb.Helper()
	db := ormtest.Open(tb, listTemplate.SQLite(tb))
	registry, err := orm.NewRegistry(&listRoom{}, &listShelf{}, &listLabel{}, &listRow{})
	if err != nil {
		tb.Fatal(err)
	}
	rows := &ViewSet[listRow]{
		Serializer: &ModelSerializer[listRow, shownRow]{}, Permissions: []Permission{}, Authenticators: []Authenticator{},
		FilterBackends: []FilterBackend{FieldFilters, SearchFilter, OrderingFilter}, Search: []string{"title", "note"},
		Filters: Filters{
			{Name: "shelf", Field: "shelf"},
			{Name: "kind", Field: "kind"},
			{Name: "from", Field: "amount", Lookup: "gte"},
			{Name: "since", Field: "day", Lookup: "gte"},
			{Name: "label", Field: "labels__name", Lookup: "icontains"},
		},
	}
	router := NewRouter(Config{DB: db, Registry: registry, Users: &identity.Store{DB: db.Gorm}})
	router.Group("/").Register("rows", rows, "row")
	api, err := router.Build()
	if err != nil {
		tb.Fatal(err)
	}
	return api.named["row-list"].view.resource, db
}

// someRows are rows with everything that shownRow shows.
func someRows(n int) []*listRow {
	rows := make([]*listRow, n)
	for i := range rows {
		ratio, flag, note := float64(i)/4, i%2 == 0, fmt.Sprintf("a note of some length, the %dth of them", i)
		day := time.Date(2023, 6, 1+i%28, 12, 30, 15, 1000*i, time.UTC)
		rows[i] = &listRow{
			ID: int64(1000 + i), Title: fmt.Sprintf("Row number %d", i), Number: i, Amount: orm.DecimalOf(int64(12345+i), -2), Ratio: &ratio,
			Flag: &flag, Kind: "b", Day: orm.DateOf(day), Moment: day, Ref: uuid.UUID{15: byte(i)}, Note: &note,
			Shelf:  &listShelf{ID: 7, Name: "Upper left", Slug: "upper-left"},
			Labels: []*listLabel{{ID: 1, Name: "red"}, {ID: 2, Name: "green"}, {ID: 3, Name: "blue"}},
		}
	}
	return rows
}

// BenchmarkEncode writes a page of 25 rows.
func BenchmarkEncode(b *testing.B) {
	rs, _ := shownRows(b)
	rows, e := reflect.ValueOf(someRows(25)), &encoding{}
	text := rs.serializer.appendRows(e, nil, rows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		text = rs.serializer.appendRows(e, text[:0], rows)
	}
}

const writtenRow = `{"title":"Row number 1","number":1,"amount":"123.45","ratio":0.25,"flag":true,"kind":"b","day":"2023-06-01",` +
	`"moment":"2023-06-01T12:30:15.000001Z","clock":"09:15:00","note":"a note of some length, the first of them"}`

// BenchmarkDecode reads and validates the body of a row.
func BenchmarkDecode(b *testing.B) {
	rs, db := shownRows(b)
	r, body := listRequest(db, "/"), []byte(writtenRow)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		data, err := pyjson.Parse(body, pyjson.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rs.serializer.read(&decoding{r: r}, data, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// listQueries are queries of lists, and how many allocations their statements may take.
var listQueries = []struct {
	name, query string
	most        float64
}{
	{"none", "", 4},
	{"equal", "?kind=b", 16},
	{"several", "?kind=b&from=12.50&since=2023-06-01&ordering=-amount,title", 54},
	{"related", "?label=red", 30},
	{"search", "?search=some+words", 57},
}

// statementOf is what makes the statement of a query.
func statementOf(tb testing.TB, rs *resource, db *orm.DB, query string) func() {
	r := listRequest(db, "/"+query)
	r.api.config = rs.api.config
	return func() {
		q, err := rs.filtered(r, nil, false)
		if err != nil {
			tb.Fatal(err)
		}
		q.plan = rs.plans[rs.serializer]
		if _, _, err := q.selectText(); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkFilters makes the statement of the query of a list.
func BenchmarkFilters(b *testing.B) {
	rs, db := shownRows(b)
	for _, c := range listQueries {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for run := statementOf(b, rs, db, c.query); b.Loop(); {
				run()
			}
		})
	}
}

func TestFiltersAreCheap(t *testing.T) {
	rs, db := shownRows(t)
	for _, c := range listQueries {
		if got := testing.AllocsPerRun(50, statementOf(t, rs, db, c.query)); got > c.most {
			t.Errorf("%s: %g allocations, at most %g are needed", c.query, got, c.most)
		}
	}
}
