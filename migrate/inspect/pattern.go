package inspect

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled at its first use: every server has this package in it, and few ask for it.
type pattern func() *regexp.Regexp

func patternOf(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
