package rest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// findStored notes the serializers whose objects are kept as JSON text: what was not sent is not there when they are read.
func (d *documentation) findStored() {
	d.stored = map[structKey]bool{}
	for _, s := range d.api.serializers {
		for _, f := range s.fields {
			if f.nested != nil && f.model != nil && f.model.Kind == orm.JSONValue {
				d.stored[keyOf(f.nested)] = true
			}
		}
	}
}

// object refers to the component of a serializer. Serializers without a name, and those of which nothing can be read, are
// written out.
func (d *documentation) object(s *serializer, dir side) *Object {
	if s.name == "" || dir == answers && len(s.readable) == 0 {
		return d.properties(s, dir)
	}
	name, isNew := d.claim(componentName(s.name, dir), componentKey{structKey: keyOf(s), dir: dir})
	if isNew {
		d.components[name] = &Object{} // serializers may hold themselves
		d.components[name] = d.properties(s, dir)
	}
	return reference(name)
}

// properties is the schema of a serializer's objects.
func (d *documentation) properties(s *serializer, dir side) *Object {
	properties, required := &Object{}, []string{}
	for _, f := range s.fieldsOf(dir) {
		properties.Set(f.name, d.property(s, f, dir))
		if d.isRequired(s, f, dir) {
			required = append(required, f.name)
		}
	}
	o := Obj("type", "object")
	setFilled(o, "properties", properties)
	slices.Sort(required)
	setList(o, "required", required)
	return o
}

// fieldsOf are the fields of one side.
func (s *serializer) fieldsOf(dir side) []*field {
	if dir == answers {
		return s.readable
	}
	return slices.DeleteFunc(slices.Clone(s.writable), func(f *field) bool { return f.hidden })
}

// isRequired tells what is always there: in answers all but what a null on the way hides or was never stored.
func (d *documentation) isRequired(s *serializer, f *field, dir side) bool {
	switch dir {
	case answers:
		return s.spec.represent == nil && !f.mayBeHidden(s.model) && !(d.stored[keyOf(s)] && !f.required)
	case sends:
		return f.required
	}
	return false
}

// mayBeHidden tells whether the value lies behind a relation that may be null; then the field is left out.
func (f *field) mayBeHidden(m *orm.Model) bool {
	path := f.spec.path()
	if m == nil || f.spec.computed != nil || f.hasDefault || f.null && f.spec.null != nil {
		return false
	}
	for _, name := range path[:len(path)-1] {
		hop := byGoName(m, name)
		if hop == nil || hop.Related == nil {
			return false // behind a struct or a method: nothing is known of nulls
		}
		if hop.Null {
			return true
		}
		m = hop.Related
	}
	return false
}

// property is the schema of a field with what is said about it.
func (d *documentation) property(s *serializer, f *field, dir side) *Object {
	o := d.value(s, f, dir)
	if f.nullIn(dir) {
		o = nullable(o)
	}
	notes := &Object{}
	if dir == answers && f.readOnly {
		notes.Set("readOnly", true)
	}
	if dir != answers && f.writeOnly {
		notes.Set("writeOnly", true)
	}
	if f.label != "" && f.label != capFirst(strings.ReplaceAll(f.name, "_", " ")) && !strings.EqualFold(f.label, f.name) {
		notes.Set("title", f.label)
	}
	setText(notes, "description", f.help)
	if v, ok := f.declaredDefault(); ok && dir == sends {
		notes.Set("default", v)
	}
	return annotated(o, notes)
}

// nullIn tells whether null is a value of the field.
func (f *field) nullIn(dir side) bool {
	switch {
	case f.null || dir != answers:
		return f.null
	case f.spec.computed != nil:
		return f.spec.computed.out.Kind() == reflect.Pointer
	}
	return f.model != nil && f.model.Null // whatever the declaration says
}

// declaredDefault is the default of the serializer's own declaration, when it is a plain value. Those of the model are the
// server's affair: generators would make the field required because of them.
func (f *field) declaredDefault() (any, bool) {
	if f.spec.defaultText == nil || f.spec.defaultFunc != nil || f.defaultValue == nil {
		return nil, false
	}
	v, err := pyjson.Parse(f.appendDefault(&encoding{}, nil), pyjson.Limits{})
	return v, err == nil
}

// annotated adds notes to a schema; one that refers to another is wrapped.
func annotated(o, notes *Object) *Object {
	if notes.Len() == 0 {
		return o
	}
	if isReference(o) {
		o = Obj("allOf", []any{o})
	}
	for key, value := range notes.All() {
		o.Set(key, value)
	}
	return o
}

// isReference tells whether a schema refers to another, or will when the enums are named.
func isReference(o *Object) bool { return o.Len() == 0 || o.Has("$ref") }

// anything is the schema of any JSON value.
func anything() *Object { return Obj("description", "Any JSON value.") }

// nullable allows null beside what a schema describes.
func nullable(o *Object) *Object {
	kind, _ := o.Get("type")
	text, isText := kind.(string)
	switch {
	case isText && !o.Has("enum"):
		o.Set("type", []any{text, "null"})
		return o
	case isReference(o) || o.Has("oneOf") || o.Has("anyOf") || o.Has("enum"):
		return Obj("oneOf", []any{o, Obj("type", "null")})
	}
	return o
}

// value is the schema of what is not null.
func (d *documentation) value(s *serializer, f *field, dir side) *Object {
	switch {
	case f.nested != nil && f.many:
		return f.listed(d.object(f.nested, dir), dir)
	case f.nested != nil:
		return d.object(f.nested, dir)
	case f.related != nil && f.many:
		return f.listed(f.child.keySchema(dir), dir)
	case f.related != nil:
		return f.keySchema(dir)
	case f.choices != nil:
		return d.choice(s, f, dir)
	case f.child != nil:
		return d.collection(s, f, dir)
	case f.spec.identity:
		return Obj("type", "string", "format", "uri")
	case f.class == classes["readonly"]:
		return goSchema(f.valueType())
	}
	return f.scalar(dir)
}

// valueType is the Go type of what is read.
func (f *field) valueType() reflect.Type {
	if f.spec.computed != nil {
		return f.spec.computed.out
	}
	return f.typ
}

// collection is an array or an object with values of one kind.
func (d *documentation) collection(s *serializer, f *field, dir side) *Object {
	child := *f.child
	child.name = f.name // choices are named by the property
	o := d.value(s, &child, dir)
	if child.null {
		o = nullable(o)
	}
	if f.class == classes["list"] {
		return f.listed(o, dir)
	}
	dict := Obj("type", "object", "additionalProperties", o)
	if !f.allowEmpty {
		dict.Set("minProperties", 1)
	}
	return dict
}

// listed is an array of items within the field's lengths.
func (f *field) listed(items *Object, dir side) *Object {
	o := Obj("type", "array", "items", items)
	if dir == answers {
		return o // what is stored may be older than the rules
	}
	low := f.minLength
	if !f.allowEmpty {
		low = max(low, 1)
	}
	if low > 0 {
		o.Set("minItems", low)
	}
	if f.maxLength >= 0 {
		o.Set("maxItems", f.maxLength)
	}
	return o
}

// choice leaves a place for the enum.
func (d *documentation) choice(s *serializer, f *field, dir side) *Object {
	use := &enumUse{
		component: orText(s.name, "Inline"), property: f.name, hash: enumHash(f.choices), set: f.choices, schema: &Object{},
		blank: f.blank || f.choices.hasBlank(),
	}
	d.enums = append(d.enums, use)
	if f.class == classes["multiple"] {
		return f.listed(use.schema, dir)
	}
	return use.schema
}

// hasBlank tells whether the empty text is a choice.
func (c *choiceSet) hasBlank() bool {
	return slices.ContainsFunc(c.choices, func(choice orm.Choice) bool { return plainChoice(choice.Value) == "" })
}

// holds tells whether an object has a text under a key.
func holds(o *Object, key, text string) bool {
	v, _ := o.Get(key)
	return v == text
}

// keySchema is how a related object is named.
func (f *field) keySchema(dir side) *Object {
	k := f.related
	switch {
	case k.text:
		return Obj("type", "string")
	case f.class.name == "HyperlinkedRelatedField":
		return Obj("type", "string", "format", "uri")
	}
	o := kindSchema(k.field.Kind)
	if dir != answers && k.field.Kind != orm.UUID && holds(o, "type", "string") {
		o.Set("minLength", 1)
	}
	return o
}

// kindSchema is the form of a column that names an object.
func kindSchema(k orm.Kind) *Object {
	switch {
	case isInteger(k):
		return Obj("type", "integer")
	case k == orm.UUID:
		return Obj("type", "string", "format", "uuid")
	}
	return Obj("type", "string")
}

// goSchema is the form of a Go value that a function of the model returns.
func goSchema(t reflect.Type) *Object {
	if t == nil {
		return anything()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name, ok := scalarClass(t); ok && name != "readonly" {
		plain := &field{class: classes[name], spec: &fieldSpec{}, minLength: -1, maxLength: -1}
		plain.limits.decimal.Places = -1
		return plain.scalar(answers)
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return Obj("type", "string", "format", "byte")
		}
		return Obj("type", "array", "items", goSchema(t.Elem()))
	case reflect.Map:
		return Obj("type", "object", "additionalProperties", goSchema(t.Elem()))
	}
	return anything()
}

// scalar is the form of one value of the field's class.
func (f *field) scalar(dir side) *Object {
	switch f.class.name {
	case "CharField", "RegexField", "SlugField", "EmailField", "URLField":
		return f.textSchema(dir)
	case "IntegerField":
		return f.integerSchema(dir)
	case "FloatField":
		return f.bounded(Obj("type", "number", "format", "double"))
	case "DecimalField":
		return f.decimalSchema()
	case "BooleanField":
		return Obj("type", "boolean")
	case "UUIDField":
		return f.uuidSchema()
	case "IPAddressField":
		return f.addressSchema()
	case "DateTimeField", "DateField", "TimeField", "DurationField":
		return f.momentSchema(dir)
	case "FileField", "ImageField":
		if dir == answers {
			return Obj("type", "string", "format", "uri")
		}
		return Obj("type", "string", "format", "binary")
	}
	return anything()
}

func (f *field) textSchema(dir side) *Object {
	o := Obj("type", "string")
	switch f.class.name {
	case "EmailField":
		o.Set("format", "email")
	case "URLField":
		o.Set("format", "uri")
	}
	low := f.minLength
	if dir != answers && !f.blank {
		low = max(low, 1)
	}
	if low > 0 && !f.blank {
		o.Set("minLength", low)
	}
	if f.maxLength >= 0 {
		o.Set("maxLength", f.maxLength)
	}
	if expr, ok := f.pattern(); ok && !f.blank {
		o.Set("pattern", expr)
	}
	return o
}

// pattern is the regular expression of the field, as ECMA-262 writes it; ok is false without one, or with several.
func (f *field) pattern() (string, bool) {
	if len(f.spec.patterns) == 1 {
		return ecmaPattern(f.spec.patterns[0].expr)
	}
	if f.class == classes["slug"] && !f.spec.unicode && len(f.spec.patterns) == 0 {
		return `^[-a-zA-Z0-9_]+$`, true
	}
	return "", false
}

// ecmaPattern rewrites what Go's regular expressions have and ECMAScript's do not; ok is false where that cannot be done.
func ecmaPattern(expr string) (string, bool) {
	expr = strings.NewReplacer(`\\`, `\\`, `\A`, `^`, `\z`, `$`, `\Z`, `$`, `(?P<`, `(?<`).Replace(expr)
	for _, missing := range []string{"(?i", "(?s", "(?m", "(?U", "(?-", "[[:", `\Q`, `\C`, `\a`} {
		if strings.Contains(expr, missing) {
			return "", false
		}
	}
	return expr, true
}

const maxInt32 = "2147483647"

func (f *field) integerSchema(dir side) *Object {
	if f.spec.asString != nil && *f.spec.asString && dir == answers {
		return Obj("type", "string", "pattern", `^-?\d+$`)
	}
	o := f.bounded(Obj("type", "integer"))
	high, _ := pyjson.ParseString(maxInt32, pyjson.Limits{})
	if n := f.limits.maxInt; n != nil && n.Cmp(high.(pyjson.Int)) > 0 {
		o.Set("format", "int64")
	}
	return o
}

// bounded adds the bounds of numbers. Those of the model do not bind what is only read.
func (f *field) bounded(o *Object) *Object {
	low, high := f.limits.minText, f.limits.maxText
	if f.readOnly {
		low, high = f.spec.minValue, f.spec.maxValue
	}
	if v, err := pyjson.ParseString(low, pyjson.Limits{}); err == nil {
		o.Set("minimum", v)
	}
	if v, err := pyjson.ParseString(high, pyjson.Limits{}); err == nil {
		o.Set("maximum", v)
	}
	return o
}

func (f *field) decimalSchema() *Object {
	rules := f.limits.decimal
	if rules.Number {
		return f.bounded(Obj("type", "number", "format", "double"))
	}
	o := Obj("type", "string", "format", "decimal")
	if rules.MaxDigits > 0 && rules.Places >= 0 && !rules.Normalize {
		o.Set("pattern", decimalPattern(rules.MaxDigits-rules.Places, rules.Places))
	}
	return o
}

func (f *field) uuidSchema() *Object {
	switch f.spec.format {
	case "", "hex_verbose":
		return Obj("type", "string", "format", "uuid")
	case "int":
		return Obj("type", "integer")
	}
	return Obj("type", "string")
}

func (f *field) addressSchema() *Object {
	switch f.limits.protocol {
	case pyvalue.IPv4:
		return Obj("type", "string", "format", "ipv4")
	case pyvalue.IPv6:
		return Obj("type", "string", "format", "ipv6")
	}
	return Obj("anyOf", []any{Obj("type", "string", "format", "ipv4"), Obj("type", "string", "format", "ipv6")})
}

// momentFormats are the formats of dates and times that are written as usual.
var momentFormats = map[string]string{"DateTimeField": "date-time", "DateField": "date", "TimeField": "time"}

func (f *field) momentSchema(dir side) *Object {
	o := Obj("type", "string")
	switch {
	case f.class == classes["duration"]:
		if f.spec.format == pyvalue.ISO {
			o.Set("format", "duration")
		}
	case (f.spec.format == "" || f.spec.format == pyvalue.ISO) && (dir == answers || len(f.spec.inputs) == 0):
		o.Set("format", momentFormats[f.class.name])
	}
	return o
}

// decimalPattern is what a decimal of so many digits before and behind the point looks like.
func decimalPattern(whole, places int) string {
	expr := fmt.Sprintf(`^-?\d{0,%d}`, max(whole, 0))
	if places > 0 {
		expr += fmt.Sprintf(`(?:\.\d{0,%d})?`, places)
	}
	return expr + "$"
}
