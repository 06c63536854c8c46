package mediatype_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

type header struct {
	Line, Value, Error string
	Params             [][2]string
	Precedence         int
}

func TestParseHeaderAsTheReference(t *testing.T) {
	for _, c := range referencetest.Rows[header](t, "headers.json") {
		value, params, err := mediatype.ParseHeader(c.Line)
		if c.Error != "" {
			if !errors.Is(err, mediatype.ErrCharset) {
				t.Errorf("%q: got error %v, want %s", c.Line, err, c.Error)
			}
			continue
		}
		got := [][2]string{}
		for _, p := range params {
			got = append(got, [2]string{p.Name, p.Value})
		}
		if diff := cmp.Diff(c.Params, got); err != nil || value != c.Value || diff != "" {
			t.Errorf("%q: got %q, error %v, want %q; parameters (-want +got):\n%s", c.Line, value, err, c.Value, diff)
		}
		if got := mediatype.Parse(c.Line).Precedence(); got != c.Precedence {
			t.Errorf("%q: got precedence %d, want %d", c.Line, got, c.Precedence)
		}
	}
}

func TestMatchesAsTheReference(t *testing.T) {
	c := referencetest.Load[struct {
		Types   []string
		Matches [][2]string
	}](t, "matches.json")
	for _, a := range c.Types {
		for _, b := range c.Types {
			want := slices.Contains(c.Matches, [2]string{a, b})
			if got := mediatype.Parse(a).Matches(mediatype.Parse(b)); got != want {
				t.Errorf("%q against %q: got %v, want %v", a, b, got, want)
			}
		}
	}
}

func TestParseOfUnknownCharsetMatchesNothing(t *testing.T) {
	got := mediatype.Parse("application/json; x*=klingon''y")
	if got.Matches(mediatype.Parse("application/json")) || got.Main != "" || len(got.Params) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestIsForm(t *testing.T) {
	for text, want := range map[string]bool{
		"application/x-www-form-urlencoded":  true,
		"Multipart/Form-Data; boundary=x":    true,
		"application/json":                   false,
		"":                                   false,
		"multipart/form-data; x*=klingon''y": false,
		"multipart/form-data-x; boundary=x":  false,
	} {
		if got := mediatype.IsForm(text); got != want {
			t.Errorf("IsForm(%q) = %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"application/json; indent=4", `a/b; x="a;b\"c"; y`, "attachment; filename*0*=utf-8''%C3; filename*1*=%A9", "*/*;q", ";;=;",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		value, params, err := mediatype.ParseHeader(line)
		if err == nil && value != strings.ToLower(value) {
			t.Errorf("%q: value %q is not in lower case", line, value)
		}
		seen := map[string]bool{}
		for _, p := range params {
			if seen[p.Name] || p.Name == "" {
				t.Errorf("%q: parameter %q is empty or there twice", line, p.Name)
			}
			seen[p.Name] = true
		}
		typ := mediatype.Parse(line)
		if !typ.Matches(typ) {
			t.Errorf("%q does not match itself", line)
		}
	})
}
