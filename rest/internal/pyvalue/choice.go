package pyvalue

import (
	"fmt"
	"reflect"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Choices finds the allowed value that a client means: 1 and "1" are the same choice. It is immutable and may be
// used by several goroutines.
type Choices struct {
	values map[string]any
}

// NewChoices returns the choices with the given values: strings, booleans and numbers, named types included.
func NewChoices(values ...any) Choices {
	c := Choices{values: make(map[string]any, len(values))}
	for _, v := range values {
		c.values[ChoiceText(v)] = v
	}
	return c
}

// Find returns the allowed value, exactly as it was given to NewChoices; false when there is none.
func (c Choices) Find(v any) (any, bool) {
	value, ok := c.values[ChoiceText(v)]
	return value, ok
}

// ChoiceText returns the text by which choices are compared and which the error message shows: Python's str of the
// value.
func ChoiceText(v any) string {
	switch v.(type) {
	case nil, bool, string, pyjson.Int, float64, []any, *pyjson.Dict:
		return pyjson.Str(v)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return r.String()
	case reflect.Bool:
		return pyjson.Str(r.Bool())
	case reflect.Float32, reflect.Float64:
		return pyjson.Str(r.Float())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprint(r.Int())
	}
	return fmt.Sprint(v)
}
