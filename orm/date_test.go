package orm_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
)

func TestParseDate(t *testing.T) {
	for in, ok := range map[string]bool{
		"2024-02-29": true, "0001-01-01": true, "9999-12-31": true,
		"2023-02-29": false, "0000-01-01": false, "2024-13-01": false, "2024-00-01": false, "2024-01-32": false, "2024-1-01": false,
		"20240101": false, "2024-01-01 ": false, "+024-01-01": false, "2024/01/01": false, "": false, "２024-01-01": false,
	} {
		d, err := orm.ParseDate(in)
		if ok && (err != nil || d.String() != in) {
			t.Errorf("ParseDate(%q) = %v, %v", in, d, err)
		}
		if !ok && !errors.Is(err, orm.ErrDate) {
			t.Errorf("ParseDate(%q) = %v, %v; want ErrDate", in, d, err)
		}
	}
}

func TestDateOfUsesTheClocksOwnZone(t *testing.T) {
	late := time.Date(2026, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600))
	if got := orm.DateOf(late).String(); got != "2026-01-01" {
		t.Errorf("DateOf gives %s", got)
	}
	if got := orm.DateOf(late.UTC()).String(); got != "2025-12-31" {
		t.Errorf("DateOf in UTC gives %s", got)
	}
}

func TestDateArithmetic(t *testing.T) {
	d, err := orm.NewDate(2024, 2, 28)
	if err != nil {
		t.Fatal(err)
	}
	next, ok := d.AddDays(2)
	if y, m, day := next.Parts(); !ok || y != 2024 || m != 3 || day != 1 {
		t.Errorf("two days after %v is %v", d, next)
	}
	if d.Cmp(next) != -1 || next.Cmp(d) != 1 || d.Cmp(d) != 0 {
		t.Error("Cmp does not order days")
	}
	if next.DaysSince(d) != 2 || d.DaysSince(next) != -2 {
		t.Error("DaysSince counts wrong")
	}
	if d.Weekday() != time.Wednesday {
		t.Errorf("%v is a %v", d, d.Weekday())
	}
	zone := time.FixedZone("", 3600)
	if got := d.Time(zone); !got.Equal(time.Date(2024, 2, 28, 0, 0, 0, 0, zone)) {
		t.Errorf("Time gives %v", got)
	}
	if _, ok := (orm.Date{}).AddDays(-1); ok {
		t.Error("there is a day before 0001-01-01")
	}
	if _, ok := d.AddDays(4_000_000); ok {
		t.Error("there is a day after 9999-12-31")
	}
}

func TestDateScan(t *testing.T) {
	for _, src := range []any{"2024-05-06", []byte("2024-05-06"), "2024-05-06 10:00:00", time.Date(2024, 5, 6, 23, 0, 0, 0, time.UTC)} {
		var d orm.Date
		if err := d.Scan(src); err != nil || d.String() != "2024-05-06" {
			t.Errorf("Scan(%T %v) = %v, %v", src, src, d, err)
		}
	}
	for _, src := range []any{nil, "x", "infinity", 7} {
		if err := new(orm.Date).Scan(src); err == nil {
			t.Errorf("Scan(%v) has no error", src)
		}
	}
}

func TestTextTypesInJSON(t *testing.T) {
	type all struct {
		D orm.Date
		T orm.TimeOfDay
		S orm.Duration
		J orm.JSON
		N orm.JSON
	}
	const text = `{"D":"2024-05-06","T":"10:00:00.000001","S":"-1 23:00:00","J":{"a":[1,2]},"N":null}`
	var v all
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	back, err := json.Marshal(v)
	if err != nil || string(back) != text {
		t.Errorf("comes back as %s, %v", back, err)
	}
	for _, wrong := range []string{`{"D":"6.5.2024"}`, `{"T":"25:00"}`, `{"S":"soon"}`} {
		if err := json.Unmarshal([]byte(wrong), new(all)); err == nil {
			t.Errorf("%s has no error", wrong)
		}
	}
}
