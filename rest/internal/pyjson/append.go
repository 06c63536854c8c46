package pyjson

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// AppendString appends s as a JSON string: characters as they are, except for quotes, backslashes, control
// characters and U+2028/U+2029. A lone surrogate is written as an escape, other wrong bytes as U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := endOfPlain([]byte(s), 0); i < len(s); i = endOfPlain([]byte(s), i) {
		size := 1
		if s[i] >= utf8.RuneSelf {
			if size = plainRune(s[i:]); size > 0 {
				i += size
				continue
			}
			size = -size
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, s[i:i+size])
		i += size
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// endOfPlain is where the characters of ASCII that need no escape end which stand in s from i on.
func endOfPlain(s []byte, i int) int {
	for i+8 <= len(s) && arePlain(binary.LittleEndian.Uint64(s[i:])) {
		i += 8
	}
	for i < len(s) && plainByte(s[i]) {
		i++
	}
	return i
}

// arePlain is plainByte of eight bytes at once: where one of them is not plain, the highest bit of a byte is set in one of the terms.
func arePlain(w uint64) bool {
	const each = 0x0101010101010101
	control, quote, backslash := w-each*' ', w^each*'"'-each, w^each*'\\'-each
	return (w|control|quote|backslash)&(each*utf8.RuneSelf) == 0
}

// plainByte reports whether an ASCII byte needs no escape.
func plainByte(c byte) bool { return c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' }

// plainRune returns the length of the character at the start of s, negative when it must be escaped.
func plainRune(s string) int {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == '\u2028' || r == '\u2029':
		return -size
	case r != utf8.RuneError || size > 1:
		return size
	case isSurrogate(s):
		return -3
	}
	return -1
}

func isSurrogate(s string) bool {
	return len(s) >= 3 && s[0] == 0xed && s[1] >= 0xa0 && s[1] <= 0xbf && s[2]&0xc0 == 0x80
}

// appendEscape appends the escape sequence of the one character s.
func appendEscape(dst []byte, s string) []byte {
	switch s[0] {
	case '"', '\\':
		return append(dst, '\\', s[0])
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if len(s) == 3 {
		return appendHex(dst, surrogate(s))
	}
	if s[0] < utf8.RuneSelf {
		return appendHex(dst, rune(s[0]))
	}
	return utf8.AppendRune(dst, utf8.RuneError)
}

func appendHex(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// AppendFloat appends f in the notation of Python's repr: the shortest text that reads back the same, with ".0" when
// it would look like an integer, with an exponent below 1e-4 and from 1e16 on. Numbers that are not finite have no
// JSON form and are written as null; see Finite.
func AppendFloat(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	return appendRepr(dst, f)
}

// appendRepr appends repr(f), also of numbers that are not finite.
func appendRepr(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' {
			return dst
		}
	}
	return append(dst, '.', '0')
}

// AppendBool appends true or false.
func AppendBool(dst []byte, b bool) []byte { return strconv.AppendBool(dst, b) }
