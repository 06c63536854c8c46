package rest

import (
	"errors"
	"log/slog"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// spanned decides what the requests of an operation have as a whole: those of unsafe methods a transaction, unless it is left
// to their handler, the others the replicas.
func (c *compiler) spanned(op *operation, nonAtomic bool) {
	_, replicas := c.config.DB.Replicas()
	op.atomic = !isSafe(op.method) && !nonAtomic && !c.config.NonAtomicRequests
	op.replicas = isSafe(op.method) && replicas > 0
}

// handle lets an operation answer. This is the one place where the transaction of a request begins and ends: an unsafe request
// has one for all that its handler does (ATOMIC_REQUESTS), which costs nothing before the handler asks the database for more
// than the framework's own look-ups; the reads of a safe one may go to a replica.
func (r *Request) handle(op *operation) (resp *Response, err error) {
	if !op.atomic {
		r.readReplicas(op)
		return op.handle(r)
	}
	handled := false
	err = r.atomic(orm.AtomicOptions{Late: true}, func() (err error) {
		resp, err = op.handle(r)
		handled = err == nil
		return err
	})
	if err == nil {
		return resp, nil
	}
	if handled && r.echo.Response().Committed {
		r.log(slog.LevelError, "the answer was sent, and then its transaction could not be committed", err)
	}
	if rs := r.view.resource; rs != nil {
		err = constraintError(rs.serializer, err)
	}
	return nil, err
}

// readReplicas lets replicas answer what the handler reads.
func (r *Request) readReplicas(op *operation) {
	if op.replicas && !r.primary {
		r.setHTTP(r.http.WithContext(orm.Replica(r.Context())))
	}
}

// Primary lets the database itself answer all that the request reads from here on, be there replicas or not: for what must
// not lag behind. Requests of unsafe methods, transactions, and what follows a write never ask a replica.
func (r *Request) Primary() {
	r.primary = true
	orm.StayPrimary(r.Context())
}

// Atomic runs fn in a transaction that r.DB, r.Users, Save and Delete use. Where the request has one already, as those of
// unsafe methods have, fn is a part of it, which is undone alone when fn returns an error.
func (r *Request) Atomic(fn func() error) error { return r.atomic(orm.AtomicOptions{}, fn) }

// AtomicWith is Atomic with options. A durable one, and one that is to begin again after a serialization failure at its
// COMMIT, need a handler with NonAtomicRequests. Each attempt is to load and make its objects anew.
func (r *Request) AtomicWith(o orm.AtomicOptions, fn func() error) error { return r.atomic(o, fn) }

// SetRollback lets what the request has written and will write be undone although its handler returns an answer: for what
// is only tried. An error undoes it anyway. Without a transaction it does nothing.
func (r *Request) SetRollback() { orm.SetRollback(r.connection()) }

// last runs fn as what comes last in the request's transaction, and commits it.
func (r *Request) last(fn func() error) error { return r.atomic(orm.AtomicOptions{Last: true}, fn) }

func (r *Request) atomic(o orm.AtomicOptions, fn func() error) (err error) {
	outer, uploads, kept := r.tx, len(r.uploads), false
	defer func() {
		if !kept {
			r.forgetQueued()
			err = joined(err, r.dropUploads(uploads))
		}
	}()
	err = orm.AtomicWith(r.Context(), r.connection(), o, func(tx *gorm.DB) error {
		r.tx = tx
		defer func() { r.tx = outer }()
		if outer == nil {
			if err := r.dropUploads(uploads); err != nil { // of an earlier attempt
				return err
			}
		}
		if outer == nil || o.Last {
			orm.OnCommit(tx, func() { kept, r.uploads = true, nil }) // before the hooks of fn, which may panic
		}
		return fn()
	})
	if err == nil && outer != nil {
		kept = true // so far: the outer one decides
	}
	return err
}

// joined is errors.Join that leaves a single error as it is.
func joined(err, further error) error {
	if further == nil {
		return err
	}
	return errors.Join(err, further)
}

// connection is the request's transaction, or the database; without the request's context.
func (r *Request) connection() *gorm.DB {
	if r.tx != nil {
		return r.tx
	}
	return r.api.config.DB.Gorm
}

// ask runs a batch in the request's transaction, or outside of one.
func (r *Request) ask(b *orm.Batch) error { return b.Send(r.Context(), r.connection()) }

// look is ask of a batch that writes and locks nothing.
func (r *Request) look(b *orm.Batch) error { return r.read(b, false) }

// read is ask of a batch that writes nothing.
func (r *Request) read(b *orm.Batch, locks bool) error {
	b.ReadOnly, b.Shared = !locks, !locks
	return r.ask(b)
}

// try is look of a batch that may fail, which is to break no transaction.
func (r *Request) try(b *orm.Batch) error {
	if !orm.Begun(r.connection()) {
		return r.look(b)
	}
	return r.Atomic(func() error { return r.ask(b) })
}

// locks tells whether q locks its rows, be it by a clause of QuerySet.
func (q *Query) locks() bool {
	if q.locked || q.base == nil {
		return q.locked
	}
	_, locks := q.base.Statement.Clauses["FOR"]
	return locks
}

// lockOptions are those of q with the table whose rows are meant.
func (q *Query) lockOptions() orm.LockOptions {
	o := q.lock
	if o.Of == nil {
		o.Of = []string{q.model.Table}
	}
	return o
}
