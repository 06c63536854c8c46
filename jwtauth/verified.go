package jwtauth

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// verified remembers access tokens whose signature was found good, by their text. It belongs to one signer and so to one
// key: another key has another one. What can change with time is checked at each use. It is bounded: of two generations the
// older one is dropped when the younger one is full; a token that is used moves to the younger one.
type verified struct {
	most int // in a generation

	mu             sync.Mutex
	younger, older map[string]*signed
}

// signed is what a token with a good signature says, read once. It is never changed.
type signed struct {
	validated
	expires, issued, begins *jwt.NumericDate
}

// longestVerified is the longest token that is remembered, in bytes.
const longestVerified = 2048

// newVerified makes room for about most tokens; nil, which remembers nothing, for none.
func newVerified(most int) *verified {
	if most <= 0 {
		return nil
	}
	return &verified{most: (most + 1) / 2, younger: map[string]*signed{}}
}

// find returns the token of that text, nil when it is not remembered.
func (v *verified) find(raw string) *signed {
	if v == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if s, ok := v.younger[raw]; ok {
		return s
	}
	s, ok := v.older[raw]
	if ok {
		v.put(raw, s)
	}
	return s
}

// add remembers an access token. Claims that are lists or objects could be changed by who gets them: such tokens are read
// each time.
func (v *verified) add(token *Token) {
	if v == nil || len(token.raw) > longestVerified || token.Kind() != Access || !token.Claims.flat() {
		return
	}
	s := &signed{validated: validated{&Claims{list: slices.Clone(token.Claims.list), shared: true}}}
	s.expires, _ = s.validated.GetExpirationTime() // they have been read before
	s.issued, _ = s.validated.GetIssuedAt()
	s.begins, _ = s.validated.GetNotBefore()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.put(strings.Clone(token.raw), s)
}

func (v *verified) put(raw string, s *signed) {
	if len(v.younger) >= v.most {
		v.older, v.younger = v.younger, make(map[string]*signed, v.most)
	}
	v.younger[raw] = s
}

// drop forgets a token, as it is over.
func (v *verified) drop(raw string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.younger, raw)
	delete(v.older, raw)
}

// GetExpirationTime implements jwt.Claims.
func (s *signed) GetExpirationTime() (*jwt.NumericDate, error) { return s.expires, nil }

// GetIssuedAt implements jwt.Claims.
func (s *signed) GetIssuedAt() (*jwt.NumericDate, error) { return s.issued, nil }

// GetNotBefore implements jwt.Claims.
func (s *signed) GetNotBefore() (*jwt.NumericDate, error) { return s.begins, nil }

// flat tells whether no claim is a list or an object.
func (c *Claims) flat() bool {
	for i := range c.list {
		switch c.list[i].value.(type) {
		case nil, bool, string, json.Number:
		default:
			return false
		}
	}
	return true
}
