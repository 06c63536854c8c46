package rest

import (
	"fmt"
	"reflect"

	"github.com/quintet-go/quintet/orm"
)

// lookAhead asks the database at once about everything in a body that reading it needs to know: the related objects that it
// names, and whether its unique values are taken. What it cannot foresee, the reading asks by itself.
func (s *serializer) lookAhead(d *decoding, data any) error {
	b := &orm.Batch{}
	var done []func()
	for _, f := range s.writable {
		var after func()
		var err error
		switch {
		case f.namesRelated():
			after, err = f.queueRelated(d, b, data)
		case f.unique != nil:
			after = f.queueUnique(d, b, data)
		}
		if err != nil {
			return err
		}
		if after != nil {
			done = append(done, after)
		}
	}
	if b.Len() < 2 {
		d.forget()
		return nil
	}
	if err := d.r.read(b, s.locks); err != nil {
		d.forget()
		if isRefusedValue(err) && !orm.Begun(d.r.connection()) {
			return nil // the reading finds out which one
		}
		return fmt.Errorf("look up what the body names: %w", err)
	}
	for _, after := range done {
		after()
	}
	return nil
}

// forget drops what was foreseen.
func (d *decoding) forget() { d.named, d.taken = nil, nil }

// namesRelated tells whether the values of a field are keys of related objects.
func (f *field) namesRelated() bool {
	if f.many {
		return f.child != nil && f.child.related != nil && f.child.class.parse != nil && f.class.parse != nil
	}
	return f.related != nil && f.class.parse != nil
}

// queueRelated asks for the objects that the field's value names.
func (f *field) queueRelated(d *decoding, b *orm.Batch, data any) (after func(), err error) {
	raw, sent := f.raw(d, data)
	if !sent || raw == nil || raw == "" {
		return nil, nil
	}
	one, items := f, []any{raw}
	if f.many {
		list, ok := iterable(raw)
		if !ok || len(list) > maxRelatedKeys {
			return nil, nil
		}
		one, items = f.child, list
	}
	keys := make([]any, 0, len(items))
	for _, item := range items {
		key, err := one.related.key(d, one, item)
		if err != nil {
			return nil, nil //nolint:nilerr // the reading reports it
		}
		keys = append(keys, key)
	}
	wanted := d.objects(one.related).want(keys)
	if len(wanted) == 0 {
		return nil, nil
	}
	return d.queueObjects(b, one.related, wanted)
}

// queueUnique asks whether another row holds the field's value.
func (f *field) queueUnique(d *decoding, b *orm.Batch, data any) (after func()) {
	raw, sent := f.raw(d, data)
	if !sent || raw == nil || raw == "" {
		return nil
	}
	value, err := f.class.parse(d, f, raw)
	if err != nil || value == nil || !d.canBeHeld(value) { // the reading reports it
		return nil
	}
	if !reflect.TypeOf(value).Comparable() {
		return nil
	}
	statement, args := f.unique.statement(d, value)
	taken := false
	b.Query(statement, args, whether(&taken))
	return func() { d.taken = append(d.taken, takenValue{f.unique, value, taken}) }
}

// takenValue is a value whose uniqueness was asked for.
type takenValue struct {
	check *uniqueCheck
	value any
	taken bool
}

// foreseen is what lookAhead found out about a clean value.
func (d *decoding) foreseen(u *uniqueCheck, value any) (taken, known bool) {
	for _, t := range d.taken {
		if t.check == u && t.value == value {
			return t.taken, true
		}
	}
	return false, false
}
