package session

import "strings"

// splitAddress is an address taken apart only as far as the checks need it.
type splitAddress struct{ scheme, netloc, rest string }

// dropped are the characters that urlsplit takes out of an address.
var dropped = strings.NewReplacer("\t", "", "\r", "", "\n", "")

// splitURL takes an address apart as Python's urlsplit does; false means that urlsplit refuses it.
func splitURL(text string) (splitAddress, bool) {
	text = strings.TrimLeftFunc(text, func(r rune) bool { return r <= ' ' })
	text = dropped.Replace(text)
	var a splitAddress
	a.rest = text
	if scheme, rest, ok := strings.Cut(text, ":"); ok && validScheme(scheme) {
		a.scheme, a.rest = strings.ToLower(scheme), rest
	}
	if rest, ok := strings.CutPrefix(a.rest, "//"); ok {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		a.netloc, a.rest = rest[:end], rest[end:]
	}
	return a, strings.Contains(a.netloc, "[") == strings.Contains(a.netloc, "]")
}

// text is the address again, without an empty query or fragment.
func (a splitAddress) text() string {
	return a.scheme + "://" + a.netloc + strings.TrimRight(a.rest, "?#")
}

func validScheme(text string) bool {
	for i := range len(text) {
		c := text[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(text[i]))) {
			return false
		}
	}
	return text != ""
}

// sameDomain tells whether host is the pattern or, for one that begins with a dot, ends with it.
func sameDomain(host, pattern string) bool {
	pattern = strings.ToLower(pattern)
	if strings.HasPrefix(pattern, ".") && (strings.HasSuffix(host, pattern) || host == pattern[1:]) {
		return true
	}
	return pattern != "" && host == pattern
}

// portOf is the port of "host:port" or "[v6]:port", "" for none.
func portOf(host string) string {
	at := strings.LastIndexByte(host, ':')
	if at < 0 || strings.HasSuffix(host, "]") {
		return ""
	}
	return host[at+1:]
}
