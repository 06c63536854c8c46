package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// manyRows adds rows until there are pages far from the beginning.
func manyRows(t *testing.T, db *orm.DB) {
	t.Helper()
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)`
	var columns []string
	for _, f := range listModels(t)["row"].Fields {
		if f.Column != "" && f.Column != "id" {
			columns = append(columns, quote(f.Column))
		}
	}
	names := strings.Join(columns, ", ")
	ref := "printf('%032d', n.i)"
	if db.Dialect() == orm.Postgres {
		ref = "lpad(n.i::text, 32, '0')::uuid"
	}
	key := "(SELECT MAX(id) FROM kitchen_row) + n.i"
	err := db.Gorm.Exec("INSERT INTO kitchen_row (id, " + names + ") " + numbers + " SELECT " + key + ", " +
		strings.NewReplacer(`"slug"`, `'far-' || n.i`, `"ref"`, ref).Replace(names) + " FROM kitchen_row, n WHERE kitchen_row.id = (SELECT MIN(id) FROM kitchen_row)").Error
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Gorm.Exec("ANALYZE").Error; err != nil {
		t.Fatal(err)
	}
}

// TestFarPages compares pages that are found by their keys first with the same part of the whole list.
func TestFarPages(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		manyRows(t, db)
		m, d := listModels(t)["row"], dialectNamed(db.Dialect())
		for _, order := range [][]string{{"id"}, {"-number", "id"}, {"shelf__name", "-id"}} {
			view := listView{filters: Filters{By("id", "gt")}, order: order}
			whole := answerOf(view.compile(t, m, d).page(listRequest(db, "/?id__gt=2"))).IDs
			view.pagination = LimitOffset{Default: 7}
			for _, offset := range []int{farOffset - 1, farOffset, farOffset + 1, len(whole) - 3} {
				r := listRequest(db, "/?id__gt=2&offset="+textOf(offset))
				var got listAnswer
				texts := statementsOf(r, func() { got = answerOf(view.compile(t, m, d).page(r)) })
				if want := whole[offset:min(offset+7, len(whole))]; !slices.Equal(got.IDs, want) {
					t.Errorf("order %v, offset %d: %v, want %v", order, offset, got.IDs, want)
				}
				if isFar := strings.Contains(texts[1], "IN (SELECT"); isFar != (offset >= farOffset) {
					t.Errorf("offset %d: %s", offset, texts[1])
				}
			}
			for _, beyond := range []string{"offset=" + textOf(len(whole)), "offset=1000000000"} {
				r := listRequest(db, "/?id__gt=2&"+beyond)
				texts := statementsOf(r, func() {
					if got := answerOf(view.compile(t, m, d).page(r)); len(got.IDs) > 0 || got.Status != http.StatusOK {
						t.Errorf("%s: %d %v", beyond, got.Status, got.IDs)
					}
				})
				if len(texts) != 1 {
					t.Errorf("%s passes over all rows: %q", beyond, texts)
				}
			}
		}
	})
}

// TestCursorsSeekInTheIndex reads PostgreSQL's plan of a page behind a cursor: however deep it is, the rows before it are
// passed over in the index, not read.
func TestCursorsSeekInTheIndex(t *testing.T) {
	db := ormtest.Open(t, listTemplate.Postgres(t))
	manyRows(t, db)
	list := listView{pagination: Cursor{Size: 5, Order: []string{"id"}}}.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
	deep := cursor{position: new("1200")}
	r := listRequest(db, "/?cursor="+deep.encode())
	texts := statementsOf(r, func() {
		if _, err := list.page(r); err != nil {
			t.Fatal(err)
		}
	})
	ctx := context.Background()
	conn, err := db.Pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "PREPARE page AS "+texts[0]); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(ctx, "EXPLAIN EXECUTE page (1200)")
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if !strings.Contains(plan.String(), "Index Cond: (id > ") || strings.Contains(plan.String(), "Sort") {
		t.Errorf("the plan of %s\n%s", texts[0], plan.String())
	}
}
