// Command bench measures the framework beside its peers and writes bench/RESULTS.md.
//
//	go run ./bench                prepare, check, measure and report: "make bench"
//	go run ./bench quick [L R …]  ours and the hand-written peer alone, for development; writes nothing
//	go run ./bench up             PostgreSQL with the databases, until interrupted: for profiles
//	go run ./bench prepare|check|run|report
//
// It needs Linux, PostgreSQL's programs, wrk (installed by itself on Debian when it may) and python3 with Django, without
// which nothing is measured; another peer that cannot be built is left out, and said to be. docs/benchmarks.md explains the workloads and the environment variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the first argument says; nothing means everything.
func run(ctx context.Context, args []string) error {
	if runtime.GOOS != "linux" {
		return errors.New("processes are measured by /proc, which only Linux has")
	}
	o, err := optionsFrom(os.Getenv)
	if err != nil {
		return err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	steps, ok := map[string][]step{
		"":        {b.prepare, b.check, b.measure, b.report},
		"quick":   {func(ctx context.Context) error { return b.quick(ctx, args) }},
		"up":      {b.up},
		"prepare": {b.prepare},
		"check":   {b.prepare, b.check},
		"run":     {b.prepare, b.check, b.measure},
		"report":  {b.report},
	}[command]
	if !ok {
		return fmt.Errorf("there is no command %q: say quick, up, prepare, check, run, report or nothing", command)
	}
	return b.do(ctx, steps)
}

// step is a part of a benchmark.
type step func(context.Context) error

// do runs the steps while no other benchmark runs, and stops PostgreSQL at the end.
func (b *bench) do(ctx context.Context, steps []step) (err error) {
	unlock, err := lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	defer func() { err = errors.Join(err, b.cluster.stop()) }()
	for _, s := range steps {
		if err := s(ctx); err != nil {
			return err
		}
	}
	return nil
}
