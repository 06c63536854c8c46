package quintet

import (
	"context"
	"sync"
	"time"
)

// exchangeContext is the context of an exchange. It ends with that of the connection, at its deadline, or by end, whichever
// comes first, as one of context.WithDeadline does; but the timer and the channel that this takes are made only for who waits
// for the end. Most requests are answered before anybody does.
type exchangeContext struct {
	context.Context // of the connection
	x               *exchange
	deadline        time.Time

	mu      sync.Mutex
	watched context.Context // made by watch
	cancel  context.CancelFunc
	over    bool
}

// Deadline is when the time of the request is over.
func (c *exchangeContext) Deadline() (time.Time, bool) {
	if earlier, ok := c.Context.Deadline(); ok && earlier.Before(c.deadline) {
		return earlier, true
	}
	return c.deadline, true
}

// Done makes what has to be there to tell the end.
func (c *exchangeContext) Done() <-chan struct{} { return c.watch().Done() }

// AfterFunc lets package context derive contexts without a goroutine each.
func (c *exchangeContext) AfterFunc(f func()) (stop func() bool) {
	return context.AfterFunc(c.watch(), f)
}

// watch is a context that ends as c does.
func (c *exchangeContext) watch() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watched == nil {
		c.watched, c.cancel = context.WithDeadline(c.Context, c.deadline)
		if c.over {
			c.cancel()
		}
	}
	return c.watched
}

// Err tells whether and why the request is over.
func (c *exchangeContext) Err() error {
	c.mu.Lock()
	unwatched := c.watched == nil
	over := c.over
	c.mu.Unlock()
	if unwatched && !over && time.Now().Before(c.deadline) {
		return c.Context.Err()
	}
	return c.watch().Err()
}

// Value finds the exchange, and what the context of the connection holds.
func (c *exchangeContext) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return c.x
	}
	c.mu.Lock()
	watched := c.watched
	c.mu.Unlock()
	if watched != nil {
		return watched.Value(key)
	}
	return c.Context.Value(key)
}

// end ends the context when the request has been answered.
func (c *exchangeContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.cancel != nil {
		c.cancel()
	}
}
