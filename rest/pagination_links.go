package rest

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
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

// rewriteAddress replaces the values of a parameter in an address; no values take it out.
func rewriteAddress(address, param string, values []string) string {
	address, query, _ := strings.Cut(address, "?")
	pairs := parseQuery(query)
	if values == nil {
		delete(pairs, param)
	} else {
		pairs[param] = values
	}
	if len(pairs) == 0 {
		return address
	}
	return address + "?" + encodeQuery(pairs)
}

// parseQuery reads a query string as Python's parse_qs does with blank values kept.
func parseQuery(query string) map[string][]string {
	pairs := map[string][]string{}
	for _, pair := range strings.Split(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		pairs[name] = append(pairs[name], value)
	}
	return pairs
}

// encodeQuery writes pairs sorted by name, each name's values in their order.
func encodeQuery(pairs map[string][]string) string {
	names := make([]string, 0, len(pairs))
	for name := range pairs {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		for _, value := range pairs[name] {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
		}
	}
	return b.String()
}

// unescape undoes percent-encoding; what is no escape stays, and what is no UTF-8 becomes replacement characters.
func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if strings.Contains(s, "%") {
		s = unescapePercent(s)
	}
	return replaceInvalid(s)
}

func unescapePercent(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if high, low := hexDigit(s[i+1]), hexDigit(s[i+2]); high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

func replaceInvalid(s string) string {
	if strings.ToValidUTF8(s, "") == s {
		return s
	}
	return string([]rune(s))
}

// escapedPath is a path as Django writes it in addresses.
func escapedPath(path string) string {
	const plain = "/:@&+$,-_.!~*'()"
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		letter := c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if letter || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
