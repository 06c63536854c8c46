package rest

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
)

// loadPlan says what a serializer needs of a model: its columns, the to-one relations that are joined in, the to-many
// relations that one statement each loads for all rows, and the annotations.
type loadPlan struct {
	model       *orm.Model
	d           dialect
	columns     []*schema.Field
	annotations []*annotation
	joins       []*joinPlan
	many        []*manyPlan
}

// joinPlan is a to-one relation that is selected with the row.
type joinPlan struct {
	name  string // Go name
	hop   hop
	index []int // of the Go field that holds the related object
	plan  *loadPlan
}

// manyPlan is a to-many relation, loaded for all rows at once.
type manyPlan struct {
	name  string
	hop   hop
	index []int // of the Go field that holds the slice
	plan  *loadPlan
	near  []int // of the Go field whose values the relation starts from
	order []orderPlan
}

// newLoadPlan is a plan of just the model's own columns.
func newLoadPlan(m *orm.Model, d dialect) *loadPlan {
	p := &loadPlan{model: m, d: d}
	for _, f := range m.Fields {
		if f.Schema != nil {
			p.columns = append(p.columns, f.Schema)
		}
	}
	return p
}

// loadPlan compiles what the readable fields of s need; extra names further relations by Go path.
func (c *compiler) loadPlan(s *serializer) *loadPlan {
	p := newLoadPlan(s.model, dialectNamed(c.config.DB.Dialect()))
	c.extend(p, s)
	return p
}

func (c *compiler) extend(p *loadPlan, s *serializer) {
	for _, f := range s.fields {
		for _, need := range f.spec.needs {
			if err := p.need(strings.Split(need, ".")); err != nil {
				c.problem(s.name+"."+f.spec.goName, "needs %s: %v", need, err)
			}
		}
		if f.writeOnly || f.hidden || f.spec.computed != nil {
			continue
		}
		if err := c.extendField(p, f); err != nil {
			c.problem(s.name+"."+f.spec.goName, "%v", err)
		}
	}
}

// extendField adds what one field reads.
func (c *compiler) extendField(p *loadPlan, f *field) error {
	path := f.spec.path()
	if len(path) > 1 || f.nested == nil && !f.readsRelation() {
		return p.needField(path)
	}
	sub := p.relation(path[0])
	if sub == nil || f.nested == nil {
		return nil
	}
	c.extend(sub, f.nested)
	return nil
}

// readsRelation tells whether the related rows themselves are needed, not just the key column.
func (f *field) readsRelation() bool {
	return f.related != nil && (f.many || f.related.text || !f.related.field.PrimaryKey || f.spec.model == nil)
}

// need loads the relations of a path.
func (p *loadPlan) need(path []string) error {
	for _, name := range path {
		sub := p.relation(name)
		if sub == nil {
			return fmt.Errorf("%s.%s is no relation", p.model.Type, name)
		}
		p = sub
	}
	return nil
}

// needField loads what stands before the last name of a path, and the annotation that the last name may be.
func (p *loadPlan) needField(path []string) error {
	for _, name := range path[:len(path)-1] {
		sub := p.relation(name)
		if sub == nil {
			return nil // an embedded struct
		}
		p = sub
	}
	return p.annotation(path[len(path)-1])
}

func (p *loadPlan) annotation(goName string) error {
	for _, a := range p.annotations {
		if a.source.GoName == goName {
			return nil
		}
	}
	for _, a := range p.model.Annotations {
		if a.GoName != goName {
			continue
		}
		compiled, err := compileAnnotation(p.model, a)
		if err != nil {
			return err
		}
		p.annotations = append(p.annotations, compiled)
	}
	return nil
}

// relation finds or adds the plan of a relation by its Go name; nil when the name is no relation.
func (p *loadPlan) relation(goName string) *loadPlan {
	for _, j := range p.joins {
		if j.name == goName {
			return j.plan
		}
	}
	for _, m := range p.many {
		if m.name == goName {
			return m.plan
		}
	}
	for _, f := range p.model.Fields {
		if f.GoName == goName && f.Related != nil {
			return p.addRelation(goName, forwardHop(f), f.RelIndex)
		}
	}
	for _, r := range p.model.Reverses {
		if r.GoName == goName && goName != "" {
			return p.addRelation(goName, reverseHop(r), r.Index)
		}
	}
	return nil
}

func (p *loadPlan) addRelation(name string, h hop, index []int) *loadPlan {
	sub := newLoadPlan(h.target, p.d)
	if !h.many {
		p.joins = append(p.joins, &joinPlan{name, h, index, sub})
		return sub
	}
	near := p.model.PK.Index
	if f := p.model.ByColumn(h.near); f != nil {
		near = f.Index
	}
	order, _ := compileOrders(h.target, p.d, h.target.Meta.Ordering)
	p.many = append(p.many, &manyPlan{name: name, hop: h, index: index, plan: sub, near: near, order: order})
	return sub
}

// selection is the SELECT list of a plan and how its values are put into rows.
type selection struct {
	columns []string
	targets []target
}

// target is where one selected value goes: a field of the object that the way leads to from the row.
type target struct {
	way   []*joinPlan
	field *schema.Field
	first bool // the primary key of a joined object: null means that there is none
	fixed bool // a decimal that SQLite stored without its scale
}

// selectInto adds the columns of p, joined under alias, and of what is joined to it.
func (p *loadPlan) selectInto(sel *selection, s *scope, alias string, way []*joinPlan) {
	if len(way) > 0 { // the key first: it tells whether there is an object
		sel.add(quote(alias)+"."+quote(p.model.PK.Column), target{way: way, field: p.model.PK.Schema, first: true})
	}
	fixed := s.d.name() == orm.SQLite
	for _, f := range p.columns {
		if len(way) > 0 && f == p.model.PK.Schema {
			continue
		}
		sel.add(quote(alias)+"."+quote(f.DBName), target{way: way, field: f, fixed: fixed && isFixed(f)})
	}
	for _, a := range p.annotations {
		sel.add(a.sqlFor(s.d, alias), target{way: way, field: p.model.Schema.LookUpField(a.source.GoName)})
	}
	for _, j := range p.joins {
		inner := s.toOne(alias, j.hop, walk{use: useSelect})
		j.plan.selectInto(sel, s, inner, append(way[:len(way):len(way)], j))
	}
}

func (s *selection) add(column string, t target) {
	s.columns = append(s.columns, column)
	s.targets = append(s.targets, t)
}

// rowScanner reads rows of a selection into new objects.
type rowScanner struct {
	sel    *selection
	values []any
	typ    reflect.Type
	extra  []any // destinations of further columns behind the selection
}

func newRowScanner(sel *selection, typ reflect.Type, extra ...any) *rowScanner {
	return &rowScanner{sel: sel, values: make([]any, len(sel.targets), len(sel.targets)+len(extra)), typ: typ, extra: extra}
}

// scan reads the current row; the result is a pointer to a new object.
func (rs *rowScanner) scan(ctx context.Context, rows interface{ Scan(...any) error }) (reflect.Value, error) {
	for i, t := range rs.sel.targets {
		rs.values[i] = t.field.NewValuePool.Get()
	}
	if err := rows.Scan(append(rs.values, rs.extra...)...); err != nil {
		return reflect.Value{}, err
	}
	row := reflect.New(rs.typ)
	absent := map[*joinPlan]bool{}
	for i, t := range rs.sel.targets {
		if err := t.assign(ctx, row.Elem(), rs.values[i], absent); err != nil {
			return row, err
		}
		t.field.NewValuePool.Put(rs.values[i])
	}
	return row, nil
}

// assign puts a value into the object that the way leads to; objects whose key is null are left out.
func (t target) assign(ctx context.Context, row reflect.Value, value any, absent map[*joinPlan]bool) error {
	for i, j := range t.way {
		if absent[j] {
			return nil
		}
		holder := row.FieldByIndex(j.index)
		if t.first && i == len(t.way)-1 {
			if isNull(value) {
				absent[j] = true
				return nil
			}
			holder.Set(reflect.New(j.plan.model.Type))
		}
		row = holder.Elem()
	}
	if err := t.field.Set(ctx, row, value); err != nil || !t.fixed {
		return err
	}
	if d := reflect.Indirect(row.FieldByIndex(t.field.StructField.Index)); d.IsValid() {
		d.Set(reflect.ValueOf(d.Interface().(orm.Decimal).Quantize(t.field.Scale, orm.HalfEven)))
	}
	return nil
}

// isFixed tells whether a column holds decimals with so many places.
func isFixed(f *schema.Field) bool {
	return f.IndirectFieldType == reflect.TypeFor[orm.Decimal]() && f.Scale > 0
}

// isNull tells whether a scanned value is NULL: GORM scans into pointers to pointers.
func isNull(v any) bool {
	rv := reflect.ValueOf(v)
	return rv.Kind() == reflect.Pointer && rv.Elem().Kind() == reflect.Pointer && rv.Elem().IsNil()
}

// loadMany loads every to-many relation of a plan for rows, a slice of pointers, and of what is joined to them.
func (p *loadPlan) loadMany(r *Request, rows reflect.Value) error {
	if rows.Len() == 0 {
		return nil
	}
	for _, m := range p.many {
		if err := m.load(r, rows); err != nil {
			return err
		}
	}
	for _, j := range p.joins {
		if !j.plan.hasMany() {
			continue
		}
		if err := j.plan.loadMany(r, j.objects(rows)); err != nil {
			return err
		}
	}
	return nil
}

func (p *loadPlan) hasMany() bool {
	if len(p.many) > 0 {
		return true
	}
	for _, j := range p.joins {
		if j.plan.hasMany() {
			return true
		}
	}
	return false
}

// objects are the joined objects of rows.
func (j *joinPlan) objects(rows reflect.Value) reflect.Value {
	out := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(j.plan.model.Type)), 0, rows.Len())
	for i := range rows.Len() {
		if o := rows.Index(i).Elem().FieldByIndex(j.index); !o.IsNil() {
			out = reflect.Append(out, o)
		}
	}
	return out
}

// load selects the related rows of all parents in one statement and deals them out.
func (m *manyPlan) load(r *Request, parents reflect.Value) error {
	byKey, keys := m.parents(parents)
	sel, q := m.statement(r, keys)
	rows, err := q.Rows()
	if err != nil {
		return fmt.Errorf("load %s.%s: %w", m.plan.model.Label(), m.name, orm.Translate(err))
	}
	defer rows.Close()
	key := reflect.New(parents.Type().Elem().Elem().FieldByIndex(m.near).Type)
	scanner := newRowScanner(sel, m.plan.model.Type, key.Interface())
	all := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(m.plan.model.Type)), 0, len(keys))
	for rows.Next() {
		o, err := scanner.scan(r.Context(), rows)
		if err != nil {
			return fmt.Errorf("read %s.%s: %w", m.plan.model.Label(), m.name, err)
		}
		all = reflect.Append(all, o)
		for _, parent := range byKey[keyValue(key.Elem())] {
			m.deal(parent.Elem().FieldByIndex(m.index), o)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("load %s.%s: %w", m.plan.model.Label(), m.name, orm.Translate(err))
	}
	return m.plan.loadMany(r, all)
}

// parents groups the rows by the value the relation starts from, and empties their lists.
func (m *manyPlan) parents(parents reflect.Value) (map[any][]reflect.Value, []any) {
	byKey := make(map[any][]reflect.Value, parents.Len())
	keys := make([]any, 0, parents.Len())
	for i := range parents.Len() {
		parent := parents.Index(i)
		list := parent.Elem().FieldByIndex(m.index)
		list.Set(reflect.MakeSlice(list.Type(), 0, 0))
		v := parent.Elem().FieldByIndex(m.near)
		k := keyValue(v)
		if byKey[k] == nil {
			keys = append(keys, v.Interface())
		}
		byKey[k] = append(byKey[k], parent)
	}
	return byKey, keys
}

func keyValue(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	return v.Interface()
}

// deal appends an object to the list of a parent.
func (m *manyPlan) deal(list, object reflect.Value) {
	if list.Type().Elem().Kind() != reflect.Pointer {
		object = object.Elem()
	}
	list.Set(reflect.Append(list, object))
}

// statement selects the related rows of keys in the related model's order, with the value that ties each to its parent.
func (m *manyPlan) statement(r *Request, keys []any) (*selection, *gorm.DB) {
	q := newQuery(r, m.plan.model, r.DB().Model(reflect.New(m.plan.model.Type).Interface()))
	tie := quote(m.plan.model.Table) + "." + quote(m.hop.far)
	if t := m.hop.through; t != nil {
		alias := q.scope.through(m.hop)
		tie = quote(alias) + "." + quote(t.near)
	}
	sel := &selection{}
	m.plan.selectInto(sel, &q.scope, q.scope.alias, nil)
	if len(keys) == 1 {
		q.whereSQL(fragment{sql: tie + " = ?", args: keys})
	} else {
		q.whereSQL(fragment{sql: tie + " IN ?", args: []any{keys}})
	}
	q.orderBy(m.order, false)
	return sel, q.statement(strings.Join(append(sel.columns, tie), ", "))
}

// through joins the join table of a many-to-many relation from its far side and returns its alias.
func (s *scope) through(h hop) string {
	j := join{kind: innerJoin, table: h.through.table, alias: h.through.table, use: useSelect | useWhere}
	j.on = quote(s.alias) + "." + quote(h.far) + " = " + quote(j.alias) + "." + quote(h.through.far)
	s.joins = append(s.joins, j)
	return j.alias
}
