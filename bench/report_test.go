package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestVerdicts(t *testing.T) {
	least, limit := goal{want: 1.05, unit: " ×"}, goal{want: 40, below: true, unit: " MB"}
	for _, c := range []struct {
		goal goal
		got  float64
		want string
	}{
		{least, 1.05, "reached"},
		{least, 1.04, "**missed**"},
		{limit, 39.9, "reached"},
		{limit, 40, "**missed**"},
		{limit, math.NaN(), "not measured"},
		{least, math.Inf(1), "not measured"},
	} {
		if got := c.goal.verdict(c.got); got != c.want {
			t.Errorf("%s of %s: got %q, want %q", digits(c.got, 2), c.goal.wanted(), got, c.want)
		}
	}
	if got := least.wanted() + ", " + limit.wanted(); got != "≥ 1.05 ×, < 40 MB" {
		t.Errorf("got %q", got)
	}
}

// measuredOf is a run in which ours was half as fast as pgx and twice as fast as DRF, on a machine that others used.
func measuredOf() measured {
	var all measured
	for round := range 3 {
		for lane, perSecond := range map[string]float64{"ours": 500, "pgx": 1000, "drf": 250} {
			all.Samples = append(all.Samples, sample{
				Set: "reads", Lane: lane, Work: "L", Connections: 16, Round: round, Rate: perSecond, Server: 100 / perSecond,
				Database: 0.25, P50: 2, P99: 9, Memory: 30, Foreign: 0.5, Errors: round,
			})
		}
	}
	all.Starts = []launch{{"ours", 40, 15}, {"ours", 50, 16}, {"ours", 90, 17}}
	all.Runs = map[string]string{"reads": "3 rounds of 1 s, source abc"}
	all.About = map[string]string{"machine": "2 cores"}
	all.Compared = map[string]string{"shop": "57 answers of ours are those of drf, byte for byte"}
	all.Missing = map[string]string{"pocketbase": "no network\nand more"}
	return all
}

func TestDocument(t *testing.T) {
	text := document(measuredOf())
	for _, want := range []string{
		"| machine | 2 cores;",
		"**Other programs used 0.5 cores during this run.**",
		"**Left out: pocketbase** (no network).",
		"| hand-written pgx | L, requests | ≥ 1 × | 0.50 | **missed** |",
		"| DRF | L, requests | ≥ 18 × | 2.00 | **missed** |",
		"| limits | start to first answer | < 60 ms | 50.00 | reached |",
		"| limits | memory idle | < 20 MB | 16.00 | reached |",
		"| hand-written pgx | R, requests | ≥ 1 × | – | not measured |",
		"- goal missed, hand-written pgx, L, requests: 0.50 ×, wanted ≥ 1 ×\n",
		"- L from 16 connection(s): 0.50 × of the requests of pgx\n",
		"| ours | 500 | 2.00 | 9.0 | 0.200 | 0.250 | 30 | 0.50 | 3 | 0.50 | 0.50 | 2.00 | 2.00 |",
		"| ours | 50 | 16.0 |",
		"## Reads on PostgreSQL, 16 connections\n\n3 rounds of 1 s, source abc.\n",
		"- 57 answers of ours are those of drf, byte for byte\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	for _, unwanted := range []string{"$", "of the requests of drf", "64 conn.", "NaN"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("the report has %q", unwanted)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestQuietRunsHaveNoWarning(t *testing.T) {
	if got := warning(results{{Foreign: 0.1}, {Foreign: 0.1}, {Foreign: 2}}); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestMasked(t *testing.T) {
	body := `{"id":7,"category":{"id":3},"created_at":"2026-01-02T03:04:05.678Z","items":[{"id":1,"product":2},{"id":9,"product":3}]}`
	want := `{"id":KEY,"category":{"id":3},"created_at":TIME,"items":[{"id":KEY,"product":2},{"id":KEY,"product":3}]}`
	if got := masked(body); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	order := `{"id":"0123abcd-0123-0123-0123-0123456789ab","placed_at":"2026-01-02T03:04:05Z"}`
	if got := masked(order); got != `{"id":"UUID","placed_at":TIME}` {
		t.Errorf("got %s", got)
	}
}

func TestOptions(t *testing.T) {
	environ := map[string]string{"BENCH_ROUNDS": "7", "BENCH_SETS": "reads,deep", "BENCH_PEERS": "ours pgx"}
	o, err := optionsFrom(func(name string) string { return environ[name] })
	if err != nil || o.rounds != 7 || o.seconds != 3 || len(o.only) != 2 || len(o.peers) != 2 {
		t.Errorf("got %+v, %v", o, err)
	}
	for name, value := range map[string]string{"BENCH_ROUNDS": "0", "BENCH_SECONDS": "long", "BENCH_SETS": "redas", "BENCH_PEERS": "django"} {
		if _, err := optionsFrom(func(asked string) string { return map[string]string{name: value}[asked] }); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestWireOfRequests(t *testing.T) {
	got := restAddresses{}.newOrder([3]int{5, 6, 7}).wire("token")
	body := `{"shipping_address":{"city":"Oslo","street":"Main 1"},"note":"please ring",` +
		`"items":[{"product":5,"quantity":1},{"product":6,"quantity":2},{"product":7,"quantity":3}]}`
	want := "POST /api/orders/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer token\r\nContent-Type: application/json\r\n" +
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)) + body
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestUniqueRequestsKeepTheirLength: the generator replaces the mark inside of requests whose length is said already.
func TestUniqueRequestsKeepTheirLength(t *testing.T) {
	for _, w := range workloads {
		for _, a := range []addresses{restAddresses{}, pocketAddresses{}} {
			all := w.requests(a, mix{rand.New(rand.NewPCG(1, 2)), 100_000})
			if len(all) == 0 || all[0].path == "" || (all[0].body == "") == w.writes {
				t.Errorf("%s of %T: %d requests, the first is %+v", w.name, a, len(all), all[0])
			}
			if w.name == "C" && (len(unique) != len(fmt.Sprintf("%08d", 1)) || strings.Count(all[0].body, unique) != 3) {
				t.Errorf("%T: %s", a, all[0].body)
			}
		}
	}
}
