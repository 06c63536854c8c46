package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestFurtherLists asks for lists that are in no recording: filters, searches, orders and pages put together, and pieces of
// addresses that are wrong.
func TestFurtherLists(t *testing.T) {
	t.Run(orm.SQLite, func(t *testing.T) { askFurtherLists(t, "") })
	t.Run(orm.Postgres, func(t *testing.T) { askFurtherLists(t, new(ormtest.Template).Postgres(t)) })
}

func askFurtherLists(t *testing.T, databaseURL string) {
	t.Helper()
	server, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: databaseURL})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for path, exchanges := range furtherLists {
		for i := 0; i < len(exchanges); i += 2 {
			if got, want := askList(t, server.URL+path+"?"+exchanges[i]), exchanges[i+1]; got != want {
				t.Errorf("%s?%s\n got %s\nwant %s", path, exchanges[i], got, want)
			}
		}
	}
}

// listPage is a list with or without pages.
type listPage struct {
	Count          *int
	Next, Previous *string
	Results        []struct{ ID int64 }
}

// askList is the answer of a list in a line: "200 1,2,3 of 9 next page=2", or the error as it is.
func askList(t *testing.T, address string) string {
	t.Helper()
	status, text, _ := strings.Cut(exchange(t, http.MethodGet, address, ""), " ")
	if status != "200" {
		return status + " " + text
	}
	body := []byte(text)
	var page listPage
	if body[0] == '[' {
		body = fmt.Appendf(nil, `{"results":%s}`, body)
	}
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return page.line()
}

func (p listPage) line() string {
	ids := make([]string, len(p.Results))
	for i, row := range p.Results {
		ids[i] = fmt.Sprint(row.ID)
	}
	text := "200 " + strings.Join(ids, ",")
	if p.Count != nil {
		text += fmt.Sprint(" of ", *p.Count)
	}
	for _, link := range []struct {
		name    string
		address *string
	}{{"previous", p.Previous}, {"next", p.Next}} {
		if link.address != nil {
			_, query, found := strings.Cut(*link.address, "?")
			if !found {
				query = "-"
			}
			text += " " + link.name + " " + query
		}
	}
	return text
}
