package pyjson

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TypeName returns the name of Python's type for a value of a parsed document: NoneType, bool, str, int, float, list
// or dict. Other values are objects.
func TypeName(v any) string {
	switch v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case Int:
		return "int"
	case float64:
		return "float"
	case []any:
		return "list"
	case *Dict:
		return "dict"
	}
	return "object"
}

// Str returns Python's str(v) of a value of a parsed document: text as it is, None, True, 1000.0, ['a'].
func Str(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr returns Python's repr(v) of a value of a parsed document.
func Repr(v any) string { return string(appendPython(nil, v)) }

func appendPython(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "None"...)
	case bool:
		if v {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case string:
		return appendQuoted(dst, v)
	case Int:
		return AppendInt(dst, v)
	case float64:
		return appendRepr(dst, v)
	case []any:
		return appendPythonList(dst, v)
	case *Dict:
		return appendPythonDict(dst, v)
	}
	return fmt.Append(dst, v)
}

func appendPythonList(dst []byte, list []any) []byte {
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendPython(dst, v)
	}
	return append(dst, ']')
}

func appendPythonDict(dst []byte, d *Dict) []byte {
	dst = append(dst, '{')
	for i, m := range d.members {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(appendQuoted(dst, m.key), ": "...)
		dst = appendPython(dst, m.value)
	}
	return append(dst, '}')
}

// appendQuoted appends repr of a string: in single quotes unless it has those and no double quotes.
func appendQuoted(dst []byte, s string) []byte {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	dst = append(dst, byte(quote))
	for i := 0; i < len(s); {
		r, size := decodeRune(s[i:])
		dst = appendReprRune(dst, r, quote)
		i += size
	}
	return append(dst, byte(quote))
}

func appendReprRune(dst []byte, r, quote rune) []byte {
	switch {
	case r == quote || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case Printable(r):
		return utf8.AppendRune(dst, r)
	case r < 0x100:
		return append(dst, '\\', 'x', hexDigits[r>>4&15], hexDigits[r&15])
	case r < 0x10000:
		return appendHex(dst, r)
	}
	return fmt.Appendf(dst, `\U%08x`, r)
}

// Printable reports whether Python calls r printable: not a control, format, surrogate, private, unassigned or
// separator character, except for the space.
func Printable(r rune) bool {
	return r == ' ' || unicode.IsPrint(r)
}
