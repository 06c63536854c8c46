package replay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quintet-go/quintet/conformance/replay"
)

// corpus makes one-step scenarios; each letter is one: r reads, w writes, f reads and fails, x writes and fails.
func corpus(t *testing.T, letters string) []*replay.Scenario {
	t.Helper()
	var lines strings.Builder
	for i, letter := range letters {
		status := 200
		if strings.ContainsRune("fx", letter) {
			status = 500
		}
		fmt.Fprintf(&lines, `{"id":"%c/%d","category":"%c","description":"","mutates":%t,"steps":[{"method":"GET","path":"/","expect":{"status":%d,"headers":{},"body":""}}]}`+"\n",
			letter, i, letter, strings.ContainsRune("wx", letter), status)
	}
	list, err := replay.Load(strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func ok(http.ResponseWriter, *http.Request) {}

func TestResets(t *testing.T) {
	for letters, want := range map[string]int{"": 0, "r": 1, "rrr": 1, "wr": 2, "ww": 2, "rwrrw": 2, "fr": 1, "xr": 2} {
		var resets int
		target := replay.Target{URL: serve(t, ok), Reset: reset(&resets)}
		report := replay.Run(t.Context(), corpus(t, letters), []replay.Target{target}, replay.Options{})
		if resets != want || report.Total().Scenarios != len(letters) {
			t.Errorf("%q: %d resets, want %d; report %+v", letters, resets, want, report.Total())
		}
	}
}

func TestFailedReset(t *testing.T) {
	var tries int
	target := replay.Target{URL: serve(t, ok), Reset: func(context.Context) error {
		if tries++; tries == 1 {
			return errors.New("no disk")
		}
		return nil
	}}
	report := replay.Run(t.Context(), corpus(t, "rr"), []replay.Target{target}, replay.Options{})
	if got := differences(report); !strings.Contains(got, "step 0: the run itself\n    reset: no disk") {
		t.Errorf("complaint %q", got)
	}
	if tries != 2 || report.Total().Passed != 1 {
		t.Errorf("%d tries, %d passed; want a second try and the second scenario passed", tries, report.Total().Passed)
	}
}

func TestTargetsShareTheWork(t *testing.T) {
	var met atomic.Int32
	both := make(chan struct{})
	handler := func(http.ResponseWriter, *http.Request) {
		if met.Add(1) == 2 {
			close(both)
		}
		<-both // each waits for the other: only two at once get on
	}
	targets := []replay.Target{{URL: serve(t, handler)}, {URL: serve(t, handler)}}
	if total := replay.Run(t.Context(), corpus(t, "rr"), targets, replay.Options{}).Total(); total.Passed != 2 {
		t.Errorf("%+v", total)
	}
}

func TestCancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	base := serve(t, func(http.ResponseWriter, *http.Request) { cancel() })
	report := replay.Run(ctx, corpus(t, "rrr"), []replay.Target{{URL: base}}, replay.Options{})
	if report.Total().Passed > 1 || len(report.Results) != 3 {
		t.Errorf("%+v", report.Total())
	}
}

func TestRunWithoutUsableTarget(t *testing.T) {
	for name, targets := range map[string][]replay.Target{
		"no server is given": nil,
		"base address":       {{URL: "ftp://x"}},
		"no answer":          {{URL: "http://127.0.0.1:1"}},
	} {
		report := replay.Run(t.Context(), corpus(t, "r"), targets, replay.Options{})
		if got := differences(report); !strings.Contains(got, name) || report.Total().Passed != 0 {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestReport(t *testing.T) {
	report := run(t, serve(t, ok), corpus(t, "rfrf"), replay.Options{})
	var table, failures bytes.Buffer
	report.WriteTable(&table)
	report.WriteFailures(&failures, 1)
	want := "category                     scenarios    passed     steps    passed\n" +
		"f                                    2         0         2         0\n" +
		"r                                    2         2         2         2\n" +
		"total                                4         2         4         2  ("
	if !strings.HasPrefix(table.String(), want) {
		t.Errorf("table:\n%s\nwant:\n%s", table.String(), want)
	}
	if got := failures.String(); strings.Count(got, "FAIL") != 1 || !strings.HasPrefix(got, "FAIL f/1 - \n  step 1: GET /\n    status 200, expected 500\n") {
		t.Errorf("failures:\n%s", got)
	}
}

func TestResetByPost(t *testing.T) {
	var asked string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.URL.Path
		if r.URL.Path != "/__reset__" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	if err := replay.ResetByPost(base+"/", "/__reset__")(t.Context()); err != nil || asked != "POST /__reset__" {
		t.Errorf("%s: %v", asked, err)
	}
	if err := replay.ResetByPost(base, "/other")(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a refused reset: %v", err)
	}
}

// TestCrashes: where the reference has no answer any will do, but not another crash.
func TestCrashes(t *testing.T) {
	for status, want := range map[int]int{200: 1, 400: 1, 500: 0, 503: 0} {
		list := corpus(t, "f")
		list[0].Crash = true
		target := replay.Target{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })}
		if got := replay.Run(t.Context(), list, []replay.Target{target}, replay.Options{}).Total().Passed; got != want {
			t.Errorf("%d: %d passed, want %d", status, got, want)
		}
	}
}
