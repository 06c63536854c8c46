package testserver_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestShop starts the application of the recordings on both databases: it knows the fixture, its accounts and its hosts,
// and forgets by a reset what was changed.
func TestShop(t *testing.T) {
	for name, url := range map[string]string{"own SQLite file": "", "PostgreSQL": ormtest.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			s, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: url})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			before := fetch(t, s.URL+"/api/tags/", "testserver", 200)
			if !strings.HasPrefix(before, `[{"id":`) {
				t.Errorf("tags: %.100s", before)
			}
			fetch(t, s.URL+"/api/tags/", "evil.example", 400)
			token := fetch(t, s.URL+"/api/token/", "testserver", 200, `{"username":"admin","password":"admin-Pass-1"}`)
			_, rest, _ := strings.Cut(token, `"access":"`)
			access, _, _ := strings.Cut(rest, `"`)
			fetch(t, s.URL+"/api/tags/", "testserver", 201, `{"name":"made by a test"}`, "Bearer "+access)
			if after := fetch(t, s.URL+"/api/tags/", "testserver", 200); after == before {
				t.Error("the tag is not there")
			}
			if err := s.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			if after := fetch(t, s.URL+"/api/tags/", "testserver", 200); after != before {
				t.Errorf("after the reset: %.200s", after)
			}
		})
	}
}

// fetch sends a request, a POST when there is a body, optionally with an Authorization header.
func fetch(t *testing.T, url, host string, status int, more ...string) string {
	t.Helper()
	method, body := http.MethodGet, ""
	if len(more) > 0 {
		method, body = http.MethodPost, more[0]
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", "application/json")
	if len(more) > 1 {
		r.Header.Set("Authorization", more[1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Fatalf("%s %s of %s: %d %s, want %d", method, url, host, response.StatusCode, text, status)
	}
	return string(text)
}
