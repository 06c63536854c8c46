package orm

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	watchPatience = 20 * time.Millisecond // what a statement may take before its context is watched
	cancelTimeout = 5 * time.Second       // for asking the server to stop
)

// past is a deadline that is over.
var past = time.Unix(1, 0)

// watch ends the reading and writing of a connection when the contexts of all calls on it have ended. Nearly all statements
// are answered before it would begin to look: they cost no more than a timer that is set and stopped.
type watch struct {
	conn net.Conn

	mu    sync.Mutex
	timer *time.Timer
	calls []*call       // those that run, nil when none do
	use   uint64        // which ones they are
	stop  []func() bool // end the looking at their contexts
	left  int           // contexts that have not ended
	ended bool          // the connection was told
}

func (w *watch) init(conn net.Conn) {
	w.conn = conn
	w.timer = time.AfterFunc(watchPatience, w.look)
	w.timer.Stop()
}

// begin is called before statements go out.
func (w *watch) begin(calls []*call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = calls
	w.use++
	w.timer.Reset(watchPatience)
}

// look begins to look at the contexts.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.stop) > 0 {
		return // it was set for those before
	}
	use := w.use
	w.left = len(w.calls)
	for _, c := range w.calls {
		if c.late != nil {
			c.late(c.items)
		}
		w.stop = append(w.stop, context.AfterFunc(c.ctx, func() { w.interrupt(use) }))
	}
}

// interrupt notes that a context has ended, if it is of what still runs, and ends that with the last one.
func (w *watch) interrupt(use uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil || w.use != use {
		return
	}
	if w.left--; w.left == 0 {
		w.ended = true
		_ = w.conn.SetDeadline(past)
	}
}

// end is called when the statements have been answered.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	for _, stop := range w.stop {
		stop()
	}
	if w.ended {
		_ = w.conn.SetDeadline(time.Time{})
	}
	clear(w.stop)
	w.calls, w.stop, w.ended = nil, w.stop[:0], false
}
