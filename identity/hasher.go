package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"math"
	"strconv"
	"strings"
)

// Hasher makes and checks the password hashes of one algorithm, in Django's text form "algorithm$…".
// Its methods are safe for concurrent use; they take long on purpose, so call them through [Passwords].
type Hasher interface {
	// Algorithm is the first part of the hashes: "pbkdf2_sha256".
	Algorithm() string
	// Hash hashes a password with a fresh salt and the hasher's own cost.
	Hash(password string) (string, error)
	// Verify tells whether password belongs to encoded; a hash that cannot be read belongs to no password.
	Verify(password, encoded string) bool
	// Outdated tells whether encoded was made with another cost or a weaker salt than Hash would use.
	Outdated(encoded string) bool
	// Harden spends the time by which a check of encoded was cheaper than one at the hasher's own cost, so that the
	// time of a refusal does not tell how old a hash is. It may do nothing.
	Harden(password, encoded string)
}

// DefaultHashers are Django's five in Django's order: PBKDF2 with SHA-256 makes the new hashes, the others are accepted.
func DefaultHashers() []Hasher {
	return []Hasher{PBKDF2{}, PBKDF2{Digest: SHA1}, Argon2{}, BCryptSHA256{}, Scrypt{}}
}

// saltEntropy is how many random bits a salt has to have.
const saltEntropy = 128

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// bitsPerCharacter is the entropy of one character of a random text.
var bitsPerCharacter = math.Log2(float64(len(alphanumeric)))

func newSalt() string { return RandomText(int(math.Ceil(saltEntropy / bitsPerCharacter))) }

func weakSalt(salt string) bool { return float64(len(salt))*bitsPerCharacter < saltEntropy }

// RandomText is n letters and digits of ASCII from the system's secure source, each equally likely.
func RandomText(n int) string {
	const limit = 256 - 256%len(alphanumeric)
	text := make([]byte, 0, n)
	var b [64]byte
	for len(text) < n {
		rand.Read(b[:]) // never fails: crypto/rand ends the process instead
		for _, c := range b {
			if int(c) < limit && len(text) < n {
				text = append(text, alphanumeric[int(c)%len(alphanumeric)])
			}
		}
	}
	return string(text)
}

// fields splits a hash after its algorithm into exactly n parts.
func fields(encoded, algorithm string, n int) ([]string, bool) {
	rest, ok := strings.CutPrefix(encoded, algorithm+"$")
	if !ok {
		return nil, false
	}
	parts := strings.Split(rest, "$")
	return parts, len(parts) == n
}

// positive reads a cost parameter of a hash.
func positive(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && n <= most
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
