package pyjson

import "unicode/utf8"

// AppendDumps appends a value of a parsed document as Python's json.dumps writes it when left to its defaults:
// ", " and ": " as separators, everything outside ASCII escaped, NaN, Infinity and -Infinity by name. It is what
// Django stores in a JSON column and what a binary JSON field shows.
func AppendDumps(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendASCII(dst, v)
	case float64:
		return appendDumpsFloat(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, item := range v {
			dst = AppendDumps(separate(dst, i), item)
		}
		return append(dst, ']')
	case *Dict:
		dst = append(dst, '{')
		for i, m := range v.members {
			dst = append(appendASCII(separate(dst, i), m.key), ": "...)
			dst = AppendDumps(dst, m.value)
		}
		return append(dst, '}')
	}
	return AppendValue(dst, v)
}

func separate(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ", "...)
	}
	return dst
}

func appendDumpsFloat(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case f-f != 0 && f > 0:
		return append(dst, "Infinity"...)
	case f-f != 0:
		return append(dst, "-Infinity"...)
	}
	return appendRepr(dst, f)
}

// appendASCII appends s as a JSON string of ASCII characters only.
func appendASCII(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		switch {
		case s[i] < utf8.RuneSelf:
			dst = appendASCIIByte(dst, s[i:i+1])
		case r >= 0x10000:
			dst = appendHex(dst, 0xd800+(r-0x10000)>>10)
			dst = appendHex(dst, 0xdc00+(r-0x10000)&0x3ff)
		default:
			dst = appendHex(dst, r)
		}
		i += size
	}
	return append(dst, '"')
}

func appendASCIIByte(dst []byte, s string) []byte {
	if s[0] == 0x7f {
		return appendHex(dst, 0x7f)
	}
	if plainByte(s[0]) {
		return append(dst, s[0])
	}
	return appendEscape(dst, s)
}

// decodeRune decodes the first character of s, also when it is a surrogate.
func decodeRune(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && isSurrogate(s) {
		return surrogate(s), 3
	}
	return r, size
}

// surrogate returns the code of the surrogate in its three byte form.
func surrogate(s string) rune { return rune(s[0]&0x0f)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f) }
