package identity

import (
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ErrUsername is the refusal of a username by [ValidateUsername]; its text is meant for the person who chose it.
var ErrUsername = errors.New("Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.") //nolint:staticcheck,revive // a sentence on the wire

// UsernamePattern is what a username looks like: letters and digits of every script and @ . + - _.
const UsernamePattern = `^[\p{L}\p{N}_.@+-]+$`

// ValidateUsername tells whether name consists of letters, digits and @ . + - _ only. Letters and digits of every script
// count. It returns nil or [ErrUsername].
func ValidateUsername(name string) error {
	if name == "" || strings.ContainsFunc(name, wrongInUsername) {
		return ErrUsername
	}
	return nil
}

// wrongInUsername is what UsernamePattern has no place for.
func wrongInUsername(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("_.@+-", r)
}

// NormalizeUsername gives the spellings of one name that look alike one form (Unicode NFKC).
func NormalizeUsername(name string) string { return norm.NFKC.String(name) }

// NormalizeEmail writes the domain in lower case; what is before the last @ is kept.
func NormalizeEmail(address string) string {
	trimmed := strings.TrimFunc(address, isSpace)
	at := strings.LastIndexByte(trimmed, '@')
	if at < 0 {
		return address
	}
	return trimmed[:at+1] + lower(trimmed[at+1:])
}
