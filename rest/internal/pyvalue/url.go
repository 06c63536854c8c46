package pyvalue

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

const (
	maxURLLength  = 2048
	maxHostLength = 253
)

// The pattern of an address in any case, written out as in a host name; the scheme is compared apart.
const (
	space      = `\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	octet      = `(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)`
	urlHost    = octet + `(?:\.` + octet + `){3}|\[[0-9a-fA-F:.]+\]|` + domain + `\.?|(?i:localhost)`
	urlUser    = `(?:[^` + space + `:@/]+(?::[^` + space + `:@/]*)?@)?`
	urlPattern = `\A[a-zA-Z0-9.+-]*://` + urlUser + `(?:` + urlHost + `)(?::[0-9]{1,5})?(?:[/?#][^` + space + `]*)?\z`
)

// URL reports whether s is an absolute address of the schemes http, https, ftp or ftps, of at most 2048 characters.
func (v *Validators) URL(s string) bool {
	if len(s) > maxURLLength && pyjson.Length(s) > maxURLLength || strings.ContainsAny(s, "\t\r\n") {
		return false
	}
	scheme, _, _ := strings.Cut(s, "://")
	switch strings.ToLower(scheme) {
	case "http", "https", "ftp", "ftps":
	default:
		return false
	}
	return v.url().MatchString(s) && v.location(networkLocation(s))
}

// networkLocation returns the part of a matching address between "//" and the path.
func networkLocation(s string) string {
	_, rest, _ := strings.Cut(s, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// location checks what Python's urlsplit refuses, the IPv6 address and the length of the host.
func (v *Validators) location(netloc string) bool {
	if !v.brackets(netloc) || hidesDelimiter(netloc) {
		return false
	}
	if match := v.bracketed().FindStringSubmatch(netloc); match != nil && !validIPv6(match[1]) {
		return false
	}
	host := hostOf(netloc)
	return host != "" && (len(host) <= maxHostLength || pyjson.Length(host) <= maxHostLength)
}

// brackets checks that square brackets come in pairs, with an address between them.
func (v *Validators) brackets(netloc string) bool {
	opened, closed := strings.Contains(netloc, "["), strings.Contains(netloc, "]")
	if !opened || !closed {
		return opened == closed
	}
	_, rest, _ := strings.Cut(netloc, "[")
	host, _, _ := strings.Cut(rest, "]")
	if strings.HasPrefix(host, "v") {
		return v.future().MatchString(host)
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is6()
}

// hidesDelimiter reports whether compatibility forms of characters become delimiters of an address.
func hidesDelimiter(netloc string) bool {
	if isASCII(netloc) {
		return false
	}
	bare := strings.NewReplacer("@", "", ":", "", "#", "", "?", "").Replace(netloc)
	normal := norm.NFKC.String(bare)
	return normal != bare && strings.ContainsAny(normal, "/?#@:")
}

// hostOf returns the host of a network location, in lower case, without user and port.
func hostOf(netloc string) string {
	host := netloc[strings.LastIndexByte(netloc, '@')+1:]
	if _, inside, ok := strings.Cut(host, "["); ok {
		host, _, _ = strings.Cut(inside, "]")
	} else {
		host, _, _ = strings.Cut(host, ":")
	}
	if !utf8.ValidString(host) {
		return host
	}
	return strings.ToLower(host)
}
