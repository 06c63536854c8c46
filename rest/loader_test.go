package rest_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
)

type chapterData struct {
	Number int64  `json:"number"`
	Title  string `json:"title"`
}

type authorData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type bookDeepData struct {
	ID        int64         `json:"id"`
	Title     string        `json:"title"`
	Editor    *authorData   `json:"editor" rest:"readonly"`
	Authors   []authorData  `json:"authors" rest:"readonly"`
	Chapters  []chapterData `json:"chapters" rest:"readonly"`
	Count     int64         `json:"count" rest:"readonly,source=ChapterCount"`
	Publisher struct {
		Name  string `json:"name"`
		Count int64  `json:"count" rest:"source=BookCount"`
	} `json:"publisher" rest:"readonly"`
}

type publisherDeepData struct {
	Name  string         `json:"name"`
	Books []bookDeepData `json:"books" rest:"readonly"`
}

func deepLibrary(g *rest.Group) {
	g.Register("books", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, bookDeepData]{}})
	g.Register("publishers", &rest.ViewSet[publisher]{Serializer: &rest.ModelSerializer[publisher, publisherDeepData]{}})
	g.Register("paged", &rest.ViewSet[book]{Serializer: bookForm, Pagination: rest.PageNumber{Size: 1000}}, "paged")
}

func TestNestedRelations(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, deepLibrary)
		stock(t, c, 3)
		c.Patch("/raw/books/2/", `{"editor":null,"authors":[]}`)
		c.Post("/raw/publishers/", `{"name":"Empty"}`)
		chapters := `"chapters":[{"number":1,"title":"Chapter 1"},{"number":2,"title":"Chapter 2"},{"number":3,"title":"Chapter 3"}],"count":3`
		authors := `"editor":{"id":1,"name":"Author North"},"authors":[{"id":1,"name":"Author North"},{"id":2,"name":"Author South"}]`
		one := `{"id":1,"title":"Book 1",` + authors + `,` + chapters + `,"publisher":{"name":"South","count":2}}`
		two := `{"id":2,"title":"Book 2","editor":null,"authors":[],` + chapters + `,"publisher":{"name":"North","count":1}}`
		three := replaced(one, `"id":1,"title":"Book 1"`, `"id":3,"title":"Book 3"`)
		say(t, c.Get("/books/"), "200 ["+one+","+two+","+three+"]")
		say(t, c.Get("/books/2/"), "200 "+two)
		say(t, c.Get("/publishers/"), `200 [{"name":"North","books":[`+two+`]},{"name":"South","books":[`+one+`,`+three+`]},{"name":"Empty","books":[]}]`)
	})
}

// TestStatementsDoNotGrow: a list of 1, 10 and 100 rows issues the same number of statements, and no more than one for each
// to-many relation besides the rows (and the count of pages).
func TestStatementsDoNotGrow(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, deepLibrary)
		want := map[string]int64{
			"/books/":      3, // rows, authors, chapters
			"/books/1/":    3,
			"/paged/":      4, // count, rows, authors, chapters
			"/publishers/": 4, // rows, books, authors, chapters
			"/raw/books/":  2, // rows, authors
		}
		have := 0
		for _, n := range []int{1, 10, 100} {
			if have == 0 {
				stock(t, c, 1)
			} else {
				copyBooks(t, db, have, n)
			}
			have = n
			got := map[string]int64{}
			for path := range want {
				a := c.Get(path)
				got[path] = a.Statements
				if a.Status != 200 || path == "/books/" && len(a.List()) != n {
					t.Fatalf("%s with %d rows: %.200s", path, n, a)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d rows (-want +got):\n%s", n, diff)
			}
		}
	})
}

// copyBooks adds books like the first until there are n, with its authors and chapters.
func copyBooks(t testing.TB, db *orm.DB, have, n int) {
	t.Helper()
	for id := have + 1; id <= n; id++ {
		for _, statement := range []string{
			`INSERT INTO lib_book (id, title, slug, pages, price, kind, in_print, notes, extra, publisher_id, editor_id, created_at, updated_at)
				SELECT %[1]d, title, 'copy%[1]d', pages, price, kind, in_print, notes, extra, publisher_id, editor_id, created_at, updated_at FROM lib_book WHERE id = 1`,
			`INSERT INTO lib_book_authors (book_id, author_id) SELECT %[1]d, author_id FROM lib_book_authors WHERE book_id = 1`,
			`INSERT INTO lib_chapter (book_id, number, title, mood) SELECT %[1]d, number, title, mood FROM lib_chapter WHERE book_id = 1`,
		} {
			if err := db.Gorm.Exec(fmt.Sprintf(statement, id)).Error; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestStatementsOfWrites: what a request writes costs what it says, not more for a longer list of relations.
func TestStatementsOfWrites(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("bulk", &rest.ViewSet[book]{Serializer: rest.Auto[book](), BulkCreate: true}, "bulk")
		})
		stock(t, c, 1)
		body := `{"title":"New","slug":"n1","publisher":1,"authors":[1,2]}`
		for _, s := range []struct {
			method, path, body string
			want               int64
		}{
			// Unique slug, publisher, authors; row, pairs; then the authors and the editor to be shown.
			{"POST", "/raw/books/", body, 6},
			{"PATCH", "/raw/books/1/", `{"title":"Other"}`, 3},     // load (with its authors), update
			{"PATCH", "/raw/books/1/", `{}`, 3},                    // the time of the change is stored all the same
			{"PATCH", "/raw/books/1/", `{"authors":[2]}`, 7},       // load 2, check, update, delete and read pairs, authors
			{"POST", "/raw/publishers/", `{"name":"West"}`, 2},     // unique, insert
			{"PATCH", "/raw/publishers/1/", `{"name":"North"}`, 2}, // load, unique: nothing changes
			{"DELETE", "/raw/chapters/1/", ``, 2},                  // load, delete
			{"DELETE", "/raw/publishers/3/", ``, 3},                // load, look for books, delete
		} {
			if a := c.Do(s.method, s.path, s.body); a.Status >= 400 || a.Statements > s.want {
				t.Errorf("%s %s %s: %d statements, want at most %d (%s)", s.method, s.path, s.body, a.Statements, s.want, a)
			}
		}
		few := c.Post("/bulk/", bulkBooks(2, 1))
		many := c.Post("/bulk/", bulkBooks(12, 100))
		if few.Status != 201 || many.Status != 201 {
			t.Fatal(few, many)
		}
		// Looking up publishers and authors and showing takes as many statements for 12 rows as for 2; each row has its own
		// check, insert and pairs.
		perRow := (many.Statements - few.Statements) / 10
		if perRow > 3 {
			t.Errorf("a further row costs %d statements", perRow)
		}
	})
}

func bulkBooks(n, from int) []map[string]any {
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{"title": "Bulk", "slug": fmt.Sprintf("bulk%d", from+i), "publisher": 2, "authors": []int{1, 2}}
	}
	return list
}
