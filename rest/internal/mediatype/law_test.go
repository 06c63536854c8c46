package mediatype_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
)

var (
	words  = rapid.StringMatching(`[a-z][a-z0-9_]{0,6}`)
	values = rapid.StringOf(rapid.RuneFrom([]rune(`abc ;,='/\"<>%*é`)))
)

// quoted writes a value between quotes, with what needs it escaped.
func quoted(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// TestWrittenHeadersReadBack: parameters come back under their names, whatever their values hold. A backslash before a
// quote is left out: Django, like this package, cannot tell it from an escaped quote.
func TestWrittenHeadersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(words, 1, 5, rapid.ID[string]).Draw(t, "names")
		want := map[string]string{}
		line := "Type/SUB"
		for _, name := range names {
			value := values.Filter(func(s string) bool { return !strings.Contains(s, `\`) }).Draw(t, "value")
			if strings.Count(value, `"`)%2 == 1 {
				value += `"`
			}
			want[name] = value
			line += rapid.SampledFrom([]string{";", "; ", " ;\t"}).Draw(t, "separator") + strings.ToUpper(name) + "=" + quoted(value)
		}
		value, params, err := mediatype.ParseHeader(line)
		if err != nil || value != "type/sub" || len(params) != len(names) {
			t.Fatalf("%s: %q, %v, %v", line, value, params, err)
		}
		for i, name := range names {
			if got, ok := params.Get(name); !ok || got != want[name] || params[i].Name != name {
				t.Fatalf("%s: %s is %q, want %q", line, name, got, want[name])
			}
		}
	})
}

// TestExtendedParametersReadBack: names of files in UTF-8, in one piece or in several, in any order (RFC 2231).
func TestExtendedParametersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		escaped := strings.ReplaceAll(url.PathEscape(name), "'", "%27")
		for _, special := range []string{";", `"`, "=", "<", ">"} {
			escaped = strings.ReplaceAll(escaped, special, fmt.Sprintf("%%%02X", special[0]))
		}
		line := "attachment; filename*=UTF-8'en'" + escaped
		if cut := rapid.IntRange(0, 3).Draw(t, "pieces"); cut > 0 {
			line = pieces(t, "UTF-8''"+escaped, cut)
		}
		_, params, err := mediatype.ParseHeader(line)
		if got, ok := params.Get("filename"); err != nil || !ok || got != name || len(params) != 1 {
			t.Fatalf("%s: %v, %v; want %q", line, params, err, name)
		}
	})
}

// pieces cuts an extended value at characters that are no part of an escape, and shuffles the pieces.
func pieces(t *rapid.T, value string, n int) string {
	parts := []string{}
	for i := range n {
		at := rapid.IntRange(0, len(value)).Draw(t, "cut")
		for at < len(value) && (at > 0 && value[at-1] == '%' || at > 1 && value[at-2] == '%') {
			at++
		}
		parts = append(parts, fmt.Sprintf("filename*%d*=%s", i, value[:at]))
		value = value[at:]
	}
	parts = append(parts, fmt.Sprintf("filename*%d*=%s", n, value))
	return "attachment; " + strings.Join(rapid.Permutation(parts).Draw(t, "order"), "; ")
}

// ranges are media types as Accept headers hold them.
var ranges = rapid.Custom(func(t *rapid.T) string {
	text := rapid.SampledFrom([]string{"*/*", "text/*", "text/csv", "application/json", "application/*", "json", ""}).Draw(t, "type")
	for _, p := range rapid.SliceOfN(rapid.SampledFrom([]string{"q=0.5", "indent=4", "version=1", "version=2", "v"}), 0, 2).Draw(t, "parameters") {
		text += ";" + p
	}
	return text
})

func TestMatchingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := mediatype.Parse(ranges.Draw(t, "a")), mediatype.Parse(ranges.Draw(t, "b"))
		if !a.Matches(a) {
			t.Fatalf("%q does not match itself", a.Text)
		}
		if !mediatype.Parse("*/*").Matches(b) || !mediatype.Parse("*/*;q=0.1").Matches(b) {
			t.Fatalf("*/* does not match %q", b.Text)
		}
		if a.Matches(b) && len(a.Params) == 0 && len(b.Params) == 0 && !b.Matches(a) {
			t.Fatalf("%q matches %q, but not the other way round", a.Text, b.Text)
		}
		plain := mediatype.Parse(a.Main + "/" + a.Sub)
		if a.Matches(b) && !plain.Matches(b) {
			t.Fatalf("%q matches %q, %q with fewer demands does not", a.Text, b.Text, plain.Text)
		}
		if p := a.Precedence(); p < plain.Precedence() || p < mediatype.Any || p > mediatype.WithParam {
			t.Fatalf("%q has the precedence %d, %q %d", a.Text, p, plain.Text, plain.Precedence())
		}
	})
}

func TestParamsAreFoundByName(t *testing.T) {
	_, params, err := mediatype.ParseHeader(`x; a=1; b; a=2; A=3; =4; b="q"`)
	if err != nil || len(params) != 2 || params[0] != (mediatype.Param{Name: "a", Value: "3"}) || params[1] != (mediatype.Param{Name: "b", Value: "q"}) {
		t.Errorf("got %v, %v", params, err)
	}
	if v, ok := params.Get("c"); v != "" || ok {
		t.Errorf("c: %q, %v", v, ok)
	}
	if v, ok := mediatype.Params(nil).Get("a"); v != "" || ok {
		t.Errorf("of none: %q, %v", v, ok)
	}
}

// TestHeadersTakeLinearTime: thousands of quotes, semicolons and pieces are read at once.
func TestHeadersTakeLinearTime(t *testing.T) {
	for name, line := range map[string]string{
		"semicolons": strings.Repeat(";", 100_000), "quotes": "a;" + strings.Repeat(`"`, 100_000), "escapes": `a;b="` + strings.Repeat(`\"`, 50_000),
		"quoted semicolons": `a;b="` + strings.Repeat(";", 100_000) + `"`,
	} {
		if value, params, err := mediatype.ParseHeader(line); err != nil || len(params) > 1 {
			t.Errorf("%s: %.10q, %d parameters, %v", name, value, len(params), err)
		}
	}
}
