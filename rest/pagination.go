package rest

import (
	"reflect"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Pagination cuts a list into pages (rest_framework.pagination.BasePagination). The framework's are PageNumber,
// LimitOffset and Cursor; nil in a ViewSet stands for the default of Config, NoPagination for none.
type Pagination interface {
	// compile resolves what the pagination names in the model and fills in defaults; mistakes are texts that say how to mend.
	compile(m *orm.Model, d dialect) (ready Pagination, mistakes []string)
	// page sets limit and order on q, loads the rows of the page through q and returns the envelope around them.
	page(r *Request, q *Query) (*Page, error)
	// parameters documents the query parameters.
	parameters() []Parameter
	// envelope documents the answer around the rows: the names "count", "next" … in order.
	envelope() []string
}

// NoPagination answers a list as a plain array of all its rows.
var NoPagination Pagination = noPagination{}

type noPagination struct{}

func (n noPagination) compile(*orm.Model, dialect) (Pagination, []string) { return n, nil }
func (noPagination) parameters() []Parameter                              { return nil }
func (noPagination) envelope() []string                                   { return nil }

func (noPagination) page(_ *Request, q *Query) (*Page, error) {
	rows, err := q.load()
	if err != nil {
		return nil, err
	}
	return &Page{Rows: rows}, nil
}

// Page is one page of a list: what stands around the rows. Head and Tail are JSON text, such as
// {"count":3,"next":null,"previous":null,"results": and }; both empty for a list that is not paginated.
type Page struct {
	Rows       reflect.Value // a slice of *M
	Head, Tail []byte
}

// countedPage is a page in the envelope of PageNumber and LimitOffset; empty links are null.
func countedPage(rows reflect.Value, count int64, next, previous string) *Page {
	head := append([]byte(nil), `{"count":`...)
	head = pyjson.AppendInt(head, pyjson.NewInt(count))
	head = append(head, `,"next":`...)
	return &Page{Rows: rows, Head: appendLinks(head, next, previous), Tail: []byte("}")}
}

func appendLinks(head []byte, next, previous string) []byte {
	head = appendLink(head, next)
	head = append(head, `,"previous":`...)
	head = appendLink(head, previous)
	return append(head, `,"results":`...)
}

func appendLink(dst []byte, link string) []byte {
	if link == "" {
		return append(dst, "null"...)
	}
	return pyjson.AppendString(dst, link)
}

// emptyRows is a page without rows.
func (q *Query) emptyRows() reflect.Value {
	return reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(q.model.Type)), 0, 0)
}

// Parameter documents one query parameter in OpenAPI's words.
type Parameter struct {
	Name        string
	Description string
	Type        string // integer, number, string, boolean
	Format      string // date, date-time, uuid …
	Enum        []any
	Multiple    bool // may be repeated
	CommaList   bool // a comma-separated list (explode: false)
	Required    bool
}
