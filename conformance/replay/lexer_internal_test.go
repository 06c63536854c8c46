package replay

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlaces(t *testing.T) {
	text := ` {"a" : [1, {"b.c":null}, [], {} ,[[-2.5e3]]],"d\n":"x\"]}\\"} `
	want := map[string]string{"$.a[0]": "1", "$.a[1].b.c": "null", "$.a[4][0][0]": "-2.5e3", "$.d\n": `"x\"]}\\"`}
	found, err := places(text)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range found {
		got[p.path] = text[p.start:p.end]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzPlaces checks that every place holds a scalar, that the places are in order, and that filling nothing in keeps the value.
func FuzzPlaces(f *testing.F) {
	for _, text := range []string{`1`, `"\ud800"`, `{"a":[1,{}],"a":"\\"}`, "[ ]", `{"":[[],"]"]}`, "[1", "\xff", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := places(text)
		if json.Valid([]byte(text)) != (err == nil) {
			t.Fatalf("valid: %t, error: %v", json.Valid([]byte(text)), err)
		}
		if err != nil {
			return
		}
		end := 0
		for _, p := range found {
			scalar := text[p.start:p.end]
			if !json.Valid([]byte(scalar)) || strings.ContainsAny(scalar[:1], "[{") || p.start < end {
				t.Fatalf("%q at %d-%d", scalar, p.start, p.end)
			}
			end = p.end
		}
		sameValue(t, text, string(new(variables).fillJSON(text)))
	})
}

func sameValue(t *testing.T, before, after string) {
	t.Helper()
	if strings.Contains(strings.ToLower(before), `\ud`) { // encoding/json loses lone surrogates
		return
	}
	var a, b any
	if json.Unmarshal([]byte(before), &a) != nil { // numbers out of range
		return
	}
	if err := json.Unmarshal([]byte(after), &b); err != nil {
		t.Fatalf("%q became %q: %v", before, after, err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatalf("%q became %q:\n%s", before, after, diff)
	}
}
