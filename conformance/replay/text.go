package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text is a string of a recording. Lone surrogates, which JSON texts may hold and UTF-8 may not, are kept as three bytes
// each, so that they are sent as the recorder sent them.
type Text string

// UnmarshalJSON keeps lone surrogates, where encoding/json replaces them.
func (t *Text) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return fmt.Errorf("%.40s is no string", data)
	}
	*t = Text(unquote(string(data)))
	return nil
}

// Pair is a name with its value.
type Pair struct {
	Name  string
	Value Text
}

// Pairs is a JSON object of strings in the order of its text.
type Pairs []Pair

// UnmarshalJSON reads an object and keeps the order.
func (p *Pairs) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	switch t, _ := d.Token(); t {
	case nil:
		return nil // null holds no pairs
	case json.Delim('{'):
	default:
		return fmt.Errorf("%.40s is no object", data)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value Text
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("%v: %w", name, err)
		}
		*p = append(*p, Pair{fmt.Sprint(name), value})
	}
	return nil
}

// get finds the value of a name; letters' case counts.
func (p Pairs) get(name string) (string, bool) {
	for _, pair := range p {
		if pair.Name == name {
			return string(pair.Value), true
		}
	}
	return "", false
}

// has tells whether a name is there in any case.
func (p Pairs) has(name string) bool {
	for _, pair := range p {
		if strings.EqualFold(pair.Name, name) {
			return true
		}
	}
	return false
}

// set replaces the value of a name where it stands, or adds it at the end.
func (p *Pairs) set(name, value string) {
	for i := range *p {
		if (*p)[i].Name == name {
			(*p)[i].Value = Text(value)
			return
		}
	}
	*p = append(*p, Pair{name, Text(value)})
}

// setDefault adds a name that is not there.
func (p *Pairs) setDefault(name, value string) {
	if _, there := p.get(name); !there {
		p.set(name, value)
	}
}

// remove takes a name out.
func (p *Pairs) remove(name string) {
	kept := (*p)[:0]
	for _, pair := range *p {
		if pair.Name != name {
			kept = append(kept, pair)
		}
	}
	*p = kept
}

// unquote decodes a valid JSON string with its quotes.
func unquote(quoted string) string {
	in := quoted[1 : len(quoted)-1]
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); {
		if in[i] != '\\' {
			out = append(out, in[i])
			i++
			continue
		}
		decoded, n := appendEscaped(out, in[i:])
		out, i = decoded, i+n
	}
	return string(out)
}

// appendEscaped decodes the escape that in begins with and returns its length.
func appendEscaped(out []byte, in string) ([]byte, int) {
	if in[1] != 'u' {
		return append(out, controlOf(in[1])), 2
	}
	high := hex4(in[2:6])
	if 0xD800 <= high && high < 0xDC00 && strings.HasPrefix(in[6:], `\u`) {
		if low := hex4(in[8:12]); 0xDC00 <= low && low < 0xE000 {
			return utf8.AppendRune(out, (high-0xD800)<<10|(low-0xDC00)+0x10000), 12
		}
	}
	return appendCodePoint(out, high), 6
}

// controlOf is the byte that a one-letter escape stands for.
func controlOf(letter byte) byte {
	switch letter {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return letter
}

func hex4(digits string) rune {
	n, _ := strconv.ParseUint(digits, 16, 32) // the text is valid JSON
	return rune(n)
}

// appendCodePoint writes UTF-8, of surrogates too.
func appendCodePoint(out []byte, r rune) []byte {
	if r < 0xD800 || r > 0xDFFF {
		return utf8.AppendRune(out, r)
	}
	return append(out, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF)
}

// appendQuoted writes a JSON string that escapes only what must be, as the recorder did.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ':
			out = appendControl(out, c)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

func appendControl(out []byte, c byte) []byte {
	for _, letter := range []byte("bfnrt") {
		if controlOf(letter) == c {
			return append(out, '\\', letter)
		}
	}
	return fmt.Appendf(out, `\u%04x`, c)
}
