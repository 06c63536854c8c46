package conformance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/conformance/replay"
	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/internal/router"
)

// TestAnswersFitTheDocument replays the recorded requests to the shop, and to the resources of the kitchen, and holds every
// answer, refusals too, against the OpenAPI document: its status, its media type and its body.
func TestAnswersFitTheDocument(t *testing.T) {
	server, err := testserver.Start(t.Context(), testserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	witness := newWitness(t, passingOn(t, server.URL), fetch(t, server.URL+"/api/schema/"))
	front := httptest.NewServer(witness)
	defer front.Close()
	options, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	scenarios = slices.DeleteFunc(scenarios, func(s *replay.Scenario) bool { return !fits(s.ID, *only) || !isDocumented(s) })
	replay.Run(t.Context(), scenarios, []replay.Target{{URL: front.URL, Reset: server.Reset}}, options)
	witness.report(t)
	if *only == "" && (witness.checked < 1200 || len(witness.statuses) < 9) {
		t.Errorf("only %d answers were checked, with the statuses %v", witness.checked, witness.statuses)
	}
}

// isDocumented tells whether a scenario asks the shop, or resources that say all of what they answer. Most views of the
// kitchen are handlers that answer freely.
func isDocumented(s *replay.Scenario) bool {
	kind, _, _ := strings.Cut(s.Category, ".")
	return slices.Contains([]string{"model", "relations", "filter", "page", "permission", "validation"}, kind) ||
		slices.ContainsFunc(s.Steps, asksTheShop)
}

func asksTheShop(step replay.Step) bool { return strings.HasPrefix(string(step.Path), "/api/") }

// TestWrongAnswersAreFound shows the witness answers that break the document.
func TestWrongAnswersAreFound(t *testing.T) {
	server, err := testserver.Start(t.Context(), testserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	document := fetch(t, server.URL+"/api/schema/")
	const tag = `{"id":1,"name":"t"}`
	for name, c := range map[string]struct {
		status int
		kind   string
		body   string
		wrong  bool
	}{
		"as documented":          {http.StatusOK, "application/json", tag, false},
		"a field is missing":     {http.StatusOK, "application/json", `{"id":1}`, true},
		"null where none may be": {http.StatusOK, "application/json", `{"id":1,"name":null}`, true},
		"a text for a number":    {http.StatusOK, "application/json", `{"id":"1","name":"t"}`, true},
		"an unknown status":      {http.StatusTeapot, "application/json", `{"detail":"tea"}`, true},
		"another media type":     {http.StatusOK, "text/csv", tag, true},
		"a refusal":              {http.StatusNotFound, "application/json", `{"detail":"Not found."}`, false},
		"a refusal of no form":   {http.StatusNotFound, "application/json", `["Not found."]`, true},
	} {
		w := newWitness(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}), document)
		w.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/tags/1/", http.NoBody))
		if w.checked != 1 || (len(w.wrong) > 0) != c.wrong {
			t.Errorf("%s: %v", name, w.wrong)
		}
	}
}

// TestTheWrittenDocumentIsCurrent compares api/openapi.yaml with what the command openapi would write.
func TestTheWrittenDocumentIsCurrent(t *testing.T) {
	command := quintet.New(router.Shop()).Command()
	command.SetOut(t.Output())
	command.SetErr(t.Output())
	command.SetArgs([]string{"openapi", "--check", "--out", "../api/openapi.yaml"})
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestNamesAreThoseOfGeneratedClients holds names that clients are built on: drf-spectacular gave them to the same API.
func TestNamesAreThoseOfGeneratedClients(t *testing.T) {
	text, err := os.ReadFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	var ids, tags []string
	for _, item := range spec.Paths.Map() {
		for _, operation := range item.Operations() {
			ids = append(ids, operation.OperationID)
			tags = append(tags, operation.Tags...)
		}
	}
	slices.Sort(tags)
	crud := func(name string, rest ...string) (list []string) {
		for _, verb := range append([]string{"list", "create", "retrieve", "update", "partial_update", "destroy"}, rest...) {
			list = append(list, name+"_"+verb)
		}
		return list
	}
	for _, want := range slices.Concat(
		crud("categories", "products_retrieve", "tree_retrieve"), crud("groups"), crud("tags"),
		crud("products", "archive_create", "publish_create", "restock_create", "reviews_retrieve", "reviews_create", "bulk_create", "low_stock_retrieve"),
		crud("reviews", "mine_retrieve"), crud("users", "me_retrieve", "me_partial_update", "set_password_create"),
		[]string{
			"orders_list", "orders_create", "orders_retrieve", "orders_partial_update", "orders_cancel_create", "orders_items_retrieve",
			"orders_pay_create", "orders_ship_create", "orders_stats_retrieve", "permissions_list", "permissions_retrieve",
			"token_create", "token_refresh_create", "token_verify_create", "token_blacklist_create",
		},
	) {
		if !slices.Contains(ids, want) {
			t.Errorf("no operation is called %s", want)
		}
	}
	for _, want := range []string{
		"Address", "AddressRequest", "Category", "CategoryBrief", "CategoryRequest", "Group", "GroupRequest", "Order", "OrderItem",
		"OrderItemRequest", "OrderRequest", "OrderUpdate", "PaginatedCategoryList", "PaginatedGroupList", "PaginatedOrderList",
		"PaginatedPermissionList", "PaginatedProductList", "PaginatedReviewList", "PaginatedUserList", "PatchedCategoryRequest",
		"PatchedGroupRequest", "PatchedOrderUpdateRequest", "PatchedProductRequest", "PatchedReviewRequest", "PatchedTagRequest",
		"PatchedUserRequest", "Permission", "Product", "ProductRequest", "ProductReview", "ProductReviewRequest", "ProductStatusEnum",
		"Review", "ReviewRequest", "SetPasswordRequest", "StatusD0bEnum", "Tag", "TagRequest", "TokenBlacklistRequest",
		"TokenObtainPair", "TokenObtainPairRequest", "TokenRefresh", "TokenRefreshRequest", "TokenVerifyRequest", "User", "UserRequest",
	} {
		if spec.Components.Schemas[want] == nil {
			t.Errorf("no component is called %s", want)
		}
	}
	want := []string{"categories", "groups", "orders", "permissions", "products", "reviews", "tags", "token", "users"}
	if got := slices.Compact(tags); !slices.Equal(got, want) {
		t.Errorf("the tags are %v", got)
	}
}

// fetch reads a page of the test server.
func fetch(t *testing.T, url string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "testserver"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return body
}

// witness stands before a server and checks what it answers.
type witness struct {
	handler http.Handler
	places  []place

	mu       sync.Mutex
	checked  int
	statuses map[int]int
	wrong    map[string]int // findings with their number
}

func newWitness(t *testing.T, handler http.Handler, document []byte) *witness {
	t.Helper()
	w := &witness{statuses: map[int]int{}, wrong: map[string]int{}, handler: handler}
	if err := w.read(t.Context(), document); err != nil {
		t.Fatal(err)
	}
	return w
}

// passingOn hands requests to the server at an address as they came.
func passingOn(t *testing.T, address string) http.Handler {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host, r.Out.Header["X-Forwarded-For"] = r.In.Host, r.In.Header["X-Forwarded-For"]
	}}
}

// place is an address of the document.
type place struct {
	pattern *regexp.Regexp
	path    string
	item    *openapi3.PathItem
	spec    *openapi3.T
}

// read takes the addresses of the document, which must be valid by itself.
func (w *witness) read(ctx context.Context, text []byte) error {
	spec, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return err
	}
	if err := spec.Validate(ctx); err != nil {
		return fmt.Errorf("the document is not valid: %w", err)
	}
	variable := regexp.MustCompile(`\\\{\w+\\\}`)
	for _, path := range spec.Paths.InMatchingOrder() {
		expr := variable.ReplaceAllString(regexp.QuoteMeta(path), `[^/]+`)
		w.places = append(w.places, place{regexp.MustCompile("^" + expr + "$"), path, spec.Paths.Value(path), spec})
	}
	return nil
}

// ServeHTTP answers as the server does.
func (w *witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(out, err.Error(), http.StatusBadRequest)
		return
	}
	asked := r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	maps.Copy(out.Header(), answer.Header())
	out.WriteHeader(answer.Code)
	_, _ = out.Write(answer.Body.Bytes())
	w.check(asked, answer)
}

// anyNull is what the validator says of null where any JSON value may stand: it takes that for a schema of OpenAPI 3.0.
const anyNull = "Value is not nullable\nSchema:\n  {\n    \"description\": \"Any JSON value.\"\n  }"

func (w *witness) check(r *http.Request, answer *httptest.ResponseRecorder) {
	at, operation := w.find(r)
	if operation == nil {
		return
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: at.spec, Path: at.path, PathItem: at.item, Method: r.Method, Operation: operation},
		},
		Status: answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	err := openapi3filter.ValidateResponse(r.Context(), input)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checked++
	w.statuses[answer.Code]++
	if err != nil && !strings.Contains(err.Error(), anyNull) {
		w.wrong[fmt.Sprintf("%s %s (%s) answered %d %.300s\n%.600v", r.Method, at.path, r.URL, answer.Code, answer.Body, err)]++
	}
}

// find is the operation that a request is for; nil where the document knows none.
func (w *witness) find(r *http.Request) (place, *openapi3.Operation) {
	if strings.HasPrefix(r.URL.Path, "/kitchen/parse/") {
		return place{}, nil // a handler that reads what it likes
	}
	for _, p := range w.places {
		if p.pattern.MatchString(r.URL.Path) {
			return p, p.item.GetOperation(r.Method)
		}
	}
	return place{}, nil
}

func (w *witness) report(t *testing.T) {
	t.Helper()
	for i, finding := range slices.Sorted(maps.Keys(w.wrong)) {
		if i == 30 {
			t.Errorf("and %d more", len(w.wrong)-i)
			return
		}
		t.Errorf("%d times: %s", w.wrong[finding], finding)
	}
}
