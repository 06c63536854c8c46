package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIsMeasuredIsCompared holds that every set has its answers compared with a reference that runs, though the reference
// itself be not measured, and that without one nothing is measured unless that is allowed.
func TestWhatIsMeasuredIsCompared(t *testing.T) {
	cases := map[string]struct {
		options
		missing  []string
		compared string // reference: others
		refused  string
	}{
		"everything":          {options: options{reference: "x"}, compared: "drf: ours pgx; drf@sqlite: ours@sqlite; shop-drf: shop"},
		"no reference folder": {compared: "drf: ours pgx; drf@sqlite: ours@sqlite"},
		"one set, one peer":   {options: options{only: []string{"many"}, peers: []string{"ours"}}, compared: "drf: ours"},
		"a file":              {options: options{only: []string{"sqlite"}}, compared: "drf@sqlite: ours@sqlite"},
		"no Django":           {missing: []string{"drf"}, compared: "drf: ours pgx; drf@sqlite: ours@sqlite", refused: "drf"},
		"no Django, allowed":  {options: options{unchecked: true}, missing: []string{"drf"}, compared: "drf: ours pgx; drf@sqlite: ours@sqlite"},
		"no hand-written one": {missing: []string{"pgx"}, compared: "drf: ours; drf@sqlite: ours@sqlite"},
		"shop without folder": {options: options{only: []string{"shop"}}, missing: []string{"shop-drf"}, compared: "shop-drf: shop", refused: "shop-drf"},
	}
	for name, c := range cases {
		b := &bench{options: c.options, missing: map[string]string{}}
		for _, peer := range c.missing {
			b.missing[peer] = "it cannot be built"
		}
		var compared []string
		for _, x := range b.comparisons() {
			var others []string
			for _, l := range x.others {
				others = append(others, l.name())
			}
			compared = append(compared, x.reference.name()+": "+strings.Join(others, " "))
		}
		if diff := cmp.Diff(c.compared, strings.Join(compared, "; ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		err := b.needReferences()
		if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), "as "+c.refused+", which") {
			t.Errorf("%s: %v, want a refusal for want of %q", name, err, c.refused)
		}
	}
}
