// Command serve starts the recorded API, shop and kitchen, in the fixture state, for programs that replay recordings:
//
//	go run ./conformance/serve --port 8801 [--database-url postgres://user:password@host:5432/name]
//
// Clients name "Host: testserver". POST /__reset__ puts the server back to the fixture state. The database that is given must
// be empty, or filled by an earlier start; without one, a SQLite file is made that is removed at the end. It is for tests only:
// its key and its accounts are published with the recordings.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/quintet-go/quintet/conformance/testserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], testserver.Start, os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// starter is testserver.Start.
type starter func(context.Context, testserver.Options) (*testserver.Server, error)

// run serves until ctx ends.
func run(ctx context.Context, args []string, start starter, out, log io.Writer) error {
	options, err := parse(args, log)
	if err != nil {
		return err
	}
	server, err := start(ctx, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "serving shop and kitchen at %s; POST %s%s restores the fixture\n", server.URL, server.URL, testserver.ResetPath)
	<-ctx.Done()
	return server.Close()
}

func parse(args []string, log io.Writer) (testserver.Options, error) {
	o := testserver.Options{Log: log}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.IntVar(&o.Port, "port", 8801, "`number` of the port on 127.0.0.1; 0 for any free one")
	flags.StringVar(&o.DatabaseURL, "database-url", "", "an empty `database`, as sqlite:PATH or postgres://…")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, errors.New("unknown argument " + strconv.Quote(flags.Arg(0)))
	}
	return o, nil
}
