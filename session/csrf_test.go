package session_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/session"
)

// recordedCSRF holds what the reference said to requests.
type recordedCSRF struct {
	Secret, Masked string
	Trusted        []string
	Cases          []struct {
		Method, Host, Form, Reason, Domain string
		Secure                             bool
		Origin, Referer, Cookie, Header    *string
	}
}

func load(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

func TestCheckAnswersAsRecorded(t *testing.T) {
	var recorded recordedCSRF
	load(t, "csrf.json", &recorded)
	for _, c := range recorded.Cases {
		csrf := session.CSRF{TrustedOrigins: recorded.Trusted, CookieDomain: c.Domain}
		host := c.Host
		if strings.HasPrefix(host, "evil") {
			host = "" // refused before
		}
		got := csrf.Check(session.Attempt{
			Method: c.Method, Host: host, Secure: c.Secure, Origin: c.Origin, Referer: c.Referer,
			Cookie: c.Cookie, FormToken: c.Form, HeaderToken: c.Header,
		})
		if got != c.Reason {
			text, _ := json.Marshal(c)
			t.Errorf("%s\n got %q\nwant %q", text, got, c.Reason)
		}
	}
}

func TestTokenOfSecret(t *testing.T) {
	secret := "abcdefghijklmnopqrstuvwxyzABCDEF"
	state := session.CSRF{}.Secret(&secret)
	if c := state.Cookie(); c != nil {
		t.Errorf("a good cookie is sent again: %v", c)
	}
	a, b := state.Token(), state.Token()
	if len(a) != 64 || a == b {
		t.Errorf("tokens %q and %q: want 64 characters, different each time", a, b)
	}
	attempt := session.Attempt{Method: http.MethodPost, Cookie: &secret, HeaderToken: &a}
	if reason := (session.CSRF{}).Check(attempt); reason != "" {
		t.Errorf("the own token is refused: %s", reason)
	}
	want := "csrftoken=" + secret + "; Path=/; Max-Age=31449600; SameSite=Lax"
	if got := state.Cookie().String(); got != want {
		t.Errorf("cookie %q, want %q", got, want)
	}
}

func TestSecretOfCookies(t *testing.T) {
	var recorded recordedCSRF
	load(t, "csrf.json", &recorded)
	broken := "short"
	none, masked, bad := session.CSRF{}.Secret(nil), session.CSRF{}.Secret(&recorded.Masked), session.CSRF{}.Secret(&broken)
	if none.Cookie() != nil || masked.Cookie() != nil {
		t.Error("a cookie is sent although nothing was asked")
	}
	if c := bad.Cookie(); c == nil || len(c.Value) != 32 {
		t.Errorf("a malformed cookie is not replaced: %v", c)
	}
	masked.Token()
	if got := masked.Cookie().Value; got != recorded.Secret {
		t.Errorf("the masked cookie is sent as %q, want the secret %q", got, recorded.Secret)
	}
	none.Token()
	first := none.Cookie().Value
	none.Rotate()
	if second := none.Cookie().Value; len(first) != 32 || first == second {
		t.Errorf("secrets %q, %q: want 32 characters, another one after Rotate", first, second)
	}
}

func TestAttemptOfRequest(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "https://testserver/", nil)
	if a := (session.CSRF{}).Attempt(r); a.Origin != nil || a.Referer != nil || a.Cookie != nil || a.HeaderToken != nil || !a.Secure {
		t.Errorf("Attempt of a bare request: %+v", a)
	}
	r.Header.Set("Origin", "")
	r.Header.Set("X-CSRFToken", "t")
	r.AddCookie(&http.Cookie{Name: "csrftoken", Value: "c"})
	a := session.CSRF{}.Attempt(r)
	if a.Origin == nil || *a.Origin != "" || *a.HeaderToken != "t" || *a.Cookie != "c" || a.Host != "testserver" || a.Method != "POST" {
		t.Errorf("Attempt = %+v", a)
	}
}

// TestTokensVerify: a token is good for its secret, in whatever form the cookie holds it, and for no other; none of its
// characters may change.
func TestTokensVerify(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("abcxyzABCXYZ0189")), 32, 32, -1)
	check := func(cookie, token string) string {
		return session.CSRF{}.Check(session.Attempt{Method: http.MethodPut, Cookie: &cookie, HeaderToken: &token})
	}
	rapid.Check(t, func(t *rapid.T) {
		secret, other := letters.Draw(t, "secret"), letters.Draw(t, "other")
		token := session.CSRF{}.Secret(&secret).Token()
		masked := session.CSRF{}.Secret(&secret).Token()
		for _, cookie := range []string{secret, masked} {
			if reason := check(cookie, token); reason != "" {
				t.Fatalf("cookie %q, token %q: %s", cookie, token, reason)
			}
		}
		if reason := check(other, token); (reason == "") != (other == secret) {
			t.Fatalf("cookie %q, token of %q: %q", other, secret, reason)
		}
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		changed := token[:at] + letters.Draw(t, "letters")[:1] + token[at+1:]
		if reason := check(secret, changed); (reason == "") != (changed == token) {
			t.Fatalf("token %q for %q: %q", changed, token, reason)
		}
	})
}

func TestAttemptJoinsRepeatedHeaders(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://testserver/", nil)
	for _, value := range []string{"https://a.example", "http://testserver"} {
		r.Header.Add("Origin", value)
		r.Header.Add("X-CSRFToken", value)
	}
	r.Header.Set("Cookie", "a=1; csrftoken=first; csrftoken=second")
	a := session.CSRF{}.Attempt(r)
	if *a.Origin != "https://a.example,http://testserver" || *a.HeaderToken != *a.Origin || *a.Cookie != "second" || a.Secure {
		t.Errorf("Attempt = %q, %q, %q", *a.Origin, *a.HeaderToken, *a.Cookie)
	}
	if reason := (session.CSRF{}).Check(a); reason != "Origin checking failed - https://a.example,http://testserver does not match any trusted origins." {
		t.Errorf("two origins: %q", reason)
	}
}

// TestCookie: cookies are read as by Django's parse_cookie.
func TestCookie(t *testing.T) {
	for _, c := range []struct {
		headers []string
		want    string // "-" for none
	}{
		{nil, "-"},
		{[]string{"b=1"}, "-"},
		{[]string{"A=1"}, "-"},
		{[]string{"a"}, "-"},
		{[]string{"a="}, ""},
		{[]string{"b=1;a=2"}, "2"},
		{[]string{"a=1; a=2"}, "2"},
		{[]string{"a=1", "b=2"}, "1"},
		{[]string{"a=1; b=2", "a=3"}, "3"},
		{[]string{" a = x y ,é\\ "}, "x y ,é\\"},
		{[]string{"a=x=y"}, "x=y"},
		{[]string{`a="x y"`}, "x y"},
		{[]string{`a="\"x\\ \054\351\9\""`}, `"x\ ,é9"`},
		{[]string{`a="\477\"`}, `477\`},
		{[]string{`a="x`}, `"x`},
		{[]string{`a="`}, `"`},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = c.headers
		got, ok := session.Cookie(r, "a")
		if !ok {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.headers, got, c.want)
		}
	}
}

func TestCSRFCookieSettings(t *testing.T) {
	csrf := session.CSRF{CookieName: "shopcsrf", CookieDomain: "shop.example", Secure: true}
	state := csrf.Secret(nil)
	state.Rotate()
	c := state.Cookie()
	if c.Name != "shopcsrf" || c.Domain != "shop.example" || !c.Secure || c.HttpOnly || c.SameSite != http.SameSiteLaxMode || len(c.Value) != 32 {
		t.Errorf("cookie %v", c)
	}
	r := httptest.NewRequest(http.MethodPost, "http://shop.example/", nil)
	r.AddCookie(&http.Cookie{Name: "csrftoken", Value: "not mine"})
	if a := csrf.Attempt(r); a.Cookie != nil {
		t.Errorf("a cookie of another name was taken: %q", *a.Cookie)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("POST", "testserver", "https://testserver", "abcdefghijklmnopqrstuvwxyzABCDEF")
	f.Add("PUT", "", "https://[x", strings.Repeat("é", 64))
	f.Fuzz(func(t *testing.T, method, host, place, token string) {
		csrf := session.CSRF{TrustedOrigins: []string{"https://*.a.example"}}
		for _, secure := range []bool{true, false} {
			csrf.Check(session.Attempt{Method: method, Host: host, Secure: secure, Referer: &place, Cookie: &token, HeaderToken: &token})
			csrf.Check(session.Attempt{Method: method, Host: host, Secure: secure, Origin: &place, Cookie: &token, FormToken: token})
		}
		csrf.Secret(&token).Token()
	})
}
