package rest

import (
	"bytes"
	"cmp"
	"reflect"
	"slices"
	"unsafe"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
)

// restore gives a row the list that was just stored with it, where that is all there is to load: objects that need nothing
// else, in an order that Go can tell, or one object at most. false when it has to be loaded.
func (m *manyPlan) restore(r *Request, row unsafe.Pointer) bool {
	if len(m.plan.joins)+len(m.plan.many)+len(m.plan.annotations) > 0 {
		return false
	}
	owner := reflect.NewAt(m.owner, row)
	t := r.tracked[owner.Interface()]
	if t == nil {
		return false
	}
	for i, saved := range t.lists {
		if !slices.Equal(saved.index, m.index) {
			continue
		}
		t.lists = slices.Delete(t.lists, i, i+1)
		if m.ranks == nil && saved.list.Len() > 1 {
			return false
		}
		owner.Elem().FieldByIndex(m.index).Set(ranked(saved.list, m.ranks))
		return true
	}
	return false
}

// rank is a column by which both databases order rows as Go orders its values: numbers and UUIDs, never NULL. They order
// texts by rules of their own.
type rank struct {
	index   []int
	compare func(a, b reflect.Value) int
	desc    bool
}

// ranksOf are those of an order of m's rows, the primary key last; nil when there is something else in it.
func ranksOf(m *orm.Model, d dialect, order []orderPlan) []rank {
	ranks := make([]rank, 0, len(order)+1)
	for _, o := range append(slices.Clone(order), keyOrder(m, d)) {
		f := o.own()
		if f == nil || len(o.left.transforms) > 0 {
			return nil
		}
		compare := rankComparison(f)
		if compare == nil {
			return nil
		}
		ranks = append(ranks, rank{f.Index, compare, o.desc})
	}
	return ranks
}

// rankComparison compares values of a column as both databases order them; nil for kinds that they order by rules of their own.
func rankComparison(f *orm.Field) func(a, b reflect.Value) int {
	switch f.Kind {
	case orm.UUID:
		if f.Type == reflect.TypeFor[uuid.UUID]() {
			return func(a, b reflect.Value) int {
				x, y := a.Interface().(uuid.UUID), b.Interface().(uuid.UUID)
				return bytes.Compare(x[:], y[:])
			}
		}
	case orm.Auto, orm.BigAuto, orm.Integer, orm.BigInteger, orm.SmallInteger, orm.PositiveInteger, orm.PositiveSmallInteger,
		orm.PositiveBigInteger:
		if f.Type.Kind() >= reflect.Int && f.Type.Kind() <= reflect.Int64 {
			return func(a, b reflect.Value) int { return cmp.Compare(a.Int(), b.Int()) }
		}
	}
	return nil
}

// ranked is a list of objects in order, each once.
func ranked(list reflect.Value, ranks []rank) reflect.Value {
	compare := func(i, j int) int {
		a, b := reflect.Indirect(list.Index(i)), reflect.Indirect(list.Index(j))
		for _, r := range ranks {
			if c := r.compare(a.FieldByIndex(r.index), b.FieldByIndex(r.index)); c != 0 {
				return r.sign() * c
			}
		}
		return 0
	}
	order := make([]int, list.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	order = slices.CompactFunc(order, func(i, j int) bool { return compare(i, j) == 0 })
	out := reflect.MakeSlice(list.Type(), len(order), len(order))
	for n, i := range order {
		out.Index(n).Set(list.Index(i))
	}
	return out
}

func (r rank) sign() int {
	if r.desc {
		return -1
	}
	return 1
}
