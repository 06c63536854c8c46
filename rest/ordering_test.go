package rest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// orderText is the ORDER BY of a list.
func orderText(t *testing.T, view listView, db *orm.DB, m *orm.Model, target string) string {
	t.Helper()
	list := view.compile(t, m, dialectNamed(db.Dialect()))
	r := listRequest(db, target)
	texts := statementsOf(r, func() {
		if _, err := list.page(r); err != nil {
			t.Fatal(err)
		}
	})
	_, order, _ := strings.Cut(texts[len(texts)-1], " ORDER BY ")
	return strings.ReplaceAll(strings.ReplaceAll(order, `"kitchen_row".`, ""), `"`, "")
}

// TestOrdersAreTotal: whatever a client asks for, the primary key decides between equals, so that pages never overlap.
func TestOrdersAreTotal(t *testing.T) {
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	view := listView{ordering: []string{"number", "title", "slug", "shelf", "shelf__name", "id", "day__year", "labels__name", "shelf__room"}, order: []string{"-number"}}
	for asked, want := range map[string]string{
		"":                         "number DESC, id ASC",
		"number":                   "number ASC, id ASC",
		"-number,title":            "number DESC, title ASC, id ASC",
		"number,-number":           "number ASC, id ASC",
		"-id,title":                "id DESC, title ASC",
		"slug":                     "slug ASC",
		"titel":                    "number DESC, id ASC",
		"titel,title":              "title ASC, id ASC",
		"--number":                 "number DESC, id ASC",
		"-":                        "number DESC, id ASC",
		" number , -title ":        "number ASC, title DESC, id ASC",
		"number;title":             "number DESC, id ASC",
		"amount":                   "number DESC, id ASC",
		"shelf__name":              "__shelf.name ASC, id ASC",
		"shelf":                    "shelf_id ASC, id ASC", // the shelves' default order, by their key
		"-shelf__room":             "__shelf.room_id DESC, id ASC",
		"-day__year":               "CAST(SUBSTR(day, 1, 4) AS INTEGER) DESC, id ASC",
		"labels__name":             "__labels_through_1__labels_1.name ASC, id ASC",
		"number) --":               "number DESC, id ASC",
		"ordering=id":              "number DESC, id ASC",
		strings.Repeat("id,", 400): "id ASC",
	} {
		if got := orderText(t, view, db, m, "/?ordering="+strings.ReplaceAll(strings.ReplaceAll(asked, " ", "+"), ";", "%3B")); got != want {
			t.Errorf("?ordering=%.40s orders by %s, want %s", asked, got, want)
		}
	}
}

func TestDefaultOrderOfTheModel(t *testing.T) {
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	for name, c := range map[string]struct {
		order    []string
		ordering []string
		want     string
	}{
		"the model's":       {nil, nil, "id ASC"},
		"the list's":        {[]string{"-title"}, nil, "title DESC, id ASC"},
		"none":              {[]string{}, nil, "id ASC"},
		"of related models": {[]string{"-shelf"}, nil, "shelf_id DESC, id ASC"},
	} {
		if got := orderText(t, listView{order: c.order, ordering: c.ordering}, db, m, "/?ordering=number"); got != c.want {
			t.Errorf("%s orders by %s, want %s", name, got, c.want)
		}
	}
}

// The models of default orders that lead to each other.

type orderedPack struct {
	ID   int64 `gorm:"primaryKey"`
	Name string
}

func (orderedPack) TableName() string { return "pack" }
func (orderedPack) Meta() orm.Meta {
	return orm.Meta{App: "test", Name: "pack", Ordering: []string{"-name", "id"}}
}

type orderedItem struct {
	ID     int64 `gorm:"primaryKey"`
	PackID int64
	Pack   *orderedPack `orm:"on_delete=cascade"`
	NextID *int64
	Next   *orderedItem `orm:"on_delete=set_null,related=before"`
}

func (orderedItem) TableName() string { return "item" }
func (orderedItem) Meta() orm.Meta {
	return orm.Meta{App: "test", Name: "item", Ordering: []string{"pack", "next"}}
}

func TestDefaultOrdersOfRelatedModels(t *testing.T) {
	registry, err := orm.NewRegistry(&orderedPack{}, &orderedItem{})
	if err != nil {
		t.Fatal(err)
	}
	m := registry.Model(orderedItem{})
	for name, want := range map[string]string{
		"pack": "-pack__name pack__id", "-pack": "pack__name -pack__id", "pack_id": "pack_id", "-pack__name": "-pack__name",
	} {
		plans, err := compileOrder(m, sqlite{}, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range plans {
			got = append(got, map[bool]string{true: "-"}[p.desc]+p.path.text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s orders by %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"next", "-next", "next__next"} {
		if _, err := compileOrder(m, sqlite{}, name); err == nil || !strings.Contains(err.Error(), "leads round in the default orders of related models: name a field instead") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, mistakes := compileOrdering(m, sqlite{}, orderingSpec{place: "shop.Items"})
	if len(mistakes) != 1 || !strings.HasPrefix(mistakes[0], "shop.Items.Order: ") {
		t.Errorf("the mistakes are %q", mistakes)
	}
}

// TestOrderingAgreesWithMemory sorts random rows by random fields.
func TestOrderingAgreesWithMemory(t *testing.T) {
	all := columns()
	names := []string{"number", "amount", "ratio", "day", "moment", "clock", "span", "day__month", "moment__hour"}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		rows := randomRows(t, db, 40)
		d := dialectNamed(db.Dialect())
		list := listView{ordering: names}.compile(t, listModels(t)["row"], d)
		rapid.Check(t, func(rt *rapid.T) {
			order := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(rt, "order")
			downs := rapid.SliceOfN(rapid.Bool(), 3, 3).Draw(rt, "downs")
			sorted := slices.Clone(rows)
			slices.SortStableFunc(sorted, func(a, b heldRow) int {
				for i, name := range order {
					c := compareNull(all[name], &a, &b, d.nullsFirst())
					if c != 0 && downs[i] {
						return -c
					} else if c != 0 {
						return c
					}
				}
				return 0
			})
			var want []int64
			terms := slices.Clone(order)
			for i := range terms {
				if downs[i] {
					terms[i] = "-" + terms[i]
				}
			}
			for _, r := range sorted {
				want = append(want, r.ID)
			}
			got := answerOf(list.page(listRequest(db, "/?ordering="+strings.Join(terms, ","))))
			if diff := cmp.Diff(want, got.IDs); diff != "" {
				rt.Errorf("by %v: %s (-memory +database)\n%s", terms, got.Body, diff)
			}
		})
	})
}

// compareNull compares two rows upwards, with NULL where the database has it.
func compareNull(c column, a, b *heldRow, nullsFirst bool) int {
	_, thereA := c.text(a)
	text, thereB := c.text(b)
	switch {
	case thereA && thereB:
		return c.compare(a, text)
	case thereA == thereB:
		return 0
	case thereA == nullsFirst:
		return 1
	}
	return -1
}

func TestOrderingIsDocumented(t *testing.T) {
	m := listModels(t)["row"]
	for param, want := range map[string]int{"": 0, "sort": 1} {
		o, _ := compileOrdering(m, sqlite{}, orderingSpec{param: param, allowed: []string{"id"}})
		got := o.parameters()
		if len(got) != want || want == 1 && (got[0].Name != param || got[0].Type != "string" || got[0].Description == "") {
			t.Errorf("%q: %+v", param, got)
		}
	}
}

func TestAllFieldsAreOrderable(t *testing.T) {
	o, mistakes := compileOrdering(listModels(t)["shelf"], sqlite{}, orderingSpec{param: "ordering", allowed: AllFields})
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	if got := fmt.Sprint(o.allowed); got != "[amount id label_count mean_ratio name newest room row_count slug]" {
		t.Errorf("the names are %s", got)
	}
}
