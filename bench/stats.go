package main

import (
	"cmp"
	"math"
	"slices"
)

// metric is a figure of a sample; higher tells whether more of it is better.
type metric struct {
	of     func(sample) float64
	higher bool
}

var (
	rate      = metric{func(x sample) float64 { return x.Rate }, true}
	p50       = metric{func(x sample) float64 { return x.P50 }, false}
	p99       = metric{func(x sample) float64 { return x.P99 }, false}
	serverCPU = metric{func(x sample) float64 { return x.Server }, false}
	dbCPU     = metric{func(x sample) float64 { return x.Database }, false}
	held      = metric{func(x sample) float64 { return x.Memory }, false}
	foreign   = metric{func(x sample) float64 { return x.Foreign }, false}
)

// median of numbers: the mean of the two in the middle of an even count, NaN of none.
func median(list []float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	list = slices.Sorted(slices.Values(list))
	middle := len(list) / 2
	if len(list)%2 == 1 {
		return list[middle]
	}
	return (list[middle-1] + list[middle]) / 2
}

// results are samples that can be asked.
type results []sample

// reading is a value with how much others disturbed the measurement, in cores.
type reading struct{ value, disturbed float64 }

// calmMedian is the median of the calmer half of the readings, of three at least: what other programs did to a round says
// nothing about the peers.
func calmMedian(list []reading) float64 {
	const least = 3
	list = slices.SortedStableFunc(slices.Values(list), func(a, b reading) int { return cmp.Compare(a.disturbed, b.disturbed) })
	keep := min(len(list), max(least, (len(list)+1)/2))
	values := make([]float64, keep)
	for i, r := range list[:keep] {
		values[i] = r.value
	}
	return median(values)
}

// where are the samples of a lane in a cell of a set.
func (r results) where(set, lane, work string, connections int) results {
	var list results
	for _, x := range r {
		if x.Set == set && x.Lane == lane && x.Work == work && x.Connections == connections {
			list = append(list, x)
		}
	}
	return list
}

// median is that of a metric, of the calmer rounds.
func (r results) median(m metric) float64 {
	values := make([]reading, len(r))
	for i, x := range r {
		values[i] = reading{m.of(x), x.Foreign}
	}
	return calmMedian(values)
}

// errors are how many requests failed.
func (r results) errors() int {
	n := 0
	for _, x := range r {
		n += x.Errors
	}
	return n
}

// times says how many times as good as other r is: the median over the calmer rounds of the ratio within a round, so that
// what changes between the rounds does not count. NaN when no round has both.
func (r results) times(other results, m metric) float64 {
	var ratios []reading
	for _, mine := range r {
		for _, its := range other {
			if mine.Round != its.Round {
				continue
			}
			ratio := m.of(mine) / m.of(its)
			if !m.higher {
				ratio = 1 / ratio
			}
			ratios = append(ratios, reading{ratio, max(mine.Foreign, its.Foreign)})
		}
	}
	return calmMedian(ratios)
}
