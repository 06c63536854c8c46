package jwtauth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/session"
)

// serve mounts the endpoints and a view that tells who asks.
func (b *bench) serve(t *testing.T) http.Handler {
	t.Helper()
	registry, err := orm.NewRegistry(
		&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{}, &session.Row{},
		&jwtauth.OutstandingToken{}, &jwtauth.BlacklistedToken{})
	if err != nil {
		t.Fatal(err)
	}
	router := rest.NewRouter(rest.Config{DB: b.db, Registry: registry, Users: b.users})
	group := router.Group("/")
	b.Routes(group, "token/")
	who := func(r *rest.Request) (*rest.Response, error) {
		token, _ := r.Auth().(*jwtauth.Token)
		return rest.OK(rest.Obj("user", r.User().Username, "token", token != nil)), nil
	}
	group.Handle("who/", &rest.View{
		Name: "Who", Methods: map[string]rest.Endpoint{"GET": {Handle: who}},
		Authenticators: []rest.Authenticator{jwtauth.Authenticator{Tokens: b.Service}}, Permissions: []rest.Permission{rest.AllowAny},
	}, "who")
	api, err := router.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	return e
}

func ask(h http.Handler, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const challenge = `Bearer realm="api"`

func TestEndpointRefusals(t *testing.T) {
	const (
		noAccount = `{"detail":"No active account found with the given credentials"}`
		invalid   = `{"detail":"Token is invalid","code":"token_not_valid"}`
		required  = `["This field is required."]`
	)
	each(t, nil, func(t *testing.T, b *bench) {
		h := b.serve(t)
		pair := b.login(t)
		used := b.login(t)
		if err := b.Blacklist(t.Context(), used.Refresh); err != nil {
			t.Fatal(err)
		}
		gone := forge(t, `{"token_type":"refresh","exp":4070908800,"jti":"g","user_id":"999"}`)
		for _, c := range []struct {
			path, body string
			status     int
			want       string
		}{
			{"/token/", `{"username":"alice","password":"x"}`, 401, noAccount},
			{"/token/", `{"username":"nobody","password":"x"}`, 401, noAccount},
			{"/token/", `{}`, 400, `{"username":` + required + `,"password":` + required + `}`},
			{"/token/", `{"username":"","password":null}`, 400, `{"username":["This field may not be blank."],"password":["This field may not be null."]}`},
			{"/token/refresh/", `{}`, 400, `{"refresh":` + required + `}`},
			{"/token/refresh/", `{"refresh":""}`, 400, `{"refresh":["This field may not be blank."]}`},
			{"/token/refresh/", `{"refresh":null}`, 400, `{"refresh":["This field may not be null."]}`},
			{"/token/refresh/", `{"refresh":5}`, 401, invalid},
			{"/token/refresh/", `{"refresh":"a.b.c"}`, 401, invalid},
			{"/token/refresh/", `{"refresh":"` + pair.Access + `"}`, 401, `{"detail":"Token has wrong type","code":"token_not_valid"}`},
			{"/token/refresh/", `{"refresh":"` + used.Refresh + `"}`, 401, `{"detail":"Token is blacklisted","code":"token_not_valid"}`},
			{"/token/refresh/", `{"refresh":"` + gone + `"}`, 401, `{"detail":"No active account found for the given token."}`},
			{"/token/verify/", `{}`, 400, `{"token":` + required + `}`},
			{"/token/verify/", `{"token":"x"}`, 401, invalid},
			{"/token/verify/", `{"token":"` + used.Refresh + `"}`, 400, `{"non_field_errors":["Token is blacklisted"]}`},
			{"/token/verify/", `{"token":"` + pair.Refresh + `"}`, 200, `{}`},
			{"/token/blacklist/", `{"refresh":"` + used.Refresh + `"}`, 401, `{"detail":"Token is blacklisted","code":"token_not_valid"}`},
			{"/token/blacklist/", `{"refresh":" ` + pair.Refresh + ` "}`, 200, `{}`},
		} {
			w := ask(h, "POST", c.path, c.body, nil)
			got := strings.TrimSpace(w.Body.String())
			if w.Code != c.status || got != c.want {
				t.Errorf("%s %s: %d %s\n want %d %s", c.path, c.body, w.Code, got, c.status, c.want)
			}
			wantChallenge := ""
			if c.status == 401 {
				wantChallenge = challenge
			}
			if got := w.Header().Get("WWW-Authenticate"); got != wantChallenge || w.Header().Get("Vary") != "" || w.Header().Get("Allow") != "POST, OPTIONS" {
				t.Errorf("%s %s: headers %v", c.path, c.body, w.Header())
			}
		}
	})
}

func TestEndpointsGivePairs(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		h := b.serve(t)
		login := ask(h, "POST", "/token/", `{"username":" alice ","password":"right"}`, nil)
		first := pairOf(t, login, `{"refresh":"`)
		time.Sleep(time.Millisecond)
		second := pairOf(t, ask(h, "POST", "/token/refresh/", `{"refresh":"`+first.Refresh+`"}`, nil), `{"access":"`)
		for _, pair := range []jwtauth.Pair{first, second} {
			w := ask(h, "GET", "/who/", "", http.Header{"Authorization": {"Bearer " + pair.Access}})
			if got := w.Body.String(); w.Code != 200 || got != `{"user":"alice","token":true}` {
				t.Errorf("who: %d %s", w.Code, got)
			}
		}
	})
}

func pairOf(t *testing.T, w *httptest.ResponseRecorder, prefix string) jwtauth.Pair {
	t.Helper()
	var pair struct{ Access, Refresh string }
	if err := json.Unmarshal(w.Body.Bytes(), &pair); err != nil || w.Code != 200 || !strings.HasPrefix(w.Body.String(), prefix) {
		t.Fatalf("%d %s: %v; want 200 %s…", w.Code, w.Body, err, prefix)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("caches may keep the tokens: %v", w.Header())
	}
	return jwtauth.Pair{Access: pair.Access, Refresh: pair.Refresh}
}

func TestRefreshAnswerWithoutRotation(t *testing.T) {
	each(t, func(c *jwtauth.Config) { c.Rotate = false }, func(t *testing.T, b *bench) {
		w := ask(b.serve(t), "POST", "/token/refresh/", `{"refresh":"`+b.login(t).Refresh+`"}`, nil)
		if strings.Contains(w.Body.String(), "refresh") || w.Code != 200 {
			t.Errorf("%d %s; want access alone", w.Code, w.Body)
		}
	})
}

func TestAuthorizationHeader(t *testing.T) {
	const anonymous = `{"user":"","token":false}`
	notValid := func(why string) string {
		return `{"detail":"Given token not valid for any token type","code":"token_not_valid",` +
			`"messages":[{"token_class":"AccessToken","token_type":"access","message":"` + why + `"}]}`
	}
	const twoWords = `{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}`
	each(t, nil, func(t *testing.T, b *bench) {
		h, pair, recorded := b.serve(t), b.login(t), recorded(t).JWT
		for header, c := range map[string]struct {
			status int
			want   string
		}{
			"Bearer " + pair.Access:                   {200, `{"user":"alice","token":true}`},
			"Bearer \t" + pair.Access + " ":           {200, `{"user":"alice","token":true}`},
			"bearer " + pair.Access:                   {200, anonymous},
			"Token " + pair.Access:                    {200, anonymous},
			"":                                        {200, anonymous},
			"Bearer":                                  {401, twoWords},
			"Bearer " + pair.Access + " x":            {401, twoWords},
			"Bearer " + pair.Refresh:                  {401, notValid("Token has wrong type")},
			"Bearer " + recorded["no-exp"].Token:      {401, notValid("Token has no 'exp' claim")},
			"Bearer " + recorded["no-jti"].Token:      {401, notValid("Token has no id")},
			"Bearer " + recorded["tampered"].Token:    {401, notValid("Token is invalid")},
			"Bearer " + recorded["no-user"].Token:     {401, `{"detail":"Token contained no recognizable user identification","code":"token_not_valid"}`},
			"Bearer " + recorded["ghost"].Token:       {401, `{"detail":"User not found","code":"user_not_found"}`},
			"Bearer " + strings.Repeat("a.", 100_000): {401, notValid("Token is invalid")},
		} {
			w := ask(h, "GET", "/who/", "", http.Header{"Authorization": {header}})
			if w.Code != c.status || w.Body.String() != c.want {
				t.Errorf("%.60q: %d %s\n want %d %s", header, w.Code, w.Body, c.status, c.want)
			}
			if c.status == 401 && w.Header().Get("WWW-Authenticate") != challenge {
				t.Errorf("%.60q: headers %v", header, w.Header())
			}
		}
		b.deactivate(t)
		w := ask(h, "GET", "/who/", "", http.Header{"Authorization": {"Bearer " + pair.Access}})
		if got, want := w.Body.String(), `{"detail":"User is inactive","code":"user_inactive"}`; got != want || w.Code != 401 {
			t.Errorf("inactive: %d %s, want 401 %s", w.Code, got, want)
		}
	})
}

func TestOptionsOfEndpoints(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		h := b.serve(t)
		for path, want := range map[string]string{
			"/token/": `{"name":"Token Obtain Pair","description":"Takes a set of user credentials and returns an access and refresh JSON web\n` +
				`token pair to prove the authentication of those credentials.","renders":["application/json"],`,
			"/token/refresh/": `{"name":"Token Refresh","description":"Takes a refresh type JSON web token and returns an access type JSON web\n` +
				`token if the refresh token is valid.","renders":["application/json"],`,
			"/token/verify/": `{"name":"Token Verify","description":"Takes a token and indicates if it is valid.  This view provides no\n` +
				`information about a token's fitness for a particular use.","renders":["application/json"],`,
			"/token/blacklist/": `{"name":"Token Blacklist","description":"Takes a token and blacklists it. Must be used with the\n` +
				"`rest_framework_simplejwt.token_blacklist` app installed." + `","renders":["application/json"],`,
		} {
			if w := ask(h, "OPTIONS", path, "", nil); w.Code != 200 || !strings.HasPrefix(w.Body.String(), want) {
				t.Errorf("%s: %d %s\n want 200 %s…", path, w.Code, w.Body, want)
			}
		}
	})
}
