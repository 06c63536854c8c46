package rest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
)

// TestAnnotationsCountPerRow orders and filters shelves by what their rows add up to; the fixture has 10 rows on the top
// shelf's neighbours and 5 on none.
func TestAnnotationsCountPerRow(t *testing.T) {
	view := listView{
		filters:  Filters{By("row_count", "exact", "gte"), By("mean_ratio", "gt"), By("amount", "lt"), By("rows__labels__name"), By("newest", "gte")},
		ordering: AllFields, search: []string{"name"},
		pagination: PageNumber{Size: 10},
	}
	tests := []struct {
		query string
		want  []int64
	}{
		{"", []int64{1, 2, 3, 4}},
		{"ordering=-row_count,id", []int64{2, 4, 3, 1}},
		{"ordering=-amount", []int64{2, 3, 4, 1}},
		{"row_count=6", []int64{1}},
		{"row_count__gte=7&ordering=-id", []int64{4, 3, 2}},
		{"mean_ratio__gt=0", []int64{1, 2, 3, 4}},
		{"amount__lt=200", []int64{1}},
		{"rows__labels__name=hot", []int64{1, 2, 3, 4}},
		{"newest__gte=2025-02-01", []int64{2, 4}},
		{"search=top", []int64{1}},
	}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		list := view.compile(t, listModels(t)["shelf"], dialectNamed(db.Dialect()))
		for _, test := range tests {
			got := answerOf(list.page(listRequest(db, "/?"+test.query)))
			if want := expectedShelves(t, db, test.query); want != nil {
				test.want = want
			}
			if diff := cmp.Diff(test.want, got.IDs); diff != "" {
				t.Errorf("%s: %s (-want +got)\n%s", test.query, got.Body, diff)
			}
			if !strings.HasPrefix(got.Head, `{"count":`) {
				t.Errorf("%s: head %s", test.query, got.Head)
			}
		}
	})
}

// expectedShelves computes by grouping what the subqueries compute row by row.
func expectedShelves(t *testing.T, db *orm.DB, query string) (ids []int64) {
	t.Helper()
	statements := map[string]string{
		"ordering=-row_count,id":        "GROUP BY s.id ORDER BY COUNT(r.id) DESC, s.id",
		"ordering=-amount":              "GROUP BY s.id ORDER BY SUM(r.amount) DESC",
		"row_count=6":                   "GROUP BY s.id HAVING COUNT(r.id) = 6 ORDER BY s.id",
		"row_count__gte=7&ordering=-id": "GROUP BY s.id HAVING COUNT(r.id) >= 7 ORDER BY s.id DESC",
		"amount__lt=200":                "GROUP BY s.id HAVING SUM(r.amount) < 200 ORDER BY s.id",
		"newest__gte=2025-02-01":        "GROUP BY s.id HAVING MAX(r.moment) >= '2025-02-01' ORDER BY s.id",
	}
	tail, ok := statements[query]
	if !ok {
		return nil
	}
	rows, err := db.SQL.QueryContext(t.Context(), "SELECT s.id FROM kitchen_shelf s LEFT JOIN kitchen_row r ON r.shelf_id = s.id "+tail)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	ids = []int64{}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestAnnotationsAreSubqueriesOfTheRow(t *testing.T) {
	models := listModels(t)
	tests := []struct{ model, field, sqlite, cast string }{
		{"shelf", "RowCount", `(SELECT COUNT("A0"."id") FROM "kitchen_row" "A0" WHERE "A0"."shelf_id" = "x"."id")`, "COUNT(\"A0\".\"id\")::bigint"},
		{"shelf", "MeanRatio", `(SELECT AVG("A0"."ratio") FROM "kitchen_row" "A0" WHERE "A0"."shelf_id" = "x"."id")`, "::float8"},
		{
			"shelf", "LabelCount", `(SELECT COUNT("A0__labels_through_1"."label_id") FROM "kitchen_row" "A0" INNER JOIN "kitchen_row_labels" ` +
				`"A0__labels_through_1" ON "A0"."id" = "A0__labels_through_1"."row_id" WHERE "A0"."shelf_id" = "x"."id")`, "::bigint",
		},
	}
	for _, test := range tests {
		m := models[test.model]
		for _, source := range m.Annotations {
			if source.GoName != test.field {
				continue
			}
			a, err := compileAnnotation(m, source)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.sqlFor(sqlite{}, "x"); got != test.sqlite {
				t.Errorf("%s: got %s, want %s", test.field, got, test.sqlite)
			}
			if got := a.sqlFor(postgres{}, "x"); !strings.Contains(got, test.cast) {
				t.Errorf("%s: %s has no %s", test.field, got, test.cast)
			}
		}
	}
}

func TestAnnotationMistakes(t *testing.T) {
	m := listModels(t)["shelf"]
	typ := reflect.TypeFor[struct {
		None   int64          `orm:"label=x"`
		Own    int64          `orm:"count=name"`
		Wrong  int64          `orm:"count=rows__titel"`
		NoType map[string]int `orm:"count=rows"`
	}]()
	wants := []string{"without an aggregate", "aggregates over no relation", `has no field "titel"`, "not map[string]int"}
	fake := *m
	fake.Type = typ
	for i, want := range wants {
		f := typ.Field(i)
		_, err := compileAnnotation(&fake, &orm.Annotation{Name: f.Name, GoName: f.Name, Index: f.Index, Type: f.Type})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", f.Name, err, want)
		}
	}
}
