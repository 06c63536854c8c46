package rest

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/form"
)

// Request is what handlers and hooks get: the HTTP request, who sent it, what was asked and the database to work on
// (rest_framework.request.Request). It belongs to one request and is not safe for concurrent use.
type Request struct {
	echo      echo.Context
	http      *http.Request
	api       *API
	view      *view
	operation *operation

	query *form.MultiDict

	authenticated bool // the authenticators have been asked
	authenticator Authenticator
	user          *identity.User
	auth          any
	held          held

	parsed    bool
	data      any
	parseErr  error
	format    string // ?format= or suffix
	renderer  Renderer
	mediaType string // the accepted media type with its parameters
	version   string
	scheme    Versioning

	tx       *gorm.DB
	primary  bool     // no replica is to be asked
	uploads  []string // files stored for rows that are not committed yet
	updating any      // the object that input is being validated for
	tracked  map[any]*tracking
	queued   bool // some of them wait, see QueueSave
	varyBy   []string
	vary     [2]string // room for what varyBy usually holds
	length   [1]string // Content-Length of the answer
	values   map[any]any
	deferred []func()
	text     *[]byte // see buffer
}

// Context is the request's context: it ends when the client hangs up or the time limit of the request is over.
func (r *Request) Context() context.Context { return r.http.Context() }

// HTTP is the standard library's request. Its body belongs to the parsers: use Data.
func (r *Request) HTTP() *http.Request { return r.http }

// Echo is the raw context of the HTTP layer, for what the framework does not cover.
func (r *Request) Echo() echo.Context { return r.echo }

// Method is the HTTP method in upper case.
func (r *Request) Method() string { return r.http.Method }

// Action is the name of the viewset's action ("list", "partial_update", "publish"), empty in OPTIONS and plain views.
func (r *Request) Action() string {
	if r.operation == nil {
		return ""
	}
	return r.operation.action
}

// Param is the value of a variable part of the address, unescaped; empty when there is none of that name.
func (r *Request) Param(name string) string {
	if v, ok := r.param(name); ok {
		return v
	}
	return ""
}

// Query is the last value of a query parameter, empty when it is not given; see QueryHas.
func (r *Request) Query(name string) string {
	return r.query.Text(name)
}

// QueryHas tells whether the query parameter was given at all.
func (r *Request) QueryHas(name string) bool { return r.query.Has(name) }

// QueryList is every value of a repeated query parameter in order.
func (r *Request) QueryList(name string) []string {
	list := r.query.List(name)
	out := make([]string, len(list))
	for i, v := range list {
		out[i], _ = v.(string)
	}
	return out
}

// QueryNames are the names of all query parameters in the order in which they were first given.
func (r *Request) QueryNames() []string { return r.query.Keys() }

// Format is the format asked by the suffix of the address or by ?format=, empty for none.
func (r *Request) Format() string { return r.format }

// Version is the version of the API asked for, empty when the view has no versioning scheme.
func (r *Request) Version() string { return r.version }

// User is who sent the request: never nil, with ID 0 when nobody is logged in. Where the store of accounts remembers them
// (identity.Store.CacheFor) it is an account as of a moment ago, and always the request's own copy.
func (r *Request) User() *identity.User {
	if r.user == nil {
		r.user = &identity.User{}
	}
	return r.user
}

// Auth is the credential that authenticated the request (request.auth): an *identity.Token, a *jwtauth.Token or what
// another Authenticator returned; nil for sessions, passwords and nobody.
func (r *Request) Auth() any { return r.auth }

// Authenticator is the one that accepted the request, nil for nobody.
func (r *Request) Authenticator() Authenticator { return r.authenticator }

// upToDate loads the user of the request again when that may be an account as of a moment ago: what is answered is what is
// stored, and a change is one of that.
func (r *Request) upToDate(object any) error {
	user, ok := object.(*identity.User)
	if !ok || user != r.user || !r.api.config.Users.Cached() {
		return nil
	}
	stored, err := r.Users().ByID(r.Context(), user.ID)
	if errors.Is(err, identity.ErrNoUser) {
		return ErrNotFound
	}
	if err == nil {
		*user = *stored
	}
	return err
}

// DB is a GORM session on the request's context, inside the request's transaction when there is one.
func (r *Request) DB() *gorm.DB {
	if r.tx != nil {
		return r.tx
	}
	return r.api.config.DB.Gorm.WithContext(r.Context())
}

// Registry holds the models that the application declared.
func (r *Request) Registry() *orm.Registry { return r.api.config.Registry }

// Users is the store of accounts, inside the request's transaction when there is one.
func (r *Request) Users() *identity.Store {
	if r.tx != nil {
		return r.api.config.Users.With(r.tx)
	}
	return r.api.config.Users
}

// Vary adds names to the Vary header of the answer, each once.
func (r *Request) Vary(names ...string) {
	for _, n := range names {
		if n == "" || containsFold(r.varyBy, n) {
			continue
		}
		if r.varyBy == nil {
			r.varyBy = r.vary[:0]
		}
		r.varyBy = append(r.varyBy, n)
	}
}

// AbsoluteURI makes an address of a path (and query) with the scheme and host of this request (build_absolute_uri).
func (r *Request) AbsoluteURI(path string) string {
	return r.echo.Scheme() + "://" + r.http.Host + path
}

// Value returns what SetValue kept under key for this request, or nil.
func (r *Request) Value(key any) any { return r.values[key] }

// SetValue keeps a value for the time of the request; key follows the rules of context.WithValue.
func (r *Request) SetValue(key, value any) {
	if r.values == nil {
		r.values = make(map[any]any)
	}
	r.values[key] = value
}

// ParseInteger reads a query parameter as Python's int() does; ok is false for what is no integer. Of one that takes more
// than 64 bits n is the nearest number that fits, so that comparing a column with n gives what the number would give.
func ParseInteger(text string) (n int64, ok bool) {
	big, ok := pythonInt(text)
	if !ok {
		return 0, false
	}
	n, fits := big.Int64()
	switch {
	case fits:
		return n, true
	case big.Sign() < 0:
		return math.MinInt64, true
	}
	return math.MaxInt64, true
}
