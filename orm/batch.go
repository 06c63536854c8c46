package orm

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// Batch is a list of statements that go to the database together: in one round trip on PostgreSQL, one after the other on
// SQLite. Their SQL is in the dialect of the database, with "$1" or "?" for the arguments. When one of them fails, those
// after it do not run; outside of [Atomic] what ran before stays on SQLite, and is undone on PostgreSQL, where a batch is a
// transaction of its own. The zero value is empty. A Batch is sent once, or again after Reset.
type Batch struct {
	// ReadOnly says that the statements write and lock nothing, so that a replica may answer them (see [Replica]), and that
	// they may come before a late transaction (see [AtomicOptions.Late]).
	ReadOnly bool
	// Shared says of a ReadOnly batch that it may be one transaction with the batches of others: its statements set nothing,
	// and lock nothing but what reading locks. On PostgreSQL such batches go together under load. Its functions, and methods
	// of its arguments such as driver.Valuer, may then be called on another goroutine, while Send waits. They must wait for
	// nothing, as for a lock that is held around Send, and stand to be called again as long as they have seen no row. A
	// context that ends while the batch is on its way with others is not looked at until the answers have come. Who holds
	// locks in a transaction that readings wait for must not send one outside of it. A batch with Exec is never shared.
	Shared bool

	items []batchItem
}

// batchItem is one statement and who reads its answer.
type batchItem struct {
	sql  string
	args []any
	read func(rows *Rows) error     // of a statement with rows
	done func(affected int64) error // of one without; nil when nobody asks
	tag  func(text string)          // of COMMIT, which may have been a rollback

	answered bool // read has seen a row
}

// Query adds a statement whose rows read takes, in the order of the batch. read must not use the database; it need not read
// to the end.
func (b *Batch) Query(statement string, args []any, read func(rows *Rows) error) {
	b.items = append(b.items, batchItem{sql: statement, args: args, read: read})
}

// Exec adds a statement without rows; done gets the number of rows that it changed, and may be nil.
func (b *Batch) Exec(statement string, args []any, done func(affected int64) error) {
	b.items = append(b.items, batchItem{sql: statement, args: args, done: done})
}

// Reset empties the batch; its memory serves the statements that are added next. One that was queued is not reset.
func (b *Batch) Reset() {
	clear(b.items)
	*b = Batch{items: b.items[:0]}
}

// Len is how many statements were added.
func (b *Batch) Len() int { return len(b.items) }

// Send runs the statements and returns when all answers have been read. The error is that of the first statement that
// failed, explained as [Translate] does, or what a function of the batch returned.
func (b *Batch) Send(ctx context.Context, db *gorm.DB) error {
	if len(b.items) == 0 {
		return nil
	}
	switch pool := db.Statement.ConnPool.(type) {
	case *transaction:
		return pool.sendBatch(ctx, b)
	case *postgresConns:
		return pool.replicas.sendBatch(ctx, pool, b)
	case *sqliteConns:
		return pool.replicas.sendBatch(ctx, pool, b)
	default:
		return sendEach(ctx, pool, b.items)
	}
}

// sendOn sends the batch outside of transactions.
func (b *Batch) sendOn(ctx context.Context, on connections) error {
	conns, ok := on.(*postgresConns)
	if !ok || conns.groups == nil || !b.isShared() {
		return on.send(ctx, b.items)
	}
	return conns.groups.send(ctx, b.items)
}

func (b *Batch) isShared() bool {
	for i := range b.items {
		if b.items[i].read == nil {
			return false
		}
	}
	return b.ReadOnly && b.Shared
}

// Queue is Send put off: inside [Atomic] on PostgreSQL the statements go with the next one that has to be waited for, the
// COMMIT at the latest, and so cost no round trip of their own; their functions are called then. An error of a function comes
// too late to undo what went with the COMMIT. A statement that is the whole transaction is sent without BEGIN and COMMIT.
// Elsewhere Queue is Send.
func (b *Batch) Queue(ctx context.Context, db *gorm.DB) error {
	if t := transactionOf(db); t != nil && t.broken == nil && t.queue(b.items) {
		return nil
	}
	return b.Send(ctx, db)
}

// Settle waits for what [Batch.Queue] put off; it does nothing where nothing waits.
func Settle(ctx context.Context, db *gorm.DB) error {
	t := transactionOf(db)
	switch {
	case t == nil:
		return nil
	case t.broken != nil:
		return t.broken
	}
	return t.note(t.settle(ctx))
}

// Rows is the answer of one statement of a [Batch]. It is valid until the function that got it returns.
type Rows struct {
	pg   pgRows
	lite *sqliteRows
	sql  *sql.Rows
	any  bool // there was a row
}

// readFrom lets the item take its rows.
func (item *batchItem) readFrom(rows *Rows) error {
	rows.any = false
	err := item.read(rows)
	item.answered = rows.any
	return err
}

// Next goes to the next row; false when there is none.
func (r *Rows) Next() bool {
	next := r.next()
	r.any = r.any || next
	return next
}

func (r *Rows) next() bool {
	switch {
	case r.pg != nil:
		return r.pg.Next()
	case r.lite != nil:
		return r.lite.next()
	}
	return r.sql.Next()
}

// Scan copies the columns of the row to variables, as database/sql and pgx do.
func (r *Rows) Scan(to ...any) error {
	switch {
	case r.pg != nil:
		return r.pg.Scan(to...)
	case r.lite != nil:
		return r.lite.scan(to)
	}
	return r.sql.Scan(to...)
}

// NativeRows is an answer as PostgreSQL sends it. What it returns is valid until the next row.
type NativeRows interface {
	// RawValues are the columns of the row, nil for NULL, each in the form that its description names.
	RawValues() [][]byte
	FieldDescriptions() []pgconn.FieldDescription
	Conn() *pgx.Conn
}

// pgRows is what a [Rows] reads PostgreSQL's answers from: ours, or those of pgx.
type pgRows interface {
	NativeRows
	Next() bool
	Scan(to ...any) error
}

// Native is the answer of PostgreSQL, nil on other databases.
func (r *Rows) Native() NativeRows {
	if r.pg == nil {
		return nil
	}
	return r.pg
}

// sendEach runs statements one after the other through database/sql.
func sendEach(ctx context.Context, pool gorm.ConnPool, items []batchItem) error {
	for i := range items {
		if err := items[i].run(ctx, pool); err != nil {
			return Translate(err)
		}
	}
	return nil
}

func (item *batchItem) run(ctx context.Context, pool gorm.ConnPool) error {
	if item.read == nil {
		return item.exec(ctx, pool)
	}
	rows, err := pool.QueryContext(ctx, item.sql, item.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	err = item.readFrom(&Rows{sql: rows})
	if failed := errors.Join(rows.Err(), rows.Close()); failed != nil {
		return failed // and read took it for the end of the rows
	}
	return err
}

func (item *batchItem) exec(ctx context.Context, pool gorm.ConnPool) error {
	result, err := pool.ExecContext(ctx, item.sql, item.args...)
	if err != nil || item.done == nil {
		return err
	}
	affected, err := result.RowsAffected()
	if err != nil {
		return err
	}
	return item.done(affected)
}

// sendNative runs statements in one round trip on a connection of PostgreSQL.
func sendNative(ctx context.Context, conn *pgx.Conn, items []batchItem) error {
	if p := pipelineOf(conn); p != nil {
		return Translate(p.send(ctx, items))
	}
	return sendThroughPgx(ctx, conn, items)
}

// sendThroughPgx leaves it to pgx how statements run.
func sendThroughPgx(ctx context.Context, conn *pgx.Conn, items []batchItem) error {
	batch := &pgx.Batch{QueuedQueries: make([]*pgx.QueuedQuery, len(items))}
	queries := make([]pgx.QueuedQuery, len(items))
	for i := range items {
		queries[i] = pgx.QueuedQuery{SQL: items[i].sql, Arguments: items[i].args}
		batch.QueuedQueries[i] = &queries[i]
	}
	results := conn.SendBatch(ctx, batch)
	for i := range items {
		rows, err := results.Query()
		switch {
		case err == nil:
			err = items[i].take(rows)
		case !errors.As(err, new(*pgconn.PgError)):
			err = &unsentError{err} // or lost with its connection
		}
		if err != nil {
			_ = results.Close() // says the same again
			return Translate(err)
		}
	}
	return Translate(results.Close())
}

// take reads the answer of pgx.
func (item *batchItem) take(rows pgx.Rows) error {
	defer rows.Close()
	var err error
	if item.read != nil {
		err = item.readFrom(&Rows{pg: rows})
	}
	rows.Close()
	if failed := rows.Err(); failed != nil {
		return failed // and read took it for the end of the rows
	}
	if err != nil {
		return err
	}
	return item.finish([]byte(rows.CommandTag().String()))
}
