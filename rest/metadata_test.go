package rest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// formOfOptions is what OPTIONS says of a method; empty for nothing.
func formOfOptions(t testing.TB, a *resttest.Answer, method string) string {
	t.Helper()
	var said struct {
		Actions map[string]json.RawMessage `json:"actions"`
	}
	a.Decode(&said)
	return string(said.Actions[method])
}

func TestOptionsDescribeFields(t *testing.T) {
	for _, c := range []struct {
		name string
		form rest.AnySerializer
		want string
	}{
		{"text", fieldOf[struct{ Value string }](), `"type":"string","required":true,"read_only":false,"label":"Value"`},
		{
			"lengths", fieldOf[struct {
				Value string `rest:"minlength=2,maxlength=5,optional"`
			}](), `"type":"string","required":false,"read_only":false,"label":"Value","min_length":2,"max_length":5`,
		},
		{
			"texts for people", fieldOf[struct {
				Value string `rest:"label=Worth" doc:"In euros."`
			}](), `"type":"string","required":true,"read_only":false,"label":"Worth","help_text":"In euros."`,
		},
		{
			"only read", fieldOf[struct {
				Value int64 `rest:"readonly,max=3"`
			}](), `"type":"integer","required":false,"read_only":true,"label":"Value","max_value":3`,
		},
		{
			"bounds of floats", fieldOf[struct {
				Value float64 `rest:"min=-1.5,max=2"`
			}](), `"type":"float","required":true,"read_only":false,"label":"Value","min_value":-1.5,"max_value":2`,
		},
		{
			"bounds and digits", fieldOf[struct {
				Value orm.Decimal `rest:"digits=6,places=2,min=0,max=99.5"`
			}](), `"type":"decimal","required":true,"read_only":false,"label":"Value","min_value":0.0,"max_value":99.5,"max_digits":6,"decimal_places":2`,
		},
		{
			"bounds of spans", fieldOf[struct {
				Value orm.Duration `rest:"min=60,max=86400"`
			}](), `"type":"duration","required":true,"read_only":false,"label":"Value","min_value":"0:01:00","max_value":"1 day, 0:00:00"`,
		},
		{
			"choices", fieldOf[struct{ Value bookKind }](),
			`"type":"choice","required":true,"read_only":false,"label":"Value","choices":[{"value":"novel","display_name":"Novel"},{"value":"poem","display_name":"Poem"}]`,
		},
		{
			"choices that are only read", fieldOf[struct {
				Value bookKind `rest:"readonly"`
			}](), `"type":"choice","required":false,"read_only":true,"label":"Value"`,
		},
		{
			"list", fieldOf[struct {
				Value []int64 `rest:"item.min=1"`
			}](), `"type":"list","required":true,"read_only":false,"label":"Value","child":{"type":"integer","required":true,"read_only":false,"min_value":1}`,
		},
		{
			"object", fieldOf[struct{ Value map[string]string }](),
			`"type":"nested object","required":true,"read_only":false,"label":"Value","child":{"type":"string","required":true,"read_only":false}`,
		},
		{
			"form in a form", fieldOf[struct{ Value struct{ Name string } }](),
			`"type":"nested object","required":true,"read_only":false,"label":"Value","children":{"name":{"type":"string","required":true,"read_only":false,"label":"Name"}}`,
		},
		{
			"forms in a form", fieldOf[struct {
				Value []struct{ Name string } `rest:"optional,maxlength=3"`
			}](),
			`"type":"field","required":false,"read_only":false,"label":"Value","max_length":3,"child":{"type":"nested object","required":false,"read_only":false,` +
				`"children":{"name":{"type":"string","required":true,"read_only":false,"label":"Name"}}}`,
		},
		{"related object", fieldOf[struct{ Value rest.Related[book] }](), `"type":"field","required":true,"read_only":false,"label":"Value"`},
		{"uuid", fieldOf[struct{ Value uuid.UUID }](), `"type":"string","required":true,"read_only":false,"label":"Value"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := serve(t, ormtest.Open(t, ormtest.SQLite(t)), libraryModels(), func(g *rest.Group) {
				g.Handle("case/", &rest.View{Name: "Case", Methods: map[string]rest.Endpoint{http.MethodPost: {Input: c.form, Handle: answerNothing}}}, "")
			})
			if got, want := formOfOptions(t, client.Options("/case/"), http.MethodPost), `{"value":{`+c.want+`}}`; got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

// onlyMethods permits some methods.
func onlyMethods(allowed ...string) rest.Permission {
	return rest.PermissionFunc(func(r *rest.Request) (bool, error) {
		return r.Method() == http.MethodOptions || slices.Contains(allowed, r.Method()), nil
	})
}

// TestOptionsDescribeWhatIsAllowed leaves out the forms of what the caller may not do, and of objects that are not there.
func TestOptionsDescribeWhatIsAllowed(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name       string
		permission rest.Permission
		path       string
		forms      string
		status     int
	}{
		{"all", rest.AllowAny, "/books/", "POST", 200},
		{"all of one", rest.AllowAny, "/books/1/", "PUT", 200},
		{"no such object", rest.AllowAny, "/books/99/", "", 200},
		{"may read", onlyMethods(http.MethodGet), "/books/", "", 200},
		{"may not change", onlyMethods(http.MethodPost), "/books/1/", "", 200},
		{"may change", onlyMethods(http.MethodPut), "/books/1/", "PUT", 200},
		{"not this object", rest.ObjectPermission(func(_ *rest.Request, b *book) (bool, error) { return b.ID == 2, nil }), "/books/1/", "", 200},
		{"this object", rest.ObjectPermission(func(_ *rest.Request, b *book) (bool, error) { return b.ID == 2, nil }), "/books/2/", "PUT", 200},
		{"not even OPTIONS", rest.PermissionFunc(func(*rest.Request) (bool, error) { return false, nil }), "/books/", "", 401},
		{"a failure", rest.PermissionFunc(func(r *rest.Request) (bool, error) {
			if r.Method() == http.MethodPost {
				return false, broken
			}
			return true, nil
		}), "/books/", "", 500},
		{"an action", rest.AllowAny, "/books/1/publish/", "POST", 200},
		{"an action that only reads", rest.AllowAny, "/books/recent/", "", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) {
				g.Register("books", &rest.ViewSet[book]{
					Serializer: rest.Auto[book](), Permissions: []rest.Permission{c.permission},
					Actions: []rest.Action[book]{
						{Name: "publish", Handle: rest.Change(func(*rest.Request, *book) error { return nil })},
						{Name: "recent", Handle: rest.Listing[book](recent)},
					},
				})
			})
			stock(t, client, 2)
			a := client.Options(c.path)
			if a.Status != c.status {
				t.Fatalf("%s: %s", a.Request, a)
			}
			forms := ""
			for _, method := range []string{http.MethodPost, http.MethodPut} {
				if a.Status == http.StatusOK && formOfOptions(t, a, method) != "" {
					forms += method
				}
			}
			if forms != c.forms {
				t.Errorf("%s describes %q, want %q", c.path, forms, c.forms)
			}
		})
	}
}

// TestOptionsChooseTheForm takes an action's own form or that of a request of no action, never one of the map by action.
func TestOptionsChooseTheForm(t *testing.T) {
	own := &rest.ModelSerializer[book, DraftData]{Name: "Own"}
	byAction := &rest.ModelSerializer[book, VolumeData]{Name: "ByAction"}
	actions := func(s rest.Serializable[book]) []rest.Action[book] {
		return []rest.Action[book]{
			{Name: "publish", Serializer: s, Handle: rest.Change(func(*rest.Request, *book) error { return nil })},
			{Name: "recent", Handle: rest.Listing[book](func(_ *rest.Request, q *gorm.DB) (*gorm.DB, error) { return q, nil })},
		}
	}
	for i, c := range []struct {
		resource rest.ViewSet[book]
		path     string
		fields   int
	}{
		{rest.ViewSet[book]{Serializer: byAction, Serializers: map[string]rest.Serializable[book]{"create": own}}, "/", 10},
		{rest.ViewSet[book]{Serializer: byAction, Actions: actions(own)}, "/1/publish/", 3},
		{rest.ViewSet[book]{Serializer: byAction, Actions: actions(nil)}, "/1/publish/", 10},
		{rest.ViewSet[book]{
			Serializer: byAction, Alternates: []rest.Serializable[book]{own},
			SerializerFor: func(*rest.Request) rest.Serializable[book] { return own },
		}, "/", 3},
	} {
		client := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) { g.Register("books", &c.resource) })
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(formOfOptions(t, client.Options("/books"+c.path), http.MethodPost)), &fields); err != nil || len(fields) != c.fields {
			t.Errorf("%d: %d fields, want %d: %v", i, len(fields), c.fields, err)
		}
	}
}
