package pyvalue

import (
	"regexp"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// maxEmailLength is the longest e-mail address, of RFC 3696.
const maxEmailLength = 320

// The parts of a host name, any case. Characters from U+00A1 to U+FFFF may stand in it as they are.
const (
	letter   = `a-z\x{a1}-\x{ffff}`
	hostName = `[` + letter + `0-9](?:[` + letter + `0-9-]{0,61}[` + letter + `0-9])?`
	label    = `\.[` + letter + `0-9](?:[` + letter + `0-9-]{0,61}[` + letter + `0-9])?`
	topLevel = `\.(?:[` + letter + `][` + letter + `-]{0,61}[` + letter + `]|xn--[a-z0-9]{0,58}[a-z0-9])`
	domain   = hostName + `(?:` + label + `)*` + topLevel
)

// Validators holds the compiled patterns of the text validators. One is made at start-up; it may be used by several
// goroutines.
type Validators struct {
	localPart *regexp.Regexp
	domain    *regexp.Regexp
	literal   *regexp.Regexp
	url       *regexp.Regexp
	bracketed *regexp.Regexp
	future    *regexp.Regexp
}

// NewValidators compiles the patterns.
func NewValidators() *Validators {
	const atom = "[-!#$%&'*+/=?^_`{}|~0-9A-Z]+"
	const quoted = `"(?:[\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"`
	return &Validators{
		localPart: regexp.MustCompile(`(?i)\A(?:` + atom + `(?:\.` + atom + `)*|` + quoted + `)\z`),
		domain:    regexp.MustCompile(`(?i)\A` + domain + `\z`),
		literal:   regexp.MustCompile(`(?i)\A\[([A-F0-9:.]+)\]\z`),
		url:       regexp.MustCompile(urlPattern),
		bracketed: regexp.MustCompile(`\A\[(.+)\](?::[0-9]{1,5})?\n?\z`),
		future:    regexp.MustCompile(`\A[vV][a-fA-F0-9]+\..+\z`),
	}
}

// Email reports whether s is an e-mail address: of at most 320 characters, with a host name, "localhost" or an IP
// address in brackets.
func (v *Validators) Email(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || len(s) > maxEmailLength && pyjson.Length(s) > maxEmailLength {
		return false
	}
	return v.localPart.MatchString(s[:at]) && v.mailHost(s[at+1:])
}

func (v *Validators) mailHost(host string) bool {
	if host == "localhost" || v.domain.MatchString(host) {
		return true
	}
	match := v.literal.FindStringSubmatch(host)
	return match != nil && (ValidIPv4(match[1]) || validIPv6(match[1]))
}
