package orm

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// sharedTrips lets batches that only read share round trips. While fewer trips are on their way than there are lanes, a batch
// sets out at once. Those that come meanwhile wait, and go together as soon as a lane is free: one write, one awakening of the
// server's process and one transaction for all of them, where each would have had its own. Under load that is what most
// of a small statement costs; a lone client never waits. docs/decisions/0016-shared-round-trips.md has the measurements.
//
// A batch never fails because of another one: what a failed statement kept from running is sent again by itself. Batches that
// have been slow go by themselves from the outset, and so do those for which no lane becomes free.
type sharedTrips struct {
	conns *postgresConns
	lanes int // trips at a time, unless those that wait lose patience
	most  int // trips at a time in any case
	slow  slowTexts

	mu      sync.Mutex
	running int     // trips
	waiting []*ride // in the order in which they came
	timer   *time.Timer
	ticking bool
}

const (
	mostGuests   = 15                    // calls that go with another one
	lanePatience = 5 * time.Millisecond  // what a call waits for a lane before one more is opened
	slowCall     = 50 * time.Millisecond // what a call may take without going by itself the next time
)

// sendRead runs a batch that writes and locks nothing, with others where the connections can.
func sendRead(ctx context.Context, on connections, items []batchItem) error {
	if conns, ok := on.(*postgresConns); ok && conns.shared != nil {
		return conns.shared.send(ctx, items)
	}
	return on.send(ctx, items)
}

// newSharedTrips is nil for connections that have no pipelines, or whose transactions would tie the batches of a trip
// together.
func newSharedTrips(conns *postgresConns, settings *pgxpool.Config) *sharedTrips {
	_, isolated := settings.ConnConfig.RuntimeParams["default_transaction_isolation"]
	if isolated || !canPipeline(settings.ConnConfig) {
		return nil
	}
	const connsPerLane = 3
	most := int(settings.MaxConns)
	s := &sharedTrips{conns: conns, lanes: (most + connsPerLane - 1) / connsPerLane, most: most}
	s.slow.init()
	s.timer = time.AfterFunc(lanePatience, s.tick)
	s.timer.Stop()
	return s
}

// ride is a call that may share its trip.
type ride struct {
	call
	alone bool          // nobody goes with it, and it needs no lane
	leads bool          // it makes the trip after it has waited
	ticks int           // how often it was seen waiting
	ready chan struct{} // it is to lead, or has been answered
}

var rides = sync.Pool{New: func() any { return &ride{ready: make(chan struct{}, 1)} }}

// send runs a batch that only reads.
func (s *sharedTrips) send(ctx context.Context, items []batchItem) error {
	r, _ := rides.Get().(*ride)
	r.call = call{ctx: ctx, items: items}
	first := s.setsOut(r)
	if !first {
		<-r.ready // within the time that answers and connections may take
	}
	if first || r.leads {
		s.lead(r)
	}
	done := r.call
	*r = ride{ready: r.ready}
	rides.Put(r)
	switch {
	case done.broken != nil:
		panic(done.broken.String())
	case done.unrun:
		return s.conns.send(ctx, items)
	}
	return Translate(done.err)
}

// setsOut tells whether a ride may set out at once; otherwise it waits now.
func (s *sharedTrips) setsOut(r *ride) bool {
	if r.alone = s.slow.any(r.items); r.alone {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running < s.lanes && len(s.waiting) == 0 {
		s.running++
		return true
	}
	s.waiting = append(s.waiting, r)
	if !s.ticking {
		s.ticking = true
		s.timer.Reset(lanePatience)
	}
	return false
}

// lead makes a trip with those that wait when its connection is there, and passes the lane on.
func (s *sharedTrips) lead(first *ride) {
	t, _ := trips.Get().(*trip)
	t.add(first)
	defer s.arrive(t)
	conn, err := s.conns.acquire(first.ctx)
	if err != nil {
		first.err = err
		return
	}
	defer conn.Release()
	if !first.alone {
		s.board(t)
	}
	pipelineOf(conn.Conn()).run(t.calls...)
}

// trip is what goes together.
type trip struct {
	rides []*ride // the first one leads
	calls []*call // of the rides
}

var trips = sync.Pool{New: func() any { return new(trip) }}

func (t *trip) add(r *ride) {
	r.guest = len(t.rides) > 0
	t.rides, t.calls = append(t.rides, r), append(t.calls, &r.call)
}

// board takes along those that wait.
func (s *sharedTrips) board(t *trip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.waiting), mostGuests)
	for _, r := range s.waiting[:n] {
		t.add(r)
	}
	s.waiting = slices.Delete(s.waiting, 0, n)
}

// arrive ends a trip, however it ended.
func (s *sharedTrips) arrive(t *trip) {
	if !t.rides[0].alone {
		s.pass()
	}
	for _, r := range t.rides {
		s.judge(r)
		if r.guest {
			r.ready <- struct{}{}
		}
	}
	clear(t.rides)
	clear(t.calls)
	t.rides, t.calls = t.rides[:0], t.calls[:0]
	trips.Put(t)
}

// judge decides how the statements of a ride travel the next time.
func (s *sharedTrips) judge(r *ride) {
	switch {
	case r.took > slowCall:
		s.slow.add(r.items)
	case r.alone && r.err == nil && r.took < slowCall/2:
		s.slow.remove(r.items)
	}
}

// pass gives the lane to the one that has waited longest.
func (s *sharedTrips) pass() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.running--
		return
	}
	s.promote()
}

// promote lets the one that has waited longest lead. s.mu is held.
func (s *sharedTrips) promote() {
	next := s.waiting[0]
	s.waiting = slices.Delete(s.waiting, 0, 1)
	next.leads = true
	next.ready <- struct{}{}
}

// tick looks after those that wait: it sends away whose time is over, and opens one more lane when they have waited too long.
func (s *sharedTrips) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, s.isOver)
	if len(s.waiting) > 0 && s.waiting[0].ticks > 1 && s.running < s.most {
		s.running++
		s.promote()
	}
	if s.ticking = len(s.waiting) > 0; s.ticking {
		s.timer.Reset(lanePatience)
	}
}

// isOver tells whether a ride has waited too long, and lets it know.
func (s *sharedTrips) isOver(r *ride) bool {
	r.ticks++
	err := r.ctx.Err()
	if err == nil && time.Duration(r.ticks)*lanePatience > s.conns.wait {
		err = noConnection(context.DeadlineExceeded)
	}
	if err == nil {
		return false
	}
	r.err = err
	r.ready <- struct{}{}
	return true
}

// read lets an item take its rows. A panic of a guest's function is kept for the guest's own goroutine.
func (c *call) read(item *batchItem, rows *Rows) (err error) {
	if c.guest {
		defer func() {
			if value := recover(); value != nil {
				c.broken = &brokenGuest{value, debug.Stack()}
				err = fmt.Errorf("%v", value)
			}
		}()
	}
	return item.readFrom(rows)
}

// brokenGuest is a panic, and where it came from.
type brokenGuest struct {
	value any
	stack []byte
}

func (b *brokenGuest) String() string { return fmt.Sprintf("%v\n\n%s", b.value, b.stack) }
