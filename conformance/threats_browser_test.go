package conformance_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// headerLines are the lines of a header in order, without what differs from answer to answer.
func headerLines(h http.Header) []string {
	var lines []string
	for name, values := range h {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	return lines
}

// TestForeignSitesCannotWrite: what a page elsewhere can make a browser send, with the cookies of who is logged in.
func TestForeignSitesCannotWrite(t *testing.T) {
	const (
		formType = "Content-Type: application/x-www-form-urlencoded"
		change   = "first_name=Mallory"
		asJSON   = `{"first_name":"Mallory"}`
	)
	eachShop(t, func(t *testing.T, s *shop) {
		cookies, token := s.sessionOf(t, "alice", "alice-Pass-4")
		for name, tt := range map[string]struct {
			line, body string
			headers    []string
			statuses   []int
		}{
			"form":                     {"PATCH /api/users/me/", change, []string{formType}, []int{403}},
			"form by POST":             {"POST /api/users/set-password/", "old_password=alice-Pass-4&new_password=Mallory-Pass-1", []string{formType}, []int{403}},
			"multipart":                {"PATCH /api/users/me/", "--b\r\nContent-Disposition: form-data; name=\"first_name\"\r\n\r\nM\r\n--b--\r\n", []string{"Content-Type: multipart/form-data; boundary=b"}, []int{403}},
			"plain text":               {"PATCH /api/users/me/", asJSON, []string{"Content-Type: text/plain"}, []int{403}},
			"JSON":                     {"PATCH /api/users/me/", asJSON, nil, []int{403}},
			"no type":                  {"PATCH /api/users/me/", asJSON, []string{"Content-Type: "}, []int{403}},
			"guessed token":            {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + strings.Repeat("a", 64)}, []int{403}},
			"empty token":              {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: "}, []int{403}},
			"token in the address":     {"PATCH /api/users/me/?csrfmiddlewaretoken=" + token, asJSON, nil, []int{403}},
			"token in JSON":            {"PATCH /api/users/me/", `{"csrfmiddlewaretoken":"` + token + `"}`, nil, []int{403}},
			"foreign origin":           {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: https://evil.example"}, []int{403}},
			"origin null":              {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: null"}, []int{403}},
			"origin like ours":         {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: http://testserver.evil.example"}, []int{403}},
			"other port":               {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: http://testserver:81"}, []int{403}},
			"other scheme":             {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: https://testserver"}, []int{403}},
			"below a trusted one":      {"PATCH /api/users/me/", asJSON, []string{"X-CSRFToken: " + token, "Origin: https://x.app.example"}, []int{403}},
			"method override":          {"POST /api/users/me/", change + "&_method=PATCH", []string{formType, "X-HTTP-Method-Override: PATCH"}, []int{403, 405}},
			"deletion":                 {"DELETE /api/users/4/", "", nil, []int{403}},
			"DELETE by GET":            {"GET /api/users/4/?_method=DELETE", "", []string{"X-HTTP-Method-Override: DELETE"}, []int{200}},
			"login":                    {"POST /api-auth/login/", "username=bob&password=bob-Pass-55", []string{formType}, []int{403}},
			"logout":                   {"POST /api-auth/logout/", "", []string{formType}, []int{403}},
			"logout by GET":            {"GET /api-auth/logout/", "", nil, []int{405}},
			"own origin":               {"PATCH /api/users/me/", `{"last_name":"A"}`, []string{"X-CSRFToken: " + token, "Origin: http://testserver"}, []int{200}},
			"trusted origin":           {"PATCH /api/users/me/", `{"last_name":"A"}`, []string{"X-CSRFToken: " + token, "Origin: https://app.example"}, []int{200}},
			"below a trusted wildcard": {"PATCH /api/users/me/", `{"last_name":"A"}`, []string{"X-CSRFToken: " + token, "Origin: https://x.apps.example"}, []int{200}},
		} {
			w := s.call(tt.line, tt.body, append(tt.headers, cookies)...)
			checkAnswer(t, name, w)
			if !slices.Contains(tt.statuses, w.Code) {
				t.Errorf("%s: %d %s, want %v", name, w.Code, w.Body, tt.statuses)
			}
		}
		w := s.call("GET /api/users/me/", "", cookies)
		if text(t, w, "first_name") == "Mallory" || text(t, w, "last_name") != "A" {
			t.Errorf("afterwards: %d %s", w.Code, w.Body)
		}
	}, "QUINTET_TRUSTED_ORIGINS=https://app.example,https://*.apps.example")
}

// TestRefererOverHTTPS: without an Origin, a request over TLS must say that it comes from here.
func TestRefererOverHTTPS(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		cookies, token := s.sessionOf(t, "alice", "alice-Pass-4")
		for referer, status := range map[string]int{
			"https://testserver/page": 200, "": 403, "http://testserver/page": 403, "https://evil.example/": 403,
			"https://testserver.evil.example/": 403, "https://testserver@evil.example/": 403, "nonsense": 403,
		} {
			headers := []string{cookies, "X-CSRFToken: " + token, "From: 10.0.0.1:9", "X-Forwarded-Proto: https"}
			if referer != "" {
				headers = append(headers, "Referer: "+referer)
			}
			if w := s.call("PATCH /api/users/me/", `{"last_name":"A"}`, headers...); w.Code != status {
				t.Errorf("Referer %q: %d %s, want %d", referer, w.Code, w.Body, status)
			}
		}
	}, "QUINTET_TRUSTED_PROXIES=10.0.0.1")
}

// TestSessionCookies: what scripts and networks may see, and that made-up keys are nobody's.
func TestSessionCookies(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		page := s.call("GET /api-auth/login/", "", "Accept: application/json")
		w := s.call("POST /api-auth/login/", object("username", "alice", "password", "alice-Pass-4"), jar(page, ""), "X-CSRFToken: "+text(t, page, "csrftoken"))
		for _, c := range w.Result().Cookies() {
			if !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.HttpOnly != (c.Name == "sessionid") {
				t.Errorf("cookie %v", c)
			}
		}
		cookies := jar(w, jar(page, ""))
		if who, _ := s.username(t, cookies); who != "alice" {
			t.Fatal("alice is not logged in")
		}
		for _, key := range []string{
			"", "x", strings.Repeat("a", 32), strings.Repeat("a", 4000), "' OR 1=1 --", "../../etc/passwd", "%00", "a\x80b", "{}", "null", "alicesession0000000000000000000%",
		} {
			made := s.call("GET /api/users/me/", "", "Cookie: sessionid="+key)
			checkAnswer(t, key, made)
			if made.Code != http.StatusUnauthorized {
				t.Errorf("key %q: %d %s", key, made.Code, made.Body)
			}
		}
		out := s.call("POST /api-auth/logout/", "", cookies, "Accept: application/json", "X-CSRFToken: "+text(t, w, "csrftoken"))
		if who, status := s.username(t, cookies); out.Code != http.StatusNoContent || status != http.StatusUnauthorized {
			t.Errorf("after logout (%d): %q, %d", out.Code, who, status)
		}
	}, "QUINTET_SECURE_COOKIES=true")
}

// TestCORSOnTheAPI: only listed origins may read answers, errors included.
func TestCORSOnTheAPI(t *testing.T) {
	foreign := []string{
		"null", "https://evil.example", "https://app.example.evil.example", "https://evilapp.example", "http://app.example",
		"https://app.example:8443", "https://x.app.example", "https://app.example/", "https://APP.example.", "file://", "https://app.example@evil.example",
	}
	lines := []string{"GET /api/products/", "GET /api/users/me/", "GET /api/nowhere/", "OPTIONS /api/products/", "POST /api-auth/login/"}
	eachShop(t, func(t *testing.T, s *shop) {
		for _, line := range lines {
			for _, origin := range foreign {
				w := s.call(line, "", "Origin: "+origin, "Access-Control-Request-Method: GET")
				checkAnswer(t, line+" from "+origin, w)
				for name := range w.Header() {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s from %s: %s", line, origin, name)
					}
				}
				if !strings.Contains(w.Header().Get("Vary"), "Origin") {
					t.Errorf("%s from %s: Vary %q", line, origin, w.Header().Get("Vary"))
				}
			}
			w := s.call(line, "", "Origin: https://app.example")
			if h := w.Header(); h.Get("Access-Control-Allow-Origin") != "https://app.example" || h.Get("Access-Control-Allow-Credentials") != "true" {
				t.Errorf("%s from a listed origin: %v", line, h)
			}
		}
	}, "QUINTET_CORS_ORIGINS=https://app.example", "QUINTET_CORS_CREDENTIALS=true")
	eachShop(t, func(t *testing.T, s *shop) {
		w := s.call("GET /api/products/", "", "Origin: https://app.example")
		if w.Header().Get("Access-Control-Allow-Origin") != "" || strings.Contains(w.Header().Get("Vary"), "Origin") {
			t.Errorf("CORS is on without being asked for: %v", w.Header())
		}
	})
}

// TestHeadersOfEveryAnswer: answers of every part of the server forbid framing and guessing types; HTML forbids scripts.
func TestHeadersOfEveryAnswer(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for _, tt := range []struct {
			line   string
			status int
		}{
			{"GET /api/", 200},
			{"GET /api/users/me/", 401},
			{"POST /api/products/", 401},
			{"GET /api/products/0/", 404},
			{"GET /nowhere/", 404},
			{"GET /media/nothing.png", 404},
			{"GET /api/products", 301},
			{"PUT /api-auth/logout/", 405},
			{"GET /api-auth/login/", 200},
			{"GET /healthz", 200},
			{"GET /readyz", 200},
		} {
			w := s.call(tt.line, "")
			checkAnswer(t, tt.line, w)
			if w.Code != tt.status {
				t.Errorf("%s: %d, want %d", tt.line, w.Code, tt.status)
			}
		}
		for _, host := range []string{"evil.example", "testserver.evil.example", "evil@testserver", "testserver/evil", "", "testserver:80:80"} {
			if w := s.call("GET /api/products/", "", "Host: "+host); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "evil") {
				t.Errorf("Host %q: %d %s", host, w.Code, w.Body)
			}
		}
	})
}

// TestRedirectsStayHere: the address with a slash that a client is sent to is always one of this server.
func TestRedirectsStayHere(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for _, path := range []string{
			"//evil.example", "//evil.example/..", "/%2fevil.example", "/%5cevil.example", "/%09/evil.example", "///evil.example/api/products",
			"//evil.example/api/products", "/api//evil.example", "/api/products?next=//evil.example", "/api/products%0d%0aSet-Cookie:a=b", "/.//evil.example",
			"/api-auth/login?next=//evil.example", "//evil.example/%2e%2e/api/products", "/api/products/..//evil.example",
		} {
			w := s.call("GET "+"http://testserver"+path, "")
			checkAnswer(t, path, w)
			location := w.Header().Get("Location")
			if location != "" && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.ContainsAny(location, "\r\n\\")) {
				t.Errorf("%s: %d to %q", path, w.Code, location)
			}
			if w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: a cookie %q", path, w.Header().Get("Set-Cookie"))
			}
		}
	})
}
