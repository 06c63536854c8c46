package replay

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Target is a server that scenarios can be run on. Several equal ones with a database each are driven at once.
type Target struct {
	URL string // "http://127.0.0.1:8801", a path below it too
	// Reset puts the server back to the fixture state; nil for one that needs none.
	Reset func(context.Context) error
}

// Options say how scenarios are sent and compared.
type Options struct {
	Credentials Credentials
	// SigningKey checks the signatures of JSON web tokens; empty for not checking tokens beyond their form.
	SigningKey string
	// Database is "postgres" to take the expectations that differ there. Everything else means SQLite.
	Database string
	// IgnoreHeaders are left out of the comparison.
	IgnoreHeaders []string
	// Timeout of one request. Default: 60 seconds.
	Timeout time.Duration
}

func (o *Options) timeout() time.Duration {
	if o.Timeout > 0 {
		return o.Timeout
	}
	return time.Minute
}

// Result is what came of a scenario.
type Result struct {
	Scenario *Scenario
	Failures []Failure // empty when it passed
	Passed   int       // steps without a difference
	Took     time.Duration
}

// Failure is a step that was answered otherwise than recorded. Step counts from 1; 0 stands for the run itself, such as a
// server that could not be reset.
type Failure struct {
	Step        int
	Request     string // "GET /api/"
	Differences []string
}

// Run runs every scenario on one of the targets and reports in the order of the scenarios. A target is reset before its
// first scenario and after each that mutates. When ctx ends, the scenarios that are left fail.
func Run(ctx context.Context, scenarios []*Scenario, targets []Target, o Options) *Report {
	begun := time.Now()
	results := make([]*Result, len(scenarios))
	queue := make(chan int, len(scenarios))
	for i := range scenarios {
		queue <- i
	}
	close(queue)
	var workers sync.WaitGroup
	for _, target := range targets {
		workers.Go(func() {
			w := worker{target: target, options: &o, dirty: true}
			for i := range queue {
				results[i] = w.run(ctx, scenarios[i])
			}
		})
	}
	workers.Wait()
	for i := range queue { // no target took it
		results[i] = &Result{Scenario: scenarios[i], Failures: []Failure{{Request: theRun, Differences: []string{"no server is given"}}}}
	}
	return newReport(results, time.Since(begun))
}

// theRun is the request of a failure that no step is to blame for.
const theRun = "the run itself"

// worker drives one target.
type worker struct {
	target  Target
	options *Options
	dirty   bool // something may have been written since the last reset
}

func (w *worker) run(ctx context.Context, scenario *Scenario) *Result {
	begun := time.Now()
	result := &Result{Scenario: scenario}
	if err := w.steps(ctx, scenario, result); err != nil {
		w.dirty = true
		result.Failures = append(result.Failures, Failure{Request: theRun, Differences: []string{err.Error()}})
	}
	result.Took = time.Since(begun)
	return result
}

// steps runs the scenario; an error means that it could not be run, not that answers differ.
func (w *worker) steps(ctx context.Context, scenario *Scenario, result *Result) error {
	if err := w.reset(ctx); err != nil {
		return err
	}
	w.dirty = scenario.Mutates
	s, err := newSession(w.target.URL, scenario, w.options)
	if err != nil {
		return err
	}
	for i := range scenario.Steps {
		step := &scenario.Steps[i]
		if found := w.check(ctx, s, step); len(found) > 0 {
			result.Failures = append(result.Failures, Failure{i + 1, step.Method + " " + string(step.Path), found})
		} else {
			result.Passed++
		}
	}
	return nil
}

func (w *worker) reset(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !w.dirty || w.target.Reset == nil {
		return nil
	}
	if err := w.target.Reset(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return nil
}

// check runs a step and returns the differences.
func (w *worker) check(ctx context.Context, s *session, step *Step) []string {
	got, err := s.send(ctx, step)
	if err != nil {
		return []string{"no answer: " + err.Error()}
	}
	c := comparison{got: got, want: step.expectation(w.options.Database), session: s, options: w.options}
	if s.crash && c.want.Status >= http.StatusInternalServerError {
		return c.survived()
	}
	return c.differences()
}

// ResetByPost returns a Reset for a server that is reset by POST to a path such as "/__reset__".
func ResetByPost(base, path string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(base, "/")+path, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode >= http.StatusMultipleChoices {
			return fmt.Errorf("POST %s answered %s", path, response.Status)
		}
		return nil
	}
}
