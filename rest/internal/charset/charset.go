// Package charset decodes text in the character sets a request may name, under the names Python knows them by.
package charset

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// ErrUnknown says that nobody knows a character set of that name; such a name is ignored in a Content-Type.
var ErrUnknown = errors.New("charset: unknown name")

// ErrUnsupported says that Python has a codec of that name which cannot or should not decode a request: the ones that
// turn bytes into bytes (they would unpack a small body into a huge one) and a few of no use for text.
var ErrUnsupported = errors.New("charset: codec cannot be used for a request")

// Charset is one character set. The zero value is UTF-8.
type Charset struct {
	name string
	enc  encoding.Encoding // nil for UTF-8 and ASCII
}

// ascii is the canonical name of the one set besides UTF-8 that needs no table.
const ascii = "ascii"

// Lookup finds a character set by any of its usual names, in any case and with "-", "_" or blanks between the parts.
// The error is ErrUnknown or ErrUnsupported.
func Lookup(name string) (Charset, error) {
	key := normalize(name)
	if canonical, ok := aliases[key]; ok {
		key = canonical
	}
	switch {
	case key == "utf_8":
		return Charset{}, nil
	case key == ascii:
		return Charset{name: ascii}, nil
	case unsupported[key]:
		return Charset{}, ErrUnsupported
	}
	if enc, ok := encodings[key]; ok {
		return Charset{name: key, enc: enc}, nil
	}
	for _, known := range []string{key, strings.ReplaceAll(key, "_", "-"), registered(key)} {
		if enc, err := ianaindex.IANA.Encoding(known); err == nil && enc != nil {
			return Charset{name: key, enc: enc}, nil
		}
	}
	return Charset{}, ErrUnknown
}

// registered is the name under which IANA knows what Python calls "iso8859_2" or "cp1250".
func registered(key string) string {
	if part, ok := strings.CutPrefix(key, "iso8859_"); ok {
		return "iso-8859-" + part
	}
	if page, ok := strings.CutPrefix(key, "cp125"); ok {
		return "windows-125" + page
	}
	return key
}

// normalize brings a name into the form of the tables: "ISO-8859-1" is "iso_8859_1". Whatever stands between the parts of
// a name, and however much of it, counts as one "_".
func normalize(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(parts, "_")
}

var aliases = map[string]string{
	"utf8": "utf_8", "u8": "utf_8", "utf": "utf_8", "cp65001": "utf_8", "utf8_ucs2": "utf_8", "utf8_ucs4": "utf_8",
	"us_ascii": ascii, "646": ascii, "ansi_x3.4_1968": ascii, "iso646_us": ascii, "us": ascii, "cp367": ascii,
	"latin1": "latin_1", "latin": "latin_1", "l1": "latin_1", "iso8859_1": "latin_1", "iso_8859_1": "latin_1",
	"iso8859": "latin_1", "8859": "latin_1", "cp819": "latin_1",
	"windows_1252": "cp1252", "1252": "cp1252", "windows_1251": "cp1251", "1251": "cp1251",
	"latin9": "iso8859_15", "iso_8859_15": "iso8859_15", "l9": "iso8859_15",
	"mac_roman": "macintosh", "macroman": "macintosh", "cyrillic": "iso8859_5", "greek": "iso8859_7", "latin2": "iso8859_2",
	"utf16": "utf_16", "u16": "utf_16", "utf16_le": "utf_16_le", "utf_16le": "utf_16_le",
	"utf16_be": "utf_16_be", "utf_16be": "utf_16_be", "utf32": "utf_32", "u32": "utf_32",
	"bz2_codec": "bz2", "zlib_codec": "zlib", "zip": "zlib", "hex_codec": "hex", "base64_codec": "base64", "base_64": "base64",
	"quopri_codec": "quopri", "quoted_printable": "quopri", "uu_codec": "uu", "rot13": "rot_13",
}

var encodings = map[string]encoding.Encoding{
	"latin_1":    charmap.ISO8859_1,
	"cp1252":     charmap.Windows1252,
	"cp1251":     charmap.Windows1251,
	"iso8859_15": charmap.ISO8859_15,
	"utf_16":     xunicode.UTF16(xunicode.LittleEndian, xunicode.UseBOM),
	"utf_16_le":  xunicode.UTF16(xunicode.LittleEndian, xunicode.IgnoreBOM),
	"utf_16_be":  xunicode.UTF16(xunicode.BigEndian, xunicode.IgnoreBOM),
	"utf_32":     utf32.UTF32(utf32.LittleEndian, utf32.UseBOM),
	"utf_8_sig":  xunicode.UTF8BOM,
}

var unsupported = map[string]bool{
	"bz2": true, "zlib": true, "hex": true, "base64": true, "quopri": true, "uu": true, "rot_13": true,
	"idna": true, "punycode": true, "undefined": true, "unicode_escape": true, "raw_unicode_escape": true, "utf_7": true,
}

// UTF8 tells whether c is UTF-8, which needs no decoding.
func (c Charset) UTF8() bool { return c.name == "" }

// Decode turns data into text; a byte that has no meaning is an error in Python's words.
func (c Charset) Decode(data []byte) (string, error) {
	if i := c.wrong(data); i >= 0 {
		return "", c.wrongByte(data, i)
	}
	text := c.DecodeReplacing(data)
	if c.multibyte() && strings.ContainsRune(text, utf8.RuneError) {
		return "", fmt.Errorf("'%s' codec can't decode the data: invalid sequence", c.codec())
	}
	return text, nil
}

// DecodeReplacing turns data into text; what has no meaning becomes U+FFFD.
func (c Charset) DecodeReplacing(data []byte) string {
	switch {
	case c.UTF8():
		return replaceBroken(data)
	case c.enc == nil:
		return asciiOnly(data)
	}
	text, err := c.enc.NewDecoder().Bytes(data)
	if err != nil {
		return replaceBroken(data)
	}
	return string(text)
}

// Latin1 decodes ISO 8859-1, in which every byte is a character.
func Latin1(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// asciiOnly replaces every byte above 0x7f.
func asciiOnly(data []byte) string {
	var b strings.Builder
	for _, c := range data {
		if c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

func (c Charset) multibyte() bool {
	_, single := c.enc.(*charmap.Charmap)
	return c.enc != nil && !single
}

// wrong is the position of the first byte of data that has no meaning, -1 for none or in sets of several bytes a character.
func (c Charset) wrong(data []byte) int {
	if c.UTF8() {
		return FirstBroken(data)
	}
	table, single := c.enc.(*charmap.Charmap)
	for i, b := range data {
		if c.name == ascii && b >= utf8.RuneSelf || single && table.DecodeByte(b) == utf8.RuneError {
			return i
		}
	}
	return -1
}

func (c Charset) wrongByte(data []byte, at int) error {
	if c.UTF8() {
		n, reason := Broken(data[at:])
		return BrokenError(data, at, n, reason)
	}
	reason := "character maps to <undefined>"
	if c.name == ascii {
		reason = "ordinal not in range(128)"
	}
	return fmt.Errorf("'%s' codec can't decode byte 0x%02x in position %d: %s", c.codec(), data[at], at, reason)
}

// codec is the name in Python's messages.
func (c Charset) codec() string {
	if _, single := c.enc.(*charmap.Charmap); single {
		return "charmap"
	}
	if c.UTF8() {
		return "utf-8"
	}
	return c.name
}
