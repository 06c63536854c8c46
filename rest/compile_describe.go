package rest

import (
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// kindClasses is DRF's ModelSerializer.serializer_field_mapping.
var kindClasses = map[orm.Kind]string{
	orm.Auto: "integer", orm.BigAuto: "integer", orm.Boolean: "boolean", orm.Char: "char", orm.Text: "char",
	orm.Slug: "slug", orm.Email: "email", orm.URL: "url", orm.UUID: "uuid", orm.Integer: "integer",
	orm.SmallInteger: "integer", orm.BigInteger: "biginteger", orm.PositiveInteger: "integer",
	orm.PositiveSmallInteger: "integer", orm.PositiveBigInteger: "biginteger", orm.Float: "float",
	orm.DecimalNumber: "decimal", orm.CalendarDate: "date", orm.DateTime: "datetime", orm.ClockTime: "time",
	orm.Interval: "duration", orm.JSONValue: "json", orm.FilePath: "file", orm.ImagePath: "image", orm.IPAddress: "ip",
	orm.Binary: "readonly",
}

// scalarClass is the class of a Go type that stands for one value.
func scalarClass(t reflect.Type) (string, bool) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "datetime", true
	case reflect.TypeFor[orm.Date]():
		return "date", true
	case reflect.TypeFor[orm.TimeOfDay]():
		return "time", true
	case reflect.TypeFor[orm.Duration](), reflect.TypeFor[Span]():
		return "duration", true
	case reflect.TypeFor[orm.Decimal]():
		return "decimal", true
	case reflect.TypeFor[orm.JSON]():
		return "json", true
	case reflect.TypeFor[orm.File]():
		return "file", true
	case reflect.TypeFor[uuid.UUID]():
		return "uuid", true
	case reflect.TypeFor[pyjson.Int]():
		return "integer", true
	case reflect.TypeFor[[]byte]():
		return "readonly", true
	}
	switch t.Kind() {
	case reflect.Bool:
		return "boolean", true
	case reflect.String:
		return "char", true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer", true
	case reflect.Float32, reflect.Float64:
		return "float", true
	}
	return "", false
}

// classifyScalar decides by the kind word, the choices, the model's kind and the Go type, in this order.
func (c *compiler) classifyScalar(s *serializer, f *field, t reflect.Type) error {
	spec, mf := f.spec, f.spec.model
	name, ok := scalarClass(t)
	if choices := c.choicesOf(f, t); choices != nil {
		f.choices = choices
		name, ok = "choice", true
		if t.Kind() == reflect.Slice {
			name = "multiple"
		}
	} else if mf != nil && kindClasses[mf.Kind] != "" && !spec.declared {
		name, ok = kindClasses[mf.Kind], true
	}
	if spec.class != "" {
		name, ok = spec.class, true
	}
	switch {
	case ok:
		if f.class = classes[name]; !f.class.hasElements() || t.Kind() != reflect.Slice && t.Kind() != reflect.Map {
			return nil
		}
	case t.Kind() == reflect.Slice:
		f.class = classes["list"]
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		f.class = classes["dict"]
	case t.Kind() == reflect.Interface:
		f.class = classes["json"]
		return nil
	default:
		return fmt.Errorf("a %s has no JSON form; use one of the types that rest.Serializer names", t)
	}
	return c.child(s, f, t.Elem())
}

// hasElements tells whether values of the class are made of others.
func (class *fieldClass) hasElements() bool {
	switch class.name {
	case "ListField", "DictField", "HStoreField":
		return true
	}
	return false
}

// child compiles the field of a list's or an object's elements.
func (c *compiler) child(s *serializer, f *field, t reflect.Type) error {
	spec := f.spec.child
	if spec == nil {
		spec = &fieldSpec{}
	}
	spec.typ, spec.name = t, ""
	switch {
	case t.Kind() == reflect.Interface && spec.class == "":
		spec.class, spec.null = "anything", ptr(true)
	case f.class == classes["hstore"]:
		spec.blank, spec.null = ptr(true), ptr(true)
	}
	child := &field{name: "", spec: spec, typ: t}
	if err := c.classify(s, child, t); err != nil {
		return err
	}
	if err := c.describe(s, child); err != nil {
		return err
	}
	f.child = child
	var err error
	if child.set, err = setterFor(child, t); err != nil {
		return err
	}
	child.dataEnc, err = encoderFor(child, t)
	return err
}

// choicesOf are the values a field is limited to: declared, of its type, or of the model.
func (c *compiler) choicesOf(f *field, t reflect.Type) *choiceSet {
	choices := f.spec.choices
	if choices == nil {
		e := t
		if t.Kind() == reflect.Slice {
			e = t.Elem()
		}
		if chooser, ok := reflect.Zero(e).Interface().(orm.Chooser); ok {
			choices = chooser.Choices()
		}
	}
	if choices == nil && f.spec.model != nil && !f.spec.declared {
		choices = f.spec.model.Choices
	}
	if len(choices) == 0 {
		return nil
	}
	return newChoiceSet(choices)
}

// describe decides what requests and documents need to know besides the class.
func (c *compiler) describe(s *serializer, f *field) error {
	spec, mf := f.spec, f.spec.model
	if spec.declared {
		mf = nil
	}
	f.writeOnly, f.hidden, f.messages = spec.writeOnly, spec.hidden, spec.messages
	f.checks, f.clean = spec.checks, spec.clean
	f.minLength, f.maxLength = -1, -1
	f.allowEmpty = spec.allowEmpty == nil || *spec.allowEmpty
	f.readOnly = spec.readOnly || c.isReadOnly(s, f)
	f.null = f.nullable(mf)
	f.blank = spec.blank != nil && *spec.blank || spec.blank == nil && mf != nil && mf.Blank && f.isText() && isTextKind(mf.Kind)
	f.labels(mf)
	if err := c.limits(f, mf); err != nil {
		return err
	}
	if err := c.defaults(f); err != nil { // after the limits: a default is read by them
		return err
	}
	f.required = f.isRequired(mf)
	return c.validators(s, f, mf)
}

// isReadOnly tells what cannot be written whatever the tags say: functions, texts of objects, automatic columns.
func (c *compiler) isReadOnly(s *serializer, f *field) bool {
	spec := f.spec
	switch {
	case spec.computed != nil, f.class == classes["readonly"], spec.identity, f.class == relatedClasses["string"]:
		return true
	case s.model == nil:
		return false
	case spec.model != nil:
		return !spec.model.Editable && !spec.declared
	}
	return false
}

func (f *field) nullable(mf *orm.Field) bool {
	switch {
	case f.spec.null != nil:
		return *f.spec.null
	case mf != nil && mf.Kind != orm.ManyToMany:
		return mf.Null
	case f.related != nil && !f.many:
		return f.typ != nil && f.typ.Kind() == reflect.Pointer
	}
	return f.typ != nil && f.typ.Kind() == reflect.Pointer
}

// isText tells whether a blank text is a value of its own: of texts and of choices.
func (f *field) isText() bool {
	return f.class.blank != nil && f.related == nil || f.class == classes["choice"]
}

// isTextKind tells whether the column is a CharField or TextField of Django, whose blank allows an empty text.
func isTextKind(k orm.Kind) bool {
	switch k {
	case orm.Char, orm.Text, orm.Slug, orm.Email, orm.URL:
		return true
	}
	return false
}

// isRequired follows DRF: needed unless it has a default, is read-only, or the model can do without.
func (f *field) isRequired(mf *orm.Field) bool {
	switch {
	case f.readOnly || f.hidden || f.hasDefault:
		return false
	case f.spec.required != nil:
		return *f.spec.required
	case mf != nil:
		return !(mf.HasDefault || mf.Blank || mf.Null && f.spec.null == nil)
	}
	return true
}

func (f *field) labels(mf *orm.Field) {
	f.label, f.help = f.spec.label, f.spec.help
	if mf != nil && f.label == "" {
		f.label = capFirst(mf.Label)
	}
	if mf != nil && f.help == "" {
		f.help = mf.Help
	}
	if f.label == "" {
		f.label = capFirst(strings.ReplaceAll(f.name, "_", " "))
	}
}

// capFirst makes the first letter upper case and leaves the rest.
func capFirst(s string) string {
	for i, c := range s {
		return s[:i] + string(unicode.ToUpper(c)) + s[i+len(string(c)):]
	}
	return s
}

// defaults compiles the default of a field: a function, or a text that the field itself reads.
func (c *compiler) defaults(f *field) error {
	spec := f.spec
	switch {
	case spec.defaultFunc != nil:
		f.hasDefault, f.defaultValue = true, cleanDefault(spec.defaultFunc)
	case spec.defaultText != nil:
		f.hasDefault = true
		v, err := f.readDefault(*spec.defaultText)
		if err != nil {
			return fmt.Errorf("default=%s: %w", *spec.defaultText, err)
		}
		f.defaultValue = func(*Request) any { return v }
	}
	return nil
}

// readDefault reads the text of a default as a body would: "null" is null, texts stay texts, the rest is JSON.
func (f *field) readDefault(text string) (any, error) {
	if text == "null" {
		return nil, nil
	}
	raw := any(text)
	if !f.isText() && f.class.parse != nil {
		if v, err := pyjson.ParseString(text, pyjson.Limits{}); err == nil {
			raw = v
		}
	}
	if f.class.parse == nil {
		return raw, nil
	}
	low, high := f.minLength, f.maxLength
	f.minLength, f.maxLength = -1, -1
	v, err := f.class.parse(&decoding{}, f, raw)
	f.minLength, f.maxLength = low, high
	return v, err
}

// limits compiles bounds, lengths, digits and formats.
type limits struct {
	minInt, maxInt     *pyjson.Int
	minFloat, maxFloat *float64
	minDec, maxDec     *orm.Decimal
	minDur, maxDur     *orm.Duration
	minText, maxText   string
	decimal            pyvalue.DecimalRules
	inputs             pyvalue.InputFormats
	output             pyvalue.OutputFormat
	protocol           pyvalue.Protocol
	zone               *time.Location
}

func (c *compiler) limits(f *field, mf *orm.Field) error {
	spec := f.spec
	if spec.minLength != nil {
		f.minLength = *spec.minLength
	}
	if spec.maxLength != nil {
		f.maxLength = *spec.maxLength
	} else if mf != nil && mf.MaxLength > 0 && f.hasLength() {
		f.maxLength = mf.MaxLength
	}
	f.limits.minText, f.limits.maxText = spec.minValue, spec.maxValue
	if err := c.validateTag(f, mf); err != nil {
		return err
	}
	c.columnBounds(f, mf)
	if err := f.parseBounds(); err != nil {
		return err
	}
	f.decimalRules(mf)
	f.limits.protocol = protocolOf(f.class, mf)
	return f.formats()
}

// decimalRules takes the digits from the declaration or the model.
func (f *field) decimalRules(mf *orm.Field) {
	spec := f.spec
	rules := pyvalue.DecimalRules{Places: -1, Rounding: roundings[spec.rounding], Normalize: spec.normalize}
	if mf != nil && mf.Kind == orm.DecimalNumber {
		rules.MaxDigits, rules.Places = mf.MaxDigits, mf.DecimalPlaces
	}
	if spec.digits != nil {
		rules.MaxDigits = *spec.digits
	}
	if spec.places != nil {
		rules.Places = *spec.places
	}
	rules.Number = spec.asString != nil && !*spec.asString
	f.limits.decimal = rules
}

func protocolOf(class *fieldClass, mf *orm.Field) pyvalue.Protocol {
	switch {
	case class == classes["ipv4"] || mf != nil && mf.Protocol == "IPv4":
		return pyvalue.IPv4
	case class == classes["ipv6"] || mf != nil && mf.Protocol == "IPv6":
		return pyvalue.IPv6
	}
	return pyvalue.IPv4OrIPv6
}

// formats compiles the input and output formats of dates and times.
func (f *field) formats() (err error) {
	l := &f.limits
	switch f.class.name {
	case "DateTimeField":
		l.inputs, err = pyvalue.DateTimeInput(f.spec.inputs...)
	case "DateField":
		l.inputs, err = pyvalue.DateInput(f.spec.inputs...)
	case "TimeField":
		l.inputs, err = pyvalue.TimeInput(f.spec.inputs...)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	if l.output, err = pyvalue.NewOutputFormat(f.spec.format); err != nil {
		return err
	}
	if f.spec.zone != "" {
		l.zone, err = time.LoadLocation(f.spec.zone)
	}
	return err
}

// hasLength tells whether the model's max_length limits the field's text or file name.
func (f *field) hasLength() bool {
	switch f.class.name {
	case "CharField", "EmailField", "SlugField", "URLField", "RegexField", "FileField", "ImageField":
		return true
	}
	return false
}

// columnBounds adds the bounds of the integer column where none is declared (IntegerField's validators in Django).
func (c *compiler) columnBounds(f *field, mf *orm.Field) {
	if mf == nil || f.class != classes["integer"] && f.class != classes["biginteger"] || f.readOnly {
		return
	}
	low, high := integerRange(mf.Kind, c.config.DB.Dialect())
	if low != "" && f.limits.minText == "" {
		f.limits.minText = low
	}
	if high != "" && f.limits.maxText == "" {
		f.limits.maxText = high
	}
}

// integerRange is what a column of the kind holds: on SQLite 64 bits whatever the kind.
func integerRange(k orm.Kind, dialect string) (low, high string) {
	const bits64Low, bits64High = "-9223372036854775808", "9223372036854775807"
	positive := k == orm.PositiveInteger || k == orm.PositiveSmallInteger || k == orm.PositiveBigInteger
	switch {
	case dialect == "sqlite" || k == orm.BigInteger || k == orm.BigAuto || k == orm.PositiveBigInteger:
		low, high = bits64Low, bits64High
	case k == orm.SmallInteger || k == orm.PositiveSmallInteger:
		low, high = "-32768", "32767"
	default:
		low, high = "-2147483648", "2147483647"
	}
	if positive {
		low = "0"
	}
	return low, high
}

// parseBounds reads min and max in the terms of the class.
func (f *field) parseBounds() error {
	l := &f.limits
	for _, b := range []struct {
		text string
		low  bool
	}{{l.minText, true}, {l.maxText, false}} {
		if b.text == "" {
			continue
		}
		v, err := f.bound(b.text)
		if err != nil {
			return fmt.Errorf("the bound %q: %w", b.text, err)
		}
		l.setBound(v, b.low)
	}
	return nil
}

func (f *field) bound(text string) (any, error) {
	probe := &field{class: f.class, spec: &fieldSpec{}, minLength: -1, maxLength: -1}
	if f.class == classes["decimal"] {
		return orm.ParseDecimal(text)
	}
	if f.class.parse == nil {
		return nil, fmt.Errorf("a %s has no bounds", f.class.name)
	}
	return f.class.parse(&decoding{}, probe, text)
}

func (l *limits) setBound(v any, low bool) {
	switch v := v.(type) {
	case pyjson.Int:
		assignBound(low, &l.minInt, &l.maxInt, v)
	case float64:
		assignBound(low, &l.minFloat, &l.maxFloat, v)
	case orm.Decimal:
		assignBound(low, &l.minDec, &l.maxDec, v)
	case orm.Duration:
		assignBound(low, &l.minDur, &l.maxDur, v)
	}
}

func assignBound[T any](low bool, lowTo, highTo **T, v T) {
	if low {
		*lowTo = &v
	} else {
		*highTo = &v
	}
}

// roundings are the values of the tag rounding=, in the words of Python's decimal module.
var roundings = map[string]orm.Rounding{
	"half_even": orm.HalfEven, "half_up": orm.HalfUp, "half_down": orm.HalfDown, "up": orm.Up, "down": orm.Down,
	"ceiling": orm.Ceiling, "floor": orm.Floor, "05up": orm.ZeroFiveUp,
}

// cleanDefault makes a default a clean value: that of a Related is the object itself.
func cleanDefault(value func(r *Request) any) func(r *Request) any {
	return func(r *Request) any {
		v := value(r)
		rv := reflect.ValueOf(v)
		if !rv.IsValid() {
			return nil
		}
		if _, related := isRelated(rv.Type()); !related {
			return v
		}
		if rv.Field(0).IsNil() {
			return nil
		}
		return rv.Field(0).Interface()
	}
}
