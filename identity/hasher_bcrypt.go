package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// BCryptSHA256 hashes as Django's BCryptSHA256PasswordHasher: bcrypt over the hexadecimal SHA-256 of the password, so
// that passwords longer than bcrypt's 72 bytes count in full: bcrypt_sha256$$2b$12$salt and hash.
type BCryptSHA256 struct {
	Rounds int // logarithm of the cost; 0 means 12
}

const bcryptDefaultRounds = 12

// Algorithm is bcrypt_sha256.
func (BCryptSHA256) Algorithm() string { return "bcrypt_sha256" }

// Hash implements [Hasher].
func (h BCryptSHA256) Hash(password string) (string, error) {
	encoded, err := bcrypt.GenerateFromPassword(bcryptInput(password), h.rounds())
	if err != nil {
		return "", err
	}
	// Both prefixes name the same algorithm; $2b$ is the one that Django writes and reads back.
	return h.Algorithm() + "$" + strings.Replace(string(encoded), "$2a$", "$2b$", 1), nil
}

// Verify implements [Hasher].
func (h BCryptSHA256) Verify(password, encoded string) bool {
	stored, ok := strings.CutPrefix(encoded, h.Algorithm()+"$")
	return ok && bcrypt.CompareHashAndPassword([]byte(stored), bcryptInput(password)) == nil
}

// Outdated implements [Hasher].
func (h BCryptSHA256) Outdated(encoded string) bool {
	rounds, ok := h.storedRounds(encoded)
	return !ok || rounds != h.rounds()
}

// Harden implements [Hasher]: every missing round doubles the work.
func (h BCryptSHA256) Harden(password, encoded string) {
	stored, ok := h.storedRounds(encoded)
	if !ok || stored >= h.rounds() {
		return
	}
	for range 1<<(h.rounds()-stored) - 1 {
		_, _ = bcrypt.GenerateFromPassword(bcryptInput(password), stored)
	}
}

func (h BCryptSHA256) rounds() int {
	if h.Rounds == 0 {
		return bcryptDefaultRounds
	}
	return h.Rounds
}

func (h BCryptSHA256) storedRounds(encoded string) (int, bool) {
	stored, ok := strings.CutPrefix(encoded, h.Algorithm()+"$")
	if !ok {
		return 0, false
	}
	rounds, err := bcrypt.Cost([]byte(stored))
	return rounds, err == nil
}

func bcryptInput(password string) []byte {
	sum := sha256.Sum256([]byte(password))
	return []byte(hex.EncodeToString(sum[:]))
}
