package orm

import (
	"fmt"
	"strings"
)

// Path is where a name such as "category__slug" leads.
type Path struct {
	Hops  []Hop  // relations to follow, in order
	Field *Field // the last field; nil when the path ends at a many-to-many or a reverse relation
	Many  bool   // whether one object can have several of it
}

// Hop is one relation on a path: exactly one of Field and Reverse is set.
type Hop struct {
	Field   *Field   // a foreign key, one-to-one or many-to-many of the model before
	Reverse *Reverse // a relation of To to the model before
	To      *Model   // the model on the other side
}

// Many tells whether the hop can lead to several objects.
func (h Hop) Many() bool {
	if h.Reverse != nil {
		return h.Reverse.Many
	}
	return h.Field.Kind == ManyToMany
}

// Path follows a name over relations: "category__slug" is one hop and a field, "category" the foreign key itself without a
// hop, "tags" (many-to-many) and "reviews" (reverse) one hop without a field, "pk" the primary key. Reverse relations go by
// their [Reverse.QueryName]. The error says which part is unknown and what there is instead.
func (m *Model) Path(name string) (Path, error) {
	p, rest := m.PathPrefix(name)
	if len(rest) == 0 {
		return p, nil
	}
	at := p.end(m)
	if p.Field != nil && p.Field.Related == nil {
		return Path{}, fmt.Errorf("%q: %s.%s is no relation that %q could follow", name, at.Label(), p.Field.Name, rest[0])
	}
	return Path{}, fmt.Errorf("%q: %s has no field %q; it has %s", name, at.Label(), rest[0], at.fieldNames())
}

// PathPrefix follows a name as far as it leads over fields and relations and returns what is left, for example lookups:
// "category__slug__iexact" leaves "iexact".
func (m *Model) PathPrefix(name string) (p Path, rest []string) {
	parts := strings.Split(name, "__")
	for i, part := range parts {
		if p.Field != nil && p.Field.Related == nil || !p.step(p.end(m), part) {
			return p, parts[i:]
		}
	}
	return p, nil
}

// end is the model that a next part is looked up in: behind a foreign key that is the last so far.
func (p *Path) end(start *Model) *Model {
	switch {
	case p.Field != nil && p.Field.Related != nil:
		return p.Field.Related
	case len(p.Hops) > 0:
		return p.Hops[len(p.Hops)-1].To
	}
	return start
}

// step goes one part further; it reports whether at has it and leaves the path alone otherwise.
func (p *Path) step(at *Model, part string) bool {
	f, r := at.Field(part), at.reverseQuery(part)
	if f == nil && r == nil {
		return false
	}
	if p.Field != nil { // the foreign key that seemed to be the end is a hop
		p.hop(Hop{Field: p.Field, To: p.Field.Related})
		p.Field = nil
	}
	switch {
	case f == nil:
		p.hop(Hop{Reverse: r, To: r.From})
	case f.Kind == ManyToMany:
		p.hop(Hop{Field: f, To: f.Related})
	default:
		p.Field = f
	}
	return true
}

func (p *Path) hop(h Hop) {
	p.Hops = append(p.Hops, h)
	p.Many = p.Many || h.Many()
}

func (m *Model) reverseQuery(name string) *Reverse {
	for _, r := range m.Reverses {
		if r.QueryName == name {
			return r
		}
	}
	return nil
}

// Trim leaves the last hop out when it leads over a foreign key only to what that key holds already: "category__id" becomes
// "category".
func (p Path) Trim() Path {
	if len(p.Hops) == 0 || p.Field == nil {
		return p
	}
	last := p.Hops[len(p.Hops)-1].Field
	if last == nil || last.Kind == ManyToMany || last.target() != p.Field {
		return p
	}
	return Path{Hops: p.Hops[:len(p.Hops)-1], Field: last, Many: p.Many}
}
