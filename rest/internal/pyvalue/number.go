package pyvalue

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// trimNumber removes the white space that int() and float() ignore; unlike Trim it keeps U+001C to U+001F.
func trimNumber(s string) string { return strings.TrimFunc(s, unicode.IsSpace) }

// asciiDigits returns s with the decimal digits of all scripts as ASCII digits. Other characters stay.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if d, ok := digit(r); ok {
			return '0' + rune(d)
		}
		return r
	}, s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// digit returns the value of a decimal digit of any script.
func digit(r rune) (int, bool) {
	if r < utf8.RuneSelf {
		return int(r - '0'), r >= '0' && r <= '9'
	}
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10, true
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			return int(r-rune(table.Lo)) % 10, true
		}
	}
	return 0, false
}

// dropUnderscores removes the underscores between digits; ok is false when one stands elsewhere.
func dropUnderscores(s string) (out string, ok bool) {
	if strings.IndexByte(s, '_') < 0 {
		return s, true
	}
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i == len(s)-1 || !isDigit(s[i-1]) || !isDigit(s[i+1])) {
			return "", false
		}
	}
	return strings.ReplaceAll(s, "_", ""), true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// skipDigits returns the position of the first byte from i on that is no digit.
func skipDigits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// skipSign returns 1 when s starts with a sign.
func skipSign(s string) int {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return 1
	}
	return 0
}

// numeral reports whether s is a decimal numeral: an optional sign, digits with an optional point, and an optional
// exponent.
func numeral(s string) bool {
	start := skipSign(s)
	i := skipDigits(s, start)
	digits := i - start
	if i < len(s) && s[i] == '.' {
		end := skipDigits(s, i+1)
		digits += end - i - 1
		i = end
	}
	if digits == 0 {
		return false
	}
	return i == len(s) || exponent(s[i:])
}

// exponent reports whether s is "e", an optional sign and digits.
func exponent(s string) bool {
	if s[0]|0x20 != 'e' {
		return false
	}
	start := 1 + skipSign(s[1:])
	return start < len(s) && skipDigits(s, start) == len(s)
}
