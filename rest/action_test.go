package rest_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

type amountData struct {
	Amount int64 `json:"amount" rest:"min=1"`
}

type pagesData struct {
	Pages int64  `json:"pages"`
	By    string `json:"by"`
}

var (
	amountForm = &rest.Serializer[amountData]{}
	pagesForm  = &rest.Serializer[pagesData]{}
	titleForm  = &rest.ModelSerializer[book, struct {
		ID    int64  `json:"id"`
		Title string `json:"title"`
		Pages int64  `json:"pages"`
	}]{Name: "Title"}
	chapterForm = &rest.ModelSerializer[chapter, struct {
		Number int64  `json:"number"`
		Title  string `json:"title"`
	}]{Name: "BookChapter"}
)

// bookActions has an action of every constructor.
func bookActions() []rest.Action[book] {
	return []rest.Action[book]{
		{Name: "lengthen", Handle: rest.Change(func(_ *rest.Request, b *book) error {
			if b.Pages >= 102 {
				return rest.Conflict("Long enough.")
			}
			b.Pages++
			if b.Title == "Book 2" {
				b.Slug = "b1" // taken
			}
			return nil
		})},
		{Name: "label", Path: "label/{size:[0-9]+}", URLName: "sticker", Handle: rest.OnObject(http.MethodGet, nil, func(r *rest.Request, b *book) (*rest.Response, error) {
			return rest.OK(rest.Obj("label", b.Title[:min(len(b.Title), len(r.Param("size")))], "size", r.Param("size"))), nil
		})},
		{Name: "totals", Handle: rest.OnCollection[book](http.MethodGet, pagesForm, func(r *rest.Request) (*rest.Response, error) {
			var n int64
			if err := r.DB().Model(&book{}).Select("SUM(pages)").Row().Scan(&n); err != nil {
				return nil, err
			}
			return rest.Answer(r, pagesForm, &pagesData{Pages: n, By: r.Action()})
		})},
		{Name: "add_pages", Handle: rest.Receive(amountForm, pagesForm, func(r *rest.Request, b *book, in *rest.Input[amountData]) (*pagesData, error) {
			b.Pages += in.Data.Amount
			if err := r.Save(b); err != nil {
				return nil, err
			}
			if b.Pages > 5000 {
				return nil, rest.InvalidField("amount", "Too many.")
			}
			return &pagesData{Pages: b.Pages, By: b.Title}, nil
		})},
		{Name: "reprice", Handle: rest.Submit[book](amountForm, pagesForm, func(r *rest.Request, in *rest.Input[amountData]) (*pagesData, error) {
			return &pagesData{Pages: in.Data.Amount, By: "all"}, r.DB().Exec("UPDATE lib_book SET price = ?", in.Data.Amount).Error
		})},
		{Name: "forget", Handle: rest.Submit[book](amountForm, rest.Nothing, func(*rest.Request, *rest.Input[amountData]) (*rest.NoData, error) {
			return nil, nil
		})},
		{Name: "long", Handle: rest.Listing[book](func(r *rest.Request, q *gorm.DB) (*gorm.DB, error) {
			n, ok := rest.ParseInteger(r.Query("from"))
			if !ok {
				return nil, rest.InvalidField("from", "A valid integer is required.")
			}
			return q.Where("lib_book.pages >= ?", n), nil
		})},
		{
			Name: "chapters", Pagination: rest.NoPagination, Serializer: rest.FormFor[book](chapterForm),
			Handle: rest.Children(chapterForm, func(_ *rest.Request, b *book, q *gorm.DB) *gorm.DB { return q.Where("lib_chapter.book_id = ?", b.ID) }),
			Also: map[string]rest.Handler[book]{http.MethodPost: rest.Add(chapterForm, func(_ *rest.Request, b *book, ch *chapter) error {
				if b.Pages > 1000 {
					return rest.Conflict("Full.")
				}
				ch.BookID = b.ID
				return nil
			})},
		},
		{Name: "bulk", Handle: rest.Bulk[book](1, 2), Serializer: rest.Auto[book]()},
		{Name: "newest", Methods: []string{http.MethodGet, http.MethodPatch}, Handle: rest.Mine(func(r *rest.Request) (*book, error) {
			var b book
			err := r.DB().Order("id DESC").Take(&b).Error
			if errors.Is(err, gorm.ErrRecordNotFound) {
				err = rest.ErrNotFound
			}
			return &b, err
		})},
	}
}

func actionLibrary(t *testing.T, db *orm.DB) *resttest.Client {
	t.Helper()
	return library(t, db, func(g *rest.Group) {
		g.Register("books", &rest.ViewSet[book]{
			Serializer: titleForm, Actions: bookActions(), Pagination: rest.PageNumber{Size: 2},
			Filters: rest.Filters{rest.By("slug")},
		})
	})
}

// TestActions goes through every constructor: what it takes, what it answers, what it leaves.
func TestActions(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := actionLibrary(t, db)
		stock(t, c, 3)
		for _, s := range []struct{ what, method, path, body, want string }{
			{"Change", "POST", "/books/1/lengthen/", ``, `200 {"id":1,"title":"Book 1","pages":101}`},
			{"Change saved", "POST", "/books/1/lengthen/", ``, `200 {"id":1,"title":"Book 1","pages":102}`},
			{"Change refused", "POST", "/books/1/lengthen/", ``, `409 {"detail":"Long enough."}`},
			{"Change breaks a constraint", "POST", "/books/2/lengthen/", ``, `400 {"non_field_errors":["The fields slug must make a unique set."]}`},
			{"Change of nothing", "POST", "/books/9/lengthen/", ``, `404 {"detail":"No book matches the given query."}`},
			{"Change by another method", "GET", "/books/1/lengthen/", ``, `405 {"detail":"Method \"GET\" not allowed."}`},
			{"OnObject", "GET", "/books/1/label/123/", ``, `200 {"label":"Boo","size":"123"}`},
			{"OnObject with another path", "GET", "/books/1/label/x/", ``, `404 `},
			{"OnCollection", "GET", "/books/totals/", ``, `200 {"pages":302,"by":"totals"}`},
			{"Receive", "POST", "/books/1/add_pages/", `{"amount":8}`, `200 {"pages":110,"by":"Book 1"}`},
			{"Receive validates", "POST", "/books/1/add_pages/", `{"amount":0}`, `400 {"amount":["Ensure this value is greater than or equal to 1."]}`},
			{"Receive undone", "POST", "/books/1/add_pages/", `{"amount":9999}`, `400 {"amount":["Too many."]}`},
			{"Receive for nothing", "POST", "/books/9/add_pages/", `{"amount":0}`, `404 {"detail":"No book matches the given query."}`},
			{"Submit", "POST", "/books/reprice/", `{"amount":7}`, `200 {"pages":7,"by":"all"}`},
			{"Submit validates", "POST", "/books/reprice/", `{}`, `400 {"amount":["This field is required."]}`},
			{"Submit without answer", "POST", "/books/forget/", `{"amount":7}`, `204 `},
			{"Listing", "GET", "/books/long/?from=102", ``, `200 {"count":1,"next":null,"previous":null,"results":[{"id":1,"title":"Book 1","pages":110}]}`},
			{"Listing in pages", "GET", "/books/long/?from=1&page=2", ``, `200 {"count":3,"next":null,"previous":"http://testserver/books/long/?from=1","results":[{"id":3,"title":"Book 3","pages":100}]}`},
			{"Listing is filtered", "GET", "/books/long/?from=1&slug=b2", ``, `200 {"count":1,"next":null,"previous":null,"results":[{"id":2,"title":"Book 2","pages":100}]}`},
			{"Listing refused", "GET", "/books/long/?from=x", ``, `400 {"from":["A valid integer is required."]}`},
			{"Children", "GET", "/books/1/chapters/", ``, `200 [{"number":1,"title":"Chapter 1"},{"number":2,"title":"Chapter 2"},{"number":3,"title":"Chapter 3"}]`},
			{"Children of nothing", "GET", "/books/9/chapters/", ``, `404 {"detail":"No book matches the given query."}`},
			{"Add", "POST", "/books/1/chapters/", `{"number":4,"title":"New"}`, `201 {"number":4,"title":"New"}`},
			{"Add validates", "POST", "/books/1/chapters/", `{"number":-4}`, `400 {"number":["Ensure this value is greater than or equal to 0."],"title":["This field is required."]}`},
			{"Add breaks a constraint", "POST", "/books/1/chapters/", `{"number":4,"title":"Again"}`, `400 {"non_field_errors":["The fields book_id, number must make a unique set."]}`},
			{"Add to nothing", "POST", "/books/9/chapters/", `{}`, `404 {"detail":"No book matches the given query."}`},
			{"Bulk", "POST", "/books/bulk/", `[{"title":"Bulk","slug":"b4","publisher":1}]`, `201 [{"id":4,"title":"Bulk","slug":"b4","isbn":null,"pages":100,"price":"9.90","kind":"novel","in_print":true,"published":null,"rating":null,"notes":"","extra":{},"created_at":"2024-05-06T07:08:09Z","updated_at":"2024-05-06T07:08:09Z","publisher":1,"editor":null,"authors":[]}]`},
			{"Bulk of none", "POST", "/books/bulk/", `[]`, `400 {"non_field_errors":["This list may not be empty."]}`},
			{"Bulk of too many", "POST", "/books/bulk/", `[{},{},{}]`, `400 {"non_field_errors":["Ensure this field has no more than 2 elements."]}`},
			{"Bulk of no list", "POST", "/books/bulk/", `{}`, `400 {"non_field_errors":["Expected a list of items but got type \"dict\"."]}`},
			{"Bulk of null", "POST", "/books/bulk/", `null`, `400 {"non_field_errors":["No data provided"]}`},
			{"Mine", "GET", "/books/newest/", ``, `200 {"id":4,"title":"Bulk","pages":100}`},
			{"Mine changed", "PATCH", "/books/newest/", `{"title":"Mine"}`, `200 {"id":4,"title":"Mine","pages":100}`},
			{"Mine refused", "PATCH", "/books/newest/", `{"title":"M"}`, `400 {"title":["Ensure this field has at least 2 characters."]}`},
			{"Mine by another method", "PUT", "/books/newest/", `{"title":"Mine"}`, `405 {"detail":"Method \"PUT\" not allowed."}`},
			{"the totals in the end", "GET", "/books/totals/", ``, `200 {"pages":410,"by":"totals"}`},
		} {
			var body any
			if s.body != "" {
				body = s.body
			}
			got := c.Do(s.method, s.path, body).String()
			if s.want == "404 " && strings.HasPrefix(got, s.want) {
				continue
			}
			if got != s.want {
				t.Errorf("%s: %s %s %s\n got %s\nwant %s", s.what, s.method, s.path, s.body, got, s.want)
			}
		}
	})
}

// TestActionRules: an action has its own permissions, parsers, methods and name.
func TestActionRules(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	ask := func(r *rest.Request) (*rest.Response, error) {
		data, err := r.Data()
		return rest.OK(rest.Obj("action", r.Action(), "method", r.Method(), "data", data)), err
	}
	c := library(t, db, func(g *rest.Group) {
		g.Register("books", &rest.ViewSet[book]{
			Serializer: titleForm, Permissions: []rest.Permission{rest.IsAdmin},
			ActionPermissions: map[string][]rest.Permission{"by_name": open},
			Actions: []rest.Action[book]{
				{Name: "closed", Handle: rest.OnCollection[book](http.MethodGet, nil, ask)},
				{Name: "opened", Permissions: open, Handle: rest.OnCollection[book](http.MethodGet, nil, ask)},
				{Name: "by_name", Handle: rest.OnCollection[book](http.MethodGet, nil, ask)},
				{Name: "formal", Permissions: open, Parsers: []rest.Parser{rest.FormParser{}}, Handle: rest.OnCollection[book](http.MethodPost, nil, ask)},
				{Name: "many", Permissions: open, Methods: []string{http.MethodPut, http.MethodDelete}, Handle: rest.OnCollection[book](http.MethodGet, nil, ask)},
			},
		})
	})
	for _, s := range []struct{ method, path, want, allow string }{
		{"GET", "/books/closed/", `401 {"detail":"Authentication credentials were not provided."}`, "GET, HEAD, OPTIONS"},
		{"GET", "/books/opened/", `200 {"action":"opened","method":"GET","data":{}}`, "GET, HEAD, OPTIONS"},
		{"GET", "/books/by_name/", `200 {"action":"by_name","method":"GET","data":{}}`, "GET, HEAD, OPTIONS"},
		{"POST", "/books/formal/", `415 {"detail":"Unsupported media type \"application/json\" in request."}`, "POST, OPTIONS"},
		{"PUT", "/books/many/", `200 {"action":"many","method":"PUT","data":{"a":1}}`, "PUT, DELETE, OPTIONS"},
		{"GET", "/books/many/", `405 {"detail":"Method \"GET\" not allowed."}`, "PUT, DELETE, OPTIONS"},
	} {
		var body any
		if s.method != http.MethodGet {
			body = `{"a":1}`
		}
		a := c.Do(s.method, s.path, body)
		if a.String() != s.want || a.Header.Get("Allow") != s.allow {
			t.Errorf("%s %s\n got %s, Allow %s\nwant %s, Allow %s", s.method, s.path, a, a.Header.Get("Allow"), s.want, s.allow)
		}
	}
}

// TestChangesOfOneObjectQueue: concurrent changes of one object are made one after the other, each on the result of the last.
func TestChangesOfOneObjectQueue(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("books", &rest.ViewSet[book]{Serializer: titleForm, Actions: []rest.Action[book]{
				{Name: "count", Handle: rest.Change(func(_ *rest.Request, b *book) error { b.Pages++; return nil })},
				{Name: "take", Handle: rest.Receive(amountForm, pagesForm, func(r *rest.Request, b *book, in *rest.Input[amountData]) (*pagesData, error) {
					b.Pages += in.Data.Amount
					return &pagesData{Pages: b.Pages}, r.Save(b)
				})},
			}})
		})
		stock(t, c, 1)
		got := together(c, 12, func(c *resttest.Client, i int) *resttest.Answer {
			if i%2 == 0 {
				return c.Post("/books/1/count/", nil)
			}
			return c.Post("/books/1/take/", `{"amount":10}`)
		})
		for _, a := range got {
			if !strings.HasPrefix(a, "200") {
				t.Errorf("%s", a)
			}
		}
		say(t, c.Get("/books/1/"), `200 {"id":1,"title":"Book 1","pages":166}`)
	})
}

func TestParseInteger(t *testing.T) {
	got := map[string]string{}
	for _, text := range []string{"5", " -1_0 ", "+3", "٣", "", "x", "1.0", "9223372036854775807", "9223372036854775808", "-99999999999999999999", "1__0"} {
		n, ok := rest.ParseInteger(text)
		got[text] = fmt.Sprint(n, " ", ok)
	}
	want := map[string]string{
		"5": "5 true", " -1_0 ": "-10 true", "+3": "3 true", "٣": "3 true", "": "0 false", "x": "0 false", "1.0": "0 false",
		"9223372036854775807": "9223372036854775807 true", "9223372036854775808": "9223372036854775807 true",
		"-99999999999999999999": "-9223372036854775808 true", "1__0": "0 false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
