package form

import (
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/rest/internal/charset"
)

// ParseURLEncoded reads a body of the form name=value&name=value. A body that is not in the character set is read as
// ISO 8859-1; percent escapes that are not become U+FFFD. The only error is a *LimitError.
func ParseURLEncoded(body []byte, cs charset.Charset, lim Limits) (*MultiDict, error) {
	if exceeds(int64(len(body)), lim.fieldBytes()) {
		return nil, tooLarge()
	}
	text, err := cs.Decode(body)
	if err != nil {
		text = charset.Latin1(body)
	}
	return parsePairs(text, cs, lim)
}

// ParseQuery is ParseURLEncoded for the query of an address, in UTF-8.
func ParseQuery(query string, lim Limits) (*MultiDict, error) {
	if !utf8.ValidString(query) {
		return ParseURLEncoded([]byte(query), charset.Charset{}, lim)
	}
	if exceeds(int64(len(query)), lim.fieldBytes()) {
		return nil, tooLarge()
	}
	return parsePairs(query, charset.Charset{}, lim)
}

// parsePairs reads the text of a form.
func parsePairs(text string, cs charset.Charset, lim Limits) (*MultiDict, error) {
	d := new(MultiDict)
	if text == "" {
		return d, nil
	}
	most := strings.Count(text, "&") + 1
	if exceeds(int64(most), int64(lim.fields())) {
		return nil, tooMany("fields")
	}
	const room = 64 // a body of nothing but separators must not cost more than it is long
	d.grow(min(most, room))
	for name, value := range pairs(text, cs) {
		d.Add(name, value)
	}
	return d, nil
}

// QueryPairs are the parameters of a query string in its order, as ParseQuery reads them but without limits: the query has
// passed them already, or is as short.
func QueryPairs(query string) iter.Seq2[string, string] {
	if !utf8.ValidString(query) {
		query = charset.Latin1([]byte(query))
	}
	return pairs(query, charset.Charset{})
}

// pairs are the names and values of the text of a form, as Python's parse_qsl reads it with blank values kept.
func pairs(text string, cs charset.Charset) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.SplitSeq(text, "&") {
			if pair == "" {
				continue
			}
			name, value, _ := strings.Cut(pair, "=")
			if !yield(unquote(name, cs), unquote(value, cs)) {
				return
			}
		}
	}
}

// unquote replaces plus signs by blanks and percent escapes by characters.
func unquote(s string, cs charset.Charset) string {
	s = strings.ReplaceAll(s, "+", " ")
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for s != "" {
		ascii := asciiLength(s)
		b.WriteString(cs.DecodeReplacing(unescape(s[:ascii])))
		other := otherLength(s[ascii:])
		b.WriteString(s[ascii : ascii+other])
		s = s[ascii+other:]
	}
	return b.String()
}

// asciiLength returns how many bytes at the start of s are ASCII; only these hold escapes that are decoded together.
func asciiLength(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

func otherLength(s string) int {
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			return i
		}
	}
	return len(s)
}

// unescape replaces percent escapes by bytes; a percent sign without two hexadecimal digits stays.
func unescape(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			high, low := nibble(s[i+1]), nibble(s[i+2])
			if high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func nibble(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
