package rest

import "github.com/quintet-go/quintet/identity"

// Authenticator finds out who sent a request (rest_framework.authentication.BaseAuthentication).
//
// Authenticate returns a nil user when the request carries no credentials of this kind, so that the next authenticator is
// asked; an error (usually AuthFailed) when it carries wrong ones, which ends the request even where the view is open to
// all. Challenge is the WWW-Authenticate header of a refusal; with an empty one of the first authenticator refusals are 403.
type Authenticator interface {
	Authenticate(r *Request) (user *identity.User, auth any, err error)
	Challenge(r *Request) string
}

// SecurityScheme is implemented by authenticators that appear in the OpenAPI document.
type SecurityScheme interface {
	// SecurityScheme returns the name of the scheme ("jwtAuth") and its OpenAPI object as plain values.
	SecurityScheme() (name string, scheme map[string]any)
}
