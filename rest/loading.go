package rest

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/rowscan"
)

// loading is what one list or object is being read with.
type loading struct {
	r       *Request
	readers []*rowscan.Reader
}

// reader is one for about hint rows.
func (l *loading) reader(p *rowscan.Plan, hint int) *rowscan.Reader {
	reader := p.NewReader(hint)
	l.readers = append(l.readers, reader)
	return reader
}

// release gives the memory of everything that was read to the next request. See rowscan.Reader.Release.
func (l *loading) release() {
	for _, reader := range l.readers {
		reader.Release()
	}
	l.readers = nil
}

// mostExpected is how many rows memory is set aside for before they come.
const mostExpected = 1024

// rows reads the answer of a statement of the plan into list.
func (l *loading) rows(p *loadPlan, hint int, list *[]unsafe.Pointer) func(*orm.Rows) error {
	return func(rows *orm.Rows) error {
		reader := l.reader(p.sel.rows, hint)
		if *list == nil {
			*list = make([]unsafe.Pointer, 0, min(hint, mostExpected))
		}
		for rows.Next() {
			row, err := reader.Row(rows)
			if err != nil {
				return fmt.Errorf("read a row of %s: %w", p.model.Label(), err)
			}
			*list = append(*list, row)
		}
		return nil
	}
}

// relations loads every to-many relation of a plan for rows, and of what is joined to them.
func (l *loading) relations(p *loadPlan, rows []unsafe.Pointer) error {
	if len(rows) == 0 || !p.hasMany() {
		return nil
	}
	return l.dealOut(p.dealings(nil, rows))
}

// dealings prepares the to-many relations of rows and of what is joined to them.
func (p *loadPlan) dealings(lists []*dealing, rows []unsafe.Pointer) []*dealing {
	for _, m := range p.many {
		lists = append(lists, m.deal(rows))
	}
	return p.joinedDealings(lists, rows)
}

// joinedDealings prepares those of what is joined to rows.
func (p *loadPlan) joinedDealings(lists []*dealing, rows []unsafe.Pointer) []*dealing {
	for _, j := range p.joins {
		if j.plan.hasMany() {
			lists = j.plan.dealings(lists, j.pointers(rows))
		}
	}
	return lists
}

// pointers are the joined objects of rows.
func (j *joinPlan) pointers(rows []unsafe.Pointer) []unsafe.Pointer {
	out := make([]unsafe.Pointer, 0, len(rows))
	for _, row := range rows {
		if o := *(*unsafe.Pointer)(j.at.at(row)); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// dealOut loads lists, one statement each, all at once, and then the lists of what was loaded.
func (l *loading) dealOut(lists []*dealing) error {
	b := &orm.Batch{}
	for _, d := range lists {
		d.queue(l, b)
	}
	if err := l.r.ask(b); err != nil {
		return fmt.Errorf("load related rows: %w", err)
	}
	return l.handOut(lists)
}

// handOut gives the lists that were read to their parents, and loads what belongs to their rows.
func (l *loading) handOut(lists []*dealing) error {
	for _, d := range lists {
		d.handOut()
		if err := l.relations(d.m.plan, d.children); err != nil {
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

// load selects the rows of q with everything that the chosen serializer reads: a slice of pointers to the model.
func (q *Query) load() (reflect.Value, error) {
	var rows []unsafe.Pointer
	b := q.batch()
	if err := q.queue(b, &rows); err != nil {
		return reflect.Value{}, err
	}
	lists := q.queueLists(b)
	if err := q.send(b, "load"); err != nil {
		return reflect.Value{}, err
	}
	return q.finish(rows, lists)
}

// countAndLoad is count and load in one.
func (q *Query) countAndLoad() (count int64, rows reflect.Value, err error) {
	return q.countAndLoadBy(CountExactly)
}

// countAndLoadBy is countAndLoad in another way of counting.
func (q *Query) countAndLoadBy(c Count) (count int64, rows reflect.Value, err error) {
	var list []unsafe.Pointer
	b := q.batch()
	if err := q.queueCount(b, c, &count); err != nil {
		return 0, rows, err
	}
	if err := q.queue(b, &list); err != nil {
		return 0, rows, err
	}
	if err := q.send(b, "load"); err != nil {
		return 0, rows, err
	}
	rows, err = q.finish(list, nil)
	return count, rows, err
}

// count is the number of rows without limit and offset.
func (q *Query) count() (n int64, err error) {
	b := q.batch()
	if err := q.queueCount(b, CountExactly, &n); err != nil {
		return 0, err
	}
	if err := q.send(b, "count"); err != nil {
		return 0, err
	}
	return n, nil
}

// batch begins a batch with what is in doubt about the filters.
func (q *Query) batch() *orm.Batch {
	b := &orm.Batch{}
	for _, d := range q.doubts {
		d.queue(b)
	}
	return b
}

// send runs a batch of q. A filter that names a row which is not there is refused before all else.
func (q *Query) send(b *orm.Batch, what string) error {
	err := q.r.ask(b)
	doubts := q.doubts
	q.doubts = nil
	if err == nil || isRefusedValue(err) {
		if refused := refusal(doubts); refused != nil {
			return refused
		}
	}
	if err != nil {
		return q.failed(what, err)
	}
	return nil
}

func (q *Query) loading() *loading {
	if q.reading == nil {
		q.reading = &loading{r: q.r}
	}
	return q.reading
}

// queue adds the statement of the rows to a batch.
func (q *Query) queue(b *orm.Batch, rows *[]unsafe.Pointer) error {
	statement, args, err := q.selectText()
	if err != nil {
		return q.failed("load", err)
	}
	b.Query(statement, args, q.loading().rows(q.plan, max(q.limit, 0), rows))
	return nil
}

func (q *Query) queueCount(b *orm.Batch, c Count, n *int64) error {
	statement, args, err := c.text(q)
	if err != nil {
		return q.failed("count", err)
	}
	b.Query(statement, args, func(rows *orm.Rows) error { return c.read(rows, n) })
	return nil
}

// queueLists adds the relations of the one row whose key is known to the batch that loads it.
func (q *Query) queueLists(b *orm.Batch) (lists []*dealing) {
	if q.key == nil || q.locked {
		return nil
	}
	for _, m := range q.plan.many {
		if !m.byKey {
			return nil // all of them come later
		}
	}
	for _, m := range q.plan.many {
		d := m.dealOne(q.key)
		d.queue(q.loading(), b)
		lists = append(lists, d)
	}
	return lists
}

// finish loads what belongs to rows; lists are those of the single row that were read with it.
func (q *Query) finish(rows []unsafe.Pointer, lists []*dealing) (reflect.Value, error) {
	out := modelsAt(q.model.Type, rows)
	if len(rows) == 0 {
		return out, nil
	}
	l := q.loading()
	if lists == nil {
		return out, l.relations(q.plan, rows)
	}
	for _, d := range lists {
		d.parents = rows
	}
	if err := l.handOut(lists); err != nil {
		return out, err
	}
	return out, l.dealOut(q.plan.joinedDealings(nil, rows))
}

// modelsAt is a slice of pointers to a model.
func modelsAt(model reflect.Type, rows []unsafe.Pointer) reflect.Value {
	if rows == nil {
		rows = []unsafe.Pointer{}
	}
	return reflect.NewAt(reflect.SliceOf(reflect.PointerTo(model)), unsafe.Pointer(&rows)).Elem()
}

// pointersOf is the reverse of modelsAt.
func pointersOf(rows reflect.Value) []unsafe.Pointer {
	if rows.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*unsafe.Pointer)(rows.UnsafePointer()), rows.Len())
}
