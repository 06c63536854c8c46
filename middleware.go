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

// record opens the exchange: request id, headers of every answer, the limit of its time, the access log, and the last resort
// for panics.
func (a *App) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started, outside := time.Now(), r.Context()
		x := &exchange{
			ResponseWriter: w, app: a, line: connectionOf(outside), remote: r.RemoteAddr, id: [1]string{requestID(r.Header.Get(requestIDHeader))},
		}
		x.renewDeadline()
		x.context = exchangeContext{Context: outside, x: x, deadline: started.Add(a.config.RequestTimeout)}
		defer x.context.end()
		r = r.WithContext(&x.context)
		h := w.Header()
		for i := range securityHeaders {
			h[securityHeaders[i].name] = securityHeaders[i].line
		}
		h[requestIDHeader] = x.id[:]
		defer a.logAccess(outside, r, x, started)
		defer a.recoverPanic(r, x)
		next.ServeHTTP(x, r)
		x.WriteHeader(http.StatusOK)
		x.renewDeadline()
	})
}

// requestIDHeader is X-Request-ID in the form in which headers are kept.
const requestIDHeader = "X-Request-Id"

// securityHeaders are on every answer, errors included. All answers share the lines; nobody changes one in place.
var securityHeaders = [...]struct {
	name string
	line []string
}{
	{"X-Frame-Options", []string{"DENY"}},
	{"X-Content-Type-Options", []string{"nosniff"}},
	{"Referrer-Policy", []string{"same-origin"}},
	{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
}

// recoverPanic turns a panic into a logged 500; the client learns nothing but that. An answer that has begun is cut.
func (a *App) recoverPanic(r *http.Request, x *exchange) {
	cause := recover()
	if cause == nil {
		return
	}
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler)
	}
	a.log.ErrorContext(r.Context(), "panic in a handler", "panic", cause, "stack", string(debug.Stack()))
	if x.wrote {
		panic(http.ErrAbortHandler)
	}
	writeDetail(x, http.StatusInternalServerError, serverErrorText)
}

// logAccess writes one line for a request: never its query values, its body or its credentials. ctx is that outside of the
// exchange: the line names the request's id itself, together with everything else.
func (a *App) logAccess(ctx context.Context, r *http.Request, x *exchange, started time.Time) {
	level := slog.LevelInfo
	if isHealth(r.URL.Path) {
		level = slog.LevelDebug
	}
	log := a.log.Handler()
	if !log.Enabled(ctx, level) {
		return
	}
	now := time.Now()
	line := slog.NewRecord(now, level, "request", 0) // nobody asks where in the code it was written
	line.AddAttrs(
		slog.String("method", r.Method),
		slog.String("path", r.URL.EscapedPath()),
		slog.String("query", queryNames(r.URL.RawQuery)),
		slog.Int("status", x.status),
		slog.Int64("bytes", x.size),
		slog.Duration("took", now.Sub(started)),
		slog.String("ip", x.clientIP()),
		slog.String(requestIDAttr, x.id[0]),
	)
	_ = log.Handle(ctx, line) // a log that cannot be written has nowhere to say so
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

// originLine is the Vary header of most answers with CORS.
var originLine = []string{"Origin"}

// addVaryOrigin adds Origin to the Vary header, which stays one line.
func addVaryOrigin(h http.Header) {
	if len(h["Vary"]) == 0 {
		h["Vary"] = originLine
		return
	}
	all := strings.Join(h["Vary"], ", ")
	for part := range strings.SplitSeq(all, ",") {
		if part = strings.TrimSpace(part); strings.EqualFold(part, originLine[0]) || part == "*" {
			return
		}
	}
	if all != "" {
		all += ", "
	}
	h.Set("Vary", all+originLine[0])
}
