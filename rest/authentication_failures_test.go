package rest_test

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// TestDatabaseAwayIsNoRefusal: who cannot be looked up is told to come back, not that the credentials are wrong.
func TestDatabaseAwayIsNoRefusal(t *testing.T) {
	eachDoors(t, func(t *testing.T, d *doors) {
		cookie := d.signedIn(t)
		d.db.Close()
		for path, header := range map[string][]string{
			"/basic/":   {"Authorization", "Basic YWxpY2U6eA=="},
			"/token/":   {"Authorization", "Token 0123456789012345678901234567890123456789"},
			"/session/": {"Cookie", cookie},
		} {
			w := d.ask("GET", path, "", header...)
			if w.Code < 500 || w.Header().Get("WWW-Authenticate") != "" || strings.Contains(w.Body.String(), "database") || len(w.Result().Cookies()) != 0 {
				t.Errorf("%s: %d %s, headers %v", path, w.Code, w.Body, w.Header())
			}
		}
		if w := d.ask("GET", "/session/", ""); w.Code != 200 { // who sends nothing needs no database
			t.Errorf("nobody: %d %s", w.Code, w.Body)
		}
	})
}

// TestAuthorizationHeadersThatAreOdd: bytes, blanks and spellings of the header, for passwords and for tokens.
func TestAuthorizationHeadersThatAreOdd(t *testing.T) {
	const nobody = `{"user":"","token":false}`
	eachDoors(t, func(t *testing.T, d *doors) {
		for _, c := range []struct {
			path, header string
			status       int
			want         string
		}{
			{"/token/", "Token \xff\xfe", 401, `{"detail":"Invalid token header. Token string should not contain invalid characters."}`},
			{"/token/", "Token é", 401, `{"detail":"Invalid token."}`},
			{"/token/", "Token \x00", 401, `{"detail":"Invalid token."}`},
			{"/token/", "Token", 401, `{"detail":"Invalid token header. No credentials provided."}`},
			{"/token/", "TOKEN a b", 401, `{"detail":"Invalid token header. Token string should not contain spaces."}`},
			{"/token/", "Tokena", 200, nobody},
			{"/token/", "Bearer a", 200, nobody},
			{"/token/", " ", 200, nobody},
			{"/token/", "Token " + strings.Repeat("a", 100_000), 401, `{"detail":"Invalid token."}`},
			{"/key/", "Token a", 200, nobody},
			{"/key/", "key a", 401, `{"detail":"Invalid token."}`},
			{"/basic/", "Basic", 401, `{"detail":"Invalid basic header. No credentials provided."}`},
			{"/basic/", "basic a b", 401, `{"detail":"Invalid basic header. Credentials string should not contain spaces."}`},
			{"/basic/", "Basic *", 401, `{"detail":"Invalid basic header. Credentials not correctly base64 encoded."}`},
			{"/basic/", "Basic YWxpY2U", 401, `{"detail":"Invalid basic header. Credentials not correctly base64 encoded."}`},
			{"/basic/", "Basic YWxpY2U=", 401, `{"detail":"Invalid basic header. Credentials not correctly base64 encoded."}`}, // no colon
			{"/basic/", "Basic Og==", 401, `{"detail":"Invalid username/password."}`},
			{"/basic/", "Basic AAA6AAA=", 401, `{"detail":"Invalid username/password."}`},
			{"/basic/", "Digest username=alice", 200, nobody},
		} {
			r := httptest.NewRequest("GET", c.path, nil)
			r.Header["Authorization"] = []string{c.header}
			w := httptest.NewRecorder()
			d.ServeHTTP(w, r)
			if got := w.Body.String(); w.Code != c.status || got != c.want {
				t.Errorf("%s %.40q: %d %s, want %d %s", c.path, c.header, w.Code, got, c.status, c.want)
			}
			if w.Code == 401 && w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%s %.40q: no challenge", c.path, c.header)
			}
		}
	})
}
