package orm

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Date is a day of the calendar, of the years 1 to 9999 and without a time zone. The zero value is 0001-01-01. Dates may be
// compared with ==.
type Date struct{ days int32 } // days since 0001-01-01

var dayZero = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	secondsPerDay = 24 * 60 * 60
	lastDay       = 3652058 // 9999-12-31
)

// ErrDate is what errors wrap about days that no calendar shows and about other text.
var ErrDate = errors.New("not a date of the form YYYY-MM-DD")

// NewDate is an error that wraps [ErrDate] for a day that does not exist.
func NewDate(year, month, day int) (Date, error) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year < 1 || year > 9999 || t.Year() != year || int(t.Month()) != month || t.Day() != day {
		return Date{}, fmt.Errorf("%w: %d-%d-%d", ErrDate, year, month, day)
	}
	return DateOf(t), nil
}

// DateOf is the date that t shows in its own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	utc := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	return Date{int32((utc.Unix() - dayZero.Unix()) / secondsPerDay)}
}

// Time is midnight of the day in loc.
func (d Date) Time(loc *time.Location) time.Time {
	y, m, day := d.Parts()
	return time.Date(y, time.Month(m), day, 0, 0, 0, 0, loc)
}

// Parts are year, month and day.
func (d Date) Parts() (year, month, day int) {
	y, m, dd := time.Unix(dayZero.Unix()+int64(d.days)*secondsPerDay, 0).UTC().Date()
	return y, int(m), dd
}

// AddDays is the date n days later; ok is false outside the years 1 to 9999.
func (d Date) AddDays(n int) (Date, bool) {
	days := int64(d.days) + int64(n)
	if days < 0 || days > lastDay {
		return d, false
	}
	return Date{int32(days)}, true
}

// DaysSince is the number of days from x to d.
func (d Date) DaysSince(x Date) int { return int(d.days) - int(x.days) }

// Cmp is -1, 0 or 1 as d is before, equal to or after x.
func (d Date) Cmp(x Date) int {
	switch {
	case d.days < x.days:
		return -1
	case d.days > x.days:
		return 1
	}
	return 0
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.Time(time.UTC).Weekday() }

// String is YYYY-MM-DD.
func (d Date) String() string { return string(d.Append(nil)) }

// Append appends [Date.String].
func (d Date) Append(dst []byte) []byte {
	y, m, day := d.Parts()
	dst = appendPadded(dst, y, 4)
	dst = appendPadded(append(dst, '-'), m, 2)
	return appendPadded(append(dst, '-'), day, 2)
}

// appendPadded appends n with leading zeros up to width.
func appendPadded(dst []byte, n, width int) []byte {
	start := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// ParseDate reads YYYY-MM-DD and nothing else.
func ParseDate(text string) (Date, error) {
	if len(text) != 10 || text[4] != '-' || text[7] != '-' {
		return Date{}, fmt.Errorf("%w: %.40q", ErrDate, text)
	}
	y, okYear := number(text[:4])
	m, okMonth := number(text[5:7])
	d, okDay := number(text[8:])
	if !okYear || !okMonth || !okDay {
		return Date{}, fmt.Errorf("%w: %.40q", ErrDate, text)
	}
	return NewDate(y, m, d)
}

// number reads a short text of ASCII digits and nothing else.
func number(s string) (n int, ok bool) {
	if len(s) > 18 {
		return 0, false
	}
	digits, err := strconv.ParseUint(s, 10, 63)
	return int(digits), err == nil
}

// Scan takes text, of which a time after the day is ignored, and times.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case time.Time: // PostgreSQL knows years before the first and after the last
		date, err := NewDate(v.Year(), int(v.Month()), v.Day())
		*d = date
		return err
	case []byte:
		return d.Scan(string(v))
	case string:
		day, clock, _ := strings.Cut(strings.Replace(v, "T", " ", 1), " ")
		if strings.HasSuffix(clock, "BC") {
			day = v
		}
		date, err := ParseDate(day)
		*d = date
		return err
	}
	return scanError(src, "orm.Date")
}

// Value is [Date.String] on both databases.
func (d Date) Value() (driver.Value, error) { return d.String(), nil }

// GormDataType names the type for GORM and its AutoMigrate.
func (Date) GormDataType() string { return "date" }

// MarshalText writes [Date.String].
func (d Date) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText is [ParseDate].
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}
