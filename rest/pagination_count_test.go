package rest

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

// TestWaysOfCounting compares what stands before the rows. The table has 12 rows; the planner of PostgreSQL is told so.
func TestWaysOfCounting(t *testing.T) {
	const first = `"next":"http://testserver/?page=2","previous":null,"results":`
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := listModels(t)["row"]
		var total int64
		if err := db.Gorm.Raw("SELECT COUNT(*) FROM kitchen_row").Scan(&total).Error; err != nil || total < 10 {
			t.Fatalf("%d rows: %v", total, err)
		}
		if err := db.Gorm.Exec("ANALYZE").Error; err != nil {
			t.Fatal(err)
		}
		exact := `{"count":` + textOf(total) + `,`
		for _, test := range []struct {
			count  Count
			target string
			head   string
			rows   int
		}{
			{CountExactly, "/", exact + first, 4},
			{CountUpTo(6), "/", `{"count":6,` + first, 4},
			{CountUpTo(2), "/", `{"count":5,` + first, 4}, // as many as the page proves
			{CountUpTo(100_000), "/", exact + first, 4},
			{CountUpTo(100_000), "/?page=2", "", 4},
			{CountEstimated, "/", exact + first, 4},
			{CountNone, "/", `{"count":null,` + first, 4},
			{CountNone, "/?title=nothing+has+this+title", `{"count":null,"next":null,"previous":null,"results":`, 0},
		} {
			view := listView{filters: Filters{By("title")}, pagination: PageNumber{Size: 4, Count: test.count}}
			page, err := view.compile(t, m, dialectNamed(db.Dialect())).page(listRequest(db, test.target))
			if err != nil {
				t.Errorf("%v %s: %v", test.count, test.target, err)
				continue
			}
			if page.Rows.Len() != test.rows || test.head != "" && string(page.Head) != test.head {
				t.Errorf("%v %s: %d rows behind %s, want %d behind %s", test.count, test.target, page.Rows.Len(), page.Head, test.rows, test.head)
			}
		}
	})
}

// TestUncountedListsEnd walks through a list page by page: every row comes once, the last page has no next one, and what is
// beyond is refused as in counted lists.
func TestUncountedListsEnd(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m, d := listModels(t)["row"], dialectNamed(db.Dialect())
		whole := answerOf(listView{order: []string{"id"}}.compile(t, m, d).page(listRequest(db, "/"))).IDs
		for _, pagination := range []Pagination{
			PageNumber{Size: 5, Count: CountNone},
			PageNumber{Size: len(whole), Count: CountUpTo(1)},
			LimitOffset{Default: 5, Count: CountNone},
			LimitOffset{Default: 3, Count: CountUpTo(4)},
		} {
			list := listView{order: []string{"id"}, pagination: pagination}.compile(t, m, d)
			var got []int64
			target := "/"
			for range len(whole) + 1 {
				page, err := list.page(listRequest(db, target))
				if err != nil {
					t.Fatalf("%#v %s: %v", pagination, target, err)
				}
				got = append(got, answerOf(page, nil).IDs...)
				_, next, _ := strings.Cut(string(page.Head), `"next":`)
				if strings.HasPrefix(next, "null") {
					break
				}
				next, _, _ = strings.Cut(strings.TrimPrefix(next, `"http://testserver`), `"`)
				target = next
			}
			if textOf(len(got)) != textOf(len(whole)) || got[len(got)-1] != whole[len(whole)-1] {
				t.Errorf("%#v: %v, want %v", pagination, got, whole)
			}
		}
		list := listView{pagination: PageNumber{Size: 5, Count: CountNone}}.compile(t, m, d)
		for _, target := range []string{"/?page=99", "/?page=last", "/?page=0", "/?page=x"} {
			if _, err := list.page(listRequest(db, target)); err == nil {
				t.Errorf("%s is answered", target)
			}
		}
	})
}

// TestCountUpToNothing is a mistake that start-up reports.
func TestCountUpToNothing(t *testing.T) {
	for _, p := range []Pagination{PageNumber{Size: 5, Count: CountUpTo(0)}, LimitOffset{Default: 5, Count: CountUpTo(-1)}} {
		if _, mistakes := p.compile(nil, sqlite{}); len(mistakes) != 1 || !strings.Contains(mistakes[0], "CountUpTo") {
			t.Errorf("%#v: %q", p, mistakes)
		}
	}
}
