package jwtauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	list   []claim // nil where none were read or set
	shared bool    // with a remembered token: Set works on a copy
}

// claim is one statement. A token has few of them: they are looked through.
type claim struct {
	name  string
	value any
}

// Get returns a claim and whether it is there.
func (c *Claims) Get(name string) (any, bool) {
	if i := c.index(name); i >= 0 {
		return c.list[i].value, true
	}
	return nil, false
}

func (c *Claims) index(name string) int {
	for i := range c.list {
		if c.list[i].name == name {
			return i
		}
	}
	return -1
}

// Text returns a claim that is text, otherwise "".
func (c *Claims) Text(name string) string {
	value, _ := c.Get(name)
	text, _ := value.(string)
	return text
}

// Set changes a claim, which keeps its place, or adds one at the end.
func (c *Claims) Set(name string, value any) {
	if c.shared {
		c.list, c.shared = slices.Clone(c.list), false
	}
	if i := c.index(name); i >= 0 {
		c.list[i].value = value
		return
	}
	c.list = append(c.list, claim{name, value})
}

// Names are the names of the claims in their order.
func (c *Claims) Names() []string {
	names := make([]string, len(c.list))
	for i := range c.list {
		names[i] = c.list[i].name
	}
	return names
}

// MarshalJSON writes the claims in their order.
func (c *Claims) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, one := range c.list {
		if i > 0 {
			text.WriteByte(',')
		}
		if err := writeMember(&text, one.name, one.value); err != nil {
			return nil, fmt.Errorf("jwtauth: writing the claim %s: %w", one.name, err)
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
	*c = Claims{list: make([]claim, 0, 8)}
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
