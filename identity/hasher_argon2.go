package identity

import (
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Argon2 hashes as Django's Argon2PasswordHasher (argon2id): argon2$argon2id$v=19$m=…,t=…,p=…$salt$hash.
// Every call takes MemoryKiB of memory.
type Argon2 struct {
	Time      uint32 // passes; 0 means 2
	MemoryKiB uint32 // 0 means 102400
	Threads   uint8  // 0 means 8
}

const (
	argon2Length = 32
	mostMemory   = 4 << 20 // KiB; a hash that asks for more is not believed
	mostPasses   = 1 << 10
)

type argon2Hash struct {
	cost Argon2
	salt []byte
	sum  []byte
}

// Algorithm is argon2.
func (Argon2) Algorithm() string { return "argon2" }

// Hash implements [Hasher].
func (h Argon2) Hash(password string) (string, error) {
	c, salt := h.withDefaults(), []byte(newSalt())
	sum := argon2.IDKey([]byte(password), salt, c.Time, c.MemoryKiB, c.Threads, argon2Length)
	return fmt.Sprintf("argon2$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Time, c.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum)), nil
}

// Verify implements [Hasher].
func (h Argon2) Verify(password, encoded string) bool {
	stored, ok := h.decode(encoded)
	if !ok {
		return false
	}
	c := stored.cost
	sum := argon2.IDKey([]byte(password), stored.salt, c.Time, c.MemoryKiB, c.Threads, uint32(len(stored.sum)))
	return equal(sum, stored.sum)
}

// Outdated implements [Hasher].
func (h Argon2) Outdated(encoded string) bool {
	stored, ok := h.decode(encoded)
	return !ok || stored.cost != h.withDefaults() || len(stored.sum) != argon2Length || weakSalt(string(stored.salt))
}

// Harden implements [Hasher]; the costs of argon2 do not add up, so it does nothing.
func (Argon2) Harden(string, string) {}

func (h Argon2) withDefaults() Argon2 {
	if h.Time == 0 {
		h.Time = 2
	}
	if h.MemoryKiB == 0 {
		h.MemoryKiB = 102400
	}
	if h.Threads == 0 {
		h.Threads = 8
	}
	return h
}

func (h Argon2) decode(encoded string) (argon2Hash, bool) {
	parts, ok := fields(encoded, h.Algorithm(), 5)
	if !ok || parts[0] != "argon2id" || parts[1] != fmt.Sprintf("v=%d", argon2.Version) {
		return argon2Hash{}, false
	}
	cost, ok := argon2Cost(parts[2])
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[3])
	sum, sumErr := base64.RawStdEncoding.DecodeString(parts[4])
	return argon2Hash{cost, salt, sum}, ok && saltErr == nil && sumErr == nil && len(sum) >= 4
}

// argon2Cost reads "m=102400,t=2,p=8".
func argon2Cost(text string) (Argon2, bool) {
	limits := []struct {
		name string
		most int
	}{{"m=", mostMemory}, {"t=", mostPasses}, {"p=", 255}}
	parts := strings.Split(text, ",")
	if len(parts) != len(limits) {
		return Argon2{}, false
	}
	var values [3]int
	for i, limit := range limits {
		digits, named := strings.CutPrefix(parts[i], limit.name)
		n, ok := positive(digits, limit.most)
		if !named || !ok {
			return Argon2{}, false
		}
		values[i] = n
	}
	return Argon2{MemoryKiB: uint32(values[0]), Time: uint32(values[1]), Threads: uint8(values[2])}, true
}
