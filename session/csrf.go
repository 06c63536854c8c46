package session

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/identity"
)

// CSRF protects requests that are authenticated by a cookie from being sent by other sites (django.middleware.csrf): the
// sender must know a secret that lies in a cookie and must come from a trusted place. The zero value trusts the own host.
type CSRF struct {
	// TrustedOrigins are the other places that may send: "https://app.example", "https://*.example".
	TrustedOrigins []string
	CookieDomain   string // "" means the host alone; of the cookie, and trusted in Referer
	CookieName     string // "" means "csrftoken"
	Secure         bool   // send the cookie over TLS only
}

// The texts of refusals that hold nothing of the request.
const (
	reasonNoReferer        = "Referer checking failed - no Referer."
	reasonMalformedReferer = "Referer checking failed - Referer is malformed."
	reasonInsecureReferer  = "Referer checking failed - Referer is insecure while host is secure."
	reasonNoCookie         = "CSRF cookie not set."
	reasonTokenMissing     = "CSRF token missing."
)

// Attempt is what a request that is to be checked came with. nil means that it was not sent, which differs from empty.
type Attempt struct {
	Method      string
	Host        string // host and port as the client names them; "" when the host is not one of ours
	Secure      bool   // came over TLS
	Origin      *string
	Referer     *string
	Cookie      *string // value of the CSRF cookie
	FormToken   string  // csrfmiddlewaretoken of a form body; "" for none
	HeaderToken *string // X-CSRFToken
}

// Attempt reads all of an Attempt but FormToken and Secure from a request.
func (c CSRF) Attempt(r *http.Request) Attempt {
	a := Attempt{Method: r.Method, Host: r.Host, Secure: r.TLS != nil}
	a.Origin, a.Referer = header(r, "Origin"), header(r, "Referer")
	a.HeaderToken = header(r, "X-CSRFToken")
	if cookie, ok := Cookie(r, c.Name()); ok {
		a.Cookie = &cookie
	}
	return a
}

func header(r *http.Request, name string) *string {
	values := r.Header.Values(name)
	if len(values) == 0 {
		return nil
	}
	joined := strings.Join(values, ",")
	return &joined
}

// Name is the name of the CSRF cookie.
func (c CSRF) Name() string {
	if c.CookieName == "" {
		return "csrftoken"
	}
	return c.CookieName
}

// Check returns why an attempt is refused, in Django's words, or "" when it may go on. GET, HEAD, OPTIONS and TRACE always
// may.
func (c CSRF) Check(a Attempt) (reason string) {
	if reason := c.CheckSender(a); reason != "" || isSafe(a.Method) {
		return reason
	}
	return checkToken(a)
}

func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// CheckSender is Check without the token, which may stand in a body that is still to be parsed.
func (c CSRF) CheckSender(a Attempt) (reason string) {
	if isSafe(a.Method) {
		return ""
	}
	if a.Origin != nil {
		if !c.originTrusted(a) {
			return fmt.Sprintf("Origin checking failed - %s does not match any trusted origins.", *a.Origin)
		}
	} else if a.Secure {
		if reason := c.checkReferer(a); reason != "" {
			return reason
		}
	}
	if a.Cookie == nil {
		return reasonNoCookie
	}
	if problem := malformed(*a.Cookie); problem != "" {
		return "CSRF cookie " + problem + "."
	}
	return ""
}

func (c CSRF) originTrusted(a Attempt) bool {
	own := "http://" + a.Host
	if a.Secure {
		own = "https://" + a.Host
	}
	if a.Host != "" && *a.Origin == own || slices.Contains(c.TrustedOrigins, *a.Origin) && !strings.Contains(*a.Origin, "*") {
		return true
	}
	origin, ok := splitURL(*a.Origin)
	return ok && slices.ContainsFunc(c.TrustedOrigins, func(trusted string) bool {
		t, _ := splitURL(trusted)
		pattern, wild := strings.CutPrefix(t.netloc, "*")
		return wild && t.scheme == origin.scheme && sameDomain(origin.netloc, pattern)
	})
}

func (c CSRF) checkReferer(a Attempt) string {
	if a.Referer == nil {
		return reasonNoReferer
	}
	referer, ok := splitURL(*a.Referer)
	if !ok || referer.scheme == "" || referer.netloc == "" {
		return reasonMalformedReferer
	}
	if referer.scheme != "https" {
		return reasonInsecureReferer
	}
	if c.refererTrusted(a, referer.netloc) {
		return ""
	}
	return fmt.Sprintf("Referer checking failed - %s does not match any trusted origins.", referer.text())
}

func (c CSRF) refererTrusted(a Attempt, netloc string) bool {
	own := a.Host
	if c.CookieDomain != "" {
		own = c.CookieDomain
		if port := portOf(a.Host); port != "" && port != "443" && port != "80" {
			own += ":" + port
		}
	}
	return sameDomain(netloc, own) || slices.ContainsFunc(c.TrustedOrigins, func(trusted string) bool {
		t, _ := splitURL(trusted)
		return sameDomain(netloc, strings.TrimLeft(t.netloc, "*"))
	})
}

func checkToken(a Attempt) string {
	token, source := a.FormToken, "POST"
	if a.Method != http.MethodPost || token == "" {
		if a.HeaderToken == nil {
			return reasonTokenMissing
		}
		token, source = *a.HeaderToken, "the 'X-Csrftoken' HTTP header"
	}
	problem := malformed(token)
	if problem == "" && !sameText(unmask(token), unmask(*a.Cookie)) {
		problem = "incorrect"
	}
	if problem != "" {
		return fmt.Sprintf("CSRF token from %s %s.", source, problem)
	}
	return ""
}

const (
	secretLength = 32
	tokenLength  = 2 * secretLength
	tokenLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// malformed tells what keeps text from being a secret or a masked secret, "" for nothing.
func malformed(text string) string {
	if n := len([]rune(text)); n != secretLength && n != tokenLength {
		return "has incorrect length"
	}
	if strings.Trim(text, tokenLetters) != "" {
		return "has invalid characters"
	}
	return ""
}

// mask hides a secret behind a random text that stands before it, so that it looks different in every answer.
func mask(secret string) string {
	key := identity.RandomText(secretLength)
	return key + shift(secret, key, 1)
}

// unmask gives the secret of a well-formed token; one that is not masked is the secret itself.
func unmask(token string) string {
	if len(token) != tokenLength {
		return token
	}
	return shift(token[secretLength:], token[:secretLength], -1)
}

// shift moves every letter of text by the place of the key's letter, around the alphabet.
func shift(text, key string, direction int) string {
	n := len(tokenLetters)
	out := make([]byte, len(text))
	for i := range text {
		place := strings.IndexByte(tokenLetters, text[i]) + direction*strings.IndexByte(tokenLetters, key[i])
		out[i] = tokenLetters[(place+n)%n]
	}
	return string(out)
}

// Secret is the CSRF secret of one request. It belongs to one request and is not safe for concurrent use.
type Secret struct {
	csrf  CSRF
	value string
	send  bool
}

const csrfAge = 52 * 7 * 24 * 60 * 60 // seconds: a year of weeks

// Secret takes the secret out of a request's cookie, nil for none. A malformed one is replaced, which sends a cookie.
func (c CSRF) Secret(cookie *string) *Secret {
	s := &Secret{csrf: c}
	switch {
	case cookie == nil:
	case malformed(*cookie) != "":
		s.Rotate()
	default:
		s.value = unmask(*cookie)
	}
	return s
}

// Token returns the secret masked, for a form or a script of the own site. It makes a secret where there is none and
// sends the cookie.
func (s *Secret) Token() string {
	if s.value == "" {
		s.Rotate()
	}
	s.send = true
	return mask(s.value)
}

// Rotate makes a new secret: what a login does.
func (s *Secret) Rotate() { s.value, s.send = identity.RandomText(secretLength), true }

// Cookie is the cookie to send with the answer, which then varies by Cookie; nil for none.
func (s *Secret) Cookie() *http.Cookie {
	if !s.send {
		return nil
	}
	return &http.Cookie{
		Name: s.csrf.Name(), Value: s.value, Path: "/", Domain: s.csrf.CookieDomain, MaxAge: csrfAge,
		Secure: s.csrf.Secure, SameSite: http.SameSiteLaxMode,
	}
}
