package migrate

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// references are the primary keys that loaded objects refer to, and that have to be there in the end. Those that are there
// already are soon forgotten, so that a fixture in the order of its references takes little memory.
type references struct {
	order    []*orm.Model
	byTarget map[*orm.Model]*target
	asked    int // keys that nobody has looked for yet
}

// target are the references to one model.
type target struct {
	asked   map[any]place // nobody has looked for them
	missing map[any]place // were not there
	there   map[any]bool  // are there: a part of them
}

// place is who refers to a key first.
type place struct {
	n    int // of the reference
	name string
}

func newReferences() *references { return &references{byTarget: map[*orm.Model]*target{}} }

func (r *references) add(m *orm.Model, pk any, o *object, f *orm.Field) {
	t := r.byTarget[m]
	if t == nil {
		t = &target{asked: map[any]place{}, missing: map[any]place{}, there: map[any]bool{}}
		r.byTarget[m] = t
		r.order = append(r.order, m)
	}
	if _, ok := t.missing[pk]; ok || t.there[pk] {
		return
	}
	if _, ok := t.asked[pk]; !ok {
		r.asked++
		t.asked[pk] = place{o.number, fmt.Sprintf("%s, field %s", o, f.Name)}
	}
}

// settle looks for what was referred to since the last time, once there is enough of it.
func (r *references) settle(tx *gorm.DB) error {
	if r.asked < loadBatch {
		return nil
	}
	r.asked = 0
	for _, m := range r.order {
		t := r.byTarget[m]
		there, err := existing(tx, m, slices.Collect(maps.Keys(t.asked)))
		if err != nil {
			return err
		}
		if len(t.there) >= remembered {
			clear(t.there)
		}
		for pk, place := range t.asked {
			if there[pk] {
				t.there[pk] = true
			} else {
				t.missing[pk] = place
			}
		}
		clear(t.asked)
	}
	return nil
}

// check reports the first object that refers to nothing.
func (r *references) check(tx *gorm.DB) error {
	for _, m := range r.order {
		t := r.byTarget[m]
		maps.Copy(t.missing, t.asked)
		there, err := existing(tx, m, slices.Collect(maps.Keys(t.missing)))
		if err != nil {
			return err
		}
		var first *place
		var key any
		for pk, place := range t.missing {
			if !there[pk] && (first == nil || place.n < first.n) {
				first, key = &place, pk
			}
		}
		if first != nil {
			return fmt.Errorf("%s: no %s has the primary key %v; add it to the fixture or correct the reference", first.name, m.LabelLower(), key)
		}
	}
	return nil
}

// existing returns which of the primary keys of m are in the database.
func existing(tx *gorm.DB, m *orm.Model, keys []any) (map[any]bool, error) {
	there := map[any]bool{}
	for some := range slices.Chunk(keys, loadBatch) {
		if err := existingOf(tx, m, some, there); err != nil {
			return nil, fmt.Errorf("check the references to %s: %w", m.Table, err)
		}
	}
	return there, nil
}

func existingOf(tx *gorm.DB, m *orm.Model, keys []any, there map[any]bool) error {
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s IN ?", quote(m.PK.Column), quote(m.Table), quote(m.PK.Column))
	rows, err := tx.Raw(query, keys).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		pk := reflect.New(m.PK.Type)
		if err := rows.Scan(pk.Interface()); err != nil {
			return err
		}
		there[pk.Elem().Interface()] = true
	}
	return rows.Err()
}
