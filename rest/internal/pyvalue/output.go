package pyvalue

import (
	"fmt"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// OutputFormat is how a field writes dates or times: ISO 8601, or strftime directives. The zero value is ISO 8601.
// It is immutable and may be used by several goroutines.
type OutputFormat struct{ steps []step }

// step writes one directive, or text that is already escaped for JSON.
type step struct {
	literal string
	verb    byte // 0 for a literal
	pad     byte // '-' for none, ' ' or '0'
	width   int
	upper   bool
}

// NewOutputFormat compiles a format. "" and "iso-8601" mean ISO 8601. Directives are those of Python's strftime on
// Linux in English, with the flags -, _, 0 (padding of numbers) and ^ (capitals of names).
func NewOutputFormat(format string) (OutputFormat, error) {
	if format == "" || strings.EqualFold(format, ISO) {
		return OutputFormat{}, nil
	}
	var f OutputFormat
	for rest := expandOutput(format); rest != ""; {
		literal, directive, found := strings.Cut(rest, "%")
		f.text(literal)
		if !found {
			break
		}
		n, err := f.directive(directive)
		if err != nil {
			return OutputFormat{}, fmt.Errorf("format %q: %w", format, err)
		}
		rest = directive[n:]
	}
	return f, nil
}

// expandOutput replaces the directives that stand for several.
func expandOutput(format string) string {
	return strings.NewReplacer("%%", "%%", "%c", "%a %b %e %T %Y", "%x", "%D", "%X", "%T", "%r", "%I:%M:%S %p").Replace(format)
}

// text adds literal text.
func (f *OutputFormat) text(s string) {
	if s == "" {
		return
	}
	quoted := string(pyjson.AppendString(nil, s))
	f.steps = append(f.steps, step{literal: quoted[1 : len(quoted)-1]})
}

// directive adds the directive at the start of s and returns its length.
func (f *OutputFormat) directive(s string) (n int, err error) {
	flag := byte(0)
	if s != "" && strings.IndexByte("-_0^", s[0]) >= 0 {
		flag, n = s[0], 1
	}
	if n == len(s) {
		return 0, fmt.Errorf("it ends in the middle of a directive")
	}
	verb := s[n]
	switch {
	case flag == 0 && literalOf(verb) != "":
		f.text(literalOf(verb))
	case flag == 0 && compositeOf(verb) != "":
		f.composite(compositeOf(verb))
	case !f.single(verb, flag):
		return 0, fmt.Errorf("directive %%%s cannot be written", s[:n+1])
	}
	return n + 1, nil
}

func literalOf(verb byte) string {
	switch verb {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	}
	return ""
}

// composite adds directives of one letter each, and what stands between them.
func (f *OutputFormat) composite(parts string) {
	for i := range len(parts) {
		if !f.single(parts[i], 0) {
			f.text(parts[i : i+1])
		}
	}
}

// compositeOf returns the directives that a directive stands for, without percent signs.
func compositeOf(verb byte) string {
	switch verb {
	case 'D':
		return "m/d/y"
	case 'F':
		return "Y-m-d"
	case 'T':
		return "H:M:S"
	case 'R':
		return "H:M"
	}
	return ""
}

// single adds a directive that stands for one value; false when there is none such, or not with that flag.
func (f *OutputFormat) single(verb, flag byte) bool {
	s := step{verb: verb}
	s.width, s.pad = padding(verb)
	switch {
	case s.width > 1 && flag == '-':
		s.pad = '-'
	case s.width > 1 && flag == '_':
		s.pad = ' '
	case s.width > 1 && flag == '0':
		s.pad = '0'
	case strings.IndexByte("aAbBh", verb) >= 0 && flag == '^':
		s.upper = true
	case flag != 0 || s.width == 0 && strings.IndexByte("aAbBhpPfzZ", verb) < 0:
		return false
	}
	f.steps = append(f.steps, s)
	return true
}

// padding returns how wide a number is written, 0 when the directive is no number, and what fills it.
func padding(verb byte) (width int, pad byte) {
	switch verb {
	case 'd', 'g', 'H', 'I', 'm', 'M', 'S', 'U', 'V', 'W', 'y':
		return 2, '0'
	case 'e', 'k', 'l':
		return 2, ' '
	case 'j':
		return 3, '0'
	case 'u', 'w', 'C', 'G', 'Y':
		return 1, '-'
	}
	return 0, 0
}

// AppendDateTime appends t, as it is shown in its own zone, as a JSON string.
func (f OutputFormat) AppendDateTime(dst []byte, t time.Time) []byte {
	if f.steps == nil {
		return pyjson.AppendTime(dst, t)
	}
	return f.append(dst, t, true)
}

// AppendDate appends d as a JSON string.
func (f OutputFormat) AppendDate(dst []byte, d orm.Date) []byte {
	if f.steps == nil {
		return append(d.Append(append(dst, '"')), '"')
	}
	return f.append(dst, d.Time(time.UTC), false)
}

// AppendTime appends t as a JSON string; directives of a date show the first day of 1900.
func (f OutputFormat) AppendTime(dst []byte, t orm.TimeOfDay) []byte {
	if f.steps == nil {
		return append(t.Append(append(dst, '"')), '"')
	}
	h, m, s, micro := t.Parts()
	return f.append(dst, time.Date(1900, time.January, 1, h, m, s, micro*1000, time.UTC), false)
}

func (f OutputFormat) append(dst []byte, t time.Time, aware bool) []byte {
	dst = append(dst, '"')
	for _, s := range f.steps {
		switch {
		case s.verb == 0:
			dst = append(dst, s.literal...)
		case s.width > 0:
			dst = s.number(dst, numberOf(s.verb, t))
		case s.verb == 'z' || s.verb == 'Z':
			if aware {
				dst = appendZone(dst, s.verb, t)
			}
		default:
			dst = s.name(dst, t)
		}
	}
	return append(dst, '"')
}

// number appends n with the step's padding.
func (s step) number(dst []byte, n int) []byte {
	width := s.width
	if s.pad == '-' {
		width = 1
	}
	return appendPadded(dst, n, width, s.pad)
}

func appendPadded(dst []byte, n, width int, pad byte) []byte {
	var buf [8]byte
	i := len(buf)
	for ; n > 0 || i == len(buf); n /= 10 {
		i--
		buf[i] = byte('0' + n%10)
	}
	for range width - (len(buf) - i) {
		dst = append(dst, pad)
	}
	return append(dst, buf[i:]...)
}

// numberOf returns the number that a directive shows.
func numberOf(verb byte, t time.Time) int {
	switch verb {
	case 'd', 'e':
		return t.Day()
	case 'H', 'k':
		return t.Hour()
	case 'I', 'l':
		return (t.Hour()+11)%12 + 1
	case 'j':
		return t.YearDay()
	case 'm':
		return int(t.Month())
	case 'M':
		return t.Minute()
	case 'S':
		return t.Second()
	case 'y':
		return t.Year() % 100
	case 'Y':
		return t.Year()
	case 'C':
		return t.Year() / 100
	}
	return weekNumberOf(verb, t)
}

// weekNumberOf is numberOf for the directives about weeks.
func weekNumberOf(verb byte, t time.Time) int {
	year, week := t.ISOWeek()
	switch verb {
	case 'u':
		return mondayBased(t) + 1
	case 'w':
		return int(t.Weekday())
	case 'U':
		return (t.YearDay() + 6 - int(t.Weekday())) / 7
	case 'W':
		return (t.YearDay() + 6 - mondayBased(t)) / 7
	case 'V':
		return week
	case 'g':
		return year % 100
	}
	return year // 'G'
}

// name appends a name, the half of the day or the microseconds.
func (s step) name(dst []byte, t time.Time) []byte {
	switch s.verb {
	case 'a':
		return s.word(dst, t.Weekday().String()[:3])
	case 'A':
		return s.word(dst, t.Weekday().String())
	case 'b', 'h':
		return s.word(dst, t.Month().String()[:3])
	case 'B':
		return s.word(dst, t.Month().String())
	case 'f':
		return appendPadded(dst, t.Nanosecond()/1000, 6, '0')
	}
	half := byte('a')
	if t.Hour() >= 12 {
		half = 'p'
	}
	if s.verb == 'p' {
		return append(dst, half-0x20, 'M')
	}
	return append(dst, half, 'm')
}

func (s step) word(dst []byte, word string) []byte {
	for _, c := range []byte(word) {
		if s.upper && c >= 'a' {
			c -= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// appendZone appends the zone's offset or its name.
func appendZone(dst []byte, verb byte, t time.Time) []byte {
	name, offset := t.Zone()
	if verb == 'Z' {
		return append(dst, name...)
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), offset/3600, 2, '0')
	dst = appendPadded(dst, offset/60%60, 2, '0')
	if offset%60 != 0 {
		dst = appendPadded(dst, offset%60, 2, '0')
	}
	return dst
}
