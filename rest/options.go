package rest

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// FieldOption is an addition to one field of a serializer, made by Field, Clean, Computed, Nested, Matches ….
type FieldOption struct {
	ptr   any
	apply func(f *fieldSpec) error
}

// Field adds checks to a field (its validators): all of them run after the field's own rules passed, and each returns
// Invalid("…") or nil.
func Field[T any](ptr *T, checks ...func(value T) error) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		for _, check := range checks {
			f.checks = append(f.checks, func(_ *Request, v reflect.Value) error { return check(v.Interface().(T)) })
		}
		return nil
	}}
}

// Each adds checks to the elements of a list, as Field does to a value; messages stand under the positions of the elements.
func Each[T any](ptr *[]T, checks ...func(value T) error) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		if f.child == nil {
			f.child = &fieldSpec{}
		}
		return Field(new(T), checks...).apply(f.child)
	}}
}

// Clean gives a field its validate_<field> method: it gets the valid value and returns the one to use, or Invalid("…").
// Updating tells which object is being changed.
func Clean[T any](ptr *T, clean func(r *Request, value T) (T, error)) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.clean = func(r *Request, v reflect.Value) error {
			out, err := clean(r, v.Interface().(T))
			if err == nil {
				v.Set(reflect.ValueOf(&out).Elem())
			}
			return err
		}
		return nil
	}}
}

// Computed makes a read-only field from a function of the model (SerializerMethodField). needs names the relations (Go
// names, "Items.Product") that the function reads, so that they are loaded for all rows at once.
func Computed[M, T any](ptr *T, value func(m *M) T, needs ...string) FieldOption {
	return ComputedFor(ptr, func(_ *Request, m *M) T { return value(m) }, needs...)
}

// ComputedFor is Computed with the request.
func ComputedFor[M, T any](ptr *T, value func(r *Request, m *M) T, needs ...string) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.needs = append(f.needs, needs...)
		f.computed = &computed{out: reflect.TypeFor[T](), call: func(r *Request, m reflect.Value) reflect.Value {
			out := value(r, m.Interface().(*M))
			return reflect.ValueOf(&out).Elem()
		}}
		return nil
	}}
}

// Nested gives a field its own serializer: ptr points to a struct, a pointer to one or a slice of them.
func Nested[T any](ptr *T, s AnySerializer) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		t := reflect.TypeFor[T]()
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if want := s.spec().data; want != t {
			return fmt.Errorf("field %s: Nested with a serializer of %s, but the field holds %s", f.goName, want, t)
		}
		f.nested = s
		return nil
	}}
}

// Matches demands that a text matches a regular expression (Go syntax, anchored as written); message is the
// refusal, empty for the field's message of the code "invalid".
func Matches[T ~string | *string](ptr *T, expr, message string) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.patterns = append(f.patterns, pattern{expr, message})
		return nil
	}}
}

// Default gives a field a value that depends on the request when it is not sent (CurrentUserDefault and its like). A
// read-only field's default takes part in the validation of the object, for unique sets.
func Default[T any](ptr *T, value func(r *Request) T) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.defaultFunc = func(r *Request) any { return value(r) }
		return nil
	}}
}

// Messages replaces error messages of a field by code: "required", "blank", "null", "invalid", "max_length" ….
func Messages[T any](ptr *T, messages map[string]string) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.messages = with(f.messages)
		for code, text := range messages {
			f.messages[code] = text
		}
		return nil
	}}
}

// Choices limits a field to values (ChoiceField, MultipleChoiceField for slices).
func Choices[T any](ptr *T, choices ...orm.Choice) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.choices = choices
		return nil
	}}
}

// Among limits the objects a related field may name (queryset).
func Among[T any](ptr *T, limit func(r *Request, q *gorm.DB) *gorm.DB) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.limit = limit
		return nil
	}}
}

// UniqueBy replaces the uniqueness check of a field: lookup "exact" or "iexact", message of a refusal (UniqueValidator).
func UniqueBy[T any](ptr *T, lookup, message string) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.unique = &uniqueOption{lookup: lookup, message: message}
		return nil
	}}
}

// NotUnique takes the uniqueness check off a field; the constraint of the database stays.
func NotUnique[T any](ptr *T) FieldOption {
	return FieldOption{ptr, func(f *fieldSpec) error {
		f.unique = &uniqueOption{off: true}
		return nil
	}}
}
