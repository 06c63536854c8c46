package conformance_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestNewPasswordEndsTokensAndSessions: but for the session that asked for it.
func TestNewPasswordEndsTokensAndSessions(t *testing.T) {
	const next = "Another-Word-5"
	for name, change := range map[string]struct {
		line, body string
		byAdmin    bool
	}{
		"own password":        {"POST /api/users/set-password/", object("old_password", "alice-Pass-4", "new_password", next), false},
		"own account":         {"PATCH /api/users/me/", object("password", next), false},
		"own account by id":   {"PATCH /api/users/4/", object("password", next), false},
		"account of another":  {"PATCH /api/users/4/", object("password", next), true},
		"same password again": {"POST /api/users/set-password/", object("old_password", "alice-Pass-4", "new_password", "alice-Pass-4"), false},
	} {
		t.Run(name, func(t *testing.T) {
			eachShop(t, func(t *testing.T, s *shop) {
				_, refresh := s.login(t, "alice", "alice-Pass-4")
				own, token := s.sessionOf(t, "alice", "alice-Pass-4")
				other, _ := s.sessionOf(t, "alice", "alice-Pass-4")
				by, stays := own, "alice"
				if change.byAdmin {
					by, token = s.sessionOf(t, "admin", "admin-Pass-1")
					stays, other = "admin", own
				}
				w := s.call(change.line, change.body, by, "X-CSRFToken: "+token)
				if w.Code >= http.StatusMultipleChoices {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				if r := s.call("POST /api/token/refresh/", object("refresh", refresh)); r.Code != http.StatusUnauthorized {
					t.Errorf("the refresh token from before: %d %s", r.Code, r.Body)
				}
				if who, status := s.username(t, other); status != http.StatusUnauthorized {
					t.Errorf("another session from before: %q, %d", who, status)
				}
				if who, status := s.username(t, jar(w, by)); who != stays {
					t.Errorf("the session that asked: %q, %d, want %s", who, status, stays)
				}
				if who, _ := s.username(t, by); !change.byAdmin && who != "" {
					t.Error("the session that asked kept its key")
				}
			})
		})
	}
}

// TestRefusedChangesEndNothing: neither refused passwords nor changes of something else touch tokens and sessions.
func TestRefusedChangesEndNothing(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		_, refresh := s.login(t, "alice", "alice-Pass-4")
		cookies, token := s.sessionOf(t, "alice", "alice-Pass-4")
		for _, tt := range []struct {
			line, body string
			status     int
		}{
			{"POST /api/users/set-password/", object("old_password", "x", "new_password", "Another-Word-5"), 400},
			{"POST /api/users/set-password/", object("old_password", "alice-Pass-4", "new_password", "alice"), 400},
			{"PATCH /api/users/me/", object("password", "12345"), 400},
			{"PATCH /api/users/me/", object("first_name", "A."), 200},
		} {
			if w := s.call(tt.line, tt.body, cookies, "X-CSRFToken: "+token); w.Code != tt.status {
				t.Errorf("%s %s: %d %s", tt.line, tt.body, w.Code, w.Body)
			}
		}
		if who, status := s.username(t, cookies); who != "alice" {
			t.Errorf("the session: %q, %d", who, status)
		}
		if w := s.call("POST /api/token/refresh/", object("refresh", refresh)); w.Code != http.StatusOK {
			t.Errorf("the refresh token: %d %s", w.Code, w.Body)
		}
	})
}

// TestLoginInput: whatever is sent as username and password, the answer is a refusal.
func TestLoginInput(t *testing.T) {
	bodies := map[string]string{
		"null characters": `{"username":"alice\u0000","password":"alice-Pass-4\u0000"}`, "half a character": `{"username":"alice\ud800","password":"\udfff"}`,
		"1 MB": object("username", "alice", "password", strings.Repeat("x", 1<<20)), "long name": object("username", strings.Repeat("a", 1<<16), "password", "x"),
		"lists": `{"username":["alice"],"password":["alice-Pass-4"]}`, "objects": `{"username":{"$ne":null},"password":{"$gt":""}}`,
		"numbers": `{"username":4,"password":1e400}`, "null": `{"username":null,"password":null}`, "true": `{"username":true,"password":true}`,
		"look-alike": object("username", "аlice", "password", "alice-Pass-4"), "other case": object("username", "Alice", "password", "alice-Pass-4"),
		"SQL": object("username", "alice' OR '1'='1' --", "password", "' OR 1=1 --"), "wildcard": object("username", "al%", "password", "alice-Pass-4"),
		"hash as password": object("username", "alice", "password", "pbkdf2_sha256$1000000$saltalice0000004$mtW0FRPbhYhPeo4+HIZPdnHHK7bDr40frSeqUw+Q4yU="),
		"nothing":          ``, "array": `[]`, "text": `"alice"`, "deep": strings.Repeat("[", 100000), "not JSON": `{"username":`,
		"unusable": object("username", "erin", "password", "!unusablexxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
		"inactive": object("username", "carol", "password", "carol-Pass-6"),
	}
	eachShop(t, func(t *testing.T, s *shop) {
		page := s.call("GET /api-auth/login/", "", "Accept: application/json")
		cookies, token := jar(page, ""), text(t, page, "csrftoken")
		for name, body := range bodies {
			for _, path := range []string{"/api/token/", "/api-auth/login/"} {
				w := s.call("POST "+path, body, cookies, "X-CSRFToken: "+token, "Content-Type: application/json")
				checkAnswer(t, path+" "+name, w)
				if w.Code != http.StatusBadRequest && w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("%s %s: %d %.200s", path, name, w.Code, w.Body)
				}
			}
		}
	}, "QUINTET_LOGIN_RATE=off")
}

// TestUnknownNamesAnswerAlike: nobody learns from an answer which accounts there are.
func TestUnknownNamesAnswerAlike(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		page := s.call("GET /api-auth/login/", "", "Accept: application/json")
		cookies, token := jar(page, ""), text(t, page, "csrftoken")
		for _, path := range []string{"/api/token/", "/api-auth/login/"} {
			var first string
			for _, body := range []string{
				object("username", "alice", "password", "x"), object("username", "nobody", "password", "x"),
				object("username", "carol", "password", "carol-Pass-6"), object("username", "erin", "password", "x"),
			} {
				w := s.call("POST "+path, body, cookies, "X-CSRFToken: "+token)
				w.Header().Del("X-Request-Id")
				answer := http.StatusText(w.Code) + w.Body.String() + strings.Join(headerLines(w.Header()), "\n")
				if first == "" {
					first = answer
				}
				if answer != first {
					t.Errorf("%s %s: %s\nwant %s", path, body, answer, first)
				}
			}
		}
	})
}

// TestLoginRate: who guesses is stopped, wherever and whoever it says it is.
func TestLoginRate(t *testing.T) {
	for _, path := range []string{"/api/token/", "/api-auth/login/"} {
		t.Run(path, func(t *testing.T) {
			eachShop(t, func(t *testing.T, s *shop) {
				page := s.call("GET /api-auth/login/", "", "Accept: application/json")
				cookies, token := jar(page, ""), text(t, page, "csrftoken")
				guess := func(name, password, from string, headers ...string) int {
					w := s.call("POST "+path, object("username", name, "password", password),
						append(headers, cookies, "X-CSRFToken: "+token, "From: "+from)...)
					if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
						t.Errorf("429 without Retry-After: %v", w.Header())
					}
					return w.Code
				}
				for i := range 30 {
					status := guess("nobody", "x", "192.0.2.1:5000", "X-Forwarded-For: 198.51.100."+string(rune('0'+i%10)), "X-Real-IP: 198.51.100.7", "Forwarded: for=198.51.100.8")
					if limited := status == http.StatusTooManyRequests; limited != (i >= 10) {
						t.Fatalf("guess %d: %d", i+1, status)
					}
				}
				if status := guess("alice", "alice-Pass-4", "192.0.2.1:5000"); status != http.StatusOK {
					t.Errorf("another user at that address: %d", status)
				}
				if status := guess("nobody", "x", "192.0.2.9:5000"); status == http.StatusTooManyRequests {
					t.Error("another address is limited too")
				}
			})
		})
	}
}
