package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonStyle is how Python's json module writes a value.
type jsonStyle struct {
	indent int  // spaces a level; 0 for one line with ", " and ": "
	ascii  bool // escape what is not ASCII, as Django does for the text it stores
}

// format appends raw, which is JSON, in the style; level is the depth that raw stands at.
func (s jsonStyle) format(dst, raw []byte, level int) ([]byte, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	dst, err := s.value(dst, dec, level)
	if err != nil {
		return dst, fmt.Errorf("not JSON: %w", err)
	}
	return dst, nil
}

func (s jsonStyle) value(dst []byte, dec *json.Decoder, level int) ([]byte, error) {
	token, err := dec.Token()
	if err != nil {
		return dst, err
	}
	switch t := token.(type) {
	case json.Delim:
		return s.container(dst, dec, byte(t), level)
	case string:
		return s.text(dst, t), nil
	case json.Number:
		return appendNumber(dst, t.String()), nil
	case bool:
		return strconv.AppendBool(dst, t), nil
	}
	return append(dst, "null"...), nil
}

// container appends an array or an object whose opening bracket has been read.
func (s jsonStyle) container(dst []byte, dec *json.Decoder, open byte, level int) ([]byte, error) {
	dst = append(dst, open)
	var err error
	first := true
	for ; dec.More(); first = false {
		dst = s.next(dst, first, level+1)
		if open == '{' {
			key, err := dec.Token()
			if err != nil {
				return dst, err
			}
			dst = append(s.text(dst, key.(string)), ": "...)
		}
		if dst, err = s.value(dst, dec, level+1); err != nil {
			return dst, err
		}
	}
	end, err := dec.Token()
	if err != nil {
		return dst, err
	}
	if !first {
		dst = s.line(dst, level)
	}
	return append(dst, byte(end.(json.Delim))), nil
}

// next appends what stands before an element: comma, space or new line.
func (s jsonStyle) next(dst []byte, first bool, level int) []byte {
	if !first {
		dst = append(dst, ',')
		if s.indent == 0 {
			dst = append(dst, ' ')
		}
	}
	return s.line(dst, level)
}

// line begins a new line at a level, in the indented style only.
func (s jsonStyle) line(dst []byte, level int) []byte {
	if s.indent == 0 {
		return dst
	}
	dst = append(dst, '\n')
	return append(dst, strings.Repeat(" ", s.indent*level)...)
}

// text appends a string with quotes.
func (s jsonStyle) text(dst []byte, v string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(v); {
		if c := v[i]; c < utf8.RuneSelf {
			dst = appendASCII(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(v[i:])
		if s.ascii {
			dst = appendEscaped(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		i += size
	}
	return append(dst, '"')
}

func appendASCII(dst []byte, c byte) []byte {
	const short = "\"\"\\\\\nn\rr\tt\ff\bb" // characters with the letter that stands for them after a backslash
	for i := 0; i < len(short); i += 2 {
		if short[i] == c {
			return append(dst, '\\', short[i+1])
		}
	}
	if c < ' ' {
		return fmt.Appendf(dst, `\u%04x`, c)
	}
	return append(dst, c)
}

// appendEscaped appends a character as \uXXXX, or as two of them beyond the basic plane.
func appendEscaped(dst []byte, r rune) []byte {
	const beyond, high, low = 0x10000, 0xd800, 0xdc00
	if r < beyond {
		return fmt.Appendf(dst, `\u%04x`, r)
	}
	r -= beyond
	return fmt.Appendf(dst, `\u%04x\u%04x`, high+r>>10, low+r&0x3ff)
}

// appendNumber appends a JSON number: integers as they are, others as Python prints the float they stand for.
func appendNumber(dst []byte, text string) []byte {
	if !strings.ContainsAny(text, ".eE") {
		return append(dst, text...)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return append(dst, text...) // beyond float64: kept as it is
	}
	return appendFloat(dst, f)
}

// appendFloat appends the shortest text that reads back as f, always with a point or an exponent; what is no number as Python
// writes it, though JSON has no such thing.
func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	const smallest, largest = 1e-4, 1e16 // outside, Python writes an exponent
	if a := math.Abs(f); a != 0 && (a < smallest || a >= largest) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if !bytes.ContainsRune(dst[from:], '.') {
		dst = append(dst, ".0"...)
	}
	return dst
}
