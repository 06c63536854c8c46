package quintet_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const notFoundPage = "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n" +
	"  <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n"

const badRequestPage = "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Bad Request (400)</title>\n</head>\n<body>\n" +
	"  <h1>Bad Request (400)</h1><p></p>\n</body>\n</html>\n"

func TestAnswersOutsideOfTheAPI(t *testing.T) {
	h, _ := handler(t)
	tests := []struct {
		line   string
		header string
		status int
		kind   string
		body   string
	}{
		{"GET /nowhere", "", 404, "text/html; charset=utf-8", notFoundPage},
		{"POST /nowhere/", "", 404, "text/html; charset=utf-8", notFoundPage},
		{"GET /who", "Host: evil.example", 400, "text/html; charset=utf-8", badRequestPage},
		{"GET /panic", "", 500, "application/json", `{"detail":"A server error occurred."}`},
		{"GET /fail", "", 500, "application/json", `{"detail":"A server error occurred."}`},
		{"GET /slow?for=x", "", 400, "application/json", `{"detail":"for: not a duration"}`},
		{"DELETE /who", "", 405, "application/json", `{"detail":"Method Not Allowed"}`},
		{"GET /healthz", "", 200, "application/json", `{"status": "ok"}`},
		{"GET /readyz", "", 200, "application/json", `{"status": "ok"}`},
		{"GET /healthz", "Host: 10.0.0.7:8000", 200, "application/json", `{"status": "ok"}`},
		{"POST /readyz", "", 405, "application/json", `{"detail":"Method \"POST\" not allowed."}`},
	}
	for _, tt := range tests {
		t.Run(tt.line+" "+tt.header, func(t *testing.T) {
			w := ask(h, tt.line, strings.Split(tt.header, "\n")...)
			if w.Code != tt.status || w.Header().Get("Content-Type") != tt.kind {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Header().Get("Content-Type"), tt.status, tt.kind)
			}
			if diff := cmp.Diff(tt.body, w.Body.String()); diff != "" {
				t.Error(diff)
			}
			checkSecurityHeaders(t, w.Header())
		})
	}
}

func checkSecurityHeaders(t *testing.T, h http.Header) {
	t.Helper()
	want := map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin",
	}
	for name, value := range want {
		if h.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, h.Get(name), value)
		}
	}
}

func TestRequestID(t *testing.T) {
	h, _ := handler(t)
	made := regexp.MustCompile(`^[0-9a-f]{32}$`)
	tests := []struct {
		name, given string
		kept        bool
	}{
		{"none", "", false},
		{"uuid", "6ff0bd24-6f1e-4be1-a1bd-b8e2a7e4ac54", true},
		{"other words", "a_B.c-12", true},
		{"too short", "1234567", false},
		{"too long", strings.Repeat("x", 129), false},
		{"blank", "abcd efgh", false},
		{"line feed", "abcdefgh\nlevel=ERROR", false},
		{"escape", "abcdefgh\x1b[31m", false},
		{"quote", `abcdefgh"`, false},
		{"not ASCII", "abcdefghé", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ask(h, "GET /who", "X-Request-ID: "+tt.given).Header().Get("X-Request-ID")
			if tt.kept && got != tt.given || !tt.kept && !made.MatchString(got) {
				t.Errorf("got %q", got)
			}
		})
	}
	if a, b := ask(h, "GET /who"), ask(h, "GET /who"); a.Header().Get("X-Request-ID") == b.Header().Get("X-Request-ID") {
		t.Error("two requests have one id")
	}
}

func TestHosts(t *testing.T) {
	tests := []struct {
		name, environ, host string
		allowed             bool
	}{
		{"development: localhost", "", "localhost", true},
		{"development: with port", "", "LOCALHOST:8000", true},
		{"development: below localhost", "", "shop.localhost", true},
		{"development: loopback", "", "127.0.0.1:8000", true},
		{"development: loopback 6", "", "[::1]:8000", true},
		{"development: own address", "QUINTET_ADDR=192.0.2.7:8000", "192.0.2.7:8000", true},
		{"development: foreign", "", "example.com", false},
		{"development: ends like ours", "", "notlocalhost", false},
		{"development: no name", "", "", false},
		{"listed", "QUINTET_ALLOWED_HOSTS=a.example", "a.example", true},
		{"listed: with a final dot", "QUINTET_ALLOWED_HOSTS=a.example", "a.example.", true},
		{"listed: case", "QUINTET_ALLOWED_HOSTS=A.Example", "a.eXAMPLE:443", true},
		{"listed: below", "QUINTET_ALLOWED_HOSTS=a.example", "b.a.example", false},
		{"listed: localhost no more", "QUINTET_ALLOWED_HOSTS=a.example", "localhost", false},
		{"domain: itself", "QUINTET_ALLOWED_HOSTS=.a.example", "a.example", true},
		{"domain: below", "QUINTET_ALLOWED_HOSTS=.a.example", "x.y.a.example", true},
		{"domain: ends like it", "QUINTET_ALLOWED_HOSTS=.a.example", "evila.example", false},
		{"any", "QUINTET_ALLOWED_HOSTS=*", "whatever.example:1", true},
		{"any, but a name", "QUINTET_ALLOWED_HOSTS=*", "a b", false},
		{"user before it", "QUINTET_ALLOWED_HOSTS=*", "evil@a.example", false},
		{"path after it", "QUINTET_ALLOWED_HOSTS=*", "a.example/evil", false},
		{"bad port", "QUINTET_ALLOWED_HOSTS=*", "a.example:80x", false},
		{"empty port", "QUINTET_ALLOWED_HOSTS=*", "a.example:", false},
		{"half a bracket", "QUINTET_ALLOWED_HOSTS=*", "[::1", false},
		{"no address in brackets", "QUINTET_ALLOWED_HOSTS=*", "[evil.example]", false},
		{"control character", "QUINTET_ALLOWED_HOSTS=*", "a.example\x00", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := handler(t, strings.Fields(tt.environ)...)
			if w := ask(h, "GET /who", "Host: "+tt.host); (w.Code == http.StatusOK) != tt.allowed {
				t.Errorf("%q: status %d", tt.host, w.Code)
			}
		})
	}
}

func TestProxies(t *testing.T) {
	const trust = "QUINTET_TRUSTED_PROXIES=10.0.0.0/8,fd00::1"
	tests := []struct {
		name, environ, headers, want string
	}{
		{"direct", "", "From: 203.0.113.5:99", "http 203.0.113.5"},
		{"nobody is trusted by default, not even private peers", "", "From: 10.0.0.1:9\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https", "http 10.0.0.1"},
		{"loopback neither", "", "From: 127.0.0.1:9\nX-Real-Ip: 1.2.3.4\nX-Url-Scheme: https", "http 127.0.0.1"},
		{"stranger", trust, "From: 203.0.113.5:9\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https", "http 203.0.113.5"},
		{"proxy", trust, "From: 10.0.0.1:9\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https", "https 1.2.3.4"},
		{"proxy over IPv6", trust, "From: [fd00::1]:9\nX-Forwarded-For: 2001:db8::7", "http 2001:db8::7"},
		{"mapped address", trust, "From: [::ffff:10.0.0.1]:9\nX-Forwarded-For: ::ffff:1.2.3.4", "http 1.2.3.4"},
		{"proxy says nothing", trust, "From: 10.0.0.1:9", "http 10.0.0.1"},
		{"forged part on the left", trust, "From: 10.0.0.1:9\nX-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.9.9.9", "http 1.2.3.4"},
		{"several lines", trust, "From: 10.0.0.1:9\nX-Forwarded-For: 6.6.6.6\nX-Forwarded-For: 1.2.3.4", "http 1.2.3.4"},
		{"proxies only", trust, "From: 10.0.0.1:9\nX-Forwarded-For: 10.0.0.3,10.0.0.2", "http 10.0.0.3"},
		{"nonsense", trust, "From: 10.0.0.1:9\nX-Forwarded-For: 1.2.3.4, evil", "http 10.0.0.1"},
		{"brackets", trust, "From: 10.0.0.1:9\nX-Forwarded-For: [2001:db8::7]", "http 2001:db8::7"},
		{"last scheme counts", trust, "From: 10.0.0.1:9\nX-Forwarded-Proto: https, http", "http 10.0.0.1"},
		{"no scheme", trust, "From: 10.0.0.1:9\nX-Forwarded-Proto: javascript", "http 10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := handler(t, strings.Fields(tt.environ)...)
			if got := ask(h, "GET /who", strings.Split(tt.headers, "\n")...).Body.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	const preflight = "Access-Control-Request-Method: PATCH"
	const list = "QUINTET_CORS_ORIGINS=https://app.example,http://localhost:3000,https://*.wide.example"
	type answer struct {
		status                                int
		origin, credentials, methods, exposed string
		vary                                  string
	}
	const methods, exposed = "DELETE, GET, OPTIONS, PATCH, POST, PUT", "Location, Retry-After, X-Request-ID"
	tests := []struct {
		name, environ, line, headers string
		want                         answer
	}{
		{"off", "", "GET /who", "Origin: https://app.example", answer{status: 200}},
		{"off: preflight", "", "OPTIONS /who", "Origin: https://app.example\n" + preflight, answer{status: 204}},
		{"listed", list, "GET /who", "Origin: https://app.example", answer{200, "https://app.example", "", "", exposed, "Origin"}},
		{"listed with port", list, "GET /who", "Origin: http://localhost:3000", answer{200, "http://localhost:3000", "", "", exposed, "Origin"}},
		{"no origin", list, "GET /who", "X: y", answer{status: 200, vary: "Origin"}},
		{"Vary is one line", list, "GET /vary", "X: y", answer{status: 204, vary: "Accept, Cookie, Origin"}},
		{"errors too", list, "GET /nowhere", "Origin: https://app.example", answer{404, "https://app.example", "", "", exposed, "Origin"}},
		{"panics too", list, "GET /panic", "Origin: https://app.example", answer{500, "https://app.example", "", "", exposed, "Origin"}},
		{"preflight", list, "OPTIONS /who", "Origin: https://app.example\n" + preflight, answer{200, "https://app.example", "", methods, exposed, "Origin"}},
		{"preflight of nowhere", list, "OPTIONS /nowhere", "Origin: https://app.example\n" + preflight, answer{200, "https://app.example", "", methods, exposed, "Origin"}},
		{"OPTIONS that is none", list, "OPTIONS /echo", "Origin: https://app.example", answer{200, "https://app.example", "", methods, exposed, "Origin"}},
		{"cookies", list + " QUINTET_CORS_CREDENTIALS=true", "GET /who", "Origin: https://app.example", answer{200, "https://app.example", "true", "", exposed, "Origin"}},
		{"below", list, "GET /who", "Origin: https://a.b.wide.example", answer{200, "https://a.b.wide.example", "", "", exposed, "Origin"}},
		{"every origin", "QUINTET_CORS_ORIGINS=*", "GET /who", "Origin: https://any.example", answer{200, "*", "", "", exposed, "Origin"}},
		{"not listed", list, "GET /who", "Origin: https://evil.example", answer{status: 200, vary: "Origin"}},
		{"preflight, not listed", list, "OPTIONS /who", "Origin: https://evil.example\n" + preflight, answer{status: 200, vary: "Origin"}},
		{"null", list, "GET /who", "Origin: null", answer{status: 200, vary: "Origin"}},
		{"other scheme", list, "GET /who", "Origin: http://app.example", answer{status: 200, vary: "Origin"}},
		{"other port", list, "GET /who", "Origin: https://app.example:8443", answer{status: 200, vary: "Origin"}},
		{"ours in front", list, "GET /who", "Origin: https://app.example.evil.example", answer{status: 200, vary: "Origin"}},
		{"ours behind", list, "GET /who", "Origin: https://evilapp.example", answer{status: 200, vary: "Origin"}},
		{"ours as user", list, "GET /who", "Origin: https://app.example@evil.example", answer{status: 200, vary: "Origin"}},
		{"path", list, "GET /who", "Origin: https://app.example/", answer{status: 200, vary: "Origin"}},
		{"nothing below", list, "GET /who", "Origin: https://.wide.example", answer{status: 200, vary: "Origin"}},
		{"ends like below", list, "GET /who", "Origin: https://evilwide.example", answer{status: 200, vary: "Origin"}},
		{"star as origin", list, "GET /who", "Origin: *", answer{status: 200, vary: "Origin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := handler(t, strings.Fields(tt.environ)...)
			w := ask(h, tt.line, strings.Split(tt.headers, "\n")...)
			header := w.Header()
			got := answer{
				w.Code, header.Get("Access-Control-Allow-Origin"), header.Get("Access-Control-Allow-Credentials"),
				header.Get("Access-Control-Allow-Methods"), header.Get("Access-Control-Expose-Headers"), strings.Join(header.Values("Vary"), "|"),
			}
			if got != tt.want {
				t.Errorf("\ngot  %+v\nwant %+v", got, tt.want)
			}
			if (got.methods != "") != (header.Get("Access-Control-Max-Age") == "86400") {
				t.Error("methods and max age do not go together")
			}
		})
	}
}

func TestAccessLog(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			h, l := handler(t, "QUINTET_LOG_FORMAT="+format)
			w := ask(h, "GET /who/%0aforged%1b%5b31m%c2%85?token=hunter2&page=3&eyJhbGciOi=1&page=4", "Referer: x", "Authorization: Bearer hunter2")
			ask(h, "GET /healthz")
			text := l.String()
			if n := strings.Count(text, "\n"); n != 1 {
				t.Errorf("%d lines, want 1 (health is not logged)", n)
			}
			for _, part := range []string{"404", "/who/%0Aforged", "*,page,token", w.Header().Get("X-Request-ID")} {
				if !strings.Contains(strings.ReplaceAll(text, "%0a", "%0A"), part) {
					t.Errorf("%q is not in %s", part, text)
				}
			}
			for _, part := range []string{"hunter2", "eyJ", "\x1b", "\u0085", "\nforged"} {
				if strings.Contains(text, part) {
					t.Errorf("%q is in %s", part, text)
				}
			}
		})
	}
}

func TestControlCharactersAreEscaped(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		h, l := handler(t, "QUINTET_LOG_FORMAT="+format)
		ask(h, "GET /who", "Host: evil\r\n\x1b\x7f\u009b31m\u0085")
		text := strings.TrimSuffix(l.String(), "\n")
		for _, c := range []string{"\r", "\x1b", "\x7f", "\u009b", "\u0085"} {
			if strings.Contains(text, c) {
				t.Errorf("%s: %q is in %q", format, c, text)
			}
		}
		if !strings.Contains(text, "host refused") || !strings.Contains(text, "evil") {
			t.Errorf("%s: the refusal is not logged: %q", format, text)
		}
	}
}

func TestPanicsAreLoggedAndNotShown(t *testing.T) {
	h, l := handler(t, "QUINTET_LOG_FORMAT=json")
	w := ask(h, "GET /panic")
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the client sees %s", w.Body)
	}
	for _, part := range []string{"secret", "app_test.go", w.Header().Get("X-Request-ID"), `"status":500`} {
		if !strings.Contains(l.String(), part) {
			t.Errorf("the log lacks %q: %s", part, l)
		}
	}
}

func TestAnswerThatFailsHalfWayIsCut(t *testing.T) {
	h, _ := handler(t)
	s := httptest.NewServer(h)
	defer s.Close()
	response, err := http.Get(s.URL + "/half")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("the answer %q looks complete", body)
	}
	if again, err := http.Get(s.URL + "/who"); err != nil || again.StatusCode != 200 {
		t.Errorf("the next request: %v", err)
	}
}

func TestRequestTimeout(t *testing.T) {
	h, _ := handler(t, "QUINTET_REQUEST_TIMEOUT=30ms")
	started := time.Now()
	w := ask(h, "GET /slow?for=10s")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || time.Since(started) > 5*time.Second {
		t.Errorf("got %d after %s", w.Code, time.Since(started))
	}
	if got := w.Body.String(); got != `{"detail":"Service temporarily unavailable, try again later."}` {
		t.Error(got)
	}
}

// FuzzHost looks for a Host header that passes without being one of ours.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"a.example", "a.example:80", ".a.example", "evil.example", "a.example@evil.example", "[::1]:1", "a.example.evil"} {
		f.Add(host)
	}
	h, _ := handler(f, "QUINTET_ALLOWED_HOSTS=.a.example,[::1]", "QUINTET_LOG_LEVEL=error")
	ours := regexp.MustCompile(`(?i)^(([a-z0-9.-]*\.)?a\.example\.?|\[::1\])(:[0-9]+)?$`)
	f.Fuzz(func(t *testing.T, host string) {
		if w := ask(h, "GET /who", "Host: "+host); (w.Code == http.StatusOK) && !ours.MatchString(host) {
			t.Errorf("%q passes", host)
		}
	})
}

// FuzzForwardedFor looks for a header that breaks the server or makes it believe what is no address.
func FuzzForwardedFor(f *testing.F) {
	for _, value := range []string{"1.2.3.4", "1.2.3.4, 10.0.0.1", "[::1]", ",", "evil", "fe80::1%eth0"} {
		f.Add(value)
	}
	h, _ := handler(f, "QUINTET_TRUSTED_PROXIES=10.0.0.0/8", "QUINTET_LOG_LEVEL=error")
	f.Fuzz(func(t *testing.T, value string) {
		body := ask(h, "GET /who", "From: 10.0.0.1:5", "X-Forwarded-For: "+value).Body.String()
		if _, err := netip.ParseAddr(strings.TrimPrefix(body, "http ")); err != nil {
			t.Errorf("%q: %s", value, body)
		}
	})
}
