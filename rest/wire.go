package rest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// copier moves a value between the data struct and the model.
type copier func(dst, src reflect.Value)

// wire connects a field to its variable in the data struct and to its place in the model.
func (c *compiler) wire(s *serializer, f *field) error {
	var err error
	if f.index != nil && f.typ != nil && f.spec.computed == nil {
		if err = c.wireData(f); err != nil {
			return err
		}
	}
	if s.model == nil {
		return nil
	}
	if f.spec.computed != nil {
		return c.wireComputed(s, f)
	}
	return c.wireModel(s, f)
}

func (c *compiler) wireData(f *field) (err error) {
	if !f.readOnly {
		if f.set, err = setterFor(f, f.typ); err != nil {
			return err
		}
	}
	if f.related != nil && f.related.text {
		return nil
	}
	f.dataEnc, err = encoderFor(f, f.typ)
	return err
}

// wireModel finds the value in the model and, for writable fields, how to put it there.
func (c *compiler) wireModel(s *serializer, f *field) error {
	if f.spec.identity {
		return c.wireIdentity(s, f)
	}
	path := f.spec.path()
	if m, ok := reflect.PointerTo(s.model.Type).MethodByName(path[0]); ok && len(path) == 1 && f.spec.model == nil {
		return c.wireMethod(s, f, m)
	}
	err := c.attribute(s, f, path)
	if err != nil && f.writeOnly && (s.spec.create != nil || s.spec.update != nil) {
		return nil // it is read by them alone
	}
	if err != nil {
		return err
	}
	if f.enc, err = encoderFor(f, f.attr.typ); err != nil || f.readOnly {
		return err
	}
	if len(path) > 1 {
		if s.spec.create == nil && s.spec.update == nil {
			return fmt.Errorf("a field with the source %s cannot be stored by itself; tag it readonly, or give the serializer Create and Update", f.spec.source)
		}
		return nil
	}
	return c.wireWrite(s, f)
}

// attribute decides where the value is read: a key needs no related object, so it is read from the column.
func (c *compiler) attribute(s *serializer, f *field, path []string) (err error) {
	mf := f.spec.model
	keyOnly := f.related != nil && !f.many && mf != nil && mf.Column != "" && !f.related.text && f.related.field.PrimaryKey
	if keyOnly {
		f.attr = attributeAt(s.model.Type, mf.Index)
		return nil
	}
	if f.attr, err = attributeOf(c.config.Registry, s.model.Type, path); err != nil {
		return fmt.Errorf("%w; name a field, relation or method of the model with source=, or add rest.Computed", err)
	}
	return nil
}

// wireMethod makes a read-only field of a method without arguments (ReadOnlyField over a property).
func (c *compiler) wireMethod(s *serializer, f *field, m reflect.Method) error {
	if m.Type.NumIn() != 1 || m.Type.NumOut() != 1 {
		return fmt.Errorf("the method %s must take nothing and return one value", m.Name)
	}
	f.readOnly, f.required = true, false
	if f.spec.class == "" {
		f.class = classes["readonly"]
	}
	f.spec.computed = &computed{out: m.Type.Out(0), call: func(_ *Request, v reflect.Value) reflect.Value {
		return v.Method(m.Index).Call(nil)[0]
	}}
	return c.wireComputed(s, f)
}

// wireComputed encodes what the function returns.
func (c *compiler) wireComputed(s *serializer, f *field) error {
	enc, err := encoderFor(f, f.spec.computed.out)
	if err != nil {
		return err
	}
	f.enc = callEncoder(s.model.Type, f.spec.computed, enc)
	f.attr = attribute{typ: f.spec.computed.out}
	return nil
}

// wireWrite compiles the ways between the data struct and the model.
func (c *compiler) wireWrite(s *serializer, f *field) error {
	mf := f.spec.model
	switch {
	case f.related != nil && f.related.text && (mf == nil || mf.Kind != orm.ManyToMany):
		return nil
	case f.nested != nil && (mf == nil || mf.Related != nil):
		if s.spec.create == nil {
			return fmt.Errorf("a writable nested field needs the serializer's Create and Update; give them, or tag the field readonly")
		}
		return nil
	case mf == nil:
		if f.spec.reverse != nil {
			return fmt.Errorf("a reverse relation cannot be written; tag it readonly")
		}
		return nil
	case mf.Kind == orm.ManyToMany:
		return c.wireMany(s, f)
	case mf.Related != nil:
		return c.wireKey(s, f)
	}
	return c.wireColumn(s, f)
}

// wireColumn copies a plain value, through pointers where one side may be null.
func (c *compiler) wireColumn(s *serializer, f *field) error {
	index := f.spec.model.Index
	column := s.model.Type.FieldByIndex(index).Type
	if f.nested != nil || f.child != nil {
		if column != reflect.TypeFor[orm.JSON]() {
			return fmt.Errorf("an object or list can be stored in a JSON column, not in a %s; give the serializer Create and Update", column)
		}
		f.store = func(_ *Request, m reflect.Value, st *inputState, i int) error {
			m.FieldByIndex(index).Set(reflect.ValueOf(st.jsonOf(i)))
			return nil
		}
		return nil
	}
	in, err := copierFor(column, f.typ)
	if err != nil {
		return err
	}
	out, err := copierFor(f.typ, column)
	if err != nil {
		return err
	}
	f.load = func(data, m reflect.Value) { out(data, m.FieldByIndex(index)) }
	if f.class == classes["file"] || f.class == classes["image"] {
		return c.wireFile(f, column)
	}
	f.store = func(_ *Request, m reflect.Value, st *inputState, _ int) error {
		in(m.FieldByIndex(index), st.data.FieldByIndex(f.index))
		return nil
	}
	return nil
}

// wireKey sets the key column and the loaded object of a to-one relation.
func (c *compiler) wireKey(s *serializer, f *field) error {
	mf := f.spec.model
	to := f.related.model.ByColumn(keyColumn(mf))
	toKey, err := copierFor(s.model.Type.FieldByIndex(mf.Index).Type, to.Type)
	if err != nil {
		return err
	}
	f.store = func(_ *Request, m reflect.Value, st *inputState, i int) error {
		key, object := m.FieldByIndex(mf.Index), m.FieldByIndex(mf.RelIndex)
		if st.values[i] == nil {
			key.SetZero()
			object.SetZero()
			return nil
		}
		o := reflect.ValueOf(st.values[i])
		toKey(key, o.Elem().FieldByIndex(to.Index))
		object.Set(o)
		return nil
	}
	f.load, err = c.keyLoader(s, f)
	return err
}

// keyLoader gives the data struct the stored object, or one with just its key when it is not loaded.
func (c *compiler) keyLoader(s *serializer, f *field) (func(data, m reflect.Value), error) {
	mf, related := f.spec.model, f.related.model
	if _, ok := isRelated(f.typ); !ok {
		out, err := copierFor(f.typ, s.model.Type.FieldByIndex(mf.Index).Type)
		return func(data, m reflect.Value) { out(data, m.FieldByIndex(mf.Index)) }, err
	}
	to := related.ByColumn(keyColumn(mf))
	toKey, err := copierFor(to.Type, s.model.Type.FieldByIndex(mf.Index).Type)
	return func(data, m reflect.Value) {
		key, object := m.FieldByIndex(mf.Index), m.FieldByIndex(mf.RelIndex)
		switch {
		case !object.IsNil():
			data.Field(0).Set(object)
		case key.IsZero():
			data.SetZero()
		default:
			o := reflect.New(related.Type)
			toKey(o.Elem().FieldByIndex(to.Index), key)
			data.Field(0).Set(o)
		}
	}, err
}

// wireMany keeps the objects of a many-to-many relation for Save.
func (c *compiler) wireMany(s *serializer, f *field) error {
	rel := f.spec.model.RelIndex
	list := s.model.Type.FieldByIndex(rel).Type
	f.store = func(r *Request, m reflect.Value, st *inputState, i int) error {
		objects, _ := st.values[i].([]any)
		out := reflect.MakeSlice(list, len(objects), len(objects))
		for n, o := range objects {
			v := reflect.ValueOf(o)
			if list.Elem().Kind() != reflect.Pointer {
				v = v.Elem()
			}
			out.Index(n).Set(v)
		}
		m.FieldByIndex(rel).Set(out)
		r.pending(m, f.spec.model)
		return nil
	}
	return nil
}

// copierFor copies between two types of the same values: T, *T and named forms of T.
func copierFor(dst, src reflect.Type) (copier, error) {
	d, s := dst, src
	if d.Kind() == reflect.Pointer {
		d = d.Elem()
	}
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	if d != s && (d.Kind() != s.Kind() && !(isIntegerType(d) && isIntegerType(s)) || !s.ConvertibleTo(d)) {
		return nil, fmt.Errorf("a %s cannot stand for a %s; use the model's type, or give the serializer Create and Update", src, dst)
	}
	return func(to, from reflect.Value) {
		if from.Kind() == reflect.Pointer {
			if from.IsNil() {
				to.SetZero()
				return
			}
			from = from.Elem()
		}
		if to.Kind() == reflect.Pointer {
			to.Set(reflect.New(d))
			to = to.Elem()
		}
		if d != s {
			from = from.Convert(d)
		}
		to.Set(from)
	}, nil
}

func isIntegerType(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 }

// apply copies what was sent to a model.
func (st *inputState) apply(r *Request, m any) error {
	v := reflect.ValueOf(m)
	if st.s.model == nil || v.Kind() != reflect.Pointer || v.Elem().Type() != st.s.model.Type {
		return fmt.Errorf("the serializer %s cannot be applied to a %T", st.s.name, m)
	}
	for i, f := range st.s.fields {
		if !st.sent[i] || f.store == nil {
			continue
		}
		if err := f.store(r, v.Elem(), st, i); err != nil {
			return err
		}
	}
	return nil
}

// jsonOf is the clean value of a field as JSON text.
func (st *inputState) jsonOf(i int) orm.JSON {
	switch v := st.values[i].(type) {
	case nil:
		return orm.JSON("null")
	case *inputState, []*inputState:
		return orm.JSON(st.appendValue(&encoding{}, nil, i, st.s.fields[i]))
	default:
		return orm.JSON(pyjson.AppendValue(nil, v))
	}
}

// pending notes that a many-to-many relation of m is to be stored with it.
func (r *Request) pending(m reflect.Value, mf *orm.Field) {
	t := r.track(m.Addr().Interface())
	if !slices.Contains(t.many, mf) {
		t.many = append(t.many, mf)
	}
}
