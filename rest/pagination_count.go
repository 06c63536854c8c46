package rest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/quintet-go/quintet/orm"
)

// Count says how PageNumber and LimitOffset count the rows of a list. Counting exactly, as DRF does, reads every row that
// fits the filters; the other ways cost the same however many there are. With them a page is known to have a next one
// because a row follows it, and there is no last page to ask for.
type Count struct {
	how  countingWay
	most int64
}

type countingWay int

const (
	exactly countingWay = iota
	upTo
	estimated
	notAtAll
)

// The ways of counting; see also CountUpTo.
var (
	// CountExactly is the zero value.
	CountExactly = Count{}
	// CountEstimated takes the number from PostgreSQL's planner, which is as good as the statistics of the table; it is never
	// below the rows that the page proves. SQLite has no estimates and counts exactly.
	CountEstimated = Count{how: estimated}
	// CountNone answers null.
	CountNone = Count{how: notAtAll}
)

// CountUpTo counts no further than n: a list of more rows answers n, or as many as the page proves.
func CountUpTo(n int64) Count { return Count{how: upTo, most: n} }

// check says what is wrong with the declaration.
func (c Count) check(kind string) []string {
	if c.how == upTo && c.most < 1 {
		return []string{fmt.Sprintf("%s.Count: CountUpTo(%d) counts nothing: give a number above 0, or CountNone", kind, c.most)}
	}
	return nil
}

// isExact tells whether the number of rows, and with it the last page, is known.
func (c Count) isExact(d dialect) bool {
	return c.how == exactly || c.how == estimated && d.name() == orm.SQLite
}

// window is a part of a list whose number of rows is not known exactly.
type window struct {
	rows  reflect.Value
	more  bool   // a row follows
	count *int64 // nil for none
}

// window loads limit rows from offset on, and counts in the way of c.
func (c Count) window(q *Query, limit, offset int) (w window, err error) {
	q.limit, q.offset = min(limit, maxRows)+1, offset
	if c.how == notAtAll {
		w.rows, err = q.load()
	} else {
		var n int64
		n, w.rows, err = q.countAndLoadBy(c)
		w.count = &n
	}
	if err != nil {
		return w, err
	}
	if w.more = w.rows.Len() >= q.limit; w.more {
		w.rows = w.rows.Slice(0, q.limit-1)
	}
	proven := int64(offset + w.rows.Len())
	if w.more {
		proven++
	}
	switch {
	case w.count == nil:
	case c.how == estimated && !w.more && w.rows.Len() > 0:
		*w.count = proven // the end is in sight
	case w.rows.Len() > 0:
		*w.count = max(*w.count, proven)
	}
	return w, nil
}

// page is the envelope of a window.
func (w window) page(next, previous string) *Page {
	head := []byte(`{"count":null,"next":`)
	if w.count != nil {
		head = append(strconv.AppendInt([]byte(`{"count":`), *w.count, 10), `,"next":`...)
	}
	return &Page{Rows: w.rows, Head: appendLinks(head, next, previous), Tail: []byte("}")}
}

// text is the statement that counts the rows of q.
func (c Count) text(q *Query) (statement string, args []any, err error) {
	if c.how == exactly {
		return q.numberText("COUNT(*)")
	}
	statement, args, err = q.numberText("1")
	if c.how == upTo {
		return "SELECT COUNT(*) FROM (" + statement + " LIMIT " + strconv.FormatInt(c.most, 10) + ") AS counted", args, err
	}
	return "EXPLAIN (FORMAT JSON) " + statement, args, err
}

// read reads what the statement answers.
func (c Count) read(rows *orm.Rows, n *int64) error {
	if !rows.Next() {
		return nil
	}
	if c.how != estimated {
		return rows.Scan(n)
	}
	var text string
	if err := rows.Scan(&text); err != nil {
		return err
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) == 0 {
		return fmt.Errorf("read the plan of a list: %w", err)
	}
	*n = int64(plans[0].Plan.Rows)
	return nil
}
