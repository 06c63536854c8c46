package pyjson_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"slices"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// texts are strings with much of what is special in JSON.
var texts = rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("a\"\\/\b\f\n\r\t\x00\x1f\x7f\u0080\u2028\u2029é€😀{}[],:"))))

// finite are the numbers that JSON has.
var finite = rapid.Float64().Filter(func(f float64) bool { return f-f == 0 })

// trees are values as encoding/json makes them of documents.
func trees(depth int) *rapid.Generator[any] {
	scalars := []*rapid.Generator[any]{
		rapid.Just(any(nil)), rapid.Bool().AsAny(), texts.AsAny(), finite.AsAny(),
		rapid.Custom(func(t *rapid.T) any { return json.Number(strconv.FormatInt(rapid.Int64().Draw(t, "n"), 10)) }),
		rapid.Custom(func(t *rapid.T) any { return json.Number(rapid.StringMatching(`-?[1-9][0-9]{19,60}`).Draw(t, "n")) }),
	}
	if depth == 0 {
		return rapid.OneOf(scalars...)
	}
	below := trees(depth - 1)
	return rapid.OneOf(append(scalars,
		rapid.SliceOfN(below, 0, 4).AsAny(),
		rapid.MapOfN(texts, below, 0, 4).AsAny(),
	)...)
}

// standard reads a document as encoding/json does, numbers as they are written.
func standard(t *rapid.T, doc []byte) any {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return v
}

// draw gives a document of any form and its value.
func draw(t *rapid.T) (doc []byte, v any) {
	doc, err := json.Marshal(trees(3).Draw(t, "tree"))
	if err != nil {
		t.Fatal(err)
	}
	var spaced bytes.Buffer
	if rapid.Bool().Draw(t, "spaced") {
		if err := json.Indent(&spaced, doc, "\r\n", "\t "); err != nil {
			t.Fatal(err)
		}
		doc = spaced.Bytes()
	}
	v, err = pyjson.Parse(doc, pyjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return doc, v
}

// TestDocumentsKeepTheirValue: reading and writing agrees with encoding/json but for the spelling of floats.
func TestDocumentsKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc, v := draw(t)
		out := pyjson.AppendValue(nil, v)
		if got, want := canonical(standard(t, out)), canonical(standard(t, doc)); got != want {
			t.Fatalf("%s became %s", want, got)
		}
		recoded, ok := pyjson.Recode(nil, doc)
		if !ok || !bytes.Equal(recoded, out) {
			t.Fatalf("Recode(%s) = %s, %v; Parse and AppendValue give %s", doc, recoded, ok, out)
		}
		again, ok := pyjson.Recode([]byte("before"), out)
		if !ok || string(again) != "before"+string(out) {
			t.Fatalf("recoded again: %s, %v", again, ok)
		}
	})
}

// canonical writes a value with keys in order and numbers by their value.
func canonical(v any) string {
	text, err := json.Marshal(numbers(v))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// numbers replaces the numbers of a document by one spelling of their exact value.
func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := new(big.Int).SetString(v.String(), 10); ok {
			return n.String()
		}
		f, _ := v.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64)
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	}
	return v
}

// TestIndentKeepsTheValue: without its white space an indented document is the compact one, byte for byte.
func TestIndentKeepsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, v := draw(t)
		compact := pyjson.AppendValue(nil, v)
		n := rapid.IntRange(1, 8).Draw(t, "n")
		indented := pyjson.Indent([]byte("\n"), compact, n)
		var back bytes.Buffer
		if err := json.Compact(&back, indented); err != nil || back.String() != string(compact) {
			t.Fatalf("%s by %d: %s, %v", compact, n, indented, err)
		}
		for line := range bytes.SplitSeq(indented, []byte("\n")) {
			if blanks := len(line) - len(bytes.TrimLeft(line, " ")); blanks%n != 0 || bytes.HasSuffix(line, []byte(" ")) {
				t.Fatalf("by %d: line %q", n, line)
			}
		}
	})
}

func TestDumpsAreASCIIOfTheSameValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, v := draw(t)
		dumps := pyjson.AppendDumps(nil, v)
		if i := bytes.IndexFunc(dumps, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Fatalf("%s at %d", dumps, i)
		}
		again, err := pyjson.Parse(dumps, pyjson.Limits{})
		if err != nil || pyjson.Repr(again) != pyjson.Repr(v) {
			t.Fatalf("%s: %v, %s became %s", dumps, err, pyjson.Repr(v), pyjson.Repr(again))
		}
	})
}

func TestFloatsReadBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := finite.Draw(t, "f")
		text := pyjson.AppendFloat(nil, f)
		v, err := pyjson.Parse(text, pyjson.Limits{})
		if got, ok := v.(float64); err != nil || !ok || math.Float64bits(got) != math.Float64bits(f) {
			t.Fatalf("%v is written as %s and read as %v, %v", f, text, v, err)
		}
	})
}

func TestIntsAreBigIntegers(t *testing.T) {
	ints := rapid.Custom(func(t *rapid.T) *big.Int {
		n, _ := new(big.Int).SetString(rapid.StringMatching(`-?[0-9]{1,40}`).Draw(t, "n"), 10)
		return n
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := ints.Draw(t, "a"), ints.Draw(t, "b")
		x, y := pyjson.NewBig(a), pyjson.NewBig(b)
		small, fits := x.Int64()
		if x.Cmp(y) != a.Cmp(b) || x.Sign() != a.Sign() || x.String() != a.String() || x.Big().Cmp(a) != 0 || fits != a.IsInt64() || fits && small != a.Int64() {
			t.Fatalf("%s and %s: Cmp %d, Sign %d, String %s", a, b, x.Cmp(y), x.Sign(), x)
		}
		want, _ := new(big.Float).SetInt(a).Float64()
		if f, ok := x.Float(); !ok || f != want {
			t.Fatalf("%s as a float: %v, %v, want %v", a, f, ok, want)
		}
		if got := string(pyjson.AppendInt([]byte("="), x)); got != "="+a.String() {
			t.Fatalf("%s is written as %s", a, got)
		}
	})
}

// TestDictIsAnOrderedMap drives a Dict and a plain model of it side by side, across the size at which it gets an index.
func TestDictIsAnOrderedMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, keys, values := pyjson.NewDict(), []string{}, map[string]any{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			key, value := rapid.StringMatching(`[a-e]{0,2}`).Draw(t, "key"), rapid.Int().Draw(t, "value")
			d.Set(key, value)
			if _, ok := values[key]; !ok {
				keys = append(keys, key)
			}
			values[key] = value
		}
		if d.Len() != len(keys) || !slices.Equal(d.Keys(), keys) {
			t.Fatalf("keys %q, want %q", d.Keys(), keys)
		}
		i := 0
		for key, value := range d.All() {
			got, ok := d.Get(key)
			if key != keys[i] || value != values[key] || got != value || !ok || !d.Has(key) {
				t.Fatalf("%q: %v, %v, %v; want %v", key, value, got, ok, values[key])
			}
			i++
		}
		if i != len(keys) || d.Has("other") {
			t.Fatalf("%d of %d keys were yielded", i, len(keys))
		}
	})
}

func TestStringsKeepTheirCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := texts.Draw(t, "s")
		if got, want := pyjson.Length(s), utf8.RuneCountInString(s); got != want && utf8.ValidString(s) {
			t.Fatalf("%q has %d characters, want %d", s, got, want)
		}
		var back string
		text := pyjson.AppendString(nil, s)
		if err := json.Unmarshal(text, &back); err != nil || back != s {
			t.Fatalf("%q is written as %s and read as %q, %v", s, text, back, err)
		}
		if pyjson.HasSurrogate(s) {
			t.Fatalf("%q has half a surrogate pair", s)
		}
	})
}

func TestTimesInZones(t *testing.T) {
	for _, c := range []struct {
		offset int
		want   string
	}{
		{0, `Z"`},
		{-5 * 3600, `-05:00"`},
		{-(3*3600 + 1800), `-03:30"`},
		{5*3600 + 45*60, `+05:45"`},
		{3600 + 2*60 + 3, `+01:02:03"`},
		{-1, `-00:00:01"`},
	} {
		at := time.Date(998, 2, 3, 4, 5, 6, 7000, time.FixedZone("", c.offset))
		if got, want := string(pyjson.AppendTime(nil, at)), `"0998-02-03T04:05:06.000007`+c.want; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestTimesAsTheStandardLibraryWritesThem takes moments of any year, also of those that Python has not.
func TestTimesAsTheStandardLibraryWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const farthest = 400_000_000_000 // about the year 14,600
		at := time.Unix(rapid.Int64Range(-farthest, farthest).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
		want := at.Format(`"2006-01-02T15:04:05.000000Z"`)
		if at.Nanosecond() < 1000 {
			want = at.Format(`"2006-01-02T15:04:05Z"`)
		}
		if got := string(pyjson.AppendTime(nil, at)); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

// unreadable has no text form.
type unreadable struct{}

func (*unreadable) MarshalText() ([]byte, error) { return nil, errors.New("no text") }

// stringer must not be asked when it is nil.
type stringer struct{ name string }

func (s *stringer) String() string { return s.name }

// marshaler is written as its MarshalJSON says.
type marshaler struct{ text string }

func marshaled(text string) *marshaler { return &marshaler{text} }

func (m *marshaler) MarshalJSON() ([]byte, error) { return []byte(m.text), nil }

func TestAppendValueOfOddGoTypes(t *testing.T) {
	type flag bool
	type count uint16
	moment, price := time.Date(2024, 2, 29, 12, 30, 15, 120000000, time.UTC), orm.MustDecimal("2.50")
	var none *stringer
	var noText *unreadable
	for _, c := range []struct {
		in   any
		want string
	}{
		{&stringer{"x"}, `"x"`},
		{none, "null"},
		{(*pyjson.Dict)(nil), "null"},
		{[]*pyjson.Dict{nil}, "[null]"},
		{&moment, `"2024-02-29T12:30:15.120000Z"`},
		{(*time.Time)(nil), "null"},
		{[]*orm.Decimal{&price, nil}, "[2.5,null]"},
		{marshaled(`{"b": [1e3, "\u00e9"]}`), `{"b":[1000.0,"é"]}`},
		{marshaled("{broken"), "null"},
		{(*marshaler)(nil), "null"},
		{&unreadable{}, "null"},
		{noText, "null"},
		{flag(true), "true"},
		{count(7), "7"},
		{[2]flag{true, false}, "[true,false]"},
		{map[count]any{2: nil, 10: "x"}, `{"10":"x","2":null}`},
		{int64(math.MinInt64), "-9223372036854775808"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{complex(1, 2), "null"},
		{func() {}, "null"},
		{json.RawMessage("{broken"), "null"},
		{[]byte("\xff"), "\"\ufffd\""},
	} {
		if got := string(pyjson.AppendValue(nil, c.in)); got != c.want {
			t.Errorf("%T: got %s, want %s", c.in, got, c.want)
		}
	}
	if got := string(pyjson.AppendBool(pyjson.AppendBool(nil, true), false)); got != "truefalse" {
		t.Errorf("AppendBool: %s", got)
	}
	if name := pyjson.TypeName(time.Now()); name != "object" {
		t.Errorf("TypeName of what no document holds: %s", name)
	}
	for f, want := range map[float64]string{math.Inf(1): "Infinity inf null", math.Inf(-1): "-Infinity -inf null", math.NaN(): "NaN nan null"} {
		if got := string(pyjson.AppendDumps(nil, f)) + " " + pyjson.Repr(f) + " " + string(pyjson.AppendValue(nil, f)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestIntsOfWordSize: the edges of what fits into a machine word.
func TestIntsOfWordSize(t *testing.T) {
	for _, c := range []struct {
		text string
		fits bool
	}{
		{"9223372036854775807", true},
		{"9223372036854775808", false},
		{"-9223372036854775808", true},
		{"-9223372036854775809", false},
		{"-0", true},
	} {
		v, err := pyjson.Parse([]byte(c.text), pyjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		n := v.(pyjson.Int)
		if _, fits := n.Int64(); fits != c.fits || n.Cmp(n) != 0 || n.Sign() != cmp.Compare(n.Big().Sign(), 0) {
			t.Errorf("%s: fits %v, sign %d", c.text, fits, n.Sign())
		}
	}
}

func FuzzRecode(f *testing.F) {
	for _, doc := range []string{`{"a":[1,2.50,-0,"\u00e9\ud83d\ude00\u2028"]}`, `[1e999,-1E-7]`, ` [ ] `, `"\ud800"`, "\"\xed\xa0\x80\"", `{"a":1,"a":2}`, `[01]`, `-`, `"\u12"`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		out, ok := pyjson.Recode(nil, doc)
		if ok != (json.Valid(doc) && utf8.Valid(doc)) && !bytes.Contains(doc, []byte("[[[[")) && len(doc) < 500 {
			t.Fatalf("%q: taken %v, encoding/json says %v", doc, ok, json.Valid(doc))
		}
		if !ok {
			return
		}
		if again, ok := pyjson.Recode(nil, out); !ok || !bytes.Equal(again, out) {
			t.Fatalf("%q became %q, then %q, %v", doc, out, again, ok)
		}
	})
}
