package rest

import (
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
)

// loadPlan says what a serializer needs of a model: its columns, the to-one relations that are joined in, the to-many
// relations that one statement each loads for all rows, and the annotations.
type loadPlan struct {
	model       *orm.Model
	listType    reflect.Type // slice of pointers to the model
	d           dialect
	columns     []*schema.Field
	annotations []*annotation
	joins       []*joinPlan
	many        []*manyPlan
	sel         *selection // how all of it but many is selected, with the row
}

// joinPlan is a to-one relation that is selected with the row.
type joinPlan struct {
	name  string // Go name
	hop   hop
	index []int     // of the Go field that holds the related object
	at    attribute // the same
	plan  *loadPlan
}

// newLoadPlan is a plan of just the model's own columns.
func newLoadPlan(m *orm.Model, d dialect) *loadPlan {
	p := &loadPlan{model: m, listType: reflect.SliceOf(reflect.PointerTo(m.Type)), d: d}
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
	if err := p.prepare(); err != nil {
		c.problem(s.name, "%v", err)
	}
	s.transient, s.locks = s.isTransient(), s.isLocking()
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
		p.joins = append(p.joins, &joinPlan{name: name, hop: h, index: index, at: attributeAt(p.model.Type, index), plan: sub})
		return sub
	}
	near := p.model.PK
	if f := p.model.ByColumn(h.near); f != nil {
		near = f
	}
	order, _ := compileOrders(h.target, p.d, h.target.Meta.Ordering)
	p.many = append(p.many, newManyPlan(name, h, p.model.Type, index, near, sub, order))
	return sub
}
