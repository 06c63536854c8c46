package inspect_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// post is an object to be added to a resource.
type post struct{ to, body string }

var databases = []existing{
	{
		name: "music", make: statements("music-DIALECT"), args: []string{"--include-views"},
		posts: []post{
			{"artist", `{"artist_id": 1, "name": "Django"}`},
			{"album", `{"title": "Nuages", "artist": 1}`},
			{"employee", `{"last_name": "Vola", "birth_date": "1902-07-21T00:00:00Z"}`},
			{"employee", `{"last_name": "Ferret", "reports_to": 1, "salary": "12.50"}`},
			{"customer", `{"email": "a@example.com", "sold_by": 2, "support_rep": 1}`},
			{"country", `{"code": "BE", "name": "Belgium", "iso_number": 56}`},
			{"actor", `{"first_name": "Micheline"}`},
			{"film", `{"title": "Night", "country_code": "BE", "made_in": 56, "actor": [1], "rental_rate": "2.50", "facts": {"a": [1]}}`},
			{"film", `{"title": "Day", "release_year": 1999, "related": [1], "special_features": "{a,b}", "shown": "[2001-01-01,2001-02-01)",
				"fulltext": "'day'", "cost": "$1.00", "length": "01:30:00", "server": "10.0.0.1", "opens": "20:00:00", "weight": 1.5}`},
			{"film-text", `{"film": 1, "description": "Dark."}`},
			{"rate", `{"country": "BE", "at": "2024-01-31", "code": "x.1"}`},
			{"opened", `{"secret_id": null}`},
		},
	},
	{
		name: "odd", make: statements("odd"),
		posts: []post{
			{"2024-sales", `{"id": 7, "2nd_price": "1.00", "unit_price": "2.00", "type": "x", "größe": 3, "名前": "n", "a_b": 1, "a_b2": 2, "a_b3": 3, "quoted": "q", "50": 5}`},
			{"order", `{"id": 1, "group": "a", "group2": "b", "group22": "c"}`},
			{"order-data", `{"id": 1, "order": 1, "order2": "x"}`},
			{"orderdata", `{"id": 1, "func": "f"}`},
			{"left", `{"id": 1, "right_id": 5, "name": "l"}`},
			{"right", `{"id": 1, "left": 1, "left2": 3}`},
			{"part", `{"id": 1, "a": null}`},
			{"alone", `{"id": 1}`},
			{"lines", `{"id": 1}`},
			{"tree", `{"name": "root"}`},
			{"tree", `{"name": "leaf", "parent": "root", "tree": 1}`},
		},
	},
	{
		name: "django", make: django,
		posts: []post{
			{"catalog-category", `{"name": "Guitars", "slug": "guitars"}`},
			{"catalog-tag", `{"name": "loud"}`},
			{"catalog-product", `{"sku": "G-1", "name": "Guitar", "slug": "g", "description": "d", "category": 1, "price": "9.90", "stock": 1,
				"status": "draft", "attributes": {}, "created_at": "2024-01-31T00:00:00Z", "updated_at": "2024-01-31T00:00:00Z", "tags": [1]}`},
			{"catalog-review", `{"id": "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "product": 1, "author": 1, "rating": 5, "title": "t", "body": "b", "created_at": "2024-01-31T00:00:00Z"}`},
			{"orders-order", `{"id": "7f9619ff-8b86-d011-b42d-00cf4fc964ff", "customer": 1, "status": "new", "note": "n", "placed_at": "2024-01-31T00:00:00Z", "shipping_address": {}}`},
			{"orders-orderitem", `{"order": "7f9619ff-8b86-d011-b42d-00cf4fc964ff", "product": 1, "quantity": 2, "unit_price": "9.90"}`},
			{"token-blacklist-outstandingtoken", `{"token": "t", "jti": "j", "expires_at": "2024-01-31T00:00:00Z", "user": 1}`},
			{"token-blacklist-blacklistedtoken", `{"token": 1, "blacklisted_at": "2024-01-31T00:00:00Z"}`},
			{"django-admin-log", `{"action_time": "2024-01-31T00:00:00Z", "object_repr": "o", "action_flag": 1, "change_message": "m", "user": 1}`},
		},
	},
}

// TestResources compiles what --resources writes, and serves each database: lists, single objects and new ones.
func TestResources(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	root := newModule(t)
	each(t, func(t *testing.T, e existing, db *orm.DB, url string) {
		dir := filepath.Join(root, filepath.Base(t.Name()))
		inspectdb(t, url, append(e.args, "--resources", "--output", dir)...)
		_, err := db.SQL.Exec(`INSERT INTO auth_user (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
			VALUES (1, 'u', '', false, '', '', '', false, true, '2024-01-31 00:00:00')`)
		if err != nil && e.name == "django" {
			t.Fatal(err)
		}
		run(t, dir, "go", "vet", "./...")
		run(t, dir, "go", "build", "-ldflags=-s -w", "-o", "server", "./cmd/server")
		serve(t, dir, url).try(t, e.posts)
	})
}

// newModule is a Go module beside this one, which uses it and its requirements.
func newModule(t *testing.T) string {
	t.Helper()
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(here, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			_, rest, _ := strings.Cut(string(text), "\n")
			text = fmt.Appendf(nil, "module example.com/written\n%s\nrequire github.com/quintet-go/quintet v0.0.0\nreplace github.com/quintet-go/quintet => %s\n", rest, here)
		}
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// run runs a program of Go without any network.
func run(t *testing.T, dir string, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}

// api is a program that serves.
type api struct{ base string }

// serve starts the compiled program.
func serve(t *testing.T, dir, url string) api {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "./server")
	cmd.Dir = dir
	cmd.Env = []string{"DATABASE_URL=" + url, "QUINTET_ADDR=127.0.0.1:0", "QUINTET_LOG_LEVEL=error", "QUINTET_SECRET_KEY=3pK9vQw7ZxT1mBn5RcY8sDf2GhJ6kLq4WeU0aXo"}
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, base, found := strings.Cut(lines.Text(), " serves at "); found {
			return api{base}
		}
	}
	t.Fatal("the program ended")
	return api{}
}

// try adds objects, and looks at every resource.
func (a api) try(t *testing.T, posts []post) {
	t.Helper()
	var resources map[string]string
	a.ask(t, http.MethodGet, "/api/", "", http.StatusOK, &resources)
	added := map[string]bool{}
	for _, p := range posts {
		if resources[p.to] == "" {
			continue // the other database has it
		}
		var object map[string]any
		a.ask(t, http.MethodPost, "/api/"+p.to+"/", p.body, http.StatusCreated, &object)
		added[p.to] = true
	}
	for name := range resources {
		var page struct{ Results []map[string]any }
		a.ask(t, http.MethodGet, "/api/"+name+"/", "", http.StatusOK, &page)
		if len(page.Results) == 0 && added[name] {
			t.Errorf("%s is empty", name)
		}
		var options struct {
			Actions map[string]map[string]any
		}
		a.ask(t, http.MethodOptions, "/api/"+name+"/", "", http.StatusOK, &options)
		if options.Actions["POST"] != nil && !added[name] {
			t.Errorf("nothing was added to %s: %s", name, fmt.Sprint(options.Actions["POST"]))
		}
		a.tryFilters(t, name, page.Results)
	}
}

// tryFilters asks for each object by its address and for the list by its own values.
func (a api) tryFilters(t *testing.T, name string, objects []map[string]any) {
	t.Helper()
	for _, object := range objects {
		found := 0
		for key, value := range object {
			address := fmt.Sprintf("/api/%s/%v/", name, value)
			if slices.Contains([]string{"string", "float64"}, fmt.Sprintf("%T", value)) && a.status(t, address) == http.StatusOK {
				found++
			}
			a.ask(t, http.MethodGet, fmt.Sprintf("/api/%s/?ordering=-%s", name, key), "", http.StatusOK, new(any))
		}
		if found == 0 {
			t.Errorf("%s: no address of %v", name, object)
		}
	}
}

func (a api) status(t *testing.T, address string) int {
	t.Helper()
	response, err := http.Get(a.base + strings.ReplaceAll(address, " ", "%20"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// ask sends a request and reads the JSON of its answer.
func (a api) ask(t *testing.T, method, address, body string, status int, answer any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, a.base+address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Errorf("%s %s %s: %d %s", method, address, body, response.StatusCode, text)
		return
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Errorf("%s %s: %v", method, address, err)
	}
}
