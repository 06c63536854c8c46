package migrate

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The wanted texts are what Python's json.dumps(json.loads(in), …) returns.
func TestJSONStyle(t *testing.T) {
	cases := []struct {
		name  string
		style jsonStyle
		in    string
		want  string
	}{
		{"one line", jsonStyle{}, `{"b":[1,2.50,null],"a":{"é":true},"c":[],"d":{}}`, `{"b": [1, 2.5, null], "a": {"é": true}, "c": [], "d": {}}`},
		{"ascii", jsonStyle{ascii: true}, `["é", "\u00e9", "😀", "\u2028", "\u007f"]`, `["\u00e9", "\u00e9", "\ud83d\ude00", "\u2028", "` + "\x7f" + `"]`},
		{"escapes", jsonStyle{}, `"\" \\ \/ \n \r \t \f \b \u0001 \u2028"`, `"\" \\ / \n \r \t \f \b \u0001 ` + "\u2028" + `"`},
		{
			"floats",
			jsonStyle{},
			`[1.0, 1e3, 1E16, 1e15, 0.0001, 0.00001, -0.0, 1.5e-7, 123456789.125, 1e400]`,
			`[1.0, 1000.0, 1e+16, 1000000000000000.0, 0.0001, 1e-05, -0.0, 1.5e-07, 123456789.125, 1e400]`,
		},
		{"long integers", jsonStyle{}, `[12345678901234567890123, -7]`, `[12345678901234567890123, -7]`},
		{"indented", jsonStyle{indent: 2}, `{"a":[1,{}],"b":[]}`, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.style.format(nil, []byte(c.in), 0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzJSONStyle checks that formatting keeps the value.
func FuzzJSONStyle(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e-9,"é\u0000"]}`, `[`, `"\ud800"`, `1e5`, `{"a":1,}`} {
		f.Add(seed, uint8(0), true)
		f.Add(seed, uint8(3), false)
	}
	f.Fuzz(func(t *testing.T, text string, indent uint8, ascii bool) {
		if !json.Valid([]byte(text)) {
			return
		}
		got, err := jsonStyle{indent: int(indent % 9), ascii: ascii}.format(nil, []byte(text), 0)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var before, after any
		if json.Unmarshal([]byte(text), &before) != nil {
			return // numbers beyond float64
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%q became %q: %s", text, got, diff)
		}
	})
}
