package rest

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/rowscan"
)

// loading is what one list or object is being read with. Its memory serves the next one after release.
type loading struct {
	r        *Request
	readers  []*rowscan.Reader
	batch    orm.Batch
	dealings []*dealing
	dealt    int // of dealings are in use

	// The rows of the list itself: how they are read, and what was.
	plan *loadPlan
	hint int
	list []unsafe.Pointer
	take func(*orm.Rows) error // takeRows
}

var loadings = sync.Pool{New: func() any {
	l := &loading{}
	l.take = l.takeRows
	return l
}}

func newLoading(r *Request) *loading {
	l, _ := loadings.Get().(*loading)
	l.r = r
	return l
}

// reader is one for about hint rows.
func (l *loading) reader(p *rowscan.Plan, hint int) *rowscan.Reader {
	reader := p.NewReader(hint)
	l.readers = append(l.readers, reader)
	return reader
}

// release gives the memory of the loading to the next one. transient tells that nobody holds a row that was read, or a text or
// an object of one: the memory of the rows then goes with it. See rowscan.Reader.Release.
func (l *loading) release(transient bool) {
	for _, d := range l.dealings[:l.dealt] {
		d.release(transient)
	}
	for _, reader := range l.readers {
		if transient {
			reader.Release()
		} else {
			reader.Leave()
		}
	}
	if transient {
		clear(l.list)
		l.list = l.list[:0]
	} else {
		l.list = nil
	}
	clear(l.readers)
	l.r, l.readers, l.dealt, l.plan = nil, l.readers[:0], 0, nil
	l.batch.Reset()
	if cap(l.list) <= mostExpected && len(l.dealings) <= mostDealings {
		loadings.Put(l)
	}
}

const (
	mostExpected = 1024 // rows that memory is set aside for before they come, and that memory is kept for
	mostDealings = 32   // relations that memory is kept for
)

// takeRows reads the rows of l.plan into l.list.
func (l *loading) takeRows(rows *orm.Rows) error {
	reader := l.reader(l.plan.sel.rows, l.hint)
	if cap(l.list) == 0 {
		l.list = make([]unsafe.Pointer, 0, min(l.hint, mostExpected))
	}
	for rows.Next() {
		row, err := reader.Row(rows)
		if err != nil {
			return fmt.Errorf("read a row of %s: %w", l.plan.model.Label(), err)
		}
		l.list = append(l.list, row)
	}
	return nil
}

// relations loads every to-many relation of a plan for rows, and of what is joined to them.
func (l *loading) relations(p *loadPlan, rows []unsafe.Pointer) error {
	if len(rows) == 0 || !p.hasMany() {
		return nil
	}
	start := l.dealt
	l.dealAll(p, rows)
	return l.dealOut(l.dealings[start:l.dealt])
}

// dealAll prepares the to-many relations of rows and of what is joined to them.
func (l *loading) dealAll(p *loadPlan, rows []unsafe.Pointer) {
	for _, m := range p.many {
		l.deal(m, rows)
	}
	l.dealJoined(p, rows)
}

// dealJoined prepares those of what is joined to rows.
func (l *loading) dealJoined(p *loadPlan, rows []unsafe.Pointer) {
	for _, j := range p.joins {
		if j.plan.hasMany() {
			l.dealAll(j.plan, j.pointers(rows))
		}
	}
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
	if len(lists) == 0 {
		return nil
	}
	l.batch.Reset()
	for _, d := range lists {
		d.queue(&l.batch)
	}
	if err := l.r.look(&l.batch); err != nil {
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
	b := q.batch()
	if err := q.queue(b); err != nil {
		return reflect.Value{}, err
	}
	lists := q.queueLists(b)
	if err := q.send(b, "load"); err != nil {
		return reflect.Value{}, err
	}
	return q.finish(lists)
}

// countAndLoad is count and load in one. Far pages are loaded after the count only, when they exist: passing over all rows to
// find nothing is a load that anybody could cause.
func (q *Query) countAndLoad() (count int64, rows reflect.Value, err error) {
	if q.offset < farOffset {
		return q.countAndLoadBy(CountExactly)
	}
	if count, err = q.count(); err != nil || int64(q.offset) >= count {
		return count, q.emptyRows(), err
	}
	rows, err = q.load()
	return count, rows, err
}

// countAndLoadBy is countAndLoad in another way of counting.
func (q *Query) countAndLoadBy(c Count) (count int64, rows reflect.Value, err error) {
	b := q.batch()
	if err := q.queueCount(b, c, &count); err != nil {
		return 0, rows, err
	}
	if err := q.queue(b); err != nil {
		return 0, rows, err
	}
	if err := q.send(b, "load"); err != nil {
		return 0, rows, err
	}
	rows, err = q.finish(nil)
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

// batch begins a batch with what is in doubt about the filters and cannot be seen from the rows.
func (q *Query) batch() *orm.Batch {
	b := &q.loading().batch
	b.Reset()
	if q.awaiting = q.awaitsRows(); !q.awaiting {
		queueDoubts(b, q.doubts)
	}
	return b
}

// send runs a batch of q. A filter that names a row which is not there is refused before all else.
func (q *Query) send(b *orm.Batch, what string) error {
	err := q.r.read(b, q.locks())
	if err == nil || isRefusedValue(err) {
		if refused := q.settleDoubts(); refused != nil {
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
		q.reading = newLoading(q.r)
	}
	return q.reading
}

// queue adds the statement of the rows to a batch.
func (q *Query) queue(b *orm.Batch) error {
	statement, args, err := q.selectText()
	if err != nil {
		return q.failed("load", err)
	}
	l := q.loading()
	l.plan, l.hint, l.list = q.plan, max(q.limit, q.expected), l.list[:0]
	b.Query(statement, args, l.take)
	return nil
}

func (q *Query) queueCount(b *orm.Batch, c Count, n *int64) error {
	statement, args, err := c.text(q)
	if err != nil {
		return q.failed("count", err)
	}
	b.Query(statement, args, func(rows *orm.Rows) error {
		err := c.read(rows, n)
		q.counted = c.how != estimated && *n > 0
		return err
	})
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
	l := q.loading()
	start := l.dealt
	for _, m := range q.plan.many {
		l.dealOne(m, q.key).queue(b)
	}
	return l.dealings[start:l.dealt]
}

// finish loads what belongs to the rows; lists are those of the single row that were read with it.
func (q *Query) finish(lists []*dealing) (reflect.Value, error) {
	l := q.loading()
	out := q.rows()
	if len(l.list) == 0 {
		return out, nil
	}
	if len(lists) == 0 {
		return out, l.relations(q.plan, l.list)
	}
	for _, d := range lists {
		d.parents = l.list
	}
	if err := l.handOut(lists); err != nil {
		return out, err
	}
	start := l.dealt
	l.dealJoined(q.plan, l.list)
	return out, l.dealOut(l.dealings[start:l.dealt])
}

// rows are those that were read, as a slice of pointers to the model.
func (q *Query) rows() reflect.Value {
	list := q.loading().list
	if list == nil {
		list = []unsafe.Pointer{}
	}
	return reflect.NewAt(q.plan.listType, unsafe.Pointer(&list)).Elem()
}

// pointersOf is the reverse of modelsAt.
func pointersOf(rows reflect.Value) []unsafe.Pointer {
	if rows.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*unsafe.Pointer)(rows.UnsafePointer()), rows.Len())
}
