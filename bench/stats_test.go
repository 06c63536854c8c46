package main

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		list []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 2, 100}, 3},
	} {
		if got := median(c.list); got != c.want {
			t.Errorf("%v: got %v, want %v", c.list, got, c.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("of nothing: %v", got)
	}
	given := []float64{2, 1}
	median(given)
	if given[0] != 2 {
		t.Error("the argument was sorted")
	}
}

func TestDisturbedRoundsAreLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		list []reading
		want float64
	}{
		"the calmer half":    {[]reading{{10, 0}, {900, 2}, {30, 0.1}, {800, 1}, {20, 0.2}, {700, 1.5}}, 20},
		"three of four":      {[]reading{{900, 2}, {10, 0}, {30, 0.1}, {20, 0.2}}, 20},
		"two, disturbed too": {[]reading{{10, 0}, {30, 2}}, 20},
	} {
		if got := calmMedian(c.list); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// sampleOf is a sample of a lane in cell L16 of the set reads.
func sampleOf(lane string, round int, perSecond, cpu float64) sample {
	return sample{Set: "reads", Lane: lane, Work: "L", Connections: 16, Round: round, Rate: perSecond, Server: cpu}
}

// The second round ran on a machine at half the speed: the ratio of the medians would be 200 / 100, or 100 / 50 with
// other rounds lost; those within the rounds are 2, 2 and 4.
var twoLanes = results{
	sampleOf("ours", 0, 200, 1), sampleOf("pgx", 0, 100, 2),
	sampleOf("ours", 1, 100, 2), sampleOf("pgx", 1, 50, 4),
	sampleOf("ours", 2, 400, 1), sampleOf("pgx", 2, 100, 2),
	{Set: "reads", Lane: "ours", Work: "L", Connections: 16, Round: 3, Rate: 900, Foreign: 2}, // disturbed, without its neighbour
	{Set: "many", Lane: "ours", Work: "L", Connections: 64, Rate: 1},
}

func TestRatiosAreThoseWithinRounds(t *testing.T) {
	ours, pgx := twoLanes.where("reads", "ours", "L", 16), twoLanes.where("reads", "pgx", "L", 16)
	if len(ours) != 4 || len(pgx) != 3 {
		t.Fatalf("%d and %d samples", len(ours), len(pgx))
	}
	for name, c := range map[string]struct {
		got, want float64
	}{
		"requests":           {ours.times(pgx, rate), 2},
		"CPU, less is more":  {ours.times(pgx, serverCPU), 2},
		"the other way":      {pgx.times(ours, rate), 0.5},
		"median of requests": {ours.median(rate), 200},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
	if got := ours.times(nil, rate); !math.IsNaN(got) {
		t.Errorf("without another: %v", got)
	}
}
