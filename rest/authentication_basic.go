package rest

import (
	"cmp"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest/internal/charset"
)

// BasicAuthentication takes username and password from the Authorization header of every request, in any case of the word
// "Basic". Use it over TLS only. The zero value is ready.
type BasicAuthentication struct {
	Realm string // default "api"
	// Rate limits wrong passwords ("10/min") as that of a [LoginThrottle] does, and with the same counts; who reached it gets
	// 429, also with the right one. Empty means what Config.ThrottleRates holds under "login", and no limit when that has none.
	Rate string
}

// Authenticate implements [Authenticator].
func (a BasicAuthentication) Authenticate(r *Request) (*identity.User, any, error) {
	parts := credentials(r)
	if len(parts) == 0 || !strings.EqualFold(parts[0], "basic") {
		return nil, nil, nil
	}
	switch {
	case len(parts) == 1:
		return nil, nil, AuthFailed("Invalid basic header. No credentials provided.")
	case len(parts) > 2:
		return nil, nil, AuthFailed("Invalid basic header. Credentials string should not contain spaces.")
	}
	username, password, ok := decodeBasic(parts[1])
	if !ok {
		return nil, nil, AuthFailed("Invalid basic header. Credentials not correctly base64 encoded.")
	}
	user, err := a.user(r, username, password)
	return user, nil, err
}

// user checks a password, unless too many were wrong before. Only wrong ones are counted, not those that are being
// checked: a program may send many requests at a time.
func (a BasicAuthentication) user(r *Request, username, password string) (*identity.User, error) {
	rate, limited, err := a.rate(&r.api.config)
	if err != nil {
		return nil, err
	}
	attempt := &loginAttempt{r: r, at: r.api.config.Now()}
	if limited {
		if ok, wait, err := attempt.admit(rate, username); err != nil || !ok {
			return nil, cmp.Or(err, error(Throttled(wait, "")))
		}
	}
	user, err := r.api.config.Users.Authenticate(r.Context(), username, password)
	if !errors.Is(err, identity.ErrCredentials) {
		return user, err
	}
	if limited && len(attempt.keys) == 0 {
		if _, _, err := attempt.count(rate, username); err != nil {
			return nil, err
		}
	}
	return nil, AuthFailed("Invalid username/password.")
}

// rate is that of wrong passwords.
func (a BasicAuthentication) rate(c *Config) (rate, bool, error) {
	if _, ok := c.ThrottleRates[loginScope]; a.Rate == "" && !ok {
		return rate{}, false, nil
	}
	return rateOf(c, loginScope, a.Rate)
}

// check tells at start-up what is wrong with the rate.
func (a BasicAuthentication) check(c *Config) error {
	if _, limited, err := a.rate(c); err != nil || !limited {
		return err
	}
	return checkLoginRate(c, a.Rate)
}

// Challenge implements [Authenticator].
func (a BasicAuthentication) Challenge(*Request) string {
	return `Basic realm="` + orText(a.Realm, "api") + `"`
}

// SecurityScheme describes the header for the OpenAPI document.
func (a BasicAuthentication) SecurityScheme() (name string, scheme map[string]any) {
	return "basicAuth", map[string]any{"type": "http", "scheme": "basic"}
}

// credentials are the words of the Authorization header.
func credentials(r *Request) []string {
	header := strings.Join(r.HTTP().Header.Values("Authorization"), ",")
	return strings.FieldsFunc(header, func(c rune) bool { return c == ' ' || '\t' <= c && c <= '\r' })
}

// decodeBasic reads base64 of "username:password" in UTF-8 or else Latin-1, with Python's tolerance: characters that are
// not of the alphabet are passed over, and what follows the padding is not looked at.
func decodeBasic(text string) (username, password string, ok bool) {
	data, err := base64.StdEncoding.DecodeString(onlyBase64(text))
	if err != nil {
		return "", "", false
	}
	return strings.Cut(utf8OrLatin1(data), ":")
}

func onlyBase64(text string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var clean strings.Builder
	padding := 0
	for _, c := range []byte(text) {
		switch place := clean.Len() % 4; {
		case c == '=' && place >= 2:
			if padding++; place+padding == 4 {
				return clean.String() + strings.Repeat("=", padding)
			}
		case strings.IndexByte(alphabet, c) >= 0:
			clean.WriteByte(c)
			padding = 0
		}
	}
	return clean.String()
}

func utf8OrLatin1(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return charset.Latin1(data)
}
