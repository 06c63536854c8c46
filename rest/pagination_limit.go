package rest

import (
	"cmp"
	"math/big"
	"strconv"

	"github.com/quintet-go/quintet/orm"
)

// LimitOffset answers as many rows as asked for from a position on: ?limit=10&offset=30
// (rest_framework.pagination.LimitOffsetPagination).
type LimitOffset struct {
	Default     int    // rows when the client names no limit; 0 makes the list a plain array then
	Max         int    // greatest limit; 0 means 10,000, negative no limit
	LimitParam  string // default "limit"
	OffsetParam string // default "offset"
	Count       Count  // how the rows are counted; the zero value counts exactly
}

func (p LimitOffset) withDefaults() LimitOffset {
	p.Max = cmp.Or(p.Max, defaultMaxSize)
	p.LimitParam = cmp.Or(p.LimitParam, "limit")
	p.OffsetParam = cmp.Or(p.OffsetParam, "offset")
	return p
}

func (p LimitOffset) compile(*orm.Model, dialect) (Pagination, []string) {
	return p.withDefaults(), append(checkSizes("LimitOffset", p.Default, p.Max), p.Count.check("LimitOffset")...)
}

func (p LimitOffset) page(r *Request, q *Query) (*Page, error) {
	p = p.withDefaults()
	limit := pageSize(r, p.LimitParam, p.Default, p.Max)
	if limit == 0 {
		return NoPagination.page(r, q)
	}
	offset := p.offset(r.Query(p.OffsetParam))
	if !offset.IsInt64() { // beyond every row
		count, err := q.count()
		if err != nil {
			return nil, err
		}
		return countedPage(q.emptyRows(), count, "", p.previous(r, limit, offset)), nil
	}
	if !p.Count.isExact(q.d) {
		return p.window(r, q, limit, offset)
	}
	q.limit, q.offset = min(limit, maxRows), int(offset.Int64())
	count, rows, err := q.countAndLoad()
	if err != nil {
		return nil, err
	}
	return countedPage(rows, count, p.next(r, limit, offset, count), p.previous(r, limit, offset)), nil
}

// window answers a part of a list whose end is not known.
func (p LimitOffset) window(r *Request, q *Query, limit int, offset *big.Int) (*Page, error) {
	w, err := p.Count.window(q, limit, int(offset.Int64()))
	if err != nil {
		return nil, err
	}
	end := offset.Int64() + int64(w.rows.Len())
	if w.more {
		end++
	}
	return w.page(p.next(r, limit, offset, end), p.previous(r, limit, offset)), nil
}

// offset reads a position, which may be any number; a wrong one is the beginning.
func (p LimitOffset) offset(text string) *big.Int {
	n, ok := pythonInt(text)
	if !ok || n.Sign() < 0 {
		return new(big.Int)
	}
	return n.Big()
}

func (p LimitOffset) next(r *Request, limit int, offset *big.Int, count int64) string {
	end := new(big.Int).Add(offset, big.NewInt(int64(limit)))
	if end.Cmp(big.NewInt(count)) >= 0 {
		return ""
	}
	return p.link(r, limit, end.String())
}

func (p LimitOffset) previous(r *Request, limit int, offset *big.Int) string {
	if offset.Sign() <= 0 {
		return ""
	}
	start := new(big.Int).Sub(offset, big.NewInt(int64(limit)))
	if start.Sign() <= 0 {
		return p.link(r, limit, "")
	}
	return p.link(r, limit, start.String())
}

// link sets both parameters; an empty offset is taken out.
func (p LimitOffset) link(r *Request, limit int, offset string) string {
	address := link(r, p.LimitParam, strconv.Itoa(limit))
	if offset == "" {
		return rewriteAddress(address, p.OffsetParam, nil)
	}
	return rewriteAddress(address, p.OffsetParam, []string{offset})
}

func (p LimitOffset) parameters() []Parameter {
	p = p.withDefaults()
	return []Parameter{
		{Name: p.LimitParam, Type: "integer", Description: "Number of results to return per page."},
		{Name: p.OffsetParam, Type: "integer", Description: "The initial index from which to return the results."},
	}
}

func (LimitOffset) envelope() []string { return []string{"count", "next", "previous", "results"} }
