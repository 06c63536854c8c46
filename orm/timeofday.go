package orm

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// ErrTimeOfDay is what the errors of [ParseTimeOfDay] wrap.
var ErrTimeOfDay = errors.New("not a time of the form HH:MM:SS.ffffff")

// TimeOfDay is what a clock shows, to the microsecond and without a time zone. The zero value is midnight. Times may be
// compared with ==.
type TimeOfDay struct{ micros int64 } // since midnight

// NewTimeOfDay is an error that wraps [ErrTimeOfDay] for a time no clock shows.
func NewTimeOfDay(hour, minute, second, microsecond int) (TimeOfDay, error) {
	if !between(hour, 23) || !between(minute, 59) || !between(second, 59) || !between(microsecond, 999_999) {
		return TimeOfDay{}, fmt.Errorf("%w: %d:%d:%d and %d microseconds", ErrTimeOfDay, hour, minute, second, microsecond)
	}
	seconds := int64(hour)*3600 + int64(minute)*60 + int64(second)
	return TimeOfDay{seconds*1_000_000 + int64(microsecond)}, nil
}

func between(n, last int) bool { return n >= 0 && n <= last }

// TimeOfDayOf is what t's clock shows in t's own time zone; less than a microsecond is cut off.
func TimeOfDayOf(t time.Time) TimeOfDay {
	h, m, s := t.Clock()
	return TimeOfDay{(int64(h)*3600+int64(m)*60+int64(s))*1_000_000 + int64(t.Nanosecond()/1000)}
}

// ParseTimeOfDay reads HH:MM, HH:MM:SS and HH:MM:SS with one to six digits of a fraction.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	clock, fraction, hasFraction := strings.Cut(s, ".")
	parts := strings.Split(clock, ":")
	if len(parts) < 2 || len(parts) > 3 || hasFraction && (len(parts) < 3 || fraction == "" || len(fraction) > 6) {
		return TimeOfDay{}, fmt.Errorf("%w: %.40q", ErrTimeOfDay, s)
	}
	var n [3]int
	for i, part := range parts {
		value, ok := number(part)
		if !ok || len(part) != 2 {
			return TimeOfDay{}, fmt.Errorf("%w: %.40q", ErrTimeOfDay, s)
		}
		n[i] = value
	}
	micros, ok := number((fraction + "000000")[:6])
	if !ok {
		return TimeOfDay{}, fmt.Errorf("%w: %.40q", ErrTimeOfDay, s)
	}
	return NewTimeOfDay(n[0], n[1], n[2], micros)
}

// Parts are the hour (0 to 23), minute, second and microsecond.
func (t TimeOfDay) Parts() (hour, minute, second, microsecond int) {
	seconds := int(t.micros / 1_000_000)
	return seconds / 3600, seconds / 60 % 60, seconds % 60, int(t.micros % 1_000_000)
}

// Cmp is -1, 0 or 1 when t is before, the same as or after u.
func (t TimeOfDay) Cmp(u TimeOfDay) int { return cmp.Compare(t.micros, u.micros) }

// String is HH:MM:SS, with six digits of a fraction unless it is zero.
func (t TimeOfDay) String() string { return string(t.Append(nil)) }

// Append appends [TimeOfDay.String].
func (t TimeOfDay) Append(dst []byte) []byte {
	h, m, s, micro := t.Parts()
	return appendClock(dst, h, m, s, micro)
}

func appendClock(dst []byte, hour, minute, second, microsecond int) []byte {
	dst = appendPadded(dst, hour, 2)
	dst = appendPadded(append(dst, ':'), minute, 2)
	dst = appendPadded(append(dst, ':'), second, 2)
	if microsecond != 0 {
		dst = appendPadded(append(dst, '.'), microsecond, 6)
	}
	return dst
}

// MarshalText writes [TimeOfDay.String].
func (t TimeOfDay) MarshalText() ([]byte, error) { return t.Append(nil), nil }

// UnmarshalText is [ParseTimeOfDay].
func (t *TimeOfDay) UnmarshalText(text []byte) error {
	parsed, err := ParseTimeOfDay(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// Value is the text on both databases.
func (t TimeOfDay) Value() (driver.Value, error) { return t.String(), nil }

// Scan takes text and times.
func (t *TimeOfDay) Scan(src any) (err error) {
	switch v := src.(type) {
	case time.Time:
		*t = TimeOfDayOf(v)
	case string:
		*t, err = ParseTimeOfDay(v)
	case []byte:
		*t, err = ParseTimeOfDay(string(v))
	default:
		err = scanError(src, "orm.TimeOfDay")
	}
	return err
}

// GormDataType names the type for GORM.
func (TimeOfDay) GormDataType() string { return "time" }

// GormDBDataType is the column type for GORM's AutoMigrate: not the moment that GORM's own "time" is.
func (TimeOfDay) GormDBDataType(*gorm.DB, *schema.Field) string { return "time" }
