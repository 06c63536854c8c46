package pyvalue

import (
	"strings"
	"unicode"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Text reads a text field: strings and numbers (as Python writes them), not booleans. With trim, white space around
// the text is removed. Empty text is Blank, which comes before Invalid; a field that allows it takes "".
func Text(v any, trim bool) (string, Code) {
	switch v.(type) {
	case string, pyjson.Int, float64:
	default:
		return "", Invalid
	}
	s := pyjson.Str(v)
	if trim {
		s = Trim(s)
	}
	if s == "" {
		return "", Blank
	}
	return s, Accepted
}

// Characters checks that s has neither a null character nor half of a surrogate pair: the validators that every text
// field has, in their order. bad is the first surrogate, for the message of SurrogateInText.
func Characters(s string) (codes []Code, bad rune) {
	if strings.IndexByte(s, 0) >= 0 {
		codes = append(codes, NullCharacter)
	}
	if i := strings.IndexByte(s, 0xed); i >= 0 && pyjson.HasSurrogate(s) {
		for ; s[i] != 0xed || s[i+1] < 0xa0; i++ {
		}
		bad = rune(s[i]&0x0f)<<12 | rune(s[i+1]&0x3f)<<6 | rune(s[i+2]&0x3f)
		codes = append(codes, SurrogateInText)
	}
	return codes, bad
}

// Trim removes white space around s: Python's str.strip.
func Trim(s string) string { return strings.TrimFunc(s, Space) }

// Space reports whether Python calls r white space: Unicode's, and the separators U+001C to U+001F.
func Space(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
