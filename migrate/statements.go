package migrate

import (
	"fmt"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// Statement is one SQL statement of a file.
type Statement struct {
	SQL  string // without the semicolon and without comments before it
	Line int    // where it begins, counted from 1
}

// splitSQL cuts text at the semicolons that end statements: not those in quotes, comments, dollar quotes or the bodies of
// triggers and functions.
func splitSQL(text, dialect string) ([]Statement, error) {
	s := &sqlScanner{text: text, postgres: dialect == orm.Postgres, start: -1}
	for s.pos < len(s.text) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if s.start >= 0 && s.depth > 0 {
		return nil, fmt.Errorf("line %d: the body of this statement has no END", lineAt(text, s.start))
	}
	s.flush(len(text))
	return s.found, nil
}

// sqlSpace is white space to SQLite and PostgreSQL.
const sqlSpace = " \t\n\r\f\v"

// sqlScanner walks over SQL text.
type sqlScanner struct {
	text     string
	postgres bool
	pos      int
	start    int  // of the statement being read; -1 between statements
	creating bool // the statement is CREATE so far, and what may stand between that and TRIGGER
	routine  bool
	depth    int // BEGIN and CASE not yet ended, in a routine
	found    []Statement
}

// step reads one token.
func (s *sqlScanner) step() error {
	rest := s.text[s.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		s.skipLine()
		return nil
	case strings.HasPrefix(rest, "/*"):
		return s.skipBlock()
	case strings.IndexByte(sqlSpace, c) >= 0:
		s.pos++
		return nil
	case c == ';' && s.depth == 0:
		s.flush(s.pos)
		s.pos++
		return nil
	}
	if s.start < 0 {
		s.start, s.creating, s.routine, s.depth = s.pos, true, false, 0
	}
	return s.token(rest)
}

// token reads what belongs to a statement.
func (s *sqlScanner) token(rest string) error {
	switch c := rest[0]; {
	case c == '\'' || c == '"':
		return s.skipQuoted(c, c, false)
	case c == '`' && !s.postgres:
		return s.skipQuoted('`', '`', false)
	case c == '[' && !s.postgres:
		return s.skipQuoted('[', ']', false)
	case c == '$' && s.postgres:
		return s.skipDollar()
	case (c == 'e' || c == 'E') && s.postgres && strings.HasPrefix(rest[1:], "'"):
		s.pos++
		return s.skipQuoted('\'', '\'', true)
	case isWordByte(c):
		s.word()
	default:
		s.pos++
	}
	return nil
}

// word reads an identifier or keyword and follows the nesting of routine bodies.
func (s *sqlScanner) word() {
	from := s.pos
	for s.pos < len(s.text) && (isWordByte(s.text[s.pos]) || s.text[s.pos] == '$') {
		s.pos++
	}
	word := strings.ToUpper(s.text[from:s.pos])
	switch word {
	case "CREATE", "OR", "REPLACE", "TEMP", "TEMPORARY", "CONSTRAINT":
		return
	case "TRIGGER": // PostgreSQL's have no body
		s.routine = s.routine || !s.postgres && s.creating && s.startsWith("CREATE")
	case "FUNCTION", "PROCEDURE":
		s.routine = s.routine || s.creating && s.startsWith("CREATE")
	case "BEGIN", "CASE":
		if s.routine {
			s.depth++
		}
	case "END":
		s.depth = max(0, s.depth-1)
	}
	s.creating = false
}

// startsWith tells whether the statement being read begins with a keyword.
func (s *sqlScanner) startsWith(keyword string) bool {
	end := s.start + len(keyword)
	return end <= len(s.text) && strings.EqualFold(s.text[s.start:end], keyword)
}

func (s *sqlScanner) flush(end int) {
	if s.start >= 0 {
		sql := strings.TrimRight(s.text[s.start:end], sqlSpace)
		s.found = append(s.found, Statement{SQL: sql, Line: lineAt(s.text, s.start)})
	}
	s.start = -1
}

func (s *sqlScanner) skipLine() {
	end := strings.IndexByte(s.text[s.pos:], '\n')
	if end < 0 {
		s.pos = len(s.text)
		return
	}
	s.pos += end + 1
}

// skipBlock passes a block comment; PostgreSQL's may be nested.
func (s *sqlScanner) skipBlock() error {
	from, depth := s.pos, 0
	for s.pos < len(s.text) {
		switch rest := s.text[s.pos:]; {
		case strings.HasPrefix(rest, "/*") && (s.postgres || depth == 0):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
		default:
			s.pos++
		}
		if depth == 0 {
			return nil
		}
	}
	return s.unended(from, "comment")
}

// skipQuoted passes text up to its closing quote; a doubled quote stands for itself.
func (s *sqlScanner) skipQuoted(open, end byte, backslash bool) error {
	from := s.pos
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '\\' && backslash:
			s.pos++
		case c == end && open == end && s.pos+1 < len(s.text) && s.text[s.pos+1] == end:
			s.pos++
		case c == end:
			s.pos++
			return nil
		}
	}
	s.pos = len(s.text)
	return s.unended(from, "quote")
}

// skipDollar passes $tag$ … $tag$, or one dollar sign that opens nothing.
func (s *sqlScanner) skipDollar() error {
	from := s.pos
	end := s.pos + 1
	for end < len(s.text) && isWordByte(s.text[end]) {
		end++
	}
	if end == len(s.text) || s.text[end] != '$' {
		s.pos = end
		return nil
	}
	tag := s.text[from : end+1]
	closing := strings.Index(s.text[end+1:], tag)
	if closing < 0 {
		s.pos = len(s.text)
		return s.unended(from, "quote "+tag)
	}
	s.pos = end + 1 + closing + len(tag)
	return nil
}

func (s *sqlScanner) unended(from int, what string) error {
	return fmt.Errorf("line %d: the %s that begins here is not ended", lineAt(s.text, from), what)
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func lineAt(text string, pos int) int { return 1 + strings.Count(text[:pos], "\n") }
