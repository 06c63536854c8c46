package pyjson

import "bytes"

// Indent appends src, a compact document of this package, with n spaces for each level, one item a line and ": "
// after keys. n must be positive. Empty arrays and objects stay [] and {}.
func Indent(dst, src []byte, n int) []byte {
	w := indenter{dst: dst, width: n}
	for i := 0; i < len(src); {
		i = w.token(src, i)
	}
	return w.dst
}

type indenter struct {
	dst   []byte
	width int
	level int
}

// token copies the token at i and returns the position after it.
func (w *indenter) token(src []byte, i int) int {
	switch c := src[i]; c {
	case '"':
		end := stringEnd(src, i)
		w.dst = append(w.dst, src[i:end]...)
		return end
	case '{', '[':
		w.dst = append(w.dst, c)
		if i+1 < len(src) && src[i+1] == c+2 { // the closing bracket stands two places after the opening one in ASCII
			w.dst = append(w.dst, c+2)
			return i + 2
		}
		w.level++
		w.newline()
	case '}', ']':
		w.level--
		w.newline()
		w.dst = append(w.dst, c)
	case ',':
		w.dst = append(w.dst, ',')
		w.newline()
	case ':':
		w.dst = append(w.dst, ':', ' ')
	default:
		w.dst = append(w.dst, c)
	}
	return i + 1
}

func (w *indenter) newline() {
	w.dst = append(w.dst, '\n')
	for range w.level * w.width {
		w.dst = append(w.dst, ' ')
	}
}

// stringEnd returns the position after the string that starts at i.
func stringEnd(src []byte, i int) int {
	for i++; i < len(src); i++ {
		k := bytes.IndexAny(src[i:], `"\`)
		if k < 0 {
			break
		}
		if i += k; src[i] == '"' {
			return i + 1
		}
		i++
	}
	return len(src)
}
