package replay_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/replay"
)

func TestLoad(t *testing.T) {
	text := `{"id":"a/1","category":"a","description":"first","steps":[],"mutates":false}

{"id":"a/2","category":"a","description":"second","steps":[{"method":"GET","path":"/","headers":{"B":"1","A":"2"},"expect":{"status":200,"headers":{"vary":null},"body":""}}]}`
	list, err := replay.Load(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []*replay.Scenario{
		{ID: "a/1", Category: "a", Description: "first", Steps: []replay.Step{}},
		{ID: "a/2", Category: "a", Description: "second", Mutates: true, Steps: []replay.Step{{
			Method: "GET", Path: "/", Headers: replay.Pairs{{Name: "B", Value: "1"}, {Name: "A", Value: "2"}},
			Expect: replay.Expectation{Status: 200, Headers: map[string]*string{"vary": nil}},
		}}},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadRefusesWhatItDoesNotKnow(t *testing.T) {
	step := func(more string) string {
		return `{"id":"a/1","category":"a","description":"","steps":[{"method":"GET","path":"/"` + more + `}]}`
	}
	for text, want := range map[string]string{
		`{`:                                 "line 1",
		"\n" + `{"id":"a/1","new":1}`:       `line 2: json: unknown field "new"`,
		step(`,"waits":3`):                  `unknown field "waits"`,
		step(`,"expect":{"trailers":{}}`):   `unknown field "trailers"`,
		step(`,"body":{}`):                  "a/1, step 1: a body needs exactly one",
		step(`,"body":{"raw":"","json":1}`): "a body needs exactly one",
		step(`,"headers":{"A":1}`):          "A: 1 is no string",
		step(`,"headers":3`):                "",
		step(`,"path":3`):                   "3 is no string",
		step(`,"expect":{"masks":[{"path":"$","kind":"colour"}]}`):          `unknown mask "colour"`,
		step(`,"expect_postgres":{"masks":[{"path":"$","kind":"colour"}]}`): `unknown mask "colour"`,
		step(`,"expect":{"header_masks":{"allow":"("}}`):                    "mask of header allow",
	} {
		_, err := replay.Load(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
