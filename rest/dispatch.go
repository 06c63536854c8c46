package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/orm"
)

// serve is the way of every request to a view: checks, handler, answer. It is the handler of the view's Echo route.
func (v *view) serve(c echo.Context) error {
	r := v.newRequest(c)
	defer r.end()
	resp, err := r.run()
	if err != nil {
		resp = r.answerError(err)
	}
	r.answer(resp)
	return nil
}

// newRequest wraps an HTTP request: the method in upper case, the context limited in time.
func (v *view) newRequest(c echo.Context) *Request {
	r := &Request{echo: c, http: c.Request(), api: v.api, view: v}
	if limit := v.api.config.RequestTime; limit > 0 {
		limited, cancel := context.WithTimeout(r.Context(), limit)
		r.deferred = append(r.deferred, cancel)
		r.setHTTP(r.http.WithContext(limited))
	}
	if method := strings.ToUpper(r.http.Method); method != r.http.Method {
		r.setHTTP(r.http.WithContext(r.Context()))
		r.http.Method = method
	}
	r.operation = v.operationFor(r.http.Method)
	return r
}

// setHTTP lets a changed copy of the HTTP request stand for it everywhere.
func (r *Request) setHTTP(changed *http.Request) {
	r.http = changed
	r.echo.SetRequest(changed)
}

// operationFor is the operation that answers a method, nil for none; HEAD is answered by GET where the view has it.
func (v *view) operationFor(method string) *operation {
	if op := v.operations[method]; op != nil || method != http.MethodHead || !v.allows(method) {
		return op
	}
	return v.operations[http.MethodGet]
}

// allows tells whether a method is among those of the view.
func (v *view) allows(method string) bool { return slices.Contains(v.methods, method) }

// end runs what was put off to the end of the request, the latest first.
func (r *Request) end() {
	for _, f := range slices.Backward(r.deferred) {
		f()
	}
	r.deferred = nil
	r.releaseBuffer()
}

// panicked is a panic of a handler, as an error.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// rescue turns a panic into an error; http.ErrAbortHandler goes on to the server.
func rescue(err *error) {
	p := recover()
	if p == nil {
		return
	}
	if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	*err = &panicked{p, debug.Stack()}
}

// run checks the request and lets the handler answer it.
func (r *Request) run() (resp *Response, err error) {
	defer rescue(&err)
	if sessions := r.api.sessions; sessions != nil {
		if err := sessions.mendCookies(r); err != nil {
			return nil, err
		}
	}
	if err := r.initial(); err != nil {
		return nil, err
	}
	switch {
	case r.operation != nil:
		resp, err = r.handle(r.operation)
	case r.Method() == http.MethodOptions && r.view.allows(http.MethodOptions):
		resp, err = r.view.options(r)
	default:
		err = MethodNotAllowed(r.Method())
	}
	if resp == nil && err == nil && !r.echo.Response().Committed {
		err = fmt.Errorf("rest: the handler of %s %s returned neither an answer nor an error", r.Method(), r.view.route)
	}
	return resp, err
}

// initial makes the checks that come before every handler, in DRF's order (APIView.initial).
func (r *Request) initial() (err error) {
	if err := r.readQuery(); err != nil {
		return err
	}
	r.format = r.askedFormat()
	if r.renderer, r.mediaType, err = negotiate(r.view.renderers, r.format, r.http.Header.Values("Accept")); err != nil {
		return err
	}
	if r.scheme = r.view.versioning; r.scheme != nil {
		if r.version, err = r.scheme.Determine(r); err != nil {
			return err
		}
	}
	if err := r.authenticate(); err != nil {
		return err
	}
	if err := r.checkPermissions(r.permissions()); err != nil {
		return err
	}
	return r.checkThrottles(r.throttles())
}

// askedFormat is the format of the address's suffix or of ?format=.
func (r *Request) askedFormat() string {
	if suffix, ok := r.param("format"); ok && suffix != "" {
		return suffix
	}
	if name := r.api.config.FormatParam; name != "-" {
		return r.Query(name)
	}
	return ""
}

func (r *Request) authenticators() []Authenticator {
	if r.operation != nil {
		return r.operation.authenticators
	}
	return r.view.authenticators
}

func (r *Request) permissions() []Permission {
	if r.operation != nil {
		return r.operation.permissions
	}
	return r.view.permissions
}

func (r *Request) throttles() []Throttle {
	if r.operation != nil {
		return r.operation.throttles
	}
	return r.view.throttles
}

// authenticate asks the authenticators in order until one knows the user; it does so once a request.
func (r *Request) authenticate() error {
	if r.authenticated {
		return nil
	}
	r.authenticated = true
	for _, a := range r.askers() {
		user, auth, err := a.Authenticate(r)
		if err != nil {
			return err
		}
		if user != nil {
			r.authenticator, r.user, r.auth = a, user, auth
			return nil
		}
	}
	return nil
}

// answer sends resp, or a server error when it cannot be rendered. A nil resp has been answered already.
func (r *Request) answer(resp *Response) {
	if resp == nil {
		return
	}
	if r.renderer == nil {
		r.useRenderer(firstRenderer(r.view.renderers))
	}
	if err := r.tryWrite(resp); err != nil {
		if resp = r.unexpected(err); resp != nil {
			resp.Data = Rendered(ErrServer.body())
			r.useRenderer(JSONRenderer{})
			_ = r.tryWrite(resp)
		}
	}
}

// firstRenderer answers refusals of negotiation: the view's first one, JSON when it has none.
func firstRenderer(renderers []Renderer) Renderer {
	if len(renderers) == 0 {
		return JSONRenderer{}
	}
	return renderers[0]
}

func (r *Request) useRenderer(renderer Renderer) {
	r.renderer, r.mediaType = renderer, renderer.MediaType()
}

func (r *Request) tryWrite(resp *Response) (err error) {
	defer rescue(&err)
	if r.echo.Response().Committed {
		return nil
	}
	return r.write(resp)
}

// answerError is the one place where an error becomes an answer. It returns nil when the answer is written already.
func (r *Request) answerError(err error) *Response {
	resp, failure := r.explain(err)
	if failure != nil {
		return r.unexpected(failure)
	}
	return resp
}

// explain answers an error that has a meaning for the client; failure is any other.
func (r *Request) explain(err error) (resp *Response, failure error) {
	defer rescue(&failure)
	err = r.translate(err)
	var e *Error
	switch {
	case errors.As(err, &e):
	case r.isUnavailable(err):
		e = unavailable(err)
	default:
		return nil, err
	}
	e = r.challenged(e)
	r.logError(e)
	return &Response{Status: e.Status, Data: Rendered(e.body()), Header: e.Header}, nil
}

// translate applies the hook of the view, or else of the Config, and gives errors of other packages their meaning.
func (r *Request) translate(err error) error {
	hook := r.view.errors
	if hook == nil {
		hook = r.api.config.Errors
	}
	if hook != nil {
		if other := hook(r, err); other != nil {
			err = other
		}
	}
	var tooLarge *http.MaxBytesError
	var outside *echo.HTTPError
	var protected *orm.ProtectedError
	switch {
	case errors.As(err, new(*Error)):
		return err
	case errors.As(err, &tooLarge):
		return ErrRequestTooLarge.WithCause(err)
	case errors.As(err, &protected):
		return ErrProtected.WithCause(err)
	case errors.As(err, &outside):
		return NewError(outside.Code, "error", fmt.Sprint(outside.Message)).WithCause(outside.Internal)
	}
	return orm.Translate(err)
}

// isUnavailable tells whether what the request depends on is away or too slow, or the client went away meanwhile.
func (r *Request) isUnavailable(err error) bool {
	return errors.Is(err, orm.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) && r.Context().Err() != nil
}

// retryAfter is when a client may try again after the database was away, in seconds.
const retryAfter = "5"

func unavailable(cause error) *Error {
	e := ErrUnavailable.WithCause(cause)
	e.Header = http.Header{"Retry-After": {retryAfter}}
	return e
}

// challenged gives a 401 the challenge of the first authenticator; without one it becomes 403. A 401 that brings its own
// WWW-Authenticate stays as it is.
func (r *Request) challenged(e *Error) *Error {
	if e.Status != http.StatusUnauthorized || e.Header.Get("WWW-Authenticate") != "" {
		return e
	}
	c := *e
	challenge := ""
	if list := r.authenticators(); len(list) > 0 {
		challenge = list[0].Challenge(r)
	}
	if challenge == "" {
		c.Status = http.StatusForbidden
		return &c
	}
	c.Header = e.Header.Clone()
	if c.Header == nil {
		c.Header = make(http.Header)
	}
	c.Header.Set("WWW-Authenticate", challenge)
	return &c
}

// unexpected answers a failure that has no meaning for the client: it is logged, and the answer tells nothing of it.
func (r *Request) unexpected(err error) *Response {
	r.log(slog.LevelError, "request failed", err)
	if r.echo.Response().Committed {
		return nil
	}
	if write := r.api.config.ServerError; write != nil {
		r.setVary(false)
		write(r.echo.Response(), r.http)
		return nil
	}
	return &Response{Status: http.StatusInternalServerError, Data: Rendered(ErrServer.body())}
}

// logError logs errors whose reason the client does not see.
func (r *Request) logError(e *Error) {
	switch {
	case errors.Is(e.Cause, context.Canceled):
		r.log(slog.LevelDebug, "client went away", e)
	case e.Status >= http.StatusInternalServerError:
		r.log(slog.LevelError, "request failed", e)
	case e.Cause != nil:
		r.log(slog.LevelDebug, "request refused", e)
	}
}

func (r *Request) log(level slog.Level, text string, err error) {
	attrs := []slog.Attr{
		slog.String("method", r.Method()), slog.String("path", r.http.URL.Path), slog.String("error", err.Error()),
	}
	if id := r.echo.Response().Header().Get(echo.HeaderXRequestID); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	var p *panicked
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	r.api.config.Logger.LogAttrs(r.Context(), level, text, attrs...)
}
