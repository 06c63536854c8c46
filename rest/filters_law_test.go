package rest

import (
	"cmp"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// heldRow is a stored row with the names of its labels.
type heldRow struct {
	listRow
	labels []string
}

// randomRows replaces the rows of the fixture by random ones that often agree in a field.
func randomRows(t *testing.T, db *orm.DB, n int) []heldRow {
	t.Helper()
	for _, statement := range []string{"DELETE FROM kitchen_row_labels", "DELETE FROM kitchen_row"} {
		exec(t, db, statement)
	}
	var labels []listLabel
	if err := db.Gorm.WithContext(t.Context()).Order("id").Find(&labels).Error; err != nil {
		t.Fatal(err)
	}
	rows := make([]heldRow, n)
	for i := range rows {
		rows[i].listRow = rapid.Custom(drawRow).Example(i)
		rows[i].ID, rows[i].Slug, rows[i].Ref = int64(i+1), fmt.Sprint("row-", i), uuid.UUID{15: byte(i)}
		if err := db.Gorm.WithContext(t.Context()).Create(&rows[i].listRow).Error; err != nil {
			t.Fatal(err)
		}
		for j, label := range labels {
			if (i>>j)&1 == 1 && j < 4 {
				exec(t, db, fmt.Sprintf("INSERT INTO kitchen_row_labels (row_id, label_id) VALUES (%d, %d)", i+1, label.ID))
				rows[i].labels = append(rows[i].labels, label.Name)
			}
		}
	}
	return rows
}

func drawRow(t *rapid.T) listRow {
	at := time.Unix(rapid.SampledFrom([]int64{1_577_836_799, 1_577_836_800, 1_609_459_199, 1_709_251_199, 1_717_200_000}).Draw(t, "at"), 0).UTC()
	at = at.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "later")) * 37 * time.Hour)
	row := listRow{
		Title:  rapid.StringMatching(`[ab%_\\ ]{0,4}`).Draw(t, "title"),
		Number: rapid.IntRange(-3, 3).Draw(t, "number"),
		Amount: orm.NewDecimal(big.NewInt(rapid.Int64Range(-300, 300).Draw(t, "amount")), -2),
		Kind:   rapid.SampledFrom([]rowKind{"a", "b", "c"}).Draw(t, "kind"),
		Day:    orm.DateOf(at), Moment: at.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "micros")) * time.Microsecond),
		Clock: orm.TimeOfDayOf(at.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "half")) * 500 * time.Millisecond)),
		Span:  orm.Duration(rapid.IntRange(-2, 2).Draw(t, "span")) * 36 * orm.Hour,
	}
	if rapid.IntRange(0, 3).Draw(t, "null") > 0 {
		ratio, flag, note, shelf := float64(rapid.IntRange(-2, 2).Draw(t, "ratio"))/4, rapid.Bool().Draw(t, "flag"),
			rapid.SampledFrom([]string{"", "x", "X y", "100%"}).Draw(t, "note"), rapid.Int64Range(1, 4).Draw(t, "shelf")
		row.Ratio, row.Flag, row.Note, row.ShelfID = &ratio, &flag, &note, &shelf
	}
	return row
}

// column is a field in memory: its value as the text of a parameter, NULL, and how two of its values compare.
type column struct {
	text    func(r *heldRow) (string, bool)
	compare func(r *heldRow, text string) int
}

func number(v float64) func(string) int {
	return func(text string) int {
		other, _ := strconv.ParseFloat(text, 64)
		return cmp.Compare(v, other)
	}
}

// columns are the fields that are compared, as Django would see them.
func columns() map[string]column {
	text := func(get func(r *heldRow) string) column {
		return column{func(r *heldRow) (string, bool) { return get(r), true }, func(r *heldRow, s string) int { return strings.Compare(get(r), s) }}
	}
	numeric := func(get func(r *heldRow) (float64, bool)) column {
		return column{
			func(r *heldRow) (string, bool) { v, ok := get(r); return strconv.FormatFloat(v, 'f', -1, 64), ok },
			func(r *heldRow, s string) int { v, _ := get(r); return number(v)(s) },
		}
	}
	spans := func(r *heldRow, s string) int { d, _ := orm.ParseDuration(s); return r.Span.Cmp(d) }
	return map[string]column{
		"number": numeric(func(r *heldRow) (float64, bool) { return float64(r.Number), true }),
		"amount": numeric(func(r *heldRow) (float64, bool) { return r.Amount.Float64(), true }),
		"ratio": numeric(func(r *heldRow) (float64, bool) {
			if r.Ratio == nil {
				return 0, false
			}
			return *r.Ratio, true
		}),
		"day":               text(func(r *heldRow) string { return r.Day.String() }),
		"moment":            text(func(r *heldRow) string { return r.Moment.Format("2006-01-02T15:04:05.000000Z") }),
		"clock":             text(func(r *heldRow) string { return (r.Clock.String() + ".000000")[:15] }),
		"span":              {func(r *heldRow) (string, bool) { return r.Span.String(), true }, spans},
		"day__year":         numeric(func(r *heldRow) (float64, bool) { y, _, _ := r.Day.Parts(); return float64(y), true }),
		"moment__year":      numeric(func(r *heldRow) (float64, bool) { return float64(r.Moment.Year()), true }),
		"day__month":        numeric(func(r *heldRow) (float64, bool) { _, m, _ := r.Day.Parts(); return float64(m), true }),
		"day__quarter":      numeric(func(r *heldRow) (float64, bool) { _, m, _ := r.Day.Parts(); return float64((m + 2) / 3), true }),
		"moment__day":       numeric(func(r *heldRow) (float64, bool) { return float64(r.Moment.Day()), true }),
		"moment__hour":      numeric(func(r *heldRow) (float64, bool) { return float64(r.Moment.Hour()), true }),
		"clock__minute":     numeric(func(r *heldRow) (float64, bool) { _, m, _, _ := r.Clock.Parts(); return float64(m), true }),
		"clock__second":     numeric(func(r *heldRow) (float64, bool) { _, _, s, _ := r.Clock.Parts(); return float64(s), true }),
		"day__week_day":     numeric(func(r *heldRow) (float64, bool) { return float64(r.Day.Weekday()) + 1, true }),
		"day__iso_week_day": numeric(func(r *heldRow) (float64, bool) { return float64((r.Day.Weekday()+6)%7) + 1, true }),
		"day__week":         numeric(func(r *heldRow) (float64, bool) { _, w := r.Day.Time(time.UTC).ISOWeek(); return float64(w), true }),
		"moment__iso_year":  numeric(func(r *heldRow) (float64, bool) { y, _ := r.Moment.ISOWeek(); return float64(y), true }),
		"moment__date":      text(func(r *heldRow) string { return r.Moment.Format(time.DateOnly) }),
	}
}

// holds evaluates a lookup in memory.
func (c column) holds(r *heldRow, lookup string, values []string) bool {
	_, there := c.text(r)
	if lookup == "isnull" {
		return there == (values[0] == "false")
	}
	if !there {
		return false
	}
	switch lookup {
	case "in":
		return slices.ContainsFunc(values, func(v string) bool { return c.compare(r, v) == 0 })
	case "range":
		return c.compare(r, values[0]) >= 0 && c.compare(r, values[1]) <= 0
	}
	order := c.compare(r, values[0])
	return map[string]bool{"exact": order == 0, "gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[lookup]
}

// TestComparisonsAgreeWithMemory asks for rows by random lookups, also turned round, and evaluates the same in Go.
func TestComparisonsAgreeWithMemory(t *testing.T) {
	all := columns()
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		rows := randomRows(t, db, 40)
		m := listModels(t)["row"]
		rapid.Check(t, func(rt *rapid.T) {
			name := rapid.SampledFrom(names).Draw(rt, "field")
			c := all[name]
			lookup := rapid.SampledFrom([]string{"exact", "gt", "gte", "lt", "lte", "in", "range", "isnull"}).Draw(rt, "lookup")
			if lookup == "isnull" && strings.Contains(name, "__") {
				lookup = "exact"
			}
			exclude := rapid.Bool().Draw(rt, "exclude")
			values := drawValues(rt, c, rows, lookup)
			field, transform, _ := strings.Cut(name, "__")
			f := Filter{Field: field, Lookup: strings.TrimPrefix(transform+"__"+lookup, "__"), Exclude: exclude}
			var want []int64
			for i := range rows {
				if c.holds(&rows[i], lookup, values) != exclude {
					want = append(want, rows[i].ID)
				}
			}
			got := askFilter(t, db, m, f, "p="+url.QueryEscape(strings.Join(values, ",")))
			if diff := gocmp.Diff(want, got.IDs, equateEmpty()); diff != "" || got.Errors != nil || got.Fails != "" {
				rt.Errorf("%s__%s=%v exclude=%v: %v %s (-memory +database)\n%s", name, lookup, values, exclude, got.Errors, got.Fails, diff)
			}
			if int(got.Count) != len(got.IDs) {
				rt.Errorf("%s__%s=%v: %d rows are counted as %d", name, lookup, values, len(got.IDs), got.Count)
			}
		})
	})
}

// drawValues takes values that some rows have.
func drawValues(t *rapid.T, c column, rows []heldRow, lookup string) (values []string) {
	n := map[string]int{"in": rapid.IntRange(1, 3).Draw(t, "n"), "range": 2}[lookup]
	if lookup == "isnull" {
		return []string{rapid.SampledFrom([]string{"true", "false"}).Draw(t, "value")}
	}
	for range max(n, 1) {
		text, _ := c.text(&rows[rapid.IntRange(0, len(rows)-1).Draw(t, "row")])
		values = append(values, text)
	}
	return values
}

func equateEmpty() gocmp.Option {
	return gocmp.FilterValues(func(a, b []int64) bool { return len(a)+len(b) == 0 }, gocmp.Comparer(func(a, b []int64) bool { return true }))
}

// patterns are the text lookups in memory; SQLite compares letters of ASCII without their case in all of them.
var patterns = map[string]func(text, value string) bool{
	"exact":       func(text, value string) bool { return text == value },
	"contains":    strings.Contains,
	"startswith":  strings.HasPrefix,
	"endswith":    strings.HasSuffix,
	"iexact":      strings.EqualFold,
	"icontains":   func(text, value string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(value)) },
	"istartswith": func(text, value string) bool { return strings.HasPrefix(strings.ToLower(text), strings.ToLower(value)) },
	"iendswith":   func(text, value string) bool { return strings.HasSuffix(strings.ToLower(text), strings.ToLower(value)) },
}

// TestPatternsAgreeWithMemory has the wildcards and the escape of LIKE among the letters of texts and of values.
func TestPatternsAgreeWithMemory(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		rows := randomRows(t, db, 60)
		m := listModels(t)["row"]
		for lookup, holds := range patterns {
			rapid.Check(t, func(rt *rapid.T) {
				letters := `[ab%_\\]{1,3}`
				if strings.HasPrefix(lookup, "i") {
					letters = `[abAB%_\\]{1,3}`
				}
				value := rapid.StringMatching(letters).Draw(rt, "value")
				exclude := rapid.Bool().Draw(rt, "exclude")
				var want []int64
				for i := range rows {
					if holds(rows[i].Title, value) != exclude {
						want = append(want, rows[i].ID)
					}
				}
				got := askFilter(t, db, m, Filter{Field: "title", Lookup: lookup, Exclude: exclude}, "p="+url.QueryEscape(value))
				if diff := gocmp.Diff(want, got.IDs, equateEmpty()); diff != "" || got.Fails != "" {
					rt.Errorf("title__%s=%q exclude=%v: %s (-memory +database)\n%s", lookup, value, exclude, got.Fails, diff)
				}
			})
		}
	})
}

// TestLabelsAgreeWithMemory filters over a relation of many: any label, all labels, none of them.
func TestLabelsAgreeWithMemory(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		rows := randomRows(t, db, 32)
		m := listModels(t)["row"]
		var names []string
		for i := range rows {
			for _, name := range rows[i].labels {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
		if len(names) < 3 {
			t.Fatalf("only the labels %q", names)
		}
		rapid.Check(t, func(rt *rapid.T) {
			asked := rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(rt, "labels")
			conjoined, exclude := rapid.Bool().Draw(rt, "conjoined"), rapid.Bool().Draw(rt, "exclude")
			var want []int64
			for i := range rows {
				if labelled(rows[i].labels, asked, conjoined, exclude) {
					want = append(want, rows[i].ID)
				}
			}
			f := Filter{Field: "labels__name", To: "name", Kind: FilterModelMultipleChoice, Conjoined: conjoined, Exclude: exclude}
			got := askFilter(t, db, m, f, url.Values{"p": asked}.Encode())
			if diff := gocmp.Diff(want, got.IDs, equateEmpty()); diff != "" || got.Fails != "" || got.Errors != nil {
				rt.Errorf("labels %q conjoined=%v exclude=%v: %v %s (-memory +database)\n%s", asked, conjoined, exclude, got.Errors, got.Fails, diff)
			}
		})
	})
}

// labelled tells whether a row with labels is found; a conjoined exclusion excludes by each label in turn.
func labelled(labels, asked []string, conjoined, exclude bool) bool {
	has := func(name string) bool { return slices.Contains(labels, name) }
	switch {
	case exclude:
		return !slices.ContainsFunc(asked, has)
	case conjoined:
		return !slices.ContainsFunc(asked, func(name string) bool { return !has(name) })
	}
	return slices.ContainsFunc(asked, has)
}
