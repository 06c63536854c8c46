package pyjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Recode appends a stored JSON document in the dialect of this package: without white space, with characters instead
// of escapes, floats in Python's notation. The result is that of Parse and AppendValue, except that repeated keys
// stay. ok is false, and dst as it was, when src is no document of at most DefaultDepth levels. It allocates only for
// strings with escapes.
func Recode(dst, src []byte) (out []byte, ok bool) {
	r := recoder{dst: dst, src: src}
	r.space()
	if !r.value(DefaultDepth) {
		return dst, false
	}
	if r.space(); r.i < len(src) {
		return dst, false
	}
	return r.dst, true
}

type recoder struct {
	dst, src []byte
	i        int
}

func (r *recoder) space() {
	for r.i < len(r.src) {
		switch r.src[r.i] {
		case ' ', '\n', '\t', '\r':
			r.i++
		default:
			return
		}
	}
}

// skip skips c and the white space behind it.
func (r *recoder) skip(c byte) bool {
	if r.i >= len(r.src) || r.src[r.i] != c {
		return false
	}
	r.i++
	r.space()
	return true
}

func (r *recoder) value(depth int) bool {
	if r.i >= len(r.src) {
		return false
	}
	switch c := r.src[r.i]; {
	case c == '"':
		return r.str()
	case c == '{' || c == '[':
		return depth > 0 && r.items(c, c+2, depth-1)
	case c == '-' || isDigit(c):
		return r.number()
	}
	return r.word("null") || r.word("true") || r.word("false")
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNumeral tells whether c may stand in a number.
func isNumeral(c byte) bool {
	return isDigit(c) || c == '.' || c == 'e' || c == 'E' || c == '-' || c == '+'
}

// items copies an array or an object.
func (r *recoder) items(opening, closing byte, depth int) bool {
	r.skip(opening)
	r.dst = append(r.dst, opening)
	for first := true; ; first = false {
		if r.i < len(r.src) && r.src[r.i] == closing && first {
			break
		}
		if opening == '{' && !r.key() || !r.value(depth) {
			return false
		}
		if r.space(); !r.skip(',') {
			break
		}
		r.dst = append(r.dst, ',')
	}
	if r.i >= len(r.src) || r.src[r.i] != closing {
		return false
	}
	r.i++
	r.dst = append(r.dst, closing)
	return true
}

func (r *recoder) key() bool {
	if r.i >= len(r.src) || r.src[r.i] != '"' || !r.str() {
		return false
	}
	r.space()
	r.dst = append(r.dst, ':')
	return r.skip(':')
}

func (r *recoder) word(word string) bool {
	if !bytes.HasPrefix(r.src[r.i:], []byte(word)) {
		return false
	}
	r.i += len(word)
	r.dst = append(r.dst, word...)
	return true
}

// str copies a string as it is when nothing in it needs another form.
func (r *recoder) str() bool {
	end := endOfPlain(r.src, r.i+1)
	if end == len(r.src) {
		return false
	}
	if r.src[end] != '"' {
		return r.strange()
	}
	r.dst = append(r.dst, r.src[r.i:end+1]...)
	r.i = end + 1
	return true
}

// strange copies a string with escapes or characters outside ASCII.
func (r *recoder) strange() bool {
	end := stringEnd(r.src, r.i)
	if !utf8.Valid(r.src[r.i:end]) {
		return false
	}
	p := parser{s: string(r.src[r.i:end]), i: 1}
	s, err := p.str()
	if err != nil || p.i != len(p.s) {
		return false
	}
	r.dst = AppendString(r.dst, s)
	r.i = end
	return true
}

func (r *recoder) number() bool {
	end := r.i + 1
	for end < len(r.src) && isNumeral(r.src[end]) {
		end++
	}
	text := r.src[r.i:end]
	scanned, isFloat := scanNumber(string(text), 0)
	if scanned != len(text) {
		return false
	}
	r.i = end
	switch {
	case isFloat:
		f, _ := strconv.ParseFloat(string(text), 64) // out of range gives infinity, which becomes null
		r.dst = AppendFloat(r.dst, f)
	case len(text) == 2 && text[0] == '-' && text[1] == '0':
		r.dst = append(r.dst, '0')
	default:
		r.dst = append(r.dst, text...)
	}
	return true
}
