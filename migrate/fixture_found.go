package migrate

import (
	"slices"

	"github.com/quintet-go/quintet/orm"
)

// foundKeys remembers the primary keys that natural keys led to, by model.
type foundKeys map[*orm.Model]*foundRows

// foundRows are those of one model. Each row was found by a few queries at most.
type foundRows struct {
	keys    map[string]any   // by query
	queries map[any][]string // by primary key
}

func (f foundKeys) get(m *orm.Model, query string) (pk any, ok bool) {
	if rows := f[m]; rows != nil {
		pk, ok = rows.keys[query]
	}
	return pk, ok
}

// put remembers what a query found; when there is too much of it, that alone.
func (f foundKeys) put(m *orm.Model, query string, pk any) {
	if f[m] == nil || len(f[m].keys) >= remembered {
		f[m] = &foundRows{keys: map[string]any{}, queries: map[any][]string{}}
	}
	f[m].keys[query] = pk
	f[m].queries[pk] = append(f[m].queries[pk], query)
}

// forget forgets the natural keys that a row, about to be stored, may change: its own, unless it was found by it, and those of
// models whose natural keys lead over it.
func (f foundKeys) forget(r *row, natural naturalKeys) {
	if rows := f[r.model]; rows != nil && r.object.hasPK() {
		for _, query := range rows.queries[r.pk()] {
			delete(rows.keys, query)
		}
		delete(rows.queries, r.pk())
	}
	for m := range f {
		if leadOver(natural[m], func(hop *orm.Model) bool { return hop == r.model }) {
			delete(f, m)
		}
	}
}

// leadOver tells whether one of the paths leads over a model.
func leadOver(paths []orm.Path, is func(*orm.Model) bool) bool {
	return slices.ContainsFunc(paths, func(p orm.Path) bool {
		return slices.ContainsFunc(p.Hops, func(h orm.Hop) bool { return is(h.To) })
	})
}
