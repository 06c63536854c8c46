package rest

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// Lock loads the objects with the keys, which are primary keys of M, and locks their rows until the request's transaction
// ends (select_for_update). They come, and are locked, in the order of their keys, so that requests that lock several wait
// for each other instead of dead-locking; those that are not there are left out. Their relations are not loaded. Save updates
// what is changed in them. Without a transaction it is orm.ErrNoTransaction; SQLite has one writer, which comes with the lock.
func Lock[M any, K comparable](r *Request, keys []K) ([]*M, error) {
	return LockWith[M](r, keys, orm.LockOptions{})
}

// LockWith is Lock with the other arguments of select_for_update.
func LockWith[M any, K comparable](r *Request, keys []K, o orm.LockOptions) ([]*M, error) {
	model := r.Registry().Model(reflect.TypeFor[M]())
	switch {
	case model == nil:
		return nil, fmt.Errorf("lock a %s: the model is not registered", reflect.TypeFor[M]())
	case r.tx == nil:
		return nil, fmt.Errorf("lock a %s: %w", reflect.TypeFor[M](), orm.ErrNoTransaction)
	case len(keys) == 0:
		return nil, nil
	}
	wanted := make([]any, 0, len(keys))
	for _, key := range keys {
		if k := any(key); !slices.Contains(wanted, k) {
			wanted = append(wanted, k)
		}
	}
	q := newQuery(r, model, nil)
	q.plan, q.locked, q.lock = r.api.models[model].plain, true, o
	q.whereSQL(keysCondition(q.d, quote(model.Table)+"."+quote(model.PK.Column), wanted))
	q.orderBy(nil, keyOrder(q.model, q.d))
	rows, err := q.load()
	if err != nil {
		return nil, err
	}
	for i := range rows.Len() {
		r.loaded(rows.Index(i))
	}
	return rows.Interface().([]*M), nil
}

// Queue runs a statement without rows, with "?" for its arguments, in the request's transaction. On PostgreSQL it goes with
// the next statement that has to be waited for, the COMMIT at the latest, and its error comes up there: the transaction is
// undone, and the violation of a constraint becomes the same answer as that of Save.
func (r *Request) Queue(statement string, args ...any) error {
	t := r.newStatement()
	clause.Expr{SQL: statement, Vars: args}.Build(t)
	if t.foreign {
		return fmt.Errorf("queue a statement: an argument of %q is no plain value", statement)
	}
	b := &orm.Batch{}
	text, values := t.end()
	b.Exec(text, values, nil)
	return b.Queue(r.Context(), r.connection())
}
