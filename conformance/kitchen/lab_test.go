package kitchen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// fieldCase are values for a field of the laboratory, each with the answer of the reference: the status, and what became of
// the value or what is wrong with it. None of them is in the recorded corpus.
type fieldCase struct {
	field     string
	exchanges []string
}

// runLaboratory sends every value to its field.
func runLaboratory(t *testing.T, cases []fieldCase) {
	t.Helper()
	views := map[string]*rest.View{}
	for _, s := range specimens() {
		views[s.name] = s.view
	}
	router := rest.NewRouter(resttest.Config(t, ormtest.Open(t, ormtest.SQLite(t)), resttest.Registry(t)))
	g := router.Group("/")
	for _, c := range cases {
		g.Handle(c.field+"/", views[c.field], c.field)
	}
	client := resttest.NewClient(t, resttest.Serve(t, router))
	for _, c := range cases {
		t.Run(c.field, func(t *testing.T) {
			for i := 0; i < len(c.exchanges); i += 2 {
				a := client.Post("/"+c.field+"/", `{"value":`+c.exchanges[i]+`}`)
				text := a.Text()
				if value, ok := strings.CutPrefix(text, `{"value":`); ok {
					text = strings.TrimSuffix(value, "}")
				}
				if got, want := fmt.Sprint(a.Status, " ", text), c.exchanges[i+1]; got != want {
					t.Errorf("%s\n got %s\nwant %s", c.exchanges[i], got, want)
				}
			}
		})
	}
}
