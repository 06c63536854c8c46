package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is one measurement of a lane in a cell. CPU times are milliseconds per request, which is seconds per 1,000
// requests; memory is megabytes.
type sample struct {
	Set, Lane, Work  string
	Connections      int
	Round            int
	Rate             float64 // requests per second
	P50, P99         float64 // milliseconds
	Server, Database float64 // CPU time
	Memory           float64 // the most it held during the run
	Foreign          float64 // cores that others used
	Errors           int
}

// launch is what a peer's start looks like, on a store.
type launch struct {
	Lane        string
	FirstAnswer float64 // milliseconds
	Idle        float64 // megabytes, before the first load
}

// measured is all that was measured, kept in a file between commands.
type measured struct {
	About    map[string]string // machine and versions
	Minutes  float64
	Runs     map[string]string // by set: of what source, and how long
	Missing  map[string]string
	Compared map[string]string // by store: what came of comparing the answers
	Samples  []sample
	Starts   []launch
}

// measure runs the chosen sets and keeps the results; those of other sets stay.
func (b *bench) measure(ctx context.Context) error {
	all, err := b.load()
	if err != nil {
		return err
	}
	if all.About, err = b.about(ctx); err != nil {
		return err
	}
	begun := time.Now()
	sets := b.chosenSets()
	for _, s := range sets {
		all.Samples = slices.DeleteFunc(all.Samples, func(x sample) bool { return x.Set == s.name })
	}
	if len(b.only) == 0 {
		all.Samples, all.Minutes, all.Runs, all.Compared = nil, 0, map[string]string{}, map[string]string{}
	}
	all.Missing = b.missing
	maps.Copy(all.Compared, b.compared)
	if all.Starts, err = b.starts(ctx); err != nil {
		return err
	}
	for _, s := range sets {
		all.Runs[s.name] = fmt.Sprintf("%d rounds of %d s, source %s", b.rounds, b.seconds, all.About["revision"])
		samples, err := b.runSet(ctx, s)
		all.Samples = append(all.Samples, samples...)
		if err != nil {
			return err
		}
		if err := b.save(all); err != nil {
			return err
		}
	}
	all.Minutes += time.Since(begun).Minutes()
	return b.save(all)
}

func (b *bench) load() (measured, error) {
	all := measured{Runs: map[string]string{}, Compared: map[string]string{}}
	text, err := os.ReadFile(b.path("results.json"))
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, err
	}
	return all, json.Unmarshal(text, &all)
}

func (b *bench) save(all measured) error {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(b.path("results.json"), text, 0o644)
}

// startsOfEach is how often each peer is started to be timed.
const startsOfEach = 5

// starts measures how the peers of the main store start, one by one.
func (b *bench) starts(ctx context.Context) ([]launch, error) {
	lanes := b.chosen(set{lanes: on(storeShop, "ours", "pgx", "echo-gorm", "drf")}).lanes
	var list []launch
	for range startsOfEach {
		for _, l := range lanes {
			p, err := b.start(ctx, l)
			if err != nil {
				return nil, err
			}
			if err := pause(ctx, 500*time.Millisecond); err != nil { // what a start leaves to be done
				return nil, errors.Join(err, p.stop())
			}
			list = append(list, launch{l.name(), millis(p.took), memory(p.cmd.Process.Pid)})
			if err := p.stop(); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// runSet starts the lanes of a set, warms them up and measures every cell in rounds, the lanes in turn: forwards and
// backwards alternately, so that what slows the machine down for a while slows all of them down.
func (b *bench) runSet(ctx context.Context, s set) (samples []sample, err error) {
	say("%s: %s", s.name, s.title)
	running, err := b.startAll(ctx, s.lanes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stopAll(running)) }()
	for _, c := range s.cells {
		for _, p := range running {
			if _, err := b.runOnce(ctx, s, c, p, 1); err != nil {
				return nil, err
			}
		}
		if err := b.cleanUp(ctx, c, running); err != nil {
			return nil, err
		}
	}
	for round := range b.rounds {
		for _, c := range s.cells {
			for _, p := range running {
				x, err := b.runOnce(ctx, s, c, p, b.seconds)
				if err != nil {
					return samples, err
				}
				x.Round = round
				samples = append(samples, x)
				say("%-14s %s%-3d %8.1f/s  p50 %6.2f  p99 %6.1f ms  cpu %.3f + %.3f ms  %4.0f MB  others %.2f  errors %d",
					x.Lane, x.Work, x.Connections, x.Rate, x.P50, x.P99, x.Server, x.Database, x.Memory, x.Foreign, x.Errors)
			}
			if err := b.cleanUp(ctx, c, running); err != nil {
				return samples, err
			}
		}
		slices.Reverse(running)
	}
	return samples, nil
}

// runOnce loads one lane with one workload.
func (b *bench) runOnce(ctx context.Context, s set, c cell, p *process, seconds int) (sample, error) {
	tokens, err := b.tokensFor(p.peer)
	if err != nil {
		return sample{}, err
	}
	m := mix{rand.New(rand.NewPCG(42, 0)), p.store.products}
	if c.work.writes {
		m.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) // other products than the run before
	}
	file, err := b.requestFile(c.work, p.peer.addresses, m, tokens)
	if err != nil {
		return sample{}, err
	}
	if err := quiet(ctx, time.Duration(b.quiet)*time.Second); err != nil {
		return sample{}, err
	}
	gauge := newGauge(p, b.cluster)
	counted, generator, err := b.wrk(ctx, load{p.base, file, c.work.writes, c.connections, seconds})
	if err != nil {
		return sample{}, err
	}
	x := gauge.read(counted.Requests, generator)
	x.Set, x.Lane, x.Work, x.Connections = s.name, p.name(), c.work.name, c.connections
	x.Rate = float64(counted.Requests) / (float64(counted.Micros) / 1e6)
	x.P50, x.P99, x.Errors = counted.P50, counted.P99, counted.Errors
	return x, nil
}

// quiet waits until others on the machine pause, at most so long.
func quiet(ctx context.Context, most time.Duration) error {
	const (
		look    = 400 * time.Millisecond
		allowed = 0.35 // cores
	)
	for until := time.Now().Add(most); time.Now().Before(until); {
		before := busy()
		if err := pause(ctx, look); err != nil {
			return err
		}
		if (busy()-before).Seconds()/look.Seconds() < allowed {
			return nil
		}
	}
	return nil
}

// gauge holds what the clocks showed when a run began, and watches the memory.
type gauge struct {
	process          *process
	database         int // process of the server that the lane uses; 0 for none
	serverCPU, dbCPU time.Duration
	ownCPU, machine  time.Duration
	begun            time.Time
	finish, finished chan struct{}
	mostMemory       float64
}

// newGauge begins to measure.
func newGauge(p *process, c *cluster) *gauge {
	g := &gauge{process: p, finish: make(chan struct{}), finished: make(chan struct{}), begun: time.Now()}
	if !p.store.file {
		g.database = c.pid()
	}
	g.serverCPU, g.dbCPU, g.ownCPU, g.machine = g.clocks()
	go g.watch()
	return g
}

func (g *gauge) clocks() (server, database, own, machine time.Duration) {
	if g.database > 0 {
		database = cpuOf(g.database)
	}
	return cpuOf(g.process.cmd.Process.Pid), database, cpuAlone(os.Getpid()), busy()
}

// watch looks at the memory until the run is over.
func (g *gauge) watch() {
	defer close(g.finished)
	const every = 500 * time.Millisecond
	for {
		g.mostMemory = max(g.mostMemory, memory(g.process.cmd.Process.Pid))
		select {
		case <-g.finish:
			return
		case <-time.After(every):
		}
	}
}

// read ends the measurement of a run of so many requests; generator is the CPU time of what sent them.
func (g *gauge) read(requests int, generator time.Duration) sample {
	server, database, own, machine := g.clocks()
	took := time.Since(g.begun)
	close(g.finish)
	<-g.finished
	server, database, own, machine = server-g.serverCPU, database-g.dbCPU, own-g.ownCPU, machine-g.machine
	n := float64(max(requests, 1))
	return sample{
		Server: millis(server) / n, Database: millis(database) / n, Memory: g.mostMemory,
		Foreign: max(0, (machine-server-database-own-generator).Seconds()/took.Seconds()),
	}
}

// cleanUp takes out of the databases what a writing workload stored, so that every round finds the same. A request that is
// still under way may make the first try fail.
func (b *bench) cleanUp(ctx context.Context, c cell, running []*process) (err error) {
	if !c.work.writes {
		return nil
	}
	const tries = 5
	for _, s := range postgresStores(running) {
		for range tries {
			if err = pause(ctx, 300*time.Millisecond); err != nil {
				return err
			}
			if err = b.cluster.exec(ctx, s.name,
				"TRUNCATE orders_orderitem, orders_order",
				fmt.Sprintf("DELETE FROM catalog_product_tags WHERE product_id > %d", s.products),
				fmt.Sprintf("DELETE FROM catalog_product WHERE id > %d", s.products),
				"VACUUM (ANALYZE) catalog_product", "VACUUM (ANALYZE) catalog_product_tags", "CHECKPOINT"); err == nil {
				break
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func postgresStores(running []*process) []*store {
	var list []*store
	for _, p := range running {
		if !p.store.file && !slices.Contains(list, p.store) {
			list = append(list, p.store)
		}
	}
	return list
}

// quick measures ours and the hand-written peer, and prints medians and ratios.
func (b *bench) quick(ctx context.Context, names []string) error {
	for _, name := range names {
		if workloadNamed(name) == nil {
			return fmt.Errorf("there is no workload %q", name)
		}
	}
	b.rounds, b.seconds, b.quiet = 3, 2, 2
	s := quickSet(names)
	if err := b.needWrk(ctx); err != nil {
		return err
	}
	if err := b.prepareLanes(ctx, s.lanes); err != nil {
		return err
	}
	s = b.chosen(s)
	samples, err := b.runSet(ctx, s)
	if err != nil {
		return err
	}
	fmt.Print(setTables(s, samples))
	return nil
}

// about says what the figures were measured on and with.
func (b *bench) about(ctx context.Context) (map[string]string, error) {
	machine, err := hardware()
	if err != nil {
		return nil, err
	}
	about := map[string]string{"machine": machine, "go": runtime.Version(), "date": time.Now().UTC().Format(time.DateOnly)}
	about["revision"] = b.revision(ctx)
	if about["postgresql"], err = b.cluster.value(ctx, "postgres", "SHOW server_version"); err != nil {
		return nil, err
	}
	if text, err := os.ReadFile(b.path("venv", "requirements.txt")); err == nil {
		about["python"] = strings.Join(pinned(string(text)), ", ")
	}
	if text, err := output(ctx, b.source("peers"), "go", "list", "-m", "-f", "{{.Path}} {{.Version}}",
		"github.com/jackc/pgx/v5", "github.com/labstack/echo/v4", "gorm.io/gorm"); err == nil {
		about["peers"] = strings.ReplaceAll(text, "\n", ", ")
	}
	return about, nil
}

// revision names the commit that is measured, and says when the files differ from it. The report, which an earlier set may have
// written, is none of them.
func (b *bench) revision(ctx context.Context) string {
	commit, err := output(ctx, b.root, "git", "describe", "--always")
	if err != nil {
		return "unknown"
	}
	if changed, err := output(ctx, b.root, "git", "status", "--porcelain", "--untracked-files=no",
		"--", ":/", ":(exclude,top)bench/"+reportName); err != nil || changed != "" {
		return commit + "-dirty"
	}
	return commit
}

// pinned are the requirements with an exact version.
func pinned(requirements string) []string {
	var list []string
	for line := range strings.Lines(requirements) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok {
			list = append(list, name+" "+version)
		}
	}
	return list
}
