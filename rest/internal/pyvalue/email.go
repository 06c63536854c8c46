package pyvalue

import (
	"regexp"
	"strings"
	"sync"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// maxEmailLength is the longest e-mail address, of RFC 3696.
const maxEmailLength = 320

// The parts of a host name, any case. Characters from U+00A1 to U+FFFF may stand in it as they are: among them is every
// other case of its own, so the cases are written out, as (?i) would look for the cases of each of 65,000 characters.
const (
	letter   = `a-zA-Z\x{a1}-\x{ffff}`
	hostName = `[` + letter + `0-9](?:[` + letter + `0-9-]{0,61}[` + letter + `0-9])?`
	label    = `\.[` + letter + `0-9](?:[` + letter + `0-9-]{0,61}[` + letter + `0-9])?`
	topLevel = `\.(?:[` + letter + `][` + letter + `-]{0,61}[` + letter + `]|(?i:xn--[a-z0-9]{0,58}[a-z0-9]))`
	domain   = hostName + `(?:` + label + `)*` + topLevel
)

// Validators holds the patterns of the text validators, each of which is compiled when the first text meets it. One is made
// at start-up; it may be used by several goroutines.
type Validators struct {
	localPart, domain, literal, url, bracketed, future pattern
}

// pattern is a regular expression that is compiled at its first use.
type pattern func() *regexp.Regexp

func patternOf(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// NewValidators prepares the patterns.
func NewValidators() *Validators {
	const atom = "[-!#$%&'*+/=?^_`{}|~0-9A-Z]+"
	const quoted = `"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"`
	return &Validators{
		localPart: patternOf(`(?i)\A(?:` + atom + `(?:\.` + atom + `)*|` + quoted + `)\z`),
		domain:    patternOf(`\A` + domain + `\z`),
		literal:   patternOf(`(?i)\A\[([A-F0-9:.]+)\]\z`),
		url:       patternOf(urlPattern),
		bracketed: patternOf(`\A\[(.+)\](?::[0-9]{1,5})?\n?\z`),
		future:    patternOf(`\A[vV][a-fA-F0-9]+\..+\z`),
	}
}

// Email reports whether s is an e-mail address: of at most 320 characters, with a host name, "localhost" or an IP
// address in brackets.
func (v *Validators) Email(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > maxEmailLength && pyjson.Length(s) > maxEmailLength {
		return false
	}
	return v.localPart().MatchString(s[:at]) && v.mailHost(s[at+1:])
}

func (v *Validators) mailHost(host string) bool {
	if host == "localhost" || v.domain().MatchString(host) {
		return true
	}
	match := v.literal().FindStringSubmatch(host)
	return match != nil && (ValidIPv4(match[1]) || validIPv6(match[1]))
}
