package resttest_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/resttest"
)

func teapot(body, contentType string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Allow", "BREW")
		w.Header().Set("Date", "today")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprint(w, body)
	})
}

func TestGolden(t *testing.T) {
	resttest.NewClient(t, teapot(`{"tea":["green",1.50],"cups":null}`, "application/json")).Get("/tea/").Golden("teapot", "Allow", "X-Missing")
	resttest.NewClient(t, teapot("<p>tea</p>", "text/html")).Get("/tea/").Golden("page")
}

func TestGoldenShowsTheDifference(t *testing.T) {
	got := failed(t, func(tb testing.TB) {
		resttest.NewClient(tb, teapot(`{"tea":["black",1.50],"cups":null}`, "application/json")).Get("/tea/").Golden("teapot", "Allow")
	})
	for _, want := range []string{"GET /tea/", "green", "black", "teapot.golden"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestGoldenTellsHowToRecord(t *testing.T) {
	got := failed(t, func(tb testing.TB) { resttest.NewClient(tb, teapot("", "")).Get("/").Golden("never") })
	if !strings.Contains(got, "go test -run '^TestGoldenTellsHowToRecord$' -update-golden") {
		t.Error(got)
	}
}

func TestGoldenRecords(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := flag.Set("update-golden", "true"); err != nil {
		t.Fatal(err)
	}
	resttest.NewClient(t, teapot(`{"a":1}`, "application/json")).Get("/tea/").Golden("deep/er", "Allow")
	if err := flag.Set("update-golden", "false"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/deep/er.golden")
	want := "GET /tea/\n418\nContent-Type: application/json\nAllow: BREW\n\n{\n  \"a\": 1\n}\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
	resttest.NewClient(t, teapot(`{"a":1}`, "application/json")).Get("/tea/").Golden("deep/er", "Allow")
}
