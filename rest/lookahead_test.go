package rest_test

import (
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestUniqueValuesAreAskedForTogether: a body with two unique values costs one statement for both, which tells them apart and
// leaves out the object under update.
func TestUniqueValuesAreAskedForTogether(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		stock(t, c, 2)
		const slugTaken, isbnTaken = `"slug":["book with this slug already exists."]`, `"isbn":["book with this isbn already exists."]`
		for _, s := range []struct {
			method, path, body, want string
			statements               int64
		}{
			{"PATCH", "/raw/books/1/", `{"isbn":"1"}`, `200`, 0},
			{"POST", "/raw/books/", `{"title":"New","slug":"b1","isbn":"1","publisher":1}`, `400 {` + slugTaken + `,` + isbnTaken + `}`, 2},
			{"POST", "/raw/books/", `{"title":"New","slug":"new","isbn":"1","publisher":1}`, `400 {` + isbnTaken + `}`, 2},
			{"POST", "/raw/books/", `{"title":"New","slug":"b2","isbn":"2","publisher":1}`, `400 {` + slugTaken + `}`, 2},
			{"PATCH", "/raw/books/2/", `{"slug":"b1","isbn":"1"}`, `400 {` + slugTaken + `,` + isbnTaken + `}`, 3}, // and loading, with authors
			{"PATCH", "/raw/books/1/", `{"slug":"b1","isbn":"1"}`, `200`, 0},
			{"PATCH", "/raw/books/1/", `{"slug":"b2","isbn":"1"}`, `400 {` + slugTaken + `}`, 3},
		} {
			a := c.Do(s.method, s.path, s.body)
			if got := a.String(); len(got) < len(s.want) || got[:len(s.want)] != s.want {
				t.Errorf("%s %s %s: %s, want %s", s.method, s.path, s.body, got, s.want)
			}
			if s.statements > 0 && a.Statements != s.statements {
				t.Errorf("%s %s %s: %d statements, want %d", s.method, s.path, s.body, a.Statements, s.statements)
			}
		}
	})
}
