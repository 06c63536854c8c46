package rest

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// options answers OPTIONS with what the view says of itself, and with the forms of the methods that the caller may use
// (SimpleMetadata).
func (v *view) options(r *Request) (*Response, error) {
	renders := make([]any, len(v.renderers))
	for i, renderer := range v.renderers {
		renders[i] = renderer.MediaType()
	}
	parses := make([]any, len(v.parsers))
	for i, parser := range v.parsers {
		parses[i] = parser.MediaType()
	}
	o := Obj("name", v.name, "description", v.description, "renders", renders, "parses", parses)
	forms, err := v.forms(r)
	if err == nil && forms.Len() > 0 {
		o.Set("actions", forms)
	}
	return OK(o), err
}

// forms describes what POST and PUT take, each only where the caller is allowed to.
func (v *view) forms(r *Request) (*Object, error) {
	forms := &Object{}
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		s := v.form(r, method)
		if s == nil || !v.allows(method) {
			continue
		}
		err := r.as(method, func() error { return v.mayUse(r, method) })
		switch {
		case err == nil:
			forms.Set(method, s.metadata())
		case !errors.As(err, new(*Error)):
			return nil, err
		}
	}
	return forms, nil
}

// form is the serializer that OPTIONS describes: a plain view's input, an action's own, or the resource's for a request of
// no action; nil for none.
func (v *view) form(r *Request, method string) *serializer {
	switch op := v.operations[method]; {
	case v.resource == nil && op != nil:
		return op.input
	case v.resource == nil:
		return nil
	case v.ownForm != nil:
		return v.ownForm
	}
	s, _ := v.resource.chosen(r)
	return s
}

// mayUse makes the checks of a method without calling its handler.
func (v *view) mayUse(r *Request, method string) error {
	if err := r.checkPermissions(v.permissions); err != nil {
		return err
	}
	if method != http.MethodPut || v.resource == nil || !v.detail {
		return nil
	}
	_, err := v.resource.get(r)
	return err
}

// as runs f while the request has another method.
func (r *Request) as(method string, f func() error) error {
	sent := r.http
	defer func() { r.http = sent }()
	other := *sent
	other.Method = method
	r.http = &other
	return f()
}

// metadata describes the fields by name.
func (s *serializer) metadata() *Object {
	o := &Object{}
	for _, f := range s.fields {
		if !f.hidden {
			o.Set(f.name, f.metadata())
		}
	}
	return o
}

// metadata describes a field (SimpleMetadata.get_field_info).
func (f *field) metadata() *Object {
	o := Obj("type", f.class.options, "required", f.required, "read_only", f.readOnly)
	setText(o, "label", f.label)
	setText(o, "help_text", f.help)
	f.lengthMetadata(o)
	f.numberMetadata(o)
	switch {
	case f.nested != nil && f.many:
		child := Obj("type", nestedClass(false).options, "required", f.required, "read_only", f.readOnly)
		setText(child, "help_text", f.help)
		child.Set("children", f.nested.metadata())
		o.Set("child", child)
	case f.nested != nil:
		o.Set("children", f.nested.metadata())
	case f.child != nil && f.related == nil:
		o.Set("child", f.child.metadata())
	}
	if f.choices != nil && !f.readOnly {
		o.Set("choices", f.choices.metadata())
	}
	return o
}

func setText(o *Object, key, text string) {
	if text != "" {
		o.Set(key, text)
	}
}

// lengthMetadata adds lengths; read-only fields have those of their declaration, not those of the model.
func (f *field) lengthMetadata(o *Object) {
	low, high := f.minLength, f.maxLength
	if f.readOnly {
		low, high = orMinus(f.spec.minLength), orMinus(f.spec.maxLength)
	}
	if low >= 0 {
		o.Set("min_length", low)
	}
	if high >= 0 {
		o.Set("max_length", high)
	}
}

func orMinus(n *int) int {
	if n == nil {
		return -1
	}
	return *n
}

// numberMetadata adds bounds and digits; read-only fields have the bounds of their declaration.
func (f *field) numberMetadata(o *Object) {
	low, high := f.limits.minText, f.limits.maxText
	if f.readOnly {
		low, high = f.spec.minValue, f.spec.maxValue
	}
	if low != "" {
		o.Set("min_value", f.boundMetadata("min_value", low))
	}
	if high != "" {
		o.Set("max_value", f.boundMetadata("max_value", high))
	}
	if f.class != classes["decimal"] {
		return
	}
	if n := f.limits.decimal.MaxDigits; n > 0 {
		o.Set("max_digits", n)
	}
	if n := f.limits.decimal.Places; n >= 0 {
		o.Set("decimal_places", n)
	}
}

// boundMetadata is a bound as it was declared: a number, or the text of a duration.
func (f *field) boundMetadata(code, text string) any {
	if v, err := pyjson.ParseString(text, pyjson.Limits{}); err == nil && f.class != classes["duration"] {
		if n, ok := v.(pyjson.Int); ok && f.class == classes["decimal"] && (f.spec.minValue == text || f.spec.maxValue == text) {
			whole, _ := n.Float()
			return whole // a declared bound is a decimal, and those are floats outside of fields; the model's are as written
		}
		return v
	}
	return f.boundText(code, text)
}

// metadata lists the choices with their labels.
func (c *choiceSet) metadata() []any {
	list := make([]any, len(c.choices))
	for i, choice := range c.choices {
		list[i] = Obj("value", plainChoice(choice.Value), "display_name", choice.Label)
	}
	return list
}

// plainChoice is the value of a choice without its named type.
func plainChoice(v any) any {
	switch rv := reflect.ValueOf(v); {
	case rv.Kind() == reflect.String:
		return rv.String()
	case rv.CanInt():
		return rv.Int()
	}
	return v
}
