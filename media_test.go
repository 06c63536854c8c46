package quintet_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mediaFolder holds files to serve, and beside it one that must stay unseen.
func mediaFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"secret.txt": "secret", "media/a.png": "0123456789", "media/sub/b.txt": "b", "media/page.html": "<script>", "media/x.svg": "<svg/>",
		"media/noext": "n", "media/.hidden": "h", "media/.git/config": "g", "media/sp ace é.txt": "s", "media/a..b.txt": "dots",
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"out.txt": "../secret.txt", "abs.txt": filepath.Join(dir, "secret.txt"), "in.txt": "sub/b.txt"} {
		if err := os.Symlink(target, filepath.Join(dir, "media", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "media", "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "media")
}

func TestMedia(t *testing.T) {
	h, _ := handler(t, "QUINTET_MEDIA_DIR="+mediaFolder(t))
	tests := []struct {
		path, body, kind string // no kind: 404
	}{
		{"/media/a.png", "0123456789", "image/png"},
		{"/media/sub/b.txt", "b", "text/plain"},
		{"/media/%73ub/b.txt", "b", "text/plain"},
		{"/media/sp%20ace%20%C3%A9.txt", "s", "text/plain"},
		{"/media/a..b.txt", "dots", "text/plain"},
		{"/media/noext", "n", "application/octet-stream"},
		{"/media/page.html", "<script>", "text/html"},
		{"/media/in.txt", "b", "text/plain"},
		{"/media/nothing.png", "", ""},
		{"/media/", "", ""},
		{"/media", "", ""},
		{"/media/sub", "", ""},
		{"/media/sub/", "", ""},
		{"/media/a.png/", "", ""},
		{"/media/../secret.txt", "", ""},
		{"/media/%2e%2e/secret.txt", "", ""},
		{"/media/..%2fsecret.txt", "", ""},
		{"/media/sub/../../secret.txt", "", ""},
		{"/media/sub/../a.png", "", ""},
		{"/media/./a.png", "", ""},
		{"/media//a.png", "", ""},
		{"/media//etc/passwd", "", ""},
		{"/media/%2fetc/passwd", "", ""},
		{"/media/..%5csecret.txt", "", ""},
		{"/media/a.png%00.txt", "", ""},
		{"/media/out.txt", "", ""},
		{"/media/abs.txt", "", ""},
		{"/media/pipe", "", ""},
		{"/media/.hidden", "", ""},
		{"/media/.git/config", "", ""},
		{"/media/" + strings.Repeat("x", 5000), "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.path[:min(len(tt.path), 40)], func(t *testing.T) {
			w := get(t, h, tt.path)
			if tt.kind == "" {
				if w.Code != http.StatusNotFound || w.Body.String() != notFoundPage {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
				return
			}
			if w.Code != http.StatusOK || w.Body.String() != tt.body || w.Header().Get("Content-Type") != tt.kind {
				t.Errorf("got %d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			checkSecurityHeaders(t, w.Header())
		})
	}
}

// get asks for a path exactly as it is written.
func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.ParseRequestURI(path)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.URL, r.RequestURI, r.Host = u, path, "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestMediaIsNeverActive(t *testing.T) {
	h, _ := handler(t, "QUINTET_MEDIA_DIR="+mediaFolder(t))
	for path, disposition := range map[string]string{"/media/page.html": "attachment", "/media/x.svg": "attachment", "/media/noext": "attachment", "/media/a.png": ""} {
		w := get(t, h, path)
		if got := w.Header().Get("Content-Disposition"); got != disposition {
			t.Errorf("%s: disposition %q, want %q", path, got, disposition)
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: no sandbox", path)
		}
	}
}

func TestMediaRangesAndConditions(t *testing.T) {
	h, _ := handler(t, "QUINTET_MEDIA_DIR="+mediaFolder(t))
	modified := get(t, h, "/media/a.png").Header().Get("Last-Modified")
	tests := []struct {
		line, header string
		status       int
		body         string
	}{
		{"GET /media/a.png", "Range: bytes=2-4", 206, "234"},
		{"GET /media/a.png", "Range: bytes=-3", 206, "789"},
		{"GET /media/a.png", "If-Modified-Since: " + modified, 304, ""},
		{"HEAD /media/a.png", "X: y", 200, ""},
		{"POST /media/a.png", "X: y", 405, `{"detail":"Method \"POST\" not allowed."}`},
		{"DELETE /media/a.png", "X: y", 405, `{"detail":"Method \"DELETE\" not allowed."}`},
	}
	for _, tt := range tests {
		if w := ask(h, tt.line, tt.header); w.Code != tt.status || w.Body.String() != tt.body {
			t.Errorf("%s %s: got %d %q", tt.line, tt.header, w.Code, w.Body)
		}
	}
	if w := ask(h, "GET /media/a.png", "Range: bytes=90-"); w.Code != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a range beyond the end: %d", w.Code)
	}
}

func TestMediaElsewhere(t *testing.T) {
	dir := mediaFolder(t)
	h, _ := handler(t, "QUINTET_MEDIA_DIR="+dir, "QUINTET_MEDIA_URL=https://cdn.example/media/")
	if w := ask(h, "GET /media/a.png"); w.Code != http.StatusNotFound {
		t.Errorf("files of a CDN are served here too: %d", w.Code)
	}
	h, _ = handler(t, "QUINTET_MEDIA_DIR="+dir, "QUINTET_MEDIA_URL=/files/")
	if w := ask(h, "GET /files/a.png"); w.Code != http.StatusOK {
		t.Errorf("files below another address: %d", w.Code)
	}
}

// FuzzMedia looks for an address that leads out of the folder.
func FuzzMedia(f *testing.F) {
	for _, path := range []string{"a.png", "../secret.txt", "%2e%2e/secret.txt", "sub/..%2f../secret.txt", "out.txt", "..%5csecret.txt", ".hidden"} {
		f.Add(path)
	}
	dir := mediaFolder(f)
	h, _ := handler(f, "QUINTET_MEDIA_DIR="+dir, "QUINTET_LOG_LEVEL=error")
	f.Fuzz(func(t *testing.T, name string) {
		u, err := url.ParseRequestURI("/media/" + name)
		if err != nil {
			return
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL, r.Host = u, "localhost"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if body := w.Body.String(); w.Code >= 500 || body == "secret" || body == "h" || body == "g" {
			t.Errorf("%q: %d %s", name, w.Code, body)
		}
	})
}
