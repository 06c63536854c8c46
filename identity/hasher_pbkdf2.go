package identity

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
)

// Digest is the hash function inside PBKDF2.
type Digest int

// The digests; the zero value is SHA-256.
const (
	SHA256 Digest = iota
	SHA1
)

// PBKDF2 hashes as Django's PBKDF2PasswordHasher and PBKDF2SHA1PasswordHasher: algorithm$iterations$salt$hash.
type PBKDF2 struct {
	Digest     Digest
	Iterations int // of new hashes; 0 means 1,000,000
}

const (
	defaultIterations = 1_000_000
	mostIterations    = 100_000_000 // a hash that asks for more is not believed: it would hold a processor for minutes
)

type pbkdf2Hash struct {
	iterations int
	salt       string
	sum        []byte
}

// Algorithm is pbkdf2_sha256 or pbkdf2_sha1.
func (h PBKDF2) Algorithm() string {
	if h.Digest == SHA1 {
		return "pbkdf2_sha1"
	}
	return "pbkdf2_sha256"
}

// Hash implements [Hasher].
func (h PBKDF2) Hash(password string) (string, error) {
	salt := newSalt()
	sum, err := h.derive(password, salt, h.iterations())
	if err != nil {
		return "", err
	}
	return strings.Join([]string{
		h.Algorithm(), strconv.Itoa(h.iterations()), salt, base64.StdEncoding.EncodeToString(sum),
	}, "$"), nil
}

// Verify implements [Hasher].
func (h PBKDF2) Verify(password, encoded string) bool {
	stored, ok := h.decode(encoded)
	if !ok {
		return false
	}
	sum, err := h.derive(password, stored.salt, stored.iterations)
	return err == nil && equal(sum, stored.sum)
}

// Outdated implements [Hasher].
func (h PBKDF2) Outdated(encoded string) bool {
	stored, ok := h.decode(encoded)
	return !ok || stored.iterations != h.iterations() || weakSalt(stored.salt)
}

// Harden implements [Hasher]: it runs the iterations that encoded lacks, all of them when encoded cannot be read.
func (h PBKDF2) Harden(password, encoded string) {
	stored, _ := h.decode(encoded)
	if missing := h.iterations() - stored.iterations; missing > 0 {
		_, _ = h.derive(password, stored.salt, missing) // for the time it takes
	}
}

func (h PBKDF2) iterations() int {
	if h.Iterations == 0 {
		return defaultIterations
	}
	return h.Iterations
}

func (h PBKDF2) digest() func() hash.Hash {
	if h.Digest == SHA1 {
		return sha1.New
	}
	return sha256.New
}

func (h PBKDF2) derive(password, salt string, iterations int) ([]byte, error) {
	digest := h.digest()
	return pbkdf2.Key(digest, password, []byte(salt), iterations, digest().Size())
}

func (h PBKDF2) decode(encoded string) (pbkdf2Hash, bool) {
	parts, ok := fields(encoded, h.Algorithm(), 3)
	if !ok || parts[1] == "" {
		return pbkdf2Hash{}, false
	}
	iterations, ok := positive(parts[0], mostIterations)
	sum, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if !ok || err != nil {
		return pbkdf2Hash{}, false
	}
	return pbkdf2Hash{iterations, parts[1], sum}, true
}
