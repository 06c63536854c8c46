package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	reference   = regexp.MustCompile(`\{\{(\w+)\}\}`)
	pathSegment = regexp.MustCompile(`\.([^.\[\]]+)|\[(\d+)\]`)
)

// errNoValue says that a path leads nowhere.
var errNoValue = errors.New("no such value")

// concealedLength is the least length of a captured text that expectations write as {{name}}.
const concealedLength = 8

// variables are the captured values of a scenario, in the order of their first capture.
type variables struct {
	names  []string
	values map[string]any // string, json.Number, bool, nil, []any or map[string]any
	plain  []string
}

func (v *variables) set(name string, value any) {
	if v.values == nil {
		v.values = map[string]any{}
	}
	if _, known := v.values[name]; !known {
		v.names = append(v.names, name)
	}
	v.values[name] = value
}

// whole is the value that a text consisting of nothing but {{name}} stands for.
func (v *variables) whole(text string) (any, bool) {
	m := reference.FindStringSubmatch(text)
	if m == nil || m[0] != text {
		return nil, false
	}
	value, known := v.values[m[1]]
	return value, known
}

// fill replaces every {{name}} that is known.
func (v *variables) fill(text string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		value, known := v.values[found[2:len(found)-2]]
		if !known {
			return found
		}
		return plainText(value)
	})
}

// conceal writes {{name}} for every captured text that is long enough to be told from others.
func (v *variables) conceal(text string) string {
	for _, name := range v.names {
		value, ok := v.values[name].(string)
		if ok && utf8.RuneCountInString(value) >= concealedLength && !slices.Contains(v.plain, name) {
			text = strings.ReplaceAll(text, value, "{{"+name+"}}")
		}
	}
	return text
}

// fillJSON formats a JSON text as the recorder did and fills its strings; one that is nothing but {{name}} becomes the
// captured value with its type.
func (v *variables) fillJSON(raw string) []byte {
	l := lexer{text: raw}
	var out []byte
	for t := l.next(); t.kind != 0; t = l.next() {
		part := raw[t.start:t.end]
		switch t.kind {
		case ',', ':':
			out = append(out, t.kind, ' ')
		case '"':
			out = v.appendFilled(out, unquote(part), l.peek() == ':')
		default:
			out = append(out, part...)
		}
	}
	return out
}

func (v *variables) appendFilled(out []byte, text string, isKey bool) []byte {
	value, ok := v.whole(text)
	if _, isText := value.(string); !ok || isKey || isText {
		return appendQuoted(out, v.fill(text))
	}
	data, err := json.Marshal(value)
	if err != nil { // cannot be: the value was decoded from JSON
		return appendQuoted(out, err.Error())
	}
	return append(out, new(variables).fillJSON(string(data))...)
}

// plainText is a value within other text, in Python's spelling, which the recordings have.
func plainText(value any) string {
	switch x := value.(type) {
	case nil:
		return "None"
	case bool:
		if x {
			return "True"
		}
		return "False"
	}
	return fmt.Sprint(value)
}

// lookup finds the value at a path such as $.items[0].id.
func lookup(text, path string) (any, error) {
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	for _, m := range pathSegment.FindAllStringSubmatch(path, -1) {
		var ok bool
		if value, ok = member(value, m[1], m[2]); !ok {
			return nil, errNoValue
		}
	}
	return value, nil
}

// member is the named or, without a name, the indexed part of a value.
func member(value any, name, index string) (any, bool) {
	if name != "" {
		object, _ := value.(map[string]any)
		v, ok := object[name]
		return v, ok
	}
	list, _ := value.([]any)
	n, err := strconv.Atoi(index)
	if err != nil || n >= len(list) {
		return nil, false
	}
	return list[n], true
}
