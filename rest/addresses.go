package rest

import (
	"fmt"
	"strings"
)

// escapePath percent-encodes a path as Django's filepath_to_uri and reverse do.
func escapePath(path string) string { return percentEncoded(path, "/~!*()'-._") }

// escapedPath is the path of a request as Django writes it in addresses (escape_uri_path).
func escapedPath(path string) string { return percentEncoded(path, "/:@&+$,-_.!~*'()") }

// asciiAddress percent-encodes what is no part of the syntax of addresses (iri_to_uri).
func asciiAddress(address string) string { return percentEncoded(address, "/#%[]=:;$&()+,!?*@'~-._") }

// percentEncoded encodes every byte that is neither a letter or digit of ASCII nor one of safe.
func percentEncoded(text, safe string) string {
	plain := 0
	for plain < len(text) && isPlain(text[plain], safe) {
		plain++
	}
	if plain == len(text) {
		return text
	}
	out := []byte(text[:plain])
	for _, c := range []byte(text[plain:]) {
		if isPlain(c, safe) {
			out = append(out, c)
		} else {
			out = fmt.Appendf(out, "%%%02X", c)
		}
	}
	return string(out)
}

func isPlain(c byte, safe string) bool {
	letter := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	return letter || strings.IndexByte(safe, c) >= 0
}
