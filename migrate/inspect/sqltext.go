package inspect

import (
	"strings"
)

// The text of SQL, as far as SQLite tells of a table by nothing else.

// splitList splits at the commas that stand outside of parentheses, quotes and comments, and takes comments away.
func splitList(sql string) []string {
	var items []string
	var item strings.Builder
	depth := 0
	for len(sql) > 0 {
		token := nextToken(sql)
		sql = sql[len(token):]
		switch {
		case strings.HasPrefix(token, "--"), strings.HasPrefix(token, "/*"):
			item.WriteByte(' ')
			continue
		case token == "(":
			depth++
		case token == ")":
			depth--
		case token == "," && depth == 0:
			items = append(items, oneLine(item.String()))
			item.Reset()
			continue
		}
		item.WriteString(token)
	}
	return append(items, oneLine(item.String()))
}

// nextToken is a quoted text, a comment, or a single byte.
func nextToken(sql string) string {
	until := func(from int, end string) string {
		if i := strings.Index(sql[from:], end); i >= 0 {
			return sql[:from+i+len(end)]
		}
		return sql
	}
	switch {
	case strings.HasPrefix(sql, "--"):
		return until(2, "\n")
	case strings.HasPrefix(sql, "/*"):
		return until(2, "*/")
	case strings.ContainsRune("'\"`", rune(sql[0])):
		return until(1, sql[:1])
	case sql[0] == '[':
		return until(1, "]")
	}
	return sql[:1]
}

// inParentheses is what stands in the first pair of parentheses, and what follows it.
func inParentheses(sql string) (inside, after string) {
	depth, from := 0, 0
	for i := 0; i < len(sql); {
		token := nextToken(sql[i:])
		i += len(token)
		switch token {
		case "(":
			if depth++; depth == 1 {
				from = i
			}
		case ")":
			if depth--; depth == 0 {
				return strings.TrimSpace(sql[from : i-1]), strings.TrimSpace(sql[i:])
			}
		}
	}
	return "", ""
}

var checkClause = patternOf(`(?i)(?:\bCONSTRAINT\s+("[^"]+"|` + "`[^`]+`" + `|\[[^\]]+\]|\w+)\s+)?\bCHECK\s*(\()`)

// checksOf finds the check constraints in the body of CREATE TABLE.
func checksOf(items []string) (found []check) {
	for _, item := range items {
		for _, at := range checkClause().FindAllStringSubmatchIndex(item, -1) {
			c := check{}
			if at[2] >= 0 {
				c.name = unquote(item[at[2]:at[3]])
			}
			c.sql, _ = inParentheses(item[at[4]:])
			found = append(found, c)
		}
	}
	return found
}

// check is a check constraint, with or without a name.
type check struct{ name, sql string }

// unquote takes the quotes of an identifier away.
func unquote(name string) string {
	if len(name) > 1 && strings.ContainsRune("\"`[", rune(name[0])) {
		return name[1 : len(name)-1]
	}
	return name
}

var identifier = patternOf(`"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*`)

// mentions tells whether a condition reads a column.
func mentions(sql, column string) bool {
	for _, word := range identifier().FindAllString(sql, -1) {
		if strings.EqualFold(strings.ReplaceAll(unquote(word), `""`, `"`), column) {
			return true
		}
	}
	return false
}
