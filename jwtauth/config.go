package jwtauth

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/quintet-go/quintet/rest"
)

// Config is simplejwt's settings. SigningKey is required; every other zero value means the default that is given.
type Config struct {
	// Algorithm is HS256 (default), HS384, HS512, RS256, RS384, RS512, ES256, ES384 or ES512.
	Algorithm string
	// SigningKey makes the tokens: a string or []byte of at least 32 bytes for HS…, an *rsa.PrivateKey for RS…, an
	// *ecdsa.PrivateKey for ES….
	SigningKey any

	AccessLifetime  time.Duration // default 5 minutes
	RefreshLifetime time.Duration // default 1 day
	Leeway          time.Duration // tolerated difference of clocks, default none

	Rotate                 bool // a refresh gives a new refresh token too
	BlacklistAfterRotation bool // and the old one is used up
	UpdateLastLogin        bool // store the time of logins
	// RevokeOnPasswordChange puts a trace of the password into the tokens (simplejwt's CHECK_REVOKE_TOKEN), so that they
	// end when it changes.
	RevokeOnPasswordChange bool

	Audience string // aud claim that is set and demanded; "" for none
	Issuer   string // iss claim that is set and demanded; "" for none

	// LoginThrottles are those of the endpoint that takes passwords, such as a rest.LoginThrottle; nil means rest.Config's.
	LoginThrottles []rest.Throttle

	HeaderTypes []string         // words before the token in Authorization, default "Bearer"; matched with case
	MaxLength   int              // longest token that is looked at, in bytes, default 8192
	Remembered  int              // access tokens whose signature need not be checked again, default 4096; negative for none
	Now         func() time.Time // default time.Now
}

const shortestSecret = 32

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	if c.Algorithm == "" {
		c.Algorithm = jwt.SigningMethodHS256.Alg()
	}
	if c.AccessLifetime == 0 {
		c.AccessLifetime = 5 * time.Minute
	}
	if c.RefreshLifetime == 0 {
		c.RefreshLifetime = 24 * time.Hour
	}
	if len(c.HeaderTypes) == 0 {
		c.HeaderTypes = []string{"Bearer"}
	}
	if c.MaxLength == 0 {
		c.MaxLength = 8192
	}
	if c.Remembered == 0 {
		c.Remembered = 4096
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// keys checks that algorithm and key belong together and returns what signs and what verifies.
func (c Config) keys() (method jwt.SigningMethod, sign, verify any, err error) {
	method = jwt.GetSigningMethod(c.Algorithm)
	switch method.(type) {
	case *jwt.SigningMethodHMAC:
		sign, err = c.secret()
		verify = sign
	case *jwt.SigningMethodRSA:
		key, ok := c.SigningKey.(*rsa.PrivateKey)
		if !ok || key == nil {
			return nil, nil, nil, fmt.Errorf("jwtauth: %s needs an *rsa.PrivateKey as SigningKey, not %T", c.Algorithm, c.SigningKey)
		}
		sign, verify = key, &key.PublicKey
	case *jwt.SigningMethodECDSA:
		key, ok := c.SigningKey.(*ecdsa.PrivateKey)
		if !ok || key == nil {
			return nil, nil, nil, fmt.Errorf("jwtauth: %s needs an *ecdsa.PrivateKey as SigningKey, not %T", c.Algorithm, c.SigningKey)
		}
		sign, verify = key, &key.PublicKey
	default:
		err = fmt.Errorf("jwtauth: unknown Algorithm %q: use HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384 or ES512", c.Algorithm)
	}
	return method, sign, verify, err
}

func (c Config) secret() ([]byte, error) {
	var key []byte
	switch k := c.SigningKey.(type) {
	case string:
		key = []byte(k)
	case []byte:
		key = k
	default:
		return nil, fmt.Errorf("jwtauth: %s needs a string or []byte as SigningKey, not %T", c.Algorithm, c.SigningKey)
	}
	if len(key) < shortestSecret {
		return nil, errors.New("jwtauth: SigningKey is too short to be safe: use at least 32 random bytes")
	}
	return key, nil
}
