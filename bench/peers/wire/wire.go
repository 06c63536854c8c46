// Package wire turns PostgreSQL's binary values into the JSON that Django REST Framework writes, for peers that have no
// framework to do it.
package wire

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// PostgresEpoch is 2000-01-01, from which PostgreSQL counts, in days since 1970.
const PostgresEpoch = 10957

const hexDigits = "0123456789abcdef"

// Int32 reads an integer or a date.
func Int32(b []byte) int32 { return int32(binary.BigEndian.Uint32(b)) }

// Int64 reads a bigint or a timestamp.
func Int64(b []byte) int64 { return int64(binary.BigEndian.Uint64(b)) }

// Float64 reads a double precision.
func Float64(b []byte) float64 { return math.Float64frombits(binary.BigEndian.Uint64(b)) }

func int16At(b []byte, at int) int { return int(int16(binary.BigEndian.Uint16(b[at:]))) }

// plain tells of each byte whether it stands in a JSON string as it is; 0xE2 may begin U+2028.
var plain = func() (table [256]bool) {
	for c := 0x20; c < len(table); c++ {
		table[c] = c != '"' && c != '\\' && c != 0xE2
	}
	return table
}()

// AppendString writes a JSON string as json.dumps(ensure_ascii=False) does, with DRF's escapes of U+2028 and U+2029.
func AppendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		escape, size := escapeOf(s[i:])
		if escape != "" {
			dst = append(append(dst, s[start:i]...), escape...)
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

// escapeOf is what stands for the first character of s, "" for itself, and its length.
func escapeOf(s []byte) (escape string, size int) {
	switch s[0] {
	case '"':
		return `\"`, 1
	case '\\':
		return `\\`, 1
	case '\n':
		return `\n`, 1
	case '\r':
		return `\r`, 1
	case '\t':
		return `\t`, 1
	case '\b':
		return `\b`, 1
	case '\f':
		return `\f`, 1
	}
	if s[0] < 0x20 {
		return `\u00` + string(hexDigits[s[0]>>4]) + string(hexDigits[s[0]&15]), 1
	}
	switch r, size := utf8.DecodeRune(s); r {
	case '\u2028':
		return `\u2028`, size
	case '\u2029':
		return `\u2029`, size
	default:
		return "", size
	}
}

// AppendNumeric writes PostgreSQL's binary numeric as decimal digits, with all its places.
func AppendNumeric(dst, b []byte) []byte {
	const header, nan, negative = 8, 0xC000, 0x4000
	digits, weight, sign, scale := int16At(b, 0), int16At(b, 2), binary.BigEndian.Uint16(b[4:]), int16At(b, 6)
	if sign == nan {
		return append(dst, "NaN"...)
	}
	if sign == negative {
		dst = append(dst, '-')
	}
	group := func(i int) int { // four decimal digits
		if i < 0 || i >= digits {
			return 0
		}
		return int16At(b, header+2*i)
	}
	whole := 0
	if weight >= 0 {
		whole = group(0)
	}
	dst = strconv.AppendInt(dst, int64(whole), 10)
	for i := 1; i <= weight; i++ {
		dst = four(dst, group(i))
	}
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	end := len(dst) + scale
	for i := weight + 1; len(dst) < end; i++ {
		dst = four(dst, group(i))
	}
	return dst[:end]
}

func two(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

func four(dst []byte, n int) []byte { return two(two(dst, n/100), n%100) }

// AppendDays writes days since 1970 as YYYY-MM-DD.
func AppendDays(dst []byte, days int64) []byte {
	year, month, day := civil(days)
	dst = two(append(four(dst, year), '-'), month)
	return two(append(dst, '-'), day)
}

// civil is the date of a day since 1970, by the algorithm of Howard Hinnant: years begin in March, eras have 400 years.
func civil(days int64) (year, month, day int) {
	const eraDays = 146097
	days += 719468 // since 0000-03-01
	era := days / eraDays
	if days < 0 {
		era = (days - eraDays + 1) / eraDays
	}
	ofEra := int(days - era*eraDays)
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	march := (5*ofYear + 2) / 153 // months since March
	year, month, day = yearOfEra+int(era)*400, march+3, ofYear-(153*march+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// AppendMicros writes microseconds since 1970 as DRF's ISO 8601 in UTC.
func AppendMicros(dst []byte, micros int64) []byte {
	day := (24 * time.Hour).Microseconds()
	days, rest := micros/day, micros%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	dst = append(AppendDays(dst, days), 'T')
	seconds, fraction := int(rest/1e6), int(rest%1e6)
	dst = append(two(dst, seconds/3600), ':')
	dst = append(two(dst, seconds/60%60), ':')
	dst = two(dst, seconds%60)
	if fraction != 0 {
		dst = four(two(append(dst, '.'), fraction/10000), fraction%10000)
	}
	return append(dst, 'Z')
}

// AppendFloat writes a float as Python's repr does.
func AppendFloat(dst []byte, f float64) []byte {
	const smallest, largest = 1e-4, 1e16 // of those without an exponent
	if abs := math.Abs(f); abs != 0 && (abs < smallest || abs >= largest) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if strings.IndexByte(string(dst[start:]), '.') >= 0 {
		return dst
	}
	return append(dst, ".0"...)
}

// AppendCompactJSON copies JSON text without the blanks between tokens.
func AppendCompactJSON(dst, text []byte) []byte {
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\' && i+1 < len(text):
			i++
			dst = append(dst, c, text[i])
			continue
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			continue
		}
		dst = append(dst, text[i])
	}
	return dst
}

// AppendUUID writes 16 bytes as hexadecimal digits with dashes.
func AppendUUID(dst, b []byte) []byte {
	for i, c := range b[:16] {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}
