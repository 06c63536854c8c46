package rest

import "gorm.io/gorm"

// ViewSet is a resource: a model, its serializer and the rules of who may do what (rest_framework.viewsets.ModelViewSet).
// It is a declaration: fill it, register it, and do not change it afterwards. Zero values mean the defaults of Config.
type ViewSet[M any] struct {
	// Serializer gives the JSON form in every action that Serializers does not name.
	Serializer Serializable[M]
	// Serializers names the serializer of single actions: "update", "partial_update", "publish".
	Serializers map[string]Serializable[M]
	// SerializerFor chooses by request among Serializer and Alternates; nil means the static choice above. It may return
	// nothing that is not declared, so that the OpenAPI document knows all forms.
	SerializerFor func(r *Request) Serializable[M]
	// Alternates are the serializers that SerializerFor may return besides.
	Alternates []Serializable[M]

	// Only names the actions the resource has ("list", "create", "retrieve", "update", "partial_update", "destroy");
	// nil means all, ReadOnly is list and retrieve.
	Only []string
	// Methods limits the HTTP methods (http_method_names), in upper case; nil means all.
	Methods []string

	// QuerySet narrows what exists for this request (get_queryset). Conditions must name the table where a column could
	// also be in a joined one. Nil means all rows.
	QuerySet func(r *Request, q *gorm.DB) *gorm.DB
	// Order is the order of lists without ?ordering=; nil means the model's.
	Order []string
	// Lookup is the model field that addresses an object, default "pk"; LookupParam its name in addresses, default Lookup;
	// LookupRegex what it may look like, default [^/.]+.
	Lookup, LookupParam, LookupRegex string

	// Of this and the following lists nil means Config's; an empty, non-nil slice means none.
	Authenticators []Authenticator
	Permissions    []Permission // an empty, non-nil slice means open to all
	// ActionPermissions replaces Permissions for single actions (get_permissions by action). Methods that an address does
	// not have, and OPTIONS, are no action: for them Permissions hold, or those of Action.Permissions.
	ActionPermissions map[string][]Permission
	Throttles         []Throttle
	ThrottleScope     string     // for ScopedThrottle; empty means that it does not limit the resource
	Pagination        Pagination // NoPagination for none
	Renderers         []Renderer
	Parsers           []Parser
	Versioning        Versioning

	FilterBackends []FilterBackend
	Filters        Filters
	Search         []string // fields of ?search=, with DRF's prefixes ^ = @ $
	// SearchParam is the parameter of the search, default Config.SearchParam. SearchFor chooses for a request which of Search
	// are searched (get_search_fields); nil, or a nil answer, means all.
	SearchParam string
	SearchFor   func(r *Request) []string
	Ordering    []string // fields of ?ordering=; nil means the serializer's readable fields, AllFields every model field

	// PerformCreate, PerformUpdate and PerformDestroy run inside the request's transaction; nil means r.Save(m), r.Delete(m).
	PerformCreate  func(r *Request, m *M) error
	PerformUpdate  func(r *Request, m *M) error
	PerformDestroy func(r *Request, m *M) error

	// NonAtomicRequests takes the transaction off the requests of unsafe methods, so that what Handlers and hooks outside of
	// PerformCreate and its like write stays whatever comes after (non_atomic_requests). Action has its own.
	NonAtomicRequests bool

	// Handlers replaces whole actions by name; the others are the framework's.
	Handlers map[string]func(r *Request) (*Response, error)

	Actions []Action[M]

	// Fails documents further statuses that standard actions answer, by action; for actions see Handler.Fails.
	Fails map[string][]int

	// Name is the resource's name for people, default the name of the model's type in words: "Order Item" gives "Order Item
	// List" and "Order Item Instance" (the class name in DRF). Doc describes it.
	Name string
	Doc  string
	// BulkCreate makes POST take an array too (get_serializer with many=True when the body is a list).
	BulkCreate bool
	// CreateMany makes POST take an array and nothing else, all or none; nil means that BulkCreate decides.
	CreateMany *Many
	// Errors, when not nil, may turn an error into another one before it is answered (EXCEPTION_HANDLER).
	Errors func(r *Request, err error) error
}

// Many are the limits of an array of objects (the arguments of a ListSerializer). The zero value has none.
type Many struct {
	NoEmpty  bool // an empty array is refused
	Min, Max int  // 0 means none
}

func (m Many) rules() listRules {
	rules := listRules{allowEmpty: !m.NoEmpty, minLength: -1, maxLength: -1}
	if m.Min > 0 {
		rules.minLength = m.Min
	}
	if m.Max > 0 {
		rules.maxLength = m.Max
	}
	return rules
}

// ReadOnly is the list of actions of a resource that is only read (ReadOnlyModelViewSet).
var ReadOnly = []string{"list", "retrieve"}

// AllFields in ViewSet.Ordering allows every field of the model ("__all__").
var AllFields = []string{"__all__"}

// viewSetOptions are the fields of a ViewSet that do not depend on its model's type.
type viewSetOptions struct {
	only, methods                    []string
	querySet                         func(r *Request, q *gorm.DB) *gorm.DB
	order                            []string
	lookup, lookupParam, lookupRegex string
	authenticators                   []Authenticator
	permissions                      []Permission
	actionPermissions                map[string][]Permission
	throttles                        []Throttle
	throttleScope                    string
	pagination                       Pagination
	renderers                        []Renderer
	parsers                          []Parser
	versioning                       Versioning
	backends                         []FilterBackend
	filters                          Filters
	search, ordering                 []string
	handlers                         map[string]func(r *Request) (*Response, error)
	name, doc                        string
	searchParam                      string
	searchFor                        func(r *Request) []string
	bulkCreate                       bool
	createMany                       *Many
	nonAtomic                        bool
	fails                            map[string][]int
	errors                           func(r *Request, err error) error
}

func (vs *ViewSet[M]) options() *viewSetOptions {
	return &viewSetOptions{
		only: vs.Only, methods: vs.Methods, querySet: vs.QuerySet, order: vs.Order, lookup: vs.Lookup,
		lookupParam: vs.LookupParam, lookupRegex: vs.LookupRegex, authenticators: vs.Authenticators,
		permissions: vs.Permissions, actionPermissions: vs.ActionPermissions, throttles: vs.Throttles,
		throttleScope: vs.ThrottleScope, pagination: vs.Pagination, renderers: vs.Renderers, parsers: vs.Parsers,
		versioning: vs.Versioning, backends: vs.FilterBackends, filters: vs.Filters, search: vs.Search,
		ordering: vs.Ordering, handlers: vs.Handlers, name: vs.Name, doc: vs.Doc, bulkCreate: vs.BulkCreate, fails: vs.Fails,
		errors: vs.Errors, searchParam: vs.SearchParam, searchFor: vs.SearchFor, createMany: vs.CreateMany,
		nonAtomic: vs.NonAtomicRequests,
	}
}
