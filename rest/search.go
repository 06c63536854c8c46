package rest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// maxTerms is how many words one search may have.
const maxTerms = 100

// search is a compiled SearchFilter: every word must be found in one of the fields.
type search struct {
	param  string
	model  *orm.Model
	d      dialect
	fields []searchField
	choose func(r *Request) []string // which of the fields this request searches; nil: all
	many   bool                      // a field is in another table that may hold several rows
}

type searchField struct {
	text   string // as it was declared
	path   *path
	lookup *lookup
}

// compileSearch resolves fields such as "name", "^slug", "=kind", "$title", "@body" and "category__name"; mistakes are
// texts "place.Search: …".
func compileSearch(m *orm.Model, d dialect, param string, fields []string, place string) (*search, []string) {
	s := &search{param: param, model: m, d: d}
	var mistakes []string
	for _, text := range fields {
		f, err := compileSearchField(m, d, text)
		if err != nil {
			mistakes = append(mistakes, fmt.Sprintf("%s.Search: %q: %s", place, text, err))
			continue
		}
		s.fields = append(s.fields, f)
		s.many = s.many || f.path.many()
	}
	return s, mistakes
}

func compileSearchField(m *orm.Model, d dialect, text string) (searchField, error) {
	declared := text
	expr, text := searchLookup(text)
	p, err := resolvePath(m, text)
	if err != nil {
		return searchField{}, err
	}
	if len(p.rest) > 0 && expr == "icontains" {
		expr = "" // the lookup is written out
	}
	if p.related != nil {
		return searchField{}, fmt.Errorf("a relation cannot be searched: name a field of it, as in %s__%s", text, nameOfSome(p.related))
	}
	l, err := compileLookup(d, p, expr)
	return searchField{declared, p, l}, err
}

func nameOfSome(m *orm.Model) string {
	for _, f := range m.Fields {
		if f.Kind == orm.Char {
			return f.Name
		}
	}
	return m.PK.Name
}

// searchLookup reads the prefix of a search field.
func searchLookup(text string) (lookup, rest string) {
	if text != "" {
		switch text[0] {
		case '^':
			return "istartswith", text[1:]
		case '=':
			return "iexact", text[1:]
		case '@':
			return "search", text[1:]
		case '$':
			return "iregex", text[1:]
		}
	}
	return "icontains", text
}

// apply narrows q to the rows in which all words of the request are found.
func (s *search) apply(r *Request, q *Query) error {
	text := r.Query(s.param)
	if text == "" {
		return nil
	}
	s = s.chosen(r)
	terms, err := s.terms(text)
	if err != nil || len(terms) == 0 || len(s.fields) == 0 {
		return err
	}
	if !s.many {
		q.whereSQL(s.condition(&q.scope, terms))
		return nil
	}
	q.whereMany(manyCondition{exists: func(outer *scope) fragment { return s.exists(outer, terms) }})
	return nil
}

// chosen is the search over the fields that the resource chose for a request.
func (s *search) chosen(r *Request) *search {
	if s.choose == nil {
		return s
	}
	names := s.choose(r)
	if names == nil {
		return s
	}
	few := *s
	few.fields, few.many = nil, false
	for _, f := range s.fields {
		if slices.Contains(names, f.text) {
			few.fields = append(few.fields, f)
			few.many = few.many || f.path.many()
		}
	}
	return &few
}

func (s *search) terms(text string) ([]string, error) {
	if strings.Contains(text, "\x00") {
		return nil, InvalidCode("null_characters_not_allowed", "Null characters are not allowed.")
	}
	terms := splitSearch(text)
	if len(terms) > maxTerms {
		return nil, Invalid(fmt.Sprintf("A search may have at most %d words.", maxTerms))
	}
	for _, f := range s.fields {
		if !strings.HasSuffix(f.lookup.name, "regex") {
			continue
		}
		for _, t := range terms {
			if checkPattern(t) != nil {
				return nil, Invalid(fmt.Sprintf("%s is not a valid regular expression.", t))
			}
		}
	}
	return terms, nil
}

// condition is (a field holds the first word) AND (a field holds the second word) ….
func (s *search) condition(scope *scope, terms []string) fragment {
	reuse := map[string]string{}
	columns := make([]string, len(s.fields))
	for i, f := range s.fields {
		columns[i] = scope.column(f.path, walk{use: useWhere, reuse: reuse})
	}
	all := make([]fragment, len(terms))
	for i, term := range terms {
		either := make([]fragment, len(s.fields))
		for j, f := range s.fields {
			either[j] = f.lookup.condition(columns[j], term)
		}
		all[i] = joinFragments(" OR ", either)
	}
	return joinFragments(" AND ", all)
}

// exists tests the condition on the same row read once more together with its relations, so that rows do not come twice.
func (s *search) exists(outer *scope, terms []string) fragment {
	inner := scope{table: s.model.Table, alias: "U0", prefix: "U0", d: s.d}
	f := s.condition(&inner, terms)
	return selfExists(outer, &inner, s.model.PK.Column, f)
}

// selfExists is EXISTS over the row of outer, read again as inner.
func selfExists(outer, inner *scope, key string, f fragment) fragment {
	match := quote(inner.alias) + "." + quote(key) + " = " + quote(outer.alias) + "." + quote(key)
	return fragment{"EXISTS(SELECT 1 FROM " + inner.from() + " WHERE " + match + " AND " + f.sql + ")", f.args}
}

func (s *search) parameters() []Parameter {
	return []Parameter{{Name: s.param, Type: "string", Description: "A search term."}}
}

// splitSearch splits a search at white space and commas; quoted phrases stay together.
func splitSearch(text string) (terms []string) {
	for _, bit := range splitQuoted(text) {
		bit = strings.Trim(bit, ",")
		if phrase, ok := unquoted(bit); ok {
			terms = append(terms, phrase)
			continue
		}
		for _, part := range strings.Split(bit, ",") {
			if part != "" {
				terms = append(terms, pyvalue.Trim(part))
			}
		}
	}
	return terms
}

// unquoted takes the quotes off a phrase that is in quotes as a whole.
func unquoted(s string) (string, bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' || s[len(s)-1] != s[0] {
		return "", false
	}
	if len(s) == 1 {
		return "", true
	}
	q := s[:1]
	return strings.ReplaceAll(strings.ReplaceAll(s[1:len(s)-1], `\`+q, q), `\\`, `\`), true
}

// splitQuoted splits at white space outside of quotes; a quote that is never closed is an ordinary character.
func splitQuoted(text string) (bits []string) {
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if pyvalue.Space(r) {
			text = text[size:]
			continue
		}
		n := quotedLength(text)
		if n == 0 {
			n = wordLength(text, "")
		}
		bits = append(bits, text[:n])
		text = text[n:]
	}
	return bits
}

// quotedLength is the length of a word that holds at least one quoted phrase, 0 when text does not begin with one.
func quotedLength(text string) int {
	total := 0
	for at := wordLength(text, `'"`); at < len(text); {
		n := phraseLength(text[at:])
		if n == 0 {
			break
		}
		at += n
		at += wordLength(text[at:], `'"`)
		total = at
	}
	return total
}

// wordLength is how much of text comes before white space or one of the characters of stop.
func wordLength(text, stop string) int {
	for i, r := range text {
		if pyvalue.Space(r) || strings.ContainsRune(stop, r) {
			return i
		}
	}
	return len(text)
}

// phraseLength is the length of the quoted phrase that text begins with, with its quotes; 0 for none.
func phraseLength(text string) int {
	quote := text[0]
	if quote != '"' && quote != '\'' {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i + 1
		case text[i] == '\\' && (i+1 == len(text) || text[i+1] == '\n'):
			return 0
		case text[i] == '\\':
			i++
		}
	}
	return 0
}
