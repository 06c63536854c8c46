package rest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unsafe"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/rowscan"
)

// manyPlan is a to-many relation, loaded for all rows at once.
type manyPlan struct {
	name  string // Go name
	hop   hop
	plan  *loadPlan // of the related rows
	order []orderPlan
	ranks []rank       // order, where Go can tell it
	owner reflect.Type // the struct with the list
	index []int        // of its Go field that holds the list
	list  attribute    // the same
	elem  reflect.Type // of the list

	listType reflect.Type
	key      attribute // of the owner: what the relation starts from
	byKey    bool      // that is the owner's primary key

	// The statements for one parent and for several; on SQLite the latter ends before the list of keys, and tail follows it.
	one, several, tail string

	rows *rowscan.Plan // with the key that ties a row to its parent
}

func newManyPlan(name string, h hop, owner reflect.Type, index []int, near *orm.Field, plan *loadPlan, order []orderPlan) *manyPlan {
	listType := owner.FieldByIndex(index).Type
	return &manyPlan{
		name: name, hop: h, plan: plan, order: order, ranks: ranksOf(plan.model, plan.d, order), owner: owner, index: index,
		list: attributeAt(owner, index), elem: listType.Elem(), listType: reflect.SliceOf(listType.Elem()),
		key: keyAttribute(owner, near.Index), byKey: near.PrimaryKey,
	}
}

// keyAttribute is the way to the value that a relation starts from, nil for none.
func keyAttribute(owner reflect.Type, index []int) attribute {
	a := attributeAt(owner, index)
	if a.typ.Kind() == reflect.Pointer {
		a.jumps, a.typ = append(a.jumps, jump{}), a.typ.Elem()
	}
	return a
}

// keyList numbers the different keys of a relation in the order they come in.
type keyList struct {
	typ     reflect.Type
	numbers []int64       // of keys that are an int64
	others  reflect.Value // slice of all other keys

	// The places of many numbers, of UUIDs, and of all other keys. Maps of their own types spare the keys being boxed.
	byNumber map[int64]int
	byUUID   map[uuid.UUID]int
	byKey    map[any]int
}

// manyKeys is from how many numbers on they are looked up in a map.
const manyKeys = 32

// begin makes k an empty list.
func (k *keyList) begin(typ reflect.Type, hint int) {
	*k = keyList{typ: typ, numbers: k.numbers[:0]}
	if typ.Kind() == reflect.Int64 {
		k.numbers = slices.Grow(k.numbers, hint)
		if hint > manyKeys {
			k.byNumber = make(map[int64]int, hint)
		}
		return
	}
	k.others = reflect.MakeSlice(reflect.SliceOf(typ), 0, hint)
	if typ == reflect.TypeFor[uuid.UUID]() {
		k.byUUID = make(map[uuid.UUID]int, hint)
	} else {
		k.byKey = make(map[any]int, hint)
	}
}

func (k *keyList) len() int {
	if k.others.IsValid() {
		return k.others.Len()
	}
	return len(k.numbers)
}

// find is the place of the key at p; near is where it may well be. -1 when it is none of the list.
func (k *keyList) find(p unsafe.Pointer, near int) int {
	switch {
	case k.byNumber != nil:
		return placeIn(k.byNumber, *(*int64)(p))
	case k.byUUID != nil:
		return placeIn(k.byUUID, *(*uuid.UUID)(p))
	case k.byKey != nil:
		return placeIn(k.byKey, reflect.NewAt(k.typ, p).Elem().Interface())
	}
	n := *(*int64)(p)
	if near < len(k.numbers) && k.numbers[near] == n {
		return near
	}
	return slices.Index(k.numbers, n)
}

func placeIn[K comparable](places map[K]int, key K) int {
	if i, ok := places[key]; ok {
		return i
	}
	return -1
}

// add is the place of the key at p, which is added when it is new.
func (k *keyList) add(p unsafe.Pointer) int {
	i := k.len()
	if known := k.find(p, i); known >= 0 {
		return known
	}
	if k.others.IsValid() {
		k.others = reflect.Append(k.others, reflect.NewAt(k.typ, p).Elem())
	} else {
		k.numbers = append(k.numbers, *(*int64)(p))
	}
	switch {
	case k.byNumber != nil:
		k.byNumber[*(*int64)(p)] = i
	case k.byUUID != nil:
		k.byUUID[*(*uuid.UUID)(p)] = i
	case k.byKey != nil:
		k.byKey[reflect.NewAt(k.typ, p).Elem().Interface()] = i
	}
	return i
}

// arguments of the statement for the keys.
func (k *keyList) arguments(d dialect) []any {
	switch {
	case k.len() > 1 && d.name() == orm.Postgres && k.others.IsValid():
		return []any{k.others.Interface()}
	case k.len() > 1 && d.name() == orm.Postgres:
		return []any{listText(k.numbers)}
	}
	args := make([]any, 0, k.len())
	for _, n := range k.numbers {
		args = append(args, n)
	}
	for i := 0; k.others.IsValid() && i < k.others.Len(); i++ {
		args = append(args, k.others.Index(i).Interface())
	}
	return args
}

// listText is a list of numbers as PostgreSQL reads one from a text.
func listText(numbers []int64) string {
	list := append(make([]byte, 0, 2+8*len(numbers)), '{')
	for i, n := range numbers {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, n, 10)
	}
	return string(append(list, '}'))
}

// dealing is the loading of one to-many relation: the related rows are read, and then dealt out to their parents.
type dealing struct {
	l        *loading
	m        *manyPlan
	parents  []unsafe.Pointer
	places   []int // of the parents' keys; -1 for none
	keys     keyList
	one      [1]any // the only key, as an argument
	children []unsafe.Pointer
	of       []int // the place of each child's key

	// What handOut works with. ends and next are places in the array of the lists, array is that of pointers.
	ends, next   []int
	array, moved []unsafe.Pointer

	take func(*orm.Rows) error // takeRows
}

// dealing is one that is not in use, for the relation m.
func (l *loading) dealing(m *manyPlan) *dealing {
	if l.dealt == len(l.dealings) {
		d := &dealing{l: l}
		d.take = d.takeRows
		l.dealings = append(l.dealings, d)
	}
	d := l.dealings[l.dealt]
	l.dealt++
	d.m = m
	return d
}

// release makes d ready for another relation.
func (d *dealing) release(transient bool) {
	clear(d.children)
	clear(d.moved)
	if transient {
		clear(d.array)
	} else {
		d.array = nil // the lists of rows lie in it
	}
	d.m, d.parents, d.one = nil, nil, [1]any{}
	d.places, d.children, d.of = d.places[:0], d.children[:0], d.of[:0]
	if max(cap(d.children), cap(d.places)) > mostExpected {
		*d = dealing{l: d.l, take: d.take}
	}
}

// deal prepares the loading of the relation m for parents.
func (l *loading) deal(m *manyPlan, parents []unsafe.Pointer) {
	d := l.dealing(m)
	d.parents = parents
	d.keys.begin(m.key.typ, len(parents))
	for _, p := range parents {
		place := -1
		if key := m.key.at(p); key != nil {
			place = d.keys.add(key)
		}
		d.places = append(d.places, place)
	}
}

// dealOne prepares it for one parent that is still to be read, by its key.
func (l *loading) dealOne(m *manyPlan, key any) *dealing {
	d := l.dealing(m)
	d.keys.begin(m.key.typ, 1)
	d.places = append(d.places, 0)
	if n, ok := key.(int64); ok && m.key.typ.Kind() == reflect.Int64 {
		d.keys.numbers = append(d.keys.numbers, n)
		d.one[0] = key
		return d
	}
	v := reflect.New(m.key.typ)
	v.Elem().Set(reflect.ValueOf(key).Convert(m.key.typ))
	d.keys.add(v.UnsafePointer())
	return d
}

// queue adds the statement to a batch; there is none without keys.
func (d *dealing) queue(b *orm.Batch) {
	n := d.keys.len()
	if n == 0 {
		return
	}
	args := d.one[:]
	if d.one[0] == nil {
		args = d.keys.arguments(d.m.plan.d)
	}
	b.Query(d.m.statement(n), args, d.take)
}

// takeRows reads the related rows.
func (d *dealing) takeRows(rows *orm.Rows) error {
	reader := d.l.reader(d.m.rows, 4*d.keys.len())
	key := reader.Extra(0).UnsafePointer()
	last := 0
	for rows.Next() {
		child, err := reader.Row(rows)
		if err != nil {
			return fmt.Errorf("read %s.%s: %w", d.m.plan.model.Label(), d.m.name, err)
		}
		if last = d.keys.find(key, last); last < 0 {
			return fmt.Errorf("read %s.%s: a row belongs to none of its parents", d.m.plan.model.Label(), d.m.name)
		}
		d.children, d.of = append(d.children, child), append(d.of, last)
	}
	return nil
}

// handOut gives every parent its list; one without rows gets an empty one. Parents with the same key share a list.
func (d *dealing) handOut() {
	n := d.keys.len()
	d.ends = zeroed(d.ends, n+1) // ends[i] becomes the end of the list of key i, and the beginning of the next one's
	for _, k := range d.of {
		d.ends[k+1]++
	}
	for i := range n {
		d.ends[i+1] += d.ends[i]
	}
	base, size := d.grouped()
	for i, parent := range d.parents {
		h := (*sliceHeader)(d.m.list.at(parent))
		*h = sliceHeader{data: base}
		if k := d.places[i]; k >= 0 && d.ends[k+1] > d.ends[k] {
			h.data, h.len = unsafe.Add(base, uintptr(d.ends[k])*size), d.ends[k+1]-d.ends[k]
			h.cap = h.len
		}
	}
}

// grouped brings the children together by key, in an array of the list's elements. The lists of all keys lie in it.
func (d *dealing) grouped() (base unsafe.Pointer, size uintptr) {
	d.next = append(d.next[:0], d.ends...)
	d.moved = zeroed(d.moved, len(d.children))
	if d.m.elem.Kind() == reflect.Pointer {
		return d.groupedPointers()
	}
	n := max(len(d.children), 1)
	array := reflect.MakeSlice(d.m.listType, n, n)
	base, size = array.UnsafePointer(), d.m.elem.Size()
	for i, child := range d.children {
		place := d.place(i)
		array.Index(place).Set(reflect.NewAt(d.m.elem, child).Elem())
		d.moved[place] = unsafe.Add(base, uintptr(place)*size)
	}
	d.children, d.moved = d.moved, d.children
	return base, size
}

// groupedPointers is grouped for lists of pointers.
func (d *dealing) groupedPointers() (base unsafe.Pointer, size uintptr) {
	d.array = zeroed(d.array, max(len(d.children), 1))
	for i, child := range d.children {
		place := d.place(i)
		d.array[place], d.moved[place] = child, child
	}
	d.children, d.moved = d.moved, d.children
	return unsafe.Pointer(unsafe.SliceData(d.array)), unsafe.Sizeof(base)
}

// place is that of the next child of the i-th one's key.
func (d *dealing) place(i int) int {
	place := d.next[d.of[i]]
	d.next[d.of[i]]++
	return place
}

// zeroed is a slice of n zero values, in the memory of list where it is enough.
func zeroed[T any](list []T, n int) []T {
	list = slices.Grow(list[:0], n)[:n]
	clear(list)
	return list
}
