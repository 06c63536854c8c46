package rest

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/form"
)

// defaultMaxSize is how many rows a client may ask for where the author names no limit; a negative number is none.
const defaultMaxSize = 10_000

// pageSize reads a size that a client asks for; size is the one without, and what a wrong one gives.
func pageSize(r *Request, param string, size, most int) int {
	if param == "" || !r.QueryHas(param) {
		return size
	}
	n, ok := positiveInt(r.Query(param))
	if !ok || n == 0 {
		return size
	}
	if most > 0 {
		n = min(n, most)
	}
	return n
}

// positiveInt is Python's int() of a text that is not negative; numbers no list can reach become a large one.
func positiveInt(text string) (int, bool) {
	n, ok := pythonInt(text)
	if !ok || n.Sign() < 0 {
		return 0, false
	}
	if small, fits := n.Int64(); fits && small < math.MaxInt64/4 {
		return int(small), true
	}
	return math.MaxInt64 / 4, true
}

func checkSizes(name string, size, most int) []string {
	if size < 0 {
		return []string{fmt.Sprintf("%s: a negative page size: give the number of rows of a page", name)}
	}
	if most > 0 && size > most {
		return []string{fmt.Sprintf("%s: the page size %d is more than the greatest, %d", name, size, most)}
	}
	return nil
}

// link is the address of this request with one query parameter set; the others are sorted by name.
func link(r *Request, param, value string) string { return rewrite(r, param, []string{value}) }

// linkWithout is the address of this request without a query parameter.
func linkWithout(r *Request, param string) string { return rewrite(r, param, nil) }

func rewrite(r *Request, param string, values []string) string {
	return rewriteAddress(r.AbsoluteURI(escapedPath(r.http.URL.Path))+"?"+r.http.URL.RawQuery, param, values)
}

// rewriteAddress replaces the values of a parameter in an address; no values take it out. The others are sorted by name.
func rewriteAddress(address, param string, values []string) string {
	address, query, _ := strings.Cut(address, "?")
	pairs := make([]pair, 0, 8)
	for name, value := range form.QueryPairs(query) {
		if name != param {
			pairs = append(pairs, pair{name, value})
		}
	}
	for _, value := range values {
		pairs = append(pairs, pair{param, value})
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	out := append(make([]byte, 0, len(address)+len(query)+64), address...)
	for i, p := range pairs {
		if i == 0 {
			out = append(out, '?')
		} else {
			out = append(out, '&')
		}
		out = append(append(append(out, url.QueryEscape(p.name)...), '='), url.QueryEscape(p.value)...)
	}
	return string(out)
}

// pair is one parameter of a query.
type pair struct{ name, value string }
