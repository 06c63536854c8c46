package orm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
)

func TestParseTimeOfDay(t *testing.T) {
	for in, want := range map[string]string{
		"00:00": "00:00:00", "23:59:59": "23:59:59", "10:20:30.5": "10:20:30.500000", "10:20:30.000001": "10:20:30.000001",
		"10:20:30.000000": "10:20:30",
	} {
		got, err := orm.ParseTimeOfDay(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseTimeOfDay(%q) = %v, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "24:00", "10", "10:60", "10:20:60", "1:20", "10:20:30.", "10:20:30.1234567", "10:20.5", "10:20:30.5x", "-1:20", "10:20:30:40"} {
		if got, err := orm.ParseTimeOfDay(in); !errors.Is(err, orm.ErrTimeOfDay) {
			t.Errorf("ParseTimeOfDay(%q) = %v, %v; want ErrTimeOfDay", in, got, err)
		}
	}
}

func TestTimeOfDayParts(t *testing.T) {
	v := orm.TimeOfDayOf(time.Date(2024, 1, 1, 13, 14, 15, 16999, time.FixedZone("", 7200)))
	h, m, s, micro := v.Parts()
	if h != 13 || m != 14 || s != 15 || micro != 16 {
		t.Errorf("the parts are %d %d %d %d", h, m, s, micro)
	}
	if v.Cmp(orm.TimeOfDay{}) != 1 || (orm.TimeOfDay{}).Cmp(v) != -1 || v.Cmp(v) != 0 {
		t.Error("Cmp does not order times")
	}
	for _, wrong := range [][4]int{{24, 0, 0, 0}, {0, 60, 0, 0}, {0, 0, 60, 0}, {0, 0, 0, 1_000_000}, {-1, 0, 0, 0}} {
		if _, err := orm.NewTimeOfDay(wrong[0], wrong[1], wrong[2], wrong[3]); !errors.Is(err, orm.ErrTimeOfDay) {
			t.Errorf("NewTimeOfDay(%v): %v", wrong, err)
		}
	}
}

func TestTimeOfDayScan(t *testing.T) {
	for _, src := range []any{"10:20:30.5", []byte("10:20:30.500000"), time.Date(1, 1, 1, 10, 20, 30, 5e8, time.UTC)} {
		var v orm.TimeOfDay
		if err := v.Scan(src); err != nil || v.String() != "10:20:30.500000" {
			t.Errorf("Scan(%T %v) = %v, %v", src, src, v, err)
		}
	}
	if err := new(orm.TimeOfDay).Scan(nil); err == nil {
		t.Error("NULL has no error")
	}
}
