package charset

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// EndOfData is what is wrong with a character that data ends in the middle of.
const EndOfData = "unexpected end of data"

// Broken describes bytes that are no UTF-8: how many at the start of data may have been one character, which are replaced
// together, and what is wrong with them in Python's words. data must begin with a wrong byte.
func Broken(data []byte) (n int, reason string) {
	want := sequenceLength(data[0])
	if want == 0 {
		return 1, "invalid start byte"
	}
	for n = 1; n < want; n++ {
		if n == len(data) {
			return n, EndOfData
		}
		if !continues(data, n) {
			break
		}
	}
	return n, "invalid continuation byte"
}

// BrokenError is Python's text for the n wrong bytes of data at a position.
func BrokenError(data []byte, at, n int, reason string) error {
	if n == 1 {
		return fmt.Errorf("'utf-8' codec can't decode byte 0x%02x in position %d: %s", data[at], at, reason)
	}
	return fmt.Errorf("'utf-8' codec can't decode bytes in position %d-%d: %s", at, at+n-1, reason)
}

// FirstBroken is the position of the first byte of data that is no UTF-8, -1 for none.
func FirstBroken(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// replaceBroken decodes UTF-8 with one U+FFFD for the wrong bytes that belong together.
func replaceBroken(data []byte) string {
	var b strings.Builder
	for {
		at := FirstBroken(data)
		if at < 0 {
			b.Write(data)
			return b.String()
		}
		b.Write(data[:at])
		b.WriteRune(utf8.RuneError)
		n, _ := Broken(data[at:])
		data = data[at+n:]
	}
}

func sequenceLength(lead byte) int {
	switch {
	case lead >= 0xc2 && lead <= 0xdf:
		return 2
	case lead >= 0xe0 && lead <= 0xef:
		return 3
	case lead >= 0xf0 && lead <= 0xf4:
		return 4
	}
	return 0
}

// continues reports whether b[n] may stand after the bytes before it.
func continues(b []byte, n int) bool {
	low, high := byte(0x80), byte(0xbf)
	if n == 1 {
		switch b[0] {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	}
	return b[n] >= low && b[n] <= high
}
