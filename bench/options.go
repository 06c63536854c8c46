package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// options are set by environment variables; docs/benchmarks.md lists them.
type options struct {
	dir       string   // BENCH_DIR: databases, programs, results
	rounds    int      // BENCH_ROUNDS: how often each cell is measured
	seconds   int      // BENCH_SECONDS: how long each time
	quiet     int      // BENCH_QUIET: how long to wait, before each time, for other programs to pause
	only      []string // BENCH_SETS: names of sets; empty means all
	peers     []string // BENCH_PEERS: names of peers; empty means all
	reference string   // BENCH_REFERENCE: folder of the Django project that the shop is compared with; empty means to leave it out
	unchecked bool     // BENCH_UNCHECKED: measure what cannot be compared with its reference
	python    string   // BENCH_PYTHON: what makes the virtual environment
	port      int      // BENCH_PGPORT: where PostgreSQL listens
}

// optionsFrom reads the options.
func optionsFrom(getenv func(string) string) (options, error) {
	o := options{
		dir:       orText(getenv("BENCH_DIR"), filepath.Join(os.TempDir(), "quintet-bench")),
		only:      list(getenv("BENCH_SETS")),
		peers:     list(getenv("BENCH_PEERS")),
		reference: getenv("BENCH_REFERENCE"),
		unchecked: getenv("BENCH_UNCHECKED") == "1",
		python:    orText(getenv("BENCH_PYTHON"), "python3"),
	}
	for _, n := range []struct {
		to               *int
		name             string
		otherwise, least int
	}{
		{&o.rounds, "BENCH_ROUNDS", 5, 1},
		{&o.seconds, "BENCH_SECONDS", 3, 1},
		{&o.quiet, "BENCH_QUIET", 3, 0},
		{&o.port, "BENCH_PGPORT", 5471, 1},
	} {
		text := orText(getenv(n.name), strconv.Itoa(n.otherwise))
		value, err := strconv.Atoi(text)
		if err != nil || value < n.least {
			return o, fmt.Errorf("%s is %q: give a whole number from %d", n.name, text, n.least)
		}
		*n.to = value
	}
	for _, name := range o.only {
		if !slices.ContainsFunc(allSets(), func(s set) bool { return s.name == name }) {
			return o, fmt.Errorf("BENCH_SETS: there is no set %q", name)
		}
	}
	for _, name := range o.peers {
		if peerNamed(name) == nil {
			return o, fmt.Errorf("BENCH_PEERS: there is no peer %q", name)
		}
	}
	return o, nil
}

func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// list splits at commas and blanks.
func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}
