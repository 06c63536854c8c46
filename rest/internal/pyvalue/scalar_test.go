package pyvalue_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

// answer is what the reference made of the JSON document In: the repr of a value, or an error code.
type answer struct{ In, Out, Code string }

// check compares the answers of a file with those of read.
func check(t *testing.T, file string, read func(v any) (repr string, code pyvalue.Code)) {
	t.Helper()
	for _, c := range referencetest.Rows[answer](t, file) {
		got := answer{In: c.In}
		repr, code := read(referencetest.Parse(t, c.In))
		if got.Code = string(code); code == pyvalue.Accepted {
			got.Out = repr
		}
		if got != c {
			t.Errorf("%s: got %+v, want %+v", file, got, c)
		}
	}
}

func TestIntegerAsTheReference(t *testing.T) {
	check(t, "integer.json", func(v any) (string, pyvalue.Code) {
		n, code := pyvalue.Integer(v)
		return n.String(), code
	})
}

func TestFloatAsTheReference(t *testing.T) {
	check(t, "float.json", func(v any) (string, pyvalue.Code) {
		f, code := pyvalue.Float(v)
		return pyjson.Repr(f), code
	})
}

func TestUUIDAsTheReference(t *testing.T) {
	check(t, "uuid.json", func(v any) (string, pyvalue.Code) {
		id, code := pyvalue.UUID(v)
		return "UUID('" + id.String() + "')", code
	})
}

func TestUUIDFormatsAsTheReference(t *testing.T) {
	for _, c := range referencetest.Rows[map[string]string](t, "uuid_format.json") {
		id := uuid.MustParse(c["id"])
		for _, f := range []pyvalue.UUIDFormat{pyvalue.UUIDHexVerbose, pyvalue.UUIDHex, pyvalue.UUIDInt, pyvalue.UUIDURN} {
			if got := string(pyvalue.AppendUUID(nil, id, f)); got != c[string(f)] {
				t.Errorf("%s: got %s, want %s", f, got, c[string(f)])
			}
		}
	}
}

func TestBooleanAsTheReference(t *testing.T) {
	type row struct{ In, Out, Code, Null string }
	for _, c := range referencetest.Rows[row](t, "boolean.json") {
		v := referencetest.Parse(t, c.In)
		strict := describe(pyvalue.Boolean(v, false))
		if want := c.Out + c.Code; strict != want {
			t.Errorf("%s: got %s, want %s", c.In, strict, want)
		}
		if got := describe(pyvalue.Boolean(v, true)); got != c.Null {
			t.Errorf("%s with null: got %s, want %s", c.In, got, c.Null)
		}
	}
}

func describe(value, null bool, code pyvalue.Code) string {
	switch {
	case code != pyvalue.Accepted:
		return string(code)
	case null:
		return "None"
	}
	return pyjson.Repr(value)
}

func TestTextAsTheReference(t *testing.T) {
	type outcome struct {
		Out   *raw
		Codes []string
	}
	type row struct {
		In         string
		Trim, Keep outcome
	}
	for _, c := range referencetest.Rows[row](t, "text.json") {
		for trim, want := range map[bool]outcome{true: c.Trim, false: c.Keep} {
			s, code := pyvalue.Text(referencetest.Parse(t, c.In), trim)
			got := outcome{Codes: codesOf(s, code)}
			if got.Codes == nil {
				got.Out = (*raw)(&s)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, trim %v: %s", c.In, trim, diff)
			}
		}
	}
}

func codesOf(s string, code pyvalue.Code) (codes []string) {
	if code != pyvalue.Accepted {
		return []string{string(code)}
	}
	more, _ := pyvalue.Characters(s)
	for _, c := range more {
		codes = append(codes, string(c))
	}
	return codes
}

func TestCharactersNamesTheFirstSurrogate(t *testing.T) {
	cases := map[string]rune{"a\xed\x9f\xbfb\xed\xb0\x81\xed\xa0\x80": 0xdc01, "\xed\x9f\xbf": 0, "é": 0, "": 0}
	for in, want := range cases {
		if _, got := pyvalue.Characters(in); got != want {
			t.Errorf("%q: got U+%X, want U+%X", in, got, want)
		}
	}
}

func TestAddressAsTheReference(t *testing.T) {
	type outcome struct{ Out, Error string }
	type row struct {
		In               string
		Both, Ipv4, Ipv6 outcome
	}
	messages := map[pyvalue.Code]string{
		pyvalue.Blank:   "This field may not be blank.",
		pyvalue.Invalid: "Enter a valid IPv4 or IPv6 address.",
	}
	for _, c := range referencetest.Rows[row](t, "address.json") {
		if c.In == "null" {
			continue
		}
		want := map[pyvalue.Protocol]outcome{pyvalue.IPv4OrIPv6: c.Both, pyvalue.IPv4: c.Ipv4, pyvalue.IPv6: c.Ipv6}
		for p, want := range want {
			ip, valid, code := pyvalue.Address(referencetest.Parse(t, c.In), p, true)
			got := outcome{Out: ip}
			switch {
			case code != pyvalue.Accepted:
				got = outcome{Error: messages[code]}
			case !valid:
				got = outcome{Error: "Enter a valid " + p.Name() + " address."}
			}
			if got != want {
				t.Errorf("%s as %s: got %+v, want %+v", c.In, p, got, want)
			}
		}
	}
}

func TestEmailAndURLAsTheReference(t *testing.T) {
	type row struct {
		In raw
		OK bool
	}
	v := pyvalue.NewValidators()
	for file, valid := range map[string]func(string) bool{"email.json": v.Email, "url.json": v.URL} {
		for _, c := range referencetest.Rows[row](t, file) {
			if got := valid(string(c.In)); got != c.OK {
				t.Errorf("%s: %q: got %v, want %v", file, c.In, got, c.OK)
			}
		}
	}
}

func TestSlugAsTheReference(t *testing.T) {
	type row struct {
		In                    raw
		Field, Unicode, Model bool
	}
	for _, c := range referencetest.Rows[row](t, "slug.json") {
		s := string(c.In)
		got := row{c.In, pyvalue.ValidSlug(s, true), pyvalue.ValidUnicodeSlug(s), pyvalue.ValidSlug(s, false)}
		if got != c {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
}

// colour is a named type as models use for choices.
type colour string

func TestChoices(t *testing.T) {
	c := pyvalue.NewChoices(colour("r"), "g", 1, int64(2), true, 2.5)
	cases := []struct {
		doc  string
		want any
	}{
		{`"r"`, colour("r")},
		{`"g"`, "g"},
		{`1`, 1},
		{`"1"`, 1},
		{`2`, int64(2)},
		{`"True"`, true},
		{`true`, true},
		{`"2.5"`, 2.5},
		{`2.0`, nil},
		{`1.0`, nil},
		{`"R"`, nil},
		{`["r"]`, nil},
		{`null`, nil},
	}
	for _, k := range cases {
		got, ok := c.Find(referencetest.Parse(t, k.doc))
		if got != k.want || ok != (k.want != nil) {
			t.Errorf("%s: got %#v, %v, want %#v", k.doc, got, ok, k.want)
		}
	}
	if got := pyvalue.ChoiceText(referencetest.Parse(t, `["r",null]`)); got != "['r', None]" {
		t.Errorf("ChoiceText: got %s", got)
	}
}

func TestLongTextOfManyBytesIsCountedInCharacters(t *testing.T) {
	if _, code := pyvalue.Float(strings.Repeat("１", 301)); code != pyvalue.Accepted {
		t.Errorf("301 digits of three bytes: %s", code)
	}
}

func TestScalarsDoNotAllocate(t *testing.T) {
	id := uuid.New()
	values := []any{"on", " 12 ", "1.5", "plain", pyjson.NewInt(7), id.String()}
	dst := make([]byte, 0, 128)
	n := testing.AllocsPerRun(100, func() {
		pyvalue.Boolean(values[0], false)
		pyvalue.Integer(values[1])
		pyvalue.Integer(values[4])
		pyvalue.Float(values[2])
		s, _ := pyvalue.Text(values[3], true)
		pyvalue.Characters(s)
		_ = pyvalue.ValidSlug(s, true)
		dst = pyvalue.AppendUUID(dst[:0], id, pyvalue.UUIDURN)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
