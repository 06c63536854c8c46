package rest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// Query is the statement of a list or detail request while it is put together: the viewset's QuerySet, then filters,
// search, order and page. It belongs to one request.
type Query struct {
	r        *Request
	model    *orm.Model
	base     *gorm.DB // Model(&M{}) with the conditions of QuerySet
	d        dialect
	scope    scope // the model's table, named by itself, and the joins
	where    []clause.Expression
	many     []manyCondition
	order    []orderTerm
	chosen   bool // the request chose the order
	distinct bool // no row twice: to-many conditions are tested by EXISTS
	limit    int  // -1: none
	offset   int
	plan     *loadPlan // what load reads
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

// newQuery begins a query for rows of model; base is a GORM session on it that may already hold conditions.
func newQuery(r *Request, model *orm.Model, base *gorm.DB) *Query {
	d := dialectNamed(base.Name())
	return &Query{
		r: r, model: model, base: base, d: d, limit: -1,
		scope:    newScope(model.Table, d),
		distinct: len(model.Annotations) > 0, // Django groups by the row then, which folds duplicates
	}
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

// statement is a GORM session that selects columns (SQL) with everything that the query has gathered.
func (q *Query) statement(columns string) *gorm.DB {
	tx := q.assemble(columns, useSelect|useWhere|useOrder)
	if len(q.order) > 0 {
		tx = tx.Clauses(clause.OrderBy{Expression: clause.Expr{SQL: q.orderSQL()}})
	}
	if q.limit >= 0 {
		tx = tx.Limit(q.limit)
	}
	if q.offset > 0 {
		tx = tx.Offset(q.offset)
	}
	return tx
}

// count is the number of rows without limit and offset.
func (q *Query) count() (int64, error) {
	var n int64
	tx := q.assemble("COUNT(*)", useWhere)
	row := tx.Row()
	if row == nil {
		return 0, q.failed("count", tx.Error)
	}
	if err := row.Scan(&n); err != nil {
		return 0, q.failed("count", err)
	}
	return n, nil
}

// assemble is SELECT columns FROM … WHERE with the joins that serve one of the uses.
func (q *Query) assemble(columns string, uses joinUse) *gorm.DB {
	scope := q.scope.clone()
	where := slices.Clone(q.where)
	for _, c := range q.many {
		f := q.manySQL(c, &scope)
		where = append(where, clause.Expr{SQL: f.sql, Vars: f.args})
	}
	tx := q.base.Session(&gorm.Session{}).Select(columns)
	for _, j := range scope.joins {
		if j.use&uses != 0 {
			tx = tx.Joins(j.sql())
		}
	}
	for _, condition := range where {
		tx = tx.Where(condition)
	}
	return tx
}

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
	var refused *pgconn.PgError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "22") {
		return NewError(ErrParse.Status, "invalid", "A value of the query cannot be used.").WithCause(err)
	}
	return fmt.Errorf("%s %s: %w", what, q.model.Table, orm.Translate(err))
}
