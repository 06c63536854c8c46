package orm

import (
	"database/sql/driver"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// CheckNamedValue turns Go values into what Django stores; database/sql calls it for each argument.
func (c *sqliteConn) CheckNamedValue(nv *driver.NamedValue) error {
	if v, ok := sqliteValue(nv.Value); ok {
		nv.Value = v
		return nil
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(nv.Value)
	if err != nil {
		return err
	}
	if t, ok := v.(time.Time); ok {
		v = sqliteTime(t)
	}
	nv.Value = v
	return nil
}

// sqliteValue converts the types whose own Value is meant for PostgreSQL; ok is false for all others.
func sqliteValue(v any) (value driver.Value, ok bool) {
	switch v := v.(type) {
	case time.Time:
		return sqliteTime(v), true
	case *time.Time:
		return derefValue(v), true
	case uuid.UUID:
		return hex.EncodeToString(v[:]), true
	case *uuid.UUID:
		return derefValue(v), true
	case uuid.NullUUID:
		if !v.Valid {
			return nil, true
		}
		return hex.EncodeToString(v.UUID[:]), true
	case Duration:
		return int64(v), true
	case *Duration:
		return derefValue(v), true
	}
	return nil, false
}

func derefValue[T any](p *T) driver.Value {
	if p == nil {
		return nil
	}
	v, _ := sqliteValue(*p)
	return v
}

// sqliteTime is Django's text of a time: UTC, with six digits of a fraction unless it is zero.
func sqliteTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/1000 == 0 {
		return t.Format("2006-01-02 15:04:05")
	}
	return t.Format("2006-01-02 15:04:05.000000")
}

// sqliteTimeLayouts are the forms of times in SQLite's own functions, with and without a zone.
var sqliteTimeLayouts = []string{
	"2006-01-02 15:04:05.999999999", "2006-01-02",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04", "2006-01-02T15:04",
}

// parseSQLiteTime reads a date or time, which is UTC where the text names no zone; ok is false for any other text.
func parseSQLiteTime(text []byte) (t time.Time, ok bool) {
	if t, ok := parseDjangoTime(text); ok {
		return t, true
	}
	for _, layout := range sqliteTimeLayouts {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseDjangoTime reads "2006-01-02 15:04:05.999999", with or without its fraction or the time; ok is false for any other
// text, days that do not exist among them.
func parseDjangoTime(text []byte) (t time.Time, ok bool) {
	const days, seconds, micros = len("2006-01-02"), len("2006-01-02 15:04:05"), len("2006-01-02 15:04:05.999999")
	if len(text) != days && len(text) != seconds && len(text) != micros {
		return t, false
	}
	ok = text[4] == '-' && text[7] == '-'
	year, month, day := digits(text[:4], &ok), digits(text[5:7], &ok), digits(text[8:10], &ok)
	hour, minute, second, fraction := 0, 0, 0, 0
	if len(text) > days {
		ok = ok && text[10] == ' ' && text[13] == ':' && text[16] == ':'
		hour, minute, second = digits(text[11:13], &ok), digits(text[14:16], &ok), digits(text[17:19], &ok)
	}
	if len(text) == micros {
		ok = ok && text[seconds] == '.'
		fraction = digits(text[seconds+1:], &ok)
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, fraction*1000, time.UTC)
	return t, ok && month == int(t.Month()) && day == t.Day() && hour < 24 && minute < 60 && second < 60
}

// digits reads a number of digits only; another character makes ok false.
func digits(text []byte, ok *bool) (n int) {
	for _, c := range text {
		*ok = *ok && c >= '0' && c <= '9'
		n = n*10 + int(c-'0')
	}
	return n
}
