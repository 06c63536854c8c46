package quintet

import (
	"net/http"
	"net/netip"
	"strings"
)

// forwarding are the headers in which proxies say what they know of the client.
var forwarding = [...]string{
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Ssl",
	"X-Forwarded-Protocol", "X-Forwarded-Server", "X-Real-Ip", "X-Url-Scheme",
}

// proxies finds out who the client is. What a trusted proxy says about address and scheme is believed and left as one
// plain header each; all other forwarding headers are dropped, so that nothing inside can believe them by mistake.
func (a *App) proxies(next http.Handler) http.Handler {
	trusted := a.config.TrustedProxies
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		peer := peerOf(r)
		x.ip, x.scheme = peerText(r, peer), "http"
		if r.TLS != nil {
			x.scheme = "https"
		}
		believed := isTrusted(trusted, peer)
		if believed {
			x.ip = addrText(forwardedFor(trusted, peer, r.Header.Values("X-Forwarded-For")))
			x.scheme = forwardedProto(x.scheme, r.Header.Values("X-Forwarded-Proto"))
		}
		forwarded := r.Header["X-Forwarded-For"] != nil
		for _, name := range forwarding {
			delete(r.Header, name)
		}
		if believed && forwarded {
			r.Header.Set("X-Forwarded-For", x.ip)
		}
		next.ServeHTTP(w, r)
	})
}

// forwardedFor walks the list of addresses from the nearest to the farthest and stops at the first that is no proxy of ours:
// whatever stands left of it was written by somebody unknown.
func forwardedFor(trusted []Network, peer netip.Addr, lines []string) netip.Addr {
	hops := strings.Split(strings.Join(lines, ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(hops[i]), "[]"))
		if err != nil {
			return client
		}
		client = hop.Unmap()
		if !isTrusted(trusted, client) {
			return client
		}
	}
	return client
}

// forwardedProto is the scheme that the nearest proxy saw; a value that is no scheme counts as http.
func forwardedProto(own string, lines []string) string {
	if len(lines) == 0 {
		return own
	}
	line := lines[len(lines)-1]
	last := strings.ToLower(strings.TrimSpace(line[strings.LastIndexByte(line, ',')+1:]))
	if last == "https" {
		return last
	}
	return "http"
}

func isTrusted(networks []Network, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// peerOf is the address at the other end of the connection; the zero Addr when there is none (tests, Unix sockets).
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// peerText is the text of peerOf(r): for most, the beginning of what it was read from.
func peerText(r *http.Request, peer netip.Addr) string {
	if host, _, _ := strings.Cut(r.RemoteAddr, ":"); peer.Is4() && host[0] != '[' {
		return host
	}
	return addrText(peer)
}

func addrText(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
