package rest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// values are what a body may hold for each column of everything: often right, sometimes at the edge, sometimes wrong.
var values = map[string]*rapid.Generator[any]{
	"char":     anyOf(rapid.StringMatching(`[a-zäß]{1,5}`)),
	"text":     anyOf(rapid.StringMatching(`[^\x00]{0,20}`)),
	"slug":     anyOf(rapid.StringMatching(`[a-z_-]{1,9}`)),
	"email":    anyOf(rapid.StringMatching(`[a-z]{1,4}@[a-z]{1,4}\.example`)),
	"url":      anyOf(rapid.StringMatching(`https?://[a-z]{1,9}\.example/[a-z?=&]{0,9}`)),
	"number":   either(rapid.Int32(), rapid.StringMatching(` ?-?[0-9]{1,9}(\.0)?`)),
	"small":    either(rapid.Int16(), rapid.StringMatching(`-?[0-9]{1,4}`)),
	"big":      either(rapid.Int64(), rapid.StringMatching(`[0-9]{18}`)),
	"positive": anyOf(rapid.Int64Range(0, math.MaxInt64)),
	"float":    either(rapid.Float64Range(-1e300, 1e300), rapid.Int64()),
	"decimal":  either(rapid.StringMatching(`-?[1-9][0-9]{0,4}(\.[0-9]{1,3})?|0\.?0?`), rapid.IntRange(-99999, 99999)),
	"flag":     either(rapid.Bool(), rapid.SampledFrom([]string{"yes", "off", "null", "TRUE"})),
	"day":      anyOf(rapid.Custom(func(t *rapid.T) string { return anyTime().Draw(t, "t").Format(time.DateOnly) })),
	"moment": either(
		rapid.Custom(func(t *rapid.T) string { return anyTime().Draw(t, "t").Format(time.RFC3339Nano) }),
		rapid.Custom(func(t *rapid.T) string { return anyTime().Draw(t, "t").Format("2006-01-02 15:04") })),
	"clock":  anyOf(rapid.Custom(func(t *rapid.T) string { return anyTime().Draw(t, "t").Format("15:04:05.999999") })),
	"span":   either(rapid.StringMatching(`-?[0-9]{1,4} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?`), rapid.IntRange(0, 1e9)),
	"json":   anyOf(anyJSON(2)),
	"ip":     anyOf(rapid.SampledFrom([]string{"1.2.3.4", "::1", "2001:DB8:0:0::1", "::ffff:1.2.3.4"})),
	"ref":    anyOf(rapid.StringMatching(`[0-9a-f]{32}`)),
	"choice": anyOf(rapid.SampledFrom([]string{"novel", "poem"})),
	"big2":   either(rapid.Just[any](nil), rapid.Int64()),
	"null":   either(rapid.Just[any](nil), rapid.StringMatching(`[0-9]{1,3}\.[0-9]`)),
	"pause":  either(rapid.Just[any](nil), rapid.StringMatching(`P[0-9]{1,3}DT[0-9]{1,2}S`)),
	"note":   either(rapid.Just[any](nil), rapid.StringMatching(`[^\x00]{0,9}`)),
}

func anyTime() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-50_000_000_000, 200_000_000_000).Draw(t, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999).Draw(t, "micros")*1000).UTC()
	})
}

// anyOf is mostly a value of the generator, and now and then something of another type.
func anyOf[T any](g *rapid.Generator[T]) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if rapid.IntRange(0, 99).Draw(t, "odd") == 57 {
			return rapid.SampledFrom([]any{nil, true, "", 0, -1.5, []any{}, map[string]any{}, "\u0000", "ſ"}).Draw(t, "wrong")
		}
		return g.Draw(t, "right")
	})
}

func either[T, U any](a *rapid.Generator[T], b *rapid.Generator[U]) *rapid.Generator[any] {
	return anyOf(rapid.OneOf(a.AsAny(), b.AsAny()))
}

func anyJSON(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.StringMatching(`[a-zäé"\\ ]{0,5}`).AsAny())
	if depth == 0 {
		return leaf
	}
	inner := anyJSON(depth - 1)
	return rapid.OneOf(leaf, rapid.SliceOfN(inner, 0, 3).AsAny(), rapid.MapOfN(rapid.StringMatching(`[a-z]{1,3}`), inner, 0, 3).AsAny())
}

// draw is a body with a value for nearly every column.
func draw(t *rapid.T) map[string]any {
	body := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) { // in an order, for rapid to repeat it
		if rapid.IntRange(0, 99).Draw(t, "left out") != 57 {
			body[name] = values[name].Draw(t, name)
		}
	}
	return body
}

// TestWhatIsRenderedIsAccepted is the law of forms: what a resource accepts and renders, it accepts again and renders the
// same; what it refuses, it refuses by 400 with the names of fields.
func TestWhatIsRenderedIsAccepted(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		db.Gorm.Config.NowFunc = func() time.Time { return libraryClock }
		c := serve(t, db, []any{&everything{}}, func(g *rest.Group) {
			g.Register("rows", &rest.ViewSet[everything]{Serializer: rest.Auto[everything]()})
		})
		accepted, refused := 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			body := draw(rt)
			a := c.Post("/rows/", body)
			if a.Status == http.StatusBadRequest {
				refused++
				for name := range a.Object() {
					if values[name] == nil {
						rt.Fatalf("an error under %q: %s", name, a)
					}
				}
				return
			}
			accepted++
			if a.Status != http.StatusCreated {
				text, _ := json.Marshal(body)
				rt.Fatalf("%s: %s", text, a)
			}
			path := fmt.Sprintf("/rows/%s/", a.Field("id"))
			law(rt, "read", c.Get(path), a)
			law(rt, "written as it is", c.Put(path, a.Body), a)
			law(rt, "written in part", c.Patch(path, a.Body), a)
			law(rt, "read again", c.Get(path), a)
		})
		t.Logf("%d bodies were accepted, %d refused", accepted, refused)
		if accepted == 0 || refused == 0 {
			t.Errorf("%d bodies were accepted, %d refused: the law was not tried", accepted, refused)
		}
	})
}

// law compares an answer with the first one; PostgreSQL keeps the keys of JSON values in another order, so the value of
// json is compared apart.
func law(t *rapid.T, what string, got, first *resttest.Answer) {
	split := func(a *resttest.Answer) (text, inner string) {
		before, rest, _ := strings.Cut(a.Text(), `"json":`)
		value, after, _ := strings.Cut(rest, `,"ip":`)
		var v any
		_ = json.Unmarshal([]byte(value), &v)
		sorted, _ := json.Marshal(v)
		return before + after, string(sorted)
	}
	text, inner := split(got)
	wantText, wantInner := split(first)
	if got.Status != http.StatusOK || text != wantText || inner != wantInner {
		t.Fatalf("%s\n got %s\nwant %s", what, got, first.Text())
	}
}

// TestPatchesAreOrderless: patches of different fields lead to the same object in whatever order they come.
func TestPatchesAreOrderless(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := library(t, db, nil)
	stock(t, c, 2)
	rapid.Check(t, func(rt *rapid.T) {
		patches := []string{
			fmt.Sprintf(`{"title":"Title %d"}`, rapid.IntRange(0, 9).Draw(rt, "title")),
			fmt.Sprintf(`{"pages":%d}`, rapid.IntRange(0, 5000).Draw(rt, "pages")),
			fmt.Sprintf(`{"price":"%d.%02d"}`, rapid.IntRange(0, 9999).Draw(rt, "whole"), rapid.IntRange(0, 99).Draw(rt, "cents")),
			fmt.Sprintf(`{"authors":%s}`, rapid.SampledFrom([]string{"[]", "[1]", "[2,1]"}).Draw(rt, "authors")),
			fmt.Sprintf(`{"editor":%s,"isbn":null}`, rapid.SampledFrom([]string{"null", "1", "2"}).Draw(rt, "editor")),
		}
		for book, order := range [][]string{patches, rapid.Permutation(patches).Draw(rt, "order")} {
			for _, p := range order {
				if a := c.Patch(fmt.Sprintf("/raw/books/%d/", book+1), p); a.Status != http.StatusOK {
					rt.Fatalf("%s: %s", p, a)
				}
			}
		}
		same := func(id int) string {
			o := c.Get(fmt.Sprintf("/raw/books/%d/", id)).Object()
			return fmt.Sprint(o["title"], o["pages"], o["price"], o["authors"], o["editor"])
		}
		if one, two := same(1), same(2); one != two {
			rt.Fatalf("%s is not %s", one, two)
		}
	})
}
