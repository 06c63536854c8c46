package resttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
)

// Answer is what came back for a request. It is a value of the test: change it as you like.
type Answer struct {
	// Request is what was asked: "GET /api/tags/".
	Request string
	Status  int
	Header  http.Header
	Body    []byte
	// Statements is how many SQL statements the request issued, transactions aside. Compare lists of different lengths with
	// it: a list whose number grows with its rows loads something row by row.
	Statements int64

	tb testing.TB
}

// String is the status and the body: "404 {"detail":"Not found."}".
func (a *Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// Text is the body.
func (a *Answer) Text() string { return string(a.Body) }

// Decode reads the body as JSON into target, a pointer as json.Unmarshal takes it. The test ends when it does not fit.
func (a *Answer) Decode(target any) {
	a.tb.Helper()
	if err := json.Unmarshal(a.Body, target); err != nil {
		a.tb.Fatalf("%s answered %s: %v", a.Request, a, err)
	}
}

// Object is the body as a JSON object. Numbers are json.Number, so that they stay as they were written.
func (a *Answer) Object() map[string]any {
	a.tb.Helper()
	return decode[map[string]any](a)
}

// List is the body as a JSON array, or the "results" of a page. Numbers are as in Object.
func (a *Answer) List() []any {
	a.tb.Helper()
	if bytes.HasPrefix(a.Body, []byte("{")) {
		page, ok := a.Object()["results"].([]any)
		if !ok {
			a.tb.Fatalf("%s answered no list: %s", a.Request, a)
		}
		return page
	}
	return decode[[]any](a)
}

// Field is a value of a JSON object.
func (a *Answer) Field(name string) any {
	a.tb.Helper()
	v, ok := a.Object()[name]
	if !ok {
		a.tb.Fatalf("%s answered nothing under %q: %s", a.Request, name, a)
	}
	return v
}

func decode[T any](a *Answer) T {
	a.tb.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(a.Body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		a.tb.Fatalf("%s answered %s: %v", a.Request, a, err)
	}
	return v
}
