package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest/internal/form"
)

// TestPagesTileTheList walks over pages of random sizes in random orders: together they are the list, each row once, and the
// way back is the same.
func TestPagesTileTheList(t *testing.T) {
	orders := [][]string{{"id"}, {"-id"}, {"number"}, {"-number", "id"}, {"ratio"}, {"-ratio", "-number"}}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := tiedRows(t, db)
		d := dialectNamed(db.Dialect())
		rapid.Check(t, func(rt *rapid.T) {
			size := rapid.IntRange(1, 70).Draw(rt, "size")
			order := rapid.SampledFrom(orders).Draw(rt, "order")
			pagination := rapid.SampledFrom([]Pagination{PageNumber{Size: size}, LimitOffset{Default: size}}).Draw(rt, "pagination")
			list := listView{pagination: pagination, order: order}.compile(t, m, d)
			there, last := walkPages(t, db, list, "/", "next")
			if diff := cmp.Diff(allTied(t, db, order), there); diff != "" {
				rt.Errorf("%T of %d by %v: forwards (-want +got)\n%s", pagination, size, order, diff)
			}
			back, first := walkPages(t, db, list, last, "previous")
			slices.Reverse(back)
			if diff := cmp.Diff(there, back); diff != "" {
				rt.Errorf("%T of %d by %v: backwards (-want +got)\n%s", pagination, size, order, diff)
			}
			if strings.Contains(first, "page=") || strings.Contains(first, "offset=") && size < 60 {
				rt.Errorf("the first page is %s", first)
			}
		})
	})
}

// TestAnySliceOfTheList asks for limits and offsets far beyond the list too.
func TestAnySliceOfTheList(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := tiedRows(t, db)
		all := allTied(t, db, []string{"-number"})
		list := listView{pagination: LimitOffset{Default: 7, Max: 20}, order: []string{"-number"}}.compile(t, m, dialectNamed(db.Dialect()))
		rapid.Check(t, func(rt *rapid.T) {
			limit, offset := rapid.IntRange(-1, 30).Draw(rt, "limit"), rapid.IntRange(-5, 80).Draw(rt, "offset")
			got := answerOf(list.page(listRequest(db, fmt.Sprintf("/?limit=%d&offset=%d", limit, offset))))
			n, from := min(limit, 20), max(offset, 0)
			if limit <= 0 {
				n = 7
			}
			want := all[min(from, len(all)):min(from+n, len(all))]
			if diff := cmp.Diff(want, got.IDs, equateEmpty()); diff != "" || !strings.HasPrefix(got.Head, `{"count":60,`) {
				rt.Errorf("limit %d, offset %d: %s (-want +got)\n%s", limit, offset, got.Head, diff)
			}
			if more := from+n < len(all); more != !strings.Contains(got.Head, `"next":null`) {
				rt.Errorf("limit %d, offset %d: %s", limit, offset, got.Head)
			}
		})
	})
}

// TestCursorsWithstandInsertions adds rows between the pages, before and behind the reader: each row that was there from the
// beginning comes once and in order, and none comes twice.
func TestCursorsWithstandInsertions(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := tiedRows(t, db)
		d := dialectNamed(db.Dialect())
		next := int64(1000)
		rapid.Check(t, func(rt *rapid.T) {
			exec(t, db, "DELETE FROM tied")
			sign := rapid.SampledFrom([]string{"", "-"}).Draw(rt, "sign")
			insert := func(number int) {
				next++ // so that keys tell nothing of the order
				exec(t, db, fmt.Sprintf("INSERT INTO tied VALUES (%d, %d, NULL)", next, number))
			}
			numbers := rapid.SliceOfNDistinct(rapid.IntRange(-500, 500), 1, 25, rapid.ID[int]).Draw(rt, "numbers")
			for _, number := range numbers {
				insert(number)
			}
			original := allTied(t, db, []string{sign + "number"})
			list := listView{pagination: Cursor{Size: rapid.IntRange(1, 6).Draw(rt, "size"), Order: []string{sign + "number"}}}.compile(t, m, d)
			var seen []int64
			for target := "/"; target != ""; {
				a := answerOf(list.page(listRequest(db, target)))
				if a.Status != 200 {
					rt.Fatalf("%s: %d %s", target, a.Status, a.Body)
				}
				seen = append(seen, a.IDs...)
				target = linkOf(t, a, "next")
				for _, more := range rapid.SliceOfN(rapid.IntRange(-600, 600), 0, 2).Draw(rt, "meanwhile") {
					if !slices.Contains(numbers, more) {
						numbers = append(numbers, more)
						insert(more)
					}
				}
				if len(seen) > 500 {
					rt.Fatal("the pages do not end")
				}
			}
			var kept []int64
			for i, id := range seen {
				if slices.Contains(seen[:i], id) {
					rt.Errorf("%d comes twice in %v", id, seen)
				}
				if slices.Contains(original, id) {
					kept = append(kept, id)
				}
			}
			if diff := cmp.Diff(original, kept); diff != "" {
				rt.Errorf("of the rows that were there (-want +got)\n%s", diff)
			}
		})
	})
}

func TestCursorsOverDeletedRows(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := tiedRows(t, db)
		list := listView{pagination: Cursor{Size: 5, Order: []string{"id"}}}.compile(t, m, dialectNamed(db.Dialect()))
		first := answerOf(list.page(listRequest(db, "/")))
		exec(t, db, "DELETE FROM tied WHERE id BETWEEN 4 AND 7") // the position and both sides of it
		second := answerOf(list.page(listRequest(db, linkOf(t, first, "next"))))
		if diff := cmp.Diff([]int64{8, 9, 10, 11, 12}, second.IDs); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestCursorsOfEveryKind orders by each field whose text stands in the cursor.
func TestCursorsOfEveryKind(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		rows := randomRows(t, db, 23)
		m := listModels(t)["row"]
		for _, field := range []string{"title", "slug", "number", "amount", "ratio", "flag", "kind", "day", "moment", "clock", "span", "ref", "note", "shelf", "shelf_id", "shelf__id", "id"} {
			for _, sign := range []string{"", "-"} {
				order := []string{sign + field, "id"}
				list := listView{pagination: Cursor{Size: 4, Order: order}}.compile(t, m, dialectNamed(db.Dialect()))
				ids, _ := walkPages(t, db, list, "/", "next")
				whole := answerOf(listView{order: order}.compile(t, m, dialectNamed(db.Dialect())).page(listRequest(db, "/"))).IDs
				if diff := cmp.Diff(whole, ids); diff != "" || len(ids) != len(rows) {
					t.Errorf("%s%s (-list +pages)\n%s", sign, field, diff)
				}
			}
		}
	})
}

// TestCursorsThatAreNone are refused with the author's words.
func TestCursorsThatAreNone(t *testing.T) {
	encode := func(position string) string { return cursor{position: &position}.encode() }
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	for _, c := range []struct {
		field, cursor string
		status        int
	}{
		{"number", encode("5"), 200},
		{"number", encode("five"), 404},
		{"number", encode("None"), 404}, // no NULL there
		{"number", encode("99999999999999999999999"), 200},
		{"ratio", encode("None"), 200},
		{"ratio", encode("nan"), 404},
		{"day", encode("2024-02-30"), 404},
		{"moment", encode("yesterday"), 404},
		{"moment", encode("2024-01-01 00:00:00+00:00"), 200},
		{"ref", encode("x"), 404},
		{"flag", encode("maybe"), 404},
		{"flag", encode("False"), 200},
		{"amount", encode("1,5"), 404},
		{"span", encode("a while"), 404},
		{"clock", encode("25:00"), 404},
		{"title", encode("a\x00b"), 404},
		{"title", encode(""), 200},
		{"title", "%", 200}, // nothing of it is base64
		{"title", "cA", 404},
		{"title", "8J+YgA==", 404}, // no ASCII inside
		{"title", "é", 404},
		{"title", cursor{offset: 7}.encode(), 200},
		{"title", "bz0tMQ==", 404}, // o=-1
		{"title", "cj14", 404},     // r=x
	} {
		list := listView{pagination: Cursor{Size: 4, Order: []string{c.field}, InvalidMessage: "No such place"}}.compile(t, m, sqlite{})
		got := answerOf(list.page(listRequest(db, "/?cursor="+url.QueryEscape(c.cursor))))
		if got.Status != c.status || got.Status == 404 && !strings.Contains(got.Body, "No such place") {
			t.Errorf("%s with %q: %d %s, want %d", c.field, c.cursor, got.Status, got.Body, c.status)
		}
	}
}

func TestSizesThatClientsAskFor(t *testing.T) {
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	paginations := map[string]Pagination{
		"page": PageNumber{Size: 3, SizeParam: "size", MaxSize: 5}, "cursor": Cursor{Size: 3, SizeParam: "size", MaxSize: 5, Order: []string{"id"}},
		"limit":     LimitOffset{Default: 3, Max: 5, LimitParam: "size"},
		"unbounded": PageNumber{Size: 3, SizeParam: "size", MaxSize: -1},
	}
	var total int64
	if err := db.SQL.QueryRow("SELECT count(*) FROM kitchen_row").Scan(&total); err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]int{
		"": 3, "1": 1, "5": 5, "6": 5, "0": 3, "-1": 3, "x": 3, "2.0": 3, "4 ": 4, "+2": 2, "1_0": 5, "٤": 4, "99999999999999999999": 5, "1e1": 3,
	} {
		for name, p := range paginations {
			want := want
			if n, err := strconv.Atoi(strings.ReplaceAll(asked, "_", "")); name == "unbounded" && (err == nil && n > 5 || len(asked) > 18) {
				want = min(int(total), max(n, 6))
			}
			list := listView{pagination: p}.compile(t, m, sqlite{})
			got := answerOf(list.page(listRequest(db, "/?size="+url.QueryEscape(asked))))
			if len(got.IDs) != want {
				t.Errorf("%s: ?size=%q gives %d rows, want %d: %s", name, asked, len(got.IDs), want, got.Body)
			}
		}
	}
}

// TestSizesWithoutLimit: where the author names none, ten thousand is the most.
func TestSizesWithoutLimit(t *testing.T) {
	for _, ready := range []Pagination{PageNumber{}, LimitOffset{}, Cursor{Order: []string{"id"}}} {
		compiled, mistakes := ready.compile(listModels(t)["row"], sqlite{})
		if mistakes != nil {
			t.Fatal(mistakes)
		}
		text := fmt.Sprintf("%+v", compiled)
		if !strings.Contains(text, "Max:10000") && !strings.Contains(text, "MaxSize:10000") {
			t.Errorf("%s", text)
		}
	}
}

// FuzzLinks rewrites addresses: the parameter has its new value, the others keep theirs, and once more changes nothing.
func FuzzLinks(f *testing.F) {
	for _, seed := range [][3]string{
		{"a=1&b=2", "page", "3"}, {"page=1&page=2", "page", ""}, {"%zz=%41&x", "é", "a b&c"}, {"a=%FF+", "b", "\x00"}, {"&&=&=1", "", "1"}, {"?a?", "a", "?"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, query, param, value string) {
		value, param = strings.ToValidUTF8(value, ""), strings.ToValidUTF8(param, "")
		before := map[string][]string{}
		for name, value := range form.QueryPairs(query) {
			before[name] = append(before[name], value)
		}
		address := rewriteAddress("http://h/p?"+query, param, []string{value})
		if again := rewriteAddress(address, param, []string{value}); again != address {
			t.Errorf("%q becomes %q", address, again)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		after := u.Query()
		if got := after[param]; len(got) != 1 || got[0] != value {
			t.Errorf("%q with %q=%q has %q", query, param, value, got)
		}
		delete(before, param)
		delete(after, param)
		if diff := cmp.Diff(before, map[string][]string(after)); diff != "" {
			t.Errorf("%q: the others changed\n%s", query, diff)
		}
		removed := rewriteAddress(address, param, nil)
		if u, err := url.Parse(removed); err != nil || u.Query().Has(param) || (len(before) == 0) != (removed == "http://h/p") {
			t.Errorf("%q without %q is %q", address, param, removed)
		}
	})
}

// TestListsOfALostDatabase breaks the connection at each statement of a list and at each row.
func TestListsOfALostDatabase(t *testing.T) {
	view := listView{filters: Filters{By("shelf"), By("labels")}, search: []string{"title"}, pagination: PageNumber{Size: 3}}
	const target = "/?shelf=1&labels=1&search=a"
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		list := view.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
		var n, step int
		faulty := ormtest.Faults(t, db, func(string) error {
			if n++; n == step {
				return errLost
			}
			return nil
		})
		places := map[string]bool{}
		for step = 1; ; step++ {
			n = 0
			_, err := list.page(listRequest(faulty, target))
			if n < step {
				break
			}
			if !errors.Is(err, orm.ErrUnavailable) || !errors.Is(err, errLost) {
				t.Errorf("statement or row %d: the error is %v", step, err)
				continue
			}
			place, _, _ := strings.Cut(err.Error(), ":")
			places[place] = true
		}
		for _, want := range []string{"look up kitchen_label", "load kitchen_row"} {
			if !places[want] {
				t.Errorf("no error says %q: %v", want, places)
			}
		}
	})
}

func TestListsOfClientsThatLeft(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		list := listView{pagination: PageNumber{Size: 3}}.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
		r := listRequest(db, "/")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r.http = r.http.WithContext(ctx)
		if _, err := list.page(r); !errors.Is(err, context.Canceled) || errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("a client that left: %v", err)
		}
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		r = listRequest(db, "/")
		r.http = r.http.WithContext(late)
		if _, err := list.page(r); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("a deadline that passed: %v", err)
		}
	})
}

// TestValuesThatOnlyPostgresRefuses: what the filter takes and the server does not is the client's mistake.
func TestValuesThatOnlyPostgresRefuses(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		list := listView{filters: Filters{By("title", "regex")}, pagination: PageNumber{Size: 3}}.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
		got := answerOf(list.page(listRequest(db, "/?title__regex="+url.QueryEscape("a{999}"))))
		want := map[string]int{orm.SQLite: 200, orm.Postgres: 400}[db.Dialect()]
		if got.Status != want || want == 400 && !strings.Contains(got.Body, "A value of the query cannot be used.") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestEnvelopesAreJSON(t *testing.T) {
	db := ormtestSQLite(t)
	for name, p := range map[string]Pagination{"page": PageNumber{Size: 3}, "limit": LimitOffset{Default: 3}, "cursor": Cursor{Size: 3, Order: []string{"id"}}} {
		list := listView{pagination: p}.compile(t, listModels(t)["row"], sqlite{})
		page, err := list.page(listRequest(db, "/?q="+url.QueryEscape(`"<\u2028`)))
		if err != nil {
			t.Fatal(err)
		}
		var envelope map[string]any
		if err := json.Unmarshal([]byte(string(page.Head)+"[]"+string(page.Tail)), &envelope); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, key := range p.envelope() {
			if _, ok := envelope[key]; !ok {
				t.Errorf("%s: the envelope lacks %s: %v", name, key, envelope)
			}
		}
		if len(envelope) != len(p.envelope()) {
			t.Errorf("%s: the envelope is %v", name, envelope)
		}
	}
}
