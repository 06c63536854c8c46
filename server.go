package quintet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second // slow header lines are cut after it
	idleTimeout       = 3 * time.Minute  // longer than balancers keep a connection
	maxHeaderBytes    = 64 << 10
)

// errInterrupted is the cause of a shutdown by Ctrl-C, which somebody at a terminal is waiting for.
var errInterrupted = errors.New("interrupted")

// Serve answers requests on ln until ctx ends, then shuts down gracefully: readiness goes down at once; for
// Config.ShutdownDelay the server accepts and answers on, asking clients to close their connections; then it stops to
// accept and waits at most Config.ShutdownTimeout for requests in flight. It does not close the App.
func (a *App) Serve(ctx context.Context, ln net.Listener) error {
	h, err := a.Handler()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	return a.serveHandler(ctx, ln, h)
}

func (a *App) serveHandler(ctx context.Context, ln net.Listener, h http.Handler) error {
	srv := a.newServer(h)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(connections{ln}) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	delay := a.config.ShutdownDelay
	if errors.Is(context.Cause(ctx), errInterrupted) {
		delay = 0
	}
	a.shutdown(srv, delay)
	return nil
}

// newServer sets the limits of connections. There is no ReadTimeout or WriteTimeout: limits and exchange set deadlines
// for each body and each piece of an answer, which also leaves WebSockets alone.
func (a *App) newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ConnContext:       withConnection,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// shutdown is graceful in three steps; closing the listener at once would break the requests that are on their way to it.
func (a *App) shutdown(srv *http.Server, delay time.Duration) {
	a.draining.Store(true)
	a.log.Info("shutting down", "delay", delay, "timeout", a.config.ShutdownTimeout)
	time.Sleep(delay)
	ctx, cancel := context.WithTimeout(context.Background(), a.config.ShutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		a.log.Warn("requests in flight were cut: they took longer than QUINTET_SHUTDOWN_TIMEOUT", "error", err)
		_ = srv.Close() // nothing is left to save
	}
}

// untilSignal returns a context that ends at the first SIGTERM or SIGINT. The second one ends the process at once, as
// nobody listens to it any more.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	go func() {
		defer signal.Stop(signals)
		select {
		case s := <-signals:
			if s == os.Interrupt {
				cancel(errInterrupted)
			}
			cancel(nil)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// listen takes the configured address, or says who to blame and what to write.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program: stop that one, or choose another address, e.g. QUINTET_ADDR=%s", addr, nextAddr(addr))
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s needs privileges to listen on: choose a port above 1023, e.g. QUINTET_ADDR=127.0.0.1:8000", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this machine: choose another one with QUINTET_ADDR, e.g. 127.0.0.1:8000, or 0.0.0.0:8000 for all of them", addr)
	case err != nil:
		return nil, fmt.Errorf("listening on %s: %w; choose another address with QUINTET_ADDR", addr, err)
	}
	return ln, nil
}

// nextAddr is the address with the next port, as a suggestion.
func nextAddr(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	port, err := parseAddr(addr)
	if err != nil || port >= 65535 {
		port = 7999
	}
	return net.JoinHostPort(host, strconv.Itoa(port+1))
}
