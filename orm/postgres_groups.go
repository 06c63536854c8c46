package orm

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// readGroups lets batches that are [Batch.Shared] go to PostgreSQL together, as group commit does with transactions. While
// fewer groups than the limit are on their way, a batch sets out at once, by itself. Those that come meanwhile wait, and go
// together behind one Sync when a group has come back: one write, one awakening of the server's process and one transaction for
// all of them, where each would have had its own, which under load is most of what a small statement costs.
// docs/decisions/0016-shared-round-trips.md has the reasons and the measurements.
//
// Only what is known to be quick goes with others. What fails in company before it has got a row is sent again by itself, so
// that nobody sees another one's failure.
type readGroups struct {
	conns *postgresConns
	limit int // groups at a time, as long as nobody waits too long
	most  int // groups at a time even then
	costs costs
	late  func(items []batchItem) // costs.forget
	apart atomic.Bool             // transactions are such that they may not be shared

	mu      sync.Mutex
	running int       // groups
	waiting []*member // in the order in which they came
	timer   *time.Timer
	ticking bool
}

const (
	mostFollowers = 15                   // batches that go with a leader
	quickBatch    = 3 * time.Millisecond // what a batch may cost that goes with others
	quickGroup    = 5 * time.Millisecond // what the batches of a group may cost together
	tickPause     = 5 * time.Millisecond // between two looks at those that wait
)

// newReadGroups is nil for connections that have no pipelines.
func newReadGroups(conns *postgresConns, settings *pgxpool.Config) *readGroups {
	if !canPipeline(settings.ConnConfig) {
		return nil
	}
	most := int(settings.MaxConns)
	g := &readGroups{conns: conns, limit: min(most, runtime.GOMAXPROCS(0)+1), most: most}
	g.late = g.costs.forget
	g.timer = time.AfterFunc(tickPause, g.tick)
	g.timer.Stop()
	return g
}

// member is a batch of a group, or one that waits for a group.
type member struct {
	call
	cost   time.Duration
	alone  bool          // it goes with nobody, and counts for no limit
	leads  bool          // it sends the group, after it has waited
	waited time.Duration // as far as ticks tell
	ready  chan struct{} // it is to lead, or has been answered
}

var members = sync.Pool{New: func() any { return &member{ready: make(chan struct{}, 1)} }}

// group is what goes together. The first member leads.
type group struct {
	members []*member
	calls   []*call // of the members
	took    time.Duration
}

var groups = sync.Pool{New: func() any { return new(group) }}

func (g *group) add(m *member) {
	m.follows = len(g.members) > 0
	g.members, g.calls = append(g.members, m), append(g.calls, &m.call)
}

// send runs a batch of statements with rows.
func (g *readGroups) send(ctx context.Context, items []batchItem) error {
	m, _ := members.Get().(*member)
	m.ctx, m.items, m.late = ctx, items, g.late
	sets := g.setsOut(m)
	if !sets {
		<-m.ready
	}
	if sets || m.leads {
		g.lead(m)
	}
	err, panicked, unrun := m.err, m.panicked, m.unrun
	*m = member{ready: m.ready}
	members.Put(m)
	switch {
	case panicked != nil:
		panic(panicked)
	case unrun:
		return g.conns.send(ctx, items)
	}
	return Translate(err)
}

// setsOut tells whether a batch may set out at once; otherwise it waits now.
func (g *readGroups) setsOut(m *member) bool {
	var known bool
	m.cost, known = g.costs.of(m.items)
	if m.alone = !known || m.cost > quickBatch || g.apart.Load(); m.alone {
		m.late = nil
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running < g.limit && len(g.waiting) == 0 {
		g.running++
		return true
	}
	g.waiting = append(g.waiting, m)
	if !g.ticking {
		g.ticking = true
		g.timer.Reset(tickPause)
	}
	return false
}

// lead sends a group: those that wait join when its connection is there.
func (g *readGroups) lead(leader *member) {
	together, _ := groups.Get().(*group)
	together.add(leader)
	defer g.finish(together)
	conn, err := g.conns.acquire(leader.ctx, g.conns.wait-leader.waited)
	if err != nil {
		leader.err = err
		return
	}
	defer conn.Release()
	p := pipelineOf(conn.Conn())
	switch {
	case !p.groups:
		g.apart.Store(true)
	case !leader.alone && p.knows(leader.items):
		g.gather(together, p)
	}
	begun := time.Now()
	p.run(together.calls...)
	together.took = time.Since(begun)
}

// gather lets those join that wait, whose statements the connection knows, in their order and as far as they are quick together.
func (g *readGroups) gather(together *group, p *pipeline) {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := quickGroup - together.members[0].cost
	g.waiting = slices.DeleteFunc(g.waiting, func(m *member) bool {
		joins := left >= m.cost && len(together.members) <= mostFollowers && p.knows(m.items)
		if joins {
			together.add(m)
			left -= m.cost
		}
		return joins
	})
}

// finish lets the next group set out, and the followers of this one know that they were answered.
func (g *readGroups) finish(together *group) {
	leader := together.members[0]
	if !leader.alone {
		g.pass()
	}
	if len(together.members) == 1 && leader.err == nil && together.took > 0 {
		g.costs.note(leader.items, together.took)
	}
	for _, m := range together.members[1:] {
		m.ready <- struct{}{}
	}
	clear(together.members)
	clear(together.calls)
	*together = group{members: together.members[:0], calls: together.calls[:0]}
	groups.Put(together)
}

// pass lets the one that has waited longest lead in place of a group that has come back.
func (g *readGroups) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 || g.running > g.limit && g.waiting[0].waited <= tickPause {
		g.running--
		return
	}
	g.promote()
}

// promote lets the one that has waited longest lead. g.mu is held.
func (g *readGroups) promote() {
	next := g.waiting[0]
	g.waiting = slices.Delete(g.waiting, 0, 1)
	next.leads = true
	next.ready <- struct{}{}
}

// tick looks after those that wait: it sends away those whose time is over, and lets one more group set out, as long as there
// are connections, when they have waited too long.
func (g *readGroups) tick() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, g.isOver)
	if len(g.waiting) > 0 && g.waiting[0].waited > tickPause && g.running < g.most {
		g.running++
		g.promote()
	}
	if g.ticking = len(g.waiting) > 0; g.ticking {
		g.timer.Reset(tickPause)
	}
}

// isOver tells whether a batch has waited too long, and lets it know.
func (g *readGroups) isOver(m *member) bool {
	m.waited += tickPause
	err := m.ctx.Err()
	if err == nil && m.waited >= g.conns.wait {
		err = noConnection(context.DeadlineExceeded)
	}
	if err == nil {
		return false
	}
	m.err = err
	m.ready <- struct{}{}
	return true
}
