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

// watch ends the reading and writing of a connection when the context of its statements ends. Nearly all statements are
// answered before it would begin to look: they cost no more than a timer that is set and stopped.
type watch struct {
	conn net.Conn

	mu    sync.Mutex
	timer *time.Timer
	ctx   context.Context // of what runs, nil when nothing does
	use   uint64          // which one it is
	stop  func() bool     // ends the looking at ctx
	ended bool            // the connection was told
}

func (w *watch) init(conn net.Conn) {
	w.conn = conn
	w.timer = time.AfterFunc(watchPatience, w.look)
	w.timer.Stop()
}

// begin is called before statements go out.
func (w *watch) begin(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ctx = ctx
	w.use++
	w.timer.Reset(watchPatience)
}

// look begins to look at the context.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx != nil && w.stop == nil {
		use := w.use
		w.stop = context.AfterFunc(w.ctx, func() { w.interrupt(use) })
	}
}

// interrupt ends what runs, if it is still the one that was looked at.
func (w *watch) interrupt(use uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx != nil && w.use == use {
		w.ended = true
		_ = w.conn.SetDeadline(past)
	}
}

// end is called when the statements have been answered.
func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	if w.stop != nil {
		w.stop()
	}
	if w.ended {
		_ = w.conn.SetDeadline(time.Time{})
	}
	w.ctx, w.stop, w.ended = nil, nil, false
}
