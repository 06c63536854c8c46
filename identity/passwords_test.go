package identity_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/identity"
)

type recordedHash struct {
	Note     string
	Username string
	Password *string
	Encoded  string
}

func recordedHashes(t testing.TB) []recordedHash {
	t.Helper()
	text, err := os.ReadFile("testdata/passwords.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []recordedHash
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestVerifyRecordedHashes(t *testing.T) {
	passwords := &identity.Passwords{}
	for _, c := range recordedHashes(t) {
		t.Run(c.Note+c.Username, func(t *testing.T) {
			t.Parallel()
			right := "anything"
			if c.Password != nil {
				right = *c.Password
			}
			ok, _, err := passwords.Verify(t.Context(), right, c.Encoded)
			if err != nil || ok != (c.Password != nil) {
				t.Errorf("Verify(right password) = %v, %v; want %v", ok, err, c.Password != nil)
			}
			if strings.Contains(c.Encoded, "$1000000$") {
				return // of its kind there is a cheap one
			}
			if ok, _, err := passwords.Verify(t.Context(), right+"x", c.Encoded); ok || err != nil {
				t.Errorf("Verify(wrong password) = %v, %v; want false", ok, err)
			}
		})
	}
}

// cheap are the default algorithms at costs a test can afford.
func cheap() []identity.Hasher {
	return []identity.Hasher{
		identity.PBKDF2{Iterations: 100},
		identity.PBKDF2{Digest: identity.SHA1, Iterations: 100},
		identity.Argon2{Time: 1, MemoryKiB: 64, Threads: 1},
		identity.BCryptSHA256{Rounds: 4},
		identity.Scrypt{WorkFactor: 16, BlockSize: 1, Parallelism: 1},
	}
}

func TestHashForm(t *testing.T) {
	prefixes := []string{
		"pbkdf2_sha256$100$", "pbkdf2_sha1$100$", "argon2$argon2id$v=19$m=64,t=1,p=1$", "bcrypt_sha256$$2b$04$", "scrypt$16$",
	}
	for i, h := range cheap() {
		encoded, err := h.Hash("pässword")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(encoded, prefixes[i]) || len(encoded) > 128 {
			t.Errorf("%s: Hash = %q, want %s… in 128 characters", h.Algorithm(), encoded, prefixes[i])
		}
		if again, _ := h.Hash("pässword"); again == encoded {
			t.Errorf("%s: two hashes of one password are equal: no salt", h.Algorithm())
		}
		if h.Outdated(encoded) {
			t.Errorf("%s: its own hash is outdated", h.Algorithm())
		}
	}
}

func TestDefaultCosts(t *testing.T) {
	fresh := map[string]identity.Hasher{
		"pbkdf2_sha256$1000000$aaaaaaaaaaaaaaaaaaaaaa$o8g5Tb3MTPFfr5i69v88kvf3zpd0D1ilkc0UlfOuYNU=":                        identity.PBKDF2{},
		"argon2$argon2id$v=19$m=102400,t=2,p=8$YWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ$c2FsdGVkaXRvcjAwMDAwMnNhbHRlZGl0b3IwMDAwMDI": identity.Argon2{},
		"bcrypt_sha256$$2b$12$abcdefghijklmnopqrstuuTYcavZJA6ThntMknztiscZYIzMYTXlG":                                       identity.BCryptSHA256{},
		"scrypt$16384$x$8$5$PpZKTSmtCy0q+wU35sYt7dxlSLGBr8o0XQxF5oLoTz2bDuzL7bAuPiJMXF0zh1sVkyaRUP4R2HvcZUehD7jIWw==":      identity.Scrypt{},
	}
	for encoded, h := range fresh {
		if h.Outdated(encoded) {
			t.Errorf("%s is outdated", encoded)
		}
	}
}

func TestOutdated(t *testing.T) {
	const salt, sum = "aaaaaaaaaaaaaaaaaaaaaa", "o8g5Tb3MTPFfr5i69v88kvf3zpd0D1ilkc0UlfOuYNU="
	passwords := &identity.Passwords{Hashers: cheap()}
	cases := map[string]struct {
		encoded string
		want    bool
	}{
		"own":            {"pbkdf2_sha256$100$" + salt + "$" + sum, false},
		"fewer rounds":   {"pbkdf2_sha256$99$" + salt + "$" + sum, true},
		"more rounds":    {"pbkdf2_sha256$101$" + salt + "$" + sum, true},
		"short salt":     {"pbkdf2_sha256$100$" + salt[1:] + "$" + sum, true},
		"other hasher":   {"pbkdf2_sha1$100$" + salt + "$iQvkNOF1wEL4Khh8eogJ8rUhipM=", true},
		"unknown hasher": {"md5$x$y", false},
		"unusable":       {"!abc", false},
		"empty":          {"", false},
	}
	for name, c := range cases {
		if _, outdated, err := passwords.Verify(t.Context(), "x", c.encoded); outdated != c.want || err != nil {
			t.Errorf("%s: outdated = %v, %v; want %v", name, outdated, err, c.want)
		}
	}
}

func TestBrokenHashesAreRefused(t *testing.T) {
	broken := []string{
		"pbkdf2_sha256", "pbkdf2_sha256$", "pbkdf2_sha256$0$salt$x", "pbkdf2_sha256$-1$salt$AAAA", "pbkdf2_sha256$999999999999$s$AAAA",
		"pbkdf2_sha256$100$$AAAA", "pbkdf2_sha256$100$s$", "argon2$argon2id$v=19$m=0,t=0,p=0$AAAA$AAAAAAAA", "argon2$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAAAAAA",
		"argon2$argon2id$v=19$m=99999999999,t=1,p=1$AAAA$AAAAAAAA", "argon2$argon2id$v=16$m=8,t=1,p=1$AAAA$AAAAAAAA", "argon2$argon2id$v=19$m=8,t=1$AAAA$AAAAAAAA",
		"argon2$argon2id$v=19$m=8,t=1,p=1$AAAA$", "bcrypt_sha256$", "bcrypt_sha256$$2b$99$abc", "scrypt$3$s$8$5$AAAA", "scrypt$16$s$1$1$", "scrypt$16$s$1$AAAA", "$", "",
	}
	passwords := &identity.Passwords{Hashers: cheap()}
	for _, encoded := range broken {
		if ok, _, err := passwords.Verify(t.Context(), "", encoded); ok || err != nil {
			t.Errorf("Verify(%q) = %v, %v; want false", encoded, ok, err)
		}
	}
}

func TestHashRoundTrip(t *testing.T) {
	hashers := cheap()
	rapid.Check(t, func(t *rapid.T) {
		h := hashers[rapid.IntRange(0, len(hashers)-1).Draw(t, "hasher")]
		password, other := rapid.String().Draw(t, "password"), rapid.String().Draw(t, "other")
		encoded, err := h.Hash(password)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Verify(password, encoded) {
			t.Fatalf("%s: own password refused: %s", h.Algorithm(), encoded)
		}
		unfilled := func(key string) string { return strings.TrimRight(key, "\x00") } // HMAC fills keys up with zeros
		if unfilled(other) != unfilled(password) && h.Verify(other, encoded) {
			t.Fatalf("%s: %q opens the hash of %q", h.Algorithm(), other, password)
		}
	})
}

// spy counts what Passwords asks of a hasher and can hold a call.
type spy struct {
	identity.Hasher
	hashed, hardened int
	started, hold    chan struct{}
}

func (s *spy) Hash(p string) (string, error) {
	s.hashed++
	if s.hold != nil {
		close(s.started)
		<-s.hold
	}
	return s.Hasher.Hash(p)
}

func (s *spy) Harden(p, e string) { s.hardened++; s.Hasher.Harden(p, e) }

func TestRefusalsTakeAsLongAsChecks(t *testing.T) {
	old, _ := identity.PBKDF2{Iterations: 10}.Hash("right")
	other, _ := identity.PBKDF2{Digest: identity.SHA1, Iterations: 100}.Hash("right")
	cases := map[string]struct {
		password, encoded string
		hashed, hardened  int
	}{
		"unusable":            {"x", "!nothing", 1, 0},
		"unknown algorithm":   {"x", "crypt$y$z", 1, 0},
		"wrong, fewer rounds": {"x", old, 0, 1},
		"right, fewer rounds": {"right", old, 0, 0},
		"wrong, other hasher": {"x", other, 0, 0},
		"unreadable":          {"x", "pbkdf2_sha256$100", 0, 1},
	}
	for name, c := range cases {
		s := &spy{Hasher: identity.PBKDF2{Iterations: 100}}
		passwords := &identity.Passwords{Hashers: []identity.Hasher{s, identity.PBKDF2{Digest: identity.SHA1, Iterations: 100}}}
		if _, _, err := passwords.Verify(t.Context(), c.password, c.encoded); err != nil {
			t.Fatal(err)
		}
		if s.hashed != c.hashed || s.hardened != c.hardened {
			t.Errorf("%s: hashed %d times, hardened %d; want %d, %d", name, s.hashed, s.hardened, c.hashed, c.hardened)
		}
	}
}

func TestParallelHashingIsBounded(t *testing.T) {
	s := &spy{Hasher: identity.PBKDF2{Iterations: 1}, started: make(chan struct{}), hold: make(chan struct{})}
	passwords := &identity.Passwords{Hashers: []identity.Hasher{s}, Parallel: 1}
	first := make(chan error)
	go func() {
		_, err := passwords.Hash(context.Background(), "x")
		first <- err
	}()
	<-s.started
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := passwords.Verify(ctx, "x", "pbkdf2_sha256$1$s$AAAA"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Verify while the only slot is taken: %v, want context.DeadlineExceeded", err)
	}
	close(s.hold)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if _, _, err := passwords.Verify(t.Context(), "x", "pbkdf2_sha256$1$s$AAAA"); err != nil {
		t.Errorf("the slot was not given back: %v", err)
	}
}

func TestEndedContextHashesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &spy{Hasher: identity.PBKDF2{Iterations: 1}}
	passwords := &identity.Passwords{Hashers: []identity.Hasher{s}}
	if _, err := passwords.Hash(ctx, "x"); !errors.Is(err, context.Canceled) || s.hashed != 0 {
		t.Errorf("Hash = %v after %d hashes, want context.Canceled after none", err, s.hashed)
	}
}

func FuzzVerify(f *testing.F) {
	for _, c := range []string{"pbkdf2_sha256$1$s$AAAA", "argon2$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAAAAAA", "bcrypt_sha256$$2b$04$x", "scrypt$16$s$1$1$AAAA"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		for _, h := range cheap() {
			if len(encoded) > 200 || h.Outdated(encoded) {
				continue // costs other than the cheap ones would only take time
			}
			h.Verify("password", encoded)
		}
	})
}
