package rest

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/quintet-go/quintet/orm"
)

// lookAhead asks the database at once about everything in a body that reading it needs to know: the related objects that it
// names, and whether its unique values are taken. What it cannot foresee, the reading asks by itself.
func (s *serializer) lookAhead(d *decoding, data any) error {
	b := &orm.Batch{}
	done, err := s.queueNamed(d, b, data)
	if err != nil {
		return err
	}
	unique := s.uniqueValues(d, data)
	if b.Len()+len(unique) < 2 {
		d.forget()
		return nil
	}
	d.queueUnique(b, unique)
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
	d.taken = append(d.taken, unique...)
	return nil
}

// queueNamed asks for the objects that a body names; done keeps what was found.
func (s *serializer) queueNamed(d *decoding, b *orm.Batch, data any) (done []func(), err error) {
	for _, f := range s.writable {
		if !f.namesRelated() {
			continue
		}
		after, err := f.queueRelated(d, b, data)
		if err != nil {
			return nil, err
		}
		if after != nil {
			done = append(done, after)
		}
	}
	return done, nil
}

// uniqueValues are the values of a body that no other row may hold; those that name objects are left to the reading.
func (s *serializer) uniqueValues(d *decoding, data any) (list []takenValue) {
	for _, f := range s.writable {
		if f.unique == nil || f.namesRelated() {
			continue
		}
		if value := f.uniqueValue(d, data); value != nil {
			list = append(list, takenValue{check: f.unique, value: value})
		}
	}
	return list
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

// uniqueValue is the clean value of a field whose values no two rows share; nil when there is nothing to be asked about it yet.
func (f *field) uniqueValue(d *decoding, data any) any {
	raw, sent := f.raw(d, data)
	if !sent || raw == nil || raw == "" {
		return nil
	}
	value, err := f.class.parse(d, f, raw)
	if err != nil || value == nil || !d.canBeHeld(value) || !reflect.TypeOf(value).Comparable() { // the reading reports it
		return nil
	}
	return value
}

// queueUnique asks which of the values another row holds; all by one statement, whose rows are their numbers.
func (d *decoding) queueUnique(b *orm.Batch, values []takenValue) {
	if len(values) == 0 {
		return
	}
	t := d.r.newStatement()
	for i, v := range values {
		if i > 0 {
			t.add(" UNION ALL ")
		}
		t.add("SELECT ", strconv.Itoa(i), " WHERE EXISTS (")
		t.find(v.check.model, apart(v.check.model, d.instance, v.check.holds(d, v.value)))
		t.add(")")
	}
	statement, args := t.end()
	b.Query(statement, args, func(rows *orm.Rows) error {
		for rows.Next() {
			var i int
			if err := rows.Scan(&i); err != nil {
				return err
			}
			values[i].taken = true
		}
		return nil
	})
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
