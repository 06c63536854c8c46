package sqlite

import (
	"context"
	"sync"
	"time"

	"modernc.org/sqlite/lib"
)

// patience is what a statement may take before its context is looked at: nearly all are over by then, and cost no more than a
// timer that is set and stopped.
const patience = 20 * time.Millisecond

// watch interrupts the statement that a connection is running, and none else: an interruption that comes late would hit the
// next one. A statement whose context cannot end and that has no time limit costs it nothing.
type watch struct {
	mu      sync.Mutex
	running *Stmt // inside of the library now
}

// watched is why a statement can be interrupted; of watch.mu, but for ctx and limit.
type watched struct {
	ctx     context.Context //nolint:containedctx // of one use of the statement; nil when it cannot end
	limit   time.Duration   // for the first step; 0 is none
	late    time.Time       // when the first step is to end; zero when there is no limit, or no longer one
	timer   *time.Timer     // calls look; nil before it was needed
	started bool            // the timer was set
	use     uint64          // which one it is
	unwatch func() bool     // ends the looking at ctx
	ended   error           // why no step may follow
}

// Watch ends the statement when ctx ends, as long as it is in use, or when it has not come to its first row, or its end, in
// time; 0 is no limit. Steps then fail with the context's error, or context.DeadlineExceeded, though rows that come quickly
// may be read for some milliseconds more. A context that has ended already is the error.
func (s *Stmt) Watch(ctx context.Context, limit time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.watched.limit = limit
	if ctx.Done() != nil {
		s.watched.ctx = ctx
	}
	return nil
}

// isWatched tells whether a step can be interrupted.
func (s *Stmt) isWatched() bool { return s.watched.limit > 0 || s.watched.ctx != nil }

// enter begins a step; the error is why there must be none.
func (c *Conn) enter(s *Stmt) error {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if s.watched.ended != nil {
		return s.watched.ended
	}
	c.watch.running = s
	if !s.watched.started {
		s.startWatch()
	}
	return nil
}

// startWatch sets the timer for the first step.
func (s *Stmt) startWatch() {
	w := &s.watched
	w.started = true
	first := patience
	if w.limit > 0 {
		w.late = time.Now().Add(w.limit)
		first = w.limit
		if w.ctx != nil {
			first = min(first, patience)
		}
	}
	if w.timer == nil {
		w.timer = time.AfterFunc(first, s.look)
	} else {
		w.timer.Reset(first)
	}
}

// leave ends a step. The limit is over: rows are waiting for who reads them.
func (c *Conn) leave(s *Stmt) {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	c.watch.running = nil
	s.watched.late = time.Time{}
}

// look is called by the timer, perhaps that of a use which has just ended.
func (s *Stmt) look() {
	c := s.conn
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	w := &s.watched
	if !w.started {
		return
	}
	if w.ctx != nil && w.unwatch == nil {
		ctx, use := w.ctx, w.use
		w.unwatch = context.AfterFunc(ctx, func() { c.endUse(s, use, ctx.Err()) })
	}
	if w.late.IsZero() {
		return
	}
	if left := time.Until(w.late); left > 0 {
		w.timer.Reset(left)
		return
	}
	c.interrupt(s, context.DeadlineExceeded)
}

// endUse interrupts the use of a statement, unless that is over.
func (c *Conn) endUse(s *Stmt, use uint64, cause error) {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if s.watched.use == use {
		c.interrupt(s, cause)
	}
}

// interrupt keeps a statement from further steps, and ends the one that runs. The caller has c.watch.mu.
func (c *Conn) interrupt(s *Stmt, cause error) {
	s.watched.ended = cause
	if c.watch.running == s {
		sqlite3.Xsqlite3_interrupt(c.tls, c.db)
	}
}

// forget ends the use of a statement: what was to end it no longer can.
func (c *Conn) forget(s *Stmt) {
	if !s.isWatched() {
		return
	}
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	w := &s.watched
	if w.started {
		w.timer.Stop()
	}
	if w.unwatch != nil {
		w.unwatch()
	}
	*w = watched{timer: w.timer, use: w.use + 1}
}
