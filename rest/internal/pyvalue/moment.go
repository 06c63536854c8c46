package pyvalue

import "time"

const (
	minYear = 1
	maxYear = 9999

	microsPerSecond = 1_000_000
	microsPerDay    = 86_400 * microsPerSecond
)

// moment is a date and time as they were written: not checked, and without the zone that may be meant.
type moment struct {
	year, month, day     int
	hour, minute, second int
	micro                int
	aware                bool
	offset               int64 // microseconds east of UTC, when aware
}

// validDate reports whether the date is in the calendar.
func (m moment) validDate() bool {
	return m.year >= minYear && m.year <= maxYear && m.month >= 1 && m.month <= 12 &&
		m.day >= 1 && m.day <= daysIn(m.year, m.month)
}

// validClock reports whether the time of the day exists; leap seconds do not.
func (m moment) validClock() bool {
	return m.hour <= 23 && m.minute <= 59 && m.second <= 59
}

// validOffset reports whether the offset is less than a day.
func (m moment) validOffset() bool {
	return !m.aware || m.offset > -microsPerDay && m.offset < microsPerDay
}

// utc returns the moment as if it were written in UTC.
func (m moment) utc() time.Time {
	return time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.micro*1000, time.UTC)
}

// setDay puts the date of t, and nothing else, into m.
func (m *moment) setDay(t time.Time) {
	year, month, day := t.Date()
	m.year, m.month, m.day = year, int(month), day
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// weekDate returns the day of an ISO week, false when the year has no such week.
func weekDate(year, week, day int) (time.Time, bool) {
	if year < minYear || year > maxYear || week < 1 || week > 53 || day < 1 || day > 7 {
		return time.Time{}, false
	}
	t := weekDay(year, week, day)
	of, w := t.ISOWeek()
	return t, of == year && w == week
}

// weekDay is weekDate without the checks.
func weekDay(year, week, day int) time.Time {
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, 7*(week-1)+day-1-mondayBased(fourth))
}

// mondayBased returns 0 for Monday to 6 for Sunday.
func mondayBased(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }
