package pyvalue

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// layout is a compiled input format of strptime directives.
type layout struct {
	pattern *regexp.Regexp
	names   []string // of the groups: the letters of the directives
}

// compileLayout compiles a format for strptime.
func compileLayout(format string) (*layout, error) {
	var pattern strings.Builder
	pattern.WriteString(`(?i)\A(?:`)
	seen := map[string]bool{}
	for rest := expandComposite(format); rest != ""; {
		literal, directive, found := strings.Cut(rest, "%")
		pattern.WriteString(literalPattern(literal))
		if !found {
			break
		}
		if directive == "" {
			return nil, fmt.Errorf("format %q ends in the middle of a directive", format)
		}
		group, err := directivePattern(directive[0], seen)
		if err != nil {
			return nil, fmt.Errorf("format %q: %w", format, err)
		}
		pattern.WriteString(group)
		rest = directive[1:]
	}
	pattern.WriteString(`)`)
	if err := checkWeeks(seen); err != nil {
		return nil, fmt.Errorf("format %q: %w", format, err)
	}
	re, err := regexp.Compile(pattern.String())
	if err != nil {
		return nil, fmt.Errorf("format %q cannot be compiled: %w", format, err)
	}
	return &layout{pattern: re, names: re.SubexpNames()}, nil
}

// expandComposite replaces the directives that stand for several.
func expandComposite(format string) string {
	return strings.NewReplacer("%%", "%%", "%c", "%a %b %d %H:%M:%S %Y", "%x", "%m/%d/%y", "%X", "%H:%M:%S").Replace(format)
}

// literalPattern matches text; any white space in it matches any white space.
func literalPattern(s string) string {
	var b strings.Builder
	spaces := false
	for _, r := range s {
		if Space(r) {
			if !spaces {
				b.WriteString(`[` + space + `]+`)
			}
			spaces = true
			continue
		}
		spaces = false
		b.WriteString(regexp.QuoteMeta(string(r)))
	}
	return b.String()
}

// directivePattern returns the group that matches one directive.
func directivePattern(c byte, seen map[string]bool) (string, error) {
	if c == '%' {
		return "%", nil
	}
	pattern := directives(c)
	if pattern == "" {
		return "", fmt.Errorf("directive %%%c cannot be read; use one of a A b B c d f G H I j m M p S u U V w W x X y Y z Z", c)
	}
	name := string(c)
	if seen[name] {
		return "", fmt.Errorf("directive %%%c stands twice", c)
	}
	seen[name] = true
	return "(?P<" + name + ">" + strings.ReplaceAll(pattern, "D", `\p{Nd}`) + ")", nil
}

// directives returns the pattern of a directive, with D for a digit of any script.
func directives(c byte) string {
	switch c {
	case 'a':
		return "mon|tue|wed|thu|fri|sat|sun"
	case 'A':
		return "wednesday|thursday|saturday|tuesday|monday|friday|sunday"
	case 'b':
		return "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
	case 'B':
		return "september|february|november|december|january|october|august|march|april|june|july|may"
	case 'd':
		return "3[0-1]|[1-2]D|0[1-9]|[1-9]| [1-9]"
	case 'f':
		return "[0-9]{1,6}"
	case 'H':
		return "2[0-3]|[0-1]D|D"
	case 'I':
		return "1[0-2]|0[1-9]|[1-9]"
	case 'j':
		return "36[0-6]|3[0-5]D|[1-2]DD|0[1-9]D|00[1-9]|[1-9]D|0[1-9]|[1-9]"
	case 'm':
		return "1[0-2]|0[1-9]|[1-9]"
	case 'M':
		return "[0-5]D|D"
	case 'p':
		return "am|pm"
	case 'S':
		return "6[0-1]|[0-5]D|D"
	case 'u':
		return "[1-7]"
	case 'U', 'W':
		return "5[0-3]|[0-4]D|D"
	case 'V':
		return "5[0-3]|0[1-9]|[1-4]D|D"
	case 'w':
		return "[0-6]"
	case 'y':
		return "DD"
	case 'Y', 'G':
		return "DDDD"
	case 'z':
		return `[+-]DD:?[0-5]D(?::?[0-5]D(?:\.D{1,6})?)?|(?-i:Z)`
	case 'Z':
		return "gmt|utc"
	}
	return ""
}

// checkWeeks refuses the combinations of week directives that can never be read.
func checkWeeks(seen map[string]bool) error {
	weekday := seen["a"] || seen["A"] || seen["u"] || seen["w"]
	switch {
	case seen["G"] && (!seen["V"] || !weekday || seen["j"]):
		return errors.New("directive %G needs %V and a day of the week, and not %j")
	case seen["V"] && !seen["G"]:
		return errors.New("directive %V needs %G and a day of the week")
	}
	return nil
}

// parse reads all of text.
func (l *layout) parse(text string) (m moment, ok bool) {
	match := l.pattern.FindStringSubmatchIndex(text)
	if match == nil || match[1] != len(text) {
		return m, false
	}
	found := fields{}
	for i, name := range l.names {
		if name != "" {
			found[name[0]] = asciiDigits(text[match[2*i]:match[2*i+1]])
		}
	}
	return found.moment()
}

// fields is what a layout found, by directive.
type fields map[byte]string

// number returns the value of a directive, or otherwise when the format does not have it.
func (f fields) number(c byte, otherwise int) int {
	if n, err := strconv.Atoi(strings.TrimSpace(f[c])); err == nil {
		return n
	}
	return otherwise
}

func (f fields) moment() (m moment, ok bool) {
	m = moment{year: f.year(), month: f.month(), day: f.number('d', 1)}
	m.hour, m.minute, m.second = f.hour(), f.number('M', 0), f.number('S', 0)
	m.micro = f.number('f', 0)
	for range 6 - len(f['f']) {
		m.micro *= 10
	}
	if !f.adjustDay(&m) || !f.offset(&m) {
		return m, false
	}
	return m, m.validDate() && m.validClock() && m.validOffset()
}

func (f fields) year() int {
	if y, ok := f['y']; ok && f['Y'] == "" {
		n, _ := strconv.Atoi(y)
		if n <= 68 {
			return 2000 + n
		}
		return 1900 + n
	}
	return f.number('Y', 1900)
}

func (f fields) month() int {
	name := strings.ToLower(f['b'] + f['B'])
	if len(name) >= 3 {
		return strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", name[:3])/3 + 1
	}
	return f.number('m', 1)
}

// hour returns the hour of the day; %I counts from 12, in the morning unless %p says otherwise.
func (f fields) hour() int {
	if _, ok := f['I']; !ok {
		return f.number('H', 0)
	}
	h := f.number('I', 0) % 12
	if strings.EqualFold(f['p'], "pm") {
		h += 12
	}
	return h
}

// weekday returns the day of the week, 0 for Monday; -1 when the format does not have it.
func (f fields) weekday() int {
	if name := strings.ToLower(f['a'] + f['A']); len(name) >= 3 {
		return strings.Index("montuewedthufrisatsun", name[:3]) / 3
	}
	if n := f.number('u', 0); n > 0 {
		return n - 1
	}
	if n := f.number('w', -1); n >= 0 {
		return (n + 6) % 7
	}
	return -1
}

// adjustDay sets the date from the day of the year or of a week.
func (f fields) adjustDay(m *moment) bool {
	day, weekday := f.number('j', 0), f.weekday()
	if day == 0 && weekday >= 0 {
		if f['G'] != "" {
			year := f.number('G', 0)
			m.setDay(weekDay(year, f.number('V', 0), weekday+1))
			return year >= minYear
		}
		if f['U'] != "" || f['W'] != "" {
			m.setDay(f.dayOfWeek(m.year, weekday))
			return true
		}
	}
	if day > 0 {
		m.setDay(time.Date(m.year, time.January, day, 0, 0, 0, 0, time.UTC))
	}
	return true
}

// dayOfWeek returns the day of week %U (from Sunday) or %W (from Monday) of a year.
func (f fields) dayOfWeek(year, weekday int) time.Time {
	first := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC)
	start, week := mondayBased(first), f.number('W', 0)
	if f['W'] == "" {
		start, week, weekday = (start+1)%7, f.number('U', 0), (weekday+1)%7
	}
	firstWeek := (7 - start) % 7 // days before week 1
	if week == 0 {
		return first.AddDate(0, 0, weekday-start)
	}
	return first.AddDate(0, 0, firstWeek+7*(week-1)+weekday)
}

// offset reads %z.
func (f fields) offset(m *moment) bool {
	z := f['z']
	if z == "" {
		return true
	}
	if m.aware = true; z == "Z" {
		return true
	}
	colons := strings.Count(z, ":")
	compact := strings.ReplaceAll(z[1:], ":", "")
	if colons == 1 && len(compact) > 4 {
		return false // +HH:MMSS and +HHMM:SS
	}
	number := func(from, to int) int64 {
		if to > len(compact) {
			return 0
		}
		n, _ := strconv.ParseInt(compact[from:to], 10, 64)
		return n
	}
	m.offset = (number(0, 2)*3600 + number(2, 4)*60 + number(4, 6)) * microsPerSecond
	if len(compact) > 7 {
		n, _ := strconv.ParseInt((compact[7:] + "00000")[:6], 10, 64)
		m.offset += n
	}
	if z[0] == '-' {
		m.offset = -m.offset
	}
	return true
}
