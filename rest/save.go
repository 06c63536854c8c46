package rest

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// tracking is what a request knows of an object: how it is stored, and which relations are to be stored with it.
type tracking struct {
	stored reflect.Value // a copy of the struct as it was loaded; invalid for new objects
	many   []*orm.Field
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
	if model := r.Registry().Model(object.Interface()); model != nil {
		for _, f := range model.Fields {
			if f.Column != "" {
				ownPointer(stored.FieldByIndex(f.Index))
			}
		}
	}
	r.track(object.Interface()).stored = stored
}

// ownPointer lets a pointer point to a copy, so that a change of what it points to is seen.
func ownPointer(v reflect.Value) {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		v.Set(own)
	}
}

// Loaded tells that m, a pointer to a registered model, was read from the database by other ways than the framework's: Save
// then updates it in the columns that change from now on, instead of inserting it.
func (r *Request) Loaded(m any) { r.loaded(reflect.ValueOf(m)) }

// Save stores m, a pointer to a registered model: a new object is inserted, one that the framework loaded is updated in
// the columns that changed (never in others, so that concurrent changes are not lost) and in its auto-now columns.
// Many-to-many relations that a serializer set are stored with it. It belongs into the request's transaction.
func (r *Request) Save(m any) error {
	model := r.Registry().Model(m)
	if model == nil {
		return fmt.Errorf("save a %T: the model is not registered", m)
	}
	t := r.track(m)
	v := reflect.ValueOf(m)
	var err error
	fresh := !t.stored.IsValid()
	if fresh {
		err = r.DB().Omit(clause.Associations).Create(m).Error
	} else {
		err = r.update(model, t, v)
	}
	if err != nil {
		return fmt.Errorf("save %s: %w", model.Label(), orm.Translate(err))
	}
	for _, f := range t.many {
		if err := r.saveMany(model, f, v, fresh); err != nil {
			return fmt.Errorf("save %s.%s: %w", model.Label(), f.Name, orm.Translate(err))
		}
		v.Elem().FieldByIndex(f.RelIndex).SetZero() // to be loaded in the related model's order
	}
	t.many = nil
	r.loaded(v)
	r.Users().Changed(r.DB(), m)
	return nil
}

// update writes the columns that differ from what is stored.
func (r *Request) update(model *orm.Model, t *tracking, v reflect.Value) error {
	changed := map[string]any{}
	for _, f := range model.Fields {
		if f.Column == "" {
			continue
		}
		now := v.Elem().FieldByIndex(f.Index)
		if f.AutoNow {
			now.Set(reflect.ValueOf(r.DB().NowFunc()))
		}
		if f.AutoNow || !reflect.DeepEqual(now.Interface(), t.stored.FieldByIndex(f.Index).Interface()) {
			changed[f.Column] = now.Interface()
		}
	}
	if len(changed) == 0 {
		return nil
	}
	pk := t.stored.FieldByIndex(model.PK.Index).Interface()
	res := r.DB().Table(model.Table).Where(quote(model.PK.Column)+" = ?", pk).Updates(changed)
	if res.Error == nil && res.RowsAffected == 0 {
		return noMatch(model)
	}
	return res.Error
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
	rows := make([]map[string]any, len(wanted))
	for i, key := range wanted {
		rows[i] = map[string]any{t.near: own, t.far: key}
	}
	return r.DB().Table(t.table).Create(rows).Error
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
	r.Users().Changed(r.DB(), m)
	return nil
}

// Atomic runs fn in a transaction that r.DB, Save and Delete use; inside another one it is a savepoint. An error rolls back.
func (r *Request) Atomic(fn func() error) error {
	outer := r.tx
	defer func() { r.tx = outer }()
	db := outer
	if db == nil {
		db = r.DB()
	}
	err := orm.Atomic(r.Context(), db, func(tx *gorm.DB) error {
		r.tx = tx
		return fn()
	})
	if outer != nil {
		return err
	}
	if err != nil {
		return errors.Join(err, r.dropUploads())
	}
	r.uploads = nil
	return nil
}

// constraintError turns a violated constraint into the answer that the validator would have given: what a check does not
// see in a race, the database does.
func constraintError(s *serializer, err error) error {
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
