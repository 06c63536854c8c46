package rest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
)

// tracking is what a request knows of an object: how it is stored, and which relations are to be stored with it.
type tracking struct {
	stored reflect.Value // a copy of the struct as it was loaded; invalid for new objects
	many   []*orm.Field
	lists  []savedList // that were stored with it since it was last completed
	queued bool        // it waits for a statement to go with, see QueueSave
}

// savedList is a many-to-many relation as it was stored.
type savedList struct {
	index []int
	list  reflect.Value
}

// track returns the tracking of an object, begun when there is none.
func (r *Request) track(object any) *tracking {
	t := r.tracked[object]
	if t == nil {
		t = &tracking{}
		if r.tracked == nil {
			r.tracked = make(map[any]*tracking)
		}
		r.tracked[object] = t
	}
	return t
}

// loaded notes that an object stands as it is stored, so that Save writes only what changes from now on.
func (r *Request) loaded(object reflect.Value) {
	stored := reflect.New(object.Type().Elem()).Elem()
	stored.Set(object.Elem())
	if plans := r.api.models[r.Registry().Model(object.Interface())]; plans != nil {
		for _, index := range plans.pointers {
			ownPointer(stored.FieldByIndex(index))
		}
	}
	r.track(object.Interface()).stored = stored
}

// ownPointer lets a pointer point to a copy, so that a change of what it points to is seen.
func ownPointer(v reflect.Value) {
	if !v.IsNil() {
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		v.Set(own)
	}
}

// Loaded tells that m, a pointer to a registered model, was read from the database by other ways than the framework's: Save
// then updates it in the columns that change from now on, instead of inserting it.
func (r *Request) Loaded(m any) { r.loaded(reflect.ValueOf(m)) }

// Save stores objects, pointers to registered models, in their order. A new object is inserted; one that the framework
// loaded is updated in the columns that changed (never in others, so that concurrent changes are not lost) and in its
// auto-now columns. Many-to-many relations that a serializer set are stored with their object. New objects that follow each
// other cost one statement a model and, on PostgreSQL, one round trip for all; they get their keys, and their automatic
// times. Of GORM's callbacks the hooks that a model declares for creation run, no others. Save belongs into the request's
// transaction. An object that is in the list twice is stored twice.
func (r *Request) Save(objects ...any) error {
	s := saving{write: write{r: r}}
	if err := s.addAll(objects); err != nil {
		return err
	}
	return s.flush()
}

// QueueSave is Save put off as [Request.Queue] puts off a statement: on PostgreSQL new objects go with the next statement that
// has to be waited for, the COMMIT at the latest, which spares a round trip to what has nothing to do after it. Until then they
// have no keys of the database's, and a constraint that they violate comes up there; the answer is the same. Changes of
// objects that were loaded, and objects whose models have hooks, are stored at once.
func (r *Request) QueueSave(objects ...any) error {
	s := saving{write: write{r: r, answered: r.answered}, postponed: true}
	if err := s.addAll(objects); err != nil {
		return err
	}
	return s.flush()
}

// settle sends what was queued where objects wait in it, so that they have their keys.
func (r *Request) settle() error {
	if !r.queued {
		return nil
	}
	r.queued = false
	return orm.Settle(r.Context(), r.connection())
}

// saving is a Save under way: new objects are gathered until something else is to be stored.
type saving struct {
	write
	postponed bool            // it is a QueueSave
	sent      []reflect.Value // new objects: in the batch, and then those that are gathered
	gathered  int             // new objects of one model without relations, at the end of sent
	plan      *insertPlan     // of them
}

func (s *saving) addAll(objects []any) error {
	s.sent = make([]reflect.Value, 0, len(objects))
	for _, m := range objects {
		if err := s.add(m); err != nil {
			return err
		}
	}
	return nil
}

// add stores an object, now or with the next flush.
func (s *saving) add(m any) error {
	model := s.r.Registry().Model(m)
	if model == nil {
		return fmt.Errorf("save a %T: the model is not registered", m)
	}
	v, t := reflect.ValueOf(m), s.r.track(m)
	if t.queued {
		if s.postponed && t.holds(model, v) {
			return nil
		}
		if err := s.r.settle(); err != nil {
			return err
		}
	}
	plan := s.r.api.models[model].insert
	switch {
	case t.stored.IsValid() && !t.queued:
		return s.apart(model, v, func() error { return s.r.update(model, t, v) })
	case plan.gorm:
		return s.apart(model, v, func() error { return s.r.create(m) })
	case len(t.many) == 0:
		return s.gather(plan, v)
	case plan.pairsFollow(v, t.many):
		if err := s.queue(); err != nil {
			return err
		}
		s.sent = append(s.sent, v)
		return s.insertWithPairs(plan, v, t.many)
	}
	return s.apart(model, v, func() error {
		if err := s.insert(plan, []reflect.Value{v}); err != nil {
			return err
		}
		return s.send()
	})
}

// gather keeps a new object until its neighbours are known.
func (s *saving) gather(plan *insertPlan, v reflect.Value) error {
	if s.gathered > 0 && (s.plan != plan || plan.isAuto(v.Elem()) != plan.isAuto(s.sent[len(s.sent)-1].Elem())) {
		if err := s.queue(); err != nil {
			return err
		}
	}
	s.plan, s.sent, s.gathered = plan, append(s.sent, v), s.gathered+1
	return nil
}

// queue puts the gathered objects into the batch.
func (s *saving) queue() error {
	rows := s.sent[len(s.sent)-s.gathered:]
	s.gathered = 0
	if len(rows) == 0 {
		return nil
	}
	return s.insert(s.plan, rows)
}

// flush stores what was gathered.
func (s *saving) flush() error {
	if err := s.queue(); err != nil {
		return err
	}
	sent := s.sent
	s.sent = nil
	switch {
	case len(sent) == 0:
		return nil
	case s.postponed:
		return s.postpone(sent)
	}
	if err := s.send(); err != nil {
		return fmt.Errorf("save %s: %w", s.r.Registry().Model(sent[0].Interface()).Label(), err)
	}
	for _, v := range sent {
		s.r.keepLists(v)
		s.r.stored(v)
	}
	return nil
}

// postpone lets what is in the batch go with a later statement.
func (s *saving) postpone(sent []reflect.Value) error {
	for _, v := range sent {
		s.r.keepLists(v)
		s.r.loaded(v)
		s.r.track(v.Interface()).queued = true
	}
	s.r.queued = true
	b := s.batch
	s.batch = orm.Batch{}
	return b.Queue(s.r.Context(), s.r.connection())
}

// holds tells whether an object stands as it was last seen.
func (t *tracking) holds(model *orm.Model, v reflect.Value) bool {
	for _, f := range model.Fields {
		if f.Column != "" && !sameValue(v.Elem().FieldByIndex(f.Index), t.stored.FieldByIndex(f.Index)) {
			return false
		}
	}
	return len(t.many) == 0
}

// sameValue tells whether two variables of a type hold the same. Most have not been changed, and so are the same bytes.
func sameValue(a, b reflect.Value) bool {
	return sameBytes(a, b) || reflect.DeepEqual(a.Interface(), b.Interface())
}

func sameBytes(a, b reflect.Value) bool {
	size := int(a.Type().Size())
	return bytes.Equal(unsafe.Slice((*byte)(a.Addr().UnsafePointer()), size), unsafe.Slice((*byte)(b.Addr().UnsafePointer()), size))
}

// apart stores an object by statements of its own, and its relations.
func (s *saving) apart(model *orm.Model, v reflect.Value, store func() error) error {
	if err := s.flush(); err != nil {
		return err
	}
	t := s.r.track(v.Interface())
	fresh := !t.stored.IsValid()
	if err := store(); err != nil {
		return fmt.Errorf("save %s: %w", model.Label(), err)
	}
	for _, f := range t.many {
		if err := s.r.saveMany(model, f, v, fresh); err != nil {
			return fmt.Errorf("save %s.%s: %w", model.Label(), f.Name, orm.Translate(err))
		}
	}
	s.r.keepLists(v)
	s.r.stored(v)
	return nil
}

// keepLists puts the relations that are stored with an object aside: they stand in the order in which they were sent, which is
// not that of the related model.
func (r *Request) keepLists(v reflect.Value) {
	t := r.track(v.Interface())
	for _, f := range t.many {
		list := v.Elem().FieldByIndex(f.RelIndex)
		t.lists = append(t.lists, savedList{f.RelIndex, reflect.ValueOf(list.Interface())})
		list.SetZero()
	}
	t.many = nil
}

// stored notes that an object stands as it is stored.
func (r *Request) stored(v reflect.Value) {
	r.api.config.Users.Changed(r.connection(), v.Interface())
	r.loaded(v)
}

// answered notes that a queued object is stored as it was queued, under the key that it got.
func (r *Request) answered(v reflect.Value) {
	t := r.track(v.Interface())
	if !t.queued {
		return // it was not put off
	}
	t.queued = false
	key := r.Registry().Model(v.Interface()).PK.Index
	t.stored.FieldByIndex(key).Set(v.Elem().FieldByIndex(key))
	r.api.config.Users.Changed(r.connection(), v.Interface())
}

// update writes the columns that differ from what is stored.
func (r *Request) update(model *orm.Model, t *tracking, v reflect.Value) error {
	s := r.newStatement()
	s.add("UPDATE ", quote(model.Table), " SET ")
	for _, f := range model.Fields {
		if f.Column == "" {
			continue
		}
		now := v.Elem().FieldByIndex(f.Index)
		if f.AutoNow {
			if err := f.Schema.Set(r.Context(), v.Elem(), r.connection().NowFunc()); err != nil {
				return err
			}
		}
		if f.AutoNow || !sameValue(now, t.stored.FieldByIndex(f.Index)) {
			if len(s.args) > 0 {
				s.add(", ")
			}
			s.add(quote(f.Column), " = ")
			s.argument(columnValue(r, f, v.Elem()))
		}
	}
	if len(s.args) == 0 {
		return nil
	}
	s.add(" WHERE ", quote(model.PK.Column), " = ")
	s.argument(t.stored.FieldByIndex(model.PK.Index).Interface())
	b := &orm.Batch{}
	text, args := s.end()
	b.Exec(text, args, func(affected int64) error {
		if affected == 0 {
			return noMatch(model)
		}
		return nil
	})
	return r.ask(b)
}

// columnValue is what a column holds of a variable: GORM's serializers have their say.
func columnValue(r *Request, f *orm.Field, row reflect.Value) any {
	if f.Schema.Serializer == nil {
		return row.FieldByIndex(f.Index).Interface()
	}
	v, _ := f.Schema.ValueOf(r.Context(), row)
	return v
}

// saveMany makes the join rows of a relation equal to the objects in the model.
func (r *Request) saveMany(model *orm.Model, f *orm.Field, v reflect.Value, fresh bool) error {
	near, far, t := throughColumns(f.Relation)
	own := v.Elem().FieldByIndex(model.ByColumn(near).Index).Interface()
	wanted := relatedKeys(f, v.Elem().FieldByIndex(f.RelIndex), far)
	if !fresh {
		var err error
		if wanted, err = r.dropJoins(t, own, wanted); err != nil {
			return err
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	w := write{r: r}
	w.pairs(t, own, wanted)
	return w.send()
}

// dropJoins deletes the join rows that are not wanted and returns the keys that are still missing.
func (r *Request) dropJoins(t *through, own any, wanted []any) ([]any, error) {
	q := r.DB().Table(t.table).Where(quote(t.near)+" = ?", own)
	if len(wanted) > 0 {
		q = q.Where(quote(t.far)+" NOT IN ?", wanted)
	}
	if err := q.Delete(nil).Error; err != nil || len(wanted) == 0 {
		return nil, err
	}
	there := reflect.New(reflect.SliceOf(reflect.TypeOf(wanted[0])))
	if err := r.DB().Table(t.table).Where(quote(t.near)+" = ?", own).Pluck(t.far, there.Interface()).Error; err != nil {
		return nil, err
	}
	kept := map[any]bool{}
	for i := range there.Elem().Len() {
		kept[there.Elem().Index(i).Interface()] = true
	}
	missing := wanted[:0:0]
	for _, key := range wanted {
		if !kept[key] {
			missing = append(missing, key)
		}
	}
	return missing, nil
}

// relatedKeys are the keys of the objects in a list, each once.
func relatedKeys(f *orm.Field, list reflect.Value, far string) []any {
	index := f.Related.ByColumn(far).Index
	seen := map[any]bool{}
	var keys []any
	for i := range list.Len() {
		key := reflect.Indirect(list.Index(i)).FieldByIndex(index).Interface()
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// Delete removes m and what refers to it as the models' on_delete says; rows that protect it make an *orm.ProtectedError.
func (r *Request) Delete(m any) error {
	model := r.Registry().Model(m)
	if model == nil {
		return fmt.Errorf("delete a %T: the model is not registered", m)
	}
	pk := reflect.ValueOf(m).Elem().FieldByIndex(model.PK.Index).Interface()
	if err := orm.Delete(r.DB(), r.Registry(), model, pk); err != nil {
		return fmt.Errorf("delete %s: %w", model.Label(), err)
	}
	delete(r.tracked, m)
	r.api.config.Users.Changed(r.DB(), m)
	return nil
}

// forgetQueued lets objects that were queued in a part that failed be new again: what was queued before it has been sent.
func (r *Request) forgetQueued() {
	for _, t := range r.tracked {
		if t.queued {
			t.queued, t.stored = false, reflect.Value{}
		}
	}
	r.queued = false
}

// constraintError turns a violated constraint into the answer that the validator would have given: what a check does not
// see in a race, the database does.
func constraintError(s *serializer, err error) error {
	if err == nil {
		return nil
	}
	var c *orm.ConstraintError
	if s == nil || s.model == nil || !errors.As(err, &c) {
		return err
	}
	switch c.Kind {
	case orm.UniqueViolation:
		return s.uniqueError(c).WithCause(err)
	case orm.CheckViolation:
		return nonField(Message{fmt.Sprintf("Constraint “%s” is violated.", c.Constraint), "invalid"}).WithCause(err)
	case orm.NotNullViolation:
		return columnError(s, c, baseMessages["null"], "null").WithCause(err)
	case orm.ForeignKeyViolation:
		return NewError(http.StatusConflict, "conflict", "The request refers to an object that is not there any more.").WithCause(err)
	}
	return err
}

func (s *serializer) uniqueError(c *orm.ConstraintError) *Error {
	if c.Table != "" && c.Table != s.model.Table { // of a further row that a hook saved
		return nonField(Message{fmt.Sprintf("The fields %s must make a unique set.", strings.Join(c.Columns, ", ")), "unique"})
	}
	for _, t := range s.together {
		if sameColumns(t.columns(s), c.Columns) {
			return nonField(Message{t.message, t.code})
		}
	}
	if len(c.Columns) == 1 {
		for _, f := range s.fields {
			if f.spec.model != nil && f.spec.model.Column == c.Columns[0] {
				return InvalidDetail(fieldError(f.name, f.uniqueMessage(s.model), "unique"))
			}
		}
	}
	return nonField(Message{fmt.Sprintf("The fields %s must make a unique set.", strings.Join(c.Columns, ", ")), "unique"})
}

// uniqueMessage is the message of the field's uniqueness check.
func (f *field) uniqueMessage(m *orm.Model) string {
	if o := f.spec.unique; o != nil && o.message != "" {
		return o.message
	}
	return fmt.Sprintf("%s with this %s already exists.", m.Meta.Verbose, f.spec.model.Label)
}

func columnError(s *serializer, c *orm.ConstraintError, text, code string) *Error {
	for _, f := range s.fields {
		if f.spec.model != nil && len(c.Columns) > 0 && (c.Table == "" || c.Table == s.model.Table) && f.spec.model.Column == c.Columns[0] {
			return InvalidDetail(fieldError(f.name, text, code))
		}
	}
	return nonField(Message{text, code})
}

func fieldError(name, text, code string) *Fields {
	f := &Fields{}
	f.Add(name, Message{text, code})
	return f
}

func (t *togetherCheck) columns(s *serializer) []string {
	out := make([]string, len(t.fields))
	for n, i := range t.fields {
		out[n] = s.fields[i].spec.model.Column
	}
	return out
}

func sameColumns(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		found := false
		for _, y := range b {
			found = found || x == y
		}
		if !found {
			return false
		}
	}
	return true
}

// noMatch is the 404 for an object that is not there, in the words of get_object_or_404.
func noMatch(m *orm.Model) *Error {
	return NotFound(fmt.Sprintf("No %s matches the given query.", m.Type.Name()))
}
