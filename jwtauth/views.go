package jwtauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest"
)

// Routes serves the four endpoints under a prefix of a group, "token/": token/ takes username and password and answers
// a pair, token/refresh/ exchanges a refresh token, token/verify/ tells whether a token is good, token/blacklist/ revokes a
// refresh token. They are open to all.
func (s *Service) Routes(g *rest.Group, prefix string) {
	g.Handle(prefix, s.ObtainView(), "token_obtain_pair")
	g.Handle(prefix+"refresh/", s.RefreshView(), "token_refresh")
	g.Handle(prefix+"verify/", s.VerifyView(), "token_verify")
	g.Handle(prefix+"blacklist/", s.BlacklistView(), "token_blacklist")
}

type loginData struct {
	Username string `json:"username" rest:"writeonly"`
	Password string `json:"password" rest:"writeonly"`
}

type refreshData struct {
	Refresh string `json:"refresh"`
	Access  string `json:"access" rest:"readonly"`
}

type accessData struct {
	Access string `json:"access"`
}

type tokenData struct {
	Token string `json:"token" rest:"writeonly"`
}

type blacklistData struct {
	Refresh string `json:"refresh" rest:"writeonly"`
}

type pairData struct {
	Refresh string `json:"refresh"`
	Access  string `json:"access"`
}

// ObtainView answers {"refresh", "access"} to username and password.
func (s *Service) ObtainView() *rest.View {
	input := &rest.Serializer[loginData]{Name: "TokenObtainPair"}
	return s.view(rest.View{
		Name: "Token Obtain Pair",
		Doc: "Takes a set of user credentials and returns an access and refresh JSON web\n" +
			"token pair to prove the authentication of those credentials.",
		Throttles: s.config.LoginThrottles,
	}, rest.Endpoint{
		OperationID: "token_create", Input: input, Output: &rest.Serializer[pairData]{Name: "TokenObtainPair"},
		Handle: handle(s, input, func(ctx context.Context, d *loginData) (*rest.Response, error) {
			pair, err := s.Login(ctx, d.Username, d.Password)
			return secret(rest.Obj("refresh", pair.Refresh, "access", pair.Access)), err
		}),
	})
}

// RefreshView answers {"access", "refresh"} to a refresh token, the latter only where they are rotated.
func (s *Service) RefreshView() *rest.View {
	input := &rest.Serializer[refreshData]{Name: "TokenRefresh"}
	output := rest.AnySerializer(input)
	if !s.config.Rotate {
		output = &rest.Serializer[accessData]{Name: "TokenRefresh"}
	}
	return s.view(rest.View{
		Name: "Token Refresh",
		Doc: "Takes a refresh type JSON web token and returns an access type JSON web\n" +
			"token if the refresh token is valid.",
	}, rest.Endpoint{
		OperationID: "token_refresh_create", Input: input, Output: output,
		Handle: handle(s, input, func(ctx context.Context, d *refreshData) (*rest.Response, error) {
			pair, err := s.Refresh(ctx, d.Refresh)
			data := rest.Obj("access", pair.Access)
			if s.config.Rotate {
				data.Set("refresh", pair.Refresh)
			}
			return secret(data), err
		}),
	})
}

// VerifyView answers {} to a good token of any kind.
func (s *Service) VerifyView() *rest.View {
	input := &rest.Serializer[tokenData]{Name: "TokenVerify"}
	return s.view(rest.View{
		Name: "Token Verify",
		Doc: "Takes a token and indicates if it is valid.  This view provides no\n" +
			"information about a token's fitness for a particular use.",
	}, rest.Endpoint{
		OperationID: "token_verify_create", Input: input, Output: input,
		Handle: handle(s, input, func(ctx context.Context, d *tokenData) (*rest.Response, error) {
			err := s.Verify(ctx, d.Token)
			if errors.Is(err, ErrBlacklisted) {
				err = rest.InvalidField("non_field_errors", ErrBlacklisted.Message)
			}
			return rest.OK(rest.Obj()), err
		}),
	})
}

// BlacklistView revokes a refresh token and answers {}.
func (s *Service) BlacklistView() *rest.View {
	input := &rest.Serializer[blacklistData]{Name: "TokenBlacklist"}
	return s.view(rest.View{
		Name: "Token Blacklist",
		Doc: "Takes a token and blacklists it. Must be used with the\n" +
			"`rest_framework_simplejwt.token_blacklist` app installed.",
	}, rest.Endpoint{
		OperationID: "token_blacklist_create", Input: input, Output: input,
		Handle: handle(s, input, func(ctx context.Context, d *blacklistData) (*rest.Response, error) {
			return rest.OK(rest.Obj()), s.Blacklist(ctx, d.Refresh)
		}),
	})
}

// view makes an endpoint that is open to all and asks for no credentials but those in the body.
func (s *Service) view(v rest.View, post rest.Endpoint) *rest.View {
	post.Tag, post.Errors = "token", []int{http.StatusUnauthorized}
	v.Methods = map[string]rest.Endpoint{http.MethodPost: post}
	v.Authenticators, v.Permissions = []rest.Authenticator{}, []rest.Permission{}
	return &v
}

// handle validates the body with input, works on it and answers refusals.
func handle[D any](s *Service, input *rest.Serializer[D], work func(context.Context, *D) (*rest.Response, error)) func(*rest.Request) (*rest.Response, error) {
	return func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, input)
		if err != nil {
			return nil, err
		}
		response, err := work(r.Context(), &in.Data)
		if err != nil {
			return nil, s.refused(err)
		}
		return response, nil
	}
}

// refused gives an error its answer, with the challenge that these views have without an authenticator.
func (s *Service) refused(err error) error {
	var refusal *rest.Error
	var e *Error
	switch {
	case errors.Is(err, identity.ErrCredentials):
		refusal = rest.AuthFailed("No active account found with the given credentials")
	case errors.Is(err, ErrNoActiveAccount):
		refusal = rest.AuthFailed(ErrNoActiveAccount.Message)
	case errors.As(err, &e):
		refusal = answer(e)
	default:
		return err
	}
	refusal.Header = http.Header{"Www-Authenticate": {s.challenge()}}
	return refusal
}

// secret is an answer that no cache may keep.
func secret(data any) *rest.Response {
	response := rest.OK(data)
	response.Header = http.Header{"Cache-Control": {"no-store"}}
	return response
}
