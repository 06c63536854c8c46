package replay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

var (
	tokenID     = regexp.MustCompile(`^[0-9a-f]{32}$`)
	errSegments = errors.New("it does not have three segments")
)

// checkToken says what is wrong with a JSON web token; "" when its signature, its identifier, its claims and its lifetime are
// as the mask says. Times and identifier themselves are new in every token.
func checkToken(text, key string, m *Mask) string {
	header, claims, err := openToken(text, key)
	if err != nil {
		return err.Error()
	}
	if header["alg"] != "HS256" {
		return fmt.Sprintf("alg is %v", header["alg"])
	}
	exp, hasExp := claims["exp"].(float64)
	iat, hasIat := claims["iat"].(float64)
	if !hasExp || !hasIat {
		return "not a token: exp and iat must be numbers"
	}
	if id, _ := claims["jti"].(string); !tokenID.MatchString(id) {
		return "jti is not 32 hexadecimal digits"
	}
	for _, name := range []string{"exp", "iat", "jti"} {
		delete(claims, name)
	}
	if !reflect.DeepEqual(claims, m.Claims) || exp-iat != m.Lifetime {
		return fmt.Sprintf("claims %v, lifetime %v; expected %v, %v", claims, exp-iat, m.Claims, m.Lifetime)
	}
	return ""
}

// openToken decodes a token whose signature fits the key.
func openToken(text, key string) (header, claims map[string]any, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, nil, fmt.Errorf("not a token: %w", errSegments)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		if err := decodeSegment(parts[i], into); err != nil {
			return nil, nil, fmt.Errorf("not a token: %w", err)
		}
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, nil, fmt.Errorf("not a token: %w", err)
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return nil, nil, errors.New("the signature does not fit the key")
	}
	return header, claims, nil
}

func decodeSegment(segment string, into *map[string]any) error {
	data, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
