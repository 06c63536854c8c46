package jwtauth

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// vault is a signer with a clock of its own.
type vault struct {
	*signer
	at time.Time
}

func newVault(t *testing.T, change func(*Config)) *vault {
	t.Helper()
	v := &vault{at: time.Unix(1_800_000_000, 0)}
	c := Config{SigningKey: strings.Repeat("key of the tests", 4), Now: func() time.Time { return v.at }}
	if change != nil {
		change(&c)
	}
	s, err := newSigner(c.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	v.signer = s
	return v
}

// token makes one that lives for a minute, with further claims.
func (v *vault) token(t *testing.T, kind Kind, claims ...any) string {
	t.Helper()
	c := v.fresh(kind, v.at, time.Minute)
	for i := 0; i < len(claims); i += 2 {
		c.Set(claims[i].(string), claims[i+1])
	}
	token, err := v.mint(c)
	if err != nil {
		t.Fatal(err)
	}
	return token.raw
}

// remembered is how many tokens the signer holds.
func (v *vault) remembered() int {
	if v.verified == nil {
		return 0
	}
	return len(v.verified.younger) + len(v.verified.older)
}

func TestWhatIsRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		kind   Kind
		claims []any
		want   int
	}{
		"an access token":         {nil, Access, []any{"user_id", "1", "staff", true, "none", nil, "n", 1}, 1},
		"a refresh token":         {nil, Refresh, nil, 0},
		"a list that may change":  {nil, Access, []any{"roles", []string{"a"}}, 0},
		"an object":               {nil, Access, []any{"roles", map[string]int{"a": 1}}, 0},
		"a long one":              {nil, Access, []any{"text", strings.Repeat("x", longestVerified)}, 0},
		"nothing, as it is off":   {func(c *Config) { c.Remembered = -1 }, Access, nil, 0},
		"with audience and issue": {func(c *Config) { c.Audience, c.Issuer = "us", "me" }, Access, nil, 1},
	} {
		v := newVault(t, c.change)
		raw := v.token(t, c.kind, c.claims...)
		for i := range 3 {
			token, err := v.parse(raw)
			if err != nil || token.Raw() != raw || token.Kind() != c.kind || !token.read.Equal(v.at) {
				t.Fatalf("%s: reading %d: %v, %v", name, i, token, err)
			}
			v.at = v.at.Add(time.Second)
		}
		if got := v.remembered(); got != c.want {
			t.Errorf("%s: %d are remembered, want %d", name, got, c.want)
		}
	}
}

// TestTimesAreCheckedEachTime moves the clock around a token that is remembered.
func TestTimesAreCheckedEachTime(t *testing.T) {
	v := newVault(t, nil)
	begin := v.at
	raw := v.token(t, Access, "nbf", v.at.Unix())
	for _, c := range []struct {
		after time.Duration
		want  error
	}{
		{0, nil}, {59 * time.Second, nil}, {time.Minute, ErrExpired}, {0, nil}, {-time.Second, ErrInvalid}, {30 * time.Second, nil}, {time.Hour, ErrExpired},
	} {
		v.at = begin.Add(c.after)
		for range 2 {
			if _, err := v.parse(raw); !errors.Is(err, c.want) {
				t.Errorf("after %s: got %v, want %v", c.after, err, c.want)
			}
		}
	}
	if v.remembered() != 0 {
		t.Error("a token that is over is kept")
	}
}

// TestOtherTextsAreNotTheToken changes a remembered token in each part, and reads it with another key.
func TestOtherTextsAreNotTheToken(t *testing.T) {
	v := newVault(t, nil)
	raw := v.token(t, Access, "user_id", "1")
	if _, err := v.parse(raw); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(raw, ".")
	other := strings.Split(v.token(t, Access, "user_id", "2"), ".")
	for name, forged := range map[string]string{
		"payload":      parts[0] + "." + other[1] + "." + parts[2],
		"signature":    parts[0] + "." + parts[1] + "." + other[2],
		"no signature": parts[0] + "." + parts[1] + ".",
		"blank":        raw + " ",
		"line":         raw + "\n",
	} {
		if _, err := v.parse(forged); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := newVault(t, func(c *Config) { c.SigningKey = strings.Repeat("another key", 4) }).parse(raw); !errors.Is(err, ErrInvalid) {
		t.Errorf("another key: got %v", err)
	}
	if token, err := v.parse(raw); err != nil || token.check(Refresh) == nil || token.check(Access) != nil {
		t.Errorf("the token itself: %v, %v", token, err)
	}
}

func TestClaimsAreTheCallersOwn(t *testing.T) {
	v := newVault(t, nil)
	raw := v.token(t, Access, "user_id", "1")
	for i := range 3 {
		token, err := v.parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := token.UserID(); !ok || id != 1 || len(token.Claims.Names()) != 5 {
			t.Fatalf("reading %d: user %d, claims %v", i, id, token.Claims.Names())
		}
		token.Claims.Set("user_id", "2")
		token.Claims.Set("role", "admin")
		if id, _ := token.UserID(); id != 2 || token.Claims.Text("role") != "admin" {
			t.Error("a claim cannot be set")
		}
	}
}

// TestVerifiedIsBounded reads more tokens than are remembered, one of them again and again.
func TestVerifiedIsBounded(t *testing.T) {
	const most = 8
	v := newVault(t, func(c *Config) { c.Remembered = most })
	often := v.token(t, Access)
	for i := range 10 * most {
		for _, raw := range []string{often, v.token(t, Access, "n", i)} {
			if _, err := v.parse(raw); err != nil {
				t.Fatal(err)
			}
		}
		if v.remembered() > most {
			t.Fatalf("%d are remembered, at most %d may be", v.remembered(), most)
		}
		if i > 0 && v.verified.find(often) == nil {
			t.Fatal("the token that is used most was forgotten")
		}
	}
}

func TestVerifiedIsSafeForConcurrentUse(t *testing.T) {
	v := newVault(t, func(c *Config) { c.Remembered = 4 })
	var tokens []string
	for i := range 8 {
		tokens = append(tokens, v.token(t, Access, "user_id", fmt.Sprint(i)))
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				token, err := v.parse(tokens[i%len(tokens)])
				if err != nil || token.Claims.Text("user_id") != fmt.Sprint(i%len(tokens)) {
					t.Errorf("got %v, %v", token, err)
					return
				}
				token.Claims.Set("user_id", "x")
			}
		})
	}
	all.Wait()
}

// TestReadingAgainIsCheap holds what a token costs that is remembered.
func TestReadingAgainIsCheap(t *testing.T) {
	v := newVault(t, nil)
	raw := v.token(t, Access, "user_id", "1")
	if n := testing.AllocsPerRun(100, func() { _, _ = v.parse(raw) }); n > 3 {
		t.Errorf("%v allocations, at most 3 are needed", n)
	}
}
