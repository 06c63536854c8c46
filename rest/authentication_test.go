package rest_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/session"
)

const csrfSecret = "abcdefghijklmnopqrstuvwxyzABCDEF"

// doors is a server with a view for every way to authenticate, and with the accounts alice and (inactive) carol.
type doors struct {
	http.Handler
	db           *orm.DB
	users        *identity.Store
	sessions     *rest.SessionAuthentication
	alice, carol *identity.User
}

func eachDoors(t *testing.T, test func(t *testing.T, d *doors)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		d := &doors{db: db, users: identitytest.Store(db.Gorm)}
		d.alice = identitytest.User(t, d.users, "alice", "alice:Päss")
		carol, err := d.users.CreateUser(t.Context(), identity.NewUser{Username: "carol", Password: "carol-Pass", Inactive: true})
		if err != nil {
			t.Fatal(err)
		}
		d.carol = carol
		d.sessions = &rest.SessionAuthentication{
			Sessions: &session.Store{DB: db.Gorm, Secret: "known", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))},
		}
		d.build(t)
		test(t, d)
	})
}

func (d *doors) build(t *testing.T) {
	t.Helper()
	registry, err := orm.NewRegistry(
		&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{}, &session.Row{})
	if err != nil {
		t.Fatal(err)
	}
	router := rest.NewRouter(rest.Config{DB: d.db, Registry: registry, Users: d.users, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	group := router.Group("/")
	for name, authenticators := range map[string][]rest.Authenticator{
		"basic": {rest.BasicAuthentication{}}, "token": {rest.TokenAuthentication{}}, "key": {rest.TokenAuthentication{Keyword: "Key"}},
		"session": {d.sessions}, "both": {rest.BasicAuthentication{Realm: "shop"}, d.sessions}, "session-first": {d.sessions, rest.BasicAuthentication{}},
	} {
		view := &rest.View{
			Name: name, Authenticators: authenticators, Permissions: []rest.Permission{rest.AllowAny},
			Methods: map[string]rest.Endpoint{"GET": {Handle: d.who}, "POST": {Handle: d.who}},
		}
		group.Handle(name+"/", view, name)
	}
	for name, handle := range map[string]func(*rest.Request) (*rest.Response, error){
		"login": d.login, "logout": d.logout, "visit": d.visit, "broken": d.broken,
	} {
		view := &rest.View{
			Name: name, Authenticators: []rest.Authenticator{}, Permissions: []rest.Permission{},
			Methods: map[string]rest.Endpoint{"POST": {Handle: handle}},
		}
		group.Handle(name+"/", view, name)
	}
	api, err := router.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	d.Handler = e
}

func (d *doors) who(r *rest.Request) (*rest.Response, error) {
	_, token := r.Auth().(*identity.Token)
	return rest.OK(rest.Obj("user", r.User().Username, "token", token)), nil
}

func (d *doors) login(r *rest.Request) (*rest.Response, error) {
	if err := d.sessions.Login(r, d.alice); err != nil {
		return nil, err
	}
	token, err := d.sessions.CSRFToken(r)
	return rest.OK(token), err
}

func (d *doors) logout(r *rest.Request) (*rest.Response, error) {
	return rest.NoContent(), d.sessions.Logout(r)
}

func (d *doors) visit(r *rest.Request) (*rest.Response, error) {
	s, err := d.sessions.Session(r)
	if err != nil {
		return nil, err
	}
	s.Set("visited", true)
	return rest.NoContent(), nil
}

func (d *doors) broken(r *rest.Request) (*rest.Response, error) {
	if _, err := d.visit(r); err != nil {
		return nil, err
	}
	return nil, errors.New("a mistake")
}

// ask sends a request; headers are name and value in turn.
func (d *doors) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func expect(t *testing.T, what string, w *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if w.Code != status || w.Body.String() != body {
		t.Errorf("%s: %d %s\n want %d %s", what, w.Code, w.Body, status, body)
	}
}

const (
	isAlice  = `{"user":"alice","token":false}`
	isNobody = `{"user":"","token":false}`
)

func detail(text string) string { return `{"detail":"` + text + `"}` }

func TestBasicAuthentication(t *testing.T) {
	const notBase64 = "Invalid basic header. Credentials not correctly base64 encoded."
	eachDoors(t, func(t *testing.T, d *doors) {
		for header, c := range map[string]struct {
			status int
			want   string
		}{
			"Basic YWxpY2U6YWxpY2U6UMOkc3M=":   {200, isAlice}, // UTF-8
			"bAsIc YWxpY2U6YWxpY2U6UORzcw==":   {200, isAlice}, // Latin-1
			"Basic YWxp!Y2U6YWxpY2U6UMOkc3M=x": {200, isAlice}, // what is not base64 is passed over
			"Bearer YWxpY2U6YWxpY2U6UMOkc3M=":  {200, isNobody},
			"":                                 {200, isNobody},
			"Basic":                            {401, detail("Invalid basic header. No credentials provided.")},
			"Basic a b":                        {401, detail("Invalid basic header. Credentials string should not contain spaces.")},
			"Basic /////w==":                   {401, detail(notBase64)},
			"Basic YWxpY2U":                    {401, detail(notBase64)},
			"Basic a":                          {401, detail(notBase64)},
			"Basic YWxpY2U6eA==":               {401, detail("Invalid username/password.")},
			"Basic Y2Fyb2w6Y2Fyb2wtUGFzcw==":   {401, detail("Invalid username/password.")}, // carol is inactive
			"Basic bm9ib2R5OngA":               {401, detail("Invalid username/password.")},
		} {
			w := d.ask("GET", "/basic/", "", "Authorization", header)
			expect(t, header, w, c.status, c.want)
			if c.status == 401 && w.Header().Get("WWW-Authenticate") != `Basic realm="api"` {
				t.Errorf("%s: headers %v", header, w.Header())
			}
		}
		w := d.ask("GET", "/both/", "", "Authorization", "Basic a b")
		if got := w.Header().Get("WWW-Authenticate"); got != `Basic realm="shop"` {
			t.Errorf("challenge %q, want the realm shop", got)
		}
		expect(t, "session first", d.ask("GET", "/session-first/", "", "Authorization", "Basic YWxpY2U6eA=="), 403, detail("Invalid username/password."))
	})
}

func TestTokenAuthentication(t *testing.T) {
	eachDoors(t, func(t *testing.T, d *doors) {
		alice, err := d.users.TokenOf(t.Context(), d.alice)
		if err != nil {
			t.Fatal(err)
		}
		carol, err := d.users.TokenOf(t.Context(), d.carol)
		if err != nil {
			t.Fatal(err)
		}
		const known = `{"user":"alice","token":true}`
		for header, c := range map[string]struct {
			path   string
			status int
			want   string
		}{
			"Token " + alice.Key:  {"/token/", 200, known},
			"toKEN  " + alice.Key: {"/token/", 200, known},
			"key " + alice.Key:    {"/key/", 200, known},
			"Key " + alice.Key:    {"/token/", 200, isNobody},
			"Token":               {"/token/", 401, detail("Invalid token header. No credentials provided.")},
			"Token a b":           {"/token/", 401, detail("Invalid token header. Token string should not contain spaces.")},
			"Token \xff":          {"/token/", 401, detail("Invalid token header. Token string should not contain invalid characters.")},
			"Token x":             {"/token/", 401, detail("Invalid token.")},
			"Token " + carol.Key:  {"/token/", 401, detail("User inactive or deleted.")},
		} {
			expect(t, header, d.ask("GET", c.path, "", "Authorization", header), c.status, c.want)
		}
		for path, want := range map[string]string{"/token/": "Token", "/key/": "Key"} {
			w := d.ask("GET", path, "", "Authorization", strings.Trim(path, "/")+" x")
			if got := w.Header().Get("WWW-Authenticate"); got != want {
				t.Errorf("%s: challenge %q, want %q", path, got, want)
			}
		}
		ctx, n := orm.CountStatements(t.Context())
		r := httptest.NewRequestWithContext(ctx, "GET", "/token/", nil)
		r.Header.Set("Authorization", "Token "+alice.Key)
		d.ServeHTTP(httptest.NewRecorder(), r)
		if n.Load() != 1 {
			t.Errorf("%d statements, want 1", n.Load())
		}
	})
}

// signedIn stores a session of alice and returns its cookie.
func (d *doors) signedIn(t *testing.T) string {
	t.Helper()
	s := session.New()
	if err := d.sessions.Sessions.Login(t.Context(), s, d.alice); err != nil {
		t.Fatal(err)
	}
	if _, err := d.sessions.Sessions.Commit(t.Context(), s, false); err != nil {
		t.Fatal(err)
	}
	return "sessionid=" + s.Key()
}

func TestSessionAuthentication(t *testing.T) {
	eachDoors(t, func(t *testing.T, d *doors) {
		cookie := d.signedIn(t)
		csrf := cookie + "; csrftoken=" + csrfSecret
		form := url.Values{"csrfmiddlewaretoken": {csrfSecret}, "a": {"1"}}.Encode()
		for _, c := range []struct {
			what, method, body string
			headers            []string
			status             int
			want               string
		}{
			{"stranger", "GET", "", nil, 200, isNobody},
			{"stranger writes", "POST", "{}", nil, 200, isNobody},
			{"alice", "GET", "", []string{"Cookie", cookie}, 200, isAlice},
			{"alice writes", "POST", "{}", []string{"Cookie", cookie}, 403, detail("CSRF Failed: CSRF cookie not set.")},
			{"without token", "POST", "{}", []string{"Cookie", csrf}, 403, detail("CSRF Failed: CSRF token missing.")},
			{"with token", "POST", "{}", []string{"Cookie", csrf, "X-CSRFToken", csrfSecret}, 200, isAlice},
			{"token in a form", "POST", form, []string{"Cookie", csrf, "Content-Type", "application/x-www-form-urlencoded"}, 200, isAlice},
			{"token in a JSON body", "POST", `{"csrfmiddlewaretoken":"` + csrfSecret + `"}`, []string{"Cookie", csrf}, 403, detail("CSRF Failed: CSRF token missing.")},
			{"broken body", "POST", "{", []string{"Cookie", csrf}, 400, detail("JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)")},
			{"body of no known type", "POST", "{", []string{"Cookie", csrf, "Content-Type", "text/csv"}, 415, detail(`Unsupported media type \"text/csv\" in request.`)},
			{"broken body without cookie", "POST", "{", []string{"Cookie", cookie}, 403, detail("CSRF Failed: CSRF cookie not set.")},
			{"cookie in quotes", "POST", "{}", []string{"Cookie", cookie + `; csrftoken="` + csrfSecret + `"`, "X-CSRFToken", csrfSecret}, 200, isAlice},
			{"own origin", "POST", "{}", []string{"Cookie", csrf, "X-CSRFToken", csrfSecret, "Origin", "http://example.com"}, 200, isAlice},
			{
				"other origin", "POST", "{}",
				[]string{"Cookie", csrf, "X-CSRFToken", csrfSecret, "Origin", "http://evil.example"},
				403,
				detail("CSRF Failed: Origin checking failed - http://evil.example does not match any trusted origins."),
			},
		} {
			w := d.ask(c.method, "/session/", c.body, c.headers...)
			expect(t, c.what, w, c.status, c.want)
			if w.Header().Get("Vary") != "Cookie" || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: headers %v, want Vary: Cookie and no cookie", c.what, w.Header())
			}
		}
	})
}

func TestCookiesThatAreNotGood(t *testing.T) {
	const removal = "sessionid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; SameSite=Lax"
	eachDoors(t, func(t *testing.T, d *doors) {
		for _, value := range []string{"nonsense", "no né, \"nsense", ""} {
			w := d.ask("GET", "/session/", "", "Cookie", "sessionid="+value)
			expect(t, "unknown session", w, 200, isNobody)
			if got := w.Header().Get("Set-Cookie"); got != removal {
				t.Errorf("unknown session %q: %q, want %q", value, got, removal)
			}
		}
		cookie := d.signedIn(t)
		w := d.ask("POST", "/session/", "{}", "Cookie", cookie+"; csrftoken=short", "X-CSRFToken", "short")
		expect(t, "short CSRF cookie", w, 403, detail("CSRF Failed: CSRF cookie has incorrect length."))
		if got := w.Header().Get("Set-Cookie"); !strings.HasPrefix(got, "csrftoken=") || !strings.HasSuffix(got, "; Path=/; Max-Age=31449600; SameSite=Lax") {
			t.Errorf("short CSRF cookie: %q, want another one", got)
		}
		for sent, want := range map[string]string{ // where nothing asks for sessions
			"sessionid=nonsens": removal, "sessionid=": removal, "csrftoken=short": "csrftoken=", "sessionid=nonsense": "", "csrftoken=" + csrfSecret: "",
			"other=short": "",
		} {
			w := d.ask("GET", "/token/", "", "Cookie", sent)
			expect(t, sent, w, 200, isNobody)
			if got := w.Header().Get("Set-Cookie"); (got == "") != (want == "") || !strings.HasPrefix(got, want) || (w.Header().Get("Vary") == "Cookie") != (want != "") {
				t.Errorf("%s: %q, want %q; %v", sent, got, want, w.Header())
			}
		}
		if err := d.users.SetPassword(t.Context(), d.alice, "new"); err != nil {
			t.Fatal(err)
		}
		w = d.ask("GET", "/session/", "", "Cookie", cookie)
		expect(t, "after a change of the password", w, 200, isNobody)
		if got := w.Header().Get("Set-Cookie"); got != removal {
			t.Errorf("after a change of the password: %q, want %q", got, removal)
		}
	})
}

// cookies are those that an answer sets, as a Cookie header.
func cookies(w *httptest.ResponseRecorder) (header string, byName map[string]*http.Cookie) {
	byName = make(map[string]*http.Cookie)
	var pairs []string
	for _, c := range w.Result().Cookies() {
		byName[c.Name] = c
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; "), byName
}

func TestLoginAndLogout(t *testing.T) {
	eachDoors(t, func(t *testing.T, d *doors) {
		w := d.ask("POST", "/login/", "{}")
		header, set := cookies(w)
		token := strings.Trim(w.Body.String(), `"`)
		if w.Code != 200 || len(token) != 64 || set["csrftoken"] == nil || set["sessionid"] == nil || w.Header().Get("Vary") != "Cookie" {
			t.Fatalf("login: %d %s %v", w.Code, w.Body, w.Header())
		}
		if c := set["sessionid"]; !c.HttpOnly || c.MaxAge != 1209600 || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || time.Until(c.Expires) < 13*24*time.Hour {
			t.Errorf("session cookie %v", c)
		}
		expect(t, "reading", d.ask("GET", "/session/", "", "Cookie", header), 200, isAlice)
		expect(t, "writing", d.ask("POST", "/session/", "{}", "Cookie", header, "X-CSRFToken", token), 200, isAlice)
		w = d.ask("POST", "/logout/", "{}", "Cookie", header)
		if _, set := cookies(w); w.Code != 204 || set["sessionid"] == nil || set["sessionid"].MaxAge >= 0 {
			t.Errorf("logout: %d %v", w.Code, w.Header())
		}
		expect(t, "after logout", d.ask("GET", "/session/", "", "Cookie", header), 200, isNobody)
	})
}

func TestSessionsOfVisitors(t *testing.T) {
	eachDoors(t, func(t *testing.T, d *doors) {
		_, set := cookies(d.ask("POST", "/visit/", "{}"))
		if set["sessionid"] == nil {
			t.Fatal("a visitor with values has no session")
		}
		s, err := d.sessions.Sessions.Load(t.Context(), set["sessionid"].Value)
		if visited, _ := s.Get("visited"); err != nil || visited != true {
			t.Errorf("stored %v, %v; want visited", s.Values(), err)
		}
		w := d.ask("POST", "/broken/", "{}")
		if _, set := cookies(w); w.Code != 500 || len(set) != 0 {
			t.Errorf("server error: %d, cookies %v; want none", w.Code, set)
		}
		var n int64
		if err := d.db.Gorm.Model(&session.Row{}).Count(&n).Error; err != nil || n != 1 {
			t.Errorf("%d sessions, %v; want that of the first visit alone", n, err)
		}
	})
}
