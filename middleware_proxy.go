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
		x.scheme = "http"
		if r.TLS != nil {
			x.scheme = "https"
		}
		believed := len(trusted) > 0 && x.believe(trusted, r)
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

// believe takes over what a request says about its client, if it comes from a trusted proxy.
func (x *exchange) believe(trusted []Network, r *http.Request) bool {
	peer := peerOf(r.RemoteAddr)
	if !isTrusted(trusted, peer) {
		return false
	}
	x.ip = addrText(forwardedFor(trusted, peer, r.Header.Values("X-Forwarded-For")))
	x.scheme = forwardedProto(x.scheme, r.Header.Values("X-Forwarded-Proto"))
	return true
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

// peerOf is the address of the other end of a connection; the zero Addr when it has none (tests, Unix sockets).
func peerOf(remote string) netip.Addr {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap().WithZone("")
}

// peerText is the text of peerOf: for most, the beginning of what it was read from.
func peerText(remote string) string {
	peer := peerOf(remote)
	if host, _, _ := strings.Cut(remote, ":"); peer.Is4() && host[0] != '[' {
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
