package orm

import (
	"database/sql/driver"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// addFunctions adds the SQL functions that Django adds to SQLite and its lookups use.
func addFunctions(conn *sqlite.Conn, cache *regexpCache) error {
	return conn.AddPredicate("regexp", 2, func(args []driver.Value) (*bool, error) {
		return cache.match(args[0], args[1])
	})
}

// regexpCache keeps the expressions used last. It is forgotten as a whole when it is full, which bounds it at no cost.
type regexpCache struct {
	mu       sync.Mutex
	compiled map[string]*regexp.Regexp
}

const mostRegexps = 200

// match is the operator REGEXP: whether pattern is found somewhere in text, NULL when one of them is.
func (c *regexpCache) match(pattern, text driver.Value) (*bool, error) {
	if pattern == nil || text == nil {
		return nil, nil
	}
	expression, err := c.get(textOf(pattern))
	if err != nil {
		return nil, err
	}
	found := expression.MatchString(textOf(text))
	return &found, nil
}

func (c *regexpCache) get(pattern string) (*regexp.Regexp, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.compiled[pattern]; ok {
		return found, nil
	}
	compiled, err := regexp.Compile(pythonRegexp(pattern))
	if err != nil {
		return nil, fmt.Errorf("the regular expression %.60q: %w", pattern, err)
	}
	if len(c.compiled) >= mostRegexps {
		clear(c.compiled)
	}
	c.compiled[pattern] = compiled
	return compiled, nil
}

func textOf(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}

// pythonRegexp writes a pattern of Python's re in Go's syntax: classes know all of Unicode, $ also matches before a last line
// break, \Z is the end. Look-around and references to groups do not exist in Go and stay errors.
func pythonRegexp(pattern string) string {
	var out strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			out.WriteString(pythonEscape(pattern[i], inClass))
		case c == '[' && !inClass:
			inClass = true
			out.WriteByte(c)
			i += copyClassStart(&out, pattern[i+1:])
		case c == '[':
			out.WriteString(`\[`)
		case c == ']' && inClass:
			inClass = false
			out.WriteByte(c)
		case c == '$' && !inClass:
			out.WriteString(`(?:\n?\z)`)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// copyClassStart copies what is special only at the start of a class, ^ and a literal ].
func copyClassStart(out *strings.Builder, rest string) int {
	n := 0
	if strings.HasPrefix(rest, "^") {
		out.WriteByte('^')
		n++
	}
	if strings.HasPrefix(rest[n:], "]") {
		out.WriteString(`\]`)
		n++
	}
	return n
}

// pythonEscape is what stands for a backslash and c.
func pythonEscape(c byte, inClass bool) string {
	sets := map[byte]string{'d': `\p{Nd}`, 'w': `\p{L}\p{N}_`, 's': `\s\v\x1c-\x1f\x85\p{Z}`}
	negated := c >= 'A' && c <= 'Z'
	set := sets[c|0x20]
	switch {
	case c >= utf8.RuneSelf: // the first byte of a character that means itself
		return string([]byte{c})
	case c == 'Z':
		return `\z`
	case set == "", negated && inClass: // a negated set inside a class cannot be written out; ASCII's will do
		return `\` + string(c)
	case inClass:
		return set
	case negated:
		return "[^" + set + "]"
	}
	return "[" + set + "]"
}
