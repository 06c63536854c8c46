package rest

import (
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/rowscan"
)

// selection is how the rows of a plan are selected: the SELECT list, the joins that it needs, and where the values go.
type selection struct {
	columns string
	joins   []join
	rows    *rowscan.Plan
}

// prepare compiles the statements of p and of every relation in it. p does not change any more then.
func (p *loadPlan) prepare() error {
	b := selectionBuilder{scope: newScope(p.model.Table, p.d)}
	b.add(p, b.scope.alias, 0, nil)
	rows, err := rowscan.NewPlan(b.objects, b.columns)
	if err != nil {
		return fmt.Errorf("%s: %w", p.model.Label(), err)
	}
	p.sel = &selection{columns: strings.Join(b.texts, ", "), joins: b.scope.joins, rows: rows}
	for _, m := range p.many {
		if err := m.prepare(); err != nil {
			return err
		}
	}
	for _, j := range p.joins {
		if err := j.plan.prepare(); err != nil { // to be loaded by itself, see complete
			return err
		}
	}
	return nil
}

// selectionBuilder gathers a selection.
type selectionBuilder struct {
	scope   scope
	texts   []string
	objects []rowscan.Object
	columns []rowscan.Column
}

// add adds the columns of p, joined under alias, and of what is joined to it; index leads to it from its parent.
func (b *selectionBuilder) add(p *loadPlan, alias string, parent int, index []int) {
	object := len(b.objects)
	b.objects = append(b.objects, rowscan.Object{Type: p.model.Type, Parent: parent, Index: index})
	key := p.model.PK.Schema
	b.column(object, quote(alias)+"."+quote(key.DBName), key) // the key first: it tells whether there is an object
	for _, f := range p.columns {
		if f != key {
			b.column(object, quote(alias)+"."+quote(f.DBName), f)
		}
	}
	for _, a := range p.annotations {
		b.column(object, a.sqlFor(b.scope.d, alias), p.model.Schema.LookUpField(a.source.GoName))
	}
	for _, j := range p.joins {
		inner := b.scope.toOne(alias, j.hop, walk{use: useSelect})
		b.add(j.plan, inner, object, j.index)
	}
}

func (b *selectionBuilder) column(object int, text string, f *schema.Field) {
	b.texts = append(b.texts, text)
	c := rowscan.Column{Object: object, Field: f, Index: f.StructField.Index}
	if b.scope.d.name() == orm.SQLite && isFixed(f) {
		c.Fix = scaleTo(f.Scale)
	}
	b.columns = append(b.columns, c)
}

// isFixed tells whether a column holds decimals with so many places.
func isFixed(f *schema.Field) bool {
	return f.IndirectFieldType == reflect.TypeFor[orm.Decimal]() && f.Scale > 0
}

// scaleTo gives a decimal back the scale that SQLite did not store.
func scaleTo(places int) func(any) {
	return func(variable any) {
		if d, ok := variable.(*orm.Decimal); ok {
			*d = d.Quantize(places, orm.HalfEven)
		}
	}
}

// joinInto adds what the selection reads to a FROM list that may join some of it already.
func (sel *selection) joinInto(s *scope) {
	for _, j := range sel.joins {
		if i := s.find(j.alias); i >= 0 {
			s.joins[i].use |= j.use
		} else {
			s.joins = append(s.joins, j)
		}
	}
}

// oneBy is the statement of the row that a column names, with its value as the argument.
func (p *loadPlan) oneBy(column string) string {
	s := newScope(p.model.Table, p.d)
	p.sel.joinInto(&s)
	t := newStatement(p.d)
	t.add("SELECT ", p.sel.columns, " FROM ")
	t.from(&s, useSelect)
	t.add(" WHERE ", quote(p.model.Table), ".", quote(column), " = ")
	t.argument(nil)
	t.add(" LIMIT 1")
	statement, _ := t.end()
	return statement
}

// prepare compiles the statements that load the related rows of one parent and of several.
func (m *manyPlan) prepare() error {
	if err := m.plan.prepare(); err != nil {
		return err
	}
	q := &Query{model: m.plan.model, d: m.plan.d, scope: newScope(m.plan.model.Table, m.plan.d), limit: -1}
	tie := quote(m.plan.model.Table) + "." + quote(m.hop.far)
	if t := m.hop.through; t != nil {
		tie = quote(q.scope.through(m.hop)) + "." + quote(t.near)
	}
	b := selectionBuilder{scope: q.scope}
	b.add(m.plan, q.scope.alias, 0, nil)
	q.scope = b.scope
	q.orderBy(m.order, keyOrder(q.model, q.d))
	var err error
	if m.rows, err = rowscan.NewPlan(b.objects, b.columns, m.key.typ); err != nil {
		return fmt.Errorf("%s.%s: %w", m.plan.model.Label(), m.name, err)
	}
	head := "SELECT " + strings.Join(append(b.texts, tie), ", ") + " FROM " + q.scope.from() + " WHERE " + tie
	m.tail = " ORDER BY " + q.orderSQL()
	m.several = head + " IN "
	if m.one = head + " = ?" + m.tail; m.plan.d.name() == orm.Postgres {
		m.one, m.several = head+" = $1"+m.tail, head+" = ANY($1)"+m.tail
	}
	return nil
}

// statement is the SQL for n parents: one argument for one, on PostgreSQL a list of all for several, else one each.
func (m *manyPlan) statement(n int) string {
	switch {
	case n == 1:
		return m.one
	case m.plan.d.name() == orm.Postgres:
		return m.several
	}
	return m.several + "(?" + strings.Repeat(", ?", n-1) + ")" + m.tail
}

// through joins the join table of a many-to-many relation from its far side and returns its alias.
func (s *scope) through(h hop) string {
	j := join{kind: innerJoin, table: h.through.table, alias: h.through.table, use: useSelect | useWhere}
	j.on = quote(s.alias) + "." + quote(h.far) + " = " + quote(j.alias) + "." + quote(h.through.far)
	s.joins = append(s.joins, j)
	return j.alias
}
