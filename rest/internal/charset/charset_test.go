package charset_test

import (
	"encoding/hex"
	"errors"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"utf-8", "h\u00e9", "hé"},
		{"UTF8", "h\u00e9", "hé"},
		{"latin-1", "h\xe9", "hé"},
		{"ISO-8859-1", "\x80", "\u0080"},
		{"cp1252", "\x80", "€"},
		{"windows-1252", "\x80", "€"},
		{"us-ascii", "abc", "abc"},
		{"utf-16", "\xff\xfea\x00", "a"},
		{"UTF 16 LE", "a\x00", "a"},
		{"utf-16-be", "\x00a", "a"},
		{"koi8-r", "\xc1", "а"},
		{"shift_jis", "\x82\xa0", "あ"},
		{"utf-8-sig", "\xef\xbb\xbfa", "a"},
	} {
		set, err := charset.Lookup(c.name)
		if err != nil {
			t.Errorf("Lookup(%q): %v", c.name, err)
			continue
		}
		if got, err := set.Decode([]byte(c.data)); got != c.want || err != nil {
			t.Errorf("%s of %q: got %q, %v, want %q", c.name, c.data, got, err, c.want)
		}
	}
}

// TestDecodeRefuses: sets of several bytes a character have a text of their own, without the place.
func TestDecodeRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want, replaced string }{
		{"shift_jis", "a\x82", "'shift_jis' codec can't decode the data: invalid sequence", "a\ufffd"},
		{"utf-16", "\xff\xfea", "'utf_16' codec can't decode the data: invalid sequence", "\ufffd"},
		{"utf-16-be", "\xd8\x00\x00a", "'utf_16_be' codec can't decode the data: invalid sequence", "\ufffda"},
		{"gbk", "\x81", "'gbk' codec can't decode the data: invalid sequence", "\ufffd"},
	} {
		set, err := charset.Lookup(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Decode([]byte(c.data)); err == nil || err.Error() != c.want {
			t.Errorf("%s of %q: got error %v, want %s", c.name, c.data, err, c.want)
		}
		if got := set.DecodeReplacing([]byte(c.data)); got != c.replaced {
			t.Errorf("%s of %q replaced: got %q, want %q", c.name, c.data, got, c.replaced)
		}
	}
}

// decoded is what the reference made of bytes.
type decoded struct{ Charset, Bytes, Text, Error, Replaced string }

func TestDecodeAsTheReference(t *testing.T) {
	for _, c := range referencetest.Rows[decoded](t, "decode.json") {
		data, err := hex.DecodeString(c.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		set, err := charset.Lookup(c.Charset)
		if err != nil {
			t.Errorf("Lookup(%q): %v", c.Charset, err)
			continue
		}
		text, err := set.Decode(data)
		switch {
		case c.Error != "" && (err == nil || err.Error() != c.Error):
			t.Errorf("%s of %x: got %q, error %v, want %s", c.Charset, data, text, err, c.Error)
		case c.Error == "" && (err != nil || text != c.Text):
			t.Errorf("%s of %x: got %q, error %v, want %q", c.Charset, data, text, err, c.Text)
		}
		if got := set.DecodeReplacing(data); got != c.Replaced {
			t.Errorf("%s of %x: got %q with replacements, want %q", c.Charset, data, got, c.Replaced)
		}
	}
}

// TestLookup gives the bytes of "hé" in UTF-8 to what is found under a name, as they were given to the reference.
func TestLookup(t *testing.T) {
	const data = "h\xc3\xa9"
	for want, names := range map[string][]string{
		"hé": {
			"UTF-8", "utf8", "Utf_8", "u8", "utf", "cp65001", "UTF 8", "  utf-8  ", "utf--8", "utf - 8", "utf-8-sig", "utf_8_sig", "-utf-8-",
		},
		"hÃ©": {
			"latin1", "LATIN-1", "latin 1", "l1", "iso8859-1", "ISO_8859-1", "iso8859_1", "8859", "cp819", "iso-8859-15", "latin9", "l9",
			"windows-1252", "1252", "cp1252",
		},
		"h\ufffd\ufffd": {"us-ascii", "ascii", "646", "ANSI_X3.4-1968", "iso646-us", "us", "cp367"},
		"써\ufffd":       {"utf16", "u16", "utf-16le", "utf-16_le", "UTF-16LE"},
		"棃\ufffd":       {"utf-16be", "utf_16_be"},
		"hц╘":           {"koi8-r", "koi8_r"},
		"hﾃｩ":           {"shift_jis", "shift-jis", "csshiftjis"},
		"h辿":            {"euc-jp"},
		"h茅":            {"gbk", "gb18030"},
		"hĂŠ":           {"iso-8859-2", "iso8859-2", "latin2"},
		"hУЉ":           {"iso8859-5", "cyrillic"},
		"hГ©":           {"windows-1251", "cp1251", "1251"},
		"h├й":           {"cp866", "ibm866"},
		"h√©":           {"macintosh", "mac-roman"},
	} {
		for _, name := range names {
			set, err := charset.Lookup(name)
			if got := set.DecodeReplacing([]byte(data)); err != nil || got != want {
				t.Errorf("%q: got %q, error %v, want %q", name, got, err, want)
			}
			if set.UTF8() && want != "hé" {
				t.Errorf("%q is taken for UTF-8", name)
			}
		}
	}
}

func TestLookupRefuses(t *testing.T) {
	for want, names := range map[error][]string{
		charset.ErrUnknown: {
			"", " ", "-", "klingon", "utf-8-klin", "utf-99", "iso-8859-99", "iso8859_99", "cp1259", "KOI8R", "mbcs", "x-user-defined", "é", "utf.8",
		},
		charset.ErrUnsupported: {
			"hex", "hex_codec", "bz2", "bz2_codec", "BZ2-Codec", "zlib", "zip", "ROT13", "rot-13", "base64", "base_64", "quopri",
			"quoted-printable", "uu", "uu_codec", "idna", "punycode", "undefined", "unicode_escape", "raw-unicode-escape", "utf-7",
		},
	} {
		for _, name := range names {
			if _, err := charset.Lookup(name); !errors.Is(err, want) {
				t.Errorf("Lookup(%q): got %v, want %v", name, err, want)
			}
		}
	}
}

// TestBrokenTakesWhatBelongsTogether: replacing goes over all bytes, and what is no part of a wrong sequence is kept.
func TestBrokenTakesWhatBelongsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOf(rapid.SampledFrom([]byte("a\x80\x90\x9f\xa0\xbf\xc1\xc2\xe0\xe2\xed\xef\xf0\xf1\xf4\xf5\xff"))).Draw(t, "data")
		at := charset.FirstBroken(data)
		if (at < 0) != utf8.Valid(data) || at > 0 && !utf8.Valid(data[:at]) {
			t.Fatalf("%x: first wrong byte at %d", data, at)
		}
		if at < 0 {
			return
		}
		n, reason := charset.Broken(data[at:])
		if n < 1 || n > 3 || at+n > len(data) || utf8.Valid(data[at:at+n]) {
			t.Fatalf("%x: %d bytes at %d: %s", data, n, at, reason)
		}
		if (reason == charset.EndOfData) && at+n != len(data) {
			t.Fatalf("%x: %d bytes at %d are not the end", data, n, at)
		}
		if got := (charset.Charset{}).DecodeReplacing(data[:at+n]); got != string(data[:at])+"\ufffd" {
			t.Fatalf("%x: got %q", data, got)
		}
	})
}

func FuzzLookup(f *testing.F) {
	f.Add("utf-8", []byte("h\xc3\xa9"))
	f.Add("latin-1", []byte("\xe9"))
	f.Add("utf-16", []byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		set, err := charset.Lookup(name)
		if err != nil {
			return
		}
		if text := set.DecodeReplacing(data); !utf8.ValidString(text) {
			t.Errorf("%q of %q is no text: %q", name, data, text)
		}
		if text, err := set.Decode(data); err == nil && !utf8.ValidString(text) {
			t.Errorf("%q of %q decoded to %q", name, data, text)
		}
	})
}
