package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// goal is a promise of the benchmark beside what was measured: "at least" or "below" a number.
type goal struct {
	group, text string
	want        float64
	below       bool // want is a limit from above
	unit        string
	measure     func(m measured) float64
}

// verdict is what came of a goal.
func (g goal) verdict(got float64) string {
	switch {
	case math.IsNaN(got) || math.IsInf(got, 0):
		return "not measured"
	case g.below && got < g.want, !g.below && got >= g.want:
		return "reached"
	}
	return "**missed**"
}

func (g goal) wanted() string {
	word := "≥ "
	if g.below {
		word = "< "
	}
	return word + strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", g.want), "0"), ".") + g.unit
}

// usual is how many connections the comparisons are made from.
const usual = 16

// beside compares two lanes of a set in a workload.
func beside(set, lane, other, work string, m metric) func(measured) float64 {
	return func(all measured) float64 {
		r := results(all.Samples)
		return r.where(set, lane, work, usual).times(r.where(set, other, work, usual), m)
	}
}

// ofOurs is a figure of our own lane in one cell.
func ofOurs(set, work string, connections int, m metric) func(measured) float64 {
	return func(all measured) float64 {
		return results(all.Samples).where(set, "ours", work, connections).median(m)
	}
}

// goals are those of the benchmark's issue, in its order.
func goals() []goal {
	return slices.Concat(pgxGoals(), drfGoals(), echoGoals(), limitGoals(), fileGoals(), growthGoals())
}

// setOf is the set that measures a workload from 16 connections on PostgreSQL.
func setOf(work string) string {
	switch work {
	case "C", "O":
		return "writes"
	case "P", "Q":
		return "deep"
	}
	return "reads"
}

func pgxGoals() []goal {
	var list []goal
	for _, w := range []struct {
		work string
		want float64
	}{{"L", 1}, {"R", 1}, {"A", 1.05}, {"C", 0.95}, {"O", 0.95}} {
		list = append(list,
			goal{"hand-written pgx", w.work + ", requests", w.want, false, " ×", beside(setOf(w.work), "ours", "pgx", w.work, rate)},
			goal{"hand-written pgx", w.work + ", server CPU per request", w.want, false, " ×", beside(setOf(w.work), "ours", "pgx", w.work, serverCPU)})
	}
	return list
}

func drfGoals() []goal {
	var list []goal
	for _, w := range []struct {
		work string
		want float64
	}{{"L", 18}, {"R", 28}, {"A", 20}, {"C", 13}, {"O", 10}, {"P", 7}} {
		list = append(list, goal{"DRF", w.work + ", requests", w.want, false, " ×", beside(setOf(w.work), "ours", "drf", w.work, rate)})
	}
	for _, w := range []struct {
		work string
		want float64
	}{{"L", 50}, {"R", 50}, {"A", 40}} {
		list = append(list, goal{"DRF", w.work + ", server CPU per request", w.want, false, " ×", beside("reads", "ours", "drf", w.work, serverCPU)})
	}
	return list
}

func echoGoals() []goal {
	var list []goal
	for _, w := range []struct {
		work string
		want float64
	}{{"L", 3}, {"R", 3}, {"A", 3}, {"C", 2}, {"O", 2}} {
		list = append(list, goal{"Echo + GORM", w.work + ", requests", w.want, false, " ×", beside(setOf(w.work), "ours", "echo-gorm", w.work, rate)})
	}
	return list
}

func limitGoals() []goal {
	most := func(all measured) float64 {
		most := math.NaN()
		for _, work := range []string{"L", "R", "A"} {
			if held := ofOurs("many", work, 64, held)(all); math.IsNaN(most) || held > most {
				most = held
			}
		}
		return most
	}
	return []goal{
		{"limits", "memory at 64 connections", 40, true, " MB", most},
		{"limits", "memory idle", 20, true, " MB", func(all measured) float64 { return launches(all.Starts).idle("ours") }},
		{"limits", "start to first answer", 60, true, " ms", func(all measured) float64 { return launches(all.Starts).firstAnswer("ours") }},
		{"limits", "p99 of L, 1 connection", 3, true, " ms", ofOurs("single", "L", 1, p99)},
		{"limits", "p99 of A, 1 connection", 3, true, " ms", ofOurs("single", "A", 1, p99)},
		{"limits", "p99 of R, 1 connection", 2, true, " ms", ofOurs("single", "R", 1, p99)},
	}
}

func fileGoals() []goal {
	return []goal{
		{"SQLite", "L beside PocketBase, requests", 6, false, " ×", beside("sqlite", "ours@sqlite", "pocketbase", "L", rate)},
		{"SQLite", "L beside Echo + GORM, requests", 2, false, " ×", beside("sqlite", "ours@sqlite", "echo-gorm@sqlite", "L", rate)},
	}
}

// growthGoals bound how many times as long a request takes with 1,000,000 products as with 1,000.
func growthGoals() []goal {
	var list []goal
	for _, w := range []struct{ work, text string }{{"R", "detail"}, {"Q", "cursor page"}, {"W", "list without count"}} {
		list = append(list, goal{"1,000 to 1,000,000 rows", w.text + ", time per request", 1.3, true, " ×", beside("growth", "ours@shop1k", "ours@shop1m", w.work, rate)})
	}
	return list
}

// launches are starts that can be asked.
type launches []launch

func (l launches) of(lane string, figure func(launch) float64) float64 {
	var values []float64
	for _, x := range l {
		if x.Lane == lane {
			values = append(values, figure(x))
		}
	}
	return median(values)
}

func (l launches) idle(lane string) float64 {
	return l.of(lane, func(x launch) float64 { return x.Idle })
}

func (l launches) firstAnswer(lane string) float64 {
	return l.of(lane, func(x launch) float64 { return x.FirstAnswer })
}
