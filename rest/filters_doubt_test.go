package rest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// TestRowsAnswerDoubts counts the statements of lists whose filters name rows. Where foreign keys of the database itself lead
// to them, rows that are found prove that they are there; the answers are those of asking along, as is done in transactions.
func TestRowsAnswerDoubts(t *testing.T) {
	filters := Filters{
		By("shelf"), By("shelf__room"), By("number", "gt"),
		{Name: "not", Field: "shelf", Exclude: true},
		{Name: "own", Field: "shelf", Method: func(_ *Request, q *gorm.DB, _ any) *gorm.DB { return q }},
		{Name: "label", Field: "labels", Kind: FilterModelChoice},
	}
	numbered, cursor := PageNumber{Size: 10}, Cursor{Size: 10, Order: []string{"id"}}
	estimated, uncounted := PageNumber{Size: 10, Count: CountEstimated}, PageNumber{Size: 10, Count: CountNone}
	tests := []struct {
		pagination Pagination
		target     string
		unmanaged  string // the model whose table no migration made
		status     int
		asking     int64 // statements when the filters are asked about along with the list
		postgres   int64 // statements outside of transactions
	}{
		{pagination: numbered, target: "/?shelf=1", status: 200, asking: 3, postgres: 2},
		{pagination: numbered, target: "/?shelf=1&number__gt=10000", status: 200, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=77", status: 400, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1&shelf__room=1", status: 200, asking: 4, postgres: 2},
		{pagination: numbered, target: "/?shelf=1&shelf__room=2", status: 200, asking: 4, postgres: 4},
		{pagination: numbered, target: "/?shelf=1&shelf__room=77", status: 400, asking: 4, postgres: 4},
		{pagination: numbered, target: "/?shelf=88&shelf__room=77", status: 400, asking: 4, postgres: 4},
		{pagination: numbered, target: "/?shelf=77&number__gt=x", status: 400, asking: 1, postgres: 1},
		{pagination: numbered, target: "/?shelf=1&page=9", status: 404, asking: 3, postgres: 2},
		{pagination: numbered, target: "/?shelf=77&page=9", status: 400, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1&page=0", status: 404, asking: 2, postgres: 1},
		{pagination: numbered, target: "/?shelf=77&page=0", status: 400, asking: 2, postgres: 2},
		{pagination: numbered, target: "/?shelf=1&page=500", status: 404, asking: 2, postgres: 1},
		{pagination: cursor, target: "/?shelf=1", status: 200, asking: 2, postgres: 1},
		{pagination: cursor, target: "/?shelf=77", status: 400, asking: 2, postgres: 2},
		{pagination: cursor, target: "/?shelf=1&cursor=wrong", status: 404, asking: 1, postgres: 1},
		{pagination: cursor, target: "/?shelf=77&cursor=wrong", status: 400, asking: 1, postgres: 1},
		{pagination: uncounted, target: "/?shelf=77&page=x", status: 400, asking: 1, postgres: 1},
		{pagination: uncounted, target: "/?shelf=77&page=last", status: 400, asking: 1, postgres: 1},
		{pagination: estimated, target: "/?shelf=1", status: 200, asking: 3, postgres: 2},
		{pagination: estimated, target: "/?shelf=77", status: 400, asking: 3, postgres: 3},
		// What rows prove nothing about.
		{pagination: numbered, target: "/?not=1", status: 200, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?not=77", status: 400, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1&not=2", status: 200, asking: 4, postgres: 4},
		{pagination: numbered, target: "/?own=77", status: 400, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1&own=2", status: 200, asking: 4, postgres: 4},
		{pagination: numbered, target: "/?label=1", status: 200, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1", unmanaged: "row", status: 200, asking: 3, postgres: 3},
		{pagination: numbered, target: "/?shelf=1", unmanaged: "shelf", status: 200, asking: 3, postgres: 3},
	}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		for _, test := range tests {
			models := listModels(t)
			if m := models[test.unmanaged]; m != nil {
				m.Meta.Unmanaged = true
			}
			list := listView{filters: filters, pagination: test.pagination}.compile(t, models["row"], dialectNamed(db.Dialect()))
			answer := func(within func(r *Request, fn func() error) error) (a listAnswer, statements int64) {
				r := listRequest(db, test.target)
				texts := statementsOf(r, func() {
					_ = within(r, func() error {
						page, err := list.page(r)
						a = answerOf(page, err)
						return err
					})
				})
				return a, int64(len(texts))
			}
			asked, statements := answer((*Request).Atomic)
			if asked.Status != test.status || statements != test.asking {
				t.Errorf("%s in a transaction: %d in %d statements, want %d in %d", test.target, asked.Status, statements, test.status, test.asking)
			}
			want := test.asking
			if db.Dialect() == orm.Postgres {
				want = test.postgres
			}
			got, statements := answer(func(_ *Request, fn func() error) error { return fn() })
			if diff := cmp.Diff(asked, got); diff != "" || statements != want {
				t.Errorf("%s: %d statements, want %d\n%s", test.target, statements, want, diff)
			}
		}
	})
}
