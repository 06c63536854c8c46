package orm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// gate holds up reads in the database until it is opened.
type gate struct {
	db     *orm.DB // with the reads
	keeper *orm.DB
	open   func()
}

// newGate opens a database whose pool has so many connections, and keeps the lock that held reads wait for.
func newGate(t *testing.T, conns int, wait time.Duration) *gate {
	t.Helper()
	url := ormtest.Postgres(t)
	keeper := ormtest.Open(t, url)
	conn, err := keeper.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_lock(1)"); err != nil {
		t.Fatal(err)
	}
	db, err := orm.Open(t.Context(), orm.Config{URL: url, MaxConns: conns, ConnectTimeout: wait})
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{db: db, keeper: keeper}
	g.open = sync.OnceFunc(func() {
		_, err := conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock(1)")
		if err := errors.Join(err, conn.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { g.open(); db.Close() })
	return g
}

// hold sends a read that is held up, and returns when it is the last of so many.
func (g *gate) hold(t *testing.T, want int64) *read {
	t.Helper()
	r := g.start(t, &read{sql: "SELECT pg_advisory_xact_lock(1)::text"})
	for held := int64(0); held != want; time.Sleep(time.Millisecond) {
		var err error
		if held, err = askOne(t, g.keeper, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// read is a batch that only reads, and what came of it.
type read struct {
	sql  string
	args []any
	took func() error // called behind each row; nil for nothing

	stop  context.CancelFunc
	ended chan struct{}
	text  string // the answer
	err   error
	panic any
}

// watched is a context that tells when it is first asked whether it has ended: by who sends, or by who looks after those that wait.
type watched struct {
	context.Context
	ask func()
}

func (w watched) Err() error {
	w.ask()
	return w.Context.Err()
}

// start sends a read in the background, and returns when it is on its way or seen waiting.
func (g *gate) start(t *testing.T, r *read) *read {
	t.Helper()
	r.ended = make(chan struct{})
	seen := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() {
		defer close(r.ended)
		defer func() { r.panic = recover() }()
		r.err = r.send(watched{ctx, sync.OnceFunc(func() { close(seen) })}, g.db)
	}()
	<-seen
	return r
}

func (r *read) send(ctx context.Context, db *orm.DB) error {
	b := &orm.Batch{ReadOnly: true}
	b.Query(r.sql, r.args, func(rows *orm.Rows) error {
		for rows.Next() {
			if err := rows.Scan(&r.text); err != nil {
				return err
			}
			if r.took != nil {
				return r.took()
			}
		}
		return nil
	})
	return b.Send(ctx, db.Gorm)
}

func (r *read) wait() *read {
	<-r.ended
	return r
}

// began is a read of the time when its transaction began, which is that of its trip, after a pause of so many seconds.
func began(pause float64) *read {
	return &read{sql: "SELECT now()::text || pg_sleep($1)::text", args: []any{pause}}
}

// TestReadsShareTrips: reads that wait go together, and each gets what it would have got by itself.
func TestReadsShareTrips(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	g.hold(t, 1)
	first, second, third, last := began(0), began(0), began(0), began(0)
	failing := &read{sql: "SELECT 'a' UNION SELECT 'b'", took: func() error { return errors.New("enough") }}
	panicking := &read{sql: "SELECT 'a' UNION SELECT 'b'", took: func() error { panic("too much") }}
	unknown, refused, gone := &read{sql: "SELECT nothing"}, &read{sql: "SELECT (1/$1::int)::text", args: []any{0}}, began(0)
	order := []*read{first, failing, panicking, unknown, second, gone, refused, third, last}
	for _, r := range order {
		g.start(t, r)
	}
	gone.stop()
	if gone.wait(); !errors.Is(gone.err, context.Canceled) {
		t.Errorf("who does not wait any more gets %v", gone.err)
	}
	g.open()
	for _, r := range order {
		r.wait()
	}
	for _, r := range []*read{first, second, third, last} {
		if r.err != nil || r.text == "" {
			t.Errorf("a read got %q, %v", r.text, r.err)
		}
	}
	if first.text != second.text {
		t.Errorf("reads did not go together: %s, %s", first.text, second.text)
	}
	if first.text == third.text || third.text == last.text {
		t.Errorf("reads behind a refused one were answered with it: %s, %s, %s", first.text, third.text, last.text)
	}
	for _, c := range []struct {
		read *read
		want string
	}{{failing, "enough"}, {unknown, "nothing"}, {refused, "division by zero"}} {
		if c.read.err == nil || !strings.Contains(c.read.err.Error(), c.want) {
			t.Errorf("%s failed with %v", c.read.sql, c.read.err)
		}
	}
	if text := fmt.Sprint(panicking.panic); !strings.HasPrefix(text, "too much") || !strings.Contains(text, "postgres_shared_test.go") {
		t.Errorf("the panic of a function became %q", text)
	}
}

// TestPanicOfALeader leaves the reads that went with it answered.
func TestPanicOfALeader(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	g.hold(t, 1)
	leader := g.start(t, &read{sql: "SELECT 'a'", took: func() error { panic("too much") }})
	guest := g.start(t, began(0))
	g.open()
	if leader.wait(); leader.panic != "too much" {
		t.Errorf("the panic became %v", leader.panic)
	}
	if guest.wait(); guest.err != nil || guest.text == "" {
		t.Errorf("the other read got %q, %v", guest.text, guest.err)
	}
}

// TestTripEndsWithItsLastContext, not with the first.
func TestTripEndsWithItsLastContext(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	held := g.hold(t, 1)
	one, other := g.start(t, began(0.2)), g.start(t, began(0))
	g.open()
	held.wait()
	one.stop()
	if other.wait(); other.err != nil {
		t.Errorf("another one's end failed a read: %v", other.err)
	}
	g = newGate(t, 1, time.Minute)
	held = g.hold(t, 1)
	one, other = g.start(t, began(60)), g.start(t, began(60))
	g.open()
	held.wait()
	one.stop()
	other.stop()
	for _, r := range []*read{one, other} {
		if r.wait(); !errors.Is(r.err, context.Canceled) {
			t.Errorf("an ended read got %v", r.err)
		}
	}
}

// TestReadsDoNotWaitForever for others: more trips are made while there are connections, and then ErrUnavailable is said.
func TestReadsDoNotWaitForever(t *testing.T) {
	g := newGate(t, 4, 200*time.Millisecond)
	for held := range int64(3) { // more than there are lanes
		g.hold(t, held+1)
	}
	if r := g.start(t, began(0)).wait(); r.err != nil {
		t.Errorf("no lane was opened for a read that waits: %v", r.err)
	}
	g.hold(t, 4)
	for range 2 {
		if r := g.start(t, began(0)).wait(); !errors.Is(r.err, orm.ErrUnavailable) {
			t.Errorf("a read without a connection got %v", r.err)
		}
	}
}

// TestSlowReadsGoAlone until they are quick again.
func TestSlowReadsGoAlone(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	together := func(pause float64) bool {
		t.Helper()
		held := g.hold(t, 1)
		slow := g.start(t, began(pause))
		quick := g.start(t, &read{sql: "SELECT now()::text"})
		held.stop()
		held.wait()
		slow.wait()
		quick.wait()
		if err := errors.Join(slow.err, quick.err); err != nil {
			t.Fatal(err)
		}
		return slow.text == quick.text
	}
	for i, c := range []struct {
		pause float64
		want  bool
	}{{0, true}, {0.2, true}, {0.2, false}, {0, false}, {0, true}} {
		if got := together(c.pause); got != c.want {
			t.Errorf("trip %d: together %v, want %v", i+1, got, c.want)
		}
	}
}

// TestReadsKeepApart: many readers at once, some of which fail or leave, get their own answers.
func TestReadsKeepApart(t *testing.T) {
	const readers, each = 24, 40
	db, err := orm.Open(t.Context(), orm.Config{URL: ormtest.Postgres(t), MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ask := func(random *rand.Rand, n int) error {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r := &read{sql: "SELECT $1::text || pg_sleep(0)::text", args: []any{fmt.Sprint(n)}}
		switch random.IntN(8) {
		case 0:
			r = &read{sql: "SELECT (1/$1::int)::text", args: []any{0}}
		case 1:
			time.AfterFunc(time.Duration(random.IntN(2000))*time.Microsecond, stop)
		}
		switch err := r.send(ctx, db); {
		case err == nil && r.text == fmt.Sprint(n), errors.Is(err, context.Canceled):
			return nil
		case err != nil && len(r.args) == 1 && r.args[0] == 0 && strings.Contains(err.Error(), "division by zero"):
			return nil
		default:
			return fmt.Errorf("%v got %q, %w", r.args, r.text, err)
		}
	}
	var all sync.WaitGroup
	for reader := range readers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(reader)))
			for i := range each {
				if err := ask(random, reader*each+i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
