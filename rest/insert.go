package rest

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// modelPlans are what is decided of a registered model once, whatever serializers it has.
type modelPlans struct {
	insert *insertPlan
	plain  *loadPlan // of the model's own columns
	// pointers are where the model's columns are that hold a pointer.
	pointers [][]int
}

// models compiles the plans of all registered models.
func (c *compiler) models() error {
	c.api.models = make(map[*orm.Model]*modelPlans)
	for _, m := range c.config.Registry.Models() {
		plans := &modelPlans{insert: newInsertPlan(m, dialectNamed(c.config.DB.Dialect())), plain: newLoadPlan(m, dialectNamed(c.config.DB.Dialect()))}
		if err := plans.plain.prepare(); err != nil {
			return err
		}
		for _, f := range m.Fields {
			if f.Column != "" && f.Type.Kind() == reflect.Pointer {
				plans.pointers = append(plans.pointers, f.Index)
			}
		}
		c.api.models[m] = plans
	}
	return nil
}

// mostParameters is how many arguments a statement may have on both databases.
const mostParameters = 30_000

// write is what Save does to several objects, in one round trip where the database allows.
type write struct {
	r        *Request
	batch    orm.Batch
	answered func(row reflect.Value) // called for each new row when the database has it; nil for nothing
}

// insert adds new rows of one model, pointers whose keys are either all made by the database or all known.
func (w *write) insert(p *insertPlan, rows []reflect.Value) error {
	auto := p.isAuto(rows[0].Elem())
	at := mostParameters / len(p.columns)
	if auto && p.d.name() == orm.SQLite {
		at = 1 // SQLite does not say which key belongs to which row
	}
	for len(rows) > 0 {
		n := min(at, len(rows))
		if err := w.insertSome(p, rows[:n], auto); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (w *write) insertSome(p *insertPlan, rows []reflect.Value, auto bool) error {
	args, err := w.values(p, rows, auto, 0)
	if err != nil {
		return err
	}
	text := p.text(insertShape{rows: len(rows), auto: auto})
	if auto {
		w.batch.Query(text, args, w.takeKeys(p, rows))
	} else {
		w.batch.Exec(text, args, func(int64) error { w.inserted(rows); return nil })
	}
	return nil
}

func (w *write) inserted(rows []reflect.Value) {
	if w.answered == nil {
		return
	}
	for _, row := range rows {
		w.answered(row)
	}
}

// values are the arguments of rows, with room for some more.
func (w *write) values(p *insertPlan, rows []reflect.Value, auto bool, room int) ([]any, error) {
	columns := p.columnsOf(auto)
	args := make([]any, 0, len(rows)*len(columns)+room)
	for _, row := range rows {
		for _, f := range columns {
			v, err := w.value(f, row.Elem())
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", p.model.Type, f.GoName, err)
			}
			args = append(args, v)
		}
	}
	return args, nil
}

// value is what is stored of a variable; times that are kept automatically are set where they are zero.
func (w *write) value(f *orm.Field, row reflect.Value) (any, error) {
	v := row.FieldByIndex(f.Index)
	if (f.AutoNow || f.AutoNowAdd) && v.IsZero() {
		if err := f.Schema.Set(w.r.Context(), row, w.r.connection().NowFunc()); err != nil {
			return nil, err
		}
	}
	return v.Interface(), nil
}

// takeKeys puts the keys that the database made into the rows.
func (w *write) takeKeys(p *insertPlan, rows []reflect.Value) func(*orm.Rows) error {
	return func(answer *orm.Rows) error {
		for _, row := range rows {
			if !answer.Next() {
				return fmt.Errorf("insert %s: the database gave fewer keys than rows", p.model.Label())
			}
			if err := answer.Scan(row.Elem().FieldByIndex(p.model.PK.Index).Addr().Interface()); err != nil {
				return fmt.Errorf("insert %s: %w", p.model.Label(), err)
			}
		}
		w.inserted(rows)
		return nil
	}
}

// pairsFollow tells whether the pairs of a new row can be stored by the statement that stores the row.
func (p *insertPlan) pairsFollow(row reflect.Value, many []*orm.Field) bool {
	if !p.isAuto(row.Elem()) {
		return false
	}
	for _, f := range many {
		if !slices.Contains(p.following, f) {
			return false
		}
	}
	return true
}

// insertWithPairs adds one new row together with the pairs of its many-to-many relations, in one statement: PostgreSQL gives
// the key of the row to the pairs itself.
func (w *write) insertWithPairs(p *insertPlan, row reflect.Value, many []*orm.Field) error {
	rows := []reflect.Value{row}
	args, err := w.values(p, rows, true, len(many))
	if err != nil {
		return err
	}
	shape := insertShape{rows: 1, auto: true}
	for i, f := range p.following {
		if !slices.Contains(many, f) {
			continue
		}
		if keys := relatedKeys(f, row.Elem().FieldByIndex(f.RelIndex), f.Related.PK.Column); len(keys) > 0 {
			shape.pairs |= 1 << i
			args = append(args, keyArray(keys))
		}
	}
	w.batch.Query(p.text(shape), args, w.takeKeys(p, rows))
	return nil
}

// keyArray is a list of keys as an argument.
func keyArray(keys []any) any {
	if numbers, ok := numbersOf(keys); ok {
		return listText(numbers)
	}
	list := make([]uuid.UUID, len(keys))
	for i, key := range keys {
		list[i], _ = key.(uuid.UUID)
	}
	return list
}

// pairs adds join rows of a many-to-many relation.
func (w *write) pairs(t *through, own any, keys []any) {
	s := w.r.newStatement()
	s.add("INSERT INTO ", quote(t.table), " (", quote(t.near), ", ", quote(t.far), ") VALUES ")
	for i, key := range keys {
		if i > 0 {
			s.add(", ")
		}
		s.add("(")
		s.argument(own)
		s.add(", ")
		s.argument(key)
		s.add(")")
	}
	text, args := s.end()
	w.batch.Exec(text, args, nil)
}

// send runs what was gathered.
func (w *write) send() error {
	b := w.batch
	w.batch = orm.Batch{}
	return w.r.ask(&b)
}

// create stores a new object by GORM.
func (r *Request) create(object any) error {
	return orm.Translate(r.DB().Omit(clause.Associations).Create(object).Error)
}
