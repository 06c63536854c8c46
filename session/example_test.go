package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/quintet-go/quintet/session"
)

// A handler loads the session of the cookie, works with it and commits it before it answers.
func ExampleStore() {
	handler := func(sessions *session.Store) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			key, sent := "", false
			if c, err := r.Cookie(sessions.Name()); err == nil {
				key, sent = c.Value, true
			}
			s, err := sessions.Load(r.Context(), key)
			if err != nil {
				http.Error(w, "try later", http.StatusServiceUnavailable)
				return
			}
			s.Set("seen", true)
			cookie, err := sessions.Commit(context.WithoutCancel(r.Context()), s, sent)
			if err != nil {
				http.Error(w, "try later", http.StatusServiceUnavailable)
				return
			}
			if cookie != nil {
				http.SetCookie(w, cookie)
			}
		}
	}
	_ = handler
}

func ExampleCSRF() {
	csrf := session.CSRF{TrustedOrigins: []string{"https://*.example.org"}}
	r := httptest.NewRequest(http.MethodPost, "https://shop.example.com/orders/", nil)
	r.AddCookie(&http.Cookie{Name: "csrftoken", Value: "abcdefghijklmnopqrstuvwxyzABCDEF"})

	r.Header.Set("Origin", "https://evil.example")
	fmt.Println(csrf.Check(csrf.Attempt(r)))

	r.Header.Set("Origin", "https://app.example.org")
	fmt.Println(csrf.Check(csrf.Attempt(r)))

	r.Header.Set("X-CSRFToken", "abcdefghijklmnopqrstuvwxyzABCDEF")
	fmt.Printf("%q\n", csrf.Check(csrf.Attempt(r)))
	// Output:
	// Origin checking failed - https://evil.example does not match any trusted origins.
	// CSRF token missing.
	// ""
}
