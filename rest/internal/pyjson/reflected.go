package pyjson

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// appendReflected appends a Go value that no faster way knows.
func appendReflected(dst []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		return AppendFloat(dst, v.Float())
	case reflect.String:
		return AppendString(dst, v.String())
	case reflect.Slice, reflect.Array:
		return appendReflectedList(dst, v)
	case reflect.Map:
		return appendReflectedMap(dst, v)
	case reflect.Struct:
		return append(appendFields(append(dst, '{'), v), '}')
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return AppendValue(dst, v.Elem().Interface())
		}
	}
	return append(dst, "null"...)
}

func appendReflectedList(dst []byte, v reflect.Value) []byte {
	dst = append(dst, '[')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendValue(dst, v.Index(i).Interface())
	}
	return append(dst, ']')
}

func appendReflectedMap(dst []byte, v reflect.Value) []byte {
	type entry struct {
		key   string
		value reflect.Value
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		entries = append(entries, entry{fmt.Sprint(it.Key().Interface()), it.Value()})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	dst = append(dst, '{')
	for i, e := range entries {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, e.key), ':')
		dst = AppendValue(dst, e.value.Interface())
	}
	return append(dst, '}')
}

// appendFields appends the exported fields of a struct; those of an embedded struct without a name of its own stand
// in its place.
func appendFields(dst []byte, v reflect.Value) []byte {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct {
			dst = appendFields(dst, v.Field(i))
			continue
		}
		if !field.IsExported() || name == "-" || strings.Contains(options, "omitempty") && v.Field(i).IsZero() {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, cmp.Or(name, field.Name)), ':')
		dst = AppendValue(dst, v.Field(i).Interface())
	}
	return dst
}
