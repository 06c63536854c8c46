// Package mediatype reads headers of the form "value; name=value" (Content-Type, Accept, Content-Disposition) as Django
// reads them, and compares media types as Django REST framework does.
package mediatype

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/charset"
)

// ErrCharset says that a parameter in the form name*=charset'language'text names a character set nobody knows.
var ErrCharset = errors.New("mediatype: unknown character set of a parameter")

// Param is one parameter of a header.
type Param struct{ Name, Value string }

// Params are the parameters of a header in their order; of equal names only the last is kept, at the place of the first.
type Params []Param

// Get returns the value of a parameter and whether it is there.
func (p Params) Get(name string) (string, bool) {
	for _, param := range p {
		if param.Name == name {
			return param.Value, true
		}
	}
	return "", false
}

func (p Params) set(name, value string) Params {
	for i := range p {
		if p[i].Name == name {
			p[i].Value = value
			return p
		}
	}
	return append(p, Param{name, value})
}

// ParseHeader splits a header into its value in lower case and its parameters, names in lower case, values without
// quotes. Parameters in pieces (name*0=, name*1=) and in other character sets (name*=utf-8”...) are put together under
// their name, after all others. The only error is ErrCharset; any other text gives something.
func ParseHeader(line string) (string, Params, error) {
	if !strings.Contains(line, ";") {
		return strings.ToLower(strings.TrimSpace(line)), nil, nil
	}
	parts := split(line)
	value, _, _ := strings.Cut(parts[0], "=")
	params, pieces := plainParams(parts[1:])
	params, err := joinPieces(params, pieces)
	return strings.ToLower(strings.TrimSpace(value)), params, err
}

// split cuts a header at the semicolons that stand outside of quotes.
func split(line string) []string {
	var parts []string
	for {
		end := partEnd(line)
		parts = append(parts, strings.TrimSpace(line[:end]))
		if end == len(line) {
			return parts
		}
		line = line[end+1:]
	}
}

// partEnd is the position of the first semicolon that an even number of unescaped quotes precedes.
func partEnd(line string) int {
	quotes := 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"' && (i == 0 || line[i-1] != '\\'):
			quotes++
		case line[i] == ';' && (quotes%2 == 0 || i == 0):
			return i
		}
	}
	return len(line)
}

// piece is a part of a parameter that is split or written in another character set.
type piece struct {
	name    string
	number  int // -1 without
	value   string
	encoded bool
}

func plainParams(parts []string) (params Params, pieces []piece) {
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		name, value = strings.ToLower(strings.TrimSpace(name)), unquote(strings.TrimSpace(value))
		if p, ok := pieceOf(name, value); ok {
			pieces = append(pieces, p)
			continue
		}
		if name != "" {
			params = params.set(name, value)
		}
	}
	return params, pieces
}

// pieceOf reads the names "filename*", "filename*0" and "filename*0*".
func pieceOf(name, value string) (piece, bool) {
	base, rest, found := strings.Cut(name, "*")
	if !found || base == "" || !isWord(base) {
		return piece{}, false
	}
	p := piece{name: base, number: -1, value: value, encoded: strings.HasSuffix(name, "*")}
	digits := strings.TrimSuffix(rest, "*")
	if rest == "" {
		return p, true
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || !isDigits(digits) {
		return piece{}, false
	}
	p.number = int(n)
	return p, true
}

func isWord(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	})
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// joinPieces puts the pieces of each name together, in the order of their numbers.
func joinPieces(params Params, pieces []piece) (Params, error) {
	var names []string
	for _, p := range pieces {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(a.number, b.number) })
	for _, name := range names {
		value, err := joined(name, pieces)
		if err != nil {
			return params, err
		}
		params = params.set(name, value)
	}
	return params, nil
}

func joined(name string, pieces []piece) (string, error) {
	var b strings.Builder
	encoded := false
	for _, p := range pieces {
		if p.name != name {
			continue
		}
		if p.encoded {
			encoded = true
			p.value = unescape(p.value)
		}
		b.WriteString(p.value)
	}
	if !encoded {
		return b.String(), nil
	}
	return decodeExtended(b.String())
}

// decodeExtended decodes charset'language'bytes; without the two ticks it is ASCII.
func decodeExtended(value string) (string, error) {
	parts := strings.SplitN(value, "'", 3)
	name, text := "ascii", value
	if len(parts) == 3 {
		name, text = parts[0], parts[2]
	}
	set, err := charset.Lookup(name)
	switch {
	case errors.Is(err, charset.ErrUnknown) && name != "":
		return "", ErrCharset
	case err != nil:
		return text, nil //nolint:nilerr // a character set without a decoder leaves the text as it came
	}
	return set.DecodeReplacing([]byte(text)), nil
}

// unescape replaces %XX by the byte; what is no escape stays.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// unquote takes away quotes or angle brackets around a value.
func unquote(s string) string {
	if len(s) < 2 {
		return s
	}
	switch first, last := s[0], s[len(s)-1]; {
	case first == '"' && last == '"':
		s = strings.ReplaceAll(s[1:len(s)-1], `\\`, `\`)
		return strings.ReplaceAll(s, `\"`, `"`)
	case first == '<' && last == '>':
		return s[1 : len(s)-1]
	}
	return s
}
