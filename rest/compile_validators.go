package rest

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	playground "github.com/go-playground/validator/v10"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// validateTag takes the rules of go-playground/validator that DRF has words for; the others are left for validator/v10.
// The rules are those of the field's own tag and, before them, of the model's.
func (c *compiler) validateTag(f *field, mf *orm.Field) error {
	rules := f.spec.rules
	if mf != nil && mf.Validate != "" {
		rules = strings.Trim(mf.Validate+","+rules, ",")
	}
	var rest []string
	for _, rule := range strings.Split(rules, ",") {
		name, arg, _ := strings.Cut(rule, "=")
		if rule == "" || f.knownRule(name, arg) {
			continue
		}
		rest = append(rest, rule)
	}
	f.spec.rules = strings.Join(rest, ",")
	return checkRules(f.spec.rules, f.typ)
}

// knownRule takes a rule that is a bound, a length or a class in DRF.
func (f *field) knownRule(name, arg string) bool {
	sized := f.isText() || f.child != nil || f.many
	switch name {
	case "omitempty", "omitnil", "dive":
		return true
	case "required":
		if f.spec.required == nil {
			f.spec.required = ptr(true)
		}
		return true
	case "gte", "min":
		return f.atLeast(arg, sized)
	case "lte", "max":
		return f.atMost(arg, sized)
	case "len":
		return sized && f.atLeast(arg, true) && f.atMost(arg, true)
	}
	return f.ruleClass(name)
}

func (f *field) atLeast(arg string, sized bool) bool {
	if !sized {
		f.limits.minText = arg
		return true
	}
	n, err := strconv.Atoi(arg)
	if err == nil && f.spec.minLength == nil {
		f.minLength = n
	}
	return err == nil
}

func (f *field) atMost(arg string, sized bool) bool {
	if !sized {
		f.limits.maxText = arg
		return true
	}
	n, err := strconv.Atoi(arg)
	if err == nil && f.spec.maxLength == nil {
		f.maxLength = n
	}
	return err == nil
}

// ruleClass makes a CharField of a more special class: email, url, ip.
func (f *field) ruleClass(name string) bool {
	if f.class != charClass {
		return false
	}
	switch name {
	case "email", "url", "ip", "ipv4", "ipv6", "slug":
		f.class = classes[name]
		return true
	}
	return false
}

// checkRules tells whether validator/v10 knows the rules; it panics on unknown ones.
func checkRules(rules string, t reflect.Type) (err error) {
	if rules == "" {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("validate:%q: %v", rules, p)
		}
	}()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_ = playground.New().Var(reflect.Zero(t).Interface(), rules)
	return nil
}

// validators compiles the checks of clean values in DRF's order: the declared ones, uniqueness, then the class's own.
func (c *compiler) validators(s *serializer, f *field, mf *orm.Field) error {
	if f.readOnly {
		return nil
	}
	if f.class != classes["regex"] {
		if err := f.matchAll(); err != nil {
			return err
		}
	}
	if f.spec.rules != "" {
		f.validators = append(f.validators, ruleValidator(f.spec.rules))
	}
	if v := c.unique(s, f, mf); v != nil {
		f.validators = append(f.validators, v)
	}
	f.lengthValidators()
	f.boundValidators()
	if f.class == classes["regex"] { // a RegexField's own pattern comes after the lengths
		return f.matchAll()
	}
	return c.classValidators(f, mf)
}

// matchAll adds the declared regular expressions.
func (f *field) matchAll() error {
	for _, p := range f.spec.patterns {
		if err := f.matches(p.expr, p.message); err != nil {
			return err
		}
	}
	return nil
}

// matches adds a regular expression in Python's sense of search.
func (f *field) matches(expr, message string) error {
	re, err := regexp.Compile(expr)
	if err != nil {
		return fmt.Errorf("the pattern %q: %w", expr, err)
	}
	f.validators = append(f.validators, func(_ *decoding, f *field, v any) ([]Message, error) {
		if text, ok := v.(string); ok && re.MatchString(text) {
			return nil, nil
		}
		if message == "" {
			return []Message{f.message("invalid")}, nil
		}
		return []Message{{message, "invalid"}}, nil
	})
	return nil
}

// ruleValidator runs rules of validator/v10 that DRF has no class for.
func ruleValidator(rules string) validator {
	check := playground.New(playground.WithRequiredStructEnabled())
	return func(_ *decoding, _ *field, v any) ([]Message, error) {
		if n, ok := v.(pyjson.Int); ok {
			v, _ = n.Int64()
		}
		var refused []Message
		if check.Var(v, rules) != nil {
			refused = []Message{{"Enter a valid value.", "invalid"}}
		}
		return refused, nil
	}
}

// lengthValidators adds max_length and min_length of texts, and what no text may hold.
func (f *field) lengthValidators() {
	if f.class.blank == nil || f.related != nil {
		return
	}
	if f.maxLength >= 0 {
		f.validators = append(f.validators, textCheck("max_length", func(f *field, s string) bool { return pyjson.Length(s) <= f.maxLength }))
	}
	if f.minLength >= 0 {
		f.validators = append(f.validators, textCheck("min_length", func(f *field, s string) bool { return pyjson.Length(s) >= f.minLength }))
	}
	f.validators = append(f.validators, forbiddenCharacters)
}

func textCheck(code string, ok func(f *field, s string) bool) validator {
	return func(_ *decoding, f *field, v any) ([]Message, error) {
		if s, isText := v.(string); !isText || ok(f, s) {
			return nil, nil
		}
		return []Message{f.message(code, "max_length", strconv.Itoa(f.maxLength), "min_length", strconv.Itoa(f.minLength))}, nil
	}
}

// forbiddenCharacters are NUL (ProhibitNullCharactersValidator) and lone surrogates (ProhibitSurrogateCharactersValidator).
func forbiddenCharacters(_ *decoding, _ *field, v any) ([]Message, error) {
	s, _ := v.(string)
	var found []Message
	codes, bad := pyvalue.Characters(s)
	for _, code := range codes {
		text := "Null characters are not allowed."
		if code == pyvalue.SurrogateInText {
			text = fmt.Sprintf("Surrogate characters are not allowed: U+%X.", bad)
		}
		found = append(found, Message{text, string(code)})
	}
	return found, nil
}

// boundValidators adds max_value and min_value, in this order as DRF does.
func (f *field) boundValidators() {
	l := &f.limits
	if l.maxInt != nil || l.maxFloat != nil || l.maxDec != nil || l.maxDur != nil {
		f.validators = append(f.validators, boundCheck("max_value", l.aboveMax, l.maxText))
	}
	if l.minInt != nil || l.minFloat != nil || l.minDec != nil || l.minDur != nil {
		f.validators = append(f.validators, boundCheck("min_value", l.belowMin, l.minText))
	}
}

func boundCheck(code string, breaks func(v any) bool, text string) validator {
	return func(_ *decoding, f *field, v any) ([]Message, error) {
		if !breaks(v) {
			return nil, nil
		}
		return []Message{f.message(code, code, f.boundText(code, text))}, nil
	}
}

// boundText is the bound as Python's str() writes it.
func (f *field) boundText(code, text string) string {
	l := f.limits
	low := code == "min_value"
	switch {
	case low && l.minFloat != nil:
		return string(pyjson.AppendFloat(nil, *l.minFloat))
	case !low && l.maxFloat != nil:
		return string(pyjson.AppendFloat(nil, *l.maxFloat))
	case low && l.minDur != nil:
		return pyvalue.SpanOf(*l.minDur).String()
	case !low && l.maxDur != nil:
		return pyvalue.SpanOf(*l.maxDur).String()
	}
	return text
}

func (l *limits) aboveMax(v any) bool {
	switch v := v.(type) {
	case pyjson.Int:
		return l.maxInt != nil && v.Cmp(*l.maxInt) > 0
	case float64:
		return l.maxFloat != nil && !(v <= *l.maxFloat)
	case orm.Decimal:
		return l.maxDec != nil && v.Cmp(*l.maxDec) > 0
	case orm.Duration:
		return l.maxDur != nil && v.Cmp(*l.maxDur) > 0
	case Span:
		return l.maxDur != nil && v.Cmp(pyvalue.SpanOf(*l.maxDur)) > 0
	}
	return false
}

func (l *limits) belowMin(v any) bool {
	switch v := v.(type) {
	case pyjson.Int:
		return l.minInt != nil && v.Cmp(*l.minInt) < 0
	case float64:
		return l.minFloat != nil && !(v >= *l.minFloat)
	case orm.Decimal:
		return l.minDec != nil && v.Cmp(*l.minDec) < 0
	case orm.Duration:
		return l.minDur != nil && v.Cmp(*l.minDur) < 0
	case Span:
		return l.minDur != nil && v.Cmp(pyvalue.SpanOf(*l.minDur)) < 0
	}
	return false
}

// classValidators adds the check that makes an EmailField of a CharField, and so on.
func (c *compiler) classValidators(f *field, mf *orm.Field) error {
	var ok func(string) bool
	code := "invalid"
	switch f.class {
	case classes["image"]:
		f.validators = append(f.validators, pictureEnding)
		return nil
	case classes["email"]:
		ok = c.texts.Email
	case classes["url"]:
		ok = c.texts.URL
	case classes["slug"]:
		ok = func(s string) bool { return pyvalue.ValidSlug(s, mf == nil) }
		if f.spec.unicode {
			ok, code = pyvalue.ValidUnicodeSlug, "invalid_unicode"
		}
	default:
		return nil
	}
	f.validators = append(f.validators, func(_ *decoding, f *field, v any) ([]Message, error) {
		if s, isText := v.(string); isText && ok(s) {
			return nil, nil
		}
		return []Message{{f.message(code).Text, "invalid"}}, nil
	})
	return nil
}
