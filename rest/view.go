package rest

import "net/http"

// View is a plain endpoint without a model (rest_framework.views.APIView): a handler per method. It is a declaration: fill it,
// register it, and do not change it afterwards. Nil means the default of Config; an empty, non-nil list means none.
type View struct {
	Name string // for OPTIONS: "Get Only"
	Doc  string
	// Methods maps HTTP methods in upper case to handlers. HEAD is answered by GET unless it is named.
	Methods map[string]Endpoint

	Authenticators []Authenticator
	Permissions    []Permission
	Throttles      []Throttle
	ThrottleScope  string // for ScopedThrottle; empty means that it does not limit the view
	Renderers      []Renderer
	Parsers        []Parser
	Versioning     Versioning
	Errors         func(r *Request, err error) error // in place of Config.Errors
	// Function makes the view answer as one made of a function (@api_view): HEAD is answered only when Methods names it, and
	// Allow is in alphabetical order.
	Function bool
	// Undocumented leaves the view out of the OpenAPI document.
	Undocumented bool
}

// Endpoint is one method of a View. Input and Output are serializers made with Serializer or ModelSerializer (or nil);
// they document the operation, and Input is what OPTIONS describes under "actions". OperationID, Tag, Doc and Parameters are
// for the OpenAPI document; empty ones are derived from the address and the View.
type Endpoint struct {
	Handle      func(r *Request) (*Response, error) // required
	Input       AnySerializer
	Output      AnySerializer
	Status      int // of success, for the document; default 200
	OperationID string
	Tag         string
	Doc         string
	Parameters  []Parameter
	Errors      []int // further documented statuses
	// NonAtomicRequests leaves it to Handle to use Request.Atomic; see Action.
	NonAtomicRequests bool
}

// view is a compiled endpoint: everything that a request needs is decided here once.
type view struct {
	api            *API
	name           string // "Product List"
	description    string
	route          string                // Echo path
	routeName      string                // "product-list"
	operations     map[string]*operation // by HTTP method
	methods        []string              // Allow, in DRF's order
	allow          []string              // the one line of the header
	renderers      []Renderer
	parsers        []Parser
	throttleScope  string
	versioning     Versioning
	authenticators []Authenticator
	permissions    []Permission // of requests that no operation answers (405, OPTIONS)
	throttles      []Throttle
	resource       *resource // nil for plain views
	detail         bool
	ownForm        *serializer // of an action that names one: what OPTIONS describes
	undocumented   bool
	isRoot         bool // a router's listing of resources, which model permissions pass over
	errors         func(r *Request, err error) error
}

// operation is one method of a view.
type operation struct {
	action         string
	method         string
	handle         func(r *Request) (*Response, error)
	permissions    []Permission
	asksHeld       bool // some of them ask what the user holds
	authenticators []Authenticator
	throttles      []Throttle
	parsers        []Parser
	atomic         bool // its requests have a transaction
	replicas       bool // which may answer what its requests read
	pagination     Pagination
	backends       []FilterBackend
	input, output  *serializer
	// For the OpenAPI document:
	id, tag, doc string
	status       int
	many         bool   // the answer is a list (paginated when pagination is not nil)
	plain        bool   // the list is an array whatever the pagination
	filtered     bool   // the filters of the resource apply
	bulk         bool   // body and answer are lists
	mayBulk      bool   // they may be lists
	bulkSize     [2]int // of them, at least and at most; 0 for no limit
	parameters   []Parameter
	statuses     []int
}

// methodOrder is the order of Allow (django.views.View.http_method_names without TRACE).
var methodOrder = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions,
}
