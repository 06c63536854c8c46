package pyjson

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// AppendValue appends any value as JSON: those of a parsed document, and the Go values a hand-written response may
// hold. Those render as DRF renders values that did not pass through a serializer field: times in ISO 8601, exact
// decimals as numbers, durations as the text of their seconds, bytes as text. Maps come in the order of their keys,
// structs as encoding/json names their fields (without looking for MarshalJSON). What has no JSON form renders as
// null, numbers that are not finite too.
func AppendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case bool:
		return strconv.AppendBool(dst, v)
	case string:
		return AppendString(dst, v)
	case Int:
		return AppendInt(dst, v)
	case float64:
		return AppendFloat(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case []any:
		return appendList(dst, v)
	case *Dict:
		return appendDict(dst, v)
	case map[string]any:
		return appendMap(dst, v)
	}
	return appendOther(dst, v)
}

func appendList(dst []byte, list []any) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendValue(dst, v)
	}
	return append(dst, ']')
}

func appendDict(dst []byte, d *Dict) []byte {
	if d == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	for i, m := range d.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, m.key), ':')
		dst = AppendValue(dst, m.value)
	}
	return append(dst, '}')
}

func appendMap(dst []byte, m map[string]any) []byte {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	dst = append(dst, '{')
	for i, k := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, k), ':')
		dst = AppendValue(dst, m[k])
	}
	return append(dst, '}')
}

// appendOther appends what is no part of a parsed document.
func appendOther(dst []byte, v any) []byte {
	switch v := v.(type) {
	case *time.Time, *time.Duration, *orm.Decimal, *orm.Duration, *orm.JSON:
		return appendReflected(dst, reflect.ValueOf(v))
	case time.Time:
		return AppendTime(dst, v)
	case time.Duration:
		return appendSeconds(dst, v.Microseconds())
	case orm.Decimal:
		return AppendFloat(dst, v.Float64())
	case orm.Duration:
		return appendSeconds(dst, int64(v))
	case orm.JSON:
		return appendDocument(dst, v)
	case json.RawMessage:
		return appendDocument(dst, v)
	case []byte:
		return AppendString(dst, string(v))
	case json.Marshaler:
		return appendMarshaled(dst, v, v.MarshalJSON, appendDocument)
	case encoding.TextMarshaler:
		return appendMarshaled(dst, v, v.MarshalText, appendText)
	case fmt.Stringer:
		if !isNilPointer(v) {
			return AppendString(dst, v.String())
		}
	case error:
		return AppendString(dst, v.Error())
	}
	return appendReflected(dst, reflect.ValueOf(v))
}

// appendMarshaled appends what v makes of itself, null when it cannot.
func appendMarshaled(dst []byte, v any, marshal func() ([]byte, error), appendTo func(dst, text []byte) []byte) []byte {
	if isNilPointer(v) {
		return append(dst, "null"...)
	}
	text, err := marshal()
	if err != nil {
		return append(dst, "null"...)
	}
	return appendTo(dst, text)
}

func appendText(dst, text []byte) []byte { return AppendString(dst, string(text)) }

func isNilPointer(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// appendDocument appends JSON text, null when it is none.
func appendDocument(dst, text []byte) []byte {
	out, ok := Recode(dst, text)
	if !ok {
		return append(dst, "null"...)
	}
	return out
}

// appendSeconds appends a duration as text: Python's str of its seconds.
func appendSeconds(dst []byte, microseconds int64) []byte {
	dst = append(dst, '"')
	dst = appendRepr(dst, float64(microseconds)/1e6)
	return append(dst, '"')
}

// EveryText reports whether ok holds for every text and every key of a parsed document.
func EveryText(v any, ok func(text string) bool) bool {
	switch v := v.(type) {
	case string:
		return ok(v)
	case []any:
		for _, item := range v {
			if !EveryText(item, ok) {
				return false
			}
		}
	case *Dict:
		for _, m := range v.members {
			if !ok(m.key) || !EveryText(m.value, ok) {
				return false
			}
		}
	}
	return true
}

// Finite reports whether every number of a parsed document is finite; "1e999" is not, and cannot be sent or stored.
func Finite(v any) bool {
	switch v := v.(type) {
	case float64:
		return !math.IsInf(v, 0) && !math.IsNaN(v)
	case []any:
		return !slices.ContainsFunc(v, func(item any) bool { return !Finite(item) })
	case *Dict:
		return !slices.ContainsFunc(v.members, func(m member) bool { return !Finite(m.value) })
	}
	return true
}
