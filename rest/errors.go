package rest

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Detail is a node of an error answer: a Message, a List or a *Fields (rest_framework.exceptions._get_error_details).
type Detail interface {
	appendJSON(dst []byte) []byte
}

// Message is one error text with its machine-readable code. Only Text is sent.
type Message struct {
	Text string
	Code string
}

func (m Message) appendJSON(dst []byte) []byte { return pyjson.AppendString(dst, m.Text) }

// List is a JSON array of details; a field's errors are a List of Messages.
type List []Detail

func (l List) appendJSON(dst []byte) []byte {
	dst = append(dst, '[')
	for i, d := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d.appendJSON(dst)
	}
	return append(dst, ']')
}

// Fields is a JSON object of details that keeps the order in which keys were set. The zero value is empty and usable.
type Fields struct {
	keys   []string
	values map[string]Detail
}

// ErrorFields is a *Fields with one name.
func ErrorFields(name string, d Detail) *Fields {
	f := &Fields{}
	f.Set(name, d)
	return f
}

// Set puts d under name; a name that is there keeps its place.
func (f *Fields) Set(name string, d Detail) {
	if f.values == nil {
		f.values = make(map[string]Detail)
	}
	if _, ok := f.values[name]; !ok {
		f.keys = append(f.keys, name)
	}
	f.values[name] = d
}

// Get returns what is under name, or nil.
func (f *Fields) Get(name string) Detail { return f.values[name] }

// Keys returns the names in their order; the slice must not be changed.
func (f *Fields) Keys() []string { return f.keys }

// Len is the number of names.
func (f *Fields) Len() int { return len(f.keys) }

// Add appends messages to the List under name.
func (f *Fields) Add(name string, messages ...Message) {
	list, _ := f.Get(name).(List)
	for _, m := range messages {
		list = append(list, m)
	}
	f.Set(name, list)
}

func (f *Fields) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for i, k := range f.keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = pyjson.AppendString(dst, k)
		dst = append(dst, ':')
		dst = f.values[k].appendJSON(dst)
	}
	return append(dst, '}')
}

// Error is the one error type of the framework: what the client sees and what only the log sees.
// Every other error that a handler returns becomes a 500 (or a 503 for orm.ErrUnavailable) whose cause is logged.
type Error struct {
	Status int
	Code   string      // machine-readable: "not_found"
	Detail Detail      // a Message is sent as {"detail": …}; a List or *Fields as it is
	Header http.Header // further headers of the answer; nil for none
	Cause  error       // logged, never sent
}

// Error gives the status, the code and the cause, for logs.
func (e *Error) Error() string {
	text := fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Detail.appendJSON(nil))
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, ErrNotFound) true for every error of the same status and code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Status == e.Status && t.Code == e.Code
}

// WithCause returns a copy of e that carries a private cause for the log.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// NewError is rest_framework.exceptions.APIException: any status, code and message.
func NewError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Detail: Message{message, code}}
}

// The errors of rest_framework.exceptions with their default messages. They are values to return or to wrap, never to change.
var (
	ErrParse                  = NewError(http.StatusBadRequest, "parse_error", "Malformed request.")
	ErrAuthFailed             = NewError(http.StatusUnauthorized, "authentication_failed", "Incorrect authentication credentials.")
	ErrNotAuthenticated       = NewError(http.StatusUnauthorized, "not_authenticated", "Authentication credentials were not provided.")
	ErrDenied                 = NewError(http.StatusForbidden, "permission_denied", "You do not have permission to perform this action.")
	ErrNotFound               = NewError(http.StatusNotFound, "not_found", "Not found.")
	ErrNotAcceptable          = NewError(http.StatusNotAcceptable, "not_acceptable", "Could not satisfy the request Accept header.")
	ErrUnavailable            = NewError(http.StatusServiceUnavailable, "service_unavailable", "Service temporarily unavailable, try again later.")
	ErrServer                 = NewError(http.StatusInternalServerError, "error", "A server error occurred.")
	ErrRequestTooLarge        = NewError(http.StatusRequestEntityTooLarge, "request_too_large", "The request body is too large.")
	ErrNoRoom                 = NewError(http.StatusInsufficientStorage, "insufficient_storage", "The file could not be stored.")
	ErrProtected              = NewError(http.StatusConflict, "protected", "This object cannot be deleted because other objects refer to it.")
	errInvalidDefault         = "Invalid input."
	errThrottledDetail        = "Request was throttled."
	nonFieldErrors            = "non_field_errors"
	_                   error = ErrParse
)

// AuthFailed is AuthenticationFailed(message): 401 with the view's challenge, 403 when it has none.
func AuthFailed(message string) *Error {
	return NewError(http.StatusUnauthorized, ErrAuthFailed.Code, message)
}

// Denied is PermissionDenied(message).
func Denied(message string) *Error { return NewError(http.StatusForbidden, ErrDenied.Code, message) }

// NotFound is NotFound(message).
func NotFound(message string) *Error { return NewError(http.StatusNotFound, ErrNotFound.Code, message) }

// Conflict is a 409 with the message as detail.
func Conflict(message string) *Error { return NewError(http.StatusConflict, "conflict", message) }

// ParseFailed is ParseError(message): a body that could not be read.
func ParseFailed(message string) *Error {
	return NewError(http.StatusBadRequest, ErrParse.Code, message)
}

// MethodNotAllowed is the 405 for a method that the view has no handler for.
func MethodNotAllowed(method string) *Error {
	return NewError(http.StatusMethodNotAllowed, "method_not_allowed", fmt.Sprintf("Method \"%s\" not allowed.", method))
}

// UnsupportedMediaType is the 415 for a body of a type no parser of the view takes.
func UnsupportedMediaType(mediaType string) *Error {
	return NewError(http.StatusUnsupportedMediaType, "unsupported_media_type",
		fmt.Sprintf("Unsupported media type \"%s\" in request.", mediaType))
}

// Throttled is the 429 of a throttle that asks for a wait; wait < 0 means that no wait is known. The message is
// extended by the wait in whole seconds, rounded up, which is also the Retry-After header.
func Throttled(wait time.Duration, message string) *Error {
	if message == "" {
		message = errThrottledDetail
	}
	e := NewError(http.StatusTooManyRequests, "throttled", message)
	if wait < 0 {
		return e
	}
	seconds := int64(math.Ceil(wait.Seconds()))
	unit := "seconds"
	if seconds == 1 {
		unit = "second"
	}
	e.Detail = Message{fmt.Sprintf("%s Expected available in %d %s.", message, seconds, unit), "throttled"}
	e.Header = http.Header{"Retry-After": {strconv.FormatInt(seconds, 10)}}
	return e
}

// InvalidDetail is a ValidationError (400) with a ready detail; a Message alone is sent as a list of one.
func InvalidDetail(d Detail) *Error {
	if m, ok := d.(Message); ok {
		d = List{m}
	}
	return &Error{Status: http.StatusBadRequest, Code: "invalid", Detail: d}
}

// Invalid is ValidationError(messages): returned from a field's check it stands under that field, from Validate under
// non_field_errors, from anywhere else it is sent as a list.
func Invalid(messages ...string) *Error { return InvalidDetail(messageList("invalid", messages)) }

// InvalidCode is Invalid with one message and its own code.
func InvalidCode(code, message string) *Error { return InvalidDetail(List{Message{message, code}}) }

// InvalidField is ValidationError({field: messages}).
func InvalidField(field string, messages ...string) *Error {
	f := &Fields{}
	f.Set(field, messageList("invalid", messages))
	return InvalidDetail(f)
}

func messageList(code string, texts []string) List {
	if len(texts) == 0 {
		texts = []string{errInvalidDefault}
	}
	list := make(List, len(texts))
	for i, t := range texts {
		list[i] = Message{t, code}
	}
	return list
}

// body is the JSON that the client gets for e.
func (e *Error) body() []byte {
	if m, ok := e.Detail.(Message); ok {
		dst := append([]byte(nil), `{"detail":`...)
		return append(m.appendJSON(dst), '}')
	}
	return e.Detail.appendJSON(nil)
}

// isInvalid tells whether err is a validation error and returns it.
func isInvalid(err error) (*Error, bool) {
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest && e.Code == "invalid" {
		return e, true
	}
	return nil, false
}
