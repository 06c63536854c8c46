package pyjson

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// DefaultDepth is how deep arrays and objects may nest when Limits.Depth is 0.
const DefaultDepth = 512

// MaxDigits is how many digits an integer may have, as in Python since 3.11.
const MaxDigits = 4300

// Limits bounds what Parse accepts. The zero value allows documents of any length, nested DefaultDepth deep.
type Limits struct {
	Depth int // levels of arrays and objects; 0 means DefaultDepth
	Bytes int // length of the document in bytes; 0 means any
}

// SyntaxError says why a document was refused.
type SyntaxError struct {
	Msg    string // the reason without the place
	Offset int    // where, in characters from the start; -1 when the reason has no place
	Line   int    // where, from 1; 0 without a place
	Column int    // where, in characters from 1; 0 without a place
}

// Error returns the text that Django REST framework shows after "JSON parse error - ".
func (e *SyntaxError) Error() string {
	if e.Offset < 0 {
		return e.Msg
	}
	return fmt.Sprintf("%s: line %d column %d (char %d)", e.Msg, e.Line, e.Column, e.Offset)
}

// Parse reads one JSON document from UTF-8 text. The error is a *SyntaxError. An incomplete character at the very
// end is ignored, as Python's stream readers do. The result keeps a copy of data alive, not data itself.
func Parse(data []byte, lim Limits) (any, error) {
	if lim.Bytes > 0 && len(data) > lim.Bytes {
		return nil, plain(fmt.Sprintf("The document is longer than %d bytes", lim.Bytes))
	}
	if !utf8.Valid(data) {
		var err error
		if data, err = trimIncomplete(data); err != nil {
			return nil, err
		}
	}
	return ParseString(string(data), lim)
}

// ParseString is Parse for text that is already decoded; the parts of the result share its memory. Text that is not
// valid UTF-8 is taken as it is.
func ParseString(text string, lim Limits) (any, error) {
	room, _ := rooms.Get().(*[]member)
	p := parser{s: text, depth: lim.Depth, open: *room}
	if p.depth <= 0 {
		p.depth = DefaultDepth
	}
	v, err := p.document()
	if cap(p.open) <= mostRoom {
		*room = p.open
		rooms.Put(room)
	}
	return v, err
}

// rooms are empty lists for the members of what is open.
var rooms = sync.Pool{New: func() any { return new([]member) }}

// mostRoom is how many members a list may have room for to be kept for the next document.
const mostRoom = 1024

type parser struct {
	s     string
	i     int
	depth int // levels that are left

	// The members of the objects and lists that are open, those of lists without keys. Each object and list takes its own from
	// the end when it is closed, and is made in the size that it has.
	open []member
}

func (p *parser) document() (any, error) {
	if strings.HasPrefix(p.s, "\ufeff") {
		return nil, p.fail("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0)
	}
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.i < len(p.s) {
		return nil, p.fail("Extra data", p.i)
	}
	return v, nil
}

// space skips white space.
func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// at returns the byte at the position, 0 at the end.
func (p *parser) at() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

// value reads any value; white space before it has been skipped.
func (p *parser) value() (any, error) {
	switch c := p.at(); {
	case c == '"':
		p.i++
		return boxed(p.str())
	case c == '{' || c == '[':
		return p.nested(c)
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	default:
		return p.word()
	}
}

func boxed(s string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// nested reads an object or a list.
func (p *parser) nested(opening byte) (v any, err error) {
	if p.depth == 0 {
		return nil, p.fail("Nested too deeply", p.i)
	}
	p.depth--
	p.i++
	p.space()
	start := len(p.open)
	if opening == '{' {
		v, err = p.object(start)
	} else {
		v, err = p.array(start)
	}
	clear(p.open[start:])
	p.open = p.open[:start]
	p.depth++
	return v, err
}

// object reads members to the end of the object, whose first one is to stand at start.
func (p *parser) object(start int) (any, error) {
	more := p.at() != '}'
	if !more {
		p.i++
	}
	for more {
		err := p.member()
		if err == nil {
			more, err = p.next('}')
		}
		if err != nil {
			return nil, err
		}
	}
	return dictOf(p.open[start:]), nil
}

// member reads one key and its value.
func (p *parser) member() error {
	if p.at() != '"' {
		return p.fail("Expecting property name enclosed in double quotes", p.i)
	}
	p.i++
	key, err := p.str()
	if err != nil {
		return err
	}
	if p.space(); p.at() != ':' {
		return p.fail("Expecting ':' delimiter", p.i)
	}
	p.i++
	p.space()
	v, err := p.value()
	p.open = append(p.open, member{key, v})
	return err
}

// array reads items to the end of the list, whose first one is to stand at start.
func (p *parser) array(start int) (any, error) {
	more := p.at() != ']'
	if !more {
		p.i++
	}
	for more {
		v, err := p.value()
		p.open = append(p.open, member{value: v})
		if err == nil {
			more, err = p.next(']')
		}
		if err != nil {
			return nil, err
		}
	}
	list := make([]any, len(p.open)-start)
	for i, m := range p.open[start:] {
		list[i] = m.value
	}
	return list, nil
}

// next reads the comma after an item, or the closing bracket: then more is false.
func (p *parser) next(closing byte) (more bool, err error) {
	p.space()
	c := p.at()
	if p.i >= len(p.s) || c != closing && c != ',' {
		return false, p.fail("Expecting ',' delimiter", p.i)
	}
	p.i++
	if c == closing {
		return false, nil
	}
	p.space()
	return true, nil
}

// word reads null, true and false, and refuses everything else.
func (p *parser) word() (any, error) {
	rest := p.s[p.i:]
	switch {
	case strings.HasPrefix(rest, "null"):
		p.i += 4
		return nil, nil
	case strings.HasPrefix(rest, "true"):
		p.i += 4
		return true, nil
	case strings.HasPrefix(rest, "false"):
		p.i += 5
		return false, nil
	case strings.HasPrefix(rest, "NaN"):
		return nil, outOfRange("NaN")
	case strings.HasPrefix(rest, "Infinity"):
		return nil, outOfRange("Infinity")
	}
	return nil, p.fail("Expecting value", p.i)
}

// number reads an integer or a float.
func (p *parser) number() (any, error) {
	start := p.i
	end, isFloat := scanNumber(p.s, start)
	if end == start {
		if strings.HasPrefix(p.s[start:], "-Infinity") {
			return nil, outOfRange("-Infinity")
		}
		return nil, p.fail("Expecting value", start)
	}
	p.i = end
	if isFloat {
		f, _ := strconv.ParseFloat(p.s[start:end], 64) // out of range gives infinity, as in Python
		return f, nil
	}
	return parseInt(p.s[start:end])
}

// scanNumber returns the end of the number at start (start itself when there is none) and whether it is a float.
// A fraction or an exponent without digits does not belong to it.
func scanNumber(s string, start int) (end int, isFloat bool) {
	i := start
	if s[i] == '-' {
		i++
	}
	switch digits := digitsEnd(s, i); {
	case digits == i:
		return start, false
	case s[i] == '0':
		i++
	default:
		i = digits
	}
	if i < len(s) && s[i] == '.' {
		if e := digitsEnd(s, i+1); e > i+1 {
			i, isFloat = e, true
		}
	}
	if e := exponentEnd(s, i); e > i {
		i, isFloat = e, true
	}
	return i, isFloat
}

func exponentEnd(s string, i int) int {
	if i >= len(s) || s[i]|0x20 != 'e' {
		return i
	}
	j := i + 1
	if j < len(s) && (s[j] == '+' || s[j] == '-') {
		j++
	}
	if e := digitsEnd(s, j); e > j {
		return e
	}
	return i
}

func digitsEnd(s string, i int) int {
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i
}

func parseInt(s string) (any, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return NewInt(n), nil
	}
	digits := len(strings.TrimPrefix(s, "-"))
	if digits > MaxDigits {
		return nil, plain(fmt.Sprintf("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; "+
			"use sys.set_int_max_str_digits() to increase the limit", MaxDigits, digits))
	}
	n, _ := new(big.Int).SetString(s, 10)
	return NewBig(n), nil
}

func outOfRange(word string) error {
	return plain("Out of range float values are not JSON compliant: '" + word + "'")
}

// plain returns an error without a place.
func plain(msg string) error { return &SyntaxError{Msg: msg, Offset: -1} }

// fail returns an error at the byte position i.
func (p *parser) fail(msg string, i int) error {
	before := p.s[:i]
	line := strings.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Msg:    msg,
		Offset: Length(before),
		Line:   strings.Count(before, "\n") + 1,
		Column: Length(before[line:]) + 1,
	}
}
