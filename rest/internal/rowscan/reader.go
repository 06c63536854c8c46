package rowscan

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/quintet-go/quintet/orm"
)

// Reader reads the rows of one answer. It belongs to one goroutine.
type Reader struct {
	plan  *Plan
	slabs []slab
	arena arena
	at    []unsafe.Pointer // the objects of the current row; nil where there is none
	hint  int
	rows  int             // that were read
	extra []reflect.Value // pointers to the variables
	cells []any           // of database/sql: *cell

	// The current row, of one of the databases.
	isLite bool
	lite   orm.SQLiteRow
	values [][]byte
	fields []pgconn.FieldDescription
	types  *pgtype.Map
}

// NewReader is a Reader for an answer of about hint rows.
func (p *Plan) NewReader(hint int) *Reader {
	r, ok := p.idle.Get().(*Reader)
	if !ok {
		r = p.makeReader()
	}
	r.hint, r.arena.first = hint, p.firstPiece(hint)
	return r
}

func (p *Plan) makeReader() *Reader {
	r := &Reader{plan: p, at: make([]unsafe.Pointer, len(p.objects)), slabs: make([]slab, len(p.slabs))}
	for i, t := range p.slabs {
		r.slabs[i] = slab{typ: t, size: t.Size()}
	}
	for _, c := range p.extra {
		r.extra = append(r.extra, reflect.New(c.typ))
	}
	return r
}

// Release gives the Reader back with everything that it read, to be overwritten. Only who knows that nobody holds a row, or a
// text or an object of one, may call it; others call [Reader.Leave]. The Reader is not to be used any more.
func (r *Reader) Release() {
	for i := range r.slabs {
		r.slabs[i].recycle()
	}
	r.arena.buffer = r.arena.buffer[:0]
	r.giveBack()
}

// Leave gives the Reader back without what it read, which stays as it is for whoever holds it. The Reader is not to be used any
// more, nor are its extra variables.
func (r *Reader) Leave() {
	for i := range r.slabs {
		r.slabs[i].leave()
	}
	r.arena.buffer = nil
	r.giveBack()
}

func (r *Reader) giveBack() {
	r.plan.learn(r.rows, r.arena.written)
	r.rows, r.arena.written = 0, 0
	clear(r.at)
	for _, v := range r.extra {
		v.Elem().SetZero()
	}
	r.lite, r.values, r.fields, r.types = orm.SQLiteRow{}, nil, nil, nil
	if cap(r.arena.buffer) <= mostArena {
		r.plan.idle.Put(r)
	}
}

// mostArena is how much text an idle Reader may hold on to.
const mostArena = 256 << 10

// Extra is the pointer to the i-th extra variable, which holds the value of the current row.
func (r *Reader) Extra(i int) reflect.Value { return r.extra[i] }

// Row reads the current row; the result points to the struct of the row.
func (r *Reader) Row(rows *orm.Rows) (unsafe.Pointer, error) {
	if pg := rows.Native(); pg != nil {
		return r.postgres(pg)
	}
	if row, ok := rows.SQLite(); ok {
		r.lite, r.isLite = row, true
		return r.row(row.Len())
	}
	return r.scanned(rows)
}

// postgres reads a row as pgx received it.
func (r *Reader) postgres(rows orm.NativeRows) (unsafe.Pointer, error) {
	r.values, r.fields, r.isLite = rows.RawValues(), rows.FieldDescriptions(), false
	if r.types == nil {
		r.types = rows.Conn().TypeMap()
	}
	return r.row(len(r.values))
}

// row reads a row of so many columns.
func (r *Reader) row(width int) (unsafe.Pointer, error) {
	r.rows++
	columns := r.plan.columns
	if width != len(columns)+len(r.plan.extra) {
		return nil, fmt.Errorf("rowscan: %d columns are read of %d", len(columns)+len(r.plan.extra), width)
	}
	for n := range r.plan.objects {
		o := &r.plan.objects[n]
		p := r.object(n, !r.isNull(o.first))
		if p == nil {
			continue
		}
		for i := o.first; i < o.own; i++ {
			if err := r.read(&columns[i], i, p); err != nil {
				return nil, err
			}
		}
	}
	for i := range r.plan.extra {
		r.extra[i].Elem().SetZero()
		if err := r.read(&r.plan.extra[i], len(columns)+i, r.extra[i].UnsafePointer()); err != nil {
			return nil, err
		}
	}
	return r.at[0], nil
}

// isNull tells whether the i-th value of the row is NULL.
func (r *Reader) isNull(i int) bool {
	if r.isLite {
		return r.lite.IsNull(i)
	}
	return r.values[i] == nil
}

// object makes the n-th object of the row, nil when it is not there.
func (r *Reader) object(n int, present bool) unsafe.Pointer {
	o := &r.plan.objects[n]
	if n == 0 {
		r.at[0] = r.slabs[o.slab].next(r.hint)
		return r.at[0]
	}
	parent := r.at[o.parent]
	if parent == nil || !present {
		r.at[n] = nil
		return nil
	}
	p := r.slabs[o.slab].next(r.hint)
	*(*unsafe.Pointer)(unsafe.Add(parent, o.offset)) = p
	r.at[n] = p
	return p
}

// read reads the i-th value of the row, of a column of object, and leaves zero where it is NULL.
func (r *Reader) read(c *column, i int, object unsafe.Pointer) error {
	if r.isNull(i) {
		return nil
	}
	at := r.variable(c, object)
	var decoded bool // as the database gave it
	if r.isLite {
		decoded = c.decodeLite != nil && c.decodeLite(r, i, at)
	} else {
		decoded = c.decode != nil && c.decode(r, &r.fields[i], r.values[i], at)
	}
	if decoded && c.fix == nil {
		return nil
	}
	return r.finish(c, i, object, at, decoded)
}

// variable is where a value goes that is not NULL: what a pointer of the object then points to, or a field of its own.
func (r *Reader) variable(c *column, object unsafe.Pointer) unsafe.Pointer {
	if c.pointer >= 0 {
		return r.pointee(c, object)
	}
	return unsafe.Add(object, c.offset)
}

// pointee is a new variable that the pointer of c points to from now on.
func (r *Reader) pointee(c *column, object unsafe.Pointer) unsafe.Pointer {
	inner := r.slabs[c.pointer].next(r.hint)
	*(*unsafe.Pointer)(unsafe.Add(object, c.offset)) = inner
	return inner
}

// finish is what few values need: to be read as database/sql would, and to be corrected.
func (r *Reader) finish(c *column, i int, object, at unsafe.Pointer, decoded bool) error {
	if !decoded {
		src, err := r.value(i)
		if err == nil {
			err = c.set(src, object, at)
		}
		if err != nil {
			return fmt.Errorf("column %s: %w", r.name(i), err)
		}
	}
	c.correct(at)
	return nil
}

func (r *Reader) name(i int) string {
	if r.isLite {
		return r.lite.Name(i)
	}
	return r.fields[i].Name
}

// correct lets the plan correct a value that was read.
func (c *column) correct(at unsafe.Pointer) {
	if c.fix == nil {
		return
	}
	t := c.typ
	if c.pointer >= 0 {
		t = t.Elem()
	}
	c.fix(reflect.NewAt(t, at).Interface())
}

// value is a value as database/sql would give it.
func (r *Reader) value(i int) (any, error) {
	if r.isLite {
		return r.lite.Value(i), nil
	}
	f, raw := &r.fields[i], r.values[i]
	if f.Format == pgtype.TextFormatCode {
		return string(raw), nil
	}
	if t, ok := r.types.TypeForOID(f.DataTypeOID); ok {
		return t.Codec.DecodeDatabaseSQLValue(r.types, f.DataTypeOID, f.Format, raw)
	}
	return bytes.Clone(raw), nil
}

// set assigns a driver's value: by the type's own way, or else as GORM does.
func (c *column) set(src any, object, at unsafe.Pointer) error {
	if c.assign != nil {
		if done, err := c.assign(src, at); done || err != nil {
			return err
		}
	}
	if c.field == nil {
		return fmt.Errorf("rowscan: a %T cannot be read into a %s", src, c.typ)
	}
	holder := reflect.NewAt(c.holder, object).Elem()
	if c.field.Serializer != nil {
		return c.serialized(src, holder)
	}
	return c.field.Set(context.Background(), holder, src)
}

// serialized assigns what a serializer of GORM makes of a driver's value.
func (c *column) serialized(src any, holder reflect.Value) error {
	value := c.field.NewValuePool.Get()
	defer c.field.NewValuePool.Put(value)
	if scanner, ok := value.(sql.Scanner); ok {
		if err := scanner.Scan(src); err != nil {
			return err
		}
	}
	return c.field.Set(context.Background(), holder, value)
}

// scanned reads a row through database/sql.
func (r *Reader) scanned(rows *orm.Rows) (unsafe.Pointer, error) {
	if r.cells == nil {
		r.cells = make([]any, len(r.plan.columns)+len(r.plan.extra))
		for i := range r.cells {
			r.cells[i] = &cell{r, i}
		}
	}
	for i := range r.extra {
		r.extra[i].Elem().SetZero()
	}
	if err := rows.Scan(r.cells...); err != nil {
		return nil, err
	}
	return r.at[0], nil
}

// cell takes one value from database/sql; the values of a row come in order.
type cell struct {
	r *Reader
	i int
}

// Scan is called by database/sql with the driver's value.
func (c *cell) Scan(src any) error { return c.r.take(c.i, src) }

func (r *Reader) take(i int, src any) error {
	if i >= len(r.plan.columns) {
		n := i - len(r.plan.columns)
		return r.assign(&r.plan.extra[n], src, r.extra[n].UnsafePointer())
	}
	c := &r.plan.columns[i]
	if o := &r.plan.objects[c.object]; o.first == i {
		r.object(c.object, src != nil)
	}
	object := r.at[c.object]
	if object == nil {
		return nil
	}
	return r.assign(c, src, object)
}

func (r *Reader) assign(c *column, src any, object unsafe.Pointer) error {
	if src == nil {
		return nil
	}
	at := r.variable(c, object)
	if err := c.set(src, object, at); err != nil {
		return err
	}
	c.correct(at)
	return nil
}
