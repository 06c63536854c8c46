package rest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quintet-go/quintet/orm"
)

func TestSearchIsSplitAsTheReferenceDoes(t *testing.T) {
	text, err := os.ReadFile("testdata/search_terms.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded [][2]any
	if err := json.Unmarshal(text, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, r := range recorded {
		var want []string
		for _, term := range r[1].([]any) {
			want = append(want, term.(string))
		}
		if diff := cmp.Diff(want, splitSearch(r[0].(string)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q (-reference +got)\n%s", r[0], diff)
		}
	}
}

func TestSearchRefusesTooManyWords(t *testing.T) {
	s, mistakes := compileSearch(listModels(t)["row"], sqlite{}, "search", []string{"title"}, "test")
	if mistakes != nil {
		t.Fatal(mistakes)
	}
	if terms, err := s.terms(strings.Repeat("a ", maxTerms)); err != nil || len(terms) != maxTerms {
		t.Errorf("%d words: %d, %v", maxTerms, len(terms), err)
	}
	_, err := s.terms(strings.Repeat("a ", maxTerms+1))
	if refused, ok := isInvalid(err); !ok || !strings.Contains(string(refused.body()), "at most 100 words") {
		t.Errorf("one more: %v", err)
	}
}

// TestSearchGivesNoRowTwice searches labels, of which a row can have several that match.
func TestSearchGivesNoRowTwice(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		list := listView{search: []string{"labels__name"}}.compile(t, listModels(t)["row"], dialectNamed(db.Dialect()))
		ids := answerOf(list.page(listRequest(db, "/?search=o"))).IDs
		seen := map[int64]bool{}
		for _, id := range ids {
			if seen[id] {
				t.Errorf("row %d comes twice", id)
			}
			seen[id] = true
		}
		if len(ids) == 0 {
			t.Error("nothing was found")
		}
	})
}
