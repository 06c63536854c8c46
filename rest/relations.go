package rest

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// maxRelatedKeys bounds how many keys one list of related objects may hold.
const maxRelatedKeys = 10_000

var relatedClasses = map[string]*fieldClass{
	"pk": {name: "PrimaryKeyRelatedField", options: "field", parse: parseRelated, blank: relatedBlank, messages: map[string]string{
		"does_not_exist": "Invalid pk \"{pk_value}\" - object does not exist.",
		"incorrect_type": "Incorrect type. Expected pk value, received {data_type}.",
	}},
	"slug": {name: "SlugRelatedField", options: "field", parse: parseRelated, blank: relatedBlank, messages: map[string]string{
		"does_not_exist": "Object with {slug_name}={value} does not exist.",
		"invalid":        "Invalid value.",
	}},
	"string":    {name: "StringRelatedField", options: "field"},
	"hyperlink": hyperlinkClass,
	"texts": {name: "ManyRelatedField", options: "field", parse: parseTexts, html: htmlList, messages: map[string]string{
		"not_a_list": notAList,
		"empty":      emptyList,
		"invalid":    "Objects cannot be found by their texts.",
	}},
	"many": {
		name: "ManyRelatedField", options: "field", parse: parseManyRelated, html: htmlList,
		messages: map[string]string{"not_a_list": notAList, "empty": emptyList},
	},
}

const (
	notAList  = "Expected a list of items but got type \"{input_type}\"."
	emptyList = "This list may not be empty."
)

// parseTexts takes the empty list alone: texts do not name objects. As in DRF a list of texts is a required field all the same,
// unless it is tagged readonly (StringRelatedField(many=True) without read_only).
func parseTexts(_ *decoding, f *field, raw any) (any, error) {
	items, err := f.relatedItems(raw)
	if err == nil && len(items) > 0 {
		err = f.fail("invalid")
	}
	return items, err
}

// relatedItems are the elements of what is given for a to-many relation.
func (f *field) relatedItems(raw any) ([]any, error) {
	items, ok := iterable(raw)
	if !ok {
		return nil, f.fail("not_a_list", "input_type", typeName(raw))
	}
	if len(items) == 0 && !f.allowEmpty {
		return nil, f.fail("empty")
	}
	return items, nil
}

// relatedKey is how a related object is named on the wire: by its primary key, by another field, or by its text.
type relatedKey struct {
	model *orm.Model
	field *orm.Field // the field that names the object
	text  bool       // its String method instead; read-only
	lock  bool       // the rows are locked when they are found
	link  *hyperlink // by the address of a route that holds that field
	limit func(r *Request, q *gorm.DB) *gorm.DB
	enc   encoder // of the naming field, from a pointer to it
	plan  *loadPlan

	one, several string // statements of the objects of one key and, on PostgreSQL, of a list of numbers; empty with a limit
}

// prepare makes the statements.
func (k *relatedKey) prepare() {
	if k.limit != nil {
		return
	}
	column := quote(k.model.Table) + "." + quote(k.field.Column)
	head := "SELECT " + k.plan.sel.columns + " FROM " + quote(k.model.Table) + " WHERE " + column
	tail := ""
	if k.lock {
		tail = " ORDER BY " + quote(k.model.Table) + "." + quote(k.model.PK.Column) + " ASC"
	}
	if k.plan.d.name() != orm.Postgres {
		k.one = head + " = ?" + tail
		return
	}
	if k.lock {
		tail += " FOR UPDATE OF " + quote(k.model.Table)
	}
	k.one, k.several = head+" = $1"+tail, head+" = ANY($1)"+tail
}

// isRelated tells whether t is a Related[M] and of which model.
func isRelated(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() == reflect.Struct && t.NumField() == 1 && t.PkgPath() == reflect.TypeFor[Related[int]]().PkgPath() &&
		t.Field(0).Name == "Object" && t.Field(0).Type.Kind() == reflect.Pointer {
		return t.Field(0).Type.Elem(), true
	}
	return nil, false
}

// relatedBlank: an empty text names no object (RelatedField.run_validation).
func relatedBlank(f *field, raw any, sent bool) (bool, any, error) {
	if !sent || raw != "" {
		return false, nil, nil
	}
	if !f.null {
		return true, nil, f.fail("null")
	}
	return true, nil, nil
}

// parseRelated finds the object that raw names; the clean value is a pointer to it.
func parseRelated(d *decoding, f *field, raw any) (any, error) {
	key, err := f.related.key(d, f, raw)
	if err != nil {
		return nil, err
	}
	objects := d.objects(f.related)
	if objects.place(key) < 0 {
		if objects, err = d.related(f.related, []any{key}); err != nil {
			return nil, err
		}
	}
	if o := objects.of(key); o != nil {
		return o, nil
	}
	return nil, f.missing(raw)
}

// parseManyRelated finds all objects of a list in one statement; the first wrong item is reported.
func parseManyRelated(d *decoding, f *field, raw any) (any, error) {
	items, err := f.relatedItems(raw)
	if err != nil {
		return nil, err
	}
	if len(items) > maxRelatedKeys {
		return nil, f.fail("max_length", "max_length", fmt.Sprint(maxRelatedKeys))
	}
	keys := make([]any, 0, len(items))
	for _, item := range items {
		key, err := f.child.related.key(d, f.child, item)
		if err != nil {
			return f.firstWrong(d, items, err)
		}
		keys = append(keys, key)
	}
	objects, err := d.related(f.child.related, keys)
	if err != nil {
		return nil, err
	}
	found := make([]any, len(keys))
	for i, key := range keys {
		if found[i] = objects.of(key); found[i] == nil {
			return nil, f.child.missing(items[i])
		}
	}
	return found, nil
}

// firstWrong reports the first item that is no key or names no object.
func (f *field) firstWrong(d *decoding, items []any, wrong error) (any, error) {
	for _, item := range items {
		if _, err := parseRelated(d, f.child, item); err != nil {
			return nil, err
		}
	}
	return nil, wrong
}

// iterable is what Python would iterate over: lists, and the keys of an object.
func iterable(raw any) ([]any, bool) {
	switch v := raw.(type) {
	case []any:
		return v, true
	case *pyjson.Dict:
		return texts(v.Keys()), true
	case *form.MultiDict:
		return texts(v.Keys()), true
	}
	return nil, false
}

func (f *field) missing(raw any) error {
	if f.related.link != nil {
		return f.fail("does_not_exist")
	}
	if f.related.field.PrimaryKey {
		return f.fail("does_not_exist", "pk_value", pyjson.Str(raw))
	}
	return f.fail("does_not_exist", "slug_name", f.related.field.Name, "value", pyjson.Str(raw))
}

// key turns a raw value into a comparable value of the naming column.
func (k *relatedKey) key(d *decoding, f *field, raw any) (any, error) {
	if k.link != nil {
		return k.link.key(d.r, f, raw)
	}
	if raw == nil { // in a list: no object has the key null
		return nil, nil
	}
	if _, ok := raw.(bool); ok && k.field.PrimaryKey {
		return nil, f.wrongKey(raw)
	}
	if text, ok := raw.(string); ok && !k.field.PrimaryKey && !d.searchable(text) {
		return nil, f.wrongKey(raw)
	}
	v, err := lookupKey(k.field.Kind, raw)
	if err == nil {
		return v, nil
	}
	if k.field.Kind == orm.UUID {
		return nil, notUUID(pyjson.Str(raw))
	}
	return nil, f.wrongKey(raw)
}

// notUUID is how Django's UUIDField refuses a key of an object.
func notUUID(text string) error {
	return InvalidCode("invalid", fmt.Sprintf("“%s” is not a valid UUID.", text))
}

// searchable tells whether a text can be sent to the database at all: none takes lone surrogates, PostgreSQL takes no NUL.
func (d *decoding) searchable(text string) bool {
	codes, _ := pyvalue.Characters(text)
	return len(codes) == 0 || d.r.api.config.DB.Dialect() != orm.Postgres && !slices.Contains(codes, pyvalue.SurrogateInText)
}

func (f *field) wrongKey(raw any) error {
	if f.related.field.PrimaryKey {
		return f.fail("incorrect_type", "data_type", typeName(raw))
	}
	return f.fail("invalid")
}

// namedObjects are the objects of a relation that a body names, by key.
type namedObjects struct {
	k      *relatedKey
	list   []namedObject
	places map[any]int // of keys in list, when there are many
}

// namedObject is nil when it is not there, or not yet.
type namedObject struct{ key, object any }

// objects are those of a relation.
func (d *decoding) objects(k *relatedKey) *namedObjects {
	for _, n := range d.named {
		if n.k == k {
			return n
		}
	}
	n := &namedObjects{k: k}
	d.named = append(d.named, n)
	return n
}

// place is that of a key that was looked for, -1 for another one.
func (n *namedObjects) place(key any) int {
	if n.places != nil {
		return placeIn(n.places, key)
	}
	return slices.IndexFunc(n.list, func(o namedObject) bool { return o.key == key })
}

// of is the object with the key, nil for none.
func (n *namedObjects) of(key any) any {
	if i := n.place(key); i >= 0 {
		return n.list[i].object
	}
	return nil
}

// want are the keys that were not looked for yet; they count as looked for from now on.
func (n *namedObjects) want(keys []any) (wanted []any) {
	n.list = slices.Grow(n.list, len(keys))
	for _, key := range keys {
		if key == nil || n.place(key) >= 0 {
			continue
		}
		if n.list = append(n.list, namedObject{key: key}); n.places != nil {
			n.places[key] = len(n.list) - 1
		} else if len(n.list) > manyKeys {
			n.mapPlaces()
		}
		if wanted == nil {
			wanted = make([]any, 0, len(keys))
		}
		wanted = append(wanted, key)
	}
	return wanted
}

func (n *namedObjects) mapPlaces() {
	n.places = make(map[any]int, cap(n.list))
	for i, o := range n.list {
		n.places[o.key] = i
	}
}

// related finds objects by their keys in one statement and remembers them for the rest of the body.
func (d *decoding) related(k *relatedKey, keys []any) (*namedObjects, error) {
	objects := d.objects(k)
	wanted := objects.want(keys)
	if len(wanted) == 0 {
		return objects, nil
	}
	b := &orm.Batch{}
	after, err := d.queueObjects(b, k, wanted)
	if err != nil {
		return nil, err
	}
	if err := d.r.read(b, k.lock); err != nil {
		return nil, newQuery(d.r, k.model, nil).failed("load", err)
	}
	after()
	return objects, nil
}

// queueObjects adds the statement of the objects with the keys to a batch; after keeps what it found.
func (d *decoding) queueObjects(b *orm.Batch, k *relatedKey, keys []any) (after func(), err error) {
	q := k.query(d.r, keys)
	if err := q.queue(b); err != nil {
		return nil, err
	}
	return func() {
		d.remember(k, q.rows())
		q.loading().release(false)
	}, nil
}

// statement is the prepared statement of keys, empty for none.
func (k *relatedKey) statement(keys []any) (statement string, args []any) {
	if len(keys) == 1 {
		return k.one, keys
	}
	if k.several == "" {
		return "", nil
	}
	numbers, ok := numbersOf(keys)
	if !ok {
		return "", nil
	}
	return k.several, []any{listText(numbers)}
}

// remember keeps objects that were found.
func (d *decoding) remember(k *relatedKey, rows reflect.Value) {
	objects := d.objects(k)
	for i := range rows.Len() {
		o := rows.Index(i)
		if place := objects.place(k.keyOf(o)); place >= 0 {
			objects.list[place].object = o.Interface()
		}
		if k.lock {
			d.r.loaded(o)
		}
	}
}

// query selects the objects of keys.
func (k *relatedKey) query(r *Request, keys []any) *Query {
	if statement, args := k.statement(keys); statement != "" {
		q := newQuery(r, k.model, nil)
		q.plan, q.fixed, q.fixedArgs, q.limit = k.plan, statement, args, len(keys)
		return q
	}
	var base *gorm.DB
	if k.limit != nil {
		base = k.limit(r, r.modelDB(k.model))
	}
	q := newQuery(r, k.model, base)
	q.plan, q.expected = k.plan, len(keys)
	q.whereSQL(keysCondition(q.d, quote(k.model.Table)+"."+quote(k.field.Column), keys))
	if k.lock {
		q.locked = true
		q.orderBy(nil, keyOrder(q.model, q.d))
	}
	return q
}

// keysCondition holds for the rows whose column is one of keys. On PostgreSQL a list of numbers is one argument, so that the
// statement is the same however many there are.
func keysCondition(d dialect, column string, keys []any) fragment {
	if len(keys) == 1 {
		return fragment{sql: column + " = ?", args: keys}
	}
	if numbers, ok := numbersOf(keys); ok && d.name() == orm.Postgres {
		return fragment{sql: column + " = ANY(?)", args: []any{listText(numbers)}}
	}
	return fragment{sql: column + " IN ?", args: []any{keys}}
}

// numbersOf are keys as numbers, when all of them are.
func numbersOf(keys []any) (numbers []int64, ok bool) {
	numbers = make([]int64, len(keys))
	for i, key := range keys {
		if numbers[i], ok = key.(int64); !ok {
			return nil, false
		}
	}
	return numbers, len(keys) > 0
}

// keyOf is the comparable key of a loaded object.
func (k *relatedKey) keyOf(object reflect.Value) any {
	v := reflect.Indirect(object).FieldByIndex(k.field.Index)
	switch {
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	case v.Kind() == reflect.String:
		return v.String()
	}
	return v.Interface()
}

// setter assigns the found object: to a Related[M], to a *M, or its key to a plain variable.
func (k *relatedKey) setter(t reflect.Type) (setter, error) {
	if m, ok := isRelated(t); ok && m == k.model.Type {
		return func(dst reflect.Value, v any) error {
			if v == nil {
				dst.SetZero()
			} else {
				dst.Field(0).Set(reflect.ValueOf(v))
			}
			return nil
		}, nil
	}
	if t == reflect.PointerTo(k.model.Type) {
		return func(dst reflect.Value, v any) error {
			if v == nil {
				dst.SetZero()
			} else {
				dst.Set(reflect.ValueOf(v))
			}
			return nil
		}, nil
	}
	if t != k.field.Type {
		return nil, fmt.Errorf("a key of %s is a %s (or use rest.Related[%s]), not a %s", k.model.Label(), k.field.Type, k.model.Type, t)
	}
	return func(dst reflect.Value, v any) error {
		if v == nil {
			dst.SetZero()
		} else {
			dst.Set(reflect.ValueOf(v).Elem().FieldByIndex(k.field.Index))
		}
		return nil
	}, nil
}

// encoder writes the key of the object that a value of type t holds.
func (k *relatedKey) encoder(t reflect.Type) (encoder, error) {
	if _, ok := isRelated(t); ok || t == reflect.PointerTo(k.model.Type) {
		return pointerEncoder(k.objectEncoder()), nil
	}
	if t == k.model.Type {
		return k.objectEncoder(), nil
	}
	if t.Kind() == reflect.Pointer { // a nullable key column
		return pointerEncoder(k.enc), nil
	}
	return k.enc, nil
}

// objectEncoder writes the key of the object at p.
func (k *relatedKey) objectEncoder() encoder {
	if k.text {
		t := k.model.Type
		return func(_ *encoding, dst []byte, p unsafe.Pointer) []byte {
			return pyjson.AppendString(dst, k.objectText(reflect.NewAt(t, p)))
		}
	}
	offset := offsetOf(k.model.Type, k.field.Index)
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte { return k.enc(e, dst, unsafe.Add(p, offset)) }
}

// objectText is str(object): its String method, or "Product object (1)" as Django's default.
func (k *relatedKey) objectText(object reflect.Value) string {
	if s, ok := object.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if s, ok := object.Elem().Interface().(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%s object (%v)", k.model.Type.Name(), object.Elem().FieldByIndex(k.model.PK.Index))
}

// offsetOf is the offset of a field that no pointer leads to.
func offsetOf(t reflect.Type, index []int) uintptr {
	var offset uintptr
	for _, i := range index {
		sf := t.Field(i)
		offset += sf.Offset
		t = sf.Type
	}
	return offset
}
