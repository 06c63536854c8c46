package replay

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// errNotJSON says that a body that should be masked is none.
var errNotJSON = errors.New("the body is not JSON")

// token is a piece of JSON text. Its kind is the punctuation mark itself, '"' for a string, '0' for another scalar, and
// zero at the end.
type token struct {
	kind       byte
	start, end int
}

// lexer splits valid JSON text into tokens.
type lexer struct {
	text string
	at   int
}

func (l *lexer) next() token {
	l.skip(" \t\r\n")
	if l.at == len(l.text) {
		return token{start: l.at, end: l.at}
	}
	t := token{kind: l.text[l.at], start: l.at}
	switch t.kind {
	case '{', '}', '[', ']', ',', ':':
		l.at++
	case '"':
		l.skipString()
	default:
		t.kind = '0'
		l.skipUntil(" \t\r\n,]}")
	}
	t.end = l.at
	return t
}

func (l *lexer) skip(chars string) {
	for l.at < len(l.text) && strings.IndexByte(chars, l.text[l.at]) >= 0 {
		l.at++
	}
}

func (l *lexer) skipUntil(chars string) {
	for l.at < len(l.text) && strings.IndexByte(chars, l.text[l.at]) < 0 {
		l.at++
	}
}

func (l *lexer) skipString() {
	for l.at++; l.text[l.at] != '"'; l.at++ {
		if l.text[l.at] == '\\' {
			l.at++
		}
	}
	l.at++
}

// peek is the kind of the next token, which is not taken.
func (l *lexer) peek() byte {
	at := l.at
	defer func() { l.at = at }()
	return l.next().kind
}

// place is where a scalar stands in a JSON text.
type place struct {
	path       string // "$.items[0].id"
	start, end int
}

// places finds every scalar of a JSON text.
func places(text string) ([]place, error) {
	if !json.Valid([]byte(text)) {
		return nil, errNotJSON
	}
	w := walker{lexer: lexer{text: text}}
	w.value("$")
	return w.found, nil
}

// walker collects places.
type walker struct {
	lexer
	found []place
}

func (w *walker) value(path string) {
	t := w.next()
	switch t.kind {
	case '{':
		w.object(path)
	case '[':
		w.array(path)
	default:
		w.found = append(w.found, place{path, t.start, t.end})
	}
}

func (w *walker) object(path string) {
	for t := w.next(); t.kind != '}'; t = w.next() {
		if t.kind == ',' {
			continue
		}
		w.next() // the colon
		w.value(path + "." + unquote(w.text[t.start:t.end]))
	}
}

func (w *walker) array(path string) {
	for n := 0; w.peek() != ']'; n++ {
		w.value(path + "[" + strconv.Itoa(n) + "]")
		if w.peek() == ',' {
			w.next()
		}
	}
	w.next()
}
