package identity

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// recent holds what was loaded a moment ago, by the id of the account it belongs to. A value is handed out for life, which
// is counted from before its statement was sent: whatever was committed earlier than that is in it. Calls for one id at the
// same time share one look-up. While many accounts send requests, those that came again are looked up anew all together,
// before their values are too old. Its memory is bounded: the oldest value goes first. It is safe for concurrent use.
type recent[V any] struct {
	life  time.Duration
	now   func() time.Time
	renew func(ctx context.Context, old map[int64]V) (map[int64]V, error) // values of now; nil for none

	mu       sync.Mutex
	byID     map[int64]*list.Element
	order    list.List // of *lookup[V], as they came; renewed ones may be older than some before them
	renewing bool
	looked   time.Time // when something to be renewed was looked for the last time
}

// mostRecent bounds how many accounts a recent holds.
const mostRecent = 4096

// fewRecent is how many accounts are not worth a look-up of all.
const fewRecent = 16

// lookup is a question to the database that was asked or is on its way; done is closed when value and err are there.
type lookup[V any] struct {
	id    int64
	began time.Time
	asked bool // for by a request, not just renewed; guarded by recent.mu
	done  chan struct{}
	value V
	err   error
}

func newRecent[V any](life time.Duration, now func() time.Time) *recent[V] {
	return &recent[V]{life: life, now: now, byID: make(map[int64]*list.Element)}
}

// get returns a value that check takes: one from before, or else what load returns now, with check's error for it.
func (c *recent[V]) get(ctx context.Context, id int64, load func(context.Context) (V, error), check func(V) error) (V, error) {
	arrived := c.now()
	l, mine := c.join(id, arrived.Add(1-c.life))
	if mine {
		return l.lead(ctx, c, load, check)
	}
	if value, err := l.wait(ctx); err == nil && check(value) == nil {
		return value, nil
	}
	c.drop(l)
	if l, mine = c.join(id, arrived); mine {
		return l.lead(ctx, c, load, check)
	}
	value, err := l.wait(ctx)
	if err != nil && ctx.Err() == nil { // another's failure, perhaps because its client went away
		value, err = load(ctx)
	}
	if err == nil {
		err = check(value)
	}
	return value, err
}

// join finds a look-up that began at since or later; without one it begins one, which the caller has to lead.
func (c *recent[V]) join(id int64, since time.Time) (l *lookup[V], mine bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewSoon(now)
	if e, ok := c.byID[id]; ok {
		if l := e.Value.(*lookup[V]); !l.began.Before(since) && !l.began.After(now) {
			l.asked = true
			return l, false
		}
		c.remove(e)
	}
	c.expire(now)
	l = &lookup[V]{id: id, began: now, asked: true, done: make(chan struct{})}
	c.byID[id] = c.order.PushBack(l)
	return l, true
}

// expire makes room for one more and drops what is over.
func (c *recent[V]) expire(now time.Time) {
	for e := c.order.Front(); e != nil; e = c.order.Front() {
		if len(c.byID) < mostRecent && now.Sub(e.Value.(*lookup[V]).began) < c.life {
			return
		}
		c.remove(e)
	}
}

func (c *recent[V]) remove(e *list.Element) {
	delete(c.byID, e.Value.(*lookup[V]).id)
	c.order.Remove(e)
}

// drop forgets one look-up, unless a later one has taken its place.
func (c *recent[V]) drop(l *lookup[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[l.id]; ok && e.Value == any(l) {
		c.remove(e)
	}
}

// forget drops what is known of an account. A look-up on its way still answers those who wait for it, and nobody else.
func (c *recent[V]) forget(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byID[id]; ok {
		c.remove(e)
	}
}

// forgetAll drops everything.
func (c *recent[V]) forgetAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byID)
	c.order.Init()
}

// errBroken is the failure of a look-up that ended by a panic.
var errBroken = errors.New("identity: a look-up broke off")

// lead asks the database for everybody who waits. A failure is not kept.
func (l *lookup[V]) lead(ctx context.Context, c *recent[V], load func(context.Context) (V, error), check func(V) error) (V, error) {
	l.err = errBroken
	defer func() {
		if l.err != nil {
			c.drop(l)
		}
		close(l.done)
	}()
	if l.value, l.err = load(ctx); l.err != nil {
		return l.value, l.err
	}
	return l.value, check(l.value)
}

// wait returns what the look-up found, or why ctx ended. An answer that is there is taken without ctx.Done(), for
// which contexts make a channel and a timer when it is called first.
func (l *lookup[V]) wait(ctx context.Context) (V, error) {
	if l.answered() {
		return l.value, nil
	}
	select {
	case <-l.done:
		return l.value, l.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// renewSoon begins to renew the values that are in their last third, if there are any; c.mu is held.
func (c *recent[V]) renewSoon(now time.Time) {
	const pauses = 48 // in a life: fewer make statements so long that requests notice them
	if c.renew == nil || c.renewing || len(c.byID) < fewRecent || now.Sub(c.looked) < c.life/pauses {
		return
	}
	c.looked = now
	if old := c.due(now); len(old) > 0 {
		c.renewing = true
		go c.renewAll(now, old)
	}
}

// due are the look-ups that are in their last third and were asked for.
func (c *recent[V]) due(now time.Time) map[int64]*lookup[V] {
	old := make(map[int64]*lookup[V])
	for e := c.order.Front(); e != nil; e = e.Next() {
		l := e.Value.(*lookup[V])
		if age := now.Sub(l.began); age >= c.life*2/3 && age < c.life && l.asked && l.answered() {
			old[l.id] = l
		}
	}
	return old
}

// answered tells whether the value is there.
func (l *lookup[V]) answered() bool {
	select {
	case <-l.done:
		return l.err == nil
	default:
		return false
	}
}

// ask asks for new values. A panic is a failure: it comes up again in the request that looks an account up alone.
func (c *recent[V]) ask(ctx context.Context, old map[int64]V) (found map[int64]V, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w: %v", errBroken, cause)
		}
	}()
	return c.renew(ctx, old)
}

// renewAll puts new values in the place of old ones, but where those were dropped meanwhile. When it fails, they are looked up
// one by one as they end.
func (c *recent[V]) renewAll(now time.Time, old map[int64]*lookup[V]) {
	values := make(map[int64]V, len(old))
	for id, l := range old {
		values[id] = l.value
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.life)
	defer cancel()
	found, err := c.ask(ctx, values)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewing = false
	if err != nil {
		return
	}
	for id, l := range old {
		e, held := c.byID[id]
		value, there := found[id]
		if !held || !there || e.Value != any(l) {
			continue
		}
		c.remove(e)
		c.byID[id] = c.order.PushBack(&lookup[V]{id: id, began: now, done: l.done, value: value})
	}
}
