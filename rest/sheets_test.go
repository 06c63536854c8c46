package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// sheet is a form under test: it registers an endpoint that answers valid input as the form renders it.
type sheet func(g *rest.Group, path string)

// form is the sheet of a struct, with options.
func form[D any](options ...func(d *D) []rest.FieldOption) sheet {
	s := &rest.Serializer[D]{Name: "Sheet"}
	if len(options) > 0 {
		s.Fields = options[0]
	}
	return formBy(s)
}

// option is the sheet of a struct with one option.
func option[D any](fn func(d *D) rest.FieldOption) sheet {
	return form(func(d *D) []rest.FieldOption { return []rest.FieldOption{fn(d)} })
}

// formBy is the sheet of a declared form.
func formBy[D any](s *rest.Serializer[D]) sheet {
	endpoint := rest.Endpoint{Input: s, Handle: func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, s)
		if err != nil {
			return nil, err
		}
		return rest.Answer(r, s, &in.Data)
	}}
	return func(g *rest.Group, path string) {
		g.Handle(path, &rest.View{Name: "Sheet", Permissions: open, Methods: map[string]rest.Endpoint{
			http.MethodPost: endpoint, http.MethodPatch: endpoint,
		}}, "")
	}
}

var open = []rest.Permission{rest.AllowAny}

// sheetCase is a form and what it answers: pairs of a request ("{json}", "PATCH {json}", "FORM a=b", "PATCH FORM a=b") and
// an answer ("200 {…}").
type sheetCase struct {
	name      string
	sheet     sheet
	exchanges []string
}

func fill(c *resttest.Client, path, line string) string {
	method := http.MethodPost
	if rest, ok := strings.CutPrefix(line, "PATCH "); ok {
		method, line = http.MethodPatch, rest
	}
	var body any = line
	if encoded, ok := strings.CutPrefix(line, "FORM"); ok {
		body = resttest.Text{Type: "application/x-www-form-urlencoded", Text: strings.TrimSpace(encoded)}
	}
	return c.Do(method, path, body).String()
}

// runSheets serves all forms by one API and compares every exchange.
func runSheets(t *testing.T, cases []sheetCase) {
	t.Helper()
	db := ormtest.Open(t, ormtest.SQLite(t))
	router := rest.NewRouter(resttest.Config(t, db, resttest.Registry(t)))
	g := router.Group("/")
	for i, c := range cases {
		c.sheet(g, fmt.Sprintf("%d/", i))
	}
	client := resttest.NewClient(t, resttest.Serve(t, router))
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if len(c.exchanges) == 0 || len(c.exchanges)%2 != 0 {
				t.Fatal("exchanges are pairs of a request and an answer")
			}
			for n := 0; n < len(c.exchanges); n += 2 {
				if got, want := fill(client, fmt.Sprintf("/%d/", i), c.exchanges[n]), c.exchanges[n+1]; got != want {
					t.Errorf("%s\n got %s\nwant %s", c.exchanges[n], got, want)
				}
			}
		})
	}
}

// serve is a client of resources that are registered under "/", open to all, over the tables of models.
func serve(t testing.TB, db *orm.DB, models []any, register func(g *rest.Group), change ...func(c *rest.Config)) *resttest.Client {
	t.Helper()
	registry := resttest.Registry(t, models...)
	resttest.CreateTables(t, db, registry)
	return resttest.NewClient(t, resttest.Serve(t, routerOf(t, db, registry, register, change...)))
}

func routerOf(t testing.TB, db *orm.DB, registry *orm.Registry, register func(g *rest.Group), change ...func(c *rest.Config)) *rest.Router {
	t.Helper()
	config := resttest.Config(t, db, registry)
	config.Permissions = open
	for _, fn := range change {
		fn(&config)
	}
	router := rest.NewRouter(config)
	register(router.Group("/"))
	return router
}

// say compares an answer with "STATUS BODY".
func say(t testing.TB, a *resttest.Answer, want string) {
	t.Helper()
	if got := a.String(); got != want {
		t.Errorf("%s\n got %s\nwant %s", a.Request, got, want)
	}
}

// replaced is a text with one part changed; it must be there.
func replaced(text, old, with string) string {
	if !strings.Contains(text, old) {
		panic(fmt.Sprintf("%q is not in %q", old, text))
	}
	return strings.ReplaceAll(text, old, with)
}
