package rest

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/identity"
)

// TokenAuthentication takes a user's key of table authtoken_token from the Authorization header: "Token 9944b09…", in any
// case of the keyword. The zero value is ready. Request.Auth is the *identity.Token.
type TokenAuthentication struct {
	Keyword string // default "Token"
}

// Authenticate implements [Authenticator].
func (a TokenAuthentication) Authenticate(r *Request) (*identity.User, any, error) {
	parts := credentials(r)
	if len(parts) == 0 || !strings.EqualFold(parts[0], a.keyword()) {
		return nil, nil, nil
	}
	switch {
	case len(parts) == 1:
		return nil, nil, AuthFailed("Invalid token header. No credentials provided.")
	case len(parts) > 2:
		return nil, nil, AuthFailed("Invalid token header. Token string should not contain spaces.")
	case !utf8.ValidString(parts[1]):
		return nil, nil, AuthFailed("Invalid token header. Token string should not contain invalid characters.")
	}
	token, err := r.api.config.Users.TokenByKey(r.Context(), parts[1])
	switch {
	case errors.Is(err, identity.ErrNoToken):
		return nil, nil, AuthFailed("Invalid token.")
	case err != nil:
		return nil, nil, err
	case !token.User.IsActive:
		return nil, nil, AuthFailed("User inactive or deleted.")
	}
	return token.User, token, nil
}

// Challenge implements [Authenticator].
func (a TokenAuthentication) Challenge(*Request) string { return a.keyword() }

// SecurityScheme describes the header for the OpenAPI document.
func (a TokenAuthentication) SecurityScheme() (name string, scheme map[string]any) {
	return "tokenAuth", map[string]any{
		"type": "apiKey", "in": "header", "name": "Authorization",
		"description": `Token-based authentication with required prefix "` + a.keyword() + `"`,
	}
}

func (a TokenAuthentication) keyword() string { return orText(a.Keyword, "Token") }
