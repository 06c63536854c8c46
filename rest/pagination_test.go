package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
)

type tiedRow struct {
	ID     int64 `gorm:"primaryKey"`
	Number int   `orm:"integer"`
	Ratio  *float64
}

func (tiedRow) TableName() string { return "tied" }
func (tiedRow) Meta() orm.Meta    { return orm.Meta{App: "test"} }

// TestCursorVisitsEveryRowOnce walks forwards to the end and back to the beginning over rows with many ties, and with
// NULL among the positions.
func TestCursorVisitsEveryRowOnce(t *testing.T) {
	orders := [][]string{{"id"}, {"-id"}, {"number", "id"}, {"-number", "-id"}, {"-number"}, {"ratio", "-number"}, {"-ratio"}}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := tiedRows(t, db)
		random := rand.New(rand.NewPCG(1, 2))
		for _, order := range orders {
			for range 4 {
				size := 1 + random.IntN(9)
				list := listView{pagination: Cursor{Size: size, Order: order}}.compile(t, m, dialectNamed(db.Dialect()))
				there, last := walkPages(t, db, list, "/", "next")
				if diff := cmp.Diff(allTied(t, db, order), there); diff != "" {
					t.Errorf("order %v, %d a page: forwards (-want +got)\n%s", order, size, diff)
				}
				slices.Reverse(there)
				back, _ := walkPages(t, db, list, last, "previous")
				if diff := cmp.Diff(there, back); diff != "" && !reversalArtefact(there, back) {
					t.Errorf("order %v, %d a page: backwards (-want +got)\n%s", order, size, diff)
				}
			}
		}
	})
}

// reversalArtefact tells whether a walk differs only as DRF's algorithm may: turning round within rows that are all equal
// can pass some of them over, but never shows one twice or out of order.
func reversalArtefact(want, got []int64) bool {
	at := 0
	for _, id := range got {
		i := slices.Index(want[at:], id)
		if i < 0 {
			return false
		}
		at += i + 1
	}
	return true
}

// tiedRows stores rows whose numbers and ratios often coincide.
func tiedRows(t *testing.T, db *orm.DB) *orm.Model {
	t.Helper()
	exec(t, db, "CREATE TABLE tied (id bigint PRIMARY KEY, number integer NOT NULL, ratio double precision NULL)")
	random := rand.New(rand.NewPCG(3, 4))
	for id := range 60 {
		ratio := "NULL"
		if n := random.IntN(4); n > 0 {
			ratio = fmt.Sprintf("%d.5", n)
		}
		exec(t, db, fmt.Sprintf("INSERT INTO tied VALUES (%d, %d, %s)", id+1, random.IntN(6), ratio))
	}
	registry, err := orm.NewRegistry(&tiedRow{})
	if err != nil {
		t.Fatal(err)
	}
	return registry.Model(&tiedRow{})
}

func exec(t *testing.T, db *orm.DB, statement string) {
	t.Helper()
	if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// allTied are the keys in an order, ties by key upwards.
func allTied(t *testing.T, db *orm.DB, order []string) (ids []int64) {
	t.Helper()
	var terms []string
	for _, name := range append(slices.Clone(order), "id") {
		name, down := strings.CutPrefix(name, "-")
		terms = append(terms, name+direction(down))
	}
	rows, err := db.SQL.QueryContext(t.Context(), "SELECT id FROM tied ORDER BY "+strings.Join(terms, ", "))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// walkPages follows the links of one direction; it returns the keys in the order of the walk and the address of the last
// page.
func walkPages(t *testing.T, db *orm.DB, list *compiledList, target, direction string) (ids []int64, last string) {
	t.Helper()
	for range 200 {
		a := answerOf(list.page(listRequest(db, target)))
		if a.Status != 200 {
			t.Fatalf("%s: %d %s", target, a.Status, a.Body)
		}
		if direction == "previous" {
			slices.Reverse(a.IDs)
		}
		ids = append(ids, a.IDs...)
		next := linkOf(t, a, direction)
		if next == "" {
			return ids, target
		}
		target = next
	}
	t.Fatalf("the pages do not end: %s", target)
	return nil, ""
}

// linkOf is the path and query of one of the links of a page.
func linkOf(t *testing.T, a listAnswer, name string) string {
	t.Helper()
	var head map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSuffix(a.Head, ",")+"}"), &head); err != nil {
		t.Fatalf("%s: %v", a.Head, err)
	}
	text, _ := head[name].(string)
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()[len(u.RequestURI())*btoi(text == ""):]
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestAddressesAreRewrittenAsPythonDoes(t *testing.T) {
	tests := []struct{ address, param, value, want string }{
		{"http://h/p?b=2&a=1", "page", "3", "http://h/p?a=1&b=2&page=3"},
		{"http://h/p?page=2", "page", "", "http://h/p"},
		{"http://h/p?a=1&a=0&page=2", "page", "", "http://h/p?a=1&a=0"},
		{"http://h/p?x&y=", "p", "é &", "http://h/p?p=%C3%A9+%26&x=&y="},
		{"http://h/p?a=%zz+%41~", "p", "1", "http://h/p?a=%25zz+A~&p=1"},
		{"http://h/p?", "p", "", "http://h/p"},
		{"http://h/p?a=%FF", "p", "1", "http://h/p?a=%EF%BF%BD&p=1"},
		{"http://h/p?a=%E2%82&b=%ED%A0%80", "p", "1", "http://h/p?a=%EF%BF%BD&b=%EF%BF%BD%EF%BF%BD%EF%BF%BD&p=1"},
		{"http://h/p?a=ä&b=%C3%A4", "p", "1", "http://h/p?a=%C3%A4&b=%C3%A4&p=1"},
		{"http://h/p?a=\xe4", "p", "1", "http://h/p?a=%C3%A4&p=1"},
	}
	for _, test := range tests {
		values := []string{test.value}
		if test.value == "" {
			values = nil
		}
		if got := rewriteAddress(test.address, test.param, values); got != test.want {
			t.Errorf("%s with %s=%q: got %s, want %s", test.address, test.param, test.value, got, test.want)
		}
	}
}

func TestPositionsAreWrittenAsPythonDoes(t *testing.T) {
	models := listModels(t)
	date, _ := orm.NewDate(2024, 3, 1)
	clock, _ := orm.ParseTimeOfDay("01:07:00.5")
	moment, _ := readMoment("2024-03-01T03:07:00.000001+02:00")
	yes, half := true, 0.5
	row := listRow{
		ID: 7, Title: "é", Number: -3, Amount: orm.MustDecimal("3.1"), Ratio: &half, Flag: &yes, Day: date, Moment: moment, Clock: clock,
		Span: orm.Day + orm.Second,
	}
	wants := map[string]string{
		"id": "7", "title": "é", "number": "-3", "amount": "3.10", "ratio": "0.5", "flag": "True", "day": "2024-03-01",
		"moment": "2024-03-01 01:07:00.000001+00:00", "clock": "01:07:00.500000", "note": "None", "shelf_id": "None",
		"ref": "00000000-0000-0000-0000-000000000000",
	}
	for name, want := range wants {
		plans, err := compileOrder(models["row"], sqlite{}, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := positionOf(reflect.ValueOf(&row), plans[0]); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestPaginationMistakes(t *testing.T) {
	m := listModels(t)["row"]
	tests := map[string]struct {
		pagination Pagination
		want       string
	}{
		"size above the greatest": {PageNumber{Size: 20, MaxSize: 10}, "PageNumber: the page size 20 is more than the greatest, 10"},
		"negative limit":          {LimitOffset{Default: -1}, "LimitOffset: a negative page size"},
		"unknown order":           {Cursor{Size: 5, Order: []string{"titel"}}, `Cursor.Order: listRow has no field "titel"`},
		"order by another table":  {Cursor{Size: 5, Order: []string{"shelf__name"}}, `Cursor.Order: "shelf__name" is no field of rest.listRow itself`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, mistakes := test.pagination.compile(m, sqlite{})
			if len(mistakes) != 1 || !strings.Contains(mistakes[0], test.want) {
				t.Errorf("got %q, want %q", mistakes, test.want)
			}
		})
	}
}

func TestPaginationDocumentsItsParameters(t *testing.T) {
	tests := []struct {
		pagination Pagination
		names      string
		envelope   string
	}{
		{NoPagination, "", ""},
		{PageNumber{Size: 5}, "page", "count next previous results"},
		{PageNumber{Size: 5, PageParam: "p", SizeParam: "size"}, "p size", "count next previous results"},
		{LimitOffset{}, "limit offset", "count next previous results"},
		{Cursor{SizeParam: "size"}, "cursor size", "next previous results"},
	}
	for _, test := range tests {
		var names []string
		for _, p := range test.pagination.parameters() {
			names = append(names, p.Name)
			if p.Type == "" || p.Description == "" {
				t.Errorf("%+v lacks a type or a description", p)
			}
		}
		if got := strings.Join(names, " "); got != test.names {
			t.Errorf("%T: parameters %q, want %q", test.pagination, got, test.names)
		}
		if got := strings.Join(test.pagination.envelope(), " "); got != test.envelope {
			t.Errorf("%T: envelope %q, want %q", test.pagination, got, test.envelope)
		}
	}
}

// TestListsTakeFewStatements counts statements: a page is its rows and their number, and a choice of several rows one more. For
// that of a single one see TestRowsAnswerDoubts.
func TestListsTakeFewStatements(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		view := listViews()["/kitchen/filter/rows/"]
		view.pagination = PageNumber{Size: 10}
		list := view.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
		tests := map[string]int64{"/": 2, "/?number__gt=3&title__icontains=a": 2, "/?shelf__in=1,2,3&labels=1&labels=2": 4, "/?page=9": 2, "/?page=last": 2, "/?page=0": 1}
		for target, want := range tests {
			r := listRequest(db, target)
			ctx, count := orm.CountStatements(r.http.Context())
			r.http = r.http.WithContext(ctx)
			_, _ = list.page(r)
			if got := count.Load(); got != want {
				t.Errorf("%s: %d statements, want %d:\n%s", target, got, want, strings.Join(count.Texts(), "\n"))
			}
		}
	})
}

// TestCountingLeavesOutTheOrder looks at the statements: no ORDER BY and no join that only orders.
func TestCountingLeavesOutTheOrder(t *testing.T) {
	db := ormtestSQLite(t)
	list := listView{ordering: []string{"shelf__name"}, filters: Filters{By("shelf__room__slug")}, pagination: PageNumber{Size: 3}}.
		compile(t, listModels(t)["row"], sqlite{})
	r := listRequest(db, "/?ordering=shelf__name")
	texts := statementsOf(r, func() { _, _ = list.page(r) })
	if len(texts) != 2 || strings.Contains(texts[0], "JOIN") || strings.Contains(texts[0], "ORDER") {
		t.Errorf("counting: %q", texts)
	}
	if !strings.Contains(texts[1], `ORDER BY "__shelf"."name" ASC, "kitchen_row"."id" ASC`) || strings.Contains(texts[1], "North") {
		t.Errorf("loading: %q", texts[1])
	}
	r = listRequest(db, "/?shelf__room__slug=north&ordering=-shelf__name")
	texts = statementsOf(r, func() { _, _ = list.page(r) })
	if len(texts) != 2 || strings.Count(texts[0], "JOIN") != 2 || strings.Count(texts[1], "JOIN") != 2 {
		t.Errorf("joins are shared: %q", texts)
	}
	for _, text := range texts {
		if strings.Contains(text, "north") {
			t.Errorf("a value stands in the text: %s", text)
		}
	}
}

func ormtestSQLite(tb testing.TB) *orm.DB {
	tb.Helper()
	db, err := orm.Open(context.Background(), orm.Config{URL: listTemplate.SQLite(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(db.Close)
	return db
}

func statementsOf(r *Request, run func()) []string {
	ctx, count := orm.CountStatements(r.http.Context())
	r.http = r.http.WithContext(ctx)
	run()
	return count.Texts()
}

// FuzzCursor feeds arbitrary cursors; they are read or refused, and what was read is written back the same.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "cD0xMA==", "bz0xJnI9MSZwPS01", "====", "cD0xMCZyPTE", "/w==", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OQ=="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := decodeCursor(text)
		if !ok {
			return
		}
		if at.offset < 0 || at.offset > maxCursorOffset {
			t.Errorf("offset %d", at.offset)
		}
		again, ok := decodeCursor(at.encode())
		if diff := cmp.Diff(at, again, cmp.AllowUnexported(cursor{})); !ok || diff != "" {
			t.Errorf("%q: (-read +read again)\n%s", text, diff)
		}
	})
}

// FuzzLists asks lists with arbitrary parameters: never a server error.
func FuzzLists(f *testing.F) {
	for i, seed := range recordedLists(f) {
		if i%20 == 0 {
			path, query, _ := strings.Cut(seed.Path, "?")
			f.Add(path, query)
		}
	}
	db := ormtestSQLite(f)
	lists := map[string]*compiledList{}
	var m *orm.Model
	f.Fuzz(func(t *testing.T, path, query string) {
		if m == nil {
			m = listModels(t)["row"]
			for path, v := range listViews() {
				lists[path] = v.compile(t, m, sqlite{})
			}
		}
		list := lists[path]
		if list == nil {
			return
		}
		r := listRequest(db, path)
		r.http.URL.RawQuery = query
		r.query = listQuery(query)
		if got := answerOf(list.page(r)); got.Status >= 500 {
			t.Errorf("%s?%s: %s", path, query, got.Body)
		}
	})
}
