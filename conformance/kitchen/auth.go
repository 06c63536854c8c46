package kitchen

import (
	"errors"
	"net/http"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/rest"
)

// keyword is TokenAuthentication with another word.
var keyword = rest.TokenAuthentication{Keyword: "Key"}

// scheme is a list of authenticators to try, under auth/{name}/.
type scheme struct {
	name, title    string
	authenticators []rest.Authenticator
}

func (k *Kitchen) schemes() []scheme {
	basic, token, jwt := rest.BasicAuthentication{}, rest.TokenAuthentication{}, jwtauth.Authenticator{Tokens: k.Tokens}
	return []scheme{
		{"basic", "Auth Basic", []rest.Authenticator{basic}},
		{"session", "Auth Session", []rest.Authenticator{k.Browser}},
		{"token", "Auth Token", []rest.Authenticator{token}},
		{"keyword", "Auth Keyword", []rest.Authenticator{keyword}},
		{"jwt", "Auth Jwt", []rest.Authenticator{jwt}},
		{"session-first", "Auth Session First", []rest.Authenticator{k.Browser, basic}},
		{"basic-first", "Auth Basic First", []rest.Authenticator{basic, k.Browser}},
		{"all", "Auth All", []rest.Authenticator{jwt, token, basic, k.Browser}},
		{"none", "Auth None", []rest.Authenticator{}},
	}
}

// authentication serves auth/: who is asking, by each scheme, and ways to a session and a token.
func (k *Kitchen) authentication(g *rest.Group) {
	login := view("Login", "Start a session; sets the session and CSRF cookies.", k.login, http.MethodPost)
	login.Authenticators = []rest.Authenticator{}
	g.Handle("auth/login/", login, "")
	logout := view("Logout", "", k.logout, http.MethodPost)
	logout.Authenticators = []rest.Authenticator{k.Browser}
	g.Handle("auth/logout/", logout, "")
	g.Handle("auth/token-obtain/", rest.ObtainAuthToken(), "")
	for _, s := range k.schemes() {
		k.who(g, s.name, s.title, s.authenticators, rest.AllowAny)
		k.who(g, s.name+"-required", s.title+" Required", s.authenticators, rest.IsAuthenticated)
	}
}

// who serves who is asking at auth/{name}/.
func (k *Kitchen) who(g *rest.Group, name, title string, by []rest.Authenticator, permission rest.Permission) {
	v := with(view(title, "", who, http.MethodGet), http.MethodPost, sent)
	v.Authenticators, v.Permissions = by, []rest.Permission{permission}
	g.Handle("auth/"+name+"/", v, "")
}

// who answers who is asking and how that is known.
func who(r *rest.Request) (*rest.Response, error) {
	return rest.OK(rest.Obj(
		"user", username(r), "authenticated", r.User().IsAuthenticated(), "by", authenticatorName(r.Authenticator()), "auth", credentialName(r.Auth()),
	)), nil
}

func authenticatorName(a rest.Authenticator) any {
	switch a := a.(type) {
	case rest.BasicAuthentication:
		return "BasicAuthentication"
	case *rest.SessionAuthentication:
		return "SessionAuthentication"
	case jwtauth.Authenticator:
		return "JWTAuthentication"
	case rest.TokenAuthentication:
		if a == keyword {
			return "BearerKeyword"
		}
		return "TokenAuthentication"
	}
	return nil
}

func credentialName(auth any) any {
	switch auth.(type) {
	case *identity.Token:
		return "Token"
	case *jwtauth.Token:
		return "AccessToken"
	}
	return nil
}

// sent answers what came in the body.
func sent(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	if form, ok := data.(*rest.FormData); ok {
		last := rest.Obj()
		for name, value := range form.All() {
			last.Set(name, value)
		}
		data = last
	}
	return rest.OK(rest.Obj("user", username(r), "data", data)), nil
}

// login starts a session for a name and a password.
func (k *Kitchen) login(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	user, err := r.Users().Authenticate(r.Context(), textOf(data, "username"), textOf(data, "password"))
	if errors.Is(err, identity.ErrCredentials) {
		return nil, rest.InvalidField("non_field_errors", "Wrong name or password.")
	}
	if err != nil {
		return nil, err
	}
	if err := k.Browser.Login(r, user); err != nil {
		return nil, err
	}
	token, err := k.Browser.CSRFToken(r)
	if err != nil {
		return nil, err
	}
	return rest.OK(rest.Obj("user", user.Username, "csrftoken", token)), nil
}

// textOf is a text of a body, empty when it is not there or no text.
func textOf(data any, name string) string {
	switch data := data.(type) {
	case *rest.Object:
		v, _ := data.Get(name)
		s, _ := v.(string)
		return s
	case *rest.FormData:
		return data.Text(name)
	}
	return ""
}

func (k *Kitchen) logout(r *rest.Request) (*rest.Response, error) {
	if err := k.Browser.Logout(r); err != nil {
		return nil, err
	}
	return rest.NoContent(), nil
}
