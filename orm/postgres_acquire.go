package orm

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// acquire takes a connection of the pool, and says ErrUnavailable when there is none in that time.
func (c *postgresConns) acquire(ctx context.Context, wait time.Duration) (*pgxpool.Conn, error) {
	return patiently(ctx, wait, c.pool.Acquire)
}

// taken is a connection of the pool that database/sql can use, too.
type taken struct {
	std    *stdlib.Conn
	pooled *pgxpool.Conn // nil where std gives it back
}

// sqlKey finds the stdlib.Conn of a connection among what it carries.
const sqlKey = pipelineKey + ".sql"

// take is acquire of a connection for database/sql, too. pgx makes it such only while it takes one of the pool itself, so this is
// done the first time, and what is made then serves as long as the connection lives.
func (c *postgresConns) take(ctx context.Context) (taken, error) {
	pooled, err := c.acquire(ctx, c.wait)
	if err != nil {
		return taken{}, err
	}
	if known, ok := pooled.Conn().PgConn().CustomData()[sqlKey].(*stdlib.Conn); ok {
		return taken{known, pooled}, nil
	}
	pooled.Release()
	made, err := patiently(ctx, c.wait, c.connector.Connect)
	if err != nil {
		return taken{}, err
	}
	conn, ok := made.(*stdlib.Conn)
	if !ok {
		_ = made.Close()
		return taken{}, fmt.Errorf("%T is no connection of pgx", made)
	}
	conn.Conn().PgConn().CustomData()[sqlKey] = conn
	return taken{std: conn}, nil
}

// giveBack lets the pool have the connection again. Nothing can be done about one that does not close.
func (t taken) giveBack() {
	if t.pooled != nil {
		t.pooled.Release()
		return
	}
	_ = t.std.Close()
}

// patiently gets a connection in the time that may be waited for one.
func patiently[C any](ctx context.Context, limit time.Duration, get func(context.Context) (C, error)) (conn C, err error) {
	if err := ctx.Err(); err != nil {
		return conn, err
	}
	p, _ := patiences.Get().(*patience)
	p.begin(ctx, limit)
	conn, err = get(p)
	if p.end() {
		patiences.Put(p)
	}
	if err == nil {
		return conn, nil
	}
	if ended := ctx.Err(); ended != nil {
		return conn, ended
	}
	return conn, noConnection(err)
}

func noConnection(err error) error { return unavailable(fmt.Errorf("get a connection: %w", err)) }

// patiences are those that did not end.
var patiences = sync.Pool{New: func() any {
	p := &patience{done: make(chan struct{})}
	p.timer = time.AfterFunc(watchPatience, p.ring)
	p.timer.Stop()
	return p
}}

// patience is the context in which a connection is waited for. It ends after a time, or with the context of who waits, which
// is looked at only when the wait is not over at once. As it nearly always is, a patience that has not ended serves again.
type patience struct {
	context.Context // of who waits
	done            chan struct{}
	timer           *time.Timer

	mu      sync.Mutex
	until   time.Time
	waiting bool
	stop    func() bool // ends the looking at the context
	err     error       // how it ended
}

func (p *patience) begin(ctx context.Context, limit time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Context, p.until, p.waiting = ctx, time.Now().Add(limit), true
	p.timer.Reset(min(watchPatience, limit))
}

// ring begins to look at the context, and ends the patience the next time.
func (p *patience) ring() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch left := time.Until(p.until); {
	case !p.waiting:
	case left <= 0:
		p.expire(context.DeadlineExceeded)
	case p.stop != nil: // it rang for who waited before
		p.timer.Reset(left)
	default:
		ctx := p.Context
		p.stop = context.AfterFunc(ctx, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.expire(ctx.Err())
		})
		p.timer.Reset(left)
	}
}

// expire lets who waits know. p.mu is held.
func (p *patience) expire(err error) {
	if p.waiting && p.err == nil {
		p.err = err
		close(p.done)
	}
}

// end tells that the wait is over, and returns whether p can serve again.
func (p *patience) end() (again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
	again = p.err == nil && p.stop == nil
	if p.stop != nil {
		p.stop()
	}
	p.waiting = false
	if again {
		p.Context = context.Background()
	}
	return again
}

// Done is closed at the end.
func (p *patience) Done() <-chan struct{} { return p.done }

// Err is why it ended.
func (p *patience) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Deadline is when it ends at the latest.
func (p *patience) Deadline() (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until, true
}
