package rest

import (
	"cmp"
	"slices"

	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// doubt is a choice of a row that was taken for granted, to be asked about: together with the list itself, or, where every row
// of the list refers to the row in question, only when the list has none.
type doubt struct {
	name, text string // of the parameter
	keys       *modelKeys
	value      any
	dispelled  bool
}

// queueDoubts adds the questions to a batch.
func queueDoubts(b *orm.Batch, doubts []*doubt) {
	for _, d := range doubts {
		t := newStatement(d.keys.lookup.d)
		clause.Expr{SQL: d.keys.question, Vars: []any{d.value}}.Build(t)
		statement, args := t.end()
		b.Query(statement, args, whether(&d.dispelled))
	}
}

// refersTo tells whether what the filter lets pass refers to a row that keys find, by a foreign key of the database's own.
// SQLite is not believed: it keeps no foreign key where a program did not ask it to.
func (f *compiledFilter) refersTo(keys *modelKeys) bool {
	field := f.path.field
	return f.d.name() == orm.Postgres && f.Method == nil && !f.Exclude && f.lookup.name == "exact" && len(f.lookup.transforms) == 0 &&
		field != nil && field.Related == keys.model && f.path.column == field.Column &&
		keyColumn(field) == keys.field.Column && !field.Model.Meta.Unmanaged && !keys.model.Meta.Unmanaged
}

// awaitsRows tells whether the rows of q answer its doubts. Conditions of authors may let others pass than the filters do, and
// in a transaction there may be no asking afterwards.
func (q *Query) awaitsRows() bool {
	return q.base == nil && q.r.tx == nil && !slices.ContainsFunc(q.doubts, func(d *doubt) bool { return !d.keys.referred })
}

// settleDoubts refuses filters that name rows which are not there, after a batch that was sent with the doubts or, when they
// awaited rows, without them.
func (q *Query) settleDoubts() error {
	doubts := q.doubts
	q.doubts = nil
	if len(doubts) == 0 || q.awaiting && (q.counted || len(q.loading().list) > 0) {
		return nil
	}
	if q.awaiting {
		b := &orm.Batch{}
		queueDoubts(b, doubts)
		if err := q.r.look(b); err != nil && !isRefusedValue(err) {
			return q.failed("check the filters of", err)
		}
	}
	return refusal(doubts)
}

// instead is the refusal of filters that name rows which are not there, or err, which the request deserves without them.
func (q *Query) instead(err error) error {
	q.awaiting = true // rows that never came
	return cmp.Or(q.settleDoubts(), err)
}

// refusal is the error of the choices that turned out to be wrong, in the order of the filters; nil when all are right.
func refusal(doubts []*doubt) error {
	wrong := &Fields{}
	for _, d := range doubts {
		if !d.dispelled {
			wrong.Add(d.name, *notAvailable(d.text))
		}
	}
	if wrong.Len() == 0 {
		return nil
	}
	return InvalidDetail(wrong)
}

// refuse reports wrong values together with the choices that are in doubt and turn out to be wrong; nil when none is.
func (s *filterSet) refuse(q *Query, wrong *Fields, doubts []*doubt) error {
	b := &orm.Batch{}
	queueDoubts(b, doubts)
	if err := q.r.look(b); err != nil {
		return q.failed("check the filters of", err)
	}
	all := &Fields{}
	for _, f := range s.filters {
		if messages := wrong.Get(f.Name); messages != nil {
			all.Set(f.Name, messages)
		}
		for _, d := range doubts {
			if d.name == f.Name && !d.dispelled {
				all.Add(d.name, *notAvailable(d.text))
			}
		}
	}
	if all.Len() == 0 {
		return nil
	}
	return InvalidDetail(all)
}
