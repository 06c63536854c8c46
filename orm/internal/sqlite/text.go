package sqlite

import "strings"

// Trim is a script from its next statement on, without the blanks, comments and semicolons before it.
func Trim(script string) string {
	for {
		script = strings.TrimLeft(script, " \t\r\n\f;")
		switch {
		case strings.HasPrefix(script, "--"):
			_, script, _ = strings.Cut(script, "\n")
		case strings.HasPrefix(script, "/*"):
			_, script, _ = strings.Cut(script[2:], "*/")
		default:
			return script
		}
	}
}
