package orm

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// pipeline runs batches on one connection of PostgreSQL by its extended protocol: what is prepared stays prepared, all
// statements go out together behind one Sync, and their rows are read as they come. The memory of one batch serves the
// next. It works below pgx, on the same connection, and has it to itself while it sends.
type pipeline struct {
	conn     *pgx.Conn
	wire     *pgconn.PgConn
	types    *pgtype.Map
	prepared preparedStatements
	watch    watch
	groups   bool // calls of several requests may share a transaction

	own   call        // of send
	going []*call     // those that are being sent
	out   []byte      // what is being sent
	sent  []*prepared // the statements of all calls
	rows  pipelineRows
	give  Rows // rows, for the functions of the batch
}

// call is a batch on its way, and what came of it.
type call struct {
	ctx   context.Context //nolint:containedctx // of who waits for the answers
	items []batchItem

	late     func(items []batchItem) // called when the answers have not come for a while; nil for nothing
	follows  bool                    // it is sent and answered on the goroutine of another call
	unrun    bool                    // it has to be sent by itself: PostgreSQL ran nothing of it, or it failed in company before it had a row
	err      error
	panicked *panicked // a function of a follower
}

// Among what a connection carries, pipelineKey finds its pipeline, and groupsKey whether that may have groups.
const (
	pipelineKey = "github.com/quintet-go/quintet/orm"
	groupsKey   = pipelineKey + ".groups"
)

// pipelineOf is the pipeline of a connection, nil where the URL asks for another way of running statements than preparing
// them (default_query_exec_mode), as some poolers in front of PostgreSQL do.
func pipelineOf(conn *pgx.Conn) *pipeline {
	carried := conn.PgConn().CustomData()
	if p, ok := carried[pipelineKey].(*pipeline); ok {
		return p
	}
	config := conn.Config()
	if !canPipeline(config) {
		carried[pipelineKey] = (*pipeline)(nil)
		return nil
	}
	p := &pipeline{conn: conn, wire: conn.PgConn(), types: conn.TypeMap()}
	p.groups, _ = carried[groupsKey].(bool)
	p.prepared.init(config.StatementCacheCapacity)
	p.watch.init(p.wire.Conn())
	p.rows.p = p
	p.give.pg = &p.rows
	carried[pipelineKey] = p
	return p
}

// canPipeline tells whether the connections of a configuration have pipelines.
func canPipeline(config *pgx.ConnConfig) bool {
	return config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement && config.StatementCacheCapacity > 0
}

// send runs items in one round trip; statements that are new to the connection take one more each.
func (p *pipeline) send(ctx context.Context, items []batchItem) error {
	p.own = call{ctx: ctx, items: items}
	defer func() { p.own = call{} }()
	p.run(&p.own)
	return p.own.err
}

// run runs calls in one round trip, as one transaction. Of those that can be sent all get their answers, up to the first that
// PostgreSQL refuses; those behind it are unrun, and so is that one when it is not the only call and had no row. Only calls
// that change and set nothing may go with others.
func (p *pipeline) run(calls ...*call) {
	if p.encode(calls); len(p.going) > 0 {
		p.exchange(p.going)
	}
	clear(p.going)
}

// errBusy is a statement that came while the rows of another one were being read.
var errBusy = errors.New("rows of an earlier statement are open: close them before the next one")

// unsentError is why a batch was not sent at all.
type unsentError struct{ cause error }

func (e *unsentError) Error() string { return e.cause.Error() }
func (e *unsentError) Unwrap() error { return e.cause }

func (c *call) count() {
	count := countOf(c.ctx)
	if count == nil {
		return
	}
	for i := range c.items {
		count.each(c.items[i].sql)
	}
}

// encode writes the messages of calls to p.out. Those that can be sent are p.going; of the others the server has heard
// nothing.
func (p *pipeline) encode(calls []*call) {
	unused := len(p.prepared.closed) // what the calls themselves drive out is closed by the next ones
	p.going, p.sent, p.out = p.going[:0], p.sent[:0], p.prepared.appendClosed(p.out[:0], unused)
	for _, c := range calls {
		c.unrun = true
	}
	for _, c := range calls {
		err := p.add(c)
		if err == nil {
			p.going = append(p.going, c)
			continue
		}
		c.err, c.unrun = &unsentError{err}, false
		if p.wire.IsClosed() { // the context ended while a statement was prepared
			p.going = p.going[:0]
			return
		}
	}
	if len(p.going) > 0 {
		p.out = append(p.out, syncMessage...)
		p.prepared.closed = slices.Delete(p.prepared.closed, 0, unused)
	}
}

// add appends the messages of a call, or nothing when it fails.
func (p *pipeline) add(c *call) error {
	switch err := c.ctx.Err(); {
	case err != nil:
		return fmt.Errorf("send statements: %w", err)
	case p.wire.IsBusy():
		return errBusy
	}
	sent, out := len(p.sent), len(p.out)
	err := c.guard(func() error {
		for i := range c.items {
			if err := p.addItem(c.ctx, &c.items[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		p.sent, p.out = p.sent[:sent], p.out[:out]
	}
	return err
}

func (p *pipeline) addItem(ctx context.Context, item *batchItem) error {
	s, err := p.prepare(ctx, item.sql)
	if err != nil {
		return err
	}
	p.sent = append(p.sent, s)
	p.out, err = s.appendExecution(p.out, p.types, item.args)
	return err
}

var syncMessage = []byte{'S', 0, 0, 0, 4}

// exchange sends what is encoded and reads the answers. The connection is closed when it cannot be told what state it is in:
// after a failure of the network, when nobody waits for it any more, or when a function of the batch panics.
func (p *pipeline) exchange(calls []*call) {
	sound := false
	p.watch.begin(calls)
	defer func() {
		p.watch.end()
		if !sound {
			p.abandon()
		}
		p.forget()
	}()
	writing := p.write()
	if sound = p.receive(calls); !sound {
		_ = p.wire.Conn().SetDeadline(past) // nobody reads any more what the writing waits for
	}
	failed := <-writing
	sound = sound && failed == nil
	for _, c := range calls {
		if c.err == nil && len(calls) == 1 { // who only reads has got all of it
			c.err = failed
		}
		if ended := c.ctx.Err(); ended != nil && c.err != nil && !sound {
			c.err = fmt.Errorf("wait for PostgreSQL: %w: %w", ended, c.err)
		}
	}
}

const (
	wholeWrite = 32 << 10 // bytes that go out before answers are read; they fit into the buffers of any network
	mostKept   = 64 << 10 // bytes that a connection keeps for the next batch
)

// written is the outcome of writing that went well.
var written = func() chan error {
	c := make(chan error)
	close(c)
	return c
}()

// write sends p.out. A long text goes out while its first answers are read already: a server whose answers nobody takes stops
// reading.
func (p *pipeline) write() <-chan error {
	conn := p.wire.Conn()
	if len(p.out) <= wholeWrite {
		if _, err := conn.Write(p.out); err != nil {
			return writingFailed(err)
		}
		return written
	}
	outcome := make(chan error, 1)
	go func(text []byte) {
		_, err := conn.Write(text)
		outcome <- err
	}(p.out)
	return outcome
}

func writingFailed(err error) <-chan error {
	c := make(chan error, 1)
	c <- err
	return c
}

// receive reads the answers of calls, and returns whether the connection is ready for the next ones.
func (p *pipeline) receive(calls []*call) (sound bool) {
	var refused error
	sent, company := p.sent, len(calls) > 1
	for i := 0; i < len(calls) && refused == nil; i++ {
		c, n := calls[i], len(calls[i].items)
		if refused = p.answer(c, sent[:n]); refused != nil {
			p.distrust(refused, sent[:n])
		}
		if refused != nil && company && !c.hasRows() {
			c.unrun, c.err = true, nil
		}
		sent = sent[n:]
	}
	if errors.Is(refused, errAnswer) {
		return false
	}
	late, broken := p.drain()
	if late == nil && !company { // who only reads has got all of it
		late = broken
	}
	for _, c := range calls {
		if c.err == nil && !c.unrun {
			c.err = late
		}
	}
	return broken == nil
}

// errUnanswered is what is left of a call when a function of it or of another one ended the goroutine.
var errUnanswered = errors.New("the batch was broken off")

// answer reads the answers of a call. refused is an error after which no other call is answered.
func (p *pipeline) answer(c *call, sent []*prepared) (refused error) {
	c.unrun, c.err = false, errUnanswered
	c.count()
	var first error
	for i := range c.items {
		err := p.answerItem(c, &c.items[i], sent[i], first != nil)
		if first == nil {
			first = err
		}
		if p.rows.err != nil {
			break
		}
	}
	c.err = first
	return p.rows.err
}

// answerItem reads the answer of one statement, which nobody wants when an earlier one failed.
func (p *pipeline) answerItem(c *call, item *batchItem, s *prepared, unwanted bool) error {
	r := &p.rows
	r.begin(s)
	var err error
	if item.read != nil && !unwanted {
		err = c.guard(func() error { return item.readFrom(&p.give) })
	}
	for r.Next() {
	}
	switch {
	case r.err != nil:
		return r.err // and read took it for the end of the rows
	case err != nil || unwanted:
		return err
	}
	return item.finish(r.tag)
}

// guard runs what belongs to a call. The panic of a follower is kept for its own goroutine.
func (c *call) guard(run func() error) (err error) {
	if c.follows {
		defer func() {
			if value := recover(); value != nil {
				c.panicked = &panicked{value, debug.Stack()}
				err = c.panicked
			}
		}()
	}
	return run()
}

// hasRows tells whether a function of the call has seen a row.
func (c *call) hasRows() bool {
	for i := range c.items {
		if c.items[i].answered {
			return true
		}
	}
	return false
}

// panicked is a panic on another goroutine than the one that it concerns.
type panicked struct {
	value any
	stack []byte // where it began
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap is the value, if it is an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// finish tells who asks what a statement did.
func (item *batchItem) finish(tag []byte) error {
	if item.tag != nil {
		item.tag(string(tag))
	}
	if item.done == nil {
		return nil
	}
	return item.done(pgconn.NewCommandTag(string(tag)).RowsAffected())
}

// drain reads to the end of the batch. late is an error that the server reports until then, as deferred constraints do;
// broken one of the connection.
func (p *pipeline) drain() (late, broken error) {
	for {
		message, err := p.wire.ReceiveMessage(context.Background())
		if err != nil {
			return late, err
		}
		switch m := message.(type) {
		case *pgproto3.ReadyForQuery:
			return late, nil
		case *pgproto3.ErrorResponse:
			if late == nil {
				late = pgconn.ErrorResponseToPgError(m)
			}
		}
	}
}

// distrust lets go of the statements of a call that failed because what they were prepared for has changed: they are
// prepared anew the next time.
func (p *pipeline) distrust(err error, sent []*prepared) {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return
	}
	const changedResult, noStatement = "0A000", "26000"
	if pg.Code == changedResult || pg.Code == noStatement {
		for _, s := range sent {
			p.prepared.remove(s)
		}
	}
}

// forget drops what the batch was.
func (p *pipeline) forget() {
	if cap(p.out) > mostKept {
		p.out = nil
	}
	clear(p.sent)
}

// abandon closes the connection, and asks the server to stop what it does for it.
func (p *pipeline) abandon() {
	if p.wire.IsClosed() {
		return
	}
	_ = p.wire.Conn().SetDeadline(past)
	_ = p.wire.Close(context.Background()) // it waits for nothing: its time is over
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), cancelTimeout)
		defer cancel()
		_ = p.wire.CancelRequest(ctx) // or the statement ends by statement_timeout
	}()
}

// errAnswer is an answer that is none of rows, as those of COPY are.
var errAnswer = errors.New("a batch cannot run a statement that PostgreSQL answers")

// pipelineRows are the rows of one statement.
type pipelineRows struct {
	p      *pipeline
	s      *prepared
	values [][]byte
	ended  bool
	err    error
	tag    []byte
}

func (r *pipelineRows) begin(s *prepared) {
	r.s, r.values, r.ended, r.err, r.tag = s, nil, false, nil, r.tag[:0]
}

// Next reads the next row, or the end of the statement.
func (r *pipelineRows) Next() bool {
	for !r.ended {
		message, err := r.p.wire.ReceiveMessage(context.Background())
		if err != nil {
			return r.end(err)
		}
		switch m := message.(type) {
		case *pgproto3.DataRow:
			r.values = m.Values
			return true
		case *pgproto3.CommandComplete:
			r.tag = append(r.tag, m.CommandTag...)
			return r.end(nil)
		case *pgproto3.EmptyQueryResponse:
			return r.end(nil)
		case *pgproto3.ErrorResponse:
			return r.end(pgconn.ErrorResponseToPgError(m))
		case *pgproto3.BindComplete, *pgproto3.CloseComplete, *pgproto3.NoticeResponse, *pgproto3.NotificationResponse,
			*pgproto3.ParameterStatus:
		default:
			return r.end(fmt.Errorf("%w by %s", errAnswer, strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")))
		}
	}
	return false
}

func (r *pipelineRows) end(err error) bool {
	r.ended, r.err, r.values = true, err, nil
	return false
}

// Scan copies the columns of the row to variables.
func (r *pipelineRows) Scan(to ...any) error {
	if len(to) != len(r.values) {
		return fmt.Errorf("%d columns cannot be read into %d variables", len(r.values), len(to))
	}
	for i, value := range r.values {
		if err := r.s.scan(r.p.types, i, value, to[i]); err != nil {
			return fmt.Errorf("column %s: %w", r.s.fields[i].Name, err)
		}
	}
	return nil
}

// RawValues are the columns of the row as they came, nil for NULL.
func (r *pipelineRows) RawValues() [][]byte { return r.values }

// FieldDescriptions describe the columns.
func (r *pipelineRows) FieldDescriptions() []pgconn.FieldDescription { return r.s.fields }

// Conn is the connection.
func (r *pipelineRows) Conn() *pgx.Conn { return r.p.conn }
