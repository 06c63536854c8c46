package identity

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/scrypt"
)

// Scrypt hashes as Django's ScryptPasswordHasher: scrypt$work factor$salt$block size$parallelism$hash.
type Scrypt struct {
	WorkFactor  int // power of two; 0 means 16384
	BlockSize   int // 0 means 8
	Parallelism int // 0 means 5
}

const (
	scryptLength   = 64
	mostWorkFactor = 1 << 22 // a hash that asks for more is not believed
	mostBlocks     = 1 << 8
)

type scryptHash struct {
	cost Scrypt
	salt string
	sum  []byte
}

// Algorithm is scrypt.
func (Scrypt) Algorithm() string { return "scrypt" }

// Hash implements [Hasher].
func (h Scrypt) Hash(password string) (string, error) {
	c, salt := h.withDefaults(), newSalt()
	sum, err := c.derive(password, salt, scryptLength)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("scrypt$%d$%s$%d$%d$%s", c.WorkFactor, salt, c.BlockSize, c.Parallelism,
		base64.StdEncoding.EncodeToString(sum)), nil
}

// Verify implements [Hasher].
func (h Scrypt) Verify(password, encoded string) bool {
	stored, ok := h.decode(encoded)
	if !ok {
		return false
	}
	sum, err := stored.cost.derive(password, stored.salt, scryptLength)
	return err == nil && equal(sum, stored.sum)
}

// Outdated implements [Hasher].
func (h Scrypt) Outdated(encoded string) bool {
	stored, ok := h.decode(encoded)
	return !ok || stored.cost != h.withDefaults()
}

// Harden implements [Hasher]; the costs of scrypt do not add up, so it does nothing.
func (Scrypt) Harden(string, string) {}

func (h Scrypt) withDefaults() Scrypt {
	if h.WorkFactor == 0 {
		h.WorkFactor = 1 << 14
	}
	if h.BlockSize == 0 {
		h.BlockSize = 8
	}
	if h.Parallelism == 0 {
		h.Parallelism = 5
	}
	return h
}

func (h Scrypt) derive(password, salt string, length int) ([]byte, error) {
	return scrypt.Key([]byte(password), []byte(salt), h.WorkFactor, h.BlockSize, h.Parallelism, length)
}

func (h Scrypt) decode(encoded string) (scryptHash, bool) {
	parts, ok := fields(encoded, h.Algorithm(), 5)
	if !ok || parts[1] == "" {
		return scryptHash{}, false
	}
	work, workOK := positive(parts[0], mostWorkFactor)
	block, blockOK := positive(parts[2], mostBlocks)
	parallel, parallelOK := positive(parts[3], mostBlocks)
	sum, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	cost := Scrypt{WorkFactor: work, BlockSize: block, Parallelism: parallel}
	return scryptHash{cost, parts[1], sum}, workOK && blockOK && parallelOK && err == nil
}
