package orm_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

const (
	firstSecond = -62135596800 // 0001-01-01 00:00:00
	lastSecond  = 253402300799 // 9999-12-31 23:59:59
)

func drawTime(t *rapid.T, name string) time.Time {
	seconds := rapid.Int64Range(firstSecond, lastSecond).Draw(t, name)
	return time.Unix(seconds, rapid.Int64Range(0, 999_999).Draw(t, name+" micros")*1000).UTC()
}

// TestDatesAreThoseOfTime compares with the standard library over the whole calendar.
func TestDatesAreThoseOfTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawTime(t, "a"), drawTime(t, "b")
		d, e := orm.DateOf(a), orm.DateOf(b)
		y, m, day := d.Parts()
		if d.String() != a.Format(time.DateOnly) || d.Weekday() != a.Weekday() || y != a.Year() || m != int(a.Month()) || day != a.Day() {
			t.Fatalf("%v is %v, a %v", a, d, d.Weekday())
		}
		if made, err := orm.NewDate(y, m, day); err != nil || made != d {
			t.Fatalf("NewDate(%d, %d, %d) = %v, %v", y, m, day, made, err)
		}
		if back, err := orm.ParseDate(d.String()); err != nil || back != d {
			t.Fatalf("%v comes back as %v, %v", d, back, err)
		}
		if midnight := d.Time(time.UTC); !midnight.Equal(a.Truncate(24 * time.Hour)) {
			t.Fatalf("midnight of %v is %v", d, midnight)
		}
		n := e.DaysSince(d)
		if moved, ok := d.AddDays(n); !ok || moved != e {
			t.Fatalf("%v and %d days are %v", d, n, moved)
		}
		if order := strings.Compare(d.String(), e.String()); d.Cmp(e) != order || (n > 0) != (order < 0) {
			t.Fatalf("%v <=> %v is %d, %d days apart", d, e, d.Cmp(e), n)
		}
	})
}

func TestDatesStopAtTheirEnds(t *testing.T) {
	first, last := orm.Date{}, date(t, "9999-12-31")
	for _, c := range []struct {
		from orm.Date
		n    int
		ok   bool
	}{
		{first, 0, true},
		{first, -1, false},
		{first, 3652058, true},
		{first, 3652059, false},
		{last, 0, true},
		{last, 1, false},
		{last, -3652058, true},
		{last, -3652059, false},
		{last, math.MaxInt32, false},
		{first, math.MinInt32, false},
	} {
		got, ok := c.from.AddDays(c.n)
		if ok != c.ok || !ok && got != c.from {
			t.Errorf("%v and %d days are %v, %v", c.from, c.n, got, ok)
		}
	}
}

func date(tb testing.TB, text string) orm.Date {
	tb.Helper()
	d, err := orm.ParseDate(text)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func TestDatesOfOtherCalendarsAreRefused(t *testing.T) {
	for name, src := range map[string]any{
		"year 0": time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), "before": time.Date(-43, 3, 15, 0, 0, 0, 0, time.UTC),
		"after": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "BC": "0044-03-15 BC", "infinity": "infinity",
		"glued": "2024-05-061", "short": []byte("2024-5-6"),
	} {
		var d orm.Date
		if err := d.Scan(src); !errors.Is(err, orm.ErrDate) {
			t.Errorf("%s: Scan(%v) = %v, %v; want ErrDate", name, src, d, err)
		}
	}
	if err := new(orm.Date).Scan(nil); err == nil || !strings.Contains(err.Error(), "declare the field as a pointer, *orm.Date") {
		t.Errorf("NULL gives %v", err)
	}
}

// TestClocksComeBack goes through each form of a time of day.
func TestClocksComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := drawTime(t, "at")
		v := orm.TimeOfDayOf(at)
		h, m, s, micro := v.Parts()
		if made, err := orm.NewTimeOfDay(h, m, s, micro); err != nil || made != v {
			t.Fatalf("NewTimeOfDay(%v) = %v, %v", v, made, err)
		}
		want := at.Format("15:04:05")
		if micro != 0 {
			want = at.Format("15:04:05.000000")
		}
		if v.String() != want {
			t.Fatalf("%v is written as %v", at, v)
		}
		stored, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range []any{stored, []byte(stored.(string)), at} {
			var back orm.TimeOfDay
			if err := back.Scan(src); err != nil || back != v {
				t.Fatalf("%v comes back from %T as %v, %v", v, src, back, err)
			}
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back orm.TimeOfDay
		if err := json.Unmarshal(text, &back); err != nil || back != v {
			t.Fatalf("%v comes back from JSON as %v, %v", v, back, err)
		}
		if other := orm.TimeOfDayOf(drawTime(t, "other")); v.Cmp(other) != strings.Compare(six(v), six(other)) {
			t.Fatalf("%v <=> %v is %d", v, other, v.Cmp(other))
		}
	})
}

// six is a time of day with all six digits of its fraction, which compare as text.
func six(v orm.TimeOfDay) string {
	text := v.String()
	if len(text) == len("00:00:00") {
		text += ".000000"
	}
	return text
}

// TestDurationsAddUp compares with whole numbers of microseconds.
func TestDurationsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := orm.Duration(rapid.Int64().Draw(t, "d"))
		days, seconds, micros := d.Parts()
		if seconds < 0 || seconds >= 86400 || micros < 0 || micros >= 1_000_000 {
			t.Fatalf("the parts of %d are %d, %d, %d", int64(d), days, seconds, micros)
		}
		if sum := orm.Duration(days)*orm.Day + orm.Duration(seconds)*orm.Second + orm.Duration(micros); sum != d {
			t.Fatalf("the parts of %d add up to %d", int64(d), int64(sum))
		}
		if e := orm.Duration(rapid.Int64().Draw(t, "e")); (d < e) != (d.Cmp(e) < 0) || (d == e) != (d.Cmp(e) == 0) {
			t.Fatalf("%d <=> %d is %d", int64(d), int64(e), d.Cmp(e))
		}
	})
}

// TestDurationsOfTheStandardLibrary goes there and back, and stops at its ends.
func TestDurationsOfTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		std := time.Duration(rapid.Int64().Draw(t, "std"))
		if back := orm.DurationOf(std).Std(); back != std.Truncate(time.Microsecond) {
			t.Fatalf("%v comes back as %v", std, back)
		}
	})
	for d, want := range map[orm.Duration]time.Duration{
		math.MaxInt64: math.MaxInt64 / 1000 * 1000, math.MinInt64: -(math.MaxInt64 / 1000 * 1000),
		math.MaxInt64 / 1000: math.MaxInt64 / 1000 * 1000, math.MaxInt64/1000 + 1: math.MaxInt64 / 1000 * 1000,
	} {
		if got := d.Std(); got != want {
			t.Errorf("%d microseconds are %d ns, want %d", int64(d), got, want)
		}
	}
}

func TestDurationScansText(t *testing.T) {
	for _, src := range []any{"1 day 02:00:00", []byte("1 02:00:00"), int64(93_600_000_000)} {
		var d orm.Duration
		if err := d.Scan(src); err != nil || d != 26*orm.Hour {
			t.Errorf("Scan(%T %s) = %v, %v", src, src, d, err)
		}
	}
	if err := new(orm.Duration).Scan([]byte("soon")); !errors.Is(err, orm.ErrDuration) {
		t.Errorf("text that is none gives %v", err)
	}
}

// TestIntervalsOfPostgresAreRead asks the server to write intervals, as far as they count in days.
func TestIntervalsOfPostgresAreRead(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Dialect() != orm.Postgres {
			t.Skip("SQLite has no intervals")
		}
		for _, d := range []orm.Duration{0, 1, -1, orm.Day - 1, orm.Day, -orm.Day, 36 * orm.Hour, -36 * orm.Hour, 400 * orm.Day, -400*orm.Day - 5, 999 * orm.Hour} {
			var back orm.Duration
			var text string
			row := db.SQL.QueryRowContext(t.Context(), "SELECT $1::interval, ($1::interval)::text", d)
			if err := row.Scan(&back, &text); err != nil || back != d {
				t.Errorf("%v comes back as %v, %v", d, back, err)
			}
			if parsed, err := orm.ParseDuration(text); err != nil || parsed != d {
				t.Errorf("%v is written as %q, which is %v, %v", d, text, parsed, err)
			}
		}
	})
}
