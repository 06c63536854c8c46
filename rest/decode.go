package rest

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// noData is what a body of null is answered with.
const noData = "No data provided"

// nestedClass is the class of a serializer that stands as a field.
func nestedClass(many bool) *fieldClass {
	if many {
		return &fieldClass{name: "ListSerializer", options: "field", parse: parseNestedMany, html: htmlNestedMany, messages: nestedMessages}
	}
	return &fieldClass{name: "Serializer", options: "nested object", parse: parseNested, html: htmlNested, messages: nestedMessages}
}

// nestedMessages are those of serializers and lists of them.
var nestedMessages = with(listMessages, "invalid", "Invalid data. Expected a dictionary, but got {datatype}.")

// nestedMessage is a message about an object or a list as a whole.
func nestedMessage(code string, args ...string) Message {
	f := field{class: &fieldClass{messages: nestedMessages}}
	return f.message(code, args...)
}

func htmlNested(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	inner, ok := form.ParseDict(data, f.name)
	return inner, ok && inner.Len() > 0
}

func htmlNestedMany(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	items, ok := form.ParseList(data, f.name)
	return items, ok
}

func parseNested(d *decoding, f *field, raw any) (any, error) {
	return f.nested.read(d, raw, nil)
}

func parseNestedMany(d *decoding, f *field, raw any) (any, error) {
	return f.nested.readList(d, raw, listRules{f.allowEmpty, f.minLength, f.maxLength})
}

// listRules are the limits of a list of objects; -1 means none.
type listRules struct {
	allowEmpty           bool
	minLength, maxLength int
}

var anyList = listRules{allowEmpty: true, minLength: -1, maxLength: -1}

// nonField is a validation error of the object as a whole.
func nonField(messages ...Message) *Error {
	f := &Fields{}
	f.Add(nonFieldErrors, messages...)
	return InvalidDetail(f)
}

// readList reads an array of objects; errors stand under the positions of the items that failed.
func (s *serializer) readList(d *decoding, raw any, rules listRules) ([]*inputState, error) {
	if m, ok := raw.(*form.MultiDict); ok {
		list, _ := form.ParseList(m, "")
		raw = list
	}
	items, ok := raw.([]any)
	switch {
	case !ok:
		return nil, nonField(nestedMessage("not_a_list", "input_type", typeName(raw)))
	case len(items) == 0 && !rules.allowEmpty:
		return nil, nonField(nestedMessage("empty"))
	case rules.maxLength >= 0 && len(items) > rules.maxLength:
		return nil, nonField(nestedMessage("max_length", "max_length", strconv.Itoa(rules.maxLength)))
	case rules.minLength >= 0 && len(items) < rules.minLength:
		return nil, nonField(nestedMessage("min_length", "min_length", strconv.Itoa(rules.minLength)))
	}
	if err := s.prefetch(d, items); err != nil {
		return nil, err
	}
	var failed failures
	states := make([]*inputState, len(items))
	for i, item := range items {
		st, err := s.readItem(d, item)
		if err := failed.collect(strconv.Itoa(i), err); err != nil {
			return nil, err
		}
		states[i] = st
	}
	return states, failed.err()
}

// readItem reads one item of a list; null is an error like that of a field.
func (s *serializer) readItem(d *decoding, item any) (*inputState, error) {
	if item == nil {
		return nil, InvalidDetail(List{Message{baseMessages["null"], "null"}})
	}
	return s.read(d, item, nil)
}

// failures are the validation errors of the parts of an object or a list.
type failures struct{ fields *Fields }

// collect files a validation error under name; other errors end the reading.
func (f *failures) collect(name string, err error) error {
	if err == nil {
		return nil
	}
	e, ok := isInvalid(err)
	if !ok {
		return err
	}
	if f.fields == nil {
		f.fields = &Fields{}
	}
	f.fields.Set(name, e.Detail)
	return nil
}

// err is nil for no failures.
func (f *failures) err() error {
	if f.fields == nil {
		return nil
	}
	return InvalidDetail(f.fields)
}

// prefetch looks up all related objects that the items of a list name, in one statement a field.
func (s *serializer) prefetch(d *decoding, items []any) error {
	for _, f := range s.writable {
		if f.related == nil || f.many || f.class.parse == nil {
			continue
		}
		var keys []any
		for _, item := range items {
			if raw, ok := f.raw(d, item); ok && raw != nil && raw != "" {
				if key, err := f.related.key(d, f, raw); err == nil {
					keys = append(keys, key)
				}
			}
		}
		if len(keys) == 0 {
			continue
		}
		if _, err := d.related(f.related, keys); err != nil {
			return err
		}
	}
	return nil
}

// read turns a parsed body into clean input: fields, then the checks of the object (Serializer.run_validation).
func (s *serializer) read(d *decoding, raw any, instance any) (*inputState, error) {
	switch raw.(type) {
	case *pyjson.Dict, *form.MultiDict:
	default:
		return nil, nonField(nestedMessage("invalid", "datatype", typeName(raw)))
	}
	st := s.newState(d, instance)
	if err := st.readFields(d, raw); err != nil {
		return nil, err
	}
	return st, st.checkObject(d)
}

func (s *serializer) newState(d *decoding, instance any) *inputState {
	st := s.inputOf()
	st.s, st.partial, st.instance = s, d.partial, instance
	st.sent = make([]bool, len(s.fields))
	st.values = make([]any, len(s.fields))
	if instance != nil {
		st.prefill(reflect.ValueOf(instance))
	}
	return st
}

// readFields runs every writable field and reports all that failed.
func (st *inputState) readFields(d *decoding, data any) error {
	var failed failures
	for i, f := range st.s.fields {
		if f.readOnly {
			continue
		}
		if err := failed.collect(f.name, st.readField(d, i, f, data)); err != nil {
			return err
		}
	}
	return failed.err()
}

func (st *inputState) readField(d *decoding, i int, f *field, data any) error {
	var raw any
	var sent bool
	if !f.hidden {
		raw, sent = f.raw(d, data)
	}
	value, skip, err := f.run(d, raw, sent)
	if err != nil || skip {
		return err
	}
	if f.index == nil {
		return nil
	}
	dst := st.data.FieldByIndex(f.index)
	if err := f.set(dst, value); err != nil {
		return f.doesNotFit(dst, err)
	}
	st.sent[i], st.values[i] = true, value
	return f.custom(d, dst, value)
}

// doesNotFit is for numbers that the Go variable cannot hold: the bound of its type.
func (f *field) doesNotFit(dst reflect.Value, err error) error {
	if !dst.CanInt() && !dst.CanUint() && dst.Kind() != reflect.Pointer {
		return fmt.Errorf("field %s: %w", f.name, err)
	}
	return f.fail("invalid")
}

// custom runs the declared checks and the clean function of a field.
func (f *field) custom(d *decoding, dst reflect.Value, value any) error {
	var found List
	for _, check := range f.checks {
		if value == nil {
			break
		}
		if err := found.gather(check(d.r, dst)); err != nil {
			return err
		}
	}
	if len(found) > 0 {
		return InvalidDetail(found)
	}
	if f.clean == nil {
		return nil
	}
	return f.clean(d.r, dst)
}

// gather puts what a check found behind what others did (Field.run_validators). An error about single fields, or one that is none
// of validation, ends the checking: it is returned.
func (l *List) gather(err error) error {
	if err == nil {
		return nil
	}
	e, ok := isInvalid(err)
	if !ok {
		return err
	}
	list, ok := e.Detail.(List)
	if !ok {
		return e
	}
	*l = append(*l, list...)
	return nil
}

// checkObject runs the unique sets and then Validate; messages without a field stand under non_field_errors.
func (st *inputState) checkObject(d *decoding) error {
	if err := st.checkUnique(d); err != nil {
		return asObjectError(err)
	}
	if st.s.spec.validate == nil {
		return nil
	}
	return asObjectError(st.s.spec.validate(d.r, st))
}

// checkUnique runs all checks for what other rows hold.
func (st *inputState) checkUnique(d *decoding) error {
	var found List
	for _, t := range st.s.together {
		if err := found.gather(t.check(d, st)); err != nil {
			return err
		}
	}
	if err := found.gather(st.checkUniqueFor(d)); err != nil {
		return err
	}
	if len(found) > 0 {
		return InvalidDetail(found)
	}
	return nil
}

// asObjectError is as_serializer_error: a list stands under non_field_errors, texts of fields become lists.
func asObjectError(err error) error {
	e, ok := isInvalid(err)
	if !ok {
		return err
	}
	out := &Fields{}
	switch detail := e.Detail.(type) {
	case List:
		out.Set(nonFieldErrors, detail)
	case *Fields:
		for _, k := range detail.Keys() {
			v := detail.Get(k)
			if m, ok := v.(Message); ok {
				v = List{m}
			}
			out.Set(k, v)
		}
	}
	return InvalidDetail(out)
}

// prefill starts the data from the stored object, so that it holds what stays.
func (st *inputState) prefill(instance reflect.Value) {
	for _, f := range st.s.fields {
		if f.load != nil && f.index != nil {
			f.load(st.data.FieldByIndex(f.index), instance.Elem())
		}
	}
}

// bodyInput reads the body of a request for a serializer; partial is true for PATCH.
func (r *Request) bodyInput(s *serializer, instance any, partial bool) (*inputState, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, nonField(Message{noData, "null"})
	}
	d := &decoding{r: r, partial: partial, instance: instance}
	r.updating = instance
	switch data.(type) {
	case *pyjson.Dict, *form.MultiDict:
		if err := s.lookAhead(d, data); err != nil {
			return nil, err
		}
	}
	st, err := s.read(d, data, instance)
	if err != nil {
		return nil, err
	}
	return st, nil
}

// Updating returns the object that the input being validated is for, nil on creation or when it is no *M. Checks use it.
func Updating[M any](r *Request) *M {
	m, _ := r.updating.(*M)
	return m
}

// Read validates the body with a serializer that the resource, an action or a view declared: the way of an action to its
// input. With PATCH what was not sent is left out.
func Read[D any](r *Request, s Form[D]) (*Input[D], error) {
	compiled, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	st, err := r.bodyInput(compiled, nil, r.Method() == http.MethodPatch)
	if err != nil {
		return nil, err
	}
	return st.input.(*Input[D]), nil
}

// ReadMany is Read for an array of objects (many=True). Errors stand under the positions of the items that failed.
func ReadMany[D any](r *Request, s Form[D], limits Many) ([]*Input[D], error) {
	compiled, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	states, err := r.bodyInputs(compiled, limits.rules())
	if err != nil {
		return nil, err
	}
	all := make([]*Input[D], len(states))
	for i, st := range states {
		all[i] = st.input.(*Input[D])
	}
	return all, nil
}

// bodyInputs reads an array as the body of a request.
func (r *Request) bodyInputs(s *serializer, rules listRules) ([]*inputState, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, nonField(Message{noData, "null"})
	}
	return s.readList(&decoding{r: r, partial: r.Method() == http.MethodPatch}, data, rules)
}

// compiled finds the compiled form of a serializer that was known when the API was built.
func (r *Request) compiled(s AnySerializer) (*serializer, error) {
	if c, ok := r.api.serializers[s.key()]; ok {
		return c, nil
	}
	return nil, errors.New("the serializer " + s.spec().name + " was not declared in a ViewSet, Action or View; name it there so that it is compiled at start-up")
}
