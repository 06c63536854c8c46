package kitchen

import (
	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/rest"
)

// Kitchen is what its resources share.
type Kitchen struct {
	// Tokens signs and checks the web tokens of the application.
	Tokens *jwtauth.Service
	// Browser takes the users of browser sessions.
	Browser *rest.SessionAuthentication
}

// New makes the kitchen of an application that is open.
func New(app *quintet.App) (*Kitchen, error) {
	config := app.Config()
	tokens, err := jwtauth.New(jwtauth.Config{SigningKey: string(config.SecretKey), Now: app.Now}, app.DB().Gorm, app.Users())
	if err != nil {
		return nil, err
	}
	return &Kitchen{Tokens: tokens, Browser: app.SessionAuthentication()}, nil
}

// Rates are the kitchen's throttle rates by scope, for rest.Config.ThrottleRates.
func Rates() map[string]string {
	return map[string]string{
		"kitchen_anon": "3/min", "kitchen_user": "4/min", "scope_a": "2/min", "scope_b": "3/hour", "burst": "2/min", "sustained": "5/day",
	}
}

// open lets everybody in.
var open = []rest.Permission{rest.AllowAny}

// unhandled takes errors as they are, in the place of what the application makes of them.
func unhandled(_ *rest.Request, err error) error { return err }

// viewset fills in what all resources of the kitchen have: open to all, no pages, no filters, the framework's errors.
func viewset[M any](vs rest.ViewSet[M]) *rest.ViewSet[M] {
	if vs.Permissions == nil {
		vs.Permissions = open
	}
	if vs.Pagination == nil {
		vs.Pagination = rest.NoPagination
	}
	if vs.FilterBackends == nil {
		vs.FilterBackends = []rest.FilterBackend{}
	}
	if vs.Errors == nil {
		vs.Errors = unhandled
	}
	return &vs
}

// handler answers one method of a view.
type handler = func(r *rest.Request) (*rest.Response, error)

// view is a view that is open to all and takes the framework's errors, with one handler for methods.
func view(name, doc string, handle handler, methods ...string) *rest.View {
	v := &rest.View{Name: name, Doc: doc, Permissions: open, Errors: unhandled, Methods: map[string]rest.Endpoint{}}
	for _, m := range methods {
		v.Methods[m] = rest.Endpoint{Handle: handle}
	}
	return v
}

// with adds a method to a view.
func with(v *rest.View, method string, handle handler) *rest.View {
	v.Methods[method] = rest.Endpoint{Handle: handle}
	return v
}

// answer is a handler that always answers the same.
func answer(status int, data any) handler {
	return func(*rest.Request) (*rest.Response, error) { return &rest.Response{Status: status, Data: data}, nil }
}

// missing answers for a form that is not there: its body is read before it is looked for.
func missing(r *rest.Request) (*rest.Response, error) {
	if _, err := r.Data(); err != nil {
		return nil, err
	}
	return nil, rest.ErrNotFound
}

// username is the name of who asks, nil for nobody.
func username(r *rest.Request) any {
	if name := r.User().Username; name != "" {
		return name
	}
	return nil
}

// text is a text for JSON, null when it is empty.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
