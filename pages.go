package quintet

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// page is a small HTML answer for addresses that no route of the API fits, as Django gives them.
type page struct{ title, text string }

var (
	pageBadRequest = page{"Bad Request (400)", ""}
	pageNotFound   = page{"Not Found", "The requested resource was not found on this server."}
)

const (
	serverErrorText = "A server error occurred."
	unavailableText = "Service temporarily unavailable, try again later."
	retryAfter      = "1" // seconds, of answers that say 503
)

func (p page) html() string {
	return strings.NewReplacer("{title}", p.title, "{text}", p.text).Replace(`
<!doctype html>
<html lang="en">
<head>
  <title>{title}</title>
</head>
<body>
  <h1>{title}</h1><p>{text}</p>
</body>
</html>
`)
}

func writePage(w http.ResponseWriter, status int, p page) {
	write(w, status, "text/html; charset=utf-8", p.html())
}

// writeDetail answers an error in the API's form: {"detail": text}.
func writeDetail(w http.ResponseWriter, status int, text string) {
	quoted, _ := json.Marshal(text) // a string always encodes
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	write(w, status, "application/json", `{"detail":`+string(quoted)+`}`)
}

// write answers with a whole body. What a handler has prepared about another body is taken back.
func write(w http.ResponseWriter, status int, contentType, body string) {
	h := w.Header()
	h.Del("Content-Encoding")
	h.Del("ETag")
	h.Del("Last-Modified")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may be gone
}
