package quintet

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// middleware wraps a handler with one concern. They are of the standard library's kind, so that they also cover what
// Echo does not route.
type middleware func(http.Handler) http.Handler

// chain wraps h so that the first middleware is the outermost.
func chain(h http.Handler, list ...middleware) http.Handler {
	for i := len(list) - 1; i >= 0; i-- {
		h = list[i](h)
	}
	return h
}

// record opens the exchange: request id, headers of every answer, the access log, and the last resort for panics.
func (a *App) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, app: a, id: requestID(r.Header.Get("X-Request-ID"))}
		started := time.Now()
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		securityHeaders(w.Header())
		w.Header().Set("X-Request-ID", x.id)
		defer a.logAccess(r, x, started)
		defer a.recoverPanic(r, x)
		next.ServeHTTP(x, r)
		x.WriteHeader(http.StatusOK)
	})
}

// securityHeaders are on every answer, errors included.
func securityHeaders(h http.Header) {
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// recoverPanic turns a panic into a logged 500; the client learns nothing but that. An answer that has begun is cut.
func (a *App) recoverPanic(r *http.Request, x *exchange) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	a.log.ErrorContext(r.Context(), "panic in a handler", "panic", cause, "stack", string(debug.Stack()))
	if x.wrote {
		panic(http.ErrAbortHandler)
	}
	writeDetail(x, http.StatusInternalServerError, serverErrorText)
}

// logAccess writes one line for a request: never its query values, its body or its credentials.
func (a *App) logAccess(r *http.Request, x *exchange, started time.Time) {
	level := slog.LevelInfo
	if isHealth(r.URL.Path) {
		level = slog.LevelDebug
	}
	if !a.log.Enabled(r.Context(), level) {
		return
	}
	a.log.LogAttrs(r.Context(), level, "request",
		slog.String("method", r.Method),
		slog.String("path", r.URL.EscapedPath()),
		slog.String("query", queryNames(r.URL.RawQuery)),
		slog.Int("status", x.status),
		slog.Int64("bytes", x.size),
		slog.Duration("took", time.Since(started)),
		slog.String("ip", x.ip))
}

// queryNames lists the parameters of a query without their values; names that are no plain words are values gone astray.
func queryNames(raw string) string {
	if raw == "" {
		return ""
	}
	var names []string
	for _, pair := range strings.Split(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if !isWord(name) {
			name = "*"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// isWord tells whether s is a short name of lower-case letters, digits and underscores.
func isWord(s string) bool {
	const longest = 40
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= longest
}

// requestID accepts an id that a proxy or client made, when it can stand in a log, and makes one otherwise.
func requestID(given string) string {
	const shortest, longest = 8, 128
	if len(given) >= shortest && len(given) <= longest && isToken(given) {
		return given
	}
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return true
}

// addVary adds a name to the Vary header, which stays one line.
func addVary(h http.Header, name string) {
	all := strings.Join(h.Values("Vary"), ", ")
	for _, part := range strings.Split(all, ",") {
		if part = strings.TrimSpace(part); strings.EqualFold(part, name) || part == "*" {
			return
		}
	}
	if all != "" {
		all += ", "
	}
	h.Set("Vary", all+name)
}
