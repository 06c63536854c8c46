package main

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

const (
	pageSize   = 25
	productSQL = `SELECT ` + productColumns + ` FROM catalog_product p JOIN catalog_category c ON c.id=p.category_id`
	countSQL   = `SELECT count(*) FROM catalog_product p`
	tagSQL     = `SELECT pt.product_id,t.id,t.name FROM catalog_product_tags pt JOIN catalog_tag t ON t.id=pt.tag_id WHERE pt.product_id`
)

// binary asks for results in PostgreSQL's own form.
var binary = pgx.QueryResultFormats{pgx.BinaryFormatCode}

// errQuery is a parameter that cannot be read.
var errQuery = errors.New("wrong parameter")

// query holds the parameters of a list.
type query struct {
	category, status, order string
	page, after             int64
}

var orderSQL = map[string]string{
	"": "p.id", "id": "p.id", "-id": "p.id DESC", "price": "p.price", "-price": "p.price DESC", "name": "p.name", "-name": "p.name DESC",
}

func parseQuery(raw string) (query, error) {
	q := query{page: 1}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		name, value, _ := strings.Cut(pair, "=")
		if strings.ContainsAny(value, "%+") {
			var err error
			if value, err = url.QueryUnescape(value); err != nil {
				return q, err
			}
		}
		if err := q.set(name, value); err != nil {
			return q, err
		}
	}
	return q, nil
}

func (q *query) set(name, value string) (err error) {
	switch name {
	case "category":
		q.category = value
	case "status":
		q.status = value
	case "ordering":
		q.order = value
	case "page":
		if q.page, err = strconv.ParseInt(value, 10, 64); err == nil && q.page < 1 {
			err = errQuery
		}
	case "cursor":
		var text []byte
		if text, err = base64.StdEncoding.DecodeString(value); err != nil {
			return err
		}
		key, ok := strings.CutPrefix(string(text), "p=")
		if !ok {
			return errQuery
		}
		q.after, err = strconv.ParseInt(key, 10, 64)
	}
	return err
}

// where is the condition of the filters, and its arguments.
func (q *query) where() (string, []any, error) {
	sql := ""
	var args []any
	add := func(column string, value any) {
		args = append(args, value)
		joint := " AND "
		if sql == "" {
			joint = " WHERE "
		}
		sql += joint + column + "=$" + strconv.Itoa(len(args))
	}
	if q.category != "" {
		id, err := strconv.ParseInt(q.category, 10, 64)
		if err != nil {
			return "", nil, err
		}
		add("p.category_id", id)
	}
	if q.status != "" {
		add("p.status", q.status)
	}
	return sql, args, nil
}

// link appends the address of another page.
func (q *query) link(dst []byte, r *http.Request, page int64) []byte {
	separator := byte('?')
	add := func(name, value string) {
		dst = append(append(dst, separator), name...)
		dst = append(append(dst, '='), url.QueryEscape(value)...)
		separator = '&'
	}
	dst = append(append(append(dst, `"http://`...), r.Host...), r.URL.Path...)
	if q.category != "" {
		add("category", q.category)
	}
	if q.order != "" {
		add("ordering", q.order)
	}
	if page > 1 {
		add("page", strconv.FormatInt(page, 10))
	}
	if q.status != "" {
		add("status", q.status)
	}
	return append(dst, '"')
}

// list answers a counted page: count and rows in one round trip, the tags of all rows in another.
func (s *server) list(a *answer, r *http.Request) (int, error) {
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return a.say(http.StatusNotFound, notFound)
	}
	where, args, err := q.where()
	if err != nil {
		return a.say(http.StatusNotFound, notFound)
	}
	order, ok := orderSQL[q.order]
	if !ok {
		order = orderSQL[""]
	}
	n := len(args)
	batch := &pgx.Batch{}
	batch.Queue(countSQL+where, args...)
	batch.Queue(productSQL+where+" ORDER BY "+order+" LIMIT $"+strconv.Itoa(n+1)+" OFFSET $"+strconv.Itoa(n+2),
		append(args[:n:n], int64(pageSize), (q.page-1)*pageSize)...)
	ctx := r.Context()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	count, err := a.readPage(conn.SendBatch(ctx, batch))
	if err == nil {
		err = a.readTags(ctx, conn.Conn())
	}
	if err != nil {
		return 0, err
	}
	a.writePage(r, &q, count)
	return http.StatusOK, nil
}

// readPage takes the count and the rows out of a batch, and closes it.
func (a *answer) readPage(results pgx.BatchResults) (count int64, err error) {
	defer func() { err = errors.Join(err, results.Close()) }()
	if err := results.QueryRow().Scan(&count); err != nil {
		return 0, err
	}
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		a.addRow(rows.RawValues())
	}
	return count, rows.Err()
}

// addRow appends a product and leaves a hole for its tags.
func (a *answer) addRow(row [][]byte) {
	if len(a.ids) > 0 {
		a.rows = append(a.rows, ',')
	}
	a.ids = append(a.ids, wire.Int64(row[colID]))
	a.rows = productHead(a.rows, row)
	a.holes = append(a.holes, len(a.rows))
	a.rows = productTail(a.rows, row)
}

// readTags loads the tags of all rows at once.
func (a *answer) readTags(ctx context.Context, conn *pgx.Conn) error {
	for range a.ids {
		a.first = append(a.first, -1)
	}
	rows, err := conn.Query(ctx, tagSQL+"=ANY($1)", binary, a.ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	product := 0
	for rows.Next() {
		row := rows.RawValues()
		product = a.position(wire.Int64(row[0]), product)
		start := len(a.tags)
		a.tags = tag(a.tags, row[1], row[2])
		a.tagged = append(a.tagged, span{start, len(a.tags), -1})
		a.chain(product, len(a.tagged)-1)
	}
	return rows.Err()
}

// position finds a product among the rows; tags mostly come product by product, so it looks at the last one first.
func (a *answer) position(id int64, last int) int {
	if a.ids[last] == id {
		return last
	}
	for i, other := range a.ids {
		if other == id {
			return i
		}
	}
	return last
}

// chain adds a tag behind the others of a product.
func (a *answer) chain(product, tag int) {
	at := &a.first[product]
	for *at >= 0 {
		at = &a.tagged[*at].next
	}
	*at = tag
}

// writeRows appends the rows with their tags filled in.
func (a *answer) writeRows() {
	from := 0
	for i, hole := range a.holes {
		a.out = append(a.out, a.rows[from:hole]...)
		from = hole
		for t := a.first[i]; t >= 0; t = a.tagged[t].next {
			if t != a.first[i] {
				a.out = append(a.out, ',')
			}
			a.out = append(a.out, a.tags[a.tagged[t].start:a.tagged[t].end]...)
		}
	}
	a.out = append(a.out, a.rows[from:]...)
}

func (a *answer) writePage(r *http.Request, q *query, count int64) {
	out := append(a.out, `{"count":`...)
	out = strconv.AppendInt(out, count, 10)
	out = append(out, `,"next":`...)
	if q.page*pageSize < count {
		out = q.link(out, r, q.page+1)
	} else {
		out = append(out, "null"...)
	}
	out = append(out, `,"previous":`...)
	if q.page > 1 {
		out = q.link(out, r, q.page-1)
	} else {
		out = append(out, "null"...)
	}
	a.out = append(out, `,"results":[`...)
	a.writeRows()
	a.out = append(a.out, `]}`...)
}

// detail answers one product: it and its tags in one round trip, since the key is known.
func (s *server) detail(a *answer, r *http.Request, key string) (int, error) {
	id, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return a.say(http.StatusNotFound, notFound)
	}
	batch := &pgx.Batch{}
	batch.Queue(productSQL+" WHERE p.id=$1", id)
	batch.Queue(tagSQL+"=$1", id)
	found, err := a.readDetail(s.pool.SendBatch(r.Context(), batch))
	if err != nil {
		return 0, err
	}
	if !found {
		return a.say(http.StatusNotFound, notFound)
	}
	return http.StatusOK, nil
}

func (a *answer) readDetail(results pgx.BatchResults) (found bool, err error) {
	defer func() { err = errors.Join(err, results.Close()) }()
	rows, err := results.Query()
	if err != nil {
		return false, err
	}
	if !rows.Next() {
		rows.Close()
		return false, rows.Err()
	}
	a.out = productHead(a.out, rows.RawValues())
	a.rows = productTail(a.rows, rows.RawValues())
	rows.Close()
	if rows, err = results.Query(); err != nil {
		return false, err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if i > 0 {
			a.out = append(a.out, ',')
		}
		a.out = tag(a.out, rows.RawValues()[1], rows.RawValues()[2])
	}
	a.out = append(a.out, a.rows...)
	return true, rows.Err()
}

// cursor answers a page behind a key, not counted: one row more than the page has tells whether another follows.
func (s *server) cursor(a *answer, r *http.Request) (int, error) {
	q, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return a.say(http.StatusNotFound, notFound)
	}
	ctx := r.Context()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, productSQL+" WHERE p.id>$1 ORDER BY p.id LIMIT $2", binary, q.after, int64(pageSize+1))
	if err != nil {
		return 0, err
	}
	more := false
	for rows.Next() {
		if more = len(a.ids) == pageSize; !more {
			a.addRow(rows.RawValues())
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	if err := a.readTags(ctx, conn.Conn()); err != nil {
		return 0, err
	}
	a.writeCursorPage(r, more)
	return http.StatusOK, nil
}

func (a *answer) writeCursorPage(r *http.Request, more bool) {
	a.out = append(a.out, `{"next":`...)
	if more {
		a.out = append(append(append(a.out, `"http://`...), r.Host...), r.URL.Path...)
		a.out = append(append(a.out, `?cursor=`...), cursorOf("p", a.ids[len(a.ids)-1])...)
		a.out = append(a.out, '"')
	} else {
		a.out = append(a.out, "null"...)
	}
	a.out = append(a.out, `,"previous":`...)
	if r.URL.RawQuery != "" && len(a.ids) > 0 {
		a.out = append(append(append(a.out, `"http://`...), r.Host...), r.URL.Path...)
		a.out = append(append(a.out, `?cursor=`...), cursorOf("r=1&p", a.ids[0])...)
		a.out = append(a.out, '"')
	} else {
		a.out = append(a.out, "null"...)
	}
	a.out = append(a.out, `,"results":[`...)
	a.writeRows()
	a.out = append(a.out, `]}`...)
}

func cursorOf(name string, key int64) string {
	return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(name + "=" + strconv.FormatInt(key, 10))))
}
