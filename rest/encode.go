package rest

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// encoding is the state of writing one answer.
type encoding struct {
	r *Request
}

// partial tells whether the answer is that to a partial update, which knows no defaults (Field.get_default).
func (e *encoding) partial() bool { return e.r != nil && e.r.Method() == http.MethodPatch }

// encoder appends the JSON of the value of one Go type that lies at p. Encoders are compiled once and never fail: what
// cannot be written was refused when it came in.
type encoder func(e *encoding, dst []byte, p unsafe.Pointer) []byte

// attribute is the way from a model to one of its values: an offset, and then pointers to follow.
type attribute struct {
	offset uintptr
	jumps  []jump
	typ    reflect.Type // type of the value it leads to
}

// jump follows a pointer.
type jump struct {
	offset  uintptr // from what it points to
	reverse bool    // that is the other side of a one-to-one relation
}

// at leads from the model at p to the value; nil when a pointer on the way is nil.
func (a attribute) at(p unsafe.Pointer) unsafe.Pointer {
	p = unsafe.Add(p, a.offset)
	for _, j := range a.jumps {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return nil
		}
		p = unsafe.Add(p, j.offset)
	}
	return p
}

// endsAtReverse tells whether a way that leads nowhere ends at the other side of a one-to-one relation: that nobody refers to
// the object is null whatever the field's default, as in Field.get_attribute.
func (a attribute) endsAtReverse(p unsafe.Pointer) bool {
	p = unsafe.Add(p, a.offset)
	for _, j := range a.jumps {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return j.reverse
		}
		p = unsafe.Add(p, j.offset)
	}
	return false
}

// attributeOf resolves a Go path ("Category.Name") from struct type t.
func attributeOf(registry *orm.Registry, t reflect.Type, path []string) (attribute, error) {
	a := attribute{typ: t}
	for i, name := range path {
		sf, ok := t.FieldByName(name)
		if !ok {
			return a, fmt.Errorf("%s has no field %s", t, name)
		}
		a.enter(t, sf.Index)
		if i == len(path)-1 {
			break
		}
		reverse := isReverse(registry.Model(t), name)
		if t = sf.Type; t.Kind() == reflect.Pointer {
			a.jumps = append(a.jumps, jump{reverse: reverse})
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return a, fmt.Errorf("%s is no struct to go on from", name)
		}
	}
	return a, nil
}

// attributeAt is the way to the field of t with a reflect index.
func attributeAt(t reflect.Type, index []int) attribute {
	var a attribute
	a.enter(t, index)
	return a
}

// enter goes on from a struct of type t to the field with a reflect index, through embedded structs.
func (a *attribute) enter(t reflect.Type, index []int) {
	for _, n := range index {
		if t.Kind() == reflect.Pointer {
			a.jumps = append(a.jumps, jump{})
			t = t.Elem()
		}
		sf := t.Field(n)
		if last := len(a.jumps) - 1; last < 0 {
			a.offset += sf.Offset
		} else {
			a.jumps[last].offset += sf.Offset
		}
		t = sf.Type
	}
	a.typ = t
}

// isReverse tells whether the Go field of a model holds the other side of a one-to-one relation.
func isReverse(m *orm.Model, goName string) bool {
	return m != nil && slices.ContainsFunc(m.Reverses, func(r *orm.Reverse) bool { return r.GoName == goName && !r.Many })
}

var null = []byte("null")

// encoderFor compiles the encoder of f for values of type t.
func encoderFor(f *field, t reflect.Type) (encoder, error) {
	if f.related != nil && !f.many {
		return f.related.encoder(t)
	}
	if t.Kind() == reflect.Pointer {
		inner, err := encoderFor(f, t.Elem())
		return pointerEncoder(inner), err
	}
	switch {
	case f.nested != nil && !f.many:
		return f.nested.valueEncoder(t)
	case f.many && t.Kind() == reflect.Slice:
		return manyEncoder(f, t)
	case f.class.options == "multiple choice" && t.Kind() == reflect.Slice, f.child != nil && t.Kind() == reflect.Slice:
		return sliceEncoder(f, t)
	case f.child != nil && t.Kind() == reflect.Map:
		return mapEncoder(f, t)
	}
	return scalarEncoder(f, t)
}

func pointerEncoder(inner encoder) encoder {
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		if p = *(*unsafe.Pointer)(p); p == nil {
			return append(dst, null...)
		}
		return inner(e, dst, p)
	}
}

// manyEncoder writes a to-many relation: every element is a model or a pointer to one.
func manyEncoder(f *field, t reflect.Type) (encoder, error) {
	one := *f
	one.many = false
	inner, err := encoderFor(&one, t.Elem())
	if err != nil {
		return nil, err
	}
	return listEncoder(inner, t.Elem().Size()), nil
}

func sliceEncoder(f *field, t reflect.Type) (encoder, error) {
	child := f.child
	if child == nil {
		one := *f
		one.class = classes["choice"]
		child = &one
	}
	inner, err := encoderFor(child, t.Elem())
	if err != nil {
		return nil, err
	}
	return listEncoder(inner, t.Elem().Size()), nil
}

// sliceHeader is the layout of every slice.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

func listEncoder(inner encoder, size uintptr) encoder {
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		h := (*sliceHeader)(p)
		dst = append(dst, '[')
		for i := range h.len {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = inner(e, dst, unsafe.Add(h.data, uintptr(i)*size))
		}
		return append(dst, ']')
	}
}

// mapEncoder writes a map in the order of its keys: Go's maps keep none.
func mapEncoder(f *field, t reflect.Type) (encoder, error) {
	inner, err := encoderFor(f.child, t.Elem())
	if err != nil {
		return nil, err
	}
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		m := reflect.NewAt(t, p).Elem()
		dst = append(dst, '{')
		for i, k := range sortedKeys(m) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(pyjson.AppendString(dst, k.String()), ':')
			v := reflect.New(t.Elem())
			v.Elem().Set(m.MapIndex(k))
			dst = inner(e, dst, v.UnsafePointer())
		}
		return append(dst, '}')
	}, nil
}

// scalarEncoder picks the encoder of a plain value by its type and the field's format.
func scalarEncoder(f *field, t reflect.Type) (encoder, error) {
	if enc := typedEncoder(f, t); enc != nil {
		return enc, nil
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return strconv.AppendBool(dst, *(*bool)(p)) }, nil
	case reflect.String:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return pyjson.AppendString(dst, *(*string)(p)) }, nil
	case reflect.Int64, reflect.Int, reflect.Int32, reflect.Int16, reflect.Int8:
		return textual(f, intEncoder(t)), nil
	case reflect.Uint64, reflect.Uint, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		return textual(f, uintEncoder(t)), nil
	case reflect.Float64:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return pyjson.AppendFloat(dst, *(*float64)(p)) }, nil
	}
	return anyEncoder(t), nil
}

// textual puts quotes around a number when the field coerces to text (BigIntegerField(coerce_to_string=True)).
func textual(f *field, enc encoder) encoder {
	if f.spec == nil || f.spec.asString == nil || !*f.spec.asString {
		return enc
	}
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		return append(enc(e, append(dst, '"'), p), '"')
	}
}

func intEncoder(t reflect.Type) encoder {
	switch t.Size() {
	case 8:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return strconv.AppendInt(dst, *(*int64)(p), 10)
		}
	case 4:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return strconv.AppendInt(dst, int64(*(*int32)(p)), 10)
		}
	case 2:
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return strconv.AppendInt(dst, int64(*(*int16)(p)), 10)
		}
	}
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return strconv.AppendInt(dst, int64(*(*int8)(p)), 10)
	}
}

func uintEncoder(t reflect.Type) encoder {
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return strconv.AppendUint(dst, reflect.NewAt(t, p).Elem().Uint(), 10)
	}
}

// typedEncoder knows the types with a form of their own; nil for others.
func typedEncoder(f *field, t reflect.Type) encoder {
	switch t {
	case reflect.TypeFor[time.Time]():
		return datetimeEncoder(f)
	case reflect.TypeFor[orm.Date]():
		return dateEncoder(f)
	case reflect.TypeFor[orm.TimeOfDay]():
		return timeEncoder(f)
	case reflect.TypeFor[orm.Duration]():
		return durationEncoder(f)
	case reflect.TypeFor[Span]():
		return spanEncoder(f)
	case reflect.TypeFor[orm.Decimal]():
		return decimalEncoder(f)
	case reflect.TypeFor[orm.JSON]():
		return jsonEncoder(f)
	case reflect.TypeFor[[]byte]():
		return bytesEncoder
	case reflect.TypeFor[orm.File]():
		return fileEncoder
	case reflect.TypeFor[uuid.UUID]():
		return uuidEncoder(f)
	case reflect.TypeFor[pyjson.Int]():
		return textual(f, func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return pyjson.AppendInt(dst, *(*pyjson.Int)(p))
		})
	case reflect.TypeFor[big.Int]():
		return textual(f, func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return (*big.Int)(p).Append(dst, 10) })
	}
	return nil
}

func datetimeEncoder(f *field) encoder {
	format, zone := f.limits.output, f.limits.zone
	if zone == nil {
		zone = time.UTC
	}
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return format.AppendDateTime(dst, (*time.Time)(p).In(zone))
	}
}

func dateEncoder(f *field) encoder {
	format := f.limits.output
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return format.AppendDate(dst, *(*orm.Date)(p)) }
}

func timeEncoder(f *field) encoder {
	format := f.limits.output
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return format.AppendTime(dst, *(*orm.TimeOfDay)(p))
	}
}

func durationEncoder(f *field) encoder {
	enc := spanEncoder(f)
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		span := pyvalue.SpanOf(*(*orm.Duration)(p))
		return enc(e, dst, unsafe.Pointer(&span))
	}
}

func spanEncoder(f *field) encoder {
	iso := f.spec.format == pyvalue.ISO
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		span := *(*Span)(p)
		dst = append(dst, '"')
		if iso {
			dst = span.AppendISO(dst)
		} else {
			dst = span.Append(dst)
		}
		return append(dst, '"')
	}
}

func decimalEncoder(f *field) encoder {
	rules := f.limits.decimal
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte { return rules.Append(dst, *(*orm.Decimal)(p)) }
}

func uuidEncoder(f *field) encoder {
	format := pyvalue.UUIDFormat(f.spec.format)
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return pyvalue.AppendUUID(dst, *(*uuid.UUID)(p), format)
	}
}

// jsonEncoder writes stored JSON again in the framework's dialect; text that is no JSON any more is written as a string.
func jsonEncoder(f *field) encoder {
	binary := f.spec != nil && f.spec.binary
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		raw := *(*orm.JSON)(p)
		if len(raw) == 0 {
			return append(dst, null...)
		}
		if !binary {
			if out, ok := pyjson.Recode(dst, raw); ok {
				return out
			}
		}
		v, err := pyjson.Parse(raw, pyjson.Limits{})
		if err != nil {
			return pyjson.AppendString(dst, string(raw))
		}
		if binary && v != nil {
			return pyjson.AppendString(dst, string(pyjson.AppendDumps(nil, v)))
		}
		return pyjson.AppendValue(dst, v)
	}
}

// bytesEncoder writes bytes as Django writes those of a BinaryField: in base64.
func bytesEncoder(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, *(*[]byte)(p))
	return append(dst, '"')
}

// fileEncoder writes the absolute address of a stored file, null for none.
func fileEncoder(e *encoding, dst []byte, p unsafe.Pointer) []byte {
	name := *(*orm.File)(p)
	if name == "" {
		return append(dst, null...)
	}
	return pyjson.AppendString(dst, e.r.fileURL(string(name)))
}

// anyEncoder writes values without a compiled form through the general rules; a struct by its address, which may have a form of
// its own, as that of an Object has.
func anyEncoder(t reflect.Type) encoder {
	if t.Kind() == reflect.Struct {
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return pyjson.AppendValue(dst, reflect.NewAt(t, p).Interface())
		}
	}
	return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
		return pyjson.AppendValue(dst, reflect.NewAt(t, p).Elem().Interface())
	}
}
