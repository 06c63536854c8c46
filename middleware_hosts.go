package quintet

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// hosts answers 400 to requests under a name that is not ours: links in answers are made from that name.
func (a *App) hosts(next http.Handler) http.Handler {
	allowed := a.config.allowedHosts()
	exact := slices.DeleteFunc(slices.Clone(allowed), func(name string) bool { return !hostAllowed(allowed, name) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(exact, r.Host) && !hostAllowed(allowed, r.Host) {
			a.log.WarnContext(r.Context(), "host refused: add it to QUINTET_ALLOWED_HOSTS if it is ours", "host", r.Host)
			writePage(w, http.StatusBadRequest, pageBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// allowedHosts are the configured names, or in development those that only this machine can use.
func (c Config) allowedHosts() []string {
	if len(c.AllowedHosts) > 0 || c.Production() {
		return c.AllowedHosts
	}
	own := []string{"localhost", ".localhost", "127.0.0.1", "[::1]"}
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		own = append(own, bracketed(host))
	}
	return own
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// hostAllowed compares the Host header, with or without a port, with the patterns: a name, ".name" for it and
// everything below it, or "*".
func hostAllowed(patterns []string, hostport string) bool {
	host, ok := splitHost(hostport)
	if !ok {
		return false
	}
	for _, p := range patterns {
		p = strings.ToLower(p)
		if p == "*" || p == host || p[0] == '.' && (host == p[1:] || strings.HasSuffix(host, p)) {
			return true
		}
	}
	return false
}

// splitHost takes the port off and reports whether what is left can be a name or an address at all.
func splitHost(hostport string) (string, bool) {
	host, port := strings.ToLower(hostport), ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
		if port == "" {
			return "", false
		}
	}
	if strings.Trim(port, "0123456789") != "" {
		return "", false
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		return host, ok && strings.Contains(inner, ":") && strings.Trim(inner, "0123456789abcdef:.") == ""
	}
	host = strings.TrimSuffix(host, ".")
	return host, host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}
