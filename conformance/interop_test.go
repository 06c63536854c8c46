package conformance_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/identity"
)

// interop reads a file that was written by Django.
func interop[T any](t *testing.T, name string) (value T) {
	t.Helper()
	data, err := fs.ReadFile(conformance.Files(), "interop/"+name)
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// account is a user of Django's database with the password that the hash there was made of.
type account struct{ Username, Password, Encoded string }

// accounts are those that have a password.
func accounts(t *testing.T) (list []account) {
	t.Helper()
	for _, a := range interop[[]account](t, "passwords.json") {
		if a.Username != "" && a.Password != "" {
			list = append(list, a)
		}
	}
	if len(list) < 6 {
		t.Fatalf("%d accounts", len(list))
	}
	return list
}

// TestDjangosDatabaseIsServed opens the databases that Django made, unchanged, and reads from them.
func TestDjangosDatabaseIsServed(t *testing.T) {
	eachShippedShop(t, func(t *testing.T, s *shop) {
		for path, count := range map[string]string{
			"/api/products/": `{"count":54,`, "/api/categories/": `{"count":`, "/api/tags/": `[{"id":`, "/api/reviews/": `{"next":`,
			"/readyz": `{"status": "ok"}`,
		} {
			if w := s.call("GET "+path, ""); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), count) {
				t.Errorf("%s: %d %.80s", path, w.Code, w.Body)
			}
		}
	})
}

// TestDjangosUsersLogIn: every kind of hash that Django left lets its user in, by token and by session, and is renewed.
func TestDjangosUsersLogIn(t *testing.T) {
	eachShippedShop(t, func(t *testing.T, s *shop) {
		for _, a := range accounts(t) {
			user, err := s.app.Users().ByUsername(t.Context(), a.Username)
			if err != nil || user.Password != a.Encoded {
				t.Fatalf("%s is not stored as recorded: %v", a.Username, err)
			}
			if !user.IsActive {
				w := s.call("POST /api/token/", object("username", a.Username, "password", a.Password))
				if w.Code != http.StatusUnauthorized {
					t.Errorf("%s, inactive: %d %s", a.Username, w.Code, w.Body)
				}
				continue
			}
			access, _ := s.login(t, a.Username, a.Password)
			if name, status := s.username(t, "Authorization: Bearer "+access); name != a.Username {
				t.Errorf("%s by token: %q, %d", a.Username, name, status)
			}
			cookies, _ := s.sessionOf(t, a.Username, a.Password)
			if name, status := s.username(t, cookies); name != a.Username {
				t.Errorf("%s by session: %q, %d", a.Username, name, status)
			}
			user, err = s.app.Users().ByUsername(t.Context(), a.Username)
			if err != nil || !strings.HasPrefix(user.Password, "pbkdf2_sha256$1000000$") || user.LastLogin == nil {
				t.Errorf("%s afterwards: %.24s, last login %v, %v", a.Username, user.Password, user.LastLogin, err)
			}
		}
		if w := s.call("POST /api/token/", object("username", "erin", "password", "!")); w.Code != http.StatusUnauthorized {
			t.Errorf("erin, who has no password: %d %s", w.Code, w.Body)
		}
	}, "QUINTET_LOGIN_RATE=off")
}

// sessionOf logs in as a browser does and returns its Cookie header and the token for writing.
func (s *shop) sessionOf(t *testing.T, username, password string) (cookies, token string) {
	t.Helper()
	w := s.call("GET /api-auth/login/", "", "Accept: application/json")
	cookies, token = jar(w, ""), text(t, w, "csrftoken")
	w = s.call("POST /api-auth/login/", object("username", username, "password", password), cookies, "X-CSRFToken: "+token)
	if w.Code != http.StatusOK || text(t, w, "user") != username {
		t.Fatalf("session of %s: %d %s", username, w.Code, w.Body)
	}
	return jar(w, cookies), text(t, w, "csrftoken")
}

type recordedToken struct {
	Token  string
	Claims map[string]any
	Valid  bool
}

// TestDjangosTokensAreAccepted: access tokens let in, refresh tokens are exchanged, those that simplejwt refuses are refused.
func TestDjangosTokensAreAccepted(t *testing.T) {
	tokens := interop[struct{ JWT map[string]recordedToken }](t, "tokens.json").JWT
	names := map[string]string{"1": "admin", "2": "editor", "3": "clerk", "4": "alice", "5": "bob", "7": "dave", "8": "erin"}
	eachShippedShop(t, func(t *testing.T, s *shop) {
		for name, token := range tokens {
			if token.Claims["token_type"] == "refresh" {
				s.checkRefresh(t, name, token)
				continue
			}
			who, status := s.username(t, "Authorization: Bearer "+token.Token)
			id, _ := token.Claims["user_id"].(string)
			if n, ok := token.Claims["user_id"].(float64); ok {
				id = string('0' + rune(n))
			}
			if want := names[id]; token.Valid && who != want || !token.Valid && status != http.StatusUnauthorized {
				t.Errorf("%s: %q, %d; valid %v, of %q", name, who, status, token.Valid, want)
			}
		}
	})
}

func (s *shop) checkRefresh(t *testing.T, name string, token recordedToken) {
	t.Helper()
	w := s.call("POST /api/token/refresh/", object("refresh", token.Token))
	if want := map[bool]int{true: http.StatusOK, false: http.StatusUnauthorized}[token.Valid]; w.Code != want {
		t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, want)
		return
	}
	if !token.Valid {
		return
	}
	if who, status := s.username(t, "Authorization: Bearer "+text(t, w, "access")); who == "" {
		t.Errorf("%s: the new access token is refused, %d", name, status)
	}
	if again := s.call("POST /api/token/refresh/", object("refresh", token.Token)); again.Code != http.StatusUnauthorized {
		t.Errorf("%s, used a second time: %d %s", name, again.Code, again.Body)
	}
}

type recordedSessions struct {
	CSRFCookie string `json:"csrf_cookie"`
	Sessions   map[string]struct{ SessionID string }
}

// TestDjangosSessionsGoOn: a browser that logged in to Django is logged in here.
func TestDjangosSessionsGoOn(t *testing.T) {
	recorded := interop[recordedSessions](t, "sessions.json")
	want := map[string]string{"admin": "admin", "alice": "alice", "carol": "", "expired": ""}
	eachShippedShop(t, func(t *testing.T, s *shop) {
		for name, session := range recorded.Sessions {
			cookies := "Cookie: sessionid=" + session.SessionID + "; csrftoken=" + recorded.CSRFCookie
			if who, status := s.username(t, cookies); who != want[name] || who == "" && status != http.StatusUnauthorized {
				t.Errorf("%s: %q, %d; want %q", name, who, status, want[name])
			}
		}
		cookies := "Cookie: sessionid=" + recorded.Sessions["alice"].SessionID + "; csrftoken=" + recorded.CSRFCookie
		const change = `{"first_name":"Alice"}`
		if w := s.call("PATCH /api/users/me/", change, cookies); w.Code != http.StatusForbidden {
			t.Errorf("writing without the CSRF token: %d %s", w.Code, w.Body)
		}
		if w := s.call("PATCH /api/users/me/", change, cookies, "X-CSRFToken: "+recorded.CSRFCookie); w.Code != http.StatusOK {
			t.Errorf("writing with it: %d %s", w.Code, w.Body)
		}
	})
}

// TestUsersWithALogAreDeleted: what Django's admin noted of a user goes with the user; its notes of a deleted content type stay.
func TestUsersWithALogAreDeleted(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		erin, err := s.app.Users().ByUsername(t.Context(), "erin")
		if err != nil {
			t.Fatal(err)
		}
		other, err := s.app.Users().ByUsername(t.Context(), "admin")
		if err != nil {
			t.Fatal(err)
		}
		types := []int64{13}
		for _, user := range []*identity.User{erin, erin, other} {
			entry := identity.LogEntry{
				UserID: user.ID, ActionTime: s.app.Now(), ContentTypeID: &types[0], ObjectRepr: "Product", ActionFlag: identity.Change,
			}
			if err := s.app.DB().Gorm.Create(&entry).Error; err != nil {
				t.Fatal(err)
			}
		}
		access, _ := s.login(t, "admin", "admin-Pass-1")
		w := s.call("DELETE /api/users/8/", "", "Authorization: Bearer "+access)
		if w.Code != http.StatusNoContent {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		var left []identity.LogEntry
		if err := s.app.DB().Gorm.Find(&left).Error; err != nil || len(left) != 1 || left[0].UserID != other.ID {
			t.Errorf("entries left: %+v, %v", left, err)
		}
	})
}
