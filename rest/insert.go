package rest

import (
	"fmt"
	"reflect"
	"strconv"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
)

// modelPlans are what is decided of a registered model once, whatever serializers it has.
type modelPlans struct {
	insert *insertPlan
	plain  *loadPlan // of the model's own columns
}

// models compiles the plans of all registered models.
func (c *compiler) models() error {
	c.api.models = make(map[*orm.Model]*modelPlans)
	for _, m := range c.config.Registry.Models() {
		plans := &modelPlans{insert: newInsertPlan(m), plain: newLoadPlan(m, dialectNamed(c.config.DB.Dialect()))}
		if err := plans.plain.prepare(); err != nil {
			return err
		}
		c.api.models[m] = plans
	}
	return nil
}

// insertPlan is how new rows of a model are stored.
type insertPlan struct {
	model *orm.Model
	gorm  bool // the model has hooks, serializers or defaults that only GORM knows
	head  string
	// columns are all, or those without the key that the database makes.
	columns, without []*orm.Field
}

func newInsertPlan(m *orm.Model) *insertPlan {
	s := m.Schema
	p := &insertPlan{model: m, gorm: s.BeforeCreate || s.BeforeSave || s.AfterCreate || s.AfterSave}
	for _, f := range m.Fields {
		if f.Column == "" {
			continue
		}
		p.gorm = p.gorm || f.Schema.Serializer != nil || f.Schema.HasDefaultValue && !f.PrimaryKey || !f.Schema.Creatable
		p.columns = append(p.columns, f)
		if !f.PrimaryKey {
			p.without = append(p.without, f)
		}
	}
	p.gorm = p.gorm || len(p.without) == 0 || len(p.columns) != created(s)
	p.head = "INSERT INTO " + quote(m.Table) + " ("
	return p
}

// created is how many columns a new row has in GORM's eyes, those of annotations left out.
func created(s *schema.Schema) (n int) {
	for _, name := range s.DBNames {
		if s.FieldsByDBName[name].Creatable {
			n++
		}
	}
	return n
}

// isAuto tells whether the database makes the key of a new row.
func (p *insertPlan) isAuto(row reflect.Value) bool {
	return p.model.PK.Schema.AutoIncrement && row.FieldByIndex(p.model.PK.Index).IsZero()
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
	columns := p.columns
	if auto {
		columns = p.without
	}
	at := mostParameters / len(columns)
	if auto && w.r.api.config.DB.Dialect() == orm.SQLite {
		at = 1 // SQLite does not say which key belongs to which row
	}
	for len(rows) > 0 {
		n := min(at, len(rows))
		if err := w.insertSome(p, columns, rows[:n], auto); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (w *write) insertSome(p *insertPlan, columns []*orm.Field, rows []reflect.Value, auto bool) error {
	t := w.r.newStatement()
	if err := w.values(t, p, columns, rows); err != nil {
		return err
	}
	if !auto {
		w.batch.Exec(string(t.sql), t.args, func(int64) error { w.inserted(rows); return nil })
		return nil
	}
	t.add(" RETURNING ", quote(p.model.PK.Column))
	w.batch.Query(string(t.sql), t.args, w.takeKeys(p, rows))
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

// values writes INSERT INTO … VALUES for rows.
func (w *write) values(t *statementText, p *insertPlan, columns []*orm.Field, rows []reflect.Value) error {
	t.add(p.head)
	for i, f := range columns {
		if i > 0 {
			t.add(", ")
		}
		t.add(quote(f.Column))
	}
	t.add(") VALUES ")
	for i, row := range rows {
		if i > 0 {
			t.add(", ")
		}
		for n, f := range columns {
			t.add([2]string{"(", ", "}[min(n, 1)])
			v, err := w.value(f, row.Elem())
			if err != nil {
				return fmt.Errorf("%s.%s: %w", p.model.Type, f.GoName, err)
			}
			t.argument(v)
		}
		t.add(")")
	}
	return nil
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
func (w *write) pairsFollow(p *insertPlan, row reflect.Value, many []*orm.Field) bool {
	if !p.isAuto(row.Elem()) || w.r.api.config.DB.Dialect() != orm.Postgres {
		return false
	}
	for _, f := range many {
		near, far, _ := throughColumns(f.Relation)
		if near != p.model.PK.Column || far != f.Related.PK.Column || arrayType(f.Related.PK.Type) == "" {
			return false
		}
	}
	return true
}

// insertWithPairs adds one new row together with the pairs of its many-to-many relations, in one statement: PostgreSQL gives
// the key of the row to the pairs itself.
func (w *write) insertWithPairs(p *insertPlan, row reflect.Value, many []*orm.Field) error {
	t := w.r.newStatement()
	key := quote(p.model.PK.Column)
	t.add("WITH made AS (")
	if err := w.values(t, p, p.without, []reflect.Value{row}); err != nil {
		return err
	}
	t.add(" RETURNING ", key, ")")
	for i, f := range many {
		_, far, through := throughColumns(f.Relation)
		keys := relatedKeys(f, row.Elem().FieldByIndex(f.RelIndex), far)
		if len(keys) == 0 {
			continue
		}
		t.add(", pairs", strconv.Itoa(i), " AS (INSERT INTO ", quote(through.table), " (", quote(through.near), ", ", quote(through.far), ")",
			" SELECT made.", key, ", other FROM made, unnest(")
		t.argument(keyArray(keys))
		t.add("::", arrayType(f.Related.PK.Type), ") AS other)")
	}
	t.add(" SELECT ", key, " FROM made")
	w.batch.Query(string(t.sql), t.args, w.takeKeys(p, []reflect.Value{row}))
	return nil
}

// arrayType is PostgreSQL's type of a list of keys; empty for keys that are seldom.
func arrayType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[uuid.UUID]():
		return "uuid[]"
	case t.Kind() == reflect.Int64:
		return "bigint[]"
	}
	return ""
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
	w.batch.Exec(string(s.sql), s.args, nil)
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
