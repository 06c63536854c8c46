package replay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// documents are JSON texts of every form.
var documents = rapid.Custom(func(t *rapid.T) string {
	text, err := json.Marshal(tree(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "indented") {
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", "    "); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	return string(text)
})

func tree(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	switch {
	case kind == 0 && depth > 0:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = tree(t, depth-1)
		}
		return list
	case kind == 1 && depth > 0:
		object := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			object[rapid.StringMatching(`[a-c"\\é]{0,2}`).Draw(t, "name")] = tree(t, depth-1)
		}
		return object
	case kind == 2:
		return rapid.Bool().Draw(t, "bool")
	case kind == 3:
		return rapid.Int().Draw(t, "number")
	case kind == 4:
		return nil
	}
	return rapid.String().Draw(t, "text")
}

// TestPlacesAreThoseOfTheValues: every scalar is found once, in its order, under the path at which lookup finds it.
func TestPlacesAreThoseOfTheValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := documents.Draw(t, "document")
		found, err := places(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		end := 0
		for _, p := range found {
			if p.start < end || p.end <= p.start || !json.Valid([]byte(text[p.start:p.end])) {
				t.Fatalf("%s: %+v is no value behind %d", text, p, end)
			}
			end = p.end
			if strings.ContainsAny(p.path, `"\`) || strings.Contains(p.path, "..") || strings.HasSuffix(p.path, ".") || strings.Contains(p.path, ".[") {
				continue // names that paths of captures cannot hold
			}
			value, err := lookup(text, p.path)
			var want any
			d := json.NewDecoder(strings.NewReader(text[p.start:p.end]))
			d.UseNumber()
			if decodeErr := d.Decode(&want); err != nil || decodeErr != nil || !cmp.Equal(value, want) {
				t.Fatalf("%s: at %s %v, %v; want %v", text, p.path, value, err, want)
			}
		}
	})
}

// TestMaskedTextsKeepTheRest: masking all values gives a document of the same form, masking none the same text.
func TestMaskedTextsKeepTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := documents.Draw(t, "document")
		found, err := places(text)
		if err != nil {
			t.Fatal(err)
		}
		if masked, problems := maskBody(text, []Mask{{Path: "$.none.such", Kind: "int"}}, ""); masked != text || problems != nil {
			t.Fatalf("%s became %s, %v", text, masked, problems)
		}
		masks := make([]Mask, len(found))
		want, end := "", 0
		for i, p := range found {
			masks[i] = Mask{Path: p.path, Kind: "any"}
			want += text[end:p.start]
			if text[p.start:p.end] == "null" {
				want += "null"
			} else {
				want += `"<any>"`
			}
			end = p.end
		}
		if masked, problems := maskBody(text, masks, ""); masked != want+text[end:] || problems != nil {
			t.Fatalf("%s became %s, %v; want %s", text, masked, problems, want+text[end:])
		}
	})
}

// TestFilledJSONIsTheSameValue: the recorder's blanks change nothing, and so do values that are not captured.
func TestFilledJSONIsTheSameValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := documents.Draw(t, "document")
		var want, got any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		v := &variables{}
		v.set("unused", "value")
		filled := v.fillJSON(text)
		if err := json.Unmarshal(filled, &got); err != nil || !cmp.Equal(want, got) || bytes.ContainsAny(filled, "\n") {
			t.Fatalf("%s became %s, %v", text, filled, err)
		}
		if again := v.fillJSON(string(filled)); !bytes.Equal(again, filled) {
			t.Fatalf("%s became %s", filled, again)
		}
	})
}

func TestCapturedValuesKeepTheirType(t *testing.T) {
	v := &variables{}
	for name, value := range map[string]any{
		"text": `a"é`, "number": json.Number("1.50"), "yes": true, "none": nil, "list": []any{json.Number("1"), "{{text}}"},
		"object": map[string]any{"a": []any{}},
	} {
		v.set(name, value)
	}
	for template, want := range map[string]string{
		`"{{text}}"`:              `"a\"é"`,
		`"{{number}}"`:            `1.50`,
		`"n{{number}}"`:           `"n1.50"`,
		`["{{yes}}","{{none}}"]`:  `[true, null]`,
		`"{{yes}} {{none}}"`:      `"True None"`,
		`{"{{number}}":1}`:        `{"1.50": 1}`,
		`{"{{text}}":"{{list}}"}`: `{"a\"é": [1, "{{text}}"]}`,
		`"{{object}}"`:            `{"a": []}`,
		`"{{unknown}}"`:           `"{{unknown}}"`,
		`"{{text}}{{unknown}}"`:   `"a\"é{{unknown}}"`,
	} {
		if got := string(v.fillJSON(template)); got != want {
			t.Errorf("%s: got %s, want %s", template, got, want)
		}
	}
}

// TestConcealAndFill: what is concealed comes back by filling, as long as nothing else holds a reference.
func TestConcealAndFill(t *testing.T) {
	values := rapid.StringMatching(`[a-z0-9]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		v := &variables{plain: []string{"plain"}}
		for _, name := range []string{"first", "second", "plain"} {
			v.set(name, values.Draw(t, name))
		}
		text := "see " + values.Draw(t, "rest")
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(v.names), 0, 4).Draw(t, "used") {
			text += "/" + v.values[name].(string)
		}
		concealed := v.conceal(text)
		if back := v.fill(concealed); back != text {
			t.Fatalf("%q became %q and %q", text, concealed, back)
		}
		if strings.Contains(concealed, "{{plain}}") {
			t.Fatalf("%q conceals what is plain", concealed)
		}
		for _, name := range []string{"first", "second"} {
			value := v.values[name].(string)
			if utf8.RuneCountInString(value) >= concealedLength && strings.Contains(concealed, value) {
				t.Fatalf("%q shows %s", concealed, name)
			}
		}
	})
}

func TestLookup(t *testing.T) {
	const text = `{"a":{"b":[{"c":1.50},"x"]},"n":null,"list":[]}`
	for path, want := range map[string]any{
		"$": "object", "$.a.b[0].c": json.Number("1.50"), "$.a.b[1]": "x", "$.n": nil,
		"$.none": errNoValue, "$.a.b[2]": errNoValue, "$.list[0]": errNoValue, "$.n.x": errNoValue, "$.a[0]": errNoValue, "$.a.b[99999999999999999999]": errNoValue,
	} {
		got, err := lookup(text, path)
		switch want := want.(type) {
		case error:
			if got != nil || err != want {
				t.Errorf("%s: %v, %v; want %v", path, got, err, want)
			}
		default:
			if _, isObject := got.(map[string]any); err != nil || got != want && !(isObject && want == "object") {
				t.Errorf("%s: %v, %v; want %v", path, got, err, want)
			}
		}
	}
	if _, err := lookup("no JSON", "$.a"); err == nil || err == errNoValue {
		t.Errorf("in what is no JSON: %v", err)
	}
}

func TestPairsKeepTheirOrder(t *testing.T) {
	for text, want := range map[string]Pairs{
		`{"b":"1","a":"2","b":"3"}`: {{"b", "1"}, {"a", "2"}, {"b", "3"}},
		`{"a":"\ud800"}`:            {{"a", "\xed\xa0\x80"}},
		`{}`:                        nil,
		`null`:                      nil,
	} {
		var got Pairs
		if err := json.Unmarshal([]byte(text), &got); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`[]`, `"a"`, `1`, `{"a":1}`, `{"a":null}`, `{"a":["b"]}`} {
		var got Pairs
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was read as %q", text, got)
		}
	}
	var cut Pairs
	if err := cut.UnmarshalJSON([]byte(`{"a":"b",`)); err == nil {
		t.Errorf("a cut object was read as %q", cut)
	}
}

func TestOpenToken(t *testing.T) {
	segment := base64.RawURLEncoding.EncodeToString
	head, claims := segment([]byte(`{"alg":"HS256"}`)), segment([]byte(`{}`))
	for name, c := range map[string]struct{ token, problem string }{
		"two parts":             {head + "." + claims, errSegments.Error()},
		"four parts":            {head + "." + claims + ".a.b", errSegments.Error()},
		"header is no base64":   {"*." + claims + ".a", "not a token"},
		"header is no JSON":     {segment([]byte("x")) + "." + claims + ".a", "not a token"},
		"claims are a list":     {head + "." + segment([]byte("[]")) + ".a", "not a token"},
		"signature no base64":   {head + "." + claims + ".*", "not a token"},
		"signature of no key":   {head + "." + claims + "." + segment([]byte("x")), "the signature does not fit the key"},
		"signature left out":    {head + "." + claims + ".", "the signature does not fit the key"},
		"padding in the header": {head + "=." + claims + ".a", "not a token"},
	} {
		if _, _, err := openToken(c.token, "key"); err == nil || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %s", name, err, c.problem)
		}
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("é", 500)
	for _, c := range []struct{ got, want, clippedGot, clippedWant string }{
		{"", "", "", ""},
		{"a", "", "a", ""},
		{"a\nb", "a\nc", `a\nb`, `a\nc`},
		{long + "x", long + "y", "...", "..."},
		{long, "", "", ""},
	} {
		got, want := clip(c.got, c.want)
		if len(c.got) > 100 {
			if !utf8.ValidString(got) || !utf8.ValidString(want) || len(got) > clipWidth+20 || got == want {
				t.Errorf("long texts are cut to %q and %q", got, want)
			}
			continue
		}
		if fmt.Sprint(got, want) != fmt.Sprint(c.clippedGot, c.clippedWant) {
			t.Errorf("%q and %q: %q and %q", c.got, c.want, got, want)
		}
	}
}
