package jwtauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Names of the claims that every token has.
const (
	typeClaim   = "token_type"
	expiryClaim = "exp"
	issuedClaim = "iat"
	idClaim     = "jti"
	userClaim   = "user_id"
	revokeClaim = "hash_password"
)

// Claims are the statements of a token in the order in which they are written. Numbers that were read are json.Number.
// The zero value is empty and usable.
type Claims struct {
	names  []string
	values map[string]any
	shared bool // with a remembered token: Set works on a copy
}

// Get returns a claim and whether it is there.
func (c *Claims) Get(name string) (any, bool) {
	v, ok := c.values[name]
	return v, ok
}

// Text returns a claim that is text, otherwise "".
func (c *Claims) Text(name string) string {
	text, _ := c.values[name].(string)
	return text
}

// Set changes a claim, which keeps its place, or adds one at the end.
func (c *Claims) Set(name string, value any) {
	switch {
	case c.values == nil:
		c.values = make(map[string]any)
	case c.shared:
		c.names, c.values, c.shared = slices.Clone(c.names), maps.Clone(c.values), false
	}
	if _, ok := c.values[name]; !ok {
		c.names = append(c.names, name)
	}
	c.values[name] = value
}

// Names are the names of the claims in their order.
func (c *Claims) Names() []string { return slices.Clone(c.names) }

// MarshalJSON writes the claims in their order.
func (c *Claims) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, name := range c.names {
		if i > 0 {
			text.WriteByte(',')
		}
		if err := writeMember(&text, name, c.values[name]); err != nil {
			return nil, fmt.Errorf("jwtauth: writing the claim %s: %w", name, err)
		}
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func writeMember(text *bytes.Buffer, name string, value any) error {
	key, err := json.Marshal(name)
	if err != nil {
		return err
	}
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text.Write(key)
	text.WriteByte(':')
	text.Write(data)
	return nil
}

var errNoObject = errors.New("jwtauth: claims are not a JSON object")

// UnmarshalJSON reads an object. Of a claim that is there twice the last value counts.
func (c *Claims) UnmarshalJSON(text []byte) error {
	*c = Claims{values: make(map[string]any)}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errNoObject
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return err
		}
		c.Set(name.(string), value)
	}
	return nil
}
