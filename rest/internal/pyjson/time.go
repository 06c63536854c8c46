package pyjson

import "time"

// AppendTime appends t as a JSON string, in the form of Python's datetime.isoformat: microseconds with six digits or not at all, and Z
// for UTC.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = appendDate(append(dst, '"'), t)
	hour, minute, second := t.Clock()
	dst = append2(append(dst, 'T'), hour)
	dst = append2(append(dst, ':'), minute)
	dst = append2(append(dst, ':'), second)
	if micro := t.Nanosecond() / 1000; micro != 0 {
		dst = append2(append(dst, '.'), micro/10_000)
		dst = append2(append2(dst, micro/100%100), micro%100)
	}
	dst = appendOffset(dst, t)
	return append(dst, '"')
}

func appendDate(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 { // Python has no such years
		return t.AppendFormat(dst, time.DateOnly)
	}
	dst = append2(append2(dst, year/100), year%100)
	dst = append2(append(dst, '-'), int(month))
	return append2(append(dst, '-'), day)
}

func appendOffset(dst []byte, t time.Time) []byte {
	_, offset := t.Zone()
	if offset == 0 {
		return append(dst, 'Z')
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = append2(append(dst, sign), offset/3600)
	dst = append2(append(dst, ':'), offset/60%60)
	if seconds := offset % 60; seconds != 0 {
		dst = append2(append(dst, ':'), seconds)
	}
	return dst
}

// append2 appends n, which is below 100, with two digits.
func append2(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
