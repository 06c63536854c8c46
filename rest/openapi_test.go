package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
	"github.com/quintet-go/quintet/session"
)

// VolumeData is a book with what is read of its publisher.
type VolumeData struct {
	ID        int64                    `json:"id"`
	Title     string                   `json:"title"`
	Kind      bookKind                 `json:"kind"`
	Publisher rest.Related[publisher]  `json:"publisher"`
	House     string                   `json:"house" rest:"readonly,source=Publisher.Name"`
	EditedBy  string                   `json:"edited_by" rest:"readonly,source=Editor.Name"`
	Shout     string                   `json:"shout"`
	First     *string                  `json:"first" rest:"needs=Chapters"`
	Chapters  []PartData               `json:"chapters" rest:"readonly"`
	Extra     struct{ Page, Line int } `json:"extra" rest:"readonly"`
}

// PartData is a chapter.
type PartData struct {
	Number int64  `json:"number"`
	Title  string `json:"title"`
}

// DraftData is a book for those who write it.
type DraftData struct {
	ID    int64   `json:"id"`
	Title string  `json:"title"`
	ISBN  *string `json:"isbn"`
}

// BorrowData is what a reader says.
type BorrowData struct {
	Days int64 `json:"days" rest:"min=1"`
}

var (
	shelfForm = &rest.ModelSerializer[book, VolumeData]{Name: "Book"}
	draftForm = &rest.ModelSerializer[book, DraftData]{Name: "BookDraft"}
	lendForm  = &rest.Serializer[BorrowData]{Name: "Borrow"}
	partForm  = &rest.ModelSerializer[chapter, PartData]{Name: "Part"}
)

// shelves registers everything that the tests of documents look at.
func shelves(g *rest.Group) {
	g.Root(&rest.View{Name: "Root"})
	g.Register("books", &rest.ViewSet[book]{
		Doc: "Books of the library.", Serializer: shelfForm, Pagination: rest.PageNumber{Size: 10, SizeParam: "size"},
		Filters: rest.Filters{rest.By("pages", "exact", "in"), rest.By("kind")}, Search: []string{"title"}, Ordering: []string{"title", "pages"},
		Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
		Fails:       map[string][]int{"update": {http.StatusConflict}},
		Actions: []rest.Action[book]{
			{Name: "publish", Doc: "Bring it out.", Handle: rest.Change(func(*rest.Request, *book) error { return nil }).Fails(http.StatusConflict)},
			{Name: "lend_out", Path: "lend-out", Handle: rest.Receive(lendForm, lendForm, lend)},
			{Name: "bulk", Handle: rest.Bulk[book](1, 5)},
			{Name: "recent", Handle: rest.Listing[book](recent).With(rest.Parameter{Name: "days", Type: "integer"})},
			{Name: "parts", Handle: rest.Children(partForm, partsOf), Pagination: rest.NoPagination},
			{Name: "clear", Handle: rest.Submit[book](lendForm, rest.Nothing, nothing)},
			{Name: "years", Handle: rest.OnCollection[book](http.MethodGet, rest.ListOf(lendForm), allYears)},
		},
	})
	g.Register("publishers", &rest.ViewSet[publisher]{
		Serializer: rest.Auto[publisher](), Pagination: rest.Cursor{Size: 5, Order: []string{"id"}}, Permissions: []rest.Permission{rest.IsAdmin},
		Throttles: []rest.Throttle{rest.UserThrottle{Rate: "5/min"}},
	})
	g.Register("drafts", &rest.ViewSet[book]{
		Serializer: shelfForm, Alternates: []rest.Serializable[book]{draftForm}, Only: []string{"retrieve", "partial_update"},
		SerializerFor: func(*rest.Request) rest.Serializable[book] { return draftForm }, Permissions: []rest.Permission{rest.IsAuthenticated},
		LookupParam: "slug", Lookup: "slug", LookupRegex: "[a-z]+",
	}, "draft")
	g.Handle("hidden/", &rest.View{Name: "Hidden", Undocumented: true, Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: answerNothing}}}, "")
	g.Handle("now/{zone}/", &rest.View{
		Name: "Now", Doc: "The time.", Authenticators: []rest.Authenticator{}, Methods: map[string]rest.Endpoint{
			http.MethodGet: {Handle: answerNothing, OperationID: "clock", Tag: "time", Status: http.StatusNoContent, Errors: []int{http.StatusGone}},
		},
	}, "now")
}

func lend(*rest.Request, *book, *rest.Input[BorrowData]) (*BorrowData, error) { return nil, nil }
func recent(_ *rest.Request, q *gorm.DB) (*gorm.DB, error)                    { return q, nil }
func partsOf(_ *rest.Request, _ *book, q *gorm.DB) *gorm.DB                   { return q }
func nothing(*rest.Request, *rest.Input[BorrowData]) (*rest.NoData, error)    { return nil, nil }
func allYears(*rest.Request) (*rest.Response, error)                          { return rest.NoContent(), nil }

func answerNothing(*rest.Request) (*rest.Response, error) { return rest.NoContent(), nil }

// credentials are an authenticator that documents know.
type credentials struct{ challenge string }

func (credentials) Authenticate(*rest.Request) (*identity.User, any, error) { return nil, nil, nil }
func (c credentials) Challenge(*rest.Request) string                        { return c.challenge }
func (credentials) SecurityScheme() (string, map[string]any) {
	return "keyAuth", map[string]any{"type": "http", "scheme": "bearer"}
}

func withCredentials(c *rest.Config) { c.Authenticators = []rest.Authenticator{credentials{"Key"}} }

func TestOperations(t *testing.T) {
	d := described(t, rest.DocumentInfo{}, shelves, withCredentials)
	got := map[string]string{}
	for _, path := range d.keys("paths") {
		for _, method := range d.keys("paths", path) {
			id := d.at("paths", path, method, "operationId")
			got[method+" "+path] = strings.Trim(id, `"`) + " " + strings.Join(d.keys("paths", path, method, "responses"), " ")
		}
	}
	want := map[string]string{
		"get /books/":                "books_list 200 400 401 404 406 503",
		"post /books/":               "books_create 201 400 401 403 406 413 415 503",
		"get /books/{id}/":           "books_retrieve 200 401 404 406 503",
		"put /books/{id}/":           "books_update 200 400 401 403 404 406 409 413 415 503",
		"patch /books/{id}/":         "books_partial_update 200 400 401 403 404 406 413 415 503",
		"delete /books/{id}/":        "books_destroy 204 401 403 404 406 503",
		"post /books/{id}/publish/":  "books_publish_create 200 401 403 404 406 409 503",
		"post /books/{id}/lend-out/": "books_lend_out_create 200 400 401 403 404 406 413 415 503",
		"post /books/bulk/":          "books_bulk_create 201 400 401 403 406 413 415 503",
		"get /books/recent/":         "books_recent_retrieve 200 400 401 404 406 503",
		"get /books/{id}/parts/":     "books_parts_retrieve 200 401 404 406 503",
		"post /books/clear/":         "books_clear_create 204 400 401 403 406 413 415 503",
		"get /books/years/":          "books_years_retrieve 200 401 406 503",
		"get /publishers/":           "publishers_list 200 400 401 403 404 406 429 503",
		"post /publishers/":          "publishers_create 201 400 401 403 406 413 415 429 503",
		"get /publishers/{id}/":      "publishers_retrieve 200 401 403 404 406 429 503",
		"put /publishers/{id}/":      "publishers_update 200 400 401 403 404 406 413 415 429 503",
		"patch /publishers/{id}/":    "publishers_partial_update 200 400 401 403 404 406 413 415 429 503",
		"delete /publishers/{id}/":   "publishers_destroy 204 401 403 404 406 409 429 503",
		"get /drafts/{slug}/":        "drafts_retrieve 200 401 404 406 503",
		"patch /drafts/{slug}/":      "drafts_partial_update 200 400 401 404 406 413 415 503",
		"get /now/{zone}/":           "clock 204 404 406 410 503",
	}
	for _, line := range diff(want, got) {
		t.Error(line)
	}
}

// diff tells where two maps differ.
func diff(want, got map[string]string) (lines []string) {
	for key, w := range want {
		if got[key] != w {
			lines = append(lines, key+"\n got "+got[key]+"\nwant "+w)
		}
	}
	for key, g := range got {
		if _, ok := want[key]; !ok {
			lines = append(lines, key+" is documented: "+g)
		}
	}
	return lines
}

func TestBodiesAndAnswers(t *testing.T) {
	d := described(t, rest.DocumentInfo{}, shelves, withCredentials)
	const json = "application/json"
	ref := func(name string) string { return `{"$ref":"#/components/schemas/` + name + `"}` }
	body := func(path, method string) string {
		return d.at("paths", path, method, "requestBody", "content", json, "schema")
	}
	answer := func(path, method, status string) string {
		return d.at("paths", path, method, "responses", status, "content", json, "schema")
	}
	for _, c := range []struct{ what, got, want string }{
		{"a page", answer("/books/", "get", "200"), ref("PaginatedBookList")},
		{"what is made", body("/books/", "post"), ref("BookRequest")},
		{"what was made", answer("/books/", "post", "201"), ref("Book")},
		{"what is changed", body("/books/{id}/", "patch"), ref("PatchedBookRequest")},
		{"nothing to send", body("/books/{id}/publish/", "post"), ""},
		{"nothing to answer", answer("/books/{id}/", "delete", "204"), ""},
		{"several", body("/books/bulk/", "post"), `{"items":` + ref("BookRequest") + `,"maxItems":5,"minItems":1,"type":"array"}`},
		{"several in a form", d.at("paths", "/books/bulk/", "post", "requestBody", "content", "multipart/form-data"), ""},
		{"an own form", body("/books/{id}/lend-out/", "post"), ref("BorrowRequest")},
		{"an own answer", answer("/books/{id}/lend-out/", "post", "200"), ref("Borrow")},
		{"a list", answer("/books/{id}/parts/", "get", "200"), `{"items":` + ref("Part") + `,"type":"array"}`},
		{"a declared list", answer("/books/years/", "get", "200"), `{"items":` + ref("Borrow") + `,"type":"array"}`},
		{"a page of an action", answer("/books/recent/", "get", "200"), ref("PaginatedBookList")},
		{"a choice of forms", answer("/drafts/{slug}/", "get", "200"), `{"anyOf":[` + ref("Book") + `,` + ref("BookDraft") + `]}`},
		{
			"a choice of changes", body("/drafts/{slug}/", "patch"),
			`{"anyOf":[` + ref("PatchedBookRequest") + `,` + ref("PatchedBookDraftRequest") + `]}`,
		},
		{
			"wrong fields", answer("/books/", "post", "400"),
			`{"anyOf":[` + ref("BookValidationError") + `,` + ref("Error") + `,` + ref("FieldErrors") + `]}`,
		},
		{
			"wrong filters", answer("/books/", "get", "400"),
			`{"anyOf":[` + ref("ValidationError") + `,` + ref("Error") + `,` + ref("FieldErrors") + `]}`,
		},
		{"a refusal", d.at("paths", "/books/", "post", "responses", "403"), `{"$ref":"#/components/responses/Forbidden"}`},
		{
			"the challenge", d.at("components", "responses", "Unauthorized", "headers"),
			`{"WWW-Authenticate":{"description":"How to authenticate.","schema":{"type":"string"}}}`,
		},
		{
			"the wait", d.at("components", "responses", "TooManyRequests", "headers"),
			`{"Retry-After":{"description":"Seconds to wait before the next attempt.","schema":{"type":"integer"}}}`,
		},
		{
			"an envelope", d.component("PaginatedBookList"),
			`{"properties":{"count":{"minimum":0,"type":"integer"},"next":{"format":"uri","type":["string","null"]},` +
				`"previous":{"format":"uri","type":["string","null"]},"results":{"items":` + ref("Book") + `,"type":"array"}},` +
				`"required":["count","next","previous","results"],"type":"object"}`,
		},
		{"an envelope without a count", d.at("components", "schemas", "PaginatedpublisherList", "required"), `["next","previous","results"]`},
		{
			"messages", d.component("BorrowValidationError"),
			`{"properties":{"days":` + ref("FieldErrors") + `,"non_field_errors":` + ref("FieldErrors") + `},"type":"object"}`,
		},
	} {
		if c.got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.what, c.got, c.want)
		}
	}
	d.has("true", "paths", "/books/", "post", "requestBody", "required")
	d.has("", "paths", "/books/{id}/", "patch", "requestBody", "required")
}

func TestComponentOfAModel(t *testing.T) {
	d := described(t, rest.DocumentInfo{}, shelves)
	for name, want := range map[string]string{
		"kind":      `{"$ref":"#/components/schemas/KindEnum"}`,
		"house":     `{"readOnly":true,"type":"string"}`,
		"shout":     `{"readOnly":true,"type":"string"}`,
		"first":     `{"readOnly":true,"type":["string","null"]}`,
		"chapters":  `{"items":{"$ref":"#/components/schemas/Part"},"readOnly":true,"type":"array"}`,
		"publisher": `{"type":"integer"}`,
	} {
		d.has(want, "components", "schemas", "Book", "properties", name)
	}
	// An editor is no must: without one, edited_by is left out.
	d.has(`["chapters","extra","first","house","id","kind","publisher","shout","title"]`, "components", "schemas", "Book", "required")
	d.has(`["publisher","title"]`, "components", "schemas", "BookRequest", "required")
	if got := d.keys("components", "schemas", "BookRequest", "properties"); !slices.Equal(got, []string{"kind", "publisher", "title"}) {
		t.Errorf("what is sent: %q", got)
	}
	d.has(`{"description":"* `+"`novel` - Novel\\n* `poem` - Poem"+`","enum":["novel","poem"],"type":"string"}`, "components", "schemas", "KindEnum")
}

func TestParameters(t *testing.T) {
	d := described(t, rest.DocumentInfo{}, shelves)
	type parameter struct {
		Name, In, Description, Style string
		Required, Explode            bool
		Schema                       json.RawMessage
	}
	parameters := func(path, method string) (lines []string) {
		var list []parameter
		if text := d.at("paths", path, method, "parameters"); text != "" {
			if err := json.Unmarshal([]byte(text), &list); err != nil {
				t.Fatal(err)
			}
		}
		for _, p := range list {
			lines = append(lines, strings.TrimSpace(p.In+" "+p.Name+" "+string(p.Schema)+" "+p.Style))
		}
		return lines
	}
	for _, c := range []struct {
		path, method string
		want         []string
	}{
		{"/books/", "get", []string{
			`query kind {"enum":["novel","poem"],"type":"string"}`, `query ordering {"type":"string"}`, `query page {"type":"integer"}`,
			`query pages {"type":"integer"}`, `query pages__in {"items":{"type":"integer"},"type":"array"} form`,
			`query search {"type":"string"}`, `query size {"type":"integer"}`,
		}},
		{"/books/{id}/", "get", []string{`path id {"type":"integer"}`}},
		{"/books/{id}/parts/", "get", []string{`path id {"type":"integer"}`}},
		{"/books/", "post", nil},
		{"/drafts/{slug}/", "get", []string{`path slug {"pattern":"^(?:[a-z]+)$","type":"string"}`}},
		{"/publishers/", "get", []string{`query cursor {"type":"string"}`, `query ordering {"type":"string"}`}},
		{"/now/{zone}/", "get", []string{`path zone {"type":"string"}`}},
	} {
		if got := parameters(c.path, c.method); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s\n got %q\nwant %q", c.method, c.path, got, c.want)
		}
	}
	if recent := parameters("/books/recent/", "get"); len(recent) != 8 || recent[0] != `query days {"type":"integer"}` {
		t.Errorf("a listing has the filters and its own: %q", recent)
	}
	if text := d.at("paths", "/books/", "get", "parameters"); !strings.Contains(text, "`pages`, `title`") {
		t.Errorf("the order's names are told: %s", text)
	}
}

// deny refuses everybody; documents know nothing of it.
type deny struct{}

func (deny) HasPermission(*rest.Request) (bool, error)            { return false, nil }
func (deny) HasObjectPermission(*rest.Request, any) (bool, error) { return false, nil }

func TestSecurity(t *testing.T) {
	browsers := &rest.SessionAuthentication{Sessions: &session.Store{}}
	mine := rest.ObjectPermission(func(*rest.Request, *book) (bool, error) { return true, nil })
	const key, none = `[{"keyAuth":[]}]`, `[{"keyAuth":[]},{}]`
	for _, c := range []struct {
		name           string
		permissions    []rest.Permission
		authenticators []rest.Authenticator
		get, post      string // security and statuses of refusals
	}{
		{"open", []rest.Permission{rest.AllowAny}, nil, none + " 401", none + " 401"},
		{"users", []rest.Permission{rest.IsAuthenticated}, nil, key + " 401", key + " 401"},
		{"staff", []rest.Permission{rest.IsAdmin}, nil, key + " 401 403", key + " 401 403"},
		{"users write", []rest.Permission{rest.IsAuthenticatedOrReadOnly}, nil, none + " 401", key + " 401"},
		{"holders write", []rest.Permission{rest.ModelPermissionsOrAnonReadOnly}, nil, none + " 401", key + " 401 403"},
		{"holders write, users read", []rest.Permission{rest.ModelPermissions}, nil, key + " 401", key + " 401 403"},
		{"one of both", []rest.Permission{rest.AnyOf(rest.AllowAny, rest.IsAdmin)}, nil, none + " 401 403", none + " 401 403"},
		{"both", []rest.Permission{rest.AllOf(rest.AllowAny, rest.IsAdmin)}, nil, key + " 401 403", key + " 401 403"},
		{"objects", []rest.Permission{rest.WithMessage(mine, "No.", "")}, nil, none + " 401 403", none + " 401 403"},
		{"of an own kind", []rest.Permission{deny{}}, nil, key + " 401 403", key + " 401 403"},
		{"nobody is asked", []rest.Permission{rest.AllowAny}, []rest.Authenticator{}, "[]", "[]"},
		{"nobody can be known", []rest.Permission{rest.IsAdmin}, []rest.Authenticator{}, "[] 403", "[] 403"},
		{"no challenge", []rest.Permission{rest.IsAuthenticated}, []rest.Authenticator{credentials{}}, key + " 403", key + " 403"},
		{
			"browsers",
			[]rest.Permission{rest.IsAuthenticated},
			[]rest.Authenticator{credentials{"Key"}, browsers},
			`[{"keyAuth":[]},{"cookieAuth":[]}] 401`, `[{"keyAuth":[]},{"cookieAuth":[],"csrfToken":[]}] 401 403`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := described(t, rest.DocumentInfo{}, func(g *rest.Group) {
				g.Register("books", &rest.ViewSet[book]{
					Serializer: rest.Auto[book](), Permissions: c.permissions, Authenticators: c.authenticators,
				})
			}, withCredentials)
			for method, want := range map[string]string{"get": c.get, "post": c.post} {
				got := d.at("paths", "/books/", method, "security")
				for _, status := range d.keys("paths", "/books/", method, "responses") {
					if status == "401" || status == "403" {
						got += " " + status
					}
				}
				if got != want {
					t.Errorf("%s\n got %s\nwant %s", method, got, want)
				}
			}
		})
	}
}

func TestListsOfNewObjects(t *testing.T) {
	const one = `{"$ref":"#/components/schemas/BookRequest"}`
	for _, c := range []struct {
		resource rest.ViewSet[book]
		sends    string
		form     bool // a form holds one object
	}{
		{rest.ViewSet[book]{}, one, true},
		{rest.ViewSet[book]{BulkCreate: true}, `{"anyOf":[` + one + `,{"items":` + one + `,"type":"array"}]}`, true},
		{rest.ViewSet[book]{CreateMany: &rest.Many{NoEmpty: true, Max: 3}}, `{"items":` + one + `,"maxItems":3,"minItems":1,"type":"array"}`, false},
	} {
		c.resource.Serializer = shelfForm
		d := described(t, rest.DocumentInfo{}, func(g *rest.Group) { g.Register("books", &c.resource) })
		content := []string{"paths", "/books/", "post", "requestBody", "content"}
		d.has(c.sends, append(content, "application/json", "schema")...)
		answer := strings.ReplaceAll(c.sends, "BookRequest", "Book")
		d.has(answer, "paths", "/books/", "post", "responses", "201", "content", "application/json", "schema")
		if got := d.at(append(content, "multipart/form-data")...) != ""; got != c.form {
			t.Errorf("as a form: %t, want %t", got, c.form)
		}
	}
}

func TestAddressesOfObjects(t *testing.T) {
	type linked struct {
		URL       string                  `json:"url" rest:"identity,view=book-detail"`
		Publisher rest.Related[publisher] `json:"publisher" rest:"view=publisher-detail"`
	}
	d := described(t, rest.DocumentInfo{}, func(g *rest.Group) {
		g.Register("books", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, linked]{Name: "Linked"}})
		g.Register("publishers", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher]()})
	})
	d.has(`{"format":"uri","readOnly":true,"type":"string"}`, "components", "schemas", "Linked", "properties", "url")
	d.has(`{"format":"uri","type":"string"}`, "components", "schemas", "LinkedRequest", "properties", "publisher")
	d.has(`{"Location":{"description":"The address of the new object.","schema":{"format":"uri","type":"string"}}}`,
		"paths", "/books/", "post", "responses", "201", "headers")
}

func TestDocumentInfo(t *testing.T) {
	full := rest.DocumentInfo{
		Title: "Library", Version: "2.1", Description: "Books.", TermsOfService: "https://library.example/terms",
		Contact: rest.Contact{Name: "Desk", URL: "https://library.example", Email: "desk@library.example"},
		License: rest.License{Name: "MIT", URL: "https://opensource.org/license/mit"},
		Servers: []rest.Server{{URL: "https://library.example", Description: "The library"}},
		Tags:    map[string]string{"time": "Clocks."},
	}
	d := described(t, full, shelves)
	d.has(`{"contact":{"email":"desk@library.example","name":"Desk","url":"https://library.example"},"description":"Books.",`+
		`"license":{"name":"MIT","url":"https://opensource.org/license/mit"},"termsOfService":"https://library.example/terms",`+
		`"title":"Library","version":"2.1"}`, "info")
	d.has(`[{"description":"The library","url":"https://library.example"}]`, "servers")
	d.has(`[{"description":"Books of the library.","name":"books"},{"name":"drafts"},{"name":"publishers"},{"description":"Clocks.","name":"time"}]`, "tags")
	plain := described(t, rest.DocumentInfo{}, shelves)
	plain.has(`{"title":"API","version":"0"}`, "info")
	plain.has(`[{"url":"/"}]`, "servers")
}

func TestEqualIdsGetNumbers(t *testing.T) {
	view := func() *rest.View {
		return &rest.View{Name: "V", Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: answerNothing}}}
	}
	d := described(t, rest.DocumentInfo{}, func(g *rest.Group) {
		g.Handle("a/b/", view(), "").Handle("a/{id}/b/", view(), "").Handle("a-b/", view(), "")
	})
	d.has(`"a_b_retrieve"`, "paths", "/a-b/", "get", "operationId")
	d.has(`"a_b_retrieve_2"`, "paths", "/a/b/", "get", "operationId")
	d.has(`"a_b_retrieve_3"`, "paths", "/a/{id}/b/", "get", "operationId")
}

// TestDocumentsAreValid lets another implementation read both versions in both forms.
func TestDocumentsAreValid(t *testing.T) {
	router := routerOf(t, ormtest.Open(t, ormtest.SQLite(t)), resttest.Registry(t, libraryModels()...), shelves, withCredentials)
	api, err := router.Build()
	if err != nil {
		t.Fatal(err)
	}
	for version, old := range map[string]bool{"3.1.0": false, "3.0.3": true} {
		info := rest.DocumentInfo{Title: "Library", Version: "1", Version30: old}
		document := api.OpenAPI(info)
		spec, err := openapi3.NewLoader().LoadFromData(document.JSON())
		if err != nil {
			t.Fatal(err)
		}
		if err := spec.Validate(t.Context()); err != nil || spec.OpenAPI != version {
			t.Errorf("%s: %v", spec.OpenAPI, err)
		}
		if again := api.OpenAPI(info); string(again.JSON()) != string(document.JSON()) {
			t.Error("the document of the same API differs")
		}
		sameInYAML(t, document)
	}
}

func sameInYAML(t *testing.T, d *rest.Document) {
	t.Helper()
	text, err := d.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(text, &fromYAML); err != nil {
		t.Fatal(err)
	}
	normal, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(d.JSON(), &fromJSON); err != nil {
		t.Fatal(err)
	}
	fromYAML = nil
	if err := json.Unmarshal(normal, &fromYAML); err != nil || !reflect.DeepEqual(fromYAML, fromJSON) {
		t.Errorf("YAML and JSON differ: %v", err)
	}
}

func TestVersion30HasNoTypeNull(t *testing.T) {
	type data struct {
		Text *string
		Kind *bookKind
		List []*int64
		Part *PartData
	}
	form := &rest.Serializer[data]{Name: "Case"}
	d := described(t, rest.DocumentInfo{Version30: true}, func(g *rest.Group) {
		g.Handle("case/", &rest.View{Name: "Case", Methods: map[string]rest.Endpoint{
			http.MethodPost: {Input: form, Output: form, Handle: answerNothing},
		}}, "")
	})
	for name, want := range map[string]string{
		"text": `{"nullable":true,"type":"string"}`,
		"kind": `{"allOf":[{"$ref":"#/components/schemas/KindEnum"}],"nullable":true}`,
		"list": `{"items":{"nullable":true,"type":"integer"},"type":"array"}`,
		"part": `{"allOf":[{"$ref":"#/components/schemas/Part"}],"nullable":true}`,
	} {
		d.has(want, "components", "schemas", "Case", "properties", name)
	}
	d.has(`"3.0.3"`, "openapi")
}

func TestSchemaView(t *testing.T) {
	client := library(t, ormtest.Open(t, ormtest.SQLite(t)), func(g *rest.Group) {
		g.Handle("schema/", rest.SchemaView(rest.DocumentInfo{Title: "Library", Version: "1"}), "schema")
	}, withCredentials)
	for _, c := range []struct{ query, accept, kind, begin string }{
		{"", "", "application/json", "{\n  \"openapi\": \"3.1.0\","},
		{"", "text/html, */*;q=0.1", "application/json", "{\n"},
		{"", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json", "{\n"},
		{"", "application/vnd.oai.openapi", "application/vnd.oai.openapi; charset=utf-8", "openapi: 3.1.0\n"},
		{"", "application/yaml", "application/yaml; charset=utf-8", "openapi: 3.1.0\n"},
		{"?format=yaml", "", "application/vnd.oai.openapi; charset=utf-8", "openapi: 3.1.0\n"},
		{"?format=json", "", "application/json", "{\n"},
	} {
		asking := client
		if c.accept != "" {
			asking = client.With("Accept", c.accept)
		}
		a := asking.Get("/schema/" + c.query)
		etag := a.Header.Get("Etag")
		if a.Status != http.StatusOK || a.Header.Get("Content-Type") != c.kind || !strings.HasPrefix(a.Text(), c.begin) || etag == "" {
			t.Errorf("%s %s: %d %v %.60q", c.query, c.accept, a.Status, a.Header, a.Text())
		}
		for header, want := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200} {
			if again := asking.With("If-None-Match", header).Get("/schema/" + c.query); again.Status != want || again.Header.Get("Etag") != etag {
				t.Errorf("%s with %s: %d", c.query, header, again.Status)
			}
		}
	}
	say(t, client.Get("/schema/?format=xml"), `404 {"detail":"Not found."}`)
	say(t, client.With("Accept", "text/csv").Get("/schema/"), `406 {"detail":"Could not satisfy the request Accept header."}`)
	if text := client.Get("/schema/").Text(); strings.Contains(text, "/schema/\"") {
		t.Error("the schema describes itself")
	}
	if client.Get("/schema/").Header.Get("Etag") == client.Get("/schema/?format=yaml").Header.Get("Etag") {
		t.Error("both forms have one ETag")
	}
}

// The document is derived from what is registered, and served beside it.
func ExampleSchemaView() {
	send, end := musicAPI(func(api *rest.Group) {
		api.Handle("schema/", rest.SchemaView(rest.DocumentInfo{Title: "Music", Version: "1"}), "schema")
		api.Handle("songs/{title}/", &rest.View{
			Name: "Play a song", Permissions: []rest.Permission{rest.AllowAny},
			Methods: map[string]rest.Endpoint{http.MethodPost: {Handle: answerNothing, Status: http.StatusNoContent}},
		}, "play")
	})
	defer end()

	fmt.Println(send("GET", "/api/schema/?format=yaml", ""))
	// Output:
	// 200 openapi: 3.1.0
	// info:
	//   title: Music
	//   version: "1"
	// servers:
	//   - url: /
	// tags:
	//   - name: songs
	// paths:
	//   /api/songs/{title}/:
	//     post:
	//       operationId: songs_create
	//       summary: Play a song
	//       parameters:
	//         - name: title
	//           in: path
	//           required: true
	//           schema:
	//             type: string
	//       tags:
	//         - songs
	//       security: []
	//       responses:
	//         "204":
	//           description: No Content
	//         "404":
	//           $ref: '#/components/responses/NotFound'
	//         "406":
	//           $ref: '#/components/responses/NotAcceptable'
	//         "503":
	//           $ref: '#/components/responses/ServiceUnavailable'
	// components:
	//   schemas:
	//     Error:
	//       type: object
	//       properties:
	//         detail:
	//           type: string
	//           description: What is wrong, for people.
	//         code:
	//           type: string
	//           description: What is wrong, for programs, where it is told.
	//       required:
	//         - detail
	//   responses:
	//     NotFound:
	//       description: There is no such object, page or format.
	//       content:
	//         application/json:
	//           schema:
	//             $ref: '#/components/schemas/Error'
	//     NotAcceptable:
	//       description: No media type that the client accepts is offered.
	//       content:
	//         application/json:
	//           schema:
	//             $ref: '#/components/schemas/Error'
	//     ServiceUnavailable:
	//       description: Something that the server needs is away for the moment.
	//       headers:
	//         Retry-After:
	//           description: Seconds to wait before the next attempt.
	//           schema:
	//             type: integer
	//       content:
	//         application/json:
	//           schema:
	//             $ref: '#/components/schemas/Error'
}
