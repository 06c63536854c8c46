package quintet

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What django-cors-headers answers to a preflight, with our own two headers added.
const (
	corsMethods = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
	corsHeaders = "accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with, idempotency-key, x-request-id"
	corsExposed = "Location, Retry-After, X-Request-ID"
	corsMaxAge  = "86400" // seconds: a day
)

// cors lets pages of the listed origins read answers. With an empty list it does nothing at all. A preflight is answered
// here, before authentication, as browsers send it without credentials.
func (a *App) cors(next http.Handler) http.Handler {
	if len(a.config.CORSOrigins) == 0 {
		return next
	}
	config := &a.config
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		exchangeOf(r.Context()).varyOrigin = true
		preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
		if origin := r.Header.Get("Origin"); origin != "" {
			config.allowOrigin(w.Header(), origin, r.Method == http.MethodOptions)
		}
		if preflight {
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusOK)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowOrigin writes the headers that let pages of origin read the answer, when it is listed.
func (c *Config) allowOrigin(h http.Header, origin string, options bool) {
	all := slices.Contains(c.CORSOrigins, "*")
	if !all && !originListed(c.CORSOrigins, origin) {
		return
	}
	if all {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", corsExposed)
	if c.CORSCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if options {
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
	}
}

// originListed compares an Origin header with exact origins and with those whose host begins with "*.".
func originListed(list []string, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return false
	}
	origin = strings.ToLower(origin)
	for _, item := range list {
		scheme, host, _ := strings.Cut(strings.ToLower(item), "://")
		if below, ok := strings.CutPrefix(host, "*"); ok {
			if u.Scheme == scheme && strings.HasSuffix(strings.ToLower(u.Host), below) && len(u.Host) > len(below) {
				return true
			}
		} else if origin == scheme+"://"+host {
			return true
		}
	}
	return false
}
