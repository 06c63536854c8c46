package replay

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is the outcome of a run.
type Report struct {
	Results    []*Result // in the order of the scenarios
	Categories map[string]*Tally
	Took       time.Duration
}

// Tally counts the scenarios and steps of a category.
type Tally struct {
	Scenarios, Passed, Steps, StepsPassed int
}

func newReport(results []*Result, took time.Duration) *Report {
	r := &Report{Results: results, Categories: map[string]*Tally{}, Took: took}
	for _, result := range results {
		category := result.Scenario.Category
		if r.Categories[category] == nil {
			r.Categories[category] = new(Tally)
		}
		r.Categories[category].count(result)
	}
	return r
}

func (t *Tally) count(r *Result) {
	t.Scenarios++
	if len(r.Failures) == 0 {
		t.Passed++
	}
	t.Steps += len(r.Scenario.Steps)
	t.StepsPassed += r.Passed
}

// Total is the sum over all categories.
func (r *Report) Total() Tally {
	var total Tally
	for _, t := range r.Categories {
		total.Scenarios += t.Scenarios
		total.Passed += t.Passed
		total.Steps += t.Steps
		total.StepsPassed += t.StepsPassed
	}
	return total
}

// WriteTable writes a line for each category, and the total.
func (r *Report) WriteTable(w io.Writer) {
	const row = "%-28s %9d %9d %9d %9d"
	fmt.Fprintf(w, "%-28s %9s %9s %9s %9s\n", "category", "scenarios", "passed", "steps", "passed")
	for _, name := range slices.Sorted(maps.Keys(r.Categories)) {
		t := r.Categories[name]
		fmt.Fprintf(w, row+"\n", name, t.Scenarios, t.Passed, t.Steps, t.StepsPassed)
	}
	t := r.Total()
	fmt.Fprintf(w, row+"  (%.1f s)\n", "total", t.Scenarios, t.Passed, t.Steps, t.StepsPassed, r.Took.Seconds())
}

// WriteFailures shows the first failed scenarios in full, at most limit of them; a negative limit means all.
func (r *Report) WriteFailures(w io.Writer, limit int) {
	for _, result := range r.Results {
		if len(result.Failures) == 0 {
			continue
		}
		if limit == 0 {
			return
		}
		limit--
		result.write(w)
	}
}

func (r *Result) write(w io.Writer) {
	fmt.Fprintf(w, "FAIL %s - %s\n", r.Scenario.ID, r.Scenario.Description)
	for _, f := range r.Failures {
		fmt.Fprintf(w, "  step %d: %s\n", f.Step, f.Request)
		for _, d := range f.Differences {
			fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(d, "\n", "\n    "))
		}
	}
}
