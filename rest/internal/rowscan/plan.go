// Package rowscan reads the rows of statements into structs by plans that are made once: where each column goes, and how its
// value is read. Values are read as pgx received them from PostgreSQL and where
// SQLite keeps them, and through database/sql as its drivers give them. The structs of one
// answer, and the texts in them, lie together in few pieces of memory: what a row costs is no allocation of its own.
package rowscan

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"gorm.io/gorm/schema"
)

// Object is one struct of a row. The first of a plan is the row itself; the others are joined to one before them.
type Object struct {
	Type   reflect.Type
	Parent int   // position in the plan of the object that points to it
	Index  []int // reflect index of the pointer to it in its parent
}

// Column is one selected value. The first column of a joined object is its key: NULL there means that there is no object.
// The columns of an object come together, those of objects joined to it behind its own.
type Column struct {
	Object int
	Field  *schema.Field
	Index  []int              // reflect index of the variable in the object
	Fix    func(variable any) // corrects a value that was read; gets a pointer to it; nil for none
}

// Plan says how the rows of one SELECT list are read. It is safe for concurrent use.
type Plan struct {
	objects []object
	columns []column
	extra   []column // behind the columns: read into variables of the Reader
	slabs   []reflect.Type
	idle    sync.Pool    // of *Reader that were given back
	text    atomic.Int64 // bytes of text that a row has, as far as is known
}

type object struct {
	parent int
	offset uintptr // of the pointer in the parent
	slab   int
	first  int // columns of the object and of what is joined to it: [first, end)
	own    int // the columns of the object itself are [first, own)
	end    int
}

type column struct {
	object  int
	offset  uintptr
	pointer int // slab of what a pointer variable points to; -1 for a plain variable
	typ     reflect.Type
	field   *schema.Field // nil for extra ones
	index   []int
	holder  reflect.Type // struct that field belongs to
	fix     func(any)
	assign  assigner

	decode     decoder
	decodeLite liteDecoder
}

// NewPlan compiles a plan. extra are the types of variables for values behind the columns; see Reader.Extra.
func NewPlan(objects []Object, columns []Column, extra ...reflect.Type) (*Plan, error) {
	p := &Plan{}
	p.text.Store(usualText)
	for i, o := range objects {
		compiled := object{parent: o.Parent, slab: p.slab(o.Type), first: len(columns)}
		if i > 0 {
			offset, ok := offsetOf(objects[o.Parent].Type, o.Index)
			if !ok {
				return nil, fmt.Errorf("rowscan: a pointer leads to the field of %s that holds a %s; embed the struct itself", objects[o.Parent].Type, o.Type)
			}
			compiled.offset = offset
		}
		p.objects = append(p.objects, compiled)
	}
	for i, c := range columns {
		p.columns = append(p.columns, p.column(objects[c.Object].Type, c))
		o := &p.objects[c.Object]
		o.first, o.own = min(o.first, i), i+1
	}
	p.settleEnds()
	for _, t := range extra {
		p.extra = append(p.extra, p.variable(t))
	}
	return p, nil
}

// settleEnds finds where the columns of each object and of those joined to it end.
func (p *Plan) settleEnds() {
	for i := len(p.objects) - 1; i >= 0; i-- {
		o := &p.objects[i]
		o.end = max(o.end, o.own)
		if i > 0 {
			parent := &p.objects[o.parent]
			parent.end = max(parent.end, o.end)
		}
	}
}

func (p *Plan) column(holder reflect.Type, c Column) column {
	out := p.variable(holder.FieldByIndex(c.Index).Type)
	out.object, out.field, out.index, out.holder, out.fix = c.Object, c.Field, c.Index, holder, c.Fix
	offset, ok := offsetOf(holder, c.Index)
	if ok && c.Field.Serializer == nil {
		out.offset = offset
		return out
	}
	out.decode, out.decodeLite, out.assign, out.pointer, out.offset = nil, nil, nil, -1, 0 // by GORM's setter
	return out
}

func (p *Plan) variable(t reflect.Type) column {
	c := column{typ: t, pointer: -1}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		c.pointer = p.slab(t)
	}
	c.decode, c.decodeLite, c.assign = decoderFor(t), liteDecoderFor(t), assignerFor(t)
	return c
}

func (p *Plan) slab(t reflect.Type) int {
	p.slabs = append(p.slabs, t)
	return len(p.slabs) - 1
}

// offsetOf is the offset of a field that no pointer leads to.
func offsetOf(t reflect.Type, index []int) (offset uintptr, ok bool) {
	for _, i := range index {
		if t.Kind() == reflect.Pointer {
			return 0, false
		}
		sf := t.Field(i)
		offset += sf.Offset
		t = sf.Type
	}
	return offset, true
}

// slab hands out zeroed variables of one type from chunks.
type slab struct {
	typ   reflect.Type
	size  uintptr
	chunk reflect.Value // an addressable slice
	base  unsafe.Pointer
	used  int
	len   int
}

// next is a pointer to a new variable; hint is how many there may be.
func (s *slab) next(hint int) unsafe.Pointer {
	if s.used == s.len {
		s.grow(hint)
	}
	p := unsafe.Add(s.base, uintptr(s.used)*s.size)
	s.used++
	return p
}

const (
	leastChunk = 4
	mostChunk  = 1024
)

func (s *slab) grow(hint int) {
	n := hint
	if s.len > 0 || hint <= 0 {
		n = max(2*s.len, hint, leastChunk)
	}
	n = min(n, mostChunk)
	if !s.chunk.IsValid() {
		s.chunk = reflect.New(reflect.SliceOf(s.typ)).Elem()
	}
	s.chunk.Set(reflect.MakeSlice(s.chunk.Type(), n, n))
	s.base, s.used, s.len = s.chunk.UnsafePointer(), 0, n
}

// leave forgets the chunks: they are for who has the variables.
func (s *slab) leave() {
	if s.len > 0 {
		s.chunk.SetZero()
		s.base, s.used, s.len = nil, 0, 0
	}
}

// recycle makes the last chunk ready to be used again.
func (s *slab) recycle() {
	if s.used > 0 {
		s.chunk.SetLen(s.used)
		s.chunk.Clear()
		s.chunk.SetLen(s.len)
		s.used = 0
	}
}

// arena keeps texts together.
type arena struct {
	buffer  []byte
	first   int // bytes of the first piece
	written int // bytes in all
}

const (
	usualText = 256     // of a row, before one was read
	mostFirst = 4 << 10 // that the first piece of an answer has
)

// firstPiece is the memory that the texts of an answer begin with, in bytes: for as many rows as are expected, and an
// eighth more, as rows differ.
func (p *Plan) firstPiece(hint int) int {
	if hint <= 0 {
		return mostFirst
	}
	ofRow := int(p.text.Load())
	return min(hint*(ofRow+ofRow/8), mostFirst)
}

// learn follows how much text rows have, slowly enough that one long row is forgotten again.
func (p *Plan) learn(rows, text int) {
	if rows == 0 {
		return
	}
	known := p.text.Load()
	if change := (int64(text/rows) - known) / 4; change != 0 {
		p.text.Store(known + change)
	}
}

// bytes is a copy of raw, never nil.
func (a *arena) bytes(raw []byte) []byte {
	if a.buffer == nil || len(a.buffer)+len(raw) > cap(a.buffer) {
		a.buffer = make([]byte, 0, max(2*cap(a.buffer), a.first, len(raw)))
	}
	a.written += len(raw)
	start := len(a.buffer)
	a.buffer = append(a.buffer, raw...)
	return a.buffer[start:len(a.buffer):len(a.buffer)]
}

// text is a copy of raw as a string.
func (a *arena) text(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	own := a.bytes(raw)
	return unsafe.String(unsafe.SliceData(own), len(own))
}
