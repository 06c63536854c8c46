package rest_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"

	"github.com/quintet-go/quintet/rest"
)

// Permissions combine: staff may do anything, users may read outside of office hours.
func ExampleAnyOf() {
	closed := rest.PermissionFunc(func(r *rest.Request) (bool, error) { return r.Query("closed") != "", nil })
	permissions := []rest.Permission{
		rest.AnyOf(rest.IsAdmin, rest.AllOf(rest.IsAuthenticated, rest.Not(closed))),
		rest.WithMessage(rest.HasPermission("catalog.view_product"), "The catalogue is not for you.", "no_catalogue"),
	}
	fmt.Println(len(permissions), rest.IsAdmin)
	// Output: 2 IsAdmin
}

// Review is a model whose objects belong to their author.
type Review struct{ AuthorID int64 }

// Only the author changes a review; everybody may read it.
func ExampleObjectPermission() {
	onlyTheAuthor := rest.ObjectPermission(func(r *rest.Request, m *Review) (bool, error) {
		return r.Method() == "GET" || m.AuthorID == r.User().ID, nil
	})
	_ = []rest.Permission{rest.IsAuthenticatedOrReadOnly, rest.WithMessage(onlyTheAuthor, "Only the author may change this review.", "")}
}

// Everybody has a burst and a daily limit; single views may name a scope of their own.
func ExampleUserThrottle() {
	config := rest.Config{
		Throttles:     []rest.Throttle{rest.UserThrottle{Scope: "burst"}, rest.UserThrottle{Scope: "sustained"}, rest.ScopedThrottle{}},
		ThrottleRates: map[string]string{"burst": "60/min", "sustained": "1000/day", "uploads": "20/hour"},
		NumProxies:    1, // behind one load balancer
	}
	uploads := rest.View{ThrottleScope: "uploads"}
	fmt.Println(config.ThrottleRates[uploads.ThrottleScope])
	// Output: 20/hour
}

// csvRenderer answers lists of objects as CSV: Accept: text/csv or ?format=csv.
type csvRenderer struct{ rest.BaseRenderer }

func (csvRenderer) Render(dst []byte, data any, _ string, _ *rest.Request) ([]byte, error) {
	if text, ok := data.(rest.Rendered); ok {
		plain, err := rest.ParseRendered(text)
		if err != nil {
			return nil, err
		}
		data = plain
	}
	out := bytes.NewBuffer(dst)
	w := csv.NewWriter(out)
	rows, _ := data.([]any)
	for i, row := range rows {
		object, _ := row.(*rest.Object)
		var values []string
		for _, v := range object.All() {
			values = append(values, fmt.Sprint(v))
		}
		if i == 0 {
			_ = w.Write(object.Keys())
		}
		_ = w.Write(values)
	}
	w.Flush()
	return out.Bytes(), w.Error()
}

func ExampleBaseRenderer() {
	renderer := csvRenderer{rest.BaseRenderer{Type: "text/csv", Suffix: "csv"}}
	text, err := renderer.Render(nil, rest.Rendered(`[{"id":1,"name":"Tea"},{"id":2,"name":"Cups, two"}]`), "text/csv", nil)
	fmt.Print(string(text), err)
	// Output:
	// id,name
	// 1,Tea
	// 2,"Cups, two"
	// <nil>
}

func ExampleObj() {
	answer := rest.Obj("ok", true, "items", []any{1, "two"}, "page", rest.Obj("next", nil))
	text, err := rest.JSONRenderer{}.Render(nil, answer, "application/json", nil)
	fmt.Println(string(text), err)
	// Output: {"ok":true,"items":[1,"two"],"page":{"next":null}} <nil>
}

// shoutParser takes plain text in capitals.
type shoutParser struct{}

func (shoutParser) MediaType() string { return "text/plain" }

func (shoutParser) Parse(r *rest.Request, _ string) (any, error) {
	body, err := r.Body(1000)
	if err != nil {
		return nil, err
	}
	return strings.ToUpper(string(body)), nil
}

// A Parser takes bodies of another type; its length limit is answered 413.
func ExampleParser() {
	view := rest.View{Parsers: []rest.Parser{rest.JSONParser{}, shoutParser{}}}
	for _, p := range view.Parsers {
		fmt.Println(p.MediaType())
	}
	// Output:
	// application/json
	// text/plain
}

// The version stands in the address: /v1/tags/, /v2/tags/.
func ExampleURLPathVersioning() {
	config := rest.Config{Versioning: rest.URLPathVersioning{Versions: rest.Versions{Default: "v1", Allowed: []string{"v1", "v2"}}}}
	fmt.Printf("%T\n", config.Versioning)
	// Output: rest.URLPathVersioning
}
