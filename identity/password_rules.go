package identity

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// PasswordRule tells why a new password is refused for a user, or nil when it is fine. user may be nil: then rules about
// the user's data have nothing to compare with.
type PasswordRule func(password string, user *User) *PasswordProblem

// PasswordProblem is one reason to refuse a password, in words for the person who chose it.
type PasswordProblem struct {
	Message string
	Code    string // "password_too_short"
}

// PasswordPolicy is the rules for new passwords, all of which are asked (Django's AUTH_PASSWORD_VALIDATORS).
type PasswordPolicy []PasswordRule

// DefaultPasswordPolicy is what a new Django project has: not like the user's data, 8 characters, not common, not a number.
func DefaultPasswordPolicy() PasswordPolicy {
	return PasswordPolicy{NotSimilar(0.7), MinLength(8), NotCommon(), NotNumeric()}
}

// PasswordError is the refusal of a password with every reason, in the order of the rules.
type PasswordError struct{ Problems []PasswordProblem }

// Error joins the messages.
func (e *PasswordError) Error() string { return strings.Join(e.Messages(), " ") }

// Messages are the texts of the problems.
func (e *PasswordError) Messages() []string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Message
	}
	return texts
}

// Validate asks every rule. It returns nil or a *PasswordError.
func (p PasswordPolicy) Validate(password string, user *User) error {
	var problems []PasswordProblem
	for _, rule := range p {
		if problem := rule(password, user); problem != nil {
			problems = append(problems, *problem)
		}
	}
	if problems == nil {
		return nil
	}
	return &PasswordError{problems}
}

// MinLength refuses passwords of fewer than n characters.
func MinLength(n int) PasswordRule {
	characters := "characters"
	if n == 1 {
		characters = "character"
	}
	problem := &PasswordProblem{
		fmt.Sprintf("This password is too short. It must contain at least %d %s.", n, characters), "password_too_short",
	}
	return func(password string, _ *User) *PasswordProblem {
		if utf8.RuneCountInString(password) < n {
			return problem
		}
		return nil
	}
}

// NotNumeric refuses passwords of digits only, digits of any script and superscripts included.
func NotNumeric() PasswordRule {
	problem := &PasswordProblem{"This password is entirely numeric.", "password_entirely_numeric"}
	return func(password string, _ *User) *PasswordProblem {
		notDigit := func(r rune) bool { return !unicode.In(r, unicode.Nd, digitForms) }
		if password != "" && !strings.ContainsFunc(password, notDigit) {
			return problem
		}
		return nil
	}
}

// digitForms are the characters that are digits without being decimal numbers: superscripts, circled digits and the like.
var digitForms = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x00b2, 0x00b3, 1},
		{0x00b9, 0x00b9, 1},
		{0x1369, 0x1371, 1},
		{0x19da, 0x19da, 1},
		{0x2070, 0x2070, 1},
		{0x2074, 0x2079, 1},
		{0x2080, 0x2089, 1},
		{0x2460, 0x2468, 1},
		{0x2474, 0x247c, 1},
		{0x2488, 0x2490, 1},
		{0x24ea, 0x24ea, 1},
		{0x24f5, 0x24fd, 1},
		{0x24ff, 0x24ff, 1},
		{0x2776, 0x277e, 1},
		{0x2780, 0x2788, 1},
		{0x278a, 0x2792, 1},
	},
	R32: []unicode.Range32{
		{0x10a40, 0x10a43, 1}, {0x10e60, 0x10e68, 1}, {0x11052, 0x1105a, 1}, {0x1f100, 0x1f10a, 1},
	},
	LatinOffset: 2,
}

//go:generate go run ./internal/commongen -out common_passwords.txt

//go:embed common_passwords.txt
var commonPasswords string

// NotCommon refuses the passwords that are tried first, in any case and with blanks around. The list is made by
// internal/commongen.
func NotCommon() PasswordRule {
	problem := &PasswordProblem{"This password is too common.", "password_too_common"}
	return func(password string, _ *User) *PasswordProblem {
		word := strings.TrimFunc(lower(password), isSpace)
		if word != "" && !strings.ContainsAny(word, "\n#") && strings.Contains(commonPasswords, "\n"+word+"\n") {
			return problem
		}
		return nil
	}
}

// isSpace also takes the four separators that Python counts among the white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// NotSimilar refuses passwords that share at least the part most (0.1 to 1) of their characters with the user's username,
// names or e-mail address, or with a word of one of them. How much two texts share is counted without regard to order.
func NotSimilar(most float64) PasswordRule {
	words := regexp.MustCompile(`[^\p{L}\p{N}_]+`)
	return func(password string, user *User) *PasswordProblem {
		if user == nil {
			return nil
		}
		password = lower(password)
		for _, data := range personalData(user) {
			value := lower(data.value)
			for _, part := range append(words.Split(value, -1), value) {
				if value != "" && tooSimilar(password, part, most) {
					return &PasswordProblem{"The password is too similar to the " + data.label + ".", "password_too_similar"}
				}
			}
		}
		return nil
	}
}

type labelled struct{ label, value string }

func personalData(u *User) []labelled {
	return []labelled{
		{"username", u.Username}, {"first name", u.FirstName}, {"last name", u.LastName}, {"email address", u.Email},
	}
}

// tooSimilar compares unless part is so much shorter than the password that it cannot matter.
func tooSimilar(password, part string, most float64) bool {
	long, short := utf8.RuneCountInString(password), utf8.RuneCountInString(part)
	if long >= 10*short && float64(short) < most/2*float64(long) {
		return false
	}
	return overlap(password, part) >= most
}

// overlap is twice the number of characters that a and b have in common, counted with repetition, by the number of all
// characters; 1 for two empty texts.
func overlap(a, b string) float64 {
	total := utf8.RuneCountInString(a) + utf8.RuneCountInString(b)
	if total == 0 {
		return 1
	}
	left := make(map[rune]int)
	for _, r := range b {
		left[r]++
	}
	common := 0
	for _, r := range a {
		if left[r] > 0 {
			left[r]--
			common++
		}
	}
	return 2 * float64(common) / float64(total)
}

// lower follows the special rules of Unicode (final sigma, dotted capital I), as Python's str.lower does.
func lower(text string) string { return cases.Lower(language.Und).String(text) }
