package pyjson

import (
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/rest/internal/charset"
)

// str reads a string; its opening quote has been skipped.
func (p *parser) str() (string, error) {
	begin := p.i
	for i := begin; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return p.s[begin:i], nil
		case c == '\\':
			return p.escaped(begin, i)
		case c < 0x20:
			return "", p.fail("Invalid control character at", i)
		}
	}
	return "", p.unterminated(begin)
}

func (p *parser) unterminated(begin int) error {
	return p.fail("Unterminated string starting at", begin-1)
}

// escaped reads on from the first backslash at i of a string whose text begins at begin.
func (p *parser) escaped(begin, i int) (string, error) {
	buf := append(make([]byte, 0, i-begin+32), p.s[begin:i]...)
	for i < len(p.s) {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return string(buf), nil
		case c < 0x20:
			return "", p.fail("Invalid control character at", i)
		case c != '\\':
			buf = append(buf, c)
			i++
		default:
			r, next, err := p.escape(begin, i)
			if err != nil {
				return "", err
			}
			buf = appendRune(buf, r)
			i = next
		}
	}
	return "", p.unterminated(begin)
}

// escape reads the escape sequence at i and returns its character and the position after it.
func (p *parser) escape(begin, i int) (r rune, next int, err error) {
	if i+1 >= len(p.s) {
		return 0, 0, p.unterminated(begin)
	}
	c := p.s[i+1]
	if c == 'u' {
		return p.unicode(i)
	}
	k := strings.IndexByte(`"\/bfnrt`, c)
	if k < 0 {
		return 0, 0, p.fail(`Invalid \escape`, i)
	}
	return rune("\"\\/\b\f\n\r\t"[k]), i + 2, nil
}

// unicode reads \uXXXX at i, two of them when they are a pair of surrogates.
func (p *parser) unicode(i int) (rune, int, error) {
	r, err := p.hex(i)
	if err != nil {
		return 0, 0, err
	}
	i += 6
	if r < 0xd800 || r > 0xdbff || !p.pairFollows(i) {
		return r, i, nil
	}
	low, err := p.hex(i)
	if err != nil {
		return 0, 0, err
	}
	if low < 0xdc00 || low > 0xdfff {
		return r, i, nil
	}
	return 0x10000 + (r-0xd800)<<10 + (low - 0xdc00), i + 6, nil
}

// pairFollows reports whether a second escape stands at i with at least one character behind it.
func (p *parser) pairFollows(i int) bool {
	return strings.HasPrefix(p.s[i:], `\u`) && runesFrom(p.s, i, 7)
}

// hex reads the four digits of the escape at i.
func (p *parser) hex(i int) (rune, error) {
	if !runesFrom(p.s, i, 7) {
		return 0, p.fail(`Invalid \uXXXX escape`, i+1)
	}
	var r rune
	for _, c := range []byte(p.s[i+2 : i+6]) {
		d := strings.IndexByte("0123456789abcdef", c|0x20)
		if d < 0 || c < '0' {
			return 0, p.fail(`Invalid \uXXXX escape`, i+1)
		}
		r = r<<4 | rune(d)
	}
	return r, nil
}

// runesFrom reports whether s has at least n characters from i on.
func runesFrom(s string, i, n int) bool {
	if len(s)-i < n {
		return false
	}
	return len(s)-i >= n*utf8.UTFMax || Length(s[i:]) >= n
}

// appendRune appends r, also when it is a surrogate.
func appendRune(buf []byte, r rune) []byte {
	if r >= 0xd800 && r <= 0xdfff {
		return append(buf, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f|0x80, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(buf, r)
}

// Length returns the number of characters of s, Python's len: a surrogate counts as one.
func Length(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}

// HasSurrogate reports whether s contains half of a surrogate pair, which cannot be stored or sent as UTF-8.
func HasSurrogate(s string) bool {
	for i := 0; i+2 < len(s); i++ {
		if s[i] == 0xed && s[i+1] >= 0xa0 {
			return true
		}
	}
	return false
}

// trimIncomplete returns data without an incomplete character at its end, or the error that Python's decoder gives
// for the first wrong byte.
func trimIncomplete(data []byte) ([]byte, error) {
	at := charset.FirstBroken(data)
	if at < 0 {
		return data, nil
	}
	rest := data[at:]
	if len(rest) == 2 && rest[0] == 0xed && rest[1]&0xc0 == 0x80 {
		return data[:at], nil // half of a surrogate, cut off: a stream reader waits for its last byte
	}
	n, reason := charset.Broken(rest)
	if reason == charset.EndOfData {
		return data[:at], nil
	}
	return nil, plain(charset.BrokenError(data, at, n, reason).Error())
}
