package jwtauth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signer writes and reads encoded tokens. It is safe for concurrent use.
type signer struct {
	config       Config
	method       jwt.SigningMethod
	sign, verify any
	parser       *jwt.Parser
	validator    *jwt.Validator // of the claims alone
	verified     *verified
}

func newSigner(c Config) (*signer, error) {
	method, sign, verify, err := c.keys()
	if err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{method.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithLeeway(c.Leeway), jwt.WithTimeFunc(c.Now),
	}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	if c.Issuer != "" {
		options = append(options, jwt.WithIssuer(c.Issuer))
	}
	return &signer{
		config: c, method: method, sign: sign, verify: verify,
		parser: jwt.NewParser(options...), validator: jwt.NewValidator(options...), verified: newVerified(c.Remembered),
	}, nil
}

// mint makes a token of claims.
func (s *signer) mint(claims Claims) (*Token, error) {
	if s.config.Audience != "" {
		claims.Set("aud", s.config.Audience)
	}
	if s.config.Issuer != "" {
		claims.Set("iss", s.config.Issuer)
	}
	raw, err := jwt.NewWithClaims(s.method, &validated{&claims}).SignedString(s.sign)
	if err != nil {
		return nil, fmt.Errorf("jwtauth: signing a token: %w", err)
	}
	return &Token{Claims: claims, raw: raw, read: s.config.Now()}, nil
}

// parse checks signature and times, not what the token is for. The error is an *Error.
func (s *signer) parse(raw string) (*Token, error) {
	if len(raw) > s.config.MaxLength || strings.ContainsAny(raw, "\r\n") { // base64 passes over line breaks
		return nil, ErrInvalid
	}
	if known := s.verified.find(raw); known != nil {
		return s.again(raw, known)
	}
	token := &Token{raw: raw, read: s.config.Now()}
	parsed, err := s.parser.ParseWithClaims(raw, &validated{&token.Claims}, func(t *jwt.Token) (any, error) {
		return s.verify, acceptable(t.Header)
	})
	switch {
	case err != nil:
		return nil, explain(err, token)
	case !parsed.Valid:
		return nil, ErrInvalid
	}
	s.verified.add(token)
	return token, nil
}

// again is parse for a token whose signature is known to be good.
func (s *signer) again(raw string, known *signed) (*Token, error) {
	token := &Token{Claims: *known.Claims, raw: raw, read: s.config.Now()}
	if err := s.validator.Validate(known); err != nil {
		s.verified.drop(raw)
		return nil, explain(errors.Join(jwt.ErrTokenInvalidClaims, err), token)
	}
	return token, nil
}

// acceptable refuses headers that ask for something that is not done here.
func acceptable(header map[string]any) error {
	if _, ok := header["crit"]; ok {
		return errors.New("jwtauth: critical header extensions are not supported")
	}
	if detached, ok := header["b64"]; ok && detached != true {
		return errors.New("jwtauth: detached payloads are not supported")
	}
	if kid, ok := header["kid"]; ok {
		if _, text := kid.(string); !text {
			return errors.New("jwtauth: the key id is not text")
		}
	}
	return nil
}

// explain finds the refusal for an error of the library. A token from the future is invalid even when it is expired too.
func explain(err error, token *Token) *Error {
	_, expires := token.Claims.Get(expiryClaim)
	switch {
	case !errors.Is(err, jwt.ErrTokenInvalidClaims), errors.Is(err, jwt.ErrTokenUsedBeforeIssued), errors.Is(err, jwt.ErrTokenNotValidYet),
		errors.Is(err, jwt.ErrInvalidType), errors.Is(err, errNoObject):
		return ErrInvalid
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrExpired
	case errors.Is(err, jwt.ErrTokenInvalidAudience), errors.Is(err, jwt.ErrTokenInvalidIssuer), expires:
		return ErrInvalid
	}
	return ErrNoExpiry
}

// check tells whether a token may be used as a kind.
func (t *Token) check(kind Kind) error {
	if err := t.identified(); err != nil {
		return err
	}
	found, ok := t.Claims.Get(typeClaim)
	if !ok {
		return ErrNoType
	}
	if found != string(kind) {
		return ErrWrongType
	}
	return nil
}

// identified tells whether the token has an id that the blacklist can hold.
func (t *Token) identified() error {
	switch id, ok := t.Claims.Get(idClaim); {
	case !ok:
		return ErrNoID
	case len(id.(string)) > longestID || strings.ContainsRune(id.(string), 0):
		return ErrInvalid
	}
	return nil
}

// longestID is what the column jti holds.
const longestID = 255

// fresh are the claims that every token begins with. Its life is as long as it should be, however long the request took from
// the time that it begins at: expiry and issue are of the same moment.
func (s *signer) fresh(kind Kind, from time.Time, lifetime time.Duration) Claims {
	var c Claims
	c.Set(typeClaim, string(kind))
	c.Set(expiryClaim, seconds(from.Add(lifetime)))
	c.Set(issuedClaim, seconds(from))
	c.Set(idClaim, newID())
	return c
}
