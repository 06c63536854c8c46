package rest

import (
	"context"

	"github.com/quintet-go/quintet/identity"
)

// forced is the user of a context; it stands for the authenticator that knew the user.
type forced struct {
	user *identity.User
	auth any
}

type forcedKey struct{}

// WithUser makes every request of a context one of the user, whatever it carries and whatever the authenticators of the view
// are (force_authenticate); a nil user is nobody. auth becomes Request.Auth. It is for tests and for calls within the
// program: what a client sends never reaches a context.
func WithUser(ctx context.Context, user *identity.User, auth any) context.Context {
	return context.WithValue(ctx, forcedKey{}, forced{user, auth})
}

// Authenticate implements [Authenticator].
func (f forced) Authenticate(*Request) (*identity.User, any, error) { return f.user, f.auth, nil }

// Challenge implements [Authenticator].
func (forced) Challenge(*Request) string { return "" }

// askers are the authenticators that are asked about the request: the user of its context stands for all of them.
func (r *Request) askers() []Authenticator {
	if f, ok := r.Context().Value(forcedKey{}).(forced); ok {
		return []Authenticator{f}
	}
	return r.authenticators()
}
