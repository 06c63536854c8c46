package rest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// Query is the statement of a list or detail request while it is put together: the viewset's QuerySet, then filters,
// search, order and page. It belongs to one request.
type Query struct {
	r         *Request
	model     *orm.Model
	base      *gorm.DB // Model(&M{}) with the conditions of QuerySet
	d         dialect
	scope     scope // the model's table, named by itself, and the joins
	where     []clause.Expression
	many      []manyCondition
	order     []orderTerm
	chosen    bool // the request chose the order
	distinct  bool // no row twice: to-many conditions are tested by EXISTS
	limit     int  // -1: none
	expected  int  // rows that there may be, where no limit says it; 0 when nothing is known
	offset    int
	locked    bool // FOR UPDATE
	lock      orm.LockOptions
	key       any       // the primary key of the one row asked for, nil when unknown
	plan      *loadPlan // what load reads
	fixed     string    // the whole statement, where it was made before; with its arguments
	fixedArgs []any
	reading   *loading
	doubts    []*doubt // about filters, to be settled with the next batch
	awaiting  bool     // the batch leaves them to its rows
	counted   bool     // a count found rows
}

// manyCondition is a condition over to-many relations. It becomes joins, which give a row as often as it matches (as in
// Django), or an EXISTS, when a row may come only once.
type manyCondition struct {
	joined func(s *scope) fragment
	exists func(s *scope) fragment
}

// orderTerm is one part of ORDER BY.
type orderTerm struct {
	plan orderPlan
	sql  string // quoted
	desc bool
}

// newQuery begins a query for rows of model; base is a GORM session on it that may already hold conditions, nil for all rows.
func newQuery(r *Request, model *orm.Model, base *gorm.DB) *Query {
	d := dialectNamed(r.api.config.DB.Dialect())
	return &Query{
		r: r, model: model, base: base, d: d, limit: -1,
		scope:    newScope(model.Table, d),
		distinct: len(model.Annotations) > 0, // Django groups by the row then, which folds duplicates
	}
}

// session is the GORM session that functions of authors narrow.
func (q *Query) session() *gorm.DB {
	if q.base == nil {
		q.base = q.r.modelDB(q.model)
	}
	return q.base
}

// Where adds a condition that holds besides all others.
func (q *Query) Where(condition clause.Expression) *Query {
	q.where = append(q.where, condition)
	return q
}

func (q *Query) whereSQL(f fragment) {
	if f.sql != everything.sql {
		q.Where(clause.Expr{SQL: f.sql, Vars: f.args})
	}
}

func (q *Query) whereMany(c manyCondition) { q.many = append(q.many, c) }

func (q *Query) manySQL(c manyCondition, s *scope) fragment {
	if q.distinct || c.joined == nil {
		return c.exists(s)
	}
	return c.joined(s)
}

func (q *Query) orderSQL() string {
	terms := make([]string, len(q.order))
	for i, t := range q.order {
		terms[i] = t.sql + direction(t.desc)
	}
	return strings.Join(terms, ", ")
}

func direction(desc bool) string {
	if desc {
		return " DESC"
	}
	return " ASC"
}

// failed is the error of a statement. What PostgreSQL refuses because of a value in it (a regular expression it cannot
// read, a number beyond its types) is the client's mistake, not the server's.
func (q *Query) failed(what string, err error) error {
	if isRefusedValue(err) {
		return NewError(ErrParse.Status, "invalid", "A value of the query cannot be used.").WithCause(err)
	}
	return fmt.Errorf("%s %s: %w", what, q.model.Table, orm.Translate(err))
}

// isRefusedValue tells whether PostgreSQL refused a value.
func isRefusedValue(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && strings.HasPrefix(refused.Code, "22")
}
