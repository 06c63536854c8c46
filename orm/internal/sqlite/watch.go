package sqlite

import (
	"context"
	"sync"
	"time"

	"modernc.org/sqlite/lib"
)

// watch interrupts the statement that a connection is running, and none else: an interruption that comes late would hit the
// next one. A statement whose context cannot end and that has no time limit costs it nothing.
type watch struct {
	mu      sync.Mutex
	running *Stmt // inside of the library now
	timer   *time.Timer
	late    time.Time // when the statement of the timer is to end
}

// Watch ends the statement when ctx ends, as long as it is in use, or when it has not come to its first row, or its end, in
// time; 0 is no limit. Steps then fail with the context's error, or context.DeadlineExceeded. A context that has ended already
// is the error.
func (s *Stmt) Watch(ctx context.Context, limit time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.limit = limit
	s.ended = nil
	s.unwatch = nil
	if ctx.Done() != nil {
		use := s.use
		s.unwatch = context.AfterFunc(ctx, func() { s.conn.endUse(s, use, ctx.Err()) })
	}
	return nil
}

// endUse interrupts the use of a statement, unless that is over.
func (c *Conn) endUse(s *Stmt, use uint64, cause error) {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if s.use != use {
		return
	}
	s.ended = cause
	if c.watch.running == s {
		sqlite3.Xsqlite3_interrupt(c.tls, c.db)
	}
}

// isWatched tells whether a step can be interrupted.
func (s *Stmt) isWatched() bool { return s.limit > 0 || s.unwatch != nil }

// enter begins a step; the error is why there must be none.
func (c *Conn) enter(s *Stmt) error {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.ended != nil {
		return s.ended
	}
	w.running = s
	if s.limit > 0 {
		w.late = time.Now().Add(s.limit)
		if w.timer == nil {
			w.timer = time.AfterFunc(s.limit, c.timeUp)
		} else {
			w.timer.Reset(s.limit)
		}
	}
	return nil
}

// leave ends a step. The limit is over: rows are waiting for who reads them.
func (c *Conn) leave(s *Stmt) {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = nil
	if s.limit > 0 {
		w.timer.Stop()
		s.limit = 0
	}
}

// timeUp is called by the timer, perhaps of a statement that has just ended.
func (c *Conn) timeUp() {
	w := &c.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.running; s != nil && s.limit > 0 && !time.Now().Before(w.late) {
		s.ended = context.DeadlineExceeded
		sqlite3.Xsqlite3_interrupt(c.tls, c.db)
	}
}

// forget ends the use of a statement: what was to end it no longer can.
func (c *Conn) forget(s *Stmt) {
	if s.unwatch != nil {
		s.unwatch()
		s.unwatch = nil
	}
	c.watch.mu.Lock()
	s.use++
	s.ended = nil
	c.watch.mu.Unlock()
	s.limit = 0
}

func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}
