package jwtauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest"
)

// Authenticator takes an access token from the Authorization header: "Bearer eyJ…". Tokens is required. Request.Auth is
// the *Token.
type Authenticator struct{ Tokens *Service }

// Authenticate implements rest.Authenticator.
func (a Authenticator) Authenticate(r *rest.Request) (*identity.User, any, error) {
	raw, err := a.header(r.HTTP())
	if raw == "" || err != nil {
		return nil, nil, err
	}
	user, token, err := a.Tokens.authenticate(r.Context(), a.accounts(r), raw)
	if err != nil {
		return nil, nil, a.refusal(err)
	}
	return user, token, nil
}

// accounts are the users of the Tokens, by way of the request where it knows the same ones.
func (a Authenticator) accounts(r *rest.Request) accounts {
	if r.Users() == a.Tokens.users {
		return r
	}
	return a.Tokens.users
}

// Challenge implements rest.Authenticator.
func (a Authenticator) Challenge(*rest.Request) string { return a.Tokens.challenge() }

// SecurityScheme describes the header for the OpenAPI document.
func (a Authenticator) SecurityScheme() (name string, scheme map[string]any) {
	return "jwtAuth", map[string]any{"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
}

// header finds the token in the Authorization header, "" when there is none of the kind.
func (a Authenticator) header(r *http.Request) (string, error) {
	kind, line := cutWord(strings.Join(r.Header.Values("Authorization"), ","))
	if kind == "" || !slices.Contains(a.Tokens.config.HeaderTypes, kind) {
		return "", nil
	}
	raw, line := cutWord(line)
	if further, _ := cutWord(line); raw == "" || further != "" {
		return "", answer(&Error{"Authorization header must contain two space-delimited values", "bad_authorization_header"})
	}
	return raw, nil
}

// cutWord takes the first word off a line; the word is empty when there is none.
func cutWord(line string) (word, rest string) {
	line = strings.TrimLeftFunc(line, isSpace)
	if end := strings.IndexFunc(line, isSpace); end >= 0 {
		return line[:end], line[end:]
	}
	return line, ""
}

func isSpace(c rune) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// refusal answers a token that was not taken: what is wrong with the token itself is listed by kind of token.
func (a Authenticator) refusal(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Code != codeNotValid || e == ErrNoUserClaim {
		return answer(e)
	}
	message := &rest.Fields{}
	message.Set("token_class", rest.Message{Text: "AccessToken"})
	message.Set("token_type", rest.Message{Text: string(Access)})
	message.Set("message", rest.Message{Text: e.Message, Code: e.Code})
	detail := fields(&Error{"Given token not valid for any token type", codeNotValid})
	detail.Set("messages", rest.List{message})
	return &rest.Error{Status: http.StatusUnauthorized, Code: e.Code, Detail: detail, Cause: err}
}

// answer is the 401 for an Error: {"detail": …, "code": …}.
func answer(e *Error) *rest.Error {
	return &rest.Error{Status: http.StatusUnauthorized, Code: e.Code, Detail: fields(e), Cause: e}
}

func fields(e *Error) *rest.Fields {
	f := &rest.Fields{}
	f.Set("detail", rest.Message{Text: e.Message, Code: e.Code})
	f.Set("code", rest.Message{Text: e.Code, Code: e.Code})
	return f
}

func (s *Service) challenge() string { return s.config.HeaderTypes[0] + ` realm="api"` }
