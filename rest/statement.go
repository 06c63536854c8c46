package rest

import (
	"database/sql/driver"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// selectText is the statement of the rows that q asks for.
func (q *Query) selectText() (statement string, args []any, err error) {
	if q.fixed != "" {
		return q.fixed, q.fixedArgs, nil
	}
	if q.base != nil {
		return q.composed(q.gormSelect())
	}
	scope := q.scope.clone()
	where := q.conditions(&scope)
	t := newStatement(q.d)
	t.add("SELECT ", q.plan.sel.columns, " FROM ")
	if q.isFar() {
		q.farPage(t, &scope, where)
	} else {
		q.plan.sel.joinInto(&scope)
		t.from(&scope, useSelect|useWhere|useOrder)
		t.where(where)
		t.order(q)
		t.page(q)
	}
	if q.locked && q.d.name() == orm.Postgres {
		t.add(" ", q.lockOptions().SQL())
	}
	if t.foreign {
		return q.composed(q.gormSelect())
	}
	statement, args = t.end()
	return statement, args, nil
}

// numberText is the statement of an expression over the rows, without order and page.
func (q *Query) numberText(expression string) (statement string, args []any, err error) {
	if q.base != nil {
		return q.composed(q.assemble(expression, useWhere))
	}
	scope := q.scope.clone()
	where := q.conditions(&scope)
	t := newStatement(q.d)
	t.add("SELECT ", expression, " FROM ")
	t.from(&scope, useWhere)
	t.where(where)
	if t.foreign {
		return q.composed(q.assemble(expression, useWhere))
	}
	statement, args = t.end()
	return statement, args, nil
}

// isPlain tells whether q asks for all rows of its table.
func (q *Query) isPlain() bool { return q.base == nil && len(q.where)+len(q.many) == 0 }

// farOffset is from how many rows on that are passed over a page is found by its keys first.
const farOffset = 1000

// isFar tells whether a page is found by its keys first, so that the rows before it need not be joined. A list that repeats
// rows cannot be.
func (q *Query) isFar() bool {
	return q.offset >= farOffset && q.limit >= 0 && (q.distinct || len(q.many) == 0)
}

// farPage writes what follows the columns: the rows whose keys stand on the page.
func (q *Query) farPage(t *statementText, inner *scope, where []clause.Expression) {
	key := quote(q.model.Table) + "." + quote(q.model.PK.Column)
	outer := newScope(q.model.Table, q.d)
	for _, j := range inner.joins {
		if j.use&useOrder != 0 {
			outer.joins = append(outer.joins, j)
		}
	}
	q.plan.sel.joinInto(&outer)
	t.from(&outer, useSelect|useOrder)
	t.add(" WHERE ", key, " IN (SELECT ", key, " FROM ")
	t.from(inner, useWhere|useOrder)
	t.where(where)
	t.order(q)
	t.page(q)
	t.add(")")
	t.order(q)
}

// conditions are all conditions of q; those over to-many relations join what they need to s.
func (q *Query) conditions(s *scope) []clause.Expression {
	where := q.where
	for _, c := range q.many {
		f := q.manySQL(c, s)
		where = append(where[:len(where):len(where)], clause.Expr{SQL: f.sql, Vars: f.args})
	}
	return where
}

// gormSelect is the statement of the rows over conditions of GORM.
func (q *Query) gormSelect() *gorm.DB {
	q.plan.sel.joinInto(&q.scope)
	tx := q.assemble(q.plan.sel.columns, useSelect|useWhere|useOrder)
	if len(q.order) > 0 {
		tx = tx.Clauses(clause.OrderBy{Expression: clause.Expr{SQL: q.orderSQL()}})
	}
	if q.limit >= 0 {
		tx = tx.Limit(q.limit)
	}
	if q.offset > 0 {
		tx = tx.Offset(q.offset)
	}
	if q.locked && q.r.tx != nil {
		tx = orm.ForUpdate(tx, q.lockOptions())
	}
	return tx
}

// assemble is SELECT columns FROM … WHERE by GORM, with the joins that serve one of the uses.
func (q *Query) assemble(columns string, uses joinUse) *gorm.DB {
	scope := q.scope.clone()
	where := slices.Clone(q.conditions(&scope))
	tx := q.session().Session(&gorm.Session{}).Select(columns)
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

// composed is the text of a statement that GORM puts together.
func (q *Query) composed(tx *gorm.DB) (statement string, args []any, err error) {
	tx = tx.Session(&gorm.Session{DryRun: true}).Set("rows", true)
	tx = tx.Callback().Row().Execute(tx)
	return tx.Statement.SQL.String(), tx.Statement.Vars, tx.Error
}

// statementText is a statement that is being written, with the placeholders of its database. It is the clause.Builder of
// conditions that need nothing of GORM's statement; foreign tells that one did.
type statementText struct {
	sql      []byte
	args     []any
	postgres bool
	foreign  bool
}

// statementTexts are texts whose memory serves again.
var statementTexts = sync.Pool{New: func() any { return &statementText{} }}

// newStatement begins a statement of a database.
func newStatement(d dialect) *statementText {
	t, _ := statementTexts.Get().(*statementText)
	t.postgres = d.name() == orm.Postgres
	return t
}

// end is the statement with its arguments. t must not be used any more.
func (t *statementText) end() (statement string, args []any) {
	statement, args = statementShapes.text(t.sql), t.args
	if cap(t.sql) <= mostStatement {
		*t = statementText{sql: t.sql[:0]}
		statementTexts.Put(t)
	}
	return statement, args
}

// statementShapes are the statements that were made before.
var statementShapes = shapes{texts: make(map[string]string)}

// shapes keeps the texts of statements, so that the next one of the same shape is no new text. It is safe for concurrent use.
type shapes struct {
	mu    sync.RWMutex
	texts map[string]string
}

const (
	mostShapes    = 1024     // statements are kept
	mostText      = 4 << 10  // bytes of a statement that is kept
	mostStatement = 16 << 10 // bytes of memory are kept for the next statement
)

func (k *shapes) text(sql []byte) string {
	k.mu.RLock()
	text, ok := k.texts[string(sql)]
	k.mu.RUnlock()
	if ok {
		return text
	}
	text = string(sql)
	if len(text) > mostText {
		return text
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.texts) < mostShapes {
		k.texts[text] = text
	}
	return text
}

// newStatement begins a statement of the request's database.
func (r *Request) newStatement() *statementText {
	return newStatement(r.dialect())
}

func (r *Request) dialect() dialect { return dialectNamed(r.api.config.DB.Dialect()) }

func (t *statementText) add(texts ...string) {
	for _, s := range texts {
		t.sql = append(t.sql, s...)
	}
}

// quoted adds a name.
func (t *statementText) quoted(name string) {
	if strings.IndexByte(name, '"') >= 0 {
		t.add(quote(name))
		return
	}
	t.add(`"`, name, `"`)
}

func (t *statementText) from(s *scope, uses joinUse) {
	t.quoted(s.table)
	for _, j := range s.joins {
		if j.use&uses != 0 {
			t.add(" ", j.kind, " ")
			t.quoted(j.table)
			t.add(" ")
			t.quoted(j.alias)
			t.add(" ON ", j.on)
		}
	}
}

func (t *statementText) where(conditions []clause.Expression) {
	for i, c := range conditions {
		if i == 0 {
			t.add(" WHERE ")
		} else {
			t.add(" AND ")
		}
		expr, ok := c.(clause.Expr)
		if !ok { // only GORM knows how it combines others
			t.foreign = true
			return
		}
		t.add("(")
		expr.Build(t)
		t.add(")")
	}
}

func (t *statementText) order(q *Query) {
	for i, term := range q.order {
		if i == 0 {
			t.add(" ORDER BY ", term.sql, direction(term.desc))
		} else {
			t.add(", ", term.sql, direction(term.desc))
		}
	}
}

// page adds LIMIT and OFFSET. The limit is written out, so that PostgreSQL plans for it; positions are arguments, so that
// all pages share a statement.
func (t *statementText) page(q *Query) {
	if q.limit >= 0 {
		t.add(" LIMIT ")
		t.sql = strconv.AppendInt(t.sql, int64(q.limit), 10)
	}
	if q.offset > 0 {
		t.add(" OFFSET ")
		t.argument(int64(q.offset))
	}
}

func (t *statementText) argument(v any) {
	t.args = append(t.args, v)
	if !t.postgres {
		t.sql = append(t.sql, '?')
		return
	}
	t.sql = strconv.AppendInt(append(t.sql, '$'), int64(len(t.args)), 10)
}

func (t *statementText) WriteByte(c byte) error {
	t.sql = append(t.sql, c)
	return nil
}

func (t *statementText) WriteString(s string) (int, error) {
	t.sql = append(t.sql, s...)
	return len(s), nil
}

// WriteQuoted is called for the clause.Column and clause.Table of a condition: only GORM knows what they stand for.
func (t *statementText) WriteQuoted(any) { t.foreign = true }

// AddVar adds arguments; lists stand in parentheses.
func (t *statementText) AddVar(_ clause.Writer, vars ...any) {
	for i, v := range vars {
		if i > 0 {
			t.sql = append(t.sql, ',')
		}
		t.variable(v)
	}
}

func (t *statementText) variable(v any) {
	switch v := v.(type) {
	case nil, string, int64, int, bool, float64, []byte, driver.Valuer:
		t.argument(v)
		return
	case clause.Expr:
		v.Build(t)
		return
	case clause.Expression, clause.Column, clause.Table, *gorm.DB, gorm.Valuer:
		t.foreign = true
		return
	}
	rv := reflect.ValueOf(v)
	if kind := rv.Kind(); kind != reflect.Slice && kind != reflect.Array || rv.Type().Elem().Kind() == reflect.Uint8 {
		t.argument(v)
		return
	}
	if rv.Len() == 0 {
		t.add("(NULL)")
		return
	}
	t.sql = append(t.sql, '(')
	for i := range rv.Len() {
		if i > 0 {
			t.sql = append(t.sql, ',')
		}
		t.variable(rv.Index(i).Interface())
	}
	t.sql = append(t.sql, ')')
}

// AddError is called for conditions that cannot be built; GORM's own way reports it.
func (t *statementText) AddError(error) error {
	t.foreign = true
	return nil
}

var _ clause.Builder = (*statementText)(nil)
