package pyvalue

import (
	"strings"
	"unicode/utf8"
)

// The functions of this file read the looser forms that Django takes when fromisoformat does not: single digits,
// digits of any script, white space before the offset.

// parseDate is Django's parse_date: ok is false for text that is no date, m.validDate for a date that is none.
func parseDate(text string) (m moment, ok bool) {
	if m, ok = isoDate(text); ok && m.validDate() {
		return m, true
	}
	s := scanner{rest: text}
	m = moment{}
	return m, s.date(&m) && s.end() && m.validDate()
}

// parseTime is Django's parse_time; an offset is dropped.
func parseTime(text string) (m moment, ok bool) {
	if m, ok = isoTime(text); ok && m.validClock() && m.validOffset() {
		return m, true
	}
	s := scanner{rest: text}
	m = moment{}
	return m, s.clock(&m) && s.end() && m.validClock()
}

// parseDateTime is Django's parse_datetime.
func parseDateTime(text string) (m moment, ok bool) {
	if m, ok = isoDateTime(text); ok && m.validDate() && m.validClock() && m.validOffset() {
		return m, true
	}
	s := scanner{rest: text}
	m = moment{}
	ok = s.date(&m) && (s.skip('T') || s.skip(' ')) && s.clock(&m)
	if !ok {
		return m, false
	}
	s.rest = strings.TrimLeftFunc(s.rest, Space)
	s.zone(&m)
	return m, s.end() && m.validDate() && m.validClock() && m.validOffset()
}

// scanner reads text from its start.
type scanner struct{ rest string }

// end reports whether nothing is left, apart from one newline.
func (s *scanner) end() bool { return s.rest == "" || s.rest == "\n" }

// skip skips c.
func (s *scanner) skip(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// number reads at least low and at most high digits of any script.
func (s *scanner) number(low, high int) (value, n int, ok bool) {
	for n < high {
		r, size := utf8.DecodeRuneInString(s.rest)
		d, isDigit := digit(r)
		if size == 0 || !isDigit {
			break
		}
		value = value*10 + d
		s.rest = s.rest[size:]
		n++
	}
	return value, n, n >= low
}

func (s *scanner) into(field *int, low, high int) (ok bool) {
	*field, _, ok = s.number(low, high)
	return ok
}

// date reads YYYY-M-D.
func (s *scanner) date(m *moment) bool {
	return s.into(&m.year, 4, 4) && s.skip('-') && s.into(&m.month, 1, 2) && s.skip('-') && s.into(&m.day, 1, 2)
}

// clock reads H:M[:S[.ffffff]].
func (s *scanner) clock(m *moment) bool {
	if !s.into(&m.hour, 1, 2) || !s.skip(':') || !s.into(&m.minute, 1, 2) {
		return false
	}
	if !s.skip(':') {
		return true
	}
	if !s.into(&m.second, 1, 2) {
		return false
	}
	if s.skip('.') || s.skip(',') {
		return s.fraction(m)
	}
	return true
}

// fraction reads up to twelve digits, of which six count.
func (s *scanner) fraction(m *moment) bool {
	micro, n, ok := s.number(1, 6)
	for ; n < 6; n++ {
		micro *= 10
	}
	m.micro = micro
	s.number(0, 6)
	return ok
}

// zone reads Z or an offset of hours and minutes, if there is one.
func (s *scanner) zone(m *moment) {
	before := s.rest
	switch {
	case s.skip('Z'):
		m.aware = true
	case s.skip('+'):
		m.aware = s.offset(m, 1)
	case s.skip('-'):
		m.aware = s.offset(m, -1)
	}
	if !m.aware {
		s.rest = before
	}
}

func (s *scanner) offset(m *moment, sign int64) bool {
	hours, _, ok := s.number(2, 2)
	if !ok {
		return false
	}
	before := s.rest
	s.skip(':')
	minutes, _, ok := s.number(2, 2)
	if !ok {
		minutes, s.rest = 0, before
	}
	m.offset = sign * int64(hours*60+minutes) * 60 * microsPerSecond
	return true
}
