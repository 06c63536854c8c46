package rest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
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

// lobby is a server with the login and a view that tells who is logged in; alice may log in, carol is inactive.
type lobby struct {
	http.Handler
	db      *orm.DB
	users   *identity.Store
	browser *rest.SessionAuthentication
	at      time.Time // what the server takes for the present
}

func newLobby(t *testing.T, db *orm.DB, o rest.LoginOptions) *lobby {
	t.Helper()
	l := &lobby{db: db, users: identitytest.Store(db.Gorm), at: time.Now()}
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	l.browser = &rest.SessionAuthentication{
		Sessions: &session.Store{DB: db.Gorm, Secret: "known", Logger: silent},
		CSRF:     session.CSRF{TrustedOrigins: []string{"https://app.example"}},
	}
	registry, err := orm.NewRegistry(&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &session.Row{})
	if err != nil {
		t.Fatal(err)
	}
	router := rest.NewRouter(rest.Config{
		DB: db, Registry: registry, Users: l.users, Logger: silent, Now: func() time.Time { return l.at },
	})
	l.browser.Routes(router.Group("/api-auth/"), o)
	router.Group("/").Handle("who/", &rest.View{
		Name: "Who", Authenticators: []rest.Authenticator{l.browser}, Permissions: []rest.Permission{rest.AllowAny},
		Methods: map[string]rest.Endpoint{"GET": {Handle: func(r *rest.Request) (*rest.Response, error) {
			return rest.OK(r.User().Username), nil
		}}},
	}, "who")
	api, err := router.Build()
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	l.Handler = e
	return l
}

// eachLobby runs a test on both databases.
func eachLobby(t *testing.T, o rest.LoginOptions, test func(t *testing.T, l *lobby)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		l := newLobby(t, db, o)
		identitytest.User(t, l.users, "alice", " alice-Pass ")
		if _, err := l.users.CreateUser(t.Context(), identity.NewUser{Username: "carol", Password: "carol-Pass", Inactive: true}); err != nil {
			t.Fatal(err)
		}
		test(t, l)
	})
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
	ownJar   = "csrftoken=" + csrfSecret
)

// visit sends a request of a visitor with cookies; headers are "Name: value".
func (l *lobby) visit(method, target, jar, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if jar != "" {
		r.Header.Set("Cookie", jar)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

// visitFrom posts JSON to the login from an address and returns the status.
func (l *lobby) visitFrom(address, body string, headers ...string) int {
	r := httptest.NewRequest("POST", "/api-auth/login/", strings.NewReader(body))
	r.RemoteAddr = address
	r.Header.Set("Content-Type", jsonType)
	r.Header.Set("Cookie", ownJar)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w.Code
}

// loginBody is a body of the login's form with the right token.
func loginBody(pairs ...string) string {
	values := url.Values{"csrfmiddlewaretoken": {csrfSecret}}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

func (l *lobby) who(t *testing.T, jar string) string {
	t.Helper()
	return strings.Trim(l.visit("GET", "/who/", jar, "", "").Body.String(), `"`)
}

func checkUncached(t *testing.T, what string, w *httptest.ResponseRecorder) {
	t.Helper()
	if !strings.Contains(w.Header().Get("Cache-Control"), "no-store") || !strings.Contains(w.Header().Get("Vary"), "Cookie") {
		t.Errorf("%s: Cache-Control %q, Vary %q", what, w.Header().Get("Cache-Control"), w.Header().Get("Vary"))
	}
}

var (
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
	styleText   = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
)

// hiddenFields are the hidden fields of a page.
func hiddenFields(page string) map[string]string {
	fields := map[string]string{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	return fields
}

// TestLoginPage goes the way of a person with a browser: the page, a mistake, the login, the page again, the logout.
func TestLoginPage(t *testing.T) {
	eachLobby(t, rest.LoginOptions{Next: "/home/"}, func(t *testing.T, l *lobby) {
		const accept = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
		w := l.visit("GET", "/api-auth/login/?next=/who/", "", "", "", accept)
		header, set := cookies(w)
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || set["csrftoken"] == nil || set["sessionid"] != nil {
			t.Fatalf("page: %d %v", w.Code, w.Header())
		}
		checkUncached(t, "page", w)
		checkPolicy(t, w)
		fields := hiddenFields(w.Body.String())
		if fields["next"] != "/who/" || len(fields["csrfmiddlewaretoken"]) != 64 {
			t.Errorf("hidden fields %v", fields)
		}
		for _, part := range []string{`<html lang="en">`, `<label for="username">`, `<label for="password">`, `autocomplete="current-password"`} {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("the page lacks %s", part)
			}
		}
		body := url.Values{
			"csrfmiddlewaretoken": {fields["csrfmiddlewaretoken"]}, "next": {fields["next"]}, "username": {"alice"}, "password": {"wrong"},
		}
		w = l.visit("POST", "/api-auth/login/", header, formType, body.Encode(), accept)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "Please enter a correct username and password.") ||
			!strings.Contains(w.Body.String(), `value="alice"`) || hiddenFields(w.Body.String())["next"] != "/who/" {
			t.Errorf("wrong password: %d %s", w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "wrong\"") {
			t.Error("the page repeats the password")
		}
		body.Set("password", " alice-Pass ")
		w = l.visit("POST", "/api-auth/login/", header, formType, body.Encode(), accept)
		inside, set := cookies(w)
		if w.Code != 302 || w.Header().Get("Location") != "/who/" || set["sessionid"] == nil || set["csrftoken"] == nil || w.Body.Len() != 0 {
			t.Fatalf("login: %d %v %s", w.Code, w.Header(), w.Body)
		}
		checkUncached(t, "login", w)
		if l.who(t, inside) != "alice" {
			t.Error("alice is not logged in")
		}
		w = l.visit("GET", "/api-auth/login/", inside, "", "", accept)
		if !strings.Contains(w.Body.String(), "logged in as <strong>alice</strong>") {
			t.Errorf("page for alice: %s", w.Body)
		}
		out := url.Values{"csrfmiddlewaretoken": {hiddenFields(w.Body.String())["csrfmiddlewaretoken"]}}
		w = l.visit("POST", "/api-auth/logout/", inside, formType, out.Encode(), accept)
		if _, set = cookies(w); w.Code != 302 || w.Header().Get("Location") != "/api-auth/login/" || set["sessionid"] == nil || set["sessionid"].MaxAge >= 0 {
			t.Errorf("logout: %d %v", w.Code, w.Header())
		}
		checkUncached(t, "logout", w)
		if l.who(t, inside) != "" {
			t.Error("alice is still logged in")
		}
	})
}

// checkPolicy tells whether the page's policy allows its own style and nothing else.
func checkPolicy(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	style := styleText.FindStringSubmatch(w.Body.String())
	if style == nil {
		t.Fatal("the page has no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
	if got := w.Header().Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %s\nwant   %s", got, want)
	}
	if strings.Contains(w.Body.String(), "<script") || strings.Contains(w.Body.String(), "src=") || strings.Contains(w.Body.String(), "http") {
		t.Error("the page has a script or an asset from elsewhere")
	}
}

// TestLoginJSON goes the way of a front end.
func TestLoginJSON(t *testing.T) {
	eachLobby(t, rest.LoginOptions{}, func(t *testing.T, l *lobby) {
		type state struct {
			User      *string
			CSRFToken string
		}
		read := func(w *httptest.ResponseRecorder) (s state) {
			t.Helper()
			if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Header().Get("Content-Type") != jsonType {
				t.Fatalf("%d %s %v: %v", w.Code, w.Body, w.Header(), err)
			}
			return s
		}
		w := l.visit("GET", "/api-auth/login/", "", "", "", "Accept: application/json")
		jar, _ := cookies(w)
		s := read(w)
		if s.User != nil || len(s.CSRFToken) != 64 {
			t.Errorf("before: %s", w.Body)
		}
		w = l.visit("POST", "/api-auth/login/", jar, jsonType, `{"username":"alice","password":" alice-Pass "}`, "X-CSRFToken: "+s.CSRFToken)
		inside, set := cookies(w)
		if s = read(w); w.Code != 200 || s.User == nil || *s.User != "alice" || set["sessionid"] == nil || !set["sessionid"].HttpOnly {
			t.Fatalf("login: %d %s %v", w.Code, w.Body, w.Header())
		}
		checkUncached(t, "login", w)
		alice, err := l.users.ByUsername(t.Context(), "alice")
		if err != nil || alice.LastLogin == nil || time.Since(*alice.LastLogin) > time.Minute {
			t.Errorf("last login %v, %v", alice.LastLogin, err)
		}
		w = l.visit("GET", "/api-auth/login/", inside, "", "", "Accept: application/json")
		if after := read(w); after.User == nil || *after.User != "alice" {
			t.Errorf("state: %s", w.Body)
		}
		w = l.visit("POST", "/api-auth/logout/", inside, jsonType, "", "X-CSRFToken: "+s.CSRFToken)
		if w.Code != 204 || w.Body.Len() != 0 || l.who(t, inside) != "" {
			t.Errorf("logout: %d %s, then %q", w.Code, w.Body, l.who(t, inside))
		}
		checkUncached(t, "logout", w)
	})
}

func TestLoginRefusals(t *testing.T) {
	const wrong = `{"non_field_errors":["Please enter a correct username and password. Note that both fields may be case-sensitive."]}`
	eachLobby(t, rest.LoginOptions{}, func(t *testing.T, l *lobby) {
		for _, tt := range []struct {
			what, body string
			status     int
			want       string
		}{
			{"wrong password", `{"username":"alice","password":"x"}`, 400, wrong},
			{"trimmed password", `{"username":"alice","password":"alice-Pass"}`, 400, wrong},
			{"unknown name", `{"username":"mallory","password":"x"}`, 400, wrong},
			{"inactive", `{"username":"carol","password":"carol-Pass"}`, 400, wrong},
			{"other case", `{"username":"ALICE","password":" alice-Pass "}`, 400, wrong},
			{"nothing", `{}`, 400, `{"username":["This field is required."],"password":["This field is required."]}`},
			{"blank", `{"username":"","password":"x"}`, 400, `{"username":["This field may not be blank."]}`},
			{"lists", `{"username":["alice"],"password":{"a":1}}`, 400, `{"username":["Not a valid string."],"password":["Not a valid string."]}`},
			{"null character", `{"username":"al\u0000ice","password":"x"}`, 400, `{"username":["Null characters are not allowed."]}`},
			{"null character in the password", `{"username":"alice","password":"x\u0000"}`, 400, `{"password":["Null characters are not allowed."]}`},
			{"half a character", `{"username":"alice\ud800","password":"x"}`, 400, ""},
			{"long", `{"username":"` + strings.Repeat("a", 151) + `","password":"x"}`, 400, `{"username":["Ensure this field has no more than 150 characters."]}`},
			{"longer", `{"username":"alice","password":"` + strings.Repeat("a", 4097) + `"}`, 400, `{"password":["Ensure this field has no more than 4096 characters."]}`},
			{"no object", `[]`, 400, ""},
			{"no JSON", `{`, 400, ""},
		} {
			w := l.visit("POST", "/api-auth/login/", ownJar, jsonType, tt.body, "X-CSRFToken: "+csrfSecret)
			if w.Code != tt.status || tt.want != "" && w.Body.String() != tt.want || w.Header().Get("Content-Type") != jsonType {
				t.Errorf("%s: %d %s %s\nwant %d %s", tt.what, w.Code, w.Header().Get("Content-Type"), w.Body, tt.status, tt.want)
			}
			if _, set := cookies(w); set["sessionid"] != nil {
				t.Errorf("%s: a session began", tt.what)
			}
			checkUncached(t, tt.what, w)
		}
	})
}

func TestLoginAndLogoutDemandCSRF(t *testing.T) {
	eachLobby(t, rest.LoginOptions{}, func(t *testing.T, l *lobby) {
		good := loginBody("username", "alice", "password", " alice-Pass ")
		inside, _ := cookies(l.visit("POST", "/api-auth/login/", ownJar, formType, good))
		own := map[string][]string{"login": {ownJar}, "logout": {ownJar, inside}}
		for _, tt := range []struct {
			what, contentType, body string
			headers                 []string
			jar                     bool
			refused                 string
		}{
			{"no cookie", formType, good, nil, false, "CSRF Failed: CSRF cookie not set."},
			{"no token", formType, "username=alice&password=+alice-Pass+", nil, true, "CSRF Failed: CSRF token missing."},
			{"no token, JSON", jsonType, `{"username":"alice","password":" alice-Pass "}`, nil, true, "CSRF Failed: CSRF token missing."},
			{"foreign token", formType, "csrfmiddlewaretoken=" + strings.Repeat("x", 32), nil, true, "CSRF Failed: CSRF token from POST incorrect."},
			{"foreign origin", formType, good, []string{"Origin: https://evil.example"}, true, "CSRF Failed: Origin checking failed - https://evil.example does not match any trusted origins."},
			{"opaque origin", formType, good, []string{"Origin: null"}, true, "CSRF Failed: Origin checking failed - null does not match any trusted origins."},
			{"plain text", "text/plain", good, nil, true, "CSRF Failed: CSRF token missing."},
		} {
			for path, jars := range own {
				jar := ""
				if tt.jar {
					jar = jars[0]
				}
				w := l.visit("POST", "/api-auth/"+path+"/", jar, tt.contentType, tt.body, append(tt.headers, "Accept: application/json")...)
				if _, set := cookies(w); w.Code != 403 || w.Body.String() != detail(tt.refused) || set["sessionid"] != nil {
					t.Errorf("%s, %s: %d %s %v", path, tt.what, w.Code, w.Body, w.Header())
				}
				checkUncached(t, tt.what, w)
			}
		}
		if l.who(t, inside) != "alice" {
			t.Error("a refused logout ended the session")
		}
		for _, origin := range []string{"https://app.example", "http://example.com"} {
			w := l.visit("POST", "/api-auth/login/", ownJar, formType, good, "Origin: "+origin)
			if w.Code != 302 {
				t.Errorf("from %s: %d %s", origin, w.Code, w.Body)
			}
		}
		w := l.visit("POST", "/api-auth/login/", "", formType, good, "Accept: text/html")
		if w.Code != 403 || !strings.Contains(w.Body.String(), "CSRF cookie not set.") || !strings.Contains(w.Body.String(), `href="/api-auth/login/"`) {
			t.Errorf("refused in a browser: %d %s", w.Code, w.Body)
		}
		checkPolicy(t, w)
	})
}

func TestLoginCyclesTheKey(t *testing.T) {
	eachLobby(t, rest.LoginOptions{}, func(t *testing.T, l *lobby) {
		planted := session.New()
		planted.Set("cart", "full")
		if _, err := l.browser.Sessions.Commit(t.Context(), planted, false); err != nil {
			t.Fatal(err)
		}
		fixed := ownJar + "; sessionid=" + planted.Key()
		_, set := cookies(l.visit("POST", "/api-auth/login/", fixed, formType, loginBody("username", "alice", "password", " alice-Pass ")))
		if set["sessionid"] == nil || set["sessionid"].Value == planted.Key() || l.who(t, fixed) != "" {
			t.Fatalf("the key from before the login is good after it: %v", set)
		}
		s, err := l.browser.Sessions.Load(t.Context(), set["sessionid"].Value)
		if err != nil || s.Text("cart") != "full" {
			t.Errorf("the visitor's values: %v, %v", s.Values(), err)
		}
		if set["csrftoken"].Value == csrfSecret {
			t.Error("the CSRF secret from before the login is good after it")
		}
	})
}

func TestLoginNext(t *testing.T) {
	eachLobby(t, rest.LoginOptions{Next: "/home/", LogoutNext: "/bye/"}, func(t *testing.T, l *lobby) {
		for _, tt := range []struct{ query, field, want string }{
			{"", "-", "/home/"},
			{"", "/who/?a=1&b=2", "/who/?a=1&b=2"},
			{"/who/", "-", "/who/"},
			{"/who/", "/other/", "/other/"},
			{"/who/", "", ""},
			{"", "/größe/ x\n", "/gr%C3%B6%C3%9Fe/%20x"},
			{"", "/a\r\nSet-Cookie: a=b", "/a%0D%0ASet-Cookie:%20a=b"},
			{"", "http://example.com/x", "http://example.com/x"},
			{"", "http://evil.example/", ""},
			{"http://evil.example/", "-", ""},
			{"", "//evil.example", ""},
			{"", `/\evil.example`, ""},
			{"", `http://evil.example\@example.com/`, ""},
			{"", "javascript:alert(1)", ""},
			{"", "http:///evil.example", ""},
			{"", "\t//evil.example", ""},
		} {
			for path, otherwise := range map[string]string{"login": "/home/", "logout": "/bye/"} {
				pairs := []string{"username", "alice", "password", " alice-Pass "}
				if tt.field != "-" {
					pairs = append(pairs, "next", tt.field)
				}
				want := tt.want
				if want == "" || want == "/home/" {
					want = otherwise
				}
				w := l.visit("POST", "/api-auth/"+path+"/?next="+url.QueryEscape(tt.query), ownJar, formType, loginBody(pairs...))
				if got := w.Header().Get("Location"); w.Code != 302 || got != want {
					t.Errorf("%s, query %q, field %q: %d to %q, want %q", path, tt.query, tt.field, w.Code, got, want)
				}
			}
			page := l.visit("GET", "/api-auth/login/?next="+url.QueryEscape(tt.field), "", "", "").Body.String()
			if tt.want == "" && tt.field != "-" && hiddenFields(page)["next"] != "" {
				t.Errorf("the page offers %q", hiddenFields(page)["next"])
			}
		}
		secure := l.visit("POST", "https://example.com/api-auth/login/", ownJar, formType, loginBody("next", "http://example.com/x"), "Origin: https://example.com")
		if secure.Code != 200 || hiddenFields(secure.Body.String())["next"] != "" {
			t.Errorf("over https, to http: %d %s", secure.Code, hiddenFields(secure.Body.String())["next"])
		}
	})
}

func TestLoginEscapes(t *testing.T) {
	eachLobby(t, rest.LoginOptions{Title: "Shop & <more>"}, func(t *testing.T, l *lobby) {
		const name = `"><script>alert(1)</script>`
		w := l.visit("POST", "/api-auth/login/", ownJar, formType, loginBody("username", name, "password", "x", "next", `/"><script>`))
		if w.Code != 200 || strings.Contains(w.Body.String(), "<script") || !strings.Contains(w.Body.String(), "<h1>Shop &amp; &lt;more&gt;</h1>") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func TestLoginMethods(t *testing.T) {
	eachLobby(t, rest.LoginOptions{}, func(t *testing.T, l *lobby) {
		for _, tt := range []struct {
			line   string
			status int
			allow  string
		}{
			{"GET /api-auth/logout/", 405, "POST, OPTIONS"},
			{"HEAD /api-auth/logout/", 405, "POST, OPTIONS"},
			{"PUT /api-auth/login/", 405, "GET, POST, HEAD, OPTIONS"},
			{"DELETE /api-auth/logout/", 405, "POST, OPTIONS"},
			{"HEAD /api-auth/login/", 200, "GET, POST, HEAD, OPTIONS"},
			{"OPTIONS /api-auth/login/", 200, "GET, POST, HEAD, OPTIONS"},
			{"GET /api-auth/login", 301, ""},
			{"GET /api-auth/login/?format=json", 200, "GET, POST, HEAD, OPTIONS"},
		} {
			method, target, _ := strings.Cut(tt.line, " ")
			w := l.visit(method, target, "", "", "")
			if w.Code != tt.status || w.Header().Get("Allow") != tt.allow {
				t.Errorf("%s: %d, Allow %q", tt.line, w.Code, w.Header().Get("Allow"))
			}
			if method == "HEAD" && w.Body.Len() > 0 {
				t.Errorf("%s has a body", tt.line)
			}
		}
		unable := l.visit("POST", "/api-auth/login/", ownJar, "text/plain", "x", "X-CSRFToken: "+csrfSecret)
		if unable.Code != 415 {
			t.Errorf("a body of another type: %d", unable.Code)
		}
	})
}
