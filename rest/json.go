package rest

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Object is a JSON object whose keys keep their order. Set(key, value) adds or replaces, Get(key) returns the value and
// whether it is there, Delete(key) removes, Has, Len, Keys and All read. The zero value is empty and usable; Obj makes a filled one.
//
// Its values, and Response.Data, may be nil, strings, booleans, numbers, Rendered text, objects, slices, maps with string
// keys (written in the order of their keys), time.Time, the types of package orm and types with a text form.
type Object = pyjson.Dict

// Int is an integer of any size, as JSON bodies hold them; Int64() tells whether it fits.
type Int = pyjson.Int

// Obj makes an Object of keys and values in turn: Obj("id", 1, "name", "x"). A key that is no string is written as fmt does;
// a last key without a value gets null.
func Obj(pairs ...any) *Object {
	o := &Object{}
	for i := 0; i < len(pairs); i += 2 {
		var value any
		if i+1 < len(pairs) {
			value = pairs[i+1]
		}
		o.Set(fmt.Sprint(pairs[i]), value)
	}
	return o
}

// ParseRendered turns ready JSON back into plain values, for renderers of other formats: nil, bool, string, Int, float64,
// []any and *Object.
func ParseRendered(text Rendered) (any, error) {
	v, err := pyjson.Parse(text, pyjson.Limits{})
	if err != nil {
		return nil, fmt.Errorf("rest: reading rendered JSON: %w", err)
	}
	return v, nil
}

// appendJSON appends any value that a Response may hold.
func appendJSON(dst []byte, v any) []byte {
	switch v := v.(type) {
	case Rendered:
		return appendRendered(dst, v)
	case Detail:
		return v.appendJSON(dst)
	case *Object:
		if v == nil {
			return append(dst, "null"...)
		}
		return appendObject(dst, v)
	case []any:
		return appendItems(dst, v)
	case []*Object:
		return appendItems(dst, v)
	case []Rendered:
		return appendItems(dst, v)
	case map[string]any:
		return appendObject(dst, sortedObject(v))
	case *big.Int:
		if v != nil {
			return v.Append(dst, 10)
		}
	}
	return pyjson.AppendValue(dst, v)
}

func appendRendered(dst []byte, text Rendered) []byte {
	if len(text) == 0 {
		return append(dst, "null"...)
	}
	return append(dst, text...)
}

func appendItems[T any](dst []byte, items []T) []byte {
	dst = append(dst, '[')
	for i, item := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, item)
	}
	return append(dst, ']')
}

func appendObject(dst []byte, o *Object) []byte {
	dst = append(dst, '{')
	first := true
	for key, value := range o.All() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(pyjson.AppendString(dst, key), ':')
		dst = appendJSON(dst, value)
	}
	return append(dst, '}')
}

// sortedObject is a map in the order of its keys.
func sortedObject(m map[string]any) *Object {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	o := &Object{}
	for _, key := range keys {
		o.Set(key, m[key])
	}
	return o
}
