package orm

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// New makes an object of the model with its fields' defaults: a pointer such as *Product.
func (m *Model) New() any {
	object := reflect.New(m.Type)
	m.setDefaults(object.Elem())
	return object.Interface()
}

// ApplyDefaults sets the fields of a new object that have a default to it, whatever they hold; call it before values are
// set. ptr is a pointer to the model's type, anything else is a mistake in the program and panics.
func (m *Model) ApplyDefaults(ptr any) { m.setDefaults(reflect.ValueOf(ptr).Elem()) }

func (m *Model) setDefaults(object reflect.Value) {
	for _, f := range m.defaults {
		setPlain(object.FieldByIndex(f.Index), f.initial())
	}
}

// setPlain stores v in a field of its type or of a pointer to it.
func setPlain(field reflect.Value, v any) {
	value := reflect.ValueOf(v)
	if field.Kind() == reflect.Pointer {
		ptr := reflect.New(field.Type().Elem())
		ptr.Elem().Set(value)
		value = ptr
	}
	field.Set(value)
}

// Initial computes the default of a field; ok is false when it has none.
func (f *Field) Initial() (value any, ok bool) {
	if f.initial == nil {
		return nil, false
	}
	return f.initial(), true
}

// setDefault reads default=….
func (f *Field) setDefault(tag ormTag, base reflect.Type, problem func(string, ...any)) {
	f.Default, f.HasDefault = tag.values["default"]
	if !f.HasDefault {
		return
	}
	if f.Type.Kind() != reflect.Pointer && f.Type != base {
		problem("default=%s: a %s takes no default; use *%s", f.Default, f.Type, base)
		f.HasDefault = false
		return
	}
	initial, err := initialOf(f.Default, base)
	if err != nil {
		problem("default=%s: %v", f.Default, err)
		f.HasDefault = false
		return
	}
	f.initial = initial
}

// initialOf makes the function that computes a default of a type.
func initialOf(text string, t reflect.Type) (func() any, error) {
	switch {
	case text == "now" && t == reflect.TypeFor[time.Time]():
		return func() any { return now() }, nil
	case text == "now" && t == reflect.TypeFor[Date]():
		return func() any { return DateOf(now()) }, nil
	case text == "now" && t == reflect.TypeFor[TimeOfDay]():
		return func() any { return TimeOfDayOf(now()) }, nil
	case text == "uuid4" && t == reflect.TypeFor[uuid.UUID]():
		return func() any { return uuid.New() }, nil
	case t == reflect.TypeFor[JSON]():
		if !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("is no JSON")
		}
		return func() any { return JSON(text) }, nil
	}
	value := reflect.New(t)
	if err := setText(value, text); err != nil {
		return nil, fmt.Errorf("is no %s (%w)", t, err)
	}
	constant := value.Elem().Interface()
	return func() any { return constant }, nil
}

// now is the time as it is stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// setText reads text into what ptr points to.
func setText(ptr reflect.Value, text string) error {
	if u, ok := ptr.Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	v := ptr.Elem()
	switch {
	case v.Kind() == reflect.String:
		v.SetString(text)
		return nil
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes([]byte(text))
		return nil
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return err
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
		return err
	case v.CanFloat():
		x, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(x)
		return err
	}
	return fmt.Errorf("a type without a text form")
}
