package main

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
)

// reportName is the file of the report, in the folder of this program.
const reportName = "RESULTS.md"

// report writes bench/RESULTS.md from what was measured last.
func (b *bench) report(context.Context) error {
	all, err := b.load()
	if err != nil {
		return err
	}
	if len(all.Samples) == 0 {
		return fmt.Errorf("nothing was measured yet in %s", b.dir)
	}
	name := b.source(reportName)
	if err := os.WriteFile(name, []byte(document(all)), 0o644); err != nil {
		return err
	}
	say("wrote %s", name)
	return nil
}

//go:embed report.md
var reportHead string

// document is the text of RESULTS.md.
func document(all measured) string {
	var b strings.Builder
	b.WriteString(strings.NewReplacer(
		"$machine", all.About["machine"], "$date", all.About["date"], "$revision", all.About["revision"],
		"$go", all.About["go"], "$postgresql", all.About["postgresql"], "$python", orText(all.About["python"], "no Python peers"),
		"$peers", all.About["peers"], "$minutes", digits(all.Minutes, 0),
	).Replace(reportHead))
	b.WriteString(warning(all.Samples))
	b.WriteString("\nThe answers were compared before they were measured:\n\n")
	for _, store := range slices.Sorted(maps.Keys(all.Compared)) {
		b.WriteString("- " + all.Compared[store] + "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(all.Missing)) {
		reason, _, _ := strings.Cut(all.Missing[name], "\n")
		fmt.Fprintf(&b, "\n**Left out: %s** (%s).\n", name, reason)
	}
	b.WriteString("\n## Goals\n\n")
	b.WriteString(goalTable(all))
	b.WriteString("\n## Where we lose\n\n")
	b.WriteString(losses(all))
	for _, s := range allSets() {
		if !slices.ContainsFunc(all.Samples, func(x sample) bool { return x.Set == s.name }) {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n", s.title, all.Runs[s.name])
		b.WriteString(setTables(s, all.Samples))
	}
	b.WriteString("\n## Start and memory\n\n")
	b.WriteString(startTable(all))
	return b.String()
}

// warning says so when others used the machine: who needs most of it then loses most requests, DRF before all.
func warning(all results) string {
	const much = 0.25 // cores
	others := make([]float64, len(all))
	for i, x := range all {
		others[i] = x.Foreign
	}
	if used := median(others); used > much {
		return fmt.Sprintf("\n**Other programs used %s cores during this run.** Its requests per second and latencies are those of a busy machine, "+
			"where the peer that needs most CPU suffers most; CPU per request is what to read. Repeat it on a quiet one.\n", digits(used, 1))
	}
	return ""
}

// goalTable has each goal beside its figure.
func goalTable(all measured) string {
	var b strings.Builder
	row(&b, []string{"beside", "what", "goal", "measured", ""})
	row(&b, []string{"---", "---", "---:", "---:", "---"})
	for _, g := range goals() {
		got := g.measure(all)
		row(&b, []string{g.group, g.text, g.wanted(), digits(got, 2), g.verdict(got)})
	}
	return b.String()
}

// losses lists the goals that were missed, and the cells in which another Go peer answers more requests than ours.
func losses(all measured) string {
	var b strings.Builder
	for _, g := range goals() {
		if got := g.measure(all); strings.Contains(g.verdict(got), "missed") {
			fmt.Fprintf(&b, "- goal missed, %s, %s: %s, wanted %s\n", g.group, g.text, digits(got, 2)+g.unit, g.wanted())
		}
	}
	r := results(all.Samples)
	for _, s := range allSets() {
		for _, c := range s.cells {
			ours := r.where(s.name, laneName(s, "ours"), c.work.name, c.connections)
			for _, l := range s.lanes {
				if ratio := ours.times(r.where(s.name, l.name(), c.work.name, c.connections), rate); l.peer.name != "ours" && ratio < 1 {
					fmt.Fprintf(&b, "- %s from %d connection(s): %s of the requests of %s\n", c.work.name, c.connections, digits(ratio, 2)+" ×", l.name())
				}
			}
		}
	}
	return orText(b.String(), "Nowhere in this run.\n")
}

// startTable has the starts of the peers.
func startTable(all measured) string {
	var b strings.Builder
	row(&b, []string{"", "start to first answer, ms", "idle, MB"})
	row(&b, []string{"---", "---:", "---:"})
	var done []string
	for _, x := range all.Starts {
		if !slices.Contains(done, x.Lane) {
			done = append(done, x.Lane)
			starts := launches(all.Starts)
			row(&b, []string{x.Lane, digits(starts.firstAnswer(x.Lane), 0), digits(starts.idle(x.Lane), 1)})
		}
	}
	return b.String()
}

// setTables are the tables of a set, one for each of its cells.
func setTables(s set, all results) string {
	var b strings.Builder
	for _, c := range s.cells {
		b.WriteString(cellTable(s, c, all))
	}
	return b.String()
}

// baselines are the peers that a table compares with, where it has them.
var baselines = []string{"pgx", "echo-gorm", "drf", "pocketbase", "shop-drf"}

// cellTable compares the lanes of a set in one cell.
func cellTable(s set, c cell, all results) string {
	of := func(lane string) results { return all.where(s.name, lane, c.work.name, c.connections) }
	var against []string
	for _, name := range baselines {
		if lane := laneName(s, name); len(of(lane)) > 0 {
			against = append(against, lane)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s: %s\n\n", c.work.name, c.work.title)
	head := []string{fmt.Sprint(c.connections, " conn."), "req/s", "p50 ms", "p99 ms", "CPU s/1k server", "CPU s/1k PostgreSQL", "MB", "others' cores", "errors"}
	for _, name := range against {
		head = append(head, "req/s ÷ "+name, "server CPU vs "+name)
	}
	row(&b, head)
	row(&b, append([]string{"---"}, slices.Repeat([]string{"---:"}, len(head)-1)...))
	for _, l := range s.lanes {
		r := of(l.name())
		if len(r) == 0 {
			continue
		}
		line := figures(l, r)
		for _, name := range against {
			line = append(line, digits(r.times(of(name), rate), 2), digits(r.times(of(name), serverCPU), 2))
		}
		row(&b, line)
	}
	return b.String()
}

// figures are the medians of a lane.
func figures(l lane, r results) []string {
	database := "–"
	if !l.store.file {
		database = digits(r.median(dbCPU), 3)
	}
	return []string{
		l.name(), digits(r.median(rate), 0), digits(r.median(p50), 2), digits(r.median(p99), 1), digits(r.median(serverCPU), 3),
		database, digits(r.median(held), 0), digits(r.median(foreign), 2), fmt.Sprint(r.errors()),
	}
}

// laneName is the name of a peer's first lane in a set.
func laneName(s set, peer string) string {
	for _, l := range s.lanes {
		if l.peer.name == peer {
			return l.name()
		}
	}
	return ""
}

func row(b *strings.Builder, columns []string) {
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n")
}

// digits writes a number with so many places, and a dash for none.
func digits(value float64, places int) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "–"
	}
	return fmt.Sprintf("%.*f", places, value)
}
