package orm_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// gate holds up reads in the database until it is opened.
type gate struct {
	db     *orm.DB // with the reads
	keeper *orm.DB
	lock   *sql.Conn
	shut   bool
}

// newGate opens a database whose pool has so many connections, behind a gate that is shut.
func newGate(t *testing.T, conns int, wait time.Duration, more ...string) *gate {
	t.Helper()
	url := ormtest.Postgres(t)
	g := &gate{keeper: ormtest.Open(t, url)}
	if !strings.Contains(url, "?") {
		url += "?"
	}
	var err error
	g.db, err = orm.Open(t.Context(), orm.Config{URL: url + strings.Join(more, ""), MaxConns: conns, ConnectTimeout: wait})
	if err != nil {
		t.Fatal(err)
	}
	if g.lock, err = g.keeper.SQL.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.close(t)
	t.Cleanup(func() {
		g.open(t)
		g.db.Close()
		if err := g.lock.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gate) close(t *testing.T) {
	t.Helper()
	g.shut = true
	if _, err := g.lock.ExecContext(context.Background(), "SELECT pg_advisory_lock(1)"); err != nil {
		t.Fatal(err)
	}
}

func (g *gate) open(t *testing.T) {
	t.Helper()
	if !g.shut {
		return
	}
	g.shut = false
	if _, err := g.lock.ExecContext(context.Background(), "SELECT pg_advisory_unlock(1)"); err != nil {
		t.Fatal(err)
	}
}

// closed is a read that is held up, or passes the gate.
func (g *gate) closed(passes bool) *read {
	return &read{sql: "SELECT (CASE WHEN $1::bool THEN '' ELSE pg_advisory_xact_lock(1)::text END)", args: []any{passes}}
}

// hold sends a read that is held up, and returns when it is the last of so many.
func (g *gate) hold(t *testing.T, want int64) *read {
	t.Helper()
	r := g.start(t, g.closed(false))
	for held := int64(0); held != want; time.Sleep(time.Millisecond) {
		select {
		case <-r.ended:
			t.Fatalf("the read was not held up: %v", r.err)
		default:
		}
		var err error
		if held, err = askOne(t, g.keeper, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// read is a batch that only reads and may be shared, and what came of it.
type read struct {
	sql   string
	args  []any
	quick []any        // arguments with which it is quick, nil for args
	took  func() error // called behind each row; nil for nothing

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
	b := &orm.Batch{ReadOnly: true, Shared: true}
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

// learn sends reads by themselves, as quick ones, so that they may go with others, on the only connection that knows them.
func (g *gate) learn(t *testing.T, reads ...*read) {
	t.Helper()
	for _, r := range reads {
		quick := &read{sql: r.sql, args: r.args}
		if r.quick != nil {
			quick.args = r.quick
		}
		for range 30 { // the first time prepares it, the quickest one counts
			if err := quick.send(t.Context(), g.db); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (r *read) wait() *read {
	<-r.ended
	return r
}

// began is a read of the time when its transaction began, which is that of its group, after a pause of so many seconds.
func began(pause float64) *read {
	return &read{sql: "SELECT now()::text || pg_sleep($1)::text", args: []any{pause}, quick: []any{0.0}}
}

// TestReadsGoTogether: reads that wait go together, and each gets what it would have got by itself.
func TestReadsGoTogether(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	first, second, third, last := began(0), began(0), began(0), began(0)
	failing := &read{sql: "SELECT 'a' UNION SELECT 'b'", took: func() error { return errors.New("enough") }}
	panicking := &read{sql: "SELECT 'a' UNION SELECT 'b'", took: func() error { panic(errTooMuch) }}
	refused := &read{sql: "SELECT (1/$1::int)::text", args: []any{0}, quick: []any{1}}
	wrong := &read{sql: refused.sql, args: []any{make(chan int)}}
	unsendable := &read{sql: "SELECT $1::text || ''", args: []any{panickingValue{}}, quick: []any{"a"}}
	gone := began(0)
	g.learn(t, first, failing, refused, unsendable)
	g.hold(t, 1)
	order := []*read{first, failing, panicking, unsendable, wrong, second, gone, refused, third, last}
	for _, r := range order {
		g.start(t, r)
	}
	gone.stop()
	if gone.wait(); !errors.Is(gone.err, context.Canceled) {
		t.Errorf("who does not wait any more gets %v", gone.err)
	}
	g.open(t)
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
	}{{failing, "enough"}, {wrong, "argument 1"}, {refused, "division by zero"}} {
		if c.read.err == nil || !strings.Contains(c.read.err.Error(), c.want) {
			t.Errorf("%s failed with %v", c.read.sql, c.read.err)
		}
	}
	for _, r := range []*read{panicking, unsendable} {
		if err, _ := r.panic.(error); !errors.Is(err, errTooMuch) || !strings.Contains(err.Error(), "postgres_groups_test.go") {
			t.Errorf("a panic became %v", r.panic)
		}
	}
}

// panickingValue cannot be sent.
type panickingValue struct{}

func (panickingValue) Value() (driver.Value, error) { panic(errTooMuch) }

var errTooMuch = errors.New("too much")

// TestOnlyQuickReadsGoTogether, which say that they may.
func TestOnlyQuickReadsGoTogether(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	together := func(one, other *read) bool {
		t.Helper()
		g.hold(t, 1)
		g.start(t, one)
		g.start(t, other)
		g.open(t)
		g.close(t)
		one.wait()
		other.wait()
		if err := errors.Join(one.err, other.err); err != nil {
			t.Fatal(err)
		}
		return one.text == other.text
	}
	if together(began(0), began(0)) {
		t.Error("reads that nobody knows went together")
	}
	if g.learn(t, began(0)); !together(began(0), began(0)) {
		t.Error("quick reads went alone")
	}
	if together(began(0.2), began(0)); together(began(0), began(0)) {
		t.Error("reads of a group that was slow went together again")
	}
	slow := &read{sql: "SELECT now()::text || pg_sleep(0.02)::text"}
	if g.learn(t, slow, began(0)); together(slow, began(0)) {
		t.Error("a slow read went with another one")
	}
}

// TestGroupsAreBounded by how many reads go together, and by what these cost.
func TestGroupsAreBounded(t *testing.T) {
	for _, c := range []struct {
		pause float64 // of each read
		most  int
	}{{0, 16}, {0.0009, 5}} { // PostgreSQL pauses for whole milliseconds, and 5 ms are the most
		g := newGate(t, 1, time.Minute)
		pausing := read{sql: fmt.Sprintf("SELECT now()::text || pg_sleep(%v)::text", c.pause)}
		g.learn(t, &pausing)
		g.hold(t, 1)
		reads := make([]*read, 24)
		for i := range reads {
			r := pausing
			reads[i] = g.start(t, &r)
		}
		g.open(t)
		groups, largest := make(map[string]int), 0
		for _, r := range reads {
			must(t, r.wait().err)
			groups[r.text]++
			largest = max(largest, groups[r.text])
		}
		if largest < 2 || largest > c.most {
			t.Errorf("with pauses of %v s, %d reads went together, at most %d may", c.pause, largest, c.most)
		}
	}
}

// TestReadsThatAreNotPreparedGoAlone, so that nobody waits while those of others are prepared.
func TestReadsThatAreNotPreparedGoAlone(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	killing := &read{sql: "SELECT pg_terminate_backend(pg_backend_pid())::text"}
	another := func() *read { return &read{sql: "SELECT now()::text || pg_sleep(0)::text"} }
	g.learn(t, began(0), another())
	if err := killing.send(t.Context(), g.db); err == nil {
		t.Fatal("the connection goes on")
	}
	must(t, began(0).send(t.Context(), g.db)) // by the next connection, which knows nothing else then
	g.hold(t, 1)
	reads := []*read{g.start(t, began(0)), g.start(t, another()), g.start(t, began(0))}
	g.open(t)
	for _, r := range reads {
		must(t, r.wait().err)
	}
	if reads[0].text != reads[2].text {
		t.Error("reads that the connection knows did not go together")
	}
	if reads[0].text == reads[1].text {
		t.Error("a read that the connection does not know went with others")
	}
}

// TestReadsOfOthersAreApart: what makes a transaction of its own necessary keeps reads apart.
func TestReadsOfOthersAreApart(t *testing.T) {
	for _, more := range []string{"&default_transaction_isolation=serializable", "&options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"} {
		g := newGate(t, 1, time.Minute, more)
		g.learn(t, began(0))
		g.hold(t, 1)
		one, other := g.start(t, began(0)), g.start(t, began(0))
		g.open(t)
		if one.wait(); one.err != nil || one.text == other.wait().text {
			t.Errorf("with %s reads went together: %s, %v", more, one.text, one.err)
		}
	}
}

// TestPanicOfALeader leaves the reads that went with it answered: they are sent again, and a sequence counts how often.
func TestPanicOfALeader(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	must(t, g.keeper.Gorm.Exec("CREATE SEQUENCE sent").Error)
	leader, follower := &read{sql: "SELECT 'a'", took: func() error { panic("too much") }}, &read{sql: "SELECT nextval('sent')::text"}
	g.learn(t, leader, follower)
	must(t, g.keeper.Gorm.Exec("ALTER SEQUENCE sent RESTART").Error)
	g.hold(t, 1)
	g.start(t, leader)
	g.start(t, follower)
	g.open(t)
	if leader.wait(); leader.panic != "too much" {
		t.Errorf("the panic became %v", leader.panic)
	}
	if follower.wait(); follower.err != nil || follower.text != "2" {
		t.Errorf("the read that went with it was sent %q times, want 2: %v", follower.text, follower.err)
	}
}

// TestLostGroup: when the connection of a group is lost, who was answered keeps the answer, and others are sent again.
func TestLostGroup(t *testing.T) {
	g := newGate(t, 1, time.Minute)
	killing := &read{
		sql:  "SELECT (CASE WHEN $1::bool THEN pg_terminate_backend(pg_backend_pid()) ELSE false END)::text",
		args: []any{true}, quick: []any{false},
	}
	g.learn(t, began(0), killing)
	g.hold(t, 1)
	one, same := g.start(t, began(0)), g.start(t, began(0))
	g.start(t, killing)
	other := g.start(t, began(0))
	g.open(t)
	for _, r := range []*read{one, other} {
		if r.wait(); r.err != nil || r.text == "" {
			t.Errorf("a read got %q, %v", r.text, r.err)
		}
	}
	if same.wait(); same.text != one.text {
		t.Errorf("reads did not go together: %s, %s", one.text, same.text)
	}
	if killing.wait(); killing.err == nil {
		t.Errorf("who lost its connection got %q", killing.text)
	}
}

// TestGroupEndsWithItsLastContext, not with the first: answers come together, so that the quick one waits for the other.
func TestGroupEndsWithItsLastContext(t *testing.T) {
	for _, c := range []struct {
		pause float64
		all   bool
	}{{0.5, false}, {60, true}} {
		g := newGate(t, 1, time.Minute)
		g.learn(t, began(0))
		g.hold(t, 1)
		one, other := g.start(t, began(0)), g.start(t, began(c.pause))
		g.open(t)
		g.awaitPause(t, other)
		one.stop()
		if !c.all {
			if other.wait(); other.err != nil || one.wait().text != other.text {
				t.Errorf("after one's end the reads got %q, %v and %q, %v", one.text, one.err, other.text, other.err)
			}
			continue
		}
		other.stop()
		for _, r := range []*read{one, other} {
			if r.wait(); !errors.Is(r.err, context.Canceled) {
				t.Errorf("an ended read got %q, %v", r.text, r.err)
			}
		}
	}
}

// awaitPause returns when the database is in the pause of a read.
func (g *gate) awaitPause(t *testing.T, r *read) {
	t.Helper()
	for pausing := int64(0); pausing == 0; {
		select {
		case <-r.ended:
			return
		case <-time.After(time.Millisecond):
		}
		var err error
		pausing, err = askOne(t, g.keeper, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")
		must(t, err)
	}
}

// TestReadsDoNotWaitForever for others: more groups are sent while there are connections, and then ErrUnavailable is said.
func TestReadsDoNotWaitForever(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // two groups at a time
	g := newGate(t, 4, 2*time.Second)
	g.learn(t, began(0), g.closed(true))
	for held := range int64(3) {
		g.hold(t, held+1)
	}
	if r := g.start(t, began(0)).wait(); r.err != nil {
		t.Errorf("no group was sent for a read that waits: %v", r.err)
	}
	g.hold(t, 4)
	for range 2 {
		if r := g.start(t, began(0)).wait(); !errors.Is(r.err, orm.ErrUnavailable) {
			t.Errorf("a read without a connection got %v", r.err)
		}
	}
}

// TestManyReadsBesideHeldOnes: when what is held up takes all the groups that there usually are, as many more are sent as there
// are connections.
func TestManyReadsBesideHeldOnes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // two groups at a time
	g := newGate(t, 8, 4*time.Second)
	pausing := &read{sql: "SELECT pg_sleep(0.002)::text"}
	g.learn(t, pausing, g.closed(true))
	g.hold(t, 1)
	g.hold(t, 2)
	var all sync.WaitGroup
	for range 3000 {
		all.Go(func() {
			r := *pausing
			if err := r.send(t.Context(), g.db); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// TestReadsKeepApart: many readers at once, some of which fail or leave, get their own answers, be they of a group or not.
func TestReadsKeepApart(t *testing.T) {
	const readers, each = 24, 40
	db, err := orm.Open(t.Context(), orm.Config{URL: ormtest.Postgres(t), MaxConns: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var transactions sync.Map
	var shared atomic.Bool // some transaction
	ask := func(random *rand.Rand, n int) error {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r := &read{sql: "SELECT concat($1::text, pg_sleep(0), ' ', pg_backend_pid(), ' ', now())", args: []any{fmt.Sprint(n)}}
		switch random.IntN(8) {
		case 0:
			r = &read{sql: "SELECT (1/$1::int)::text", args: []any{0}}
		case 1:
			time.AfterFunc(time.Duration(random.IntN(2000))*time.Microsecond, stop)
		}
		err := r.send(ctx, db)
		own, transaction, _ := strings.Cut(r.text, " ")
		switch {
		case err == nil && own == fmt.Sprint(n):
			if _, there := transactions.LoadOrStore(transaction, n); there {
				shared.Store(true)
			}
			return nil
		case errors.Is(err, context.Canceled) && ctx.Err() != nil:
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
	if !shared.Load() {
		t.Error("no reads went together")
	}
}
