package rest

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// fitness says whether a value can be compared with a column.
type fitness int

const (
	fits  fitness = iota
	unfit         // no value of the column can be equal to it
	below         // it is less than all values the column can hold
	above         // it is greater
)

// prepared is a value in the form the driver takes.
type prepared struct {
	value any
	state fitness
}

// rawKey is a key as the database gave it, which goes back unchanged.
type rawKey struct{ value any }

// prepare turns a clean value into one that the left side can be compared with (get_prep_value and get_db_prep_value).
func (l *lookup) prepare(v any) prepared {
	if key, ok := v.(rawKey); ok {
		return prepared{value: key.value}
	}
	switch l.kind {
	case orm.Auto, orm.BigAuto, orm.Integer, orm.SmallInteger, orm.BigInteger, orm.PositiveInteger,
		orm.PositiveSmallInteger, orm.PositiveBigInteger:
		return l.integer(v)
	case orm.Float:
		f, ok := floatOf(v)
		return l.made(f, ok)
	case orm.DecimalNumber:
		return l.decimal(v)
	case orm.Boolean:
		b, ok := booleanOf(v)
		return l.made(b, ok)
	case orm.CalendarDate:
		d, ok := dateOf(v)
		return l.made(d, ok)
	case orm.DateTime:
		t, ok := timeOf(v)
		return l.made(t, ok)
	case orm.ClockTime:
		t, ok := clockOf(v)
		return l.made(t, ok)
	case orm.Interval:
		d, ok := durationOf(v)
		return l.made(d, ok)
	case orm.UUID:
		id, ok := uuidOf(v)
		return l.made(id, ok)
	case orm.IPAddress:
		return l.address(textOf(v))
	}
	return prepared{value: textOf(v)}
}

func (l *lookup) made(v any, ok bool) prepared {
	if !ok {
		return prepared{state: unfit}
	}
	return prepared{value: l.d.value(v)}
}

func (l *lookup) integer(v any) prepared {
	n := integerOf(v)
	low, high := l.d.integers(l.kind)
	switch {
	case !n.ok:
		return prepared{state: unfit}
	case n.sign < 0 || n.sign == 0 && n.value < low:
		return prepared{state: below}
	case n.sign > 0 || n.value > high:
		return prepared{state: above}
	}
	return prepared{value: n.value}
}

// maxDecimalSize is how many digits before the point, and after it, a number of a request may have in a statement.
const maxDecimalSize = 200

func (l *lookup) decimal(v any) prepared {
	d, ok := decimalOf(v)
	switch {
	case !ok:
		return prepared{state: unfit}
	case d.Digits()+d.Exponent() > maxDecimalSize && d.Negative():
		return prepared{state: below}
	case d.Digits()+d.Exponent() > maxDecimalSize:
		return prepared{state: above}
	case d.Exponent() < -maxDecimalSize:
		d = d.Quantize(maxDecimalSize, orm.HalfEven)
	}
	return prepared{value: l.d.value(d)}
}

// address takes only texts that are addresses; PostgreSQL refuses others.
func (l *lookup) address(text string) prepared {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return prepared{state: unfit}
	}
	if a.Is6() {
		text = a.String()
	}
	return prepared{value: text}
}

// value gives SQLite what Django stores there.
func (sqlite) value(v any) any {
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case orm.Decimal:
		return v.Plain()
	case orm.Date:
		return v.String()
	case orm.TimeOfDay:
		return v.String()
	case orm.Duration:
		return int64(v)
	case time.Time:
		return momentText(v, "")
	case uuid.UUID:
		return strings.ReplaceAll(v.String(), "-", "")
	}
	return v
}

// value gives PostgreSQL texts of the types that have no Go counterpart in the driver.
func (postgres) value(v any) any {
	switch v := v.(type) {
	case orm.Decimal:
		return v.Plain()
	case orm.Date:
		return v.String()
	case orm.TimeOfDay:
		return v.String()
	case orm.Duration:
		days, seconds, micros := v.Parts()
		return fmt.Sprintf("%d days %d seconds %d microseconds", days, seconds, micros)
	case time.Time:
		return momentText(v, "+00:00")
	case uuid.UUID:
		return v.String()
	}
	return v
}

// momentText is a datetime as Python's str writes it, in UTC.
func momentText(t time.Time, zone string) string {
	t = t.UTC()
	layout := "2006-01-02 15:04:05"
	if t.Nanosecond()/1000 != 0 {
		layout += ".000000"
	}
	return t.Format(layout) + zone
}

// yearBounds are the first and the last value of a year, as dates or as datetimes.
func yearBounds(year int, moments bool) (first, last any) {
	from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	to := time.Date(year, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	if moments {
		return from, to
	}
	return orm.DateOf(from), orm.DateOf(to)
}

// integerValue is a number cut to an integer; sign tells that it lies beyond 64 bits.
type integerValue struct {
	value int64
	sign  int
	ok    bool
}

// integerOf is Python's int() of a clean value: the fraction of a number is cut off.
func integerOf(v any) integerValue {
	switch v := v.(type) {
	case int64:
		return integerValue{value: v, ok: true}
	case bool:
		if v {
			return integerValue{value: 1, ok: true}
		}
		return integerValue{ok: true}
	case orm.Decimal:
		return decimalInteger(v)
	case string:
		n, ok := pythonInt(v)
		if !ok {
			return integerValue{}
		}
		return bigInteger(n)
	}
	return integerValue{}
}

func bigInteger(n pyjson.Int) integerValue {
	if small, ok := n.Int64(); ok {
		return integerValue{value: small, ok: true}
	}
	return integerValue{sign: n.Sign(), ok: true}
}

func decimalInteger(d orm.Decimal) integerValue {
	if d.Digits()+d.Exponent() > 20 && !d.IsZero() {
		sign := 1
		if d.Negative() {
			sign = -1
		}
		return integerValue{sign: sign, ok: true}
	}
	n, ok := pythonInt(d.Quantize(0, orm.Down).Plain())
	if !ok {
		return integerValue{}
	}
	return bigInteger(n)
}

// pythonInt is Python's int(text).
func pythonInt(text string) (pyjson.Int, bool) {
	if strings.ContainsRune(text, '.') {
		return pyjson.Int{}, false
	}
	n, code := pyvalue.Integer(text)
	return n, code == pyvalue.Accepted
}

// pythonDecimal is Python's Decimal(text) without infinities and NaN.
func pythonDecimal(text string) (orm.Decimal, bool) {
	if len(text) > pyvalue.MaxNumberLength {
		return orm.Decimal{}, false
	}
	text = strings.Map(asciiDigit, strings.ReplaceAll(pyvalue.Trim(text), "_", ""))
	d, err := orm.ParseDecimal(text)
	return d, err == nil
}

// asciiDigit turns decimal digits of all scripts into ASCII.
func asciiDigit(r rune) rune {
	if r < 0x80 {
		return r
	}
	if n, code := pyvalue.Integer(string(r)); code == pyvalue.Accepted {
		small, _ := n.Int64()
		return '0' + rune(small)
	}
	return r
}

func floatOf(v any) (float64, bool) {
	switch v := v.(type) {
	case orm.Decimal:
		return v.Float64(), true
	case string:
		f, code := pyvalue.Float(v)
		return f, code == pyvalue.Accepted && !math.IsNaN(f)
	}
	return 0, false
}

func decimalOf(v any) (orm.Decimal, bool) {
	switch v := v.(type) {
	case orm.Decimal:
		return v, true
	case string:
		return pythonDecimal(v)
	}
	return orm.Decimal{}, false
}

// booleanOf reads texts as Django's BooleanField does.
func booleanOf(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch v {
		case "t", "True", "1":
			return true, true
		case "f", "False", "0":
			return false, true
		}
	case orm.Decimal:
		n := integerOf(v)
		return n.value == 1, n.ok && n.sign == 0 && (n.value == 0 || n.value == 1)
	}
	return false, false
}

func dateOf(v any) (orm.Date, bool) {
	switch v := v.(type) {
	case orm.Date:
		return v, true
	case time.Time:
		return orm.DateOf(v.UTC()), true
	case string:
		return readDate(v)
	}
	return orm.Date{}, false
}

func timeOf(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v, inCalendar(v)
	case orm.Date:
		return v.Time(time.UTC), true
	case string:
		return readMoment(v)
	}
	return time.Time{}, false
}

// inCalendar tells whether a moment lies in the years 1 to 9999 of UTC; an offset may lead out of them.
func inCalendar(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

func clockOf(v any) (orm.TimeOfDay, bool) {
	switch v := v.(type) {
	case orm.TimeOfDay:
		return v, true
	case time.Time:
		return orm.TimeOfDayOf(v.UTC()), true
	case string:
		t, err := orm.ParseTimeOfDay(v)
		return t, err == nil
	}
	return orm.TimeOfDay{}, false
}

func durationOf(v any) (orm.Duration, bool) {
	switch v := v.(type) {
	case orm.Duration:
		return v, true
	case string:
		return readDuration(v)
	}
	return 0, false
}

func uuidOf(v any) (uuid.UUID, bool) {
	switch v := v.(type) {
	case uuid.UUID:
		return v, true
	case string:
		id, code := pyvalue.UUID(v)
		return id, code == pyvalue.Accepted
	}
	return uuid.UUID{}, false
}

// textOf is Python's str() of a clean value.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return pyjson.Str(v)
	case time.Time:
		return momentText(v, "+00:00")
	case rawKey:
		return textOf(v.value)
	case []byte:
		return string(v)
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

// listOf makes a list of a single value.
func listOf(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}
