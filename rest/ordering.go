package rest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// orderPlan is a compiled term of an order: a column, perhaps with transforms, and a direction.
type orderPlan struct {
	path *path
	left *lookup // its transforms; their kind is what is ordered by
	desc bool
	sql  string // what is ordered by, quoted; empty where that is joined in, or an annotation
}

func newOrderPlan(p *path, left *lookup, desc bool) orderPlan {
	plan := orderPlan{path: p, left: left, desc: desc}
	if len(p.hops) == 0 && p.annotation == nil {
		plan.sql = left.left(quote(p.model.Table) + "." + quote(p.column))
	}
	return plan
}

// compileOrder compiles one name of an order ("-price", "category__name", "created_at__year"). The name of a relation
// stands for the default order of the related model, as in Django.
func compileOrder(m *orm.Model, d dialect, name string) ([]orderPlan, error) {
	return orderOf(m, d, name, nil)
}

func orderOf(m *orm.Model, d dialect, name string, through []*orm.Model) ([]orderPlan, error) {
	text, desc := strings.CutPrefix(name, "-")
	p, err := resolvePath(m, text)
	if err != nil {
		return nil, err
	}
	if p.related != nil && len(p.rest) == 0 && len(p.related.Meta.Ordering) > 0 {
		return relatedOrder(m, d, p, desc, through)
	}
	left := &lookup{d: d, kind: p.kind(), column: p.kind(), null: p.null}
	for _, part := range p.rest {
		if err := left.transform(part); err != nil {
			return nil, fmt.Errorf("%q cannot be ordered by: %w", name, err)
		}
	}
	return []orderPlan{newOrderPlan(p, left, desc)}, nil
}

func relatedOrder(m *orm.Model, d dialect, p *path, desc bool, through []*orm.Model) (plans []orderPlan, err error) {
	if slices.Contains(through, p.related) {
		return nil, fmt.Errorf("%q leads round in the default orders of related models: name a field instead", p.text)
	}
	through = append(through, p.related)
	for _, name := range p.related.Meta.Ordering {
		text, down := strings.CutPrefix(name, "-")
		prefix := ""
		if down != desc {
			prefix = "-"
		}
		more, err := orderOf(m, d, prefix+p.text+"__"+text, through)
		if err != nil {
			return nil, err
		}
		plans = append(plans, more...)
	}
	return plans, nil
}

// compileOrders compiles a list of names.
func compileOrders(m *orm.Model, d dialect, names []string) (plans []orderPlan, err error) {
	for _, name := range names {
		more, err := compileOrder(m, d, name)
		if err != nil {
			return nil, err
		}
		plans = append(plans, more...)
	}
	return plans, nil
}

// reversed turns every direction round.
func reversed(plans []orderPlan) []orderPlan {
	out := slices.Clone(plans)
	for i := range out {
		out[i].desc = !out[i].desc
	}
	return out
}

// orderBy replaces the order of q. tie, which is by the primary key, is added where the order could leave rows in a tie, so that
// pages never overlap.
func (q *Query) orderBy(plans []orderPlan, tie orderPlan) {
	for i := range q.scope.joins {
		q.scope.joins[i].use &^= useOrder
	}
	q.order = slices.Grow(q.order[:0], len(plans)+1)
	total := false
	for _, p := range plans {
		q.addOrder(p)
		total = total || p.unique()
	}
	if !total {
		q.addOrder(tie)
	}
}

// keyOrder orders by the primary key.
func keyOrder(m *orm.Model, d dialect) orderPlan {
	p := &path{text: "pk", model: m}
	p.end(m.PK)
	return newOrderPlan(p, &lookup{d: d, kind: p.kind(), column: p.kind()}, false)
}

// unique tells whether no two rows are equal in p.
func (p orderPlan) unique() bool {
	f := p.own()
	return f != nil && len(p.left.transforms) == 0 && (f.PrimaryKey || f.Unique && !f.Null)
}

// own is the field of the ordered model itself whose column p orders by: shelf for shelf__id too; nil when there is none.
func (p orderPlan) own() *orm.Field {
	if len(p.path.hops) > 0 {
		return nil
	}
	return p.path.model.ByColumn(p.path.column)
}

// addOrder adds a term unless the same expression is there, in either direction.
func (q *Query) addOrder(p orderPlan) {
	sql := p.sql
	if sql == "" {
		sql = p.left.left(q.scope.column(p.path, walk{use: useOrder, reuse: map[string]string{}}))
	}
	same := func(t orderTerm) bool { return t.sql == sql }
	if !slices.ContainsFunc(q.order, same) {
		q.order = append(q.order, orderTerm{p, sql, p.desc})
	}
}

// ordering is a compiled OrderingFilter together with the default order of a list.
type ordering struct {
	param    string                 // empty: the client may not choose
	allowed  []string               // names without "-", sorted
	terms    map[string][]orderPlan // what the names mean, with and without "-"
	fallback []orderPlan
	tie      orderPlan
}

// orderingSpec is what an ordering is compiled from.
type orderingSpec struct {
	param    string   // "ordering"; empty when the backend is off
	allowed  []string // ViewSet.Ordering
	readable []string // paths of the serializer's readable fields: what is allowed when allowed is nil
	fallback []string // ViewSet.Order; nil: the model's
	place    string   // "package.Type", for mistakes
}

// compileOrdering resolves all names; mistakes are texts "place.Ordering: …".
func compileOrdering(m *orm.Model, d dialect, spec orderingSpec) (*ordering, []string) {
	o := &ordering{param: spec.param, terms: map[string][]orderPlan{}, tie: keyOrder(m, d)}
	var mistakes []string
	fallback := spec.fallback
	if fallback == nil {
		fallback = m.Meta.Ordering
	}
	var err error
	if o.fallback, err = compileOrders(m, d, fallback); err != nil {
		mistakes = append(mistakes, fmt.Sprintf("%s.Order: %s", spec.place, err))
	}
	if spec.param == "" {
		return o, mistakes
	}
	names, strict := orderingNames(m, spec)
	for _, name := range names {
		plans, err := compileOrder(m, d, name)
		switch {
		case err == nil:
			o.allowed = append(o.allowed, name)
			o.terms[name], o.terms["-"+name] = plans, reversed(plans)
		case strict:
			mistakes = append(mistakes, fmt.Sprintf("%s.Ordering: %s", spec.place, err))
		}
	}
	slices.Sort(o.allowed)
	o.allowed = slices.Compact(o.allowed)
	return o, mistakes
}

// orderingNames lists the names a client may order by; strict ones were written by the author and must exist.
func orderingNames(m *orm.Model, spec orderingSpec) (names []string, strict bool) {
	switch {
	case spec.allowed == nil:
		return spec.readable, false
	case !slices.Equal(spec.allowed, AllFields):
		return spec.allowed, true
	}
	for _, f := range m.Fields {
		if f.Kind != orm.ManyToMany {
			names = append(names, f.Name)
		}
	}
	for _, a := range m.Annotations {
		names = append(names, a.Name)
	}
	return names, false
}

// apply orders q as the client asks, otherwise by default. Names that are not allowed are dropped.
func (o *ordering) apply(r *Request, q *Query) {
	if plans := o.asked(r); len(plans) > 0 {
		q.orderBy(plans, o.tie)
		q.chosen = true
		return
	}
	if !q.chosen {
		q.orderBy(o.fallback, o.tie)
	}
}

func (o *ordering) asked(r *Request) (plans []orderPlan) {
	if o.param == "" {
		return nil
	}
	for term := range strings.SplitSeq(r.Query(o.param), ",") {
		plans = append(plans, o.terms[pyvalue.Trim(term)]...)
		if len(plans) > maxValues {
			break
		}
	}
	return plans
}

func (o *ordering) parameters() []Parameter {
	if o.param == "" {
		return nil
	}
	return []Parameter{{Name: o.param, Type: "string", Description: "Which field to use when ordering the results."}}
}
