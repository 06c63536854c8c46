package migrate

import (
	"slices"
	"strings"
)

// phrase is SQL as words: keywords in capitals, names as they are, signs one by one. Texts are one word.
type phrase []sqlWord

type sqlWord struct {
	text string // without the quotes of a name
	name bool   // it was quoted
}

// parsePhrase reads a statement without its comments.
func parsePhrase(sql string) phrase {
	var p phrase
	for i := 0; i < len(sql); {
		end := i + 1
		switch c := sql[i]; {
		case strings.HasPrefix(sql[i:], "--"):
			end = i + len(firstLine(sql[i:]))
		case strings.HasPrefix(sql[i:], "/*"):
			end = after(sql, i+2, "*/")
		case strings.IndexByte(sqlSpace, c) >= 0:
		case c == '"':
			end = after(sql, i+1, `"`)
			p = append(p, sqlWord{text: strings.Trim(sql[i:end], `"`), name: true})
		case c == '\'':
			end = after(sql, i+1, "'")
			p = append(p, sqlWord{text: sql[i:end]})
		case isWordByte(c):
			for end < len(sql) && isWordByte(sql[end]) {
				end++
			}
			p = append(p, sqlWord{text: sql[i:end]})
		default:
			p = append(p, sqlWord{text: sql[i:end]})
		}
		i = end
	}
	return p
}

// after is the position behind a mark, the end of the text where there is none.
func after(sql string, from int, mark string) int {
	at := strings.Index(sql[from:], mark)
	if at < 0 {
		return len(sql)
	}
	return from + at + len(mark)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// is tells whether the phrase goes on with keywords.
func (p phrase) is(keywords ...string) bool {
	if len(p) < len(keywords) {
		return false
	}
	for i, k := range keywords {
		if p[i].name || !strings.EqualFold(p[i].text, k) {
			return false
		}
	}
	return true
}

// has tells whether keywords stand somewhere in the phrase, one after the other.
func (p phrase) has(keywords ...string) bool { return p.find(keywords...) >= 0 }

func (p phrase) find(keywords ...string) int {
	for i := range p {
		if p[i:].is(keywords...) {
			return i
		}
	}
	return -1
}

// skip leaves out keywords that may or may not stand here.
func (p phrase) skip(keywords ...string) phrase {
	if p.is(keywords...) {
		return p[len(keywords):]
	}
	return p
}

// named takes a name off, without that of a schema before it: "public"."product" is product.
func (p phrase) named() (name string, rest phrase) {
	if len(p) == 0 {
		return "", p
	}
	if len(p) > 2 && p[1].text == "." && !p[1].name {
		return p[2:].named()
	}
	if p[0].name {
		return p[0].text, p[1:]
	}
	return strings.ToLower(p[0].text), p[1:]
}

// split cuts at the commas outside of parentheses.
func (p phrase) split() []phrase {
	var parts []phrase
	depth, from := 0, 0
	for i, w := range p {
		switch {
		case w.name:
		case w.text == "(":
			depth++
		case w.text == ")":
			depth--
		case w.text == "," && depth == 0:
			parts = append(parts, p[from:i])
			from = i + 1
		}
	}
	return append(parts, p[from:])
}

// hasAny tells whether one of some keywords stands somewhere in the phrase.
func (p phrase) hasAny(keywords ...string) bool {
	return slices.ContainsFunc(keywords, func(k string) bool { return p.has(k) })
}

// text is the phrase with a space between words, but for parentheses and commas.
func (p phrase) text() string {
	var out strings.Builder
	for i, w := range p {
		tight := w.text == ")" || w.text == "," || w.text == "(" || i > 0 && p[i-1].text == "("
		if i > 0 && !tight {
			out.WriteByte(' ')
		}
		out.WriteString(w.text)
	}
	return out.String()
}
