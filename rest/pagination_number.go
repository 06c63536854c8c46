package rest

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// PageNumber answers pages by their number: ?page=2 (rest_framework.pagination.PageNumberPagination).
type PageNumber struct {
	Size      int      // rows of a page; 0 makes the list a plain array unless the client asks for a size
	SizeParam string   // the parameter for another size; empty for none
	MaxSize   int      // greatest size a client may ask for; 0 means 10,000, negative no limit
	PageParam string   // default "page"
	LastPage  []string // values of PageParam that mean the last page; nil means "last"
	Count     Count    // how the rows are counted; the zero value counts exactly
	// InvalidMessage is the detail of the 404 for a page that does not exist; {page_number} and {message} are filled in.
	// Default "Invalid page.".
	InvalidMessage string
}

func (p PageNumber) withDefaults() PageNumber {
	p.MaxSize = cmp.Or(p.MaxSize, defaultMaxSize)
	p.PageParam = cmp.Or(p.PageParam, "page")
	p.InvalidMessage = cmp.Or(p.InvalidMessage, "Invalid page.")
	if p.LastPage == nil {
		p.LastPage = []string{"last"}
	}
	return p
}

func (p PageNumber) compile(*orm.Model, dialect) (Pagination, []string) {
	return p.withDefaults(), append(checkSizes("PageNumber", p.Size, p.MaxSize), p.Count.check("PageNumber")...)
}

func (p PageNumber) page(r *Request, q *Query) (*Page, error) {
	p = p.withDefaults()
	size := pageSize(r, p.SizeParam, p.Size, p.MaxSize)
	if size == 0 {
		return NoPagination.page(r, q)
	}
	if !p.Count.isExact(q.d) {
		return p.window(r, q, size)
	}
	count, rows, err := p.rows(r, q, size)
	if err != nil {
		return nil, err
	}
	pages := pagesOf(count, size)
	number, err := p.number(r, pages)
	if err != nil {
		return nil, err
	}
	return countedPage(rows, count, p.next(r, number, pages), p.previous(r, number)), nil
}

// window answers a page of a list whose last page is not known.
func (p PageNumber) window(r *Request, q *Query, size int) (*Page, error) {
	const farthest = 1 << 40 // rows
	if p.asksLast(r) {
		return nil, q.instead(p.invalid(r.Query(p.PageParam), "That page number is not an integer"))
	}
	number, err := p.number(r, farthest/size)
	if err != nil {
		return nil, q.instead(err)
	}
	w, err := p.Count.window(q, size, (number-1)*size)
	if err != nil {
		return nil, err
	}
	if w.rows.Len() == 0 && number > 1 {
		return nil, p.invalid(r.Query(p.PageParam), "That page contains no results")
	}
	pages := number
	if w.more {
		pages++
	}
	return w.page(p.next(r, number, pages), p.previous(r, number)), nil
}

// rows counts and loads at once where the page is known before the count. A page that does not exist has no rows.
func (p PageNumber) rows(r *Request, q *Query, size int) (count int64, rows reflect.Value, err error) {
	const farthest = 1 << 40 // rows; beyond it no position is computed
	q.limit = min(size, maxRows)
	if number, err := p.number(r, farthest/size); err == nil && !p.asksLast(r) {
		q.offset = (number - 1) * size
		return q.countAndLoad()
	}
	if count, err = q.count(); err != nil {
		return 0, rows, err
	}
	number, err := p.number(r, pagesOf(count, size))
	if err != nil || count == 0 {
		return count, q.emptyRows(), err
	}
	q.offset = (number - 1) * size
	rows, err = q.load()
	return count, rows, err
}

func pagesOf(count int64, size int) int { return max(int((count+int64(size)-1)/int64(size)), 1) }

// asksLast tells whether the last page is asked for by its name.
func (p PageNumber) asksLast(r *Request) bool {
	return slices.Contains(p.LastPage, r.Query(p.PageParam))
}

// number is the page asked for; one that does not exist is a 404.
func (p PageNumber) number(r *Request, pages int) (int, error) {
	text := r.Query(p.PageParam)
	switch {
	case text == "":
		return 1, nil
	case p.asksLast(r):
		return pages, nil
	}
	n, ok := pythonInt(text)
	if !ok {
		return 0, p.invalid(text, "That page number is not an integer")
	}
	number, fits := n.Int64()
	switch {
	case n.Sign() <= 0:
		return 0, p.invalid(text, "That page number is less than 1")
	case !fits || number > int64(pages):
		return 0, p.invalid(text, "That page contains no results")
	}
	return int(number), nil
}

func (p PageNumber) invalid(number, message string) error {
	return NotFound(strings.NewReplacer("{page_number}", number, "{message}", message).Replace(p.InvalidMessage))
}

func (p PageNumber) next(r *Request, number, pages int) string {
	if number >= pages {
		return ""
	}
	return link(r, p.PageParam, strconv.Itoa(number+1))
}

func (p PageNumber) previous(r *Request, number int) string {
	switch {
	case number <= 1:
		return ""
	case number == 2:
		return linkWithout(r, p.PageParam)
	}
	return link(r, p.PageParam, strconv.Itoa(number-1))
}

func (p PageNumber) parameters() []Parameter {
	p = p.withDefaults()
	list := []Parameter{{Name: p.PageParam, Type: "integer", Description: "A page number within the paginated result set."}}
	return append(list, sizeParameter(p.SizeParam)...)
}

func sizeParameter(name string) []Parameter {
	if name == "" {
		return nil
	}
	return []Parameter{{Name: name, Type: "integer", Description: "Number of results to return per page."}}
}

func (PageNumber) envelope() []string { return []string{"count", "next", "previous", "results"} }
