package rest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// described is the document of what register puts under "/", over the models of the library.
func described(t testing.TB, info rest.DocumentInfo, register func(g *rest.Group), change ...func(c *rest.Config)) document {
	t.Helper()
	router := routerOf(t, ormtest.Open(t, ormtest.SQLite(t)), resttest.Registry(t, libraryModels()...), register, change...)
	api, err := router.Build()
	if err != nil {
		t.Fatal(err)
	}
	return read(t, api.OpenAPI(info))
}

// document is an OpenAPI document as plain JSON.
type document struct {
	t    testing.TB
	root any
}

func read(t testing.TB, d *rest.Document) document {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	out := document{t: t}
	if err := json.Unmarshal(text, &out.root); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return out
}

// at is what stands at a place, as JSON with sorted keys; empty when nothing does.
func (d document) at(place ...string) string {
	d.t.Helper()
	v := d.root
	for _, key := range place {
		o, _ := v.(map[string]any)
		var ok bool
		if v, ok = o[key]; !ok {
			return ""
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// has compares what stands at a place.
func (d document) has(want string, place ...string) {
	d.t.Helper()
	if got := d.at(place...); got != want {
		d.t.Errorf("%s\n got %s\nwant %s", strings.Join(place, " "), got, want)
	}
}

func (d document) component(name string) string { return d.at("components", "schemas", name) }

// fieldSchemas is a form of one field "value", and what is said of it where it is sent and where it is answered; empty
// where the field is not there. With optional, it is not required when it is sent.
type fieldSchemas struct {
	name           string
	form           rest.AnySerializer
	sends, answers string
	optional       bool
}

func fieldOf[D any](options ...func(d *D) []rest.FieldOption) rest.AnySerializer {
	s := &rest.Serializer[D]{Name: "Case"}
	if len(options) > 0 {
		s.Fields = options[0]
	}
	return s
}

func TestFieldSchemas(t *testing.T) {
	for _, c := range []fieldSchemas{
		{name: "text", form: fieldOf[struct{ Value string }](), sends: `{"minLength":1,"type":"string"}`, answers: `{"type":"string"}`},
		{
			name: "text with lengths", form: fieldOf[struct {
				Value string `rest:"minlength=2,maxlength=5"`
			}](),
			sends: `{"maxLength":5,"minLength":2,"type":"string"}`, answers: `{"maxLength":5,"minLength":2,"type":"string"}`,
		},
		{
			name: "blank text", form: fieldOf[struct {
				Value string `rest:"blank,optional"`
			}](),
			sends: `{"type":"string"}`, answers: `{"type":"string"}`, optional: true,
		},
		{
			name: "null", form: fieldOf[struct{ Value *string }](),
			sends: `{"minLength":1,"type":["string","null"]}`, answers: `{"type":["string","null"]}`,
		},
		{
			name: "pattern", form: fieldOf(func(d *struct{ Value string }) []rest.FieldOption {
				return []rest.FieldOption{rest.Matches(&d.Value, `\A(?P<a>[a-z]+)\z`, "No.")}
			}),
			sends: `{"minLength":1,"pattern":"^(?<a>[a-z]+)$","type":"string"}`, answers: `{"pattern":"^(?<a>[a-z]+)$","type":"string"}`,
		},
		{
			name: "pattern without an equal", form: fieldOf(func(d *struct{ Value string }) []rest.FieldOption {
				return []rest.FieldOption{rest.Matches(&d.Value, `(?i)^a`, "No.")}
			}),
			sends: `{"minLength":1,"type":"string"}`, answers: `{"type":"string"}`,
		},
		{
			name: "email", form: fieldOf[struct {
				Value string `rest:"email"`
			}](), sends: `{"format":"email","minLength":1,"type":"string"}`, answers: `{"format":"email","type":"string"}`,
		},
		{
			name: "url", form: fieldOf[struct {
				Value string `rest:"url"`
			}](), sends: `{"format":"uri","minLength":1,"type":"string"}`, answers: `{"format":"uri","type":"string"}`,
		},
		{
			name: "slug", form: fieldOf[struct {
				Value string `rest:"slug"`
			}](),
			sends: `{"minLength":1,"pattern":"^[-a-zA-Z0-9_]+$","type":"string"}`, answers: `{"pattern":"^[-a-zA-Z0-9_]+$","type":"string"}`,
		},
		{name: "boolean", form: fieldOf[struct{ Value bool }](), sends: `{"type":"boolean"}`, answers: `{"type":"boolean"}`},
		{
			name: "integer", form: fieldOf[struct {
				Value int64 `rest:"min=1,max=10"`
			}](),
			sends: `{"maximum":10,"minimum":1,"type":"integer"}`, answers: `{"maximum":10,"minimum":1,"type":"integer"}`,
		},
		{
			name: "large integer", form: fieldOf[struct {
				Value int64 `rest:"max=2147483648"`
			}](),
			sends: `{"format":"int64","maximum":2147483648,"type":"integer"}`, answers: `{"format":"int64","maximum":2147483648,"type":"integer"}`,
		},
		{
			name: "float", form: fieldOf[struct {
				Value float64 `rest:"min=-1.5"`
			}](),
			sends: `{"format":"double","minimum":-1.5,"type":"number"}`, answers: `{"format":"double","minimum":-1.5,"type":"number"}`,
		},
		{
			name: "decimal", form: fieldOf[struct {
				Value orm.Decimal `rest:"digits=5,places=2"`
			}](),
			sends:   `{"format":"decimal","pattern":"^-?\\d{0,3}(?:\\.\\d{0,2})?$","type":"string"}`,
			answers: `{"format":"decimal","pattern":"^-?\\d{0,3}(?:\\.\\d{0,2})?$","type":"string"}`,
		},
		{
			name: "decimal as a number", form: fieldOf[struct {
				Value orm.Decimal `rest:"digits=5,places=2,number,min=0"`
			}](),
			sends: `{"format":"double","minimum":0,"type":"number"}`, answers: `{"format":"double","minimum":0,"type":"number"}`,
		},
		{name: "uuid", form: fieldOf[struct{ Value uuid.UUID }](), sends: `{"format":"uuid","type":"string"}`, answers: `{"format":"uuid","type":"string"}`},
		{
			name: "addresses", form: fieldOf[struct {
				Value string `rest:"ip"`
			}](),
			sends:   `{"anyOf":[{"format":"ipv4","type":"string"},{"format":"ipv6","type":"string"}]}`,
			answers: `{"anyOf":[{"format":"ipv4","type":"string"},{"format":"ipv6","type":"string"}]}`,
		},
		{name: "date", form: fieldOf[struct{ Value *orm.Date }](), sends: `{"format":"date","type":["string","null"]}`, answers: `{"format":"date","type":["string","null"]}`},
		{name: "moment", form: fieldOf[struct{ Value time.Time }](), sends: `{"format":"date-time","type":"string"}`, answers: `{"format":"date-time","type":"string"}`},
		{
			name: "moment in other words", form: fieldOf[struct {
				Value time.Time `rest:"format=%d.%m.%Y"`
			}](), sends: `{"type":"string"}`, answers: `{"type":"string"}`,
		},
		{name: "time of day", form: fieldOf[struct{ Value orm.TimeOfDay }](), sends: `{"format":"time","type":"string"}`, answers: `{"format":"time","type":"string"}`},
		{name: "duration", form: fieldOf[struct{ Value orm.Duration }](), sends: `{"type":"string"}`, answers: `{"type":"string"}`},
		{name: "any JSON", form: fieldOf[struct{ Value orm.JSON }](), sends: `{"description":"Any JSON value."}`, answers: `{"description":"Any JSON value."}`},
		{
			name: "list", form: fieldOf[struct {
				Value []int64 `rest:"noempty,maxlength=3,item.min=1"`
			}](),
			sends:   `{"items":{"minimum":1,"type":"integer"},"maxItems":3,"minItems":1,"type":"array"}`,
			answers: `{"items":{"minimum":1,"type":"integer"},"type":"array"}`,
		},
		{
			name: "object", form: fieldOf[struct{ Value map[string]bool }](),
			sends: `{"additionalProperties":{"type":"boolean"},"type":"object"}`, answers: `{"additionalProperties":{"type":"boolean"},"type":"object"}`,
		},
		{
			name: "choice", form: fieldOf[struct{ Value bookKind }](),
			sends: `{"$ref":"#/components/schemas/ValueEnum"}`, answers: `{"$ref":"#/components/schemas/ValueEnum"}`,
		},
		{
			name: "choice or nothing", form: fieldOf[struct {
				Value *bookKind `rest:"blank"`
			}](),
			sends: `{"oneOf":[{"oneOf":[{"$ref":"#/components/schemas/ValueEnum"},{"$ref":"#/components/schemas/BlankEnum"}]},{"type":"null"}]}`,
		},
		{
			name: "several choices", form: fieldOf[struct {
				Value []bookKind `rest:"noempty"`
			}](),
			sends: `{"items":{"$ref":"#/components/schemas/ValueEnum"},"minItems":1,"type":"array"}`,
		},
		{
			name: "object of fields", form: fieldOf[struct{ Value struct{ Name string } }](),
			sends:   `{"properties":{"name":{"minLength":1,"type":"string"}},"required":["name"],"type":"object"}`,
			answers: `{"properties":{"name":{"type":"string"}},"required":["name"],"type":"object"}`,
		},
		{
			name: "file", form: fieldOf[struct{ Value orm.File }](),
			sends: `{"format":"binary","type":"string"}`, answers: `{"format":"uri","type":"string"}`,
		},
		{
			name: "only read", form: fieldOf[struct {
				Value string `rest:"readonly,maxlength=3"`
			}](), answers: `{"maxLength":3,"readOnly":true,"type":"string"}`,
		},
		{
			name: "only written", form: fieldOf[struct {
				Value string `rest:"writeonly"`
			}](), sends: `{"minLength":1,"type":"string","writeOnly":true}`,
		},
		{
			name: "with a default", form: fieldOf[struct {
				Value int64 `rest:"default=3"`
			}](), sends: `{"default":3,"type":"integer"}`, answers: `{"type":"integer"}`, optional: true,
		},
		{
			name: "explained", form: fieldOf[struct {
				Value string `rest:"label=Its value" doc:"What it is worth."`
			}](),
			sends:   `{"description":"What it is worth.","minLength":1,"title":"Its value","type":"string"}`,
			answers: `{"description":"What it is worth.","title":"Its value","type":"string"}`,
		},
		{name: "key of an object", form: fieldOf[struct{ Value rest.Related[book] }](), sends: `{"type":"integer"}`, answers: `{"type":"integer"}`},
		{
			name: "names of objects", form: fieldOf[struct {
				Value []rest.Related[book] `rest:"slug=Title"`
			}](),
			sends: `{"items":{"minLength":1,"type":"string"},"type":"array"}`, answers: `{"items":{"type":"string"},"type":"array"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) { c.check(t) })
	}
}

func (c fieldSchemas) check(t *testing.T) {
	endpoint := rest.Endpoint{Input: c.form, Output: c.form, Handle: func(*rest.Request) (*rest.Response, error) { return rest.NoContent(), nil }}
	d := described(t, rest.DocumentInfo{}, func(g *rest.Group) {
		g.Handle("case/", &rest.View{Name: "Case", Methods: map[string]rest.Endpoint{http.MethodPost: endpoint, http.MethodPatch: endpoint}}, "")
	})
	d.has(c.sends, "components", "schemas", "CaseRequest", "properties", "value")
	if c.answers != "" {
		d.has(c.answers, "components", "schemas", "Case", "properties", "value")
		d.has(`["value"]`, "components", "schemas", "Case", "required")
	}
	if required := d.at("components", "schemas", "CaseRequest", "required") != ""; required != (c.sends != "" && !c.optional) {
		t.Errorf("required when it is sent: %t", required)
	}
	d.has("", "components", "schemas", "PatchedCaseRequest", "required")
	d.has("", "components", "schemas", "PatchedCaseRequest", "properties", "value", "default")
}

// kindCase is a set of choices of a property of a form.
type kindCase struct{ form, property, values string }

func TestEnumNames(t *testing.T) {
	type mood string
	for _, c := range []struct {
		name string
		uses []kindCase
		want string
	}{
		{"one set", []kindCase{{"Order", "status", "new,paid"}}, "StatusEnum"},
		{"one set in two forms", []kindCase{{"Order", "status", "new,paid"}, {"Bill", "status", "new,paid"}}, "StatusEnum"},
		{"a set for each form", []kindCase{{"Order", "status", "new,paid"}, {"Bill", "status", "open"}}, "BillStatusEnum OrderStatusEnum"},
		{"words", []kindCase{{"Order", "ship_state", "new"}}, "ShipStateEnum"},
		{
			// The part of the hash is that of sha256 of [["new", "new"], ["paid", "paid"]].
			"one set in two forms, another in a third",
			[]kindCase{{"Order", "status", "paid,new"}, {"Bill", "status", "paid,new"}, {"Crate", "status", "open"}},
			"CrateStatusEnum StatusFe2Enum",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := described(t, rest.DocumentInfo{}, func(g *rest.Group) {
				for i, use := range c.uses {
					var choices []orm.Choice
					for value := range strings.SplitSeq(use.values, ",") {
						choices = append(choices, orm.Choice{Value: mood(value), Label: value})
					}
					s := statusForm(use, choices)
					g.Handle(fmt.Sprintf("f%d/", i), &rest.View{Name: "F", Methods: map[string]rest.Endpoint{
						http.MethodPost: {Input: s, Handle: func(*rest.Request) (*rest.Response, error) { return rest.NoContent(), nil }},
					}}, "")
				}
			})
			var got []string
			for _, name := range d.keys("components", "schemas") {
				if strings.HasSuffix(name, "Enum") {
					got = append(got, name)
				}
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// statusForm is a form of its own struct type for each property and name.
func statusForm(use kindCase, choices []orm.Choice) rest.AnySerializer {
	type shipState struct{ ShipState string }
	type order struct{ Status string }
	type bill struct{ Status string }
	type crate struct{ Status string }
	switch {
	case use.property == "ship_state":
		return chosen(use.form, choices, func(d *shipState) *string { return &d.ShipState })
	case use.form == "Order":
		return chosen(use.form, choices, func(d *order) *string { return &d.Status })
	case use.form == "Bill":
		return chosen(use.form, choices, func(d *bill) *string { return &d.Status })
	}
	return chosen(use.form, choices, func(d *crate) *string { return &d.Status })
}

func chosen[D any](name string, choices []orm.Choice, field func(d *D) *string) rest.AnySerializer {
	return &rest.Serializer[D]{Name: name, Fields: func(d *D) []rest.FieldOption {
		return []rest.FieldOption{rest.Choices(field(d), choices...)}
	}}
}

// keys are the names at a place in alphabetical order.
func (d document) keys(place ...string) []string {
	d.t.Helper()
	v := d.root
	for _, key := range place {
		o, _ := v.(map[string]any)
		v = o[key]
	}
	o, _ := v.(map[string]any)
	return slices.Sorted(maps.Keys(o))
}
