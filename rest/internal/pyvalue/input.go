package pyvalue

import (
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// ISO is the name of the default format of dates and times, for input and output.
const ISO = "iso-8601"

// InputFormats are the formats in which a field takes dates or times. It is immutable and may be used by several
// goroutines.
type InputFormats struct {
	formats []inputFormat
	human   string
}

// inputFormat is one format; no layout means ISO.
type inputFormat struct{ layout *layout }

// DateTimeInput compiles the input formats of a datetime field: ISO or strptime directives; none means ISO.
func DateTimeInput(formats ...string) (InputFormats, error) {
	return compileInput(formats, "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]")
}

// DateInput compiles the input formats of a date field.
func DateInput(formats ...string) (InputFormats, error) { return compileInput(formats, "YYYY-MM-DD") }

// TimeInput compiles the input formats of a time field.
func TimeInput(formats ...string) (InputFormats, error) {
	return compileInput(formats, "hh:mm[:ss[.uuuuuu]]")
}

func compileInput(formats []string, iso string) (InputFormats, error) {
	if len(formats) == 0 {
		formats = []string{ISO}
	}
	in := InputFormats{human: humanize(strings.ReplaceAll(strings.Join(formats, ", "), ISO, iso))}
	for _, format := range formats {
		if strings.EqualFold(format, ISO) {
			in.formats = append(in.formats, inputFormat{})
			continue
		}
		l, err := compileLayout(format)
		if err != nil {
			return InputFormats{}, err
		}
		in.formats = append(in.formats, inputFormat{l})
	}
	return in, nil
}

// humanize replaces directives by what people understand.
func humanize(format string) string {
	for _, pair := range [...][2]string{
		{"%Y", "YYYY"},
		{"%y", "YY"},
		{"%m", "MM"},
		{"%b", "[Jan-Dec]"},
		{"%B", "[January-December]"},
		{"%d", "DD"},
		{"%H", "hh"},
		{"%I", "hh"},
		{"%M", "mm"},
		{"%S", "ss"},
		{"%f", "uuuuuu"},
		{"%a", "[Mon-Sun]"},
		{"%A", "[Monday-Sunday]"},
		{"%p", "[AM|PM]"},
		{"%z", "[+HHMM|-HHMM]"},
	} {
		format = strings.ReplaceAll(format, pair[0], pair[1])
	}
	return format
}

// Human returns the formats for the error message: "YYYY-MM-DD, DD/MM/YYYY".
func (in InputFormats) Human() string { return in.human }

// DateTime reads a datetime field. Text without an offset is meant in zone, where it may be a time that
// clocks skip or show twice; the result is shown in zone. The codes are Invalid and Overflow.
func (in InputFormats) DateTime(v any, zone *time.Location) (time.Time, Code) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, Invalid
	}
	for _, f := range in.formats {
		if m, ok := f.parse(s, isoOrNameOfISO); ok {
			return m.inZone(zone)
		}
	}
	return time.Time{}, Invalid
}

// isoOrNameOfISO is parseDateTime, and takes the name of the format for the beginning of 1900, as DRF does.
func isoOrNameOfISO(s string) (moment, bool) {
	if strings.EqualFold(s, ISO) {
		return moment{year: 1900, month: 1, day: 1}, true
	}
	return parseDateTime(s)
}

func (f inputFormat) parse(s string, iso func(string) (moment, bool)) (moment, bool) {
	if f.layout == nil {
		return iso(s)
	}
	return f.layout.parse(s)
}

// Date reads a date field. The only code is Invalid.
func (in InputFormats) Date(v any) (orm.Date, Code) {
	if s, ok := v.(string); ok {
		for _, f := range in.formats {
			if m, ok := f.parse(s, parseDate); ok {
				d, _ := orm.NewDate(m.year, m.month, m.day)
				return d, Accepted
			}
		}
	}
	return orm.Date{}, Invalid
}

// Time reads a time field; an offset is dropped. The only code is Invalid.
func (in InputFormats) Time(v any) (orm.TimeOfDay, Code) {
	if s, ok := v.(string); ok {
		for _, f := range in.formats {
			if m, ok := f.parse(s, parseTime); ok {
				return m.timeOfDay(), Accepted
			}
		}
	}
	return orm.TimeOfDay{}, Invalid
}

func (m moment) timeOfDay() orm.TimeOfDay {
	t, _ := orm.NewTimeOfDay(m.hour, m.minute, m.second, m.micro) // checked before
	return t
}
