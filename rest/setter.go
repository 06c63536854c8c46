package rest

import (
	"fmt"
	"math"
	"reflect"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// setter puts a clean value into a Go variable; nil is null. It fails only for numbers the variable cannot hold.
type setter func(dst reflect.Value, v any) error

// setterFor compiles the setter of f for variables of type t.
func setterFor(f *field, t reflect.Type) (setter, error) {
	if t.Kind() == reflect.Pointer && !isRelatedPointer(f, t) {
		inner, err := setterFor(f, t.Elem())
		if err != nil {
			return nil, err
		}
		return pointerSetter(t, inner), nil
	}
	switch {
	case f.class == classes["file"] || f.class == classes["image"]:
		return uploadSetter, nil
	case f.related != nil && !f.many:
		return f.related.setter(t)
	case f.child != nil && t.Kind() == reflect.Slice:
		return sliceSetter(f.child, t)
	case f.child != nil && t.Kind() == reflect.Map:
		return mapSetter(f.child, t)
	case f.class == classes["multiple"] && t.Kind() == reflect.Slice:
		return sliceSetter(&field{class: classes["choice"]}, t)
	case f.nested != nil && f.many && t.Kind() == reflect.Slice:
		return nestedListSetter(t), nil
	case f.nested != nil:
		return nestedSetter, nil
	}
	return scalarSetter(t)
}

func pointerSetter(t reflect.Type, inner setter) setter {
	return func(dst reflect.Value, v any) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		p := reflect.New(t.Elem())
		if err := inner(p.Elem(), v); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
}

func sliceSetter(child *field, t reflect.Type) (setter, error) {
	inner, err := setterFor(child, t.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v any) error {
		items, _ := v.([]any)
		out := reflect.MakeSlice(t, len(items), len(items))
		for i, item := range items {
			if err := inner(out.Index(i), item); err != nil {
				return err
			}
		}
		dst.Set(out)
		return nil
	}, nil
}

func mapSetter(child *field, t reflect.Type) (setter, error) {
	inner, err := setterFor(child, t.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst reflect.Value, v any) error {
		items, _ := v.(*pyjson.Dict)
		out := reflect.MakeMap(t)
		if items != nil {
			for k, item := range items.All() {
				e := reflect.New(t.Elem()).Elem()
				if err := inner(e, item); err != nil {
					return err
				}
				out.SetMapIndex(reflect.ValueOf(k).Convert(t.Key()), e)
			}
		}
		dst.Set(out)
		return nil
	}, nil
}

// nestedSetter copies the data of a nested object that was read.
func nestedSetter(dst reflect.Value, v any) error {
	if v == nil {
		dst.SetZero()
		return nil
	}
	dst.Set(v.(*inputState).data)
	return nil
}

func nestedListSetter(t reflect.Type) setter {
	return func(dst reflect.Value, v any) error {
		states, _ := v.([]*inputState)
		out := reflect.MakeSlice(t, len(states), len(states))
		for i, s := range states {
			if t.Elem().Kind() == reflect.Pointer {
				out.Index(i).Set(s.data.Addr())
			} else {
				out.Index(i).Set(s.data)
			}
		}
		dst.Set(out)
		return nil
	}
}

// scalarSetter assigns clean values of the scalar classes.
func scalarSetter(t reflect.Type) (setter, error) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if t == reflect.TypeFor[orm.Duration]() {
			break
		}
		return setInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return setUint, nil
	}
	return func(dst reflect.Value, v any) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		rv := reflect.ValueOf(v)
		switch {
		case rv.Type().AssignableTo(t):
			dst.Set(rv)
		case rv.Type().ConvertibleTo(t) && rv.Kind() == t.Kind():
			dst.Set(rv.Convert(t))
		default:
			return fmt.Errorf("a %s cannot hold a %T", t, v)
		}
		return nil
	}, nil
}

func setInt(dst reflect.Value, v any) error {
	n, ok := asInt64(v)
	if v == nil {
		n, ok = 0, true
	}
	if !ok || dst.OverflowInt(n) {
		return fmt.Errorf("%v does not fit into %s", v, dst.Type())
	}
	dst.SetInt(n)
	return nil
}

func setUint(dst reflect.Value, v any) error {
	n, ok := asInt64(v)
	if v == nil {
		n, ok = 0, true
	}
	if !ok || n < 0 || dst.OverflowUint(uint64(n)) {
		return fmt.Errorf("%v does not fit into %s", v, dst.Type())
	}
	dst.SetUint(uint64(n))
	return nil
}

// asInt64 is the integer in v, which may be of any integer type.
func asInt64(v any) (int64, bool) {
	switch n := v.(type) {
	case pyjson.Int:
		return n.Int64()
	case int64:
		return n, true
	case int:
		return int64(n), true
	}
	rv := reflect.ValueOf(v)
	switch {
	case !rv.IsValid():
		return 0, false
	case rv.CanInt():
		return rv.Int(), true
	case rv.CanUint() && rv.Uint() <= math.MaxInt64:
		return int64(rv.Uint()), true
	}
	return 0, false
}

// isRelatedPointer tells whether t is itself the pointer to a related model, not a nullable value.
func isRelatedPointer(f *field, t reflect.Type) bool {
	return f.related != nil && t.Elem() == f.related.model.Type
}
