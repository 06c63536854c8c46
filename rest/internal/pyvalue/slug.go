package pyvalue

import (
	"unicode"
	"unicode/utf8"
)

// ValidSlug reports whether s consists of ASCII letters, digits, underscores and hyphens. trailingNewline is for
// DRF's own field, which overlooks one newline at the end; a model's validator does not.
func ValidSlug(s string, trailingNewline bool) bool {
	if trailingNewline && len(s) > 1 && s[len(s)-1] == '\n' {
		s = s[:len(s)-1]
	}
	for i := range len(s) {
		if !slugByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func slugByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '-'
}

// ValidUnicodeSlug reports whether s consists of letters and numbers of any script, underscores and hyphens.
func ValidUnicodeSlug(s string) bool {
	for _, r := range s {
		if r < utf8.RuneSelf && !slugByte(byte(r)) || r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			return false
		}
	}
	return s != ""
}
