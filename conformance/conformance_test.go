package conformance_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/conformance/replay"
)

func TestCorpusIsWhole(t *testing.T) {
	all, err := conformance.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	seen, steps := map[string]bool{}, 0
	for _, s := range all {
		if seen[s.ID] || len(s.Steps) == 0 || !strings.HasPrefix(s.ID, s.Category+"/") {
			t.Errorf("%s is recorded twice, is empty, or is not of category %s", s.ID, s.Category)
		}
		seen[s.ID] = true
		steps += len(s.Steps)
	}
	if len(all) != 1450 || steps != 3515 {
		t.Errorf("%d scenarios with %d steps, want 1450 with 3515", len(all), steps)
	}
}

func TestOptionsKnowEveryCredentialOfTheCorpus(t *testing.T) {
	o, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	if o.SigningKey == "" || o.Credentials.CSRF == "" || o.Credentials.Basic["admin"] == "" {
		t.Errorf("%+v", o)
	}
	known := map[string]map[string]string{
		"jwt": o.Credentials.JWT, "token": o.Credentials.Token, "session": o.Credentials.Session, "session-csrf": o.Credentials.Session,
	}
	all, err := conformance.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, step := range s.Steps {
			scheme, name, _ := strings.Cut(step.Auth, ":")
			if names, ok := known[scheme]; ok && names[name] == "" {
				t.Errorf("%s: nothing is known of %s", s.ID, step.Auth)
			}
		}
	}
}

func TestFilesAreReadable(t *testing.T) {
	read := 0
	err := fs.WalkDir(conformance.Files(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(conformance.Files(), name)
		if path.Ext(name) == ".json" && !json.Valid(data) {
			t.Errorf("%s is no JSON", name)
		}
		read++
		return err
	})
	if err != nil || read < 15 {
		t.Errorf("%d files: %v", read, err)
	}
}

func TestEveryFailureIsComplainedAbout(t *testing.T) {
	result := func(id string, failed bool) *replay.Result {
		r := &replay.Result{Scenario: &replay.Scenario{ID: id}}
		if failed {
			r.Failures = []replay.Failure{{Step: 1}}
		}
		return r
	}
	report := &replay.Report{Results: []*replay.Result{
		result("good", false), result("bad", true), result("meant", true), result("stale", false),
	}}
	want := []string{"bad failed", "stale passed, but intended.txt says: reasons; take it off"}
	if diff := cmp.Diff(want, complaints(report, map[string]string{"meant": "reasons", "stale": "reasons"})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIntendedDifferencesHaveReasons(t *testing.T) {
	got, err := parseIntended("# a comment\n\na/b  why it is so\n")
	if diff := cmp.Diff(map[string]string{"a/b": "why it is so"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for name, text := range map[string]string{"no reason": "a/b\n", "too many": many(11)} {
		if _, err := parseIntended(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "s/%d why\n", i)
	}
	return b.String()
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		name, patterns string
		want           bool
	}{
		{"shop.tags/create", "", true},
		{"shop.tags/create", "shop.*/create", true},
		{"shop.tags/create", "auth.*,shop.tags/*", true},
		{"shop.tags", "shop.*", true},
		{"shop.tags", "auth.*", false},
		{"shop.tags", "[", false},
	} {
		if got := fits(c.name, c.patterns); got != c.want {
			t.Errorf("%s fits %q: %t", c.name, c.patterns, got)
		}
	}
}
