package pyjson_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

func TestAppendFloatAsTheReference(t *testing.T) {
	type row struct{ Bits, Text string }
	for _, c := range referencetest.Rows[row](t, "float.json") {
		bits, err := strconv.ParseUint(c.Bits, 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(pyjson.AppendFloat(nil, math.Float64frombits(bits))); got != c.Text {
			t.Errorf("got %s, want %s", got, c.Text)
		}
	}
}

func TestStringsAsTheReference(t *testing.T) {
	type row struct {
		Repr, Dumps string
		Out         *string
	}
	for _, c := range referencetest.Rows[row](t, "string.json") {
		s := referencetest.Parse(t, c.Dumps).(string)
		if got := pyjson.Repr(s); got != c.Repr {
			t.Errorf("repr: got %s, want %s", got, c.Repr)
		}
		if got := string(pyjson.AppendDumps(nil, s)); got != c.Dumps {
			t.Errorf("dumps: got %s, want %s", got, c.Dumps)
		}
		if pyjson.HasSurrogate(s) != (c.Out == nil) {
			t.Errorf("%s: HasSurrogate is %v", c.Dumps, pyjson.HasSurrogate(s))
		}
		if got := string(pyjson.AppendString(nil, s)); c.Out != nil && got != *c.Out {
			t.Errorf("rendered: got %s, want %s", got, *c.Out)
		}
	}
}

// TestEveryByteAtEveryPlace takes each byte as part of longer texts, which are read several bytes at a time.
func TestEveryByteAtEveryPlace(t *testing.T) {
	const plain = "the plain text of ASCII"
	for c := range 256 {
		alone := pyjson.AppendString(nil, string([]byte{byte(c)}))
		for at := range len(plain) {
			in, want := plain[:at]+string([]byte{byte(c)})+plain[at:], `"`+plain[:at]+string(alone[1:len(alone)-1])+plain[at:]+`"`
			if got := string(pyjson.AppendString(nil, in)); got != want {
				t.Fatalf("%q: got %s, want %s", in, got, want)
			}
		}
	}
}

func TestValuesAsTheReference(t *testing.T) {
	type row struct{ In, Str, Repr, Type, Dumps string }
	for _, c := range referencetest.Rows[row](t, "python.json") {
		v := referencetest.Parse(t, c.In)
		if v == "\xed\xa0\x80" { // text cannot hold what str returns here
			c.Str = v.(string)
		}
		got := row{c.In, pyjson.Str(v), pyjson.Repr(v), pyjson.TypeName(v), string(pyjson.AppendDumps(nil, v))}
		if got != c {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
}

func TestIndentAsTheReference(t *testing.T) {
	type row struct {
		In  string
		Out []string
	}
	for _, c := range referencetest.Rows[row](t, "indent.json") {
		if c.Out[0] != c.In {
			t.Errorf("%s: the compact form is %s", c.In, c.Out[0])
		}
		for n := 1; n < len(c.Out); n++ {
			if got := string(pyjson.Indent(nil, []byte(c.In), n)); got != c.Out[n] {
				t.Errorf("%s by %d: got %s, want %s", c.In, n, got, c.Out[n])
			}
		}
	}
}

func TestAppendStringBroken(t *testing.T) {
	cases := map[string]string{
		"\xff":           `"` + "\ufffd" + `"`,
		"a\xed\xa0\x80b": `"a\ud800b"`,
		"\xed":           `"` + "\ufffd" + `"`,
		"\xed\xa0":       `"` + "\ufffd\ufffd" + `"`,
		"ok\xc3":         `"ok` + "\ufffd" + `"`,
	}
	for in, want := range cases {
		if got := string(pyjson.AppendString(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// status is a named string, as choices are.
type status string

// inner is embedded without being exported.
type inner struct{ X, y int }

// label knows its own text.
type label int

func (l label) String() string { return fmt.Sprintf("label %d", int(l)) }

func TestAppendValueOfGoTypes(t *testing.T) {
	kolkata := time.FixedZone("", 5*3600+1800)
	number := 7
	cases := []struct {
		in   any
		want string
	}{
		{map[string]any{"b": 1, "a": []any{true, nil}}, `{"a":[true,null],"b":1}`},
		{uint8(200), "200"},
		{float32(0.5), "0.5"},
		{status("draft"), `"draft"`},
		{label(3), `"label 3"`},
		{[]byte("é"), `"é"`},
		{[]string{"x", "y"}, `["x","y"]`},
		{[]int{}, `[]`},
		{map[string]int{"b": 2, "a": 1}, `{"a":1,"b":2}`},
		{map[int]string{2: "b", 1: "a"}, `{"1":"a","2":"b"}`},
		{&number, "7"},
		{(*int)(nil), "null"},
		{uuid.MustParse("6BA7B810-9DAD-11D1-80B4-00C04FD430C8"), `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`},
		{time.Date(2024, 2, 29, 12, 30, 15, 120000000, time.UTC), `"2024-02-29T12:30:15.120000Z"`},
		{time.Date(2024, 2, 29, 12, 30, 0, 0, kolkata), `"2024-02-29T12:30:00+05:30"`},
		{90 * time.Second, `"90.0"`},
		{orm.MustDecimal("1.10"), "1.1"},
		{orm.MustDecimal("1E+3"), "1000.0"},
		{orm.MustDecimal("-0.00"), "-0.0"},
		{90 * orm.Second, `"90.0"`},
		{orm.DateOf(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)), `"2024-02-29"`},
		{orm.TimeOfDayOf(time.Date(2024, 2, 29, 9, 5, 0, 500000000, time.UTC)), `"09:05:00.500000"`},
		{orm.JSON(`{"b": 1e3, "a": "\u00e9"}`), `{"b":1000.0,"a":"é"}`},
		{orm.JSON(nil), "null"},
		{json.RawMessage(`[1, 2]`), "[1,2]"},
		{[]orm.Decimal{orm.MustDecimal("2.50")}, "[2.5]"},
		{-1500 * time.Millisecond, `"-1.5"`},
		{fmt.Errorf("went wrong"), `"went wrong"`},
		{[]any{[]string(nil), map[string]any(nil)}, `[[],{}]`},
		{math.NaN(), "null"},
		{math.Inf(-1), "null"},
		{struct {
			B int    `json:"b"`
			A string `json:"a,omitempty"`
			C string `json:"-"`
			D []any
		}{B: 1, C: "no"}, `{"b":1,"D":[]}`},
		{struct{ inner }{inner{X: 1, y: 2}}, `{"X":1}`},
		{make(chan int), "null"},
	}
	for _, c := range cases {
		if got := string(pyjson.AppendValue(nil, c.in)); got != c.want {
			t.Errorf("%T: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestRecodeIsParseAndAppend(t *testing.T) {
	type row struct{ In, Value, Error string }
	for _, c := range referencetest.Rows[row](t, "parse.json") {
		in := referencetest.Bytes(c.In)
		got, ok := pyjson.Recode([]byte("x"), in)
		v, err := pyjson.Parse(in, pyjson.Limits{})
		switch {
		case !utf8.Valid(in) || err != nil && !strings.HasPrefix(c.Error, "Exceeds the limit"):
			if ok || string(got) != "x" {
				t.Errorf("%q: got %s, want a refusal", in, got)
			}
		case err == nil && pyjson.Finite(v):
			if again := referencetest.Parse(t, string(got[1:])); !ok || pyjson.Repr(again) != c.Value {
				t.Errorf("%q: got %s, %v", in, got, ok)
			}
		}
	}
}

func TestRecode(t *testing.T) {
	cases := map[string]string{
		` { "a" : [ 1 , 2 ] , "b" : { } } `:       `{"a":[1,2],"b":{}}`,
		`["\u00e9\u2028\/", "\ud83d\ude00", "é"]`: "[\"é\\u2028/\",\"😀\",\"é\"]",
		`[1e3, -0, -0.0, 1.10, 1e999, 12E-7]`:     `[1000.0,0,-0.0,1.1,null,1.2e-06]`,
		`{"a":1,"a":2}`:                           `{"a":1,"a":2}`,
		`[] []`:                                   "",
		`{"a"}`:                                   "",
		`[1,]`:                                    "",
		`{"a":1,}`:                                "",
		strings.Repeat("[", 513) + strings.Repeat("]", 513): "",
	}
	for in, want := range cases {
		if got, ok := pyjson.Recode(nil, []byte(in)); string(got) != want || ok != (want != "") {
			t.Errorf("%.40s: got %s, %v, want %s", in, got, ok, want)
		}
	}
}

func TestFinite(t *testing.T) {
	cases := map[string]bool{`1e400`: false, `[1,{"a":[-1e400]}]`: false, `[1.5,{"a":"1e400"}]`: true, `null`: true}
	for doc, want := range cases {
		if got := pyjson.Finite(referencetest.Parse(t, doc)); got != want {
			t.Errorf("%s: got %v", doc, got)
		}
	}
}

func TestEncodersDoNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 4096)
	tree := referencetest.Parse(t, `{"a":[1,2.5,"x\né\u2028",null,true],"b":{"c":-0.0}}`)
	now := any(time.Date(2024, 2, 29, 12, 30, 15, 120000000, time.UTC))
	stored := []byte(`{"a": [1, -2.50, true, null], "b": "plain"}`)
	compact := pyjson.AppendValue(nil, tree)
	n := testing.AllocsPerRun(100, func() {
		dst = pyjson.AppendString(dst[:0], "plain \"quoted\" é \u2028 \x01 😀")
		dst = pyjson.AppendFloat(dst, 1234.5e-20)
		dst = pyjson.AppendInt(dst, pyjson.NewInt(-42))
		dst = pyjson.AppendValue(dst, tree)
		dst = pyjson.AppendDumps(dst, tree)
		dst = pyjson.AppendValue(dst, now)
		dst = pyjson.Indent(dst, compact, 4)
		dst, _ = pyjson.Recode(dst, stored)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendString(b *testing.B) {
	dst := make([]byte, 0, 256)
	for b.Loop() {
		dst = pyjson.AppendString(dst[:0], "A product of ordinary quality, nothing to escape")
	}
}
