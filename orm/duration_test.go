package orm_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

func TestDurationString(t *testing.T) {
	for d, want := range map[orm.Duration]string{
		0:                                      "00:00:00",
		90 * orm.Second:                        "00:01:30",
		-orm.Hour:                              "-1 23:00:00",
		3*orm.Day + 4*orm.Hour + 5:             "3 04:00:00.000005",
		-orm.Microsecond:                       "-1 23:59:59.999999",
		orm.Duration(math.MaxInt64):            "106751991 04:00:54.775807",
		orm.Duration(math.MinInt64):            "-106751992 19:59:05.224192",
		orm.DurationOf(1500 * time.Nanosecond): "00:00:00.000001",
	} {
		if got := d.String(); got != want {
			t.Errorf("%d microseconds are %q, want %q", int64(d), got, want)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]orm.Duration{
		"00:01:30":                    90 * orm.Second,
		"1 02:03:04.5":                orm.Day + 2*orm.Hour + 3*orm.Minute + 4*orm.Second + 500*orm.Millisecond,
		"-1 23:59:59":                 -orm.Second,
		"-1 days +23:59:59":           -orm.Second,
		"-00:00:01":                   -orm.Second,
		"1 day":                       orm.Day,
		"1 year 2 mons -3 days":       (365 + 60 - 3) * orm.Day,
		"2 days 100:00:00":            2*orm.Day + 100*orm.Hour,
		"1 mon 1 day 00:00:00.000001": 31*orm.Day + 1,
	} {
		if got, err := orm.ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "5", "x", "1 week", "00:00", "00:60:00", "1 day x", "00:00:00 1", "1 1 00:00:00", "99999999999999 days", "106751992 days",
		"99999999999:00:00", "106751991 23:00:00", "1 day 2",
	} {
		if got, err := orm.ParseDuration(in); !errors.Is(err, orm.ErrDuration) {
			t.Errorf("ParseDuration(%q) = %v, %v; want ErrDuration", in, got, err)
		}
	}
}

func TestDurationTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := orm.Duration(rapid.Int64Range(math.MinInt64+int64(orm.Day), math.MaxInt64).Draw(t, "d"))
		if back, err := orm.ParseDuration(d.String()); err != nil || back != d {
			t.Fatalf("%v comes back as %v, %v", d, back, err)
		}
		stored, err := d.Value()
		if err != nil {
			t.Fatal(err)
		}
		var back orm.Duration
		if err := back.Scan(stored); err != nil || back != d {
			t.Fatalf("%v is stored as %v and comes back as %v, %v", d, stored, back, err)
		}
	})
}

func TestDurationConversions(t *testing.T) {
	if got := (90 * orm.Second).Std(); got != 90*time.Second {
		t.Errorf("Std gives %v", got)
	}
	if got := orm.Duration(math.MaxInt64).Std(); got < 290*365*24*time.Hour {
		t.Errorf("Std overflows to %v", got)
	}
	if got := (1500 * orm.Millisecond).Seconds(); got != 1.5 {
		t.Errorf("Seconds gives %v", got)
	}
	if orm.Second.Cmp(orm.Minute) != -1 {
		t.Error("Cmp does not order durations")
	}
	var d orm.Duration
	if err := d.Scan(int64(5)); err != nil || d != 5 {
		t.Errorf("Scan gives %v, %v", d, err)
	}
	if err := d.Scan(5.5); err == nil {
		t.Error("a float has no error")
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"1 02:03:04.5", "-1 days +23:59:59", "1 year 2 mons", "00:00:01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := orm.ParseDuration(s)
		if err != nil || d < orm.Duration(math.MinInt64)+orm.Day {
			return
		}
		if back, err := orm.ParseDuration(d.String()); err != nil || back != d {
			t.Errorf("%q is %v, which comes back as %v, %v", s, d, back, err)
		}
	})
}
