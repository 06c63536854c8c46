package pyjson_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

func TestParseAsTheReference(t *testing.T) {
	type row struct{ In, Value, Error string }
	for _, c := range referencetest.Rows[row](t, "parse.json") {
		in := referencetest.Bytes(c.In)
		v, err := pyjson.Parse(in, pyjson.Limits{})
		switch {
		case err != nil && err.Error() != c.Error:
			t.Errorf("%.80q: error %q, want %q%s", in, err, c.Error, c.Value)
		case err == nil && c.Error != "":
			t.Errorf("%.80q: %s, want error %q", in, pyjson.Repr(v), c.Error)
		case err == nil && pyjson.Repr(v) != c.Value:
			t.Errorf("%.80q: got %s, want %s", in, pyjson.Repr(v), c.Value)
		}
	}
}

func TestParseLimits(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	cases := []struct {
		name, doc string
		lim       pyjson.Limits
		want      string
	}{
		{"default depth", nest(pyjson.DefaultDepth), pyjson.Limits{}, ""},
		{"below default depth", nest(pyjson.DefaultDepth + 1), pyjson.Limits{}, "Nested too deeply: line 1 column 513 (char 512)"},
		{"own depth", nest(3), pyjson.Limits{Depth: 3}, ""},
		{"below own depth", `{"a":{"b":{"c":{}}}}`, pyjson.Limits{Depth: 3}, "Nested too deeply: line 1 column 16 (char 15)"},
		{"siblings are not deep", `[[],[],[],[]]`, pyjson.Limits{Depth: 2}, ""},
		{"length", `[1,2]`, pyjson.Limits{Bytes: 5}, ""},
		{"too long", `[1,2] `, pyjson.Limits{Bytes: 5}, "The document is longer than 5 bytes"},
	}
	for _, c := range cases {
		_, err := pyjson.Parse([]byte(c.doc), c.lim)
		if got := text(err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		var syntax *pyjson.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Errorf("%s: %T is not a *SyntaxError", c.name, err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParseDoesNotKeepTheInput(t *testing.T) {
	data := []byte(`["abc"]`)
	v, err := pyjson.Parse(data, pyjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	copy(data, `XXXXXXX`)
	if got := pyjson.Repr(v); got != "['abc']" {
		t.Errorf("got %s after the input changed", got)
	}
}

func TestInt(t *testing.T) {
	const huge = "123456789012345678901234567890"
	n := referencetest.Parse(t, huge).(pyjson.Int)
	if _, ok := n.Int64(); ok || n.String() != huge || n.Sign() != 1 {
		t.Errorf("huge: got %s, fits %v, sign %d", n, ok, n.Sign())
	}
	n.Big().SetInt64(1)
	if n.String() != huge {
		t.Error("Big gave out the number itself")
	}
	if small := pyjson.NewBig(big.NewInt(-7)); small.Cmp(pyjson.NewInt(-7)) != 0 || small.Sign() != -1 {
		t.Errorf("-7: got %s", small)
	}
	if f, ok := n.Float(); !ok || f != 1.2345678901234568e29 {
		t.Errorf("Float: got %v, %v", f, ok)
	}
	if _, ok := pyjson.NewBig(new(big.Int).Lsh(big.NewInt(1), 1024)).Float(); ok {
		t.Error("2**1024 does not fit into a float")
	}
	if n.Cmp(pyjson.NewInt(5)) != 1 || pyjson.NewInt(5).Cmp(n) != -1 {
		t.Error("Cmp across sizes")
	}
}

func TestDictKeepsOrder(t *testing.T) {
	d := pyjson.NewDict()
	for i := range 40 {
		d.Set(strings.Repeat("k", 40-i), i)
	}
	d.Set("kkk", "again")
	if d.Len() != 40 || d.Keys()[0] != strings.Repeat("k", 40) || d.Keys()[37] != "kkk" {
		t.Errorf("keys out of order: %v", d.Keys())
	}
	if v, ok := d.Get("kkk"); !ok || v != "again" {
		t.Errorf("Get: %v %v", v, ok)
	}
	if _, ok := d.Get("x"); ok || d.Has("x") || !d.Has("k") {
		t.Error("Has or Get of a missing key")
	}
	n := 0
	for range d.All() {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Errorf("All went on after break: %d", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,"\ud83d\ude00"]}`, `[NaN]`, "\"\xff\"", `{"a":1,}`, " [ ] ", `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := pyjson.Parse(data, pyjson.Limits{Depth: 100})
		if err != nil {
			if json.Valid(data) && utf8.Valid(data) && !ownRefusal(err.Error()) {
				t.Fatalf("refused valid JSON %q: %v", data, err)
			}
			return
		}
		if utf8.Valid(data) && !json.Valid(data) {
			t.Fatalf("accepted invalid JSON %q", data)
		}
		checkRoundTrip(t, v)
	})
}

// ownRefusal reports whether Python refuses what the standard allows.
func ownRefusal(msg string) bool {
	return strings.Contains(msg, "Exceeds the limit") || strings.Contains(msg, "Nested too deeply")
}

func checkRoundTrip(t *testing.T, v any) {
	t.Helper()
	if !pyjson.Finite(v) {
		return
	}
	out := pyjson.AppendValue(nil, v)
	again, err := pyjson.Parse(out, pyjson.Limits{})
	if err != nil {
		t.Fatalf("own output %q: %v", out, err)
	}
	if pyjson.Repr(again) != pyjson.Repr(v) {
		t.Fatalf("%s became %s", pyjson.Repr(v), pyjson.Repr(again))
	}
	if indented := pyjson.Indent(nil, out, 2); !json.Valid(indented) {
		t.Fatalf("indented output is no JSON: %s", indented)
	}
}

func BenchmarkParse(b *testing.B) {
	doc := []byte(`{"sku":"ABC-123","name":"A product","price":"12.50","stock":7,"tags":["a","b"],"attributes":{"colour":"red"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pyjson.Parse(doc, pyjson.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCorpusOfParsers(t *testing.T) {
	type row struct{ In, Out, Error string }
	for _, c := range referencetest.Rows[row](t, "corpus.json") {
		v, err := pyjson.Parse([]byte(c.In), pyjson.Limits{})
		if got := text(err); got != c.Error {
			t.Errorf("%s: got %q, want %q", c.In, got, c.Error)
		}
		if got := `{"data":` + string(pyjson.AppendValue(nil, v)) + `,"query":{}}`; err == nil && got != c.Out {
			t.Errorf("%s: got %s, want %s", c.In, got, c.Out)
		}
	}
}

// TestParseAllocatesWhatItReturns: an object takes two pieces of memory, a list one, a text or number one, and the document
// one.
func TestParseAllocatesWhatItReturns(t *testing.T) {
	for doc, want := range map[string]float64{
		`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}`:   2 + 7 + 1,
		`[{"a":null},{"b":true},{"c":[]},{"d":"text"}]`: 2 + 4*2 + 2 + 1 + 1,
	} {
		text := []byte(doc)
		if n := testing.AllocsPerRun(100, func() { _, _ = pyjson.Parse(text, pyjson.Limits{}) }); n > want+1 { // the race detector adds one
			t.Errorf("%s: %v allocations, want %v", doc, n, want)
		}
	}
}
