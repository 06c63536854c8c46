package rest

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// maxRows bounds what one page reads where the author set no limit.
const maxRows = 1_000_000

// maxCursorOffset bounds how many equal rows a cursor may skip.
const maxCursorOffset = 1000

// Cursor answers pages that follow an opaque cursor, so that rows which are added meanwhile neither repeat nor hide others
// (rest_framework.pagination.CursorPagination). The order should begin with a field that hardly ever changes.
type Cursor struct {
	Size      int      // rows of a page; 0 makes the list a plain array
	Order     []string // default order: "-created_at", "id"; ?ordering= comes before it, the ViewSet's Order after it
	SizeParam string   // the parameter for another size; empty for none
	MaxSize   int      // greatest size a client may ask for; 0 means 10,000, negative no limit
	Param     string   // default "cursor"
	// InvalidMessage is the detail of the 404 for a cursor that cannot be read, default "Invalid cursor".
	InvalidMessage string

	plans []orderPlan // Order, compiled
}

func (c Cursor) withDefaults() Cursor {
	c.MaxSize = cmp.Or(c.MaxSize, defaultMaxSize)
	c.Param = cmp.Or(c.Param, "cursor")
	c.InvalidMessage = cmp.Or(c.InvalidMessage, "Invalid cursor")
	return c
}

func (c Cursor) compile(m *orm.Model, d dialect) (Pagination, []string) {
	mistakes := checkSizes("Cursor", c.Size, c.MaxSize)
	c = c.withDefaults()
	plans, err := compileOrders(m, d, c.Order)
	switch {
	case err != nil:
		mistakes = append(mistakes, fmt.Sprintf("Cursor.Order: %s", err))
	case len(plans) > 0 && !plans[0].readable():
		mistakes = append(mistakes, fmt.Sprintf("Cursor.Order: %q is no field of %s itself: begin with one", c.Order[0], m.Type))
	}
	c.plans = plans
	return c, mistakes
}

// readable tells whether the position of a row can be read from the row itself.
func (p orderPlan) readable() bool {
	return len(p.left.transforms) == 0 && (p.path.annotation != nil || p.own() != nil)
}

func (c Cursor) page(r *Request, q *Query) (*Page, error) {
	if c.Param == "" || len(c.plans) == 0 { // used without having been compiled
		ready, mistakes := c.compile(q.model, q.d)
		if len(mistakes) > 0 {
			return nil, errors.New(mistakes[0])
		}
		c = ready.(Cursor)
	}
	size := pageSize(r, c.SizeParam, c.Size, c.MaxSize)
	if size == 0 {
		return NoPagination.page(r, q)
	}
	plans := c.order(q)
	at, err := c.decode(r)
	if err != nil {
		return nil, q.instead(err)
	}
	order, tie := plans, keyOrder(q.model, q.d)
	if at.reverse {
		order, tie.desc = reversed(plans), true
	}
	q.orderBy(order, tie)
	if at.position != nil && !q.after(plans[0], *at.position, at.reverse) {
		return nil, q.instead(NotFound(c.InvalidMessage))
	}
	q.limit, q.offset = min(size, maxRows)+1, at.offset
	rows, err := q.load()
	if err != nil {
		return nil, err
	}
	return c.answer(r, rows, plans[0], at, size), nil
}

// order is what the client chose, the cursor's own order or the list's.
func (c Cursor) order(q *Query) []orderPlan {
	if q.chosen && q.order[0].plan.readable() || len(c.plans) == 0 && len(q.order) > 0 && q.order[0].plan.readable() {
		plans := make([]orderPlan, len(q.order))
		for i, t := range q.order {
			plans[i] = t.plan
		}
		return plans
	}
	if len(c.plans) > 0 {
		return c.plans
	}
	return []orderPlan{keyOrder(q.model, q.d)}
}

// after keeps the rows behind a position; false when the text is no position.
func (q *Query) after(p orderPlan, position string, reverse bool) bool {
	l := *p.left
	l.name = "gt"
	down := reverse != p.desc
	if down {
		l.name = "lt"
	}
	column := q.scope.column(p.path, walk{use: useWhere})
	nullsFirst := q.d.nullsFirst() != down
	if l.null && position == "None" {
		q.whereSQL(afterNull(column, nullsFirst))
		return true
	}
	if strings.Contains(position, "\x00") || l.prepare(position).state == unfit {
		return false
	}
	c := l.condition(column, position)
	if l.null && !nullsFirst {
		c = joinFragments(" OR ", []fragment{c, {sql: column + " IS NULL"}})
	}
	q.whereSQL(c)
	return true
}

func afterNull(column string, nullsFirst bool) fragment {
	if nullsFirst {
		return fragment{sql: column + " IS NOT NULL"}
	}
	return nothing
}

// answer cuts off the row that only shows that there is more, and puts the links around the page.
func (c Cursor) answer(r *Request, rows reflect.Value, first orderPlan, at cursor, size int) *Page {
	w := cursorWindow{at: at, size: size}
	more := rows.Len() > size
	var following *string
	if more {
		text := positionOf(rows.Index(size), first)
		following, rows = &text, rows.Slice(0, size)
	}
	if at.reverse {
		rows = reversedRows(rows)
		w.hasNext, w.next = at.position != nil || at.offset > 0, at.position
		w.hasPrevious, w.previous = more, following
	} else {
		w.hasNext, w.next = more, following
		w.hasPrevious, w.previous = at.position != nil || at.offset > 0, at.position
	}
	for i := range rows.Len() {
		w.positions = append(w.positions, positionOf(rows.Index(i), first))
	}
	head := appendLinks([]byte(`{"next":`), c.link(r, w.following()), c.link(r, w.preceding()))
	return &Page{Rows: rows, Head: head, Tail: []byte("}")}
}

func (c Cursor) link(r *Request, to *cursor) string {
	if to == nil {
		return ""
	}
	return link(r, c.Param, to.encode())
}

func reversedRows(rows reflect.Value) reflect.Value {
	out := reflect.MakeSlice(rows.Type(), rows.Len(), rows.Len())
	reflect.Copy(out, rows)
	swap := reflect.Swapper(out.Interface())
	for i, j := 0, out.Len()-1; i < j; i, j = i+1, j-1 {
		swap(i, j)
	}
	return out
}

// positionOf is the value of a row's first ordering field as Python's str writes it.
func positionOf(row reflect.Value, first orderPlan) string {
	if a := first.path.annotation; a != nil {
		return positionText(row.Elem().FieldByIndex(a.source.Index), nil)
	}
	f := first.own()
	return positionText(row.Elem().FieldByIndex(f.Index), f)
}

func positionText(v reflect.Value, f *orm.Field) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "None"
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case orm.Decimal:
		if f != nil && f.Kind == orm.DecimalNumber {
			return x.Fixed(f.DecimalPlaces)
		}
		return x.String()
	case time.Time:
		return momentText(x, "+00:00")
	case fmt.Stringer:
		return x.String()
	case driver.Valuer:
		plain, _ := x.Value()
		return textOf(plain)
	}
	return plainText(v)
}

func plainText(v reflect.Value) string {
	switch {
	case v.CanInt():
		return textOf(v.Int())
	case v.CanFloat():
		return textOf(v.Float())
	case v.Kind() == reflect.Bool:
		return textOf(v.Bool())
	case v.Kind() == reflect.String:
		return v.String()
	}
	return fmt.Sprint(v.Interface())
}

func (c Cursor) parameters() []Parameter {
	c = c.withDefaults()
	list := []Parameter{{Name: c.Param, Type: "string", Description: "The pagination cursor value."}}
	return append(list, sizeParameter(c.SizeParam)...)
}

func (Cursor) envelope() []string { return []string{"next", "previous", "results"} }

// cursorWindow is a page seen by its positions: what is needed to find the cursors around it.
type cursorWindow struct {
	at                   cursor
	size                 int
	positions            []string
	hasNext, hasPrevious bool
	next, previous       *string // positions right behind and right before the page, as far as known
}

// following is the cursor of the next page, nil for none.
func (w cursorWindow) following() *cursor {
	if !w.hasNext {
		return nil
	}
	backwards := slices.Clone(w.positions)
	slices.Reverse(backwards)
	to := w.mark(backwards, w.next, w.at.reverse)
	if to == nil {
		to = w.withoutMark(w.hasPrevious, w.previous, w.at.reverse)
	}
	return to
}

// preceding is the cursor of the previous page, nil for none.
func (w cursorWindow) preceding() *cursor {
	if !w.hasPrevious {
		return nil
	}
	to := w.mark(w.positions, w.previous, !w.at.reverse)
	if to == nil {
		to = w.withoutMark(w.hasNext, w.next, !w.at.reverse)
	}
	to.reverse = true
	return to
}

// mark walks from the edge of the page inwards to the first row whose position differs from the one behind it: that
// position marks the place, and the rows passed on the way are skipped by the offset. turned tells that the new cursor runs
// against the one of this page. nil when all rows are equal.
func (w cursorWindow) mark(positions []string, beyond *string, turned bool) *cursor {
	if len(positions) == 0 {
		return &cursor{position: beyond}
	}
	if turned && w.at.offset != 0 {
		beyond = &positions[0]
	}
	for offset, position := range positions {
		if beyond == nil || position != *beyond {
			return &cursor{offset: offset, position: &position}
		}
		beyond = &position
	}
	return nil
}

// withoutMark is the cursor past a page whose rows are all equal.
func (w cursorWindow) withoutMark(more bool, position *string, turned bool) *cursor {
	switch {
	case !more:
		return &cursor{offset: w.size}
	case turned: // some rows are passed over
		return &cursor{position: position}
	}
	return &cursor{offset: w.at.offset + w.size, position: position}
}
