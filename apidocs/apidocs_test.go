package apidocs_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/swaggo/swag"

	"github.com/quintet-go/quintet/apidocs"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// site is an API with one view and its documentation.
func site(t testing.TB) *resttest.Client {
	t.Helper()
	config := resttest.Config(t, ormtest.Open(t, ormtest.SQLite(t)), resttest.Registry(t))
	config.Permissions = []rest.Permission{rest.IsAdmin}
	router := rest.NewRouter(config)
	api := router.Group("/api/")
	api.Handle("ping/", &rest.View{Name: "Ping", Methods: map[string]rest.Endpoint{
		http.MethodGet: {Handle: func(*rest.Request) (*rest.Response, error) { return rest.NoContent(), nil }},
	}}, "ping")
	apidocs.Routes(api, "docs/", rest.DocumentInfo{Title: "Ping & pong", Version: "1"})
	return resttest.NewClient(t, resttest.Serve(t, router))
}

var linked = regexp.MustCompile(`(?:src|href|data-document)="([^"]*)"`)

// links are what the page refers to, as paths.
func links(t testing.TB, page string) (paths []string) {
	t.Helper()
	for _, m := range linked.FindAllStringSubmatch(page, -1) {
		if strings.Contains(m[1], ":") || strings.HasPrefix(m[1], "//") || strings.HasPrefix(m[1], "/") {
			t.Errorf("the page refers to %s, which may be elsewhere", m[1])
		}
		paths = append(paths, "/api/docs/"+m[1])
	}
	return paths
}

func TestThePageLoadsWhatIsThere(t *testing.T) {
	client := site(t)
	page := client.With("Accept", "text/html").Get("/api/docs/")
	if page.Status != http.StatusOK || page.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
		!strings.Contains(page.Text(), "<title>Ping &amp; pong</title>") {
		t.Fatalf("%d %v %s", page.Status, page.Header, page.Text())
	}
	kinds := map[string]string{}
	for _, path := range links(t, page.Text()) {
		a := client.Get(path)
		if a.Status != http.StatusOK || len(a.Body) < 300 {
			t.Errorf("%s: %d with %d bytes", path, a.Status, len(a.Body))
		}
		kinds[path[strings.LastIndexByte(path, '/')+1:]] = a.Header.Get("Content-Type") + " | " + a.Header.Get("Cache-Control")
	}
	const forever = " | public, max-age=31536000, immutable"
	want := map[string]string{
		"swagger-ui.css": "text/css; charset=utf-8" + forever, "swagger-ui-bundle.js": "text/javascript; charset=utf-8" + forever,
		"start.js": "text/javascript; charset=utf-8" + forever, "favicon-32x32.png": "image/png" + forever,
		"openapi.json": "application/json | no-cache",
	}
	for name, kind := range want {
		if kinds[name] != kind {
			t.Errorf("%s is %q, want %q", name, kinds[name], kind)
		}
	}
	if len(kinds) != len(want) {
		t.Errorf("the page loads %v", kinds)
	}
}

// TestNothingIsLoadedFromElsewhere holds the page to its own server: by its policy, and by what its own files name.
func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	client := site(t)
	page := client.Get("/api/docs/")
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := page.Header.Get("Content-Security-Policy"); got != policy {
		t.Errorf("the policy is %q", got)
	}
	elsewhere := regexp.MustCompile(`(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}[^\s"')]*`)
	for _, path := range append(links(t, page.Text()), "/api/docs/") {
		if strings.HasSuffix(path, "swagger-ui-bundle.js") || strings.HasSuffix(path, ".png") {
			continue // a program, whose texts are no requests: the policy and the settings of start.js bind it
		}
		for _, found := range elsewhere.FindAllString(client.Get(path).Text(), -1) {
			if !strings.Contains(found, "www.w3.org/") { // names of XML
				t.Errorf("%s names %s", path, found)
			}
		}
	}
	start := client.Get(asset(t, client, "start.js")).Text()
	for _, setting := range []string{"persistAuthorization: true", "validatorUrl: null"} {
		if !strings.Contains(start, setting) {
			t.Errorf("start.js lacks %s", setting)
		}
	}
}

// asset is the address of a file that the page loads.
func asset(t testing.TB, client *resttest.Client, name string) string {
	t.Helper()
	for _, path := range links(t, client.Get("/api/docs/").Text()) {
		if strings.HasSuffix(path, "/"+name) {
			return path
		}
	}
	t.Fatalf("the page does not load %s", name)
	return ""
}

func TestAssetsComePacked(t *testing.T) {
	client := site(t)
	path := asset(t, client, "swagger-ui-bundle.js")
	plain := client.With("Accept-Encoding", "identity").Get(path)
	for accept, packed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "*": false, "gzip;q=0": false, "gzip; q=0.0": false, "identity": false, "br": false,
	} {
		a := client.With("Accept-Encoding", accept).Get(path)
		if a.Status != http.StatusOK || (a.Header.Get("Content-Encoding") == "gzip") != packed || !strings.Contains(a.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: %d %v", accept, a.Status, a.Header)
			continue
		}
		body := a.Body
		if packed {
			body = unpacked(t, a.Body)
		}
		if sha256.Sum256(body) != sha256.Sum256(plain.Body) {
			t.Errorf("%q: the file differs", accept)
		}
	}
	if size := len(client.With("Accept-Encoding", "gzip").Get(path).Body); size > 600<<10 {
		t.Errorf("the program takes %d bytes", size)
	}
}

func unpacked(t testing.TB, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestOtherAddressesAreNotFound(t *testing.T) {
	client := site(t)
	start := asset(t, client, "start.js")
	for _, path := range []string{
		strings.Replace(start, "start.js", "index.html", 1), strings.Replace(start, "start.js", "none.js", 1),
		"/api/docs/assets/0/start.js", strings.Replace(start, "start.js", "..%2fapidocs.go", 1),
	} {
		if a := client.Get(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if a := client.Get(strings.Replace(start, "start.js", "LICENSE", 1)); a.Status != http.StatusOK || !strings.Contains(a.Text(), "Apache License") {
		t.Errorf("the licence: %d", a.Status)
	}
}

// TestTheDocumentComesFromSwag finds the document under a name of its own, however many APIs a process has.
func TestTheDocumentComesFromSwag(t *testing.T) {
	first, second := site(t), site(t)
	for _, client := range []*resttest.Client{first, second} {
		var document struct {
			Info  struct{ Title string }
			Paths map[string]any
		}
		if err := json.Unmarshal(client.Get("/api/docs/openapi.json").Body, &document); err != nil {
			t.Fatal(err)
		}
		if document.Info.Title != "Ping & pong" || len(document.Paths) != 1 || document.Paths["/api/ping/"] == nil {
			t.Errorf("%+v", document)
		}
	}
	if _, err := swag.ReadDoc(); err == nil {
		t.Error("the document took the name that package swag gives by default")
	}
}
