package pyvalue

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// maxSpanDays is how many days a Span may have either way.
const maxSpanDays = 999_999_999

// DurationHuman is the format of durations for the error message.
const DurationHuman = "[DD] [HH:[MM:]]ss[.uuuuuu]"

// DurationDays are the least and the greatest number of days, for the message of Overflow.
const (
	MinDurationDays = -maxSpanDays
	MaxDurationDays = maxSpanDays
)

// Span is a length of time as Python's timedelta holds it: of up to 999999999 days, which is more than an
// orm.Duration can hold. Micros is from 0 to below a day; negative lengths have negative Days. Spans are compared
// with Cmp or ==.
type Span struct {
	Days   int
	Micros int64
}

// SpanOf returns d as a Span.
func SpanOf(d orm.Duration) Span {
	days, seconds, micros := d.Parts()
	return Span{days, int64(seconds)*microsPerSecond + int64(micros)}
}

// Duration returns s as an orm.Duration; false when it is too long for one (106751991 days).
func (s Span) Duration() (orm.Duration, bool) {
	n := s.big()
	return orm.Duration(n.Int64()), n.IsInt64()
}

func (s Span) big() *big.Int {
	n := new(big.Int).Mul(big.NewInt(int64(s.Days)), big.NewInt(microsPerDay))
	return n.Add(n, big.NewInt(s.Micros))
}

// spanOf returns n microseconds; false when they are too many.
func spanOf(n *big.Int) (Span, bool) {
	days, micros := new(big.Int).DivMod(n, big.NewInt(microsPerDay), new(big.Int))
	if !days.IsInt64() || days.Int64() < -maxSpanDays || days.Int64() > maxSpanDays {
		return Span{}, false
	}
	return Span{int(days.Int64()), micros.Int64()}, true
}

// Cmp returns -1, 0 or 1 when s is shorter than, as long as or longer than t.
func (s Span) Cmp(t Span) int {
	if s.Days != t.Days {
		if s.Days < t.Days {
			return -1
		}
		return 1
	}
	switch {
	case s.Micros < t.Micros:
		return -1
	case s.Micros > t.Micros:
		return 1
	}
	return 0
}

// neg returns the opposite of s.
func (s Span) neg() Span {
	if s.Micros == 0 {
		return Span{-s.Days, 0}
	}
	return Span{-s.Days - 1, microsPerDay - s.Micros}
}

// Append appends s in Django's notation: "1 02:03:04.000005", without days or fraction when they are zero.
func (s Span) Append(dst []byte) []byte {
	if s.Days != 0 {
		dst = append(strconv.AppendInt(dst, int64(s.Days), 10), ' ')
	}
	hours, minutes, seconds, micros := s.clock()
	dst = append(appendPadded(dst, hours, 2, '0'), ':')
	dst = append(appendPadded(dst, minutes, 2, '0'), ':')
	return appendFraction(appendPadded(dst, seconds, 2, '0'), micros)
}

// AppendISO appends s in ISO 8601: "-P1DT02H03M04.000005S".
func (s Span) AppendISO(dst []byte) []byte {
	if s.Days < 0 {
		dst = append(dst, '-')
		s = s.neg()
	}
	dst = append(strconv.AppendInt(append(dst, 'P'), int64(s.Days), 10), "DT"...)
	hours, minutes, seconds, micros := s.clock()
	dst = append(appendPadded(dst, hours, 2, '0'), 'H')
	dst = append(appendPadded(dst, minutes, 2, '0'), 'M')
	return append(appendFraction(appendPadded(dst, seconds, 2, '0'), micros), 'S')
}

// String returns Python's str of a timedelta, which messages about limits show: "1 day, 0:00:00".
func (s Span) String() string {
	var dst []byte
	if s.Days != 0 {
		dst = append(strconv.AppendInt(dst, int64(s.Days), 10), " days, "...)
		if s.Days == 1 || s.Days == -1 {
			dst = append(dst[:len(dst)-3], ", "...)
		}
	}
	hours, minutes, seconds, micros := s.clock()
	dst = append(appendPadded(dst, hours, 1, '0'), ':')
	dst = append(appendPadded(dst, minutes, 2, '0'), ':')
	return string(appendFraction(appendPadded(dst, seconds, 2, '0'), micros))
}

func (s Span) clock() (hours, minutes, seconds, micros int) {
	total := int(s.Micros / microsPerSecond)
	return total / 3600, total / 60 % 60, total % 60, int(s.Micros % microsPerSecond)
}

func appendFraction(dst []byte, micros int) []byte {
	if micros == 0 {
		return dst
	}
	return appendPadded(append(dst, '.'), micros, 6, '0')
}

// Duration reads a duration field: Django's notation, ISO 8601 without weeks, months and years, PostgreSQL's
// notation of days and hours, and numbers as seconds. The codes are Invalid and Overflow.
func Duration(v any) (Span, Code) {
	text := asciiDigits(strings.TrimSuffix(pyjson.Str(v), "\n"))
	for _, read := range [...]func(*durationText) bool{
		(*durationText).standard, (*durationText).iso8601, (*durationText).postgres,
	} {
		d := durationText{s: text}
		if read(&d) && d.s == "" {
			return d.span()
		}
	}
	return Span{}, Invalid
}

// durationText is what is left to read and what was read before: the texts of numbers, empty when not given.
type durationText struct {
	s                              string
	days, hours, minutes           string
	seconds, micros                string
	negative, negativeDays, isoDay bool
}

// take removes the longest number of digits at the start.
func (d *durationText) take() string {
	n := skipDigits(d.s, 0)
	number := d.s[:n]
	d.s = d.s[n:]
	return number
}

// skip removes prefix from the start.
func (d *durationText) skip(prefix string) bool {
	rest, ok := strings.CutPrefix(d.s, prefix)
	d.s = rest
	return ok
}

// dayCount reads a whole number of days with a blank behind it; nothing is taken when there is none.
func (d *durationText) dayCount() bool {
	before := d.s
	d.negativeDays = d.skip("-")
	d.days = d.take()
	if d.days == "" || !d.skip(" ") {
		d.s, d.days, d.negativeDays = before, "", false
		return false
	}
	return true
}

// standard reads [[-]D [day[s], ]][-][[H:]M:]S[.ffffff].
func (d *durationText) standard() bool {
	if d.dayCount() && !d.skip("days, ") {
		d.skip("day, ")
	}
	d.negative = d.skip("-")
	parts := []string{d.take()}
	for len(parts) < 3 && d.skip(":") {
		parts = append(parts, d.take())
	}
	for _, p := range parts {
		if p == "" {
			return false
		}
	}
	last := len(parts) - 1
	d.seconds = parts[last]
	if last > 0 {
		d.minutes = parts[last-1]
	}
	if last > 1 {
		d.hours = parts[0]
	}
	return d.fraction(".", 12) && d.fraction(",", 12)
}

// fraction reads the mark and up to most digits, of which six count; true also when the mark is not there.
func (d *durationText) fraction(mark string, most int) bool {
	if d.micros != "" || !d.skip(mark) {
		return true
	}
	digits := d.take()
	if digits == "" || len(digits) > most {
		return false
	}
	d.micros = (digits + "00000")[:6]
	return true
}

// iso8601 reads [±]P[nD][T[nH][nM][nS]]; numbers may have a fraction.
func (d *durationText) iso8601() bool {
	d.isoDay = true
	if d.negative = d.skip("-"); !d.negative {
		d.skip("+")
	}
	if !d.skip("P") {
		return false
	}
	d.days = d.unit("D")
	if d.skip("T") {
		d.hours, d.minutes, d.seconds = d.unit("H"), d.unit("M"), d.unit("S")
	}
	return true
}

// unit reads a number with that letter behind it; nothing is taken when there is none.
func (d *durationText) unit(letter string) string {
	before := d.s
	number := d.take()
	if number != "" && (d.skip(".") || d.skip(",")) {
		fraction := d.take()
		if fraction == "" {
			number = ""
		}
		number += "." + fraction
	}
	if number == "" || number == "." || !d.skip(letter) {
		d.s = before
		return ""
	}
	return number
}

// postgres reads [[-]D day[s][ ]][[±]H:MM:SS[.ffffff]].
func (d *durationText) postgres() bool {
	if d.dayCount() {
		if !d.skip("day") {
			return false
		}
		d.skip("s")
		d.skip(" ")
	}
	if d.s == "" {
		return true
	}
	if d.negative = d.skip("-"); !d.negative {
		d.skip("+")
	}
	d.hours = d.take()
	ok := d.hours != "" && d.skip(":")
	d.minutes = d.take()
	ok = ok && len(d.minutes) == 2 && d.skip(":")
	d.seconds = d.take()
	return ok && len(d.seconds) == 2 && d.fraction(".", 6)
}

// span adds up what was read, with the rounding of Python's timedelta.
func (d *durationText) span() (Span, Code) {
	var days, rest microSum
	days.add(d.days, microsPerDay)
	rest.add(d.micros, 1)
	rest.add(d.seconds, microsPerSecond)
	rest.add(d.minutes, 60*microsPerSecond)
	rest.add(d.hours, 3600*microsPerSecond)
	if d.negativeDays || d.isoDay && d.negative {
		days.whole.Neg(days.round())
		days.part = 0
	}
	if _, ok := spanOf(days.round()); !ok || days.infinite {
		return Span{}, Overflow
	}
	if _, ok := spanOf(rest.round()); !ok || rest.infinite {
		return Span{}, Overflow
	}
	sum := new(big.Int).Set(rest.round())
	if d.negative {
		sum.Neg(sum)
	}
	s, ok := spanOf(sum.Add(sum, days.round()))
	if !ok {
		return Span{}, Overflow
	}
	return s, Accepted
}

// microSum is a sum of microseconds: the whole ones, and the fractions that are rounded at the end.
type microSum struct {
	whole    big.Int
	part     float64
	infinite bool
}

// add adds a number of units of so many microseconds each.
func (m *microSum) add(number string, unit float64) {
	if number == "" {
		return
	}
	f, _ := strconv.ParseFloat(number, 64) // out of range gives infinity
	if math.IsInf(f, 0) {
		m.infinite = true
		return
	}
	whole, fraction := math.Modf(f)
	n, _ := big.NewFloat(whole).Int(nil)
	m.whole.Add(&m.whole, n.Mul(n, big.NewInt(int64(unit))))
	whole, fraction = math.Modf(unit * fraction)
	m.whole.Add(&m.whole, big.NewInt(int64(whole)))
	m.part += fraction
}

// round returns the sum with its fractions rounded, halves to the even microsecond.
func (m *microSum) round() *big.Int {
	if m.part == 0 {
		return &m.whole
	}
	rounded := math.Round(m.part)
	if math.Abs(rounded-m.part) == 0.5 {
		odd := float64(m.whole.Bit(0))
		rounded = 2*math.Round((m.part+odd)*0.5) - odd
	}
	m.whole.Add(&m.whole, big.NewInt(int64(rounded)))
	m.part = 0
	return &m.whole
}
