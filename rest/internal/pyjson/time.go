package pyjson

import "time"

// AppendTime appends t as a JSON string, in the form of Python's datetime.isoformat: microseconds with six digits or not at all, and Z
// for UTC.
func AppendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	if micro := t.Nanosecond() / 1000; micro != 0 {
		dst = append(dst, '.')
		dst = appendDigits(dst, micro, 6)
	}
	dst = appendOffset(dst, t)
	return append(dst, '"')
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
	dst = appendDigits(append(dst, sign), offset/3600, 2)
	dst = appendDigits(append(dst, ':'), offset/60%60, 2)
	if seconds := offset % 60; seconds != 0 {
		dst = appendDigits(append(dst, ':'), seconds, 2)
	}
	return dst
}

// appendDigits appends n with leading zeros, width digits in all.
func appendDigits(dst []byte, n, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}
