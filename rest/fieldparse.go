package rest

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// charBlank decides about empty texts before null, absence and type (CharField.run_validation).
func charBlank(f *field, raw any, sent bool) (bool, any, error) {
	if !sent || raw == nil {
		return false, nil, nil
	}
	if _, code := pyvalue.Text(raw, !f.spec.noTrim); code != pyvalue.Blank {
		return false, nil, nil
	}
	if !f.blank {
		return true, nil, f.fail("blank")
	}
	return true, "", nil
}

func parseChar(_ *decoding, f *field, raw any) (any, error) {
	s, code := pyvalue.Text(raw, !f.spec.noTrim)
	if sent, ok := raw.(string); ok && sent == s && code == pyvalue.Accepted {
		return raw, nil
	}
	return coded(f, s, code)
}

// coded is a value, or the error of its code.
func coded(f *field, v any, code pyvalue.Code) (any, error) {
	if code != pyvalue.Accepted {
		return nil, f.fail(string(code))
	}
	return v, nil
}

// parseAnything takes every value as it is (the child of a ListField that names none).
func parseAnything(_ *decoding, _ *field, raw any) (any, error) {
	if m, ok := raw.(*form.MultiDict); ok {
		return lastValues(m), nil
	}
	return raw, nil
}

func parseBoolean(_ *decoding, f *field, raw any) (any, error) {
	v, isNull, code := pyvalue.Boolean(raw, f.null)
	if isNull && code == pyvalue.Accepted {
		return nil, nil
	}
	return coded(f, v, code)
}

func parseInteger(_ *decoding, f *field, raw any) (any, error) {
	if _, ok := raw.(pyjson.Int); ok {
		return raw, nil
	}
	n, code := pyvalue.Integer(raw)
	return coded(f, n, code)
}

func parseFloat(_ *decoding, f *field, raw any) (any, error) {
	n, code := pyvalue.Float(raw)
	return coded(f, n, code)
}

func parseDecimal(_ *decoding, f *field, raw any) (any, error) {
	if s, ok := raw.(string); ok && f.null && strings.TrimSpace(s) == "" {
		return nil, nil
	}
	rules := f.limits.decimal
	d, code := rules.Parse(raw)
	if code != pyvalue.Accepted {
		whole := rules.MaxDigits - max(rules.Places, 0)
		return nil, f.fail(string(code), "max_digits", fmt.Sprint(rules.MaxDigits), "max_decimal_places", fmt.Sprint(rules.Places),
			"max_whole_digits", fmt.Sprint(whole))
	}
	return d, nil
}

func parseUUID(_ *decoding, f *field, raw any) (any, error) {
	id, code := pyvalue.UUID(raw)
	if code != pyvalue.Accepted {
		return nil, f.fail("invalid", "value", pyjson.Str(raw))
	}
	return id, nil
}

func parseIP(_ *decoding, f *field, raw any) (any, error) {
	address, valid, code := pyvalue.Address(raw, f.limits.protocol, !f.spec.noTrim)
	if code != pyvalue.Accepted {
		return nil, f.fail(string(code))
	}
	if valid {
		return address, nil
	}
	var found List
	forbidden, _ := forbiddenCharacters(nil, f, raw)
	for _, m := range append(forbidden, Message{"Enter a valid " + f.limits.protocol.Name() + " address.", "invalid"}) {
		found = append(found, m)
	}
	return nil, InvalidDetail(found)
}

func parseDateTime(_ *decoding, f *field, raw any) (any, error) {
	zone := f.limits.zone
	if zone == nil {
		zone = time.UTC
	}
	t, code := f.limits.inputs.DateTime(raw, zone)
	return f.temporal(t, raw, code)
}

func parseDate(_ *decoding, f *field, raw any) (any, error) {
	d, code := f.limits.inputs.Date(raw)
	return f.temporal(d, raw, code)
}

func parseTime(_ *decoding, f *field, raw any) (any, error) {
	t, code := f.limits.inputs.Time(raw)
	return f.temporal(t, raw, code)
}

// temporal is a date or time, or its error, which names the formats.
func (f *field) temporal(v, _ any, code pyvalue.Code) (any, error) {
	if code != pyvalue.Accepted {
		return nil, f.fail(string(code), "format", f.limits.inputs.Human())
	}
	return v, nil
}

func parseDuration(_ *decoding, f *field, raw any) (any, error) {
	span, code := pyvalue.Duration(raw)
	if code == pyvalue.Accepted && f.holdsSpan() {
		return span, nil
	}
	d, fits := span.Duration()
	if code == pyvalue.Accepted && !fits {
		code = pyvalue.Overflow
	}
	if code != pyvalue.Accepted {
		return nil, f.fail(string(code), "format", pyvalue.DurationHuman,
			"min_days", fmt.Sprint(pyvalue.MinDurationDays), "max_days", fmt.Sprint(pyvalue.MaxDurationDays))
	}
	return d, nil
}

// Span is a length of time of up to 999,999,999 days either way, for forms that take more than an orm.Duration can hold.
type Span = pyvalue.Span

func (f *field) holdsSpan() bool {
	return f.typ == reflect.TypeFor[Span]() || f.typ == reflect.TypeFor[*Span]()
}

// choiceSet is the values of a choice field, for reading and for documents.
type choiceSet struct {
	choices []orm.Choice
	find    pyvalue.Choices
}

func newChoiceSet(choices []orm.Choice) *choiceSet {
	values := make([]any, len(choices))
	for i, c := range choices {
		values[i] = c.Value
	}
	return &choiceSet{choices, pyvalue.NewChoices(values...)}
}

func parseChoice(_ *decoding, f *field, raw any) (any, error) {
	if raw == "" && f.blank {
		return "", nil
	}
	if v, ok := f.choices.find.Find(raw); ok {
		return v, nil
	}
	return nil, f.fail("invalid_choice", "input", pyvalue.ChoiceText(raw))
}

// parseMultiple keeps each value once, in the order in which they were sent.
func parseMultiple(d *decoding, f *field, raw any) (any, error) {
	items, ok := iterable(raw)
	if !ok {
		return nil, f.fail("not_a_list", "input_type", typeName(raw))
	}
	if len(items) == 0 && !f.allowEmpty {
		return nil, f.fail("empty")
	}
	sent := map[any]bool{}
	out := make([]any, 0, len(items))
	for _, item := range items {
		v, err := parseChoice(d, f, item)
		if err != nil {
			return nil, err
		}
		if !sent[v] {
			sent[v] = true
			out = append(out, v)
		}
	}
	return out, nil
}

// htmlItems reads a list of a form: repeated keys, or name[0], name[1] ….
func htmlItems(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	if list := data.List(f.name); len(list) > 0 {
		return slices.Clone(list), true
	}
	items, ok := form.ParseList(data, f.name)
	return items, ok
}

// htmlDict reads an object of a form: name.key. The name alone, whatever its value, is an empty object.
func htmlDict(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	inner, ok := form.ParseDict(data, f.name)
	if ok && inner.Len() > 0 {
		return inner, true
	}
	return &form.MultiDict{}, data.Has(f.name)
}

func parseList(d *decoding, f *field, raw any) (any, error) {
	if m, ok := raw.(*form.MultiDict); ok {
		list, _ := form.ParseList(m, "")
		raw = list
	}
	items, ok := raw.([]any)
	switch {
	case !ok:
		return nil, f.fail("not_a_list", "input_type", typeName(raw))
	case len(items) == 0 && !f.allowEmpty:
		return nil, f.fail("empty")
	}
	out := make([]any, len(items))
	var failed failures
	for i, item := range items {
		v, err := f.child.element(d, item)
		if err := failed.collect(strconv.Itoa(i), err); err != nil {
			return nil, err
		}
		out[i] = v
	}
	switch {
	case failed.fields != nil:
		return nil, failed.err()
	case f.maxLength >= 0 && len(items) > f.maxLength:
		return nil, f.fail("max_length", "max_length", fmt.Sprint(f.maxLength))
	case f.minLength >= 0 && len(items) < f.minLength:
		return nil, f.fail("min_length", "min_length", fmt.Sprint(f.minLength))
	}
	return out, nil
}

// element reads one element of a list or an object.
func (f *field) element(d *decoding, raw any) (any, error) {
	v, _, err := f.run(d, raw, true)
	if err != nil || v == nil || len(f.checks) == 0 {
		return v, err
	}
	box := reflect.New(f.typ).Elem()
	if err := f.set(box, v); err != nil {
		return nil, f.doesNotFit(box, err)
	}
	return v, f.custom(d, box, v)
}

func parseDict(d *decoding, f *field, raw any) (any, error) {
	if m, ok := raw.(*form.MultiDict); ok {
		raw = lastValues(m)
	}
	in, ok := raw.(*pyjson.Dict)
	switch {
	case !ok:
		return nil, f.fail("not_a_dict", "input_type", typeName(raw))
	case in.Len() == 0 && !f.allowEmpty:
		return nil, f.fail("empty")
	}
	out, failed := pyjson.NewDict(), failures{}
	for k, item := range in.All() {
		v, err := f.child.element(d, item)
		if err := failed.collect(k, err); err != nil {
			return nil, err
		}
		out.Set(k, v)
	}
	return out, failed.err()
}

// parseJSON takes any value that JSON can hold and both databases can store.
func parseJSON(d *decoding, f *field, raw any) (any, error) {
	text, isText := raw.(jsonText)
	if f.spec.binary && !isText {
		s, ok := raw.(string)
		if !ok {
			return nil, f.fail("invalid")
		}
		text, isText = jsonText(s), true
	}
	if isText {
		v, err := pyjson.ParseString(string(text), pyjson.Limits{Depth: maxJSONDepth})
		if err != nil {
			return nil, f.fail("invalid")
		}
		raw = v
	}
	if !pyjson.Finite(raw) || !storable(raw, d.plainText(f)) {
		return nil, f.fail("invalid")
	}
	return orm.JSON(pyjson.AppendValue(make([]byte, 0, likelyJSON), raw)), nil
}

// likelyJSON is how many bytes are set aside for a JSON value.
const likelyJSON = 128

// maxJSONDepth bounds the nesting of a JSON value inside a form's text.
const maxJSONDepth = 100

// plainText tells whether the field's column takes no NUL: PostgreSQL's jsonb does not.
func (d *decoding) plainText(f *field) bool {
	return f.model != nil && (d.r == nil || d.r.api.config.DB.Dialect() == orm.Postgres)
}

// storable tells whether no text in v holds lone surrogates, which no answer can hold, nor, where the column is one for
// plain text, NUL.
func storable(v any, column bool) bool {
	return pyjson.EveryText(v, func(text string) bool {
		codes, _ := pyvalue.Characters(text)
		return len(codes) == 0 || !column && !slices.Contains(codes, pyvalue.SurrogateInText)
	})
}

var errNoKey = errors.New("this is no key")

// lookupKey turns what a client sent into a comparable key of a column: Python's int() for numbers, str() for texts.
func lookupKey(kind orm.Kind, raw any) (any, error) {
	switch kind {
	case orm.UUID:
		id, code := pyvalue.UUID(raw)
		if code != pyvalue.Accepted {
			return nil, errNoKey
		}
		return id, nil
	case orm.Auto, orm.BigAuto, orm.Integer, orm.BigInteger, orm.SmallInteger, orm.PositiveInteger,
		orm.PositiveSmallInteger, orm.PositiveBigInteger:
		return integerKey(raw)
	}
	return pyjson.Str(raw), nil
}

// integerKey is Python's int(): fractions are cut off; what no column holds is a key that no row has.
func integerKey(raw any) (any, error) {
	var n pyjson.Int
	switch v := raw.(type) {
	case pyjson.Int:
		n = v
	case int64:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errNoKey
		}
		whole, _ := big.NewFloat(math.Trunc(v)).Int(nil)
		n = pyjson.NewBig(whole)
	case string:
		var ok bool
		if n, ok = pythonInt(v); !ok && !isHugeInt(v) {
			return nil, errNoKey
		} else if !ok {
			return int64(math.MinInt64), nil
		}
	default:
		return nil, errNoKey
	}
	if i, ok := n.Int64(); ok {
		return i, nil
	}
	return int64(math.MinInt64), nil
}

// isHugeInt tells whether text is an integer beyond what a field takes but within what Python's int() reads.
func isHugeInt(text string) bool {
	digits := strings.TrimLeft(strings.TrimSpace(text), "+-")
	return len(digits) > pyvalue.MaxNumberLength && len(digits) <= 4300 && strings.Trim(digits, "0123456789") == ""
}

// lastValues is a form as an object: the last value of each name.
func lastValues(m *form.MultiDict) *pyjson.Dict {
	d := pyjson.NewDict()
	for k, v := range m.All() {
		d.Set(k, v)
	}
	return d
}
