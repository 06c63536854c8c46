package orm

import (
	"cmp"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// ErrDuration is what the errors of [ParseDuration] wrap.
var ErrDuration = errors.New("not a duration of the form D HH:MM:SS.ffffff")

// Duration is a span of time in microseconds, up to 292,000 years either way. It is stored as Django does: as a number of
// microseconds on SQLite, as an interval on PostgreSQL.
type Duration int64

// The usual units.
const (
	Microsecond Duration = 1
	Millisecond          = 1000 * Microsecond
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Day                  = 24 * Hour
)

// DurationOf is d without what is less than a microsecond.
func DurationOf(d time.Duration) Duration { return Duration(d.Microseconds()) }

// Std is d as Go's own type; beyond its 292 years the nearest value there is.
func (d Duration) Std() time.Duration {
	const most = Duration(math.MaxInt64 / int64(time.Microsecond))
	return time.Duration(min(max(d, -most), most)) * time.Microsecond
}

// Seconds is d as a number of seconds.
func (d Duration) Seconds() float64 { return float64(d) / float64(Second) }

// Cmp is -1, 0 or 1 when d is shorter than, equal to or longer than e.
func (d Duration) Cmp(e Duration) int { return cmp.Compare(d, e) }

// Parts are whole days, rounded down, and the seconds and microseconds of the day begun: -1 hour is -1 day and 82,800
// seconds, as in Python's timedelta.
func (d Duration) Parts() (days, seconds, microseconds int) {
	days = int(d / Day)
	rest := d % Day
	if rest < 0 {
		days--
		rest += Day
	}
	return days, int(rest / Second), int(rest % Second)
}

// String is "D HH:MM:SS.ffffff" without days and fraction where they are zero; a negative duration has negative days:
// "-1 23:00:00".
func (d Duration) String() string { return string(d.Append(nil)) }

// Append appends [Duration.String].
func (d Duration) Append(dst []byte) []byte {
	days, seconds, micros := d.Parts()
	if days != 0 {
		dst = append(strconv.AppendInt(dst, int64(days), 10), ' ')
	}
	return appendClock(dst, seconds/3600, seconds/60%60, seconds%60, micros)
}

// ParseDuration reads what [Duration.String] writes and what PostgreSQL writes for an interval
// ("-1 days +02:03:04.5", "1 mon 2 days"; a month counts 30 days, a year 365).
func ParseDuration(s string) (Duration, error) {
	words := strings.Fields(s)
	var total micros
	for i := 0; i < len(words); i++ {
		switch last := i == len(words)-1; {
		case strings.Contains(words[i], ":"):
			if !last {
				return 0, fmt.Errorf("%w: %.60q", ErrDuration, s)
			}
			total.addClock(words[i])
		case i+2 == len(words) && strings.Contains(words[i+1], ":"):
			total.add(words[i], Day)
		case !last:
			total.add(words[i], unitOf(words[i+1]))
			i++
		default:
			total.bad = true
		}
	}
	if total.bad || len(words) == 0 {
		return 0, fmt.Errorf("%w: %.60q", ErrDuration, s)
	}
	return total.sum, nil
}

// unitOf is the length of an interval's unit, 0 for an unknown one.
func unitOf(word string) Duration {
	switch strings.TrimSuffix(word, "s") {
	case "day":
		return Day
	case "mon":
		return 30 * Day
	case "year":
		return 365 * Day
	}
	return 0
}

// micros adds up parts of a duration and remembers whether one was wrong.
type micros struct {
	sum Duration
	bad bool
}

func (m *micros) add(digits string, unit Duration) {
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || unit == 0 || n > int64(math.MaxInt64/unit) || n < int64(math.MinInt64/unit) {
		m.bad = true
		return
	}
	m.plus(Duration(n) * unit)
}

func (m *micros) plus(d Duration) {
	sum := m.sum + d
	if (d > 0) != (sum > m.sum) && d != 0 {
		m.bad = true
	}
	m.sum = sum
}

// addClock adds [sign]HH:MM:SS[.ffffff]; hours may have more than two digits.
func (m *micros) addClock(s string) {
	negative := strings.HasPrefix(s, "-")
	hours, rest, _ := strings.Cut(trimSign(s), ":")
	clock, err := ParseTimeOfDay("00:" + rest)
	n, ok := number(hours)
	if err != nil || !ok || len(hours) > 10 || strings.Count(rest, ":") != 1 || n > int(math.MaxInt64/Hour)-1 {
		m.bad = true
		return
	}
	d := Duration(n)*Hour + Duration(clock.micros)
	if negative {
		d = -d
	}
	m.plus(d)
}

// MarshalText writes [Duration.String].
func (d Duration) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText is [ParseDuration].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Value is an interval's text, for PostgreSQL; connections to SQLite bind the number of microseconds instead.
func (d Duration) Value() (driver.Value, error) {
	days, seconds, microseconds := d.Parts()
	dst := append(strconv.AppendInt(nil, int64(days), 10), " days +"...)
	return string(appendClock(dst, seconds/3600, seconds/60%60, seconds%60, microseconds)), nil
}

// Scan takes a number of microseconds and an interval's text.
func (d *Duration) Scan(src any) (err error) {
	switch v := src.(type) {
	case int64:
		*d = Duration(v)
	case string:
		*d, err = ParseDuration(v)
	case []byte:
		*d, err = ParseDuration(string(v))
	default:
		err = scanError(src, "orm.Duration")
	}
	return err
}

// GormDataType names the type for GORM.
func (Duration) GormDataType() string { return "interval" }

// GormDBDataType is the column type for GORM's AutoMigrate.
func (Duration) GormDBDataType(db *gorm.DB, _ *schema.Field) string {
	if db.Name() == Postgres {
		return "interval"
	}
	return "bigint"
}
