package quintet

import (
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
)

// mediaTypes are the types that browsers may show; every other file is offered as a download.
var mediaTypes = map[string]string{
	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".ico": "image/vnd.microsoft.icon", ".jpeg": "image/jpeg",
	".jpg": "image/jpeg", ".png": "image/png", ".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp",
	".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".wav": "audio/x-wav", ".mp4": "video/mp4", ".webm": "video/webm",
	".txt": "text/plain", ".csv": "text/csv", ".json": "application/json", ".pdf": "application/pdf", ".zip": "application/zip",
	".html": "text/html", ".htm": "text/html", ".svg": "image/svg+xml", ".xml": "text/xml", ".js": "text/javascript", ".css": "text/css",
}

// activeTypes can run scripts in the name of our origin; they are downloaded, never shown.
var activeTypes = map[string]bool{
	"text/html": true, "image/svg+xml": true, "text/xml": true, "text/javascript": true, "text/css": true, "application/octet-stream": true,
}

// media serves the uploaded files below MediaURL: plain files only, no listings, nothing outside of MediaDir whatever
// the address or a symbolic link says, nothing hidden. Ranges and conditional requests are those of net/http.
func (a *App) media(next http.Handler) http.Handler {
	prefix := a.config.MediaURL
	if isWebURL(prefix) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, prefix)
		switch {
		case !ok:
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeDetail(w, http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
		default:
			a.serveMedia(w, r, name)
		}
	})
}

func (a *App) serveMedia(w http.ResponseWriter, r *http.Request, name string) {
	f, info, err := openMedia(a.config.MediaDir, name)
	if err != nil {
		writePage(w, http.StatusNotFound, pageNotFound)
		return
	}
	defer f.Close()
	contentType := mediaTypes[strings.ToLower(path.Ext(name))]
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if activeTypes[contentType] {
		h.Set("Content-Disposition", "attachment")
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// openMedia opens a plain file below dir. The root keeps links and ".." inside.
func openMedia(dir, name string) (*os.File, fs.FileInfo, error) {
	if !mediaName(name) {
		return nil, nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, nil, fs.ErrNotExist // opening a pipe would wait for its other end
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

// mediaName tells whether name is a clean relative path without hidden parts.
func mediaName(name string) bool {
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\x00\\") {
		return false
	}
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}
