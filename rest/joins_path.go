package rest

import (
	"fmt"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
)

// hop is one step from a row to the rows related to it.
type hop struct {
	name    string // Django's name of the relation: "category", "reviews"
	target  *orm.Model
	many    bool     // may lead to several rows
	null    bool     // may lead to no row
	forward bool     // a foreign key of the row itself
	near    string   // column of the row the step starts at
	far     string   // column of target that refers to it, or that it refers to
	through *through // the join table of a many-to-many relation
}

// through is the join table between the two ends of a many-to-many relation.
type through struct {
	table string
	near  string // column that refers to the start
	far   string // column that refers to the target
}

// path is a resolved field path such as category__parent__slug, seen from a model.
type path struct {
	text       string
	model      *orm.Model
	hops       []hop
	half       bool        // the last hop ends in its join table, which holds the column
	column     string      // empty for an annotation
	annotation *annotation // set when the path names one
	field      *orm.Field  // the field that the path names; nil for reverse relations and annotations
	values     *orm.Field  // the plain field whose values the column holds; nil for annotations
	related    *orm.Model  // the other side when the path ends in a relation
	null       bool        // the column may be NULL, or a hop may lead nowhere
	rest       []string    // what follows the field: transforms and a lookup
}

// many tells whether the path leads to several rows.
func (p *path) many() bool {
	for _, h := range p.hops {
		if h.many {
			return true
		}
	}
	return false
}

// kind is the kind of the values at the end of the path.
func (p *path) kind() orm.Kind {
	if p.annotation != nil {
		return p.annotation.kind
	}
	return p.values.Kind
}

// resolvePath finds the field that text names from m. Parts behind a field that are no fields stay in path.rest.
func resolvePath(m *orm.Model, text string) (*path, error) {
	p := &path{text: text, model: m}
	parts := strings.Split(text, "__")
	at := m
	for i, part := range parts {
		next, err := p.step(at, part)
		if err != nil && i == 0 {
			return nil, err
		}
		if err != nil {
			p.rest = parts[i:]
			break
		}
		if at = next; at == nil {
			p.rest = parts[i+1:]
			break
		}
	}
	p.finish()
	return p, nil
}

// step takes one part of a path; it returns the model to go on from, nil when the part names a plain field.
func (p *path) step(at *orm.Model, part string) (*orm.Model, error) {
	if part == "pk" {
		p.end(at.PK)
		return nil, nil
	}
	if f := fieldNamed(at, part); f != nil {
		if f.Related == nil {
			p.end(f)
			return nil, nil
		}
		p.hops, p.field = append(p.hops, forwardHop(f)), f
		return f.Related, nil
	}
	if f := at.ByColumn(part); f != nil {
		p.end(f)
		return nil, nil
	}
	if r := reverseNamed(at, part); r != nil {
		p.hops, p.field = append(p.hops, reverseHop(r)), nil
		return r.From, nil
	}
	if a := at.Annotation(part); a != nil && len(p.hops) == 0 {
		compiled, err := compileAnnotation(at, a)
		p.annotation = compiled
		return nil, err
	}
	return nil, fmt.Errorf("%s has no field %q; it has %s", at.Type.Name(), part, strings.Join(fieldNames(at), ", "))
}

// end makes f the field that the path names.
func (p *path) end(f *orm.Field) {
	p.field, p.values, p.column, p.null = f, valueField(f), f.Column, f.Null
}

// finish settles which column holds the value: relations at the end, and keys of the other side, need no further join.
func (p *path) finish() {
	if p.annotation != nil || len(p.hops) == 0 {
		return
	}
	last := &p.hops[len(p.hops)-1]
	if p.column == "" {
		p.related = last.target
		p.finishRelation(last)
	} else if p.column == last.far {
		p.trim(last)
	}
	for _, h := range p.hops {
		p.null = p.null || h.null || h.many
	}
}

func (p *path) finishRelation(last *hop) {
	switch {
	case last.forward || last.through != nil:
		p.values = farField(last)
		p.column = last.far
		p.trim(last)
	default:
		p.values, p.column = valueField(last.target.PK), last.target.PK.Column
	}
}

// trim leaves out the table of the last hop when its own row holds the same value.
func (p *path) trim(last *hop) {
	switch {
	case last.forward:
		p.column, p.null = last.near, p.null || last.null
		p.hops = p.hops[:len(p.hops)-1]
	case last.through != nil:
		p.column, p.half = last.through.far, true
	}
}

func farField(h *hop) *orm.Field {
	if f := h.target.ByColumn(h.far); f != nil {
		return valueField(f)
	}
	return valueField(h.target.PK)
}

// valueField follows keys that are relations themselves to the plain field whose values they hold.
func valueField(f *orm.Field) *orm.Field {
	for f.Related != nil && f.Kind != orm.ManyToMany {
		f = f.Related.PK
	}
	return f
}

func forwardHop(f *orm.Field) hop {
	if f.Kind == orm.ManyToMany {
		h := hop{name: f.Name, target: f.Related, many: true, null: true}
		h.near, h.far, h.through = throughColumns(f.Relation)
		return h
	}
	return hop{name: f.Name, target: f.Related, null: f.Null, forward: true, near: f.Column, far: keyColumn(f)}
}

func reverseHop(r *orm.Reverse) hop {
	h := hop{name: r.QueryName, target: r.From, many: r.Many, null: true}
	if r.Field.Kind == orm.ManyToMany {
		far, near, t := throughColumns(r.Field.Relation)
		h.near, h.far = near, far
		h.through = &through{table: t.table, near: t.far, far: t.near}
		return h
	}
	h.near, h.far = keyColumn(r.Field), r.Field.Column
	return h
}

// keyColumn is the column that a foreign key refers to.
func keyColumn(f *orm.Field) string {
	if f.Relation != nil {
		for _, ref := range f.Relation.References {
			if ref.PrimaryKey != nil && ref.ForeignKey != nil && ref.ForeignKey.DBName == f.Column {
				return ref.PrimaryKey.DBName
			}
		}
	}
	return f.Related.PK.Column
}

// throughColumns gives the key of the owning side, the key of the other side and the join table between them.
func throughColumns(rel *schema.Relationship) (near, far string, t *through) {
	t = &through{table: rel.JoinTable.Table}
	for _, ref := range rel.References {
		switch {
		case ref.PrimaryKey == nil:
		case ref.OwnPrimaryKey:
			near, t.near = ref.PrimaryKey.DBName, ref.ForeignKey.DBName
		default:
			far, t.far = ref.PrimaryKey.DBName, ref.ForeignKey.DBName
		}
	}
	return near, far, t
}

func fieldNamed(m *orm.Model, name string) *orm.Field {
	for _, f := range m.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func reverseNamed(m *orm.Model, name string) *orm.Reverse {
	for _, r := range m.Reverses {
		if r.QueryName == name {
			return r
		}
	}
	return nil
}

// fieldNames lists what a path may go on with, for messages.
func fieldNames(m *orm.Model) []string {
	var names []string
	for _, f := range m.Fields {
		names = append(names, f.Name)
	}
	for _, r := range m.Reverses {
		names = append(names, r.QueryName)
	}
	for _, a := range m.Annotations {
		names = append(names, a.Name)
	}
	return names
}
