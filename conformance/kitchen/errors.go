package kitchen

import (
	"errors"
	"net/http"
	"time"

	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/rest"
)

// failures are the errors of err/{kind}/ by kind.
var failures = map[string]error{
	"validation-string": rest.Invalid("A message."),
	"validation-list":   rest.Invalid("One.", "Two."),
	"validation-tuple":  rest.Invalid("One.", "Two."),
	"validation-dict":   rest.InvalidDetail(rest.ErrorFields("field", message("A message."))),
	"validation-dict-list": rest.InvalidDetail(object(
		"field", rest.List{message("One."), message("Two.")}, "other", rest.List{message("Three.")})),
	"validation-nested": rest.InvalidDetail(object(
		"a", object("b", rest.List{message("Deep.")}),
		"c", rest.List{object(), object("d", rest.List{message("Item.")})})),
	"validation-values": rest.InvalidDetail(object(
		"n", message("1"), "f", message("1.5"), "b", message("True"), "none", message("None"))),
	"validation-default":               rest.Invalid(),
	"validation-code":                  rest.InvalidCode("special", "Coded."),
	"parse":                            rest.ErrParse,
	"parse-detail":                     rest.ParseFailed("Could not read that."),
	"authentication-failed":            rest.ErrAuthFailed,
	"not-authenticated":                rest.ErrNotAuthenticated,
	"permission-denied":                rest.ErrDenied,
	"permission-denied-detail":         rest.Denied("Not for you."),
	"not-found":                        rest.ErrNotFound,
	"not-found-detail":                 &rest.Error{Status: http.StatusNotFound, Code: "not_found", Detail: object("what", message("Nothing here."))},
	"http404":                          rest.ErrNotFound,
	"http404-message":                  rest.NotFound("No such thing."),
	"method-not-allowed":               rest.MethodNotAllowed("BREW"),
	"not-acceptable":                   rest.ErrNotAcceptable,
	"unsupported-media-type":           rest.UnsupportedMediaType("text/coffee"),
	"throttled":                        rest.Throttled(-1, ""),
	"throttled-one":                    rest.Throttled(time.Second, ""),
	"throttled-many":                   rest.Throttled(12300*time.Millisecond, ""),
	"throttled-detail":                 rest.Throttled(90*time.Second, "Slow down."),
	"api-exception":                    rest.ErrServer,
	"api-exception-dict":               broken(object("error", message("broken"), "codes", rest.List{message("1"), message("2")})),
	"api-exception-list":               broken(rest.List{message("broken"), message("again")}),
	"teapot":                           rest.NewError(http.StatusTeapot, "teapot", "I am a teapot."),
	"unavailable":                      rest.ErrUnavailable,
	"lazy":                             rest.Invalid("This field is required."),
	"django-permission-denied":         rest.ErrDenied,
	"django-permission-denied-message": rest.Denied("Django says no."),
	"django-validation":                errors.New("a Django error"),
	"crash":                            errors.New("boom"),
	"zero-division":                    errors.New("division by zero"),
}

// badRequest is the page that stands for what is wrong with a request as such.
const badRequest = `
<!doctype html>
<html lang="en">
<head>
  <title>Bad Request (400)</title>
</head>
<body>
  <h1>Bad Request (400)</h1><p></p>
</body>
</html>
`

// refuse answers badRequest by the HTTP layer alone, for which a web token has made it needless to look for a session.
func refuse(r *rest.Request) error {
	if _, byToken := r.Authenticator().(jwtauth.Authenticator); !byToken {
		r.Echo().Response().Header().Set("Vary", "Cookie")
	}
	return r.Echo().Blob(http.StatusBadRequest, "text/html; charset=utf-8", []byte(badRequest))
}

func message(text string) rest.Message { return rest.Message{Text: text} }

// object is an object of details: names and details in turn.
func object(pairs ...any) *rest.Fields {
	f := &rest.Fields{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i].(string), pairs[i+1].(rest.Detail))
	}
	return f
}

func broken(d rest.Detail) error {
	return &rest.Error{Status: http.StatusInternalServerError, Code: "error", Detail: d}
}

// errors serves err/{kind}/, which fails as its kind says.
func (k *Kitchen) errors(g *rest.Group) {
	fail := func(r *rest.Request) (*rest.Response, error) {
		if kind := r.Param("kind"); failures[kind] != nil {
			return nil, failures[kind]
		}
		if r.Param("kind") == "suspicious" {
			return nil, refuse(r)
		}
		return nil, rest.ErrNotFound
	}
	g.Handle("err/{kind}/", view("Error", "", fail, http.MethodGet, http.MethodPost), "")
}
