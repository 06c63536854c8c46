package pyvalue_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

// labField is a field of the reference's laboratory, with the arguments it was made with.
type labField struct {
	Field           string
	AllowNull       bool  `json:"allow_null"`
	AllowBlank      bool  `json:"allow_blank"`
	TrimWhitespace  *bool `json:"trim_whitespace"`
	AllowUnicode    bool  `json:"allow_unicode"`
	CoerceToString  *bool `json:"coerce_to_string"`
	NormalizeOutput bool  `json:"normalize_output"`
	MinLength       *int  `json:"min_length"`
	MaxLength       *int  `json:"max_length"`
	MaxDigits       *int  `json:"max_digits"`
	DecimalPlaces   *int  `json:"decimal_places"`
	Rounding        string
	Regex           string
	Protocol        string
	Format          string
	InputFormats    []string          `json:"input_formats"`
	DefaultTimezone string            `json:"default_timezone"`
	MinValue        json.RawMessage   `json:"min_value"`
	MaxValue        json.RawMessage   `json:"max_value"`
	ErrorMessages   map[string]string `json:"error_messages"`
	Choices         []any
}

// outcome is what a field made of a value: its JSON, or codes and messages.
type outcome struct {
	out    []byte
	codes  []string
	params []string // pairs for the placeholders of messages
}

func refused(codes ...pyvalue.Code) outcome {
	var o outcome
	for _, c := range codes {
		o.codes = append(o.codes, string(c))
	}
	return o
}

func (f labField) read(t *testing.T, validators *pyvalue.Validators, v any) outcome {
	t.Helper()
	switch f.Field {
	case "BooleanField":
		return f.boolean(v)
	case "CharField", "EmailField", "RegexField", "SlugField", "URLField":
		return f.text(validators, v)
	case "IPAddressField":
		return f.address(v)
	case "UUIDField":
		id, code := pyvalue.UUID(v)
		return result(pyvalue.AppendUUID(nil, id, pyvalue.UUIDFormat(f.Format)), code)
	case "IntegerField", "BigIntegerField":
		return f.integer(v)
	case "FloatField":
		return f.float(v)
	case "DecimalField":
		return f.decimal(v)
	case "DateTimeField", "DateField", "TimeField":
		return f.calendar(t, v)
	case "DurationField":
		return f.duration(v)
	case "ChoiceField":
		return f.choice(v)
	}
	t.Fatalf("no rules for %s", f.Field)
	return outcome{}
}

func result(out []byte, code pyvalue.Code) outcome {
	if code != pyvalue.Accepted {
		return refused(code)
	}
	return outcome{out: out}
}

func (f labField) boolean(v any) outcome {
	value, null, code := pyvalue.Boolean(v, f.AllowNull)
	if null {
		return result([]byte("null"), code)
	}
	return result(pyjson.AppendBool(nil, value), code)
}

func (f labField) text(validators *pyvalue.Validators, v any) outcome {
	s, code := pyvalue.Text(v, f.TrimWhitespace == nil || *f.TrimWhitespace)
	if code == pyvalue.Blank && f.AllowBlank {
		return outcome{out: []byte(`""`)}
	}
	if code != pyvalue.Accepted {
		return refused(code)
	}
	o := f.lengths(s)
	characters, bad := pyvalue.Characters(s)
	o.codes = append(o.codes, refused(characters...).codes...)
	o.params = append(o.params, "{code_point:X}", fmt.Sprintf("%X", bad))
	if !f.pattern(validators, s) {
		o.codes = append(o.codes, map[bool]string{true: "invalid_unicode", false: "invalid"}[f.AllowUnicode])
	}
	o.out = pyjson.AppendString(nil, s)
	return o
}

func (f labField) lengths(s string) (o outcome) {
	if f.MaxLength != nil && pyjson.Length(s) > *f.MaxLength {
		o.codes = append(o.codes, "max_length")
		o.params = append(o.params, "{max_length}", fmt.Sprint(*f.MaxLength))
	}
	if f.MinLength != nil && pyjson.Length(s) < *f.MinLength {
		o.codes = append(o.codes, "min_length")
		o.params = append(o.params, "{min_length}", fmt.Sprint(*f.MinLength))
	}
	return o
}

func (f labField) pattern(validators *pyvalue.Validators, s string) bool {
	switch f.Field {
	case "EmailField":
		return validators.Email(s)
	case "URLField":
		return validators.URL(s)
	case "RegexField":
		return regexp.MustCompile(f.Regex).MatchString(s)
	case "SlugField":
		if f.AllowUnicode {
			return pyvalue.ValidUnicodeSlug(s)
		}
		return pyvalue.ValidSlug(s, true)
	}
	return true
}

func (f labField) address(v any) outcome {
	p := pyvalue.Protocol(f.Protocol)
	s, valid, code := pyvalue.Address(v, p, true)
	if code == pyvalue.Accepted && !valid {
		return outcome{codes: []string{"protocol"}, params: []string{"{protocol}", p.Name()}}
	}
	return result(pyjson.AppendString(nil, s), code)
}

func (f labField) integer(v any) outcome {
	n, code := pyvalue.Integer(v)
	out := pyjson.AppendInt(nil, n)
	if f.CoerceToString != nil && *f.CoerceToString {
		out = pyjson.AppendString(nil, n.String())
	}
	return f.within(result(out, code), func(limit string) int {
		m, _ := pyvalue.Integer(limit)
		return n.Cmp(m)
	})
}

func (f labField) float(v any) outcome {
	x, code := pyvalue.Float(v)
	return f.within(result(pyjson.AppendFloat(nil, x), code), func(limit string) int {
		y, _ := pyvalue.Float(limit)
		return int(max(-1, min(1, (x-y)*1e9)))
	})
}

func (f labField) decimal(v any) outcome {
	rules := pyvalue.DecimalRules{Places: -1, Normalize: f.NormalizeOutput}
	rules.Number = f.CoerceToString != nil && !*f.CoerceToString
	rules.Rounding = map[string]orm.Rounding{"ROUND_HALF_UP": orm.HalfUp, "ROUND_DOWN": orm.Down}[f.Rounding]
	params := []string{}
	if f.MaxDigits != nil {
		rules.MaxDigits = *f.MaxDigits
		params = append(params, "{max_digits}", fmt.Sprint(*f.MaxDigits))
	}
	if f.DecimalPlaces != nil {
		rules.Places = *f.DecimalPlaces
		params = append(params, "{max_decimal_places}", fmt.Sprint(rules.Places), "{max_whole_digits}", fmt.Sprint(rules.MaxDigits-rules.Places))
	}
	if f.AllowNull && pyvalue.Trim(pyjson.Str(v)) == "" {
		return outcome{out: []byte("null")}
	}
	d, code := rules.Parse(v)
	o := f.within(result(rules.Append(nil, d), code), func(limit string) int { return d.Cmp(orm.MustDecimal(limit)) })
	o.params = append(o.params, params...)
	return o
}

// within adds the codes of limits; compare compares the value with a limit.
func (f labField) within(o outcome, compare func(limit string) int) outcome {
	if o.codes != nil {
		return o
	}
	for _, l := range []struct {
		name  string
		limit json.RawMessage
		sign  int
	}{{"max_value", f.MaxValue, 1}, {"min_value", f.MinValue, -1}} {
		limit := strings.Trim(string(l.limit), `"`)
		if limit != "" && compare(limit) == l.sign {
			o.codes = append(o.codes, l.name)
			o.params = append(o.params, "{"+l.name+"}", limit)
		}
	}
	return o
}

func (f labField) calendar(t *testing.T, v any) outcome {
	t.Helper()
	output := must[pyvalue.OutputFormat](t)(pyvalue.NewOutputFormat(f.Format))
	compile := must[pyvalue.InputFormats](t)
	var input pyvalue.InputFormats
	var o outcome
	switch f.Field {
	case "DateField":
		input = compile(pyvalue.DateInput(f.InputFormats...))
		d, code := input.Date(v)
		o = result(output.AppendDate(nil, d), code)
	case "TimeField":
		input = compile(pyvalue.TimeInput(f.InputFormats...))
		c, code := input.Time(v)
		o = result(output.AppendTime(nil, c), code)
	default:
		input = compile(pyvalue.DateTimeInput(f.InputFormats...))
		at, code := input.DateTime(v, must[*time.Location](t)(time.LoadLocation(f.DefaultTimezone)))
		o = result(output.AppendDateTime(nil, at), code)
	}
	o.params = []string{"{format}", input.Human()}
	return o
}

func (f labField) duration(v any) outcome {
	s, code := pyvalue.Duration(v)
	out := s.Append([]byte{'"'})
	if f.Format == pyvalue.ISO {
		out = s.AppendISO([]byte{'"'})
	}
	o := result(append(out, '"'), code)
	o.params = []string{"{format}", pyvalue.DurationHuman, "{min_days}", fmt.Sprint(pyvalue.MinDurationDays), "{max_days}", fmt.Sprint(pyvalue.MaxDurationDays)}
	if o.codes != nil {
		return o
	}
	for name, limit := range map[string]json.RawMessage{"max_value": f.MaxValue, "min_value": f.MinValue} {
		var seconds struct{ Seconds int64 }
		if json.Unmarshal(limit, &seconds) != nil {
			continue
		}
		bound := pyvalue.SpanOf(orm.Duration(seconds.Seconds) * orm.Second)
		if s.Cmp(bound) == map[string]int{"max_value": 1, "min_value": -1}[name] {
			o.codes = append(o.codes, name)
			o.params = append(o.params, "{"+name+"}", bound.String())
		}
	}
	return o
}

func (f labField) choice(v any) outcome {
	if v == "" && f.AllowBlank {
		return outcome{out: []byte(`""`)}
	}
	value, ok := pyvalue.NewChoices(flatten(f.Choices)...).Find(v)
	if !ok {
		return outcome{codes: []string{"invalid_choice"}, params: []string{"{input}", pyvalue.ChoiceText(v)}}
	}
	return outcome{out: pyjson.AppendValue(nil, value)}
}

// flatten returns the values of choices, those of groups in place of the group. A JSON number is an integer.
func flatten(choices []any) (values []any) {
	for _, c := range choices {
		pair, ok := c.([]any)
		if !ok {
			values = append(values, c)
			continue
		}
		if group, ok := pair[1].([]any); ok {
			values = append(values, flatten(group)...)
			continue
		}
		if n, ok := pair[0].(float64); ok {
			pair[0] = pyjson.NewInt(int64(n))
		}
		values = append(values, pair[0])
	}
	return values
}

// messages returns the texts of DRF for the codes of a kind of field.
func (f labField) message(code string) string {
	if own, ok := f.ErrorMessages[code]; ok {
		return own
	}
	if code == "invalid" {
		return map[string]string{
			"BooleanField": "Must be a valid boolean.", "CharField": "Not a valid string.", "EmailField": "Enter a valid email address.",
			"RegexField": "This value does not match the required pattern.", "URLField": "Enter a valid URL.", "UUIDField": "Must be a valid UUID.",
			"SlugField":      `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`,
			"IPAddressField": "Enter a valid IPv4 or IPv6 address.", "IntegerField": "A valid integer is required.",
			"BigIntegerField": "A valid biginteger is required.", "FloatField": "A valid number is required.", "DecimalField": "A valid number is required.",
			"DateTimeField": "Datetime has wrong format. Use one of these formats instead: {format}.",
			"DateField":     "Date has wrong format. Use one of these formats instead: {format}.",
			"TimeField":     "Time has wrong format. Use one of these formats instead: {format}.",
			"DurationField": "Duration has wrong format. Use one of these formats instead: {format}.",
		}[f.Field]
	}
	if code == "overflow" {
		return map[string]string{
			"FloatField": "Integer value too large to convert to float", "DateTimeField": "Datetime value out of range.",
			"DurationField": "The number of days must be between {min_days} and {max_days}.",
		}[f.Field]
	}
	return map[string]string{
		"blank": "This field may not be blank.", "protocol": "Enter a valid {protocol} address.",
		"invalid_unicode": `Enter a valid "slug" consisting of Unicode letters, numbers, underscores, or hyphens.`,
		"max_length":      "Ensure this field has no more than {max_length} characters.", "min_length": "Ensure this field has at least {min_length} characters.",
		"max_value": "Ensure this value is less than or equal to {max_value}.", "min_value": "Ensure this value is greater than or equal to {min_value}.",
		"max_string_length": "String value too large.", "invalid_choice": `"{input}" is not a valid choice.`,
		"max_digits":                       "Ensure that there are no more than {max_digits} digits in total.",
		"max_decimal_places":               "Ensure that there are no more than {max_decimal_places} decimal places.",
		"max_whole_digits":                 "Ensure that there are no more than {max_whole_digits} digits before the decimal point.",
		"null_characters_not_allowed":      "Null characters are not allowed.",
		"surrogate_characters_not_allowed": "Surrogate characters are not allowed: U+{code_point:X}.",
	}[code]
}

// render returns the response body of an outcome.
func (f labField) render(o outcome) string {
	if o.codes == nil {
		return `{"value":` + string(o.out) + `}`
	}
	var list []any
	for _, code := range o.codes {
		list = append(list, strings.NewReplacer(o.params...).Replace(f.message(code)))
	}
	return `{"value":` + string(pyjson.AppendValue(nil, list)) + `}`
}

// TestLaboratory answers every recorded request to a single scalar field.
func TestLaboratory(t *testing.T) {
	data, err := os.ReadFile("testdata/lab.json")
	if err != nil {
		t.Fatal(err)
	}
	var lab struct {
		Fields map[string]labField
		Rows   []struct{ Field, In, Out string }
	}
	if err := json.Unmarshal(data, &lab); err != nil {
		t.Fatal(err)
	}
	if len(lab.Rows) < 800 {
		t.Fatalf("only %d rows", len(lab.Rows))
	}
	validators := pyvalue.NewValidators()
	for _, c := range lab.Rows {
		v, _ := referencetest.Parse(t, c.In).(*pyjson.Dict).Get("value")
		f := lab.Fields[c.Field]
		if got := f.render(f.read(t, validators, v)); got != c.Out {
			t.Errorf("%s of %.100s: got %s, want %s", c.Field, c.In, got, c.Out)
		}
	}
}
