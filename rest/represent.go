package rest

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// valueEncoder writes a nested object of type t: a model, a data struct, or JSON text that holds one.
func (s *serializer) valueEncoder(t reflect.Type) (encoder, error) {
	switch {
	case s.model != nil && t == s.model.Type:
		return func(e *encoding, dst []byte, p unsafe.Pointer) []byte { return s.appendModel(e, dst, p) }, nil
	case t == reflect.TypeFor[orm.JSON]():
		return s.appendStored, nil
	}
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte { return s.appendData(e, dst, p) }, nil
}

// appendModel writes the representation of the model at p (Serializer.to_representation).
func (s *serializer) appendModel(e *encoding, dst []byte, p unsafe.Pointer) []byte {
	if s.spec.represent == nil {
		return s.appendFields(e, dst, p)
	}
	start := len(dst)
	dst = s.appendFields(e, dst, p)
	plain, err := pyjson.Parse(dst[start:], pyjson.Limits{})
	out, ok := plain.(*Object)
	if err != nil || !ok {
		return dst
	}
	s.spec.represent(e.r, p, out)
	return appendJSON(dst[:start], out)
}

func (s *serializer) appendFields(e *encoding, dst []byte, p unsafe.Pointer) []byte {
	dst = append(dst, '{')
	empty := len(dst)
	for _, f := range s.readable {
		start := len(dst)
		if start > empty {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		if at := f.attr.at(p); at != nil {
			dst = f.enc(e, dst, at)
			continue
		}
		if f.attr.endsAtReverse(p) {
			dst = append(dst, null...)
		} else if filled, ok := f.appendMissing(e, dst); ok {
			dst = filled
		} else {
			dst = dst[:start]
		}
	}
	return append(dst, '}')
}

// appendMissing writes what stands for a value that a null on the way hides: the default, null, or nothing at all.
func (f *field) appendMissing(e *encoding, dst []byte) ([]byte, bool) {
	switch {
	case f.hasDefault && e.partial():
		return dst, false
	case f.hasDefault:
		return f.appendDefault(e, dst), true
	case f.null && f.spec.null != nil:
		return append(dst, null...), true
	}
	return dst, false
}

// appendDefault writes the default through the field's own form.
func (f *field) appendDefault(e *encoding, dst []byte) []byte {
	v := f.defaultValue(e.r)
	if v == nil {
		return append(dst, null...)
	}
	return f.appendClean(e, dst, v)
}

// appendClean writes a clean value that is in no variable.
func (f *field) appendClean(e *encoding, dst []byte, v any) []byte {
	if d, ok := v.(*pyjson.Dict); ok && f.child != nil {
		return f.appendEntries(e, dst, d)
	}
	if f.typ == nil || f.dataEnc == nil {
		return pyjson.AppendValue(dst, v)
	}
	box := reflect.New(f.typ)
	set := f.set
	if set == nil {
		var err error
		if set, err = setterFor(f, f.typ); err != nil {
			return pyjson.AppendValue(dst, v)
		}
	}
	if err := set(box.Elem(), v); err != nil {
		return pyjson.AppendValue(dst, v)
	}
	return f.dataEnc(e, dst, box.UnsafePointer())
}

// appendEntries writes an object of unknown keys in the order they were sent in.
func (f *field) appendEntries(e *encoding, dst []byte, d *pyjson.Dict) []byte {
	dst = append(dst, '{')
	first := true
	for k, v := range d.All() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(pyjson.AppendString(dst, k), ':')
		if v == nil {
			dst = append(dst, null...)
		} else {
			dst = f.child.appendClean(e, dst, v)
		}
	}
	return append(dst, '}')
}

// appendData writes a data struct that a handler filled: every readable field.
func (s *serializer) appendData(e *encoding, dst []byte, p unsafe.Pointer) []byte {
	dst = append(dst, '{')
	v := reflect.NewAt(s.spec.data, p).Elem()
	for i, f := range s.readable {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		if f.index == nil || f.dataEnc == nil {
			dst = append(dst, null...)
			continue
		}
		dst = f.dataEnc(e, dst, v.FieldByIndex(f.index).Addr().UnsafePointer())
	}
	return append(dst, '}')
}

// appendStored writes an object that is stored as JSON text: the serializer's fields in its order, as far as they are there.
func (s *serializer) appendStored(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
	raw := *(*orm.JSON)(p)
	v, err := pyjson.Parse(raw, pyjson.Limits{})
	stored, ok := v.(*pyjson.Dict)
	if err != nil || !ok {
		return append(dst, null...)
	}
	dst = append(dst, '{')
	first := true
	for _, f := range s.readable {
		value, ok := stored.Get(f.name)
		if !ok {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = pyjson.AppendValue(append(dst, f.key...), value)
	}
	return append(dst, '}')
}

// callEncoder writes what a function of the model returns; p is the model.
func callEncoder(model reflect.Type, c *computed, enc encoder) encoder {
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		out := c.call(e.r, reflect.NewAt(model, p))
		box := reflect.New(c.out)
		box.Elem().Set(out)
		return enc(e, dst, box.UnsafePointer())
	}
}

// appendRows writes a slice of pointers to models as an array.
func (s *serializer) appendRows(e *encoding, dst []byte, rows reflect.Value) []byte {
	dst = append(dst, '[')
	for i := range rows.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.appendModel(e, dst, rows.Index(i).UnsafePointer())
	}
	return append(dst, ']')
}

// sortedKeys are the keys of a map with string keys in byte order.
func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

func appendJSONString(dst []byte, s string) []byte { return pyjson.AppendString(dst, s) }
