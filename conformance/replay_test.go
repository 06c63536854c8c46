package conformance_test

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/conformance/replay"
	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

var (
	only     = flag.String("only", "", "run only scenarios whose `id` fits one of these patterns, separated by commas")
	category = flag.String("category", "", "run only scenarios whose `category` fits one of these patterns")
	base     = flag.String("base", "", "run on servers that stand at these `addresses`, separated by commas; POST /__reset__ resets them")
	database = flag.String("database", orm.SQLite, "what the servers of -base run on: sqlite or postgres")
	diffs    = flag.Int("diffs", 10, "how many failed scenarios are shown in full")
	logs     = flag.Bool("logs", false, "show what the servers log")
)

// serversPerDatabase are driven at once.
const serversPerDatabase = 2

// intendedFile names the scenarios that are answered otherwise on purpose: an id and the reason on each line.
const intendedFile = "intended.txt"

// mostIntended bounds how many there may be.
const mostIntended = 10

// TestConformance runs the recorded scenarios on both databases, or on the servers that -base names. All must pass but for
// those of intended.txt, which must not.
func TestConformance(t *testing.T) {
	if *base != "" {
		t.Run(*database, func(t *testing.T) { replayOn(t, *database, running(t)) })
		return
	}
	t.Run(orm.SQLite, func(t *testing.T) {
		replayOn(t, orm.SQLite, started(t, func() string { return "" }))
	})
	t.Run(orm.Postgres, func(t *testing.T) {
		replayOn(t, orm.Postgres, started(t, func() string { return ormtest.Postgres(t) }))
	})
}

// running are the servers of -base.
func running(t *testing.T) []replay.Target {
	t.Helper()
	var targets []replay.Target
	for _, url := range strings.Split(*base, ",") {
		targets = append(targets, replay.Target{URL: url, Reset: replay.ResetByPost(url, testserver.ResetPath)})
	}
	return targets
}

// started are servers in this process, each with a database of its own.
func started(t *testing.T, databaseURL func() string) []replay.Target {
	t.Helper()
	log := io.Discard
	if *logs {
		log = t.Output()
	}
	var targets []replay.Target
	for range serversPerDatabase {
		s, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: databaseURL(), Log: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		targets = append(targets, replay.Target{URL: s.URL, Reset: s.Reset})
	}
	return targets
}

// replayOn runs the chosen scenarios, prints the table and compares the counts.
func replayOn(t *testing.T, database string, targets []replay.Target) {
	options, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	options.Database = database
	report := replay.Run(t.Context(), chosen(t), targets, options)
	fmt.Println("conformance on", database)
	report.WriteFailures(os.Stdout, *diffs)
	report.WriteTable(os.Stdout)
	for _, complaint := range complaints(report, intended(t)) {
		t.Error(complaint)
	}
}

// complaints lists the scenarios that failed without being meant to, and those that passed although they are meant to fail.
func complaints(report *replay.Report, intended map[string]string) (list []string) {
	for _, result := range report.Results {
		reason, meant := intended[result.Scenario.ID]
		switch failed := len(result.Failures) > 0; {
		case failed && !meant:
			list = append(list, result.Scenario.ID+" failed")
		case meant && !failed:
			list = append(list, fmt.Sprintf("%s passed, but %s says: %s; take it off", result.Scenario.ID, intendedFile, reason))
		}
	}
	return list
}

// intended reads the intended differences.
func intended(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(intendedFile)
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseIntended(string(data))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// parseIntended reads lines of an id, white space and a reason; lines that begin with # are comments.
func parseIntended(text string) (map[string]string, error) {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		if strings.TrimSpace(reason) == "" {
			return nil, fmt.Errorf("%s: %s has no reason; write it behind the id", intendedFile, id)
		}
		all[id] = strings.TrimSpace(reason)
	}
	if len(all) > mostIntended {
		return nil, fmt.Errorf("%s names %d scenarios, at most %d may be answered otherwise", intendedFile, len(all), mostIntended)
	}
	return all, nil
}

// chosen are the scenarios that -only and -category leave.
func chosen(t *testing.T) []*replay.Scenario {
	t.Helper()
	all, err := conformance.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(all, func(s *replay.Scenario) bool {
		return !fits(s.ID, *only) || !fits(s.Category, *category)
	})
	if len(left) == 0 {
		t.Fatal("no scenario fits -only and -category")
	}
	return left
}

// fits tells whether a name fits one of the patterns; no patterns fit every name.
func fits(name, patterns string) bool {
	if patterns == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(patterns, ","), func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}
