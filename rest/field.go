package rest

import (
	"reflect"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// field is one compiled field of a serializer: everything a request needs, decided from the declaration and the model.
type field struct {
	// What writing a row reads stands together.
	key  []byte    // `"name":`
	attr attribute // how the value is read from the model
	enc  encoder   // of the value that attr leads to

	name  string
	class *fieldClass
	spec  *fieldSpec

	index []int        // in the data struct
	typ   reflect.Type // Go type there

	readOnly, writeOnly, hidden bool
	required, null, blank       bool
	hasDefault                  bool
	defaultValue                func(r *Request) any // clean value; nil without default
	many                        bool                 // a list of related objects or of nested objects
	allowEmpty                  bool
	minLength, maxLength        int // -1: none
	label, help                 string
	choices                     *choiceSet
	child                       *field      // of lists and dicts
	nested                      *serializer // of nested serializers
	related                     *relatedKey // of relations
	limits                      limits
	messages                    map[string]string
	validators                  []validator
	unique                      *uniqueCheck // among the validators; nil for none
	checks                      []func(r *Request, field reflect.Value) error
	clean                       func(r *Request, field reflect.Value) error
	set                         setter
	load                        func(data, model reflect.Value)                                    // model to data struct; nil: not prefilled
	store                       func(r *Request, model reflect.Value, st *inputState, i int) error // data to model; nil: not stored
	model                       *orm.Field
	reverse                     *orm.Reverse
	dataEnc                     encoder // of the value in the data struct
}

// validator checks a clean value after it was parsed; all validators of a field run and all messages are reported.
type validator func(d *decoding, f *field, v any) ([]Message, error)

// fieldClass is a DRF field class: its name in OPTIONS, its messages and how it reads a raw value.
type fieldClass struct {
	name     string // "IntegerField"
	options  string // the type in OPTIONS: "integer"
	messages map[string]string
	parse    func(d *decoding, f *field, raw any) (any, error)
	// blank decides about empty texts before anything else (CharField.run_validation); done ends the run.
	blank func(f *field, raw any, sent bool) (done bool, value any, err error)
	// html reads the value of a form when that differs from the last value under the field's name.
	html func(d *decoding, f *field, data *form.MultiDict) (any, bool)
}

// fail makes the validation error of a code with the field's message; args are name, value pairs for {placeholders}.
func (f *field) fail(code string, args ...string) error {
	return InvalidDetail(List{f.message(code, args...)})
}

func (f *field) message(code string, args ...string) Message {
	text, ok := f.messages[code]
	if !ok {
		text = f.class.messages[code]
	}
	if text == "" {
		text = baseMessages[code]
	}
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+args[i]+"}", args[i+1])
	}
	return Message{text, code}
}

// baseMessages are the messages of rest_framework.fields.Field.
var baseMessages = map[string]string{
	"required":   "This field is required.",
	"null":       "This field may not be null.",
	"invalid":    "Invalid input.",
	"not_a_list": "Expected a list of items but got type \"{input_type}\".",
	"empty":      "This list may not be empty.",
	"min_length": "Ensure this field has at least {min_length} elements.",
	"max_length": "Ensure this field has no more than {max_length} elements.",
}

// decoding is the state of reading one body.
type decoding struct {
	r        *Request
	partial  bool
	instance any // the object under update, nil on creation

	named []*namedObjects
	taken []takenValue // unique values that were asked for
}

// raw takes the field's value out of a body; ok is false when it was not sent (Field.get_value).
func (f *field) raw(d *decoding, data any) (any, bool) {
	switch data := data.(type) {
	case *pyjson.Dict:
		return data.Get(f.name)
	case *form.MultiDict:
		return f.htmlRaw(d, data)
	default:
		return nil, false
	}
}

// htmlRaw follows the rules of HTML forms: empty text means null or absent where a text may not be blank.
func (f *field) htmlRaw(d *decoding, data *form.MultiDict) (any, bool) {
	if f.class.html != nil {
		return f.class.html(d, f, data)
	}
	v, ok := data.Get(f.name)
	if !ok {
		return nil, false
	}
	if v != "" {
		return v, true
	}
	switch {
	case f.null:
		if f.blank {
			return "", true
		}
		return nil, true
	case !f.required:
		if f.blank {
			return "", true
		}
		return nil, false
	}
	return v, true
}

// run reads, cleans and validates one value (Field.run_validation). skip is true when nothing is to be set.
func (f *field) run(d *decoding, raw any, sent bool) (value any, skip bool, err error) {
	if f.class.blank != nil {
		if done, v, err := f.class.blank(f, raw, sent); done {
			return v, false, err
		}
	}
	if !sent {
		return f.runAbsent(d)
	}
	if raw == nil {
		if !f.null {
			return nil, false, f.fail("null")
		}
		return nil, false, nil
	}
	value, err = f.class.parse(d, f, raw)
	if err != nil {
		return nil, false, err
	}
	return value, false, f.validate(d, value)
}

func (f *field) runAbsent(d *decoding) (any, bool, error) {
	switch {
	case d.partial:
		return nil, true, nil
	case f.required:
		return nil, false, f.fail("required")
	case f.hasDefault && !(f.spec.createOnly && d.instance != nil):
		return f.defaultValue(d.r), false, nil
	}
	return nil, true, nil
}

// validate runs every validator and reports all messages together.
func (f *field) validate(d *decoding, value any) error {
	var found List
	for _, v := range f.validators {
		messages, err := v(d, f, value)
		if err != nil {
			return err
		}
		for _, m := range messages {
			found = append(found, m)
		}
	}
	if len(found) > 0 {
		return InvalidDetail(found)
	}
	return nil
}
