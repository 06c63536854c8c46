package orm

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// What the connections take of memory. Pages of the file are read where the system has them in its cache, which all share;
// the pages of a connection's own are those it changes, and those that lie behind the mapped part of a large file.
const (
	mostSQLiteReaders = 16        // more than a machine has processors to run them
	sqliteCacheKB     = 2000      // of a connection's own pages
	sqliteMappedBytes = 128 << 20 // of the file
	sqliteLogBytes    = 64 << 20  // that the write-ahead log is cut to after it was written back
)

// sqlitePool has the connections to one database: one that writes, so that writers wait for each other here and in order
// instead of failing on SQLite's lock, and readers, which see what was committed when their statement began. A database
// without a write-ahead log has the writer for everything.
type sqlitePool struct {
	settings sqliteSettings
	limit    time.Duration // of statements
	wait     time.Duration // for a connection
	regexps  *regexpCache

	writer  chan *sqlite.Conn // has it when it is free; nil stands for one that is to be opened
	readers chan struct{}     // has as many as may be taken; nil when there are none

	mu     sync.Mutex
	idle   []*sqlite.Conn // readers, the one used last at the end: its pages are in memory
	closed bool
}

// errSQLiteClosed is what a closed database answers.
var errSQLiteClosed = unavailable(errors.New("sql: database is closed"))

// newSQLitePool opens the writer.
func newSQLitePool(settings sqliteSettings, config Config) (*sqlitePool, error) {
	p := &sqlitePool{
		settings: settings, limit: config.QueryTimeout, wait: config.ConnectTimeout,
		regexps: &regexpCache{compiled: map[string]*regexp.Regexp{}},
		writer:  make(chan *sqlite.Conn, 1),
	}
	conn, err := p.openConn(false)
	if err != nil {
		return nil, err
	}
	p.writer <- conn
	journal, err := journalOf(conn)
	if err != nil {
		p.close()
		return nil, fmt.Errorf("open %s: %w", settings.path, err)
	}
	if readers := min(config.MaxConns-1, mostSQLiteReaders); readers > 0 && journal == "wal" && !settings.inMemory {
		p.readers = make(chan struct{}, readers)
		for range readers {
			p.readers <- struct{}{}
		}
	}
	return p, nil
}

// takeWriter waits for the writer, in the order of the calls; ErrUnavailable when it is not free in time.
func (p *sqlitePool) takeWriter(ctx context.Context) (*sqlite.Conn, error) {
	conn, err := receive(ctx, p.writer, p.wait, "other writers have kept the database")
	if err != nil {
		return nil, err
	}
	if conn, err = p.ready(conn, false); err != nil {
		p.writer <- nil
	}
	return conn, err
}

// takeReader waits for a reader.
func (p *sqlitePool) takeReader(ctx context.Context) (*sqlite.Conn, error) {
	_, err := receive(ctx, p.readers, p.wait, "all connections have been in use")
	if err != nil {
		return nil, err
	}
	conn, err := p.ready(p.pop(), true)
	if err != nil {
		p.readers <- struct{}{}
	}
	return conn, err
}

// receive waits for a turn.
func receive[T any](ctx context.Context, turns <-chan T, wait time.Duration, busy string) (turn T, err error) {
	select {
	case turn = <-turns:
		return turn, nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case turn = <-turns:
		return turn, nil
	case <-ctx.Done():
		return turn, ctx.Err()
	case <-timer.C:
		return turn, unavailable(fmt.Errorf("%s for %v", busy, wait))
	}
}

// pop is the reader used last, nil when one is to be opened.
func (p *sqlitePool) pop() *sqlite.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	conn := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return conn
}

// ready opens a connection that is not open.
func (p *sqlitePool) ready(conn *sqlite.Conn, reader bool) (*sqlite.Conn, error) {
	if conn != nil {
		return conn, nil
	}
	if p.isClosed() {
		return nil, errSQLiteClosed
	}
	return p.openConn(reader)
}

func (p *sqlitePool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// give takes a connection back. A transaction that was left open is undone.
func (p *sqlitePool) give(conn *sqlite.Conn, reader bool) {
	if conn.InTransaction() && conn.Exec("ROLLBACK") != nil {
		p.discard(conn, reader)
		return
	}
	p.put(conn, reader)
}

// discard closes a connection; another one is opened in its place when it is needed.
func (p *sqlitePool) discard(conn *sqlite.Conn, reader bool) {
	_ = conn.Close() // nothing can be done about a connection that does not close
	p.put(nil, reader)
}

func (p *sqlitePool) put(conn *sqlite.Conn, reader bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if conn != nil && p.closed {
		_ = conn.Close()
		conn = nil
	}
	if !reader {
		p.writer <- conn
		return
	}
	if conn != nil {
		p.idle = append(p.idle, conn)
	}
	p.readers <- struct{}{}
}

// close closes the connections, those in use when they are given back.
func (p *sqlitePool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, conn := range p.idle {
		_ = conn.Close()
	}
	p.idle = nil
	select {
	case conn := <-p.writer:
		if conn != nil {
			_ = conn.Close()
		}
		p.writer <- nil // for those who wait: it cannot be opened any more
	default:
	}
}

// sqliteConnector gives database/sql its connections.
type sqliteConnector struct{ pool *sqlitePool }

// Connect opens nothing: a connection of database/sql takes one of the pool for each statement.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	return &sqliteConn{pool: c.pool}, ctx.Err()
}

// Driver is there for database/sql.
func (c sqliteConnector) Driver() driver.Driver { return sqliteDriver{} }

// Close is called by sql.DB.Close.
func (c sqliteConnector) Close() error {
	c.pool.close()
	return nil
}

// sqliteDriver stands for the connector where database/sql wants a driver.
type sqliteDriver struct{}

// Open refuses: the driver is not to be found by a name.
func (sqliteDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("open databases with orm.Open")
}
