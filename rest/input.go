package rest

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Input is what a serializer made of a body (validated_data): on updates Data starts from the stored object, so that it
// always holds the object as it would become.
type Input[D any] struct {
	Data D
	st   inputState
}

// inputState is an Input without its type parameter.
type inputState struct {
	input    any // the *Input[D]
	s        *serializer
	data     reflect.Value // &Data, dereferenced
	sent     []bool        // by field: was sent, or has a default on creation
	values   []any         // by field: the clean value; nested ones are *inputState
	partial  bool
	instance any // the object under update, nil on creation
}

func newInput[D any]() *inputState {
	in := &Input[D]{}
	in.st = inputState{input: in, data: reflect.ValueOf(&in.Data).Elem()}
	return &in.st
}

// Has tells whether the field at the address (a field of in.Data) was sent, or got its default on creation.
func (in *Input[D]) Has(field any) bool {
	i := in.st.index(field)
	return i >= 0 && in.st.sent[i]
}

// Partial tells whether fields that were not sent keep their values (PATCH).
func (in *Input[D]) Partial() bool { return in.st.partial }

// Updating tells whether the input is for an object that exists.
func (in *Input[D]) Updating() bool { return in.st.instance != nil }

// Apply copies every field that was sent to m, a pointer to the serializer's model; many-to-many relations are kept until
// r.Save has stored m.
func (in *Input[D]) Apply(r *Request, m any) error { return in.st.apply(r, m) }

// JSON is the nested object at the address as JSON text: just the fields that were sent, in their order.
func (in *Input[D]) JSON(field any) orm.JSON {
	i := in.st.index(field)
	if i < 0 {
		return nil
	}
	if nested, ok := in.st.values[i].(*inputState); ok {
		return orm.JSON(nested.appendJSON(&encoding{}, nil))
	}
	return orm.JSON(pyjson.AppendValue(nil, in.st.values[i]))
}

// ApplyNested copies what was sent of the nested object at the address (a field of in.Data) to m, a pointer to the model of
// its serializer; it does nothing when the object was not sent or is null.
func (in *Input[D]) ApplyNested(r *Request, field, m any) error {
	i := in.st.index(field)
	if i < 0 {
		return fmt.Errorf("ApplyNested: a %T is the address of no field of %T", field, in.Data)
	}
	nested, ok := in.st.values[i].(*inputState)
	if !ok {
		return nil
	}
	return nested.apply(r, m)
}

// RenderInput gives the JSON of valid input (Serializer.data after is_valid): what was not sent is left out unless it has a
// default or may be null.
func RenderInput[D any](r *Request, in *Input[D]) Rendered {
	return in.st.appendJSON(&encoding{r}, nil)
}

// RenderInputs is RenderInput for an array.
func RenderInputs[D any](r *Request, all []*Input[D]) Rendered {
	text := []byte{'['}
	for i, in := range all {
		if i > 0 {
			text = append(text, ',')
		}
		text = in.st.appendJSON(&encoding{r}, text)
	}
	return append(text, ']')
}

// index finds the field whose variable is at the address.
func (st *inputState) index(address any) int {
	p := reflect.ValueOf(address)
	if p.Kind() != reflect.Pointer {
		return -1
	}
	for i, f := range st.s.fields {
		if f.index == nil {
			continue
		}
		v := st.data.FieldByIndex(f.index)
		if v.Addr().Pointer() == p.Pointer() && v.Type() == p.Type().Elem() {
			return i
		}
	}
	return -1
}

// appendJSON writes the representation of clean data (Serializer.data of a form): fields that were not sent are left out
// unless they have a default or may be null. Partial input has no defaults.
func (st *inputState) appendJSON(e *encoding, dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for i, f := range st.s.fields {
		if f.writeOnly || f.hidden {
			continue
		}
		start := len(dst)
		if !first {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		var ok bool
		if dst, ok = st.appendField(e, dst, i, f); !ok {
			dst = dst[:start]
			continue
		}
		first = false
	}
	return append(dst, '}')
}

func (st *inputState) appendField(e *encoding, dst []byte, i int, f *field) ([]byte, bool) {
	if st.sent[i] {
		return st.appendValue(e, dst, i, f), true
	}
	switch {
	case f.hasDefault && st.partial:
		return dst, false
	case f.hasDefault && f.dataEnc != nil:
		return f.appendDefault(e, dst), true
	case f.null:
		return append(dst, null...), true
	}
	return dst, false
}

// appendValue writes a value that was sent; nested objects from their own state, which knows what they held.
func (st *inputState) appendValue(e *encoding, dst []byte, i int, f *field) []byte {
	switch v := st.values[i].(type) {
	case *inputState:
		return v.appendJSON(e, dst)
	case []*inputState:
		dst = append(dst, '[')
		for n, item := range v {
			if n > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(e, dst)
		}
		return append(dst, ']')
	case *pyjson.Dict:
		return f.appendClean(e, dst, v)
	}
	return f.dataEnc(e, dst, st.data.FieldByIndex(f.index).Addr().UnsafePointer())
}

// MergeJSON is the object stored with the keys of changes set; keys keep their places, new ones come last.
func MergeJSON(stored, changes orm.JSON) (orm.JSON, error) {
	merged := pyjson.NewDict()
	for _, text := range []orm.JSON{stored, changes} {
		v, err := pyjson.Parse(text, pyjson.Limits{})
		if err != nil {
			return nil, fmt.Errorf("merge JSON objects: %w", err)
		}
		d, ok := v.(*pyjson.Dict)
		if !ok {
			return nil, errors.New("merge JSON objects: one of them is no object")
		}
		for k, item := range d.All() {
			merged.Set(k, item)
		}
	}
	return orm.JSON(pyjson.AppendValue(nil, merged)), nil
}
