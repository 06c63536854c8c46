package jwtauth

import (
	"encoding/json"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// Kind is the token_type of a token.
type Kind string

// The kinds of tokens.
const (
	Access  Kind = "access"
	Refresh Kind = "refresh"
)

// Token is a token that was checked. Its text is a secret: it is not printed.
type Token struct {
	Claims Claims
	raw    string
	read   time.Time // when it was checked or made
}

// Raw is the encoded token.
func (t *Token) Raw() string { return t.raw }

// ID is the jti claim.
func (t *Token) ID() string { return t.Claims.Text(idClaim) }

// Kind is the token_type claim.
func (t *Token) Kind() Kind { return Kind(t.Claims.Text(typeClaim)) }

// Expires is the exp claim.
func (t *Token) Expires() time.Time {
	at, err := moment(&t.Claims, expiryClaim)
	if err != nil || at == nil {
		return time.Time{}
	}
	return at.UTC()
}

// UserID is the user_id claim, a whole number or one written as text. It is false where there is none or it is neither.
func (t *Token) UserID() (int64, bool) {
	value, _ := t.Claims.Get(userClaim)
	var digits string
	switch v := value.(type) {
	case string:
		digits = v
	case json.Number:
		digits = v.String()
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil && digits[0] != '+'
}

// String names the token by kind and id.
func (t Token) String() string { return string(t.Kind()) + " token " + t.ID() }

// GoString keeps the text of the token out of %#v.
func (t Token) GoString() string { return "jwtauth.Token{" + t.String() + "}" }

// LogValue is what slog writes for a token: kind and id.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("type", string(t.Kind())), slog.String("jti", t.ID()))
}

// newID is 128 random bits as 32 hexadecimal digits.
func newID() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }

// lastMoment is the end of the year 9999, the latest that the databases and Python know.
const lastMoment = 253402300799

// moment reads a claim that is a number of seconds; nil for none. Fractions are cut off.
func moment(c *Claims, name string) (*jwt.NumericDate, error) {
	value, ok := c.Get(name)
	if !ok {
		return nil, nil
	}
	number, ok := value.(json.Number)
	if !ok {
		return nil, jwt.ErrInvalidType
	}
	seconds, err := number.Float64()
	if err != nil || math.Abs(seconds) > lastMoment {
		return nil, jwt.ErrInvalidType
	}
	return &jwt.NumericDate{Time: time.Unix(int64(seconds), 0)}, nil
}

// validated shows claims to the JWT library, which checks their times.
type validated struct{ *Claims }

// GetExpirationTime implements jwt.Claims.
func (v validated) GetExpirationTime() (*jwt.NumericDate, error) {
	return moment(v.Claims, expiryClaim)
}

// GetIssuedAt implements jwt.Claims.
func (v validated) GetIssuedAt() (*jwt.NumericDate, error) { return moment(v.Claims, issuedClaim) }

// GetNotBefore implements jwt.Claims.
func (v validated) GetNotBefore() (*jwt.NumericDate, error) { return moment(v.Claims, "nbf") }

// GetIssuer implements jwt.Claims.
func (v validated) GetIssuer() (string, error) { return v.Text("iss"), v.onlyText("iss") }

// GetSubject implements jwt.Claims.
func (v validated) GetSubject() (string, error) { return v.Text("sub"), v.onlyText("sub") }

// GetAudience implements jwt.Claims.
func (v validated) GetAudience() (jwt.ClaimStrings, error) {
	value, _ := v.Get("aud")
	switch aud := value.(type) {
	case nil:
		return nil, nil
	case string:
		return jwt.ClaimStrings{aud}, nil
	case []any:
		return audiences(aud)
	}
	return nil, jwt.ErrInvalidType
}

func audiences(values []any) (jwt.ClaimStrings, error) {
	list := make(jwt.ClaimStrings, len(values))
	for i, value := range values {
		text, ok := value.(string)
		if !ok {
			return nil, jwt.ErrInvalidType
		}
		list[i] = text
	}
	return list, nil
}

// Validate implements jwt.ClaimsValidator: id and subject have to be text, and there have to be claims at all.
func (v validated) Validate() error {
	if v.list == nil {
		return errNoObject
	}
	for _, name := range []string{idClaim, "sub"} {
		if err := v.onlyText(name); err != nil {
			return err
		}
	}
	return nil
}

func (v validated) onlyText(name string) error {
	if value, ok := v.Get(name); ok {
		if _, text := value.(string); !text {
			return jwt.ErrInvalidType
		}
	}
	return nil
}

// seconds writes a moment as a claim.
func seconds(at time.Time) json.Number { return json.Number(strconv.FormatInt(at.Unix(), 10)) }
