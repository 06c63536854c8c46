package rest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// formField reads the value of a filter out of the query parameters (a Django form field with its widget).
type formField interface {
	// clean returns nil when nothing was given, texts for the client when the value is wrong, or an error when it could not
	// be looked up.
	clean(r *Request, name string) (v any, wrong []Message, err error)
}

// required is the refusal of an empty value.
func requiredMessage() []Message { return []Message{{"This field is required.", "required"}} }

func notGiven(required bool) (any, []Message, error) {
	if required {
		return nil, requiredMessage(), nil
	}
	return nil, nil, nil
}

// scalarField is one value.
type scalarField struct {
	read     func(text string) (any, *Message) // of a text that is not empty; nil for a value that counts as not given
	blank    any                               // an empty item of a list
	required bool
}

func (f scalarField) clean(r *Request, name string) (any, []Message, error) {
	text := r.Query(name)
	if text == "" {
		return notGiven(f.required)
	}
	v, wrong := f.read(text)
	switch {
	case wrong != nil:
		return nil, []Message{*wrong}, nil
	case v == nil || v == "":
		return notGiven(f.required)
	}
	return v, nil, nil
}

// listField is a comma-separated list, or with pair two values.
type listField struct {
	item     scalarField
	pair     bool
	required bool
}

func (f listField) clean(r *Request, name string) (any, []Message, error) {
	texts, wrong := splitList(r, name, f.required)
	if len(texts) == 0 {
		return nil, wrong, nil
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		v, wrong := f.cleanItem(text)
		if wrong != nil {
			return nil, []Message{*wrong}, nil
		}
		list[i] = v
	}
	return pairOrList(list, f.pair)
}

func (f listField) cleanItem(text string) (any, *Message) {
	if text == "" {
		if f.item.required {
			return nil, &requiredMessage()[0]
		}
		return f.item.blank, nil
	}
	return f.item.read(text)
}

func pairOrList(list []any, pair bool) (any, []Message, error) {
	if pair && len(list) != 2 {
		return nil, []Message{{"Range query expects two values.", "invalid_values"}}, nil
	}
	return list, nil, nil
}

// splitList splits a parameter at its commas; none and an empty one have no items, with what is wrong about that.
func splitList(r *Request, name string, required bool) (texts []string, wrong []Message) {
	text := r.Query(name)
	switch {
	case text == "" && required:
		return nil, requiredMessage()
	case text == "":
		return nil, nil
	case strings.Count(text, ",") >= maxValues:
		return nil, tooMany()
	}
	return strings.Split(text, ","), nil
}

func tooMany() []Message {
	return []Message{{fmt.Sprintf("At most %d values may be given.", maxValues), "max_values"}}
}

// multipleField is a choice whose parameter may be repeated.
type multipleField struct {
	texts    []string
	null     string // the text for NULL, empty for none
	required bool
}

func (f multipleField) clean(r *Request, name string) (any, []Message, error) {
	given, wrong := repeated(r, name, f.required)
	if len(given) == 0 {
		return nil, wrong, nil
	}
	var list []any
	for _, text := range given {
		if !slices.Contains(f.texts, text) {
			return nil, []Message{*invalidChoice(text)}, nil
		}
		if text == f.null && f.null != "" {
			list = append(list, nullChoice{})
		} else {
			list = append(list, text)
		}
	}
	return list, nil, nil
}

// repeated are the values of a parameter that may come several times; none with what is wrong about that.
func repeated(r *Request, name string, required bool) (given []string, wrong []Message) {
	given = r.QueryList(name)
	switch {
	case len(given) > maxValues:
		return nil, tooMany()
	case len(given) == 0 && required:
		return nil, requiredMessage()
	}
	return given, nil
}

func invalidChoice(text string) *Message {
	return &Message{"Select a valid choice. " + text + " is not one of the available choices.", "invalid_choice"}
}

// spanField is a lower and an upper bound in two parameters.
type spanField struct {
	read     func(text string) (any, *Message)
	shape    func(v any, high bool) any // nil leaves the bounds as they are read
	suffixes [2]string
	required bool
}

// span is the value of a spanField; a bound that was not given is nil.
type span struct{ low, high any }

func (f spanField) clean(r *Request, name string) (any, []Message, error) {
	var bounds [2]any
	var wrong []Message
	empty := true
	for i, suffix := range f.suffixes {
		text := r.Query(name + suffix)
		if text == "" {
			if f.required && !f.allEmpty(r, name) {
				return nil, requiredMessage(), nil
			}
			continue
		}
		empty = false
		v, m := f.read(text)
		if m != nil && !slices.Contains(wrong, *m) {
			wrong = append(wrong, *m)
		}
		if m == nil && f.shape != nil {
			v = f.shape(v, i == 1)
		}
		bounds[i] = v
	}
	if empty {
		return notGiven(f.required)
	}
	if wrong != nil {
		return nil, wrong, nil
	}
	return span{bounds[0], bounds[1]}, nil, nil
}

func (f spanField) allEmpty(r *Request, name string) bool {
	return r.Query(name+f.suffixes[0]) == "" && r.Query(name+f.suffixes[1]) == ""
}

// wholeDays makes the first and the last moment of days.
func wholeDays(v any, high bool) any {
	t := v.(orm.Date).Time(time.UTC)
	if high {
		return t.Add(24*time.Hour - time.Microsecond)
	}
	return t
}

func readText(text string) (any, *Message) {
	text = pyvalue.Trim(text)
	if strings.Contains(text, "\x00") {
		return nil, nullCharacters()
	}
	return text, nil
}

func nullCharacters() *Message {
	return &Message{"Null characters are not allowed.", "null_characters_not_allowed"}
}

// greatestNumber is what django-filter allows a number to be, against texts that are costly to compute with.
func greatestNumber() orm.Decimal { return orm.MustDecimal("1E+50") }

func readNumber(text string) (any, *Message) {
	v, wrong := readAnyNumber(text)
	if wrong == nil && v.(orm.Decimal).Cmp(greatestNumber()) > 0 {
		wrong = &Message{"Ensure this value is less than or equal to 1e+50.", "max_value"}
	}
	return v, wrong
}

func readAnyNumber(text string) (any, *Message) {
	d, ok := pythonDecimal(text)
	if !ok {
		return nil, &Message{"Enter a number.", "invalid"}
	}
	return d, nil
}

func readBoolean(text string) (any, *Message) {
	switch strings.ToLower(text) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	}
	return nil, nil
}

func readUUID(text string) (any, *Message) {
	text = pyvalue.Trim(text)
	if text == "" {
		return nil, nil
	}
	id, code := pyvalue.UUID(text)
	if code != pyvalue.Accepted {
		return nil, &Message{"Enter a valid UUID.", "invalid"}
	}
	return id, nil
}

func readChoice(choices []string) func(text string) (any, *Message) {
	return func(text string) (any, *Message) {
		if !slices.Contains(choices, text) {
			return nil, invalidChoice(text)
		}
		return text, nil
	}
}

// formFormats are the input formats of Django's form fields in English.
type formFormats struct{ date, moment, iso, clock pyvalue.InputFormats }

var englishFormats = sync.OnceValue(func() formFormats {
	dates := []string{
		"%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d %b, %Y",
		"%B %d %Y", "%B %d, %Y", "%d %B %Y", "%d %B, %Y",
	}
	clocks := []string{"%H:%M:%S", "%H:%M:%S.%f", "%H:%M"}
	moments := []string{pyvalue.ISO}
	for _, d := range dates[:3] {
		for _, c := range clocks {
			moments = append(moments, d+" "+c)
		}
	}
	var f formFormats
	f.date, _ = pyvalue.DateInput(dates...) // the formats are constants that the tests try
	f.clock, _ = pyvalue.TimeInput(clocks...)
	f.moment, _ = pyvalue.DateTimeInput(append(moments, dates...)...)
	f.iso, _ = pyvalue.DateTimeInput()
	return f
})

func readFormDate(text string) (any, *Message) {
	d, code := englishFormats().date.Date(pyvalue.Trim(text))
	if code != pyvalue.Accepted {
		return nil, &Message{"Enter a valid date.", "invalid"}
	}
	return d, nil
}

func readFormTime(text string) (any, *Message) {
	t, code := englishFormats().clock.Time(pyvalue.Trim(text))
	if code != pyvalue.Accepted {
		return nil, &Message{"Enter a valid time.", "invalid"}
	}
	return t, nil
}

func readFormDateTime(text string) (any, *Message) {
	return readDateTime(text, englishFormats().moment)
}

func readIsoDateTime(text string) (any, *Message) { return readDateTime(text, englishFormats().iso) }

func readDateTime(text string, in pyvalue.InputFormats) (any, *Message) {
	text = pyvalue.Trim(text)
	t, code := in.DateTime(text, time.UTC)
	if code != pyvalue.Accepted || strings.EqualFold(text, pyvalue.ISO) {
		return nil, &Message{"Enter a valid date/time.", "invalid"}
	}
	return t, nil
}

func readFormDuration(text string) (any, *Message) {
	s, code := pyvalue.Duration(text)
	if code == pyvalue.Accepted {
		return heldDuration(s), nil
	}
	if code == pyvalue.Overflow {
		return nil, &Message{fmt.Sprintf("The number of days must be between %d and %d.", pyvalue.MinDurationDays,
			pyvalue.MaxDurationDays), "overflow"}
	}
	return nil, &Message{"Enter a valid duration.", "invalid"}
}

// heldDuration is the nearest duration that can be stored; no stored one lies beyond.
func heldDuration(s pyvalue.Span) orm.Duration {
	d, ok := s.Duration()
	switch {
	case ok:
		return d
	case s.Days < 0:
		return math.MinInt64
	}
	return math.MaxInt64
}

// readDate reads a date as Django's model field does.
func readDate(text string) (orm.Date, bool) {
	in, _ := pyvalue.DateInput()
	d, code := in.Date(text)
	return d, code == pyvalue.Accepted
}

// readMoment reads a datetime as Django's model field does.
func readMoment(text string) (time.Time, bool) {
	v, wrong := readIsoDateTime(text)
	if wrong != nil {
		return time.Time{}, false
	}
	t := v.(time.Time)
	return t, inCalendar(t)
}

func readDuration(text string) (orm.Duration, bool) {
	v, wrong := readFormDuration(text)
	d, _ := v.(orm.Duration)
	return d, wrong == nil
}
