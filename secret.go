package quintet

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

const (
	keyLength   = 32 // shortest accepted secret key, in bytes: what HS256 needs
	keyVariety  = 5  // fewest different characters
	keyFileMode = 0o600
)

// knownKeys are parts of keys that stand in documents and templates and therefore are no secrets.
var knownKeys = [...]string{"insecure", "changeme", "change-me", "change_me", "change this", "your-secret", "your_secret", "placeholder", "0123456789abcdef0123456789abcdef"}

// weakKey says why key must not sign anything, or "" when it may.
func weakKey(key string) string {
	if len(key) < keyLength {
		return fmt.Sprintf("is too short (%d characters, at least %d)", len(key), keyLength)
	}
	lower := strings.ToLower(key)
	for _, known := range knownKeys {
		if strings.Contains(lower, known) {
			return fmt.Sprintf("is known from documents (%q)", known)
		}
	}
	different := map[rune]bool{}
	for _, r := range key {
		different[r] = true
	}
	if len(different) < keyVariety {
		return "is too easy to guess (hardly any different characters)"
	}
	return ""
}

// keepKey reads the secret key kept in path, or makes one and keeps it there for its owner only.
func keepKey(path string) (Secret, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = writeKey(path, newKey())
		if err == nil || errors.Is(err, fs.ErrExist) {
			key, err = readKey(path)
		}
	}
	if err != nil {
		return "", fmt.Errorf("secret key: %w (or set QUINTET_SECRET_KEY)", err)
	}
	return key, nil
}

func readKey(path string) (Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if reason := weakKey(key); reason != "" {
		return "", fmt.Errorf("the key in %s %s; delete the file and a new one is made (everybody has to log in again)", path, reason)
	}
	return Secret(key), nil
}

// writeKey creates path whole or not at all, so that two processes that start at once agree on one key.
func writeKey(path, key string) error {
	f, err := os.CreateTemp(dirOf(path), ".key-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	_, err = f.WriteString(key + "\n")
	if err = errors.Join(err, f.Chmod(keyFileMode), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func newKey() string {
	var b [48]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}
