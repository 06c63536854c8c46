package conformance_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestFurtherRefusals sends bodies that are in no recording, all of them wrong: of forms, fields of models, relations of all
// kinds, nested objects and unique sets. Nothing of them is stored.
func TestFurtherRefusals(t *testing.T) {
	t.Run(orm.SQLite, func(t *testing.T) { sendFurtherRefusals(t, "") })
	t.Run(orm.Postgres, func(t *testing.T) { sendFurtherRefusals(t, new(ormtest.Template).Postgres(t)) })
}

func sendFurtherRefusals(t *testing.T, databaseURL string) {
	t.Helper()
	server, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: databaseURL})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	before := kitchenState(t, server.URL)
	for route, exchanges := range furtherRefusals {
		method, path, _ := strings.Cut(route, " ")
		for i := 0; i < len(exchanges); i += 2 {
			got := exchange(t, method, server.URL+path, exchanges[i])
			if want := "400 " + exchanges[i+1]; got != want {
				t.Errorf("%s %s\n got %s\nwant %s", route, exchanges[i], got, want)
			}
		}
	}
	if diff := cmp.Diff(before, kitchenState(t, server.URL)); diff != "" {
		t.Errorf("what was refused left something (-before +after)\n%s", diff)
	}
}

// kitchenState is all that the bodies could have changed.
func kitchenState(t *testing.T, url string) map[string]string {
	t.Helper()
	state := map[string]string{}
	for _, path := range []string{
		"fields/", "rel/books-pk/", "rel/books-write/", "rel/authors-write/", "rel/genres-hyper/", "val/articles/", "val/bookings/", "val/items/",
		"val/seats/", "val/things/",
	} {
		state[path] = exchange(t, http.MethodGet, url+"/kitchen/"+path, "")
		if !strings.HasPrefix(state[path], "200 ") {
			t.Fatalf("%s: %s", path, state[path])
		}
	}
	return state
}

// exchange sends JSON and returns the status and the body.
func exchange(t *testing.T, method, address, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "testserver"
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, " ", string(text))
}
