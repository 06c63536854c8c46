package orm

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
	sqlitelib "modernc.org/sqlite/lib"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// Replica gives a context whose reads may be answered by one of Config.Replicas, which may lag behind: those of GORM that are
// in no transaction and lock nothing, and batches that are [Batch.ReadOnly]. One replica answers all of them. From the first
// statement on that writes, and the first transaction, the database itself answers: what was written with the context is
// seen. Without replicas it always does.
func Replica(ctx context.Context) context.Context {
	return context.WithValue(ctx, readingKey{}, reading{from: &source{}})
}

// Primary gives a context whose reads the database itself answers, whatever [Replica] said of ctx.
func Primary(ctx context.Context) context.Context {
	r := readingOf(ctx)
	if r.from == nil || r.primary {
		return ctx
	}
	r.primary = true
	return context.WithValue(ctx, readingKey{}, r)
}

// StayPrimary is [Primary] for all that uses ctx, what has it already included.
func StayPrimary(ctx context.Context) {
	if r := readingOf(ctx); r.from != nil {
		r.from.written.Store(true)
	}
}

type readingKey struct{}

// reading says where the reads of a context go.
type reading struct {
	from    *source // nil: to the primary
	primary bool
}

// source is what the reads of one request have in common.
type source struct {
	written atomic.Bool
	chosen  atomic.Pointer[replica]
}

func readingOf(ctx context.Context) reading {
	r, _ := ctx.Value(readingKey{}).(reading)
	return r
}

// replicas are the databases that may answer reads in place of the primary, and the pool of GORM's reads. Nil is none.
type replicas struct {
	primary connections
	all     []*replica
	next    atomic.Uint64
	log     *slog.Logger

	life    context.Context //nolint:containedctx // ends with the database
	end     context.CancelFunc
	probing sync.WaitGroup
}

// replica is one of them.
type replica struct {
	number int // in Config.Replicas, from 1
	db     *DB
	conns  connections
	down   atomic.Bool
}

// openReplicas opens the replicas of config and lets GORM's reads of db ask them. One that does not answer is waited for in
// the background.
func openReplicas(ctx context.Context, db *DB, config Config) error {
	r := &replicas{log: config.Logger}
	r.life, r.end = context.WithCancel(context.Background())
	db.replicas = r
	for i, url := range config.Replicas {
		if err := r.open(ctx, db, config, url); err != nil {
			return fmt.Errorf("replica %d: %w", i+1, err)
		}
	}
	for _, one := range r.all {
		if err := one.db.Ping(ctx); err != nil {
			r.lost(one, err)
		}
	}
	r.primary = db.Gorm.ConnPool.(replicated).readFrom(r)
	return r.switchReads(db.Gorm)
}

// open opens one replica, without asking whether it answers.
func (r *replicas) open(ctx context.Context, db *DB, config Config, url string) error {
	config.URL, config.replica = url, true
	opened, err := connect(ctx, config)
	if err != nil {
		return err
	}
	r.all = append(r.all, &replica{number: len(r.all) + 1, db: opened, conns: opened.Gorm.ConnPool.(connections)})
	if opened.dialect != db.dialect {
		return errors.New("it is of another kind than the database")
	}
	return nil
}

// replicated are the connections of a database that has replicas.
type replicated interface {
	// readFrom tells them of the replicas, and returns connections of the same pools that know of none.
	readFrom(r *replicas) connections
}

// switchReads lets GORM's reads ask the replicas: the plugin tells which statements read. It would also take those away that
// belong to one connection.
func (r *replicas) switchReads(db *gorm.DB) error {
	plugin := dbresolver.Register(dbresolver.Config{Replicas: []gorm.Dialector{replicaDialect{db.Dialector, r}}})
	if err := db.Use(plugin); err != nil {
		return err
	}
	of := db.Callback()
	return guard(db.ConnPool, plugin.Name(), of.Create(), of.Query(), of.Update(), of.Delete(), of.Row(), of.Raw())
}

// guard lets the callback of a plugin run for statements of the pool only.
func guard[K kindCallbacks[C], C registering](pool gorm.ConnPool, plugin string, kinds ...K) error {
	for _, kind := range kinds {
		choose := kind.Get(plugin)
		err := errors.Join(kind.Remove(plugin), kind.Before("*").Register("orm:replicas", func(db *gorm.DB) {
			if db.Statement.ConnPool == pool {
				choose(db)
			}
		}))
		if err != nil {
			return err
		}
	}
	return nil
}

// kindCallbacks are those of one kind of statements, by GORM's methods.
type kindCallbacks[C any] interface {
	Get(name string) func(*gorm.DB)
	Remove(name string) error
	Before(name string) C
}

type registering interface {
	Register(name string, fn func(*gorm.DB)) error
}

// replicaDialect gives the plugin the pool for reads.
type replicaDialect struct {
	gorm.Dialector
	pool *replicas
}

// Initialize is called by gorm.Open.
func (d replicaDialect) Initialize(db *gorm.DB) error {
	db.ConnPool = d.pool
	return nil
}

// written notes that a context is about to write.
func (r *replicas) written(ctx context.Context) {
	if r != nil {
		StayPrimary(ctx)
	}
}

// sendBatch runs a batch of a *gorm.DB that is in no transaction.
func (r *replicas) sendBatch(ctx context.Context, primary connections, b *Batch) error {
	switch {
	case r == nil:
		return b.sendOn(ctx, primary)
	case b.ReadOnly:
		return r.send(ctx, b)
	}
	r.written(ctx)
	return r.primary.send(ctx, b.items)
}

// send runs a batch that only reads.
func (r *replicas) send(ctx context.Context, b *Batch) error {
	return r.ask(ctx, func(c connections) (again bool, err error) {
		err = b.sendOn(ctx, c)
		for i := range b.items {
			if b.items[i].answered {
				return false, err
			}
		}
		return true, err
	})
}

// ask lets a replica answer, another one when it cannot, and at last the primary.
func (r *replicas) ask(ctx context.Context, do func(c connections) (again bool, err error)) error {
	for one := r.choose(ctx); one != nil; one = r.choose(ctx) {
		again, err := do(one.conns)
		if err == nil || !again || ctx.Err() != nil {
			return err
		}
		switch {
		case isPrimarysBusiness(err):
			StayPrimary(ctx)
		case isLost(err):
			r.lost(one, err)
		default:
			return err
		}
	}
	_, err := do(r.primary)
	return err
}

// choose finds the replica that answers a context: the one that did before, else the next in turn. Nil is the primary.
func (r *replicas) choose(ctx context.Context) *replica {
	reading := readingOf(ctx)
	if reading.from == nil || reading.primary || reading.from.written.Load() {
		return nil
	}
	if one := reading.from.chosen.Load(); one != nil && !one.down.Load() {
		return one
	}
	first := r.next.Add(1)
	for i := range uint64(len(r.all)) {
		one := r.all[(first+i)%uint64(len(r.all))]
		if !one.down.Load() {
			reading.from.chosen.Store(one)
			return one
		}
	}
	return nil
}

// isPrimarysBusiness tells whether a statement that was taken for a reading one can run on the primary only, or was in the
// way of what a replica gets from there.
func isPrimarysBusiness(err error) bool {
	const readOnlyTransaction, recoveryConflict = "25006", "40001"
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == readOnlyTransaction || pg.Code == recoveryConflict
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlitelib.SQLITE_READONLY
}

// isLost tells whether a replica, not the statement, is to blame.
func isLost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57P")
	}
	return isAway(err) || errors.Is(err, ErrUnavailable)
}

// probePause is how often a lost replica is looked for.
const probePause = time.Second

// lost takes a replica out until it answers again.
func (r *replicas) lost(one *replica, err error) {
	if one.down.Swap(true) {
		return
	}
	r.log.Warn("a replica of the database does not answer: others read in its place", "replica", one.number, "error", err)
	r.probing.Go(func() {
		for r.life.Err() == nil {
			if one.db.Ping(r.life) == nil {
				one.down.Store(false)
				r.log.Info("the replica of the database answers again", "replica", one.number)
				return
			}
			select {
			case <-r.life.Done():
			case <-time.After(probePause):
			}
		}
	})
}

// close ends the probes and closes the replicas.
func (r *replicas) close() {
	if r == nil {
		return
	}
	r.end()
	r.probing.Wait()
	for _, one := range r.all {
		one.db.Close()
	}
}

// primaryDB is a pool of database/sql that notes which contexts do more than read.
type primaryDB struct {
	*sql.DB
	replicas *replicas // nil for none
}

// GetDBConn gives GORM the pool of database/sql.
func (p primaryDB) GetDBConn() (*sql.DB, error) { return p.DB, nil }

// PrepareContext is part of gorm.ConnPool.
func (p primaryDB) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	p.replicas.written(ctx)
	return p.DB.PrepareContext(ctx, query)
}

// ExecContext is part of gorm.ConnPool.
func (p primaryDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	p.replicas.written(ctx)
	return p.DB.ExecContext(ctx, query, args...)
}

// QueryContext is part of gorm.ConnPool.
func (p primaryDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	p.replicas.written(ctx)
	return p.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is part of gorm.ConnPool.
func (p primaryDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	p.replicas.written(ctx)
	return p.DB.QueryRowContext(ctx, query, args...)
}

// BeginTx begins a transaction.
func (p primaryDB) BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error) {
	p.replicas.written(ctx)
	return p.DB.BeginTx(ctx, options)
}

// PrepareContext is part of gorm.ConnPool. What is prepared runs on the primary.
func (r *replicas) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return r.primary.PrepareContext(ctx, query)
}

// ExecContext is part of gorm.ConnPool: of a SELECT that is run without asking for its rows.
func (r *replicas) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r.written(ctx)
	return r.primary.ExecContext(ctx, query, args...)
}

// QueryContext is part of gorm.ConnPool.
func (r *replicas) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = r.ask(ctx, func(c connections) (bool, error) {
		rows, err = c.QueryContext(ctx, query, args...) //nolint:sqlclosecheck,rowserrcheck // by who asked
		return true, err
	})
	return rows, err
}

// QueryRowContext is part of gorm.ConnPool.
func (r *replicas) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	_ = r.ask(ctx, func(c connections) (bool, error) { // the row has the error
		row = c.QueryRowContext(ctx, query, args...)
		return true, row.Err()
	})
	return row
}

// Replicas is how many replicas answer, and how many there are.
func (db *DB) Replicas() (up, all int) {
	if db == nil || db.replicas == nil {
		return 0, 0
	}
	for _, one := range db.replicas.all {
		if !one.down.Load() {
			up++
		}
	}
	return up, len(db.replicas.all)
}
