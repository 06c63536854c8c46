//go:build !race

// The race detector lets pools drop at random what they are given, so that nothing can be counted beside it.

package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// quiet is an http.ResponseWriter that costs nothing.
type quiet struct {
	header http.Header
	status int
}

func (q *quiet) Header() http.Header         { return q.header }
func (q *quiet) WriteHeader(status int)      { q.status = status }
func (q *quiet) Write(p []byte) (int, error) { return len(p), nil }

// allocated is how many allocations a GET costs.
func allocated(t *testing.T, c *resttest.Client, path string) float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://testserver"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &quiet{header: http.Header{}}
	n := testing.AllocsPerRun(20, func() {
		clear(w.header)
		c.Handler.ServeHTTP(w, request)
	})
	if w.status != http.StatusOK {
		t.Fatalf("%s: %d", path, w.status)
	}
	return n
}

// mostPerRow is what a further row may allocate: its share of longer pieces of memory.
const mostPerRow = 0.2

// TestRowsCostNoAllocations compares what a page of 10 rows and one of 100 allocate, with joined and many-to-many relations,
// and an object with 3 related rows and one with 90.
func TestRowsCostNoAllocations(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	c := library(t, db, func(g *rest.Group) {
		pages := rest.PageNumber{Size: 10, SizeParam: "size"}
		g.Register("flat", &rest.ViewSet[chapter]{Serializer: rest.Auto[chapter](), Pagination: pages}, "flat").
			Register("books", &rest.ViewSet[book]{Serializer: rest.Auto[book](), Pagination: pages}, "books").
			Register("deep", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, bookDeepData]{}, Pagination: pages}, "deep")
	})
	stock(t, c, 1)
	copyBooks(t, db, 1, 100)
	err := db.Gorm.Exec("INSERT INTO lib_chapter (book_id, number, title, mood) SELECT 2, n, 'Chapter ' || n, 'calm' FROM generate_series(4, 90) AS n").Error
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		few, many string
		further   float64
	}{
		{"/flat/?size=10", "/flat/?size=100", 90},
		{"/books/?size=10", "/books/?size=100", 90},
		{"/deep/?size=10", "/deep/?size=100", 90},
		{"/deep/1/", "/deep/2/", 87},
	} {
		few, many := allocated(t, c, test.few), allocated(t, c, test.many)
		if perRow := (many - few) / test.further; perRow > mostPerRow {
			t.Errorf("%s: %v allocations, %s: %v: %.2f for each further row", test.few, few, test.many, many, perRow)
		}
	}
}

// TestWritesAllocateLittle holds what storing an object costs with its body read, its unique values and related objects looked
// up, and its answer written: a quarter less than when each step made memory of its own.
func TestWritesAllocateLittle(t *testing.T) {
	const most = 150
	c := library(t, ormtest.Open(t, ormtest.Postgres(t)), nil)
	stock(t, c, 0)
	w, stored := &quiet{header: http.Header{}}, 0
	n := testing.AllocsPerRun(50, func() {
		stored++
		clear(w.header)
		body := fmt.Sprintf(`{"title": "A book", "slug": "s%d", "publisher": 1, "editor": 2, "extra": {"color": "red", "size": [1, 2, 3]}}`, stored)
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://testserver/raw/books/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		c.Handler.ServeHTTP(w, request)
	})
	if w.status != http.StatusCreated || n > most {
		t.Errorf("%d with %v allocations, at most %v are needed", w.status, n, most)
	}
}
