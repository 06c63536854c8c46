package conformance_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/identity"
)

func base64URL(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signed is a token with any header and payload.
func signed(header, payload, key string, h func() hash.Hash) string {
	text := base64URL(header) + "." + base64URL(payload)
	mac := hmac.New(h, []byte(key))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const (
	header256 = `{"alg":"HS256","typ":"JWT"}`
	// aliceClaims let alice in when they are signed with the key.
	aliceClaims = `{"token_type":"access","exp":4070908800,"iat":1717200000,"jti":"5d41402abc4b2a76b9719d911017c592","user_id":"4"}`
)

func signingKey(t *testing.T) string {
	t.Helper()
	options, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	return options.SigningKey
}

// forgedTokens are tokens that somebody without the key can make, or that no honest issuer makes with it.
func forgedTokens(key, good string) map[string]string {
	head, payload, signature := cutToken(good)
	forged := map[string]string{
		"empty": "", "two parts": head + "." + payload, "no signature": head + "." + payload + ".", "four parts": good + ".x",
		"five parts": "a.a.a.a.a", "only periods": strings.Repeat(".", 6000), "very long": good + strings.Repeat("A", 9000),
		"padding": good + "=", "blank inside": head + "." + payload + ". " + signature, "not base64": "!!!." + payload + "." + signature,
		"other last bits": head + "." + payload + "." + otherLastBits(signature),
		"psychic":         base64URL(`{"alg":"ES256"}`) + "." + payload + "." + base64URL(strings.Repeat("\x00", 64)),
		"HS384":           signed(`{"alg":"HS384"}`, aliceClaims, key, sha512.New384),
		"HS512":           signed(`{"alg":"HS512"}`, aliceClaims, key, sha512.New),
		"deep payload":    signed(header256, strings.Repeat("[", 2500), key, sha256.New),
		"not UTF-8":       signed(header256, "\xff\xfe", key, sha256.New),
	}
	for name, header := range map[string]string{
		"no algorithm": `{"typ":"JWT"}`, "null algorithm": `{"alg":null}`, "list of algorithms": `{"alg":["HS256"]}`, "other case": `{"alg":"hs256"}`,
		"critical": `{"alg":"HS256","crit":["exp"]}`, "detached": `{"alg":"HS256","b64":false}`, "deep header": strings.Repeat("[", 2500),
	} {
		forged[name] = signed(header, aliceClaims, key, sha256.New)
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", "", `\u006eone`, `HS256\u0000`, "RS256", "PS256", "EdDSA"} {
		h := base64URL(`{"alg":"` + alg + `","typ":"JWT"}`)
		forged["unsigned "+alg] = h + "." + payload + "."
		forged["signature of another algorithm "+alg] = h + "." + payload + "." + signature
	}
	for _, weak := range []string{"", "secret", "changeme", "key", "testserver", "django-insecure", strings.Repeat("\x00", 64), "HS256"} {
		forged[fmt.Sprintf("key %q", weak)] = signed(header256, aliceClaims, weak, sha256.New)
	}
	for _, kid := range []string{`"../../dev/null"`, `"x' UNION SELECT 'a'--"`, `0`, `["a"]`, `"\u0000"`} {
		forged["kid "+kid] = signed(`{"alg":"HS256","kid":`+kid+`}`, aliceClaims, "", sha256.New)
	}
	for name, where := range map[string]string{"jku": `"http://127.0.0.1:1/"`, "x5u": `"http://127.0.0.1:1/"`, "jwk": `{"kty":"oct","k":"YQ"}`} {
		forged[name] = signed(`{"alg":"HS256","`+name+`":`+where+`}`, aliceClaims, "a", sha256.New)
	}
	return forged
}

func cutToken(token string) (header, payload, signature string) {
	parts := strings.Split(token, ".")
	return parts[0], parts[1], parts[2]
}

// otherLastBits changes the bits of the last character that a lenient decoder does not look at.
func otherLastBits(signature string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(signature) - 1
	return signature[:last] + string(alphabet[strings.IndexByte(alphabet, signature[last])^1])
}

func TestForgedTokensAreRefused(t *testing.T) {
	key := signingKey(t)
	good := signed(header256, aliceClaims, key, sha256.New)
	eachShop(t, func(t *testing.T, s *shop) {
		if who, _ := s.username(t, "Authorization: Bearer "+good); who != "alice" {
			t.Fatalf("the token that is to be forged is no good: %q", who)
		}
		for name, token := range forgedTokens(key, good) {
			started := time.Now()
			w := s.call("GET /api/users/me/", "", "Authorization: Bearer "+token)
			checkAnswer(t, name, w)
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Bearer realm="api"` || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s %v", name, w.Code, w.Body, w.Header())
			}
			if took := time.Since(started); took > time.Second {
				t.Errorf("%s took %v", name, took)
			}
			for _, path := range []string{"verify", "refresh", "blacklist"} {
				w := s.call("POST /api/token/"+path+"/", object("token", token, "refresh", token))
				checkAnswer(t, path+" "+name, w)
				if w.Code != http.StatusUnauthorized && w.Code != http.StatusBadRequest {
					t.Errorf("%s %s: %d %s", path, name, w.Code, w.Body)
				}
			}
		}
	})
}

// claimsWith is a payload with one claim replaced, or left out when the value is empty.
func claimsWith(name, value string) string {
	all := map[string]string{"token_type": `"access"`, "exp": "4070908800", "iat": "1717200000", "jti": `"5d41402abc4b2a76b9719d911017c592"`, "user_id": `"4"`}
	all[name] = value
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	var pairs []string
	for name, value := range all {
		pairs = append(pairs, `"`+name+`":`+value)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// TestOddClaimsAreRefused: what is signed with the key, perhaps by another service, is not trusted blindly.
func TestOddClaimsAreRefused(t *testing.T) {
	odd := map[string]string{"no object": `[]`, "null": `null`, "text": `"alice"`, "nothing": `{}`, "broken": `{"exp":`, "two objects": aliceClaims + aliceClaims}
	for name, values := range map[string][]string{
		"exp":        {``, `null`, `"4070908800"`, `1e400`, `99999999999999999999`, `-1`, `true`, `[]`, `{}`, `1717200001`},
		"iat":        {`4070908800`, `"x"`, `1e400`},
		"nbf":        {`4070908799`, `"x"`},
		"jti":        {``, `null`, `5`, `[]`, `"` + strings.Repeat("x", 300) + `"`, `"\u0000"`},
		"sub":        {`5`},
		"token_type": {``, `null`, `"refresh"`, `"Access"`, `["access"]`, `"sliding"`},
		"user_id":    {``, `null`, `[4]`, `{"id":4}`, `"1 OR 1=1"`, `"4\u0000"`, `1.5`, `"４"`, `" 4"`, `"+4"`, `true`, `9223372036854775808`, `2147483648`, `-4`, `0`, `""`, `1e400`},
	} {
		for _, value := range values {
			odd[name+" "+value] = claimsWith(name, value)
		}
	}
	key := signingKey(t)
	eachShop(t, func(t *testing.T, s *shop) {
		for name, payload := range odd {
			token := signed(header256, payload, key, sha256.New)
			w := s.call("GET /api/users/me/", "", "Authorization: Bearer "+token)
			checkAnswer(t, name, w)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			refresh := signed(header256, strings.Replace(payload, `"access"`, `"refresh"`, 1), key, sha256.New)
			checkAnswer(t, "refresh with "+name, s.call("POST /api/token/refresh/", object("refresh", refresh)))
			checkAnswer(t, "verify "+name, s.call("POST /api/token/verify/", object("token", token)))
			checkAnswer(t, "blacklist "+name, s.call("POST /api/token/blacklist/", object("refresh", refresh)))
		}
	})
}

// TestTokensEndWithTheAccount: tokens and sessions of disabled and of deleted users are worth nothing.
func TestTokensEndWithTheAccount(t *testing.T) {
	ends := map[string]func(t *testing.T, s *shop, u *identity.User) error{
		"disabled": func(_ *testing.T, s *shop, u *identity.User) error {
			return s.app.DB().Gorm.Model(u).UpdateColumn("is_active", false).Error
		},
		"deleted": func(t *testing.T, s *shop, u *identity.User) error {
			access, _ := s.login(t, "admin", "admin-Pass-1")
			if w := s.call(fmt.Sprintf("DELETE /api/users/%d/", u.ID), "", "Authorization: Bearer "+access); w.Code != http.StatusNoContent {
				return fmt.Errorf("%d %s", w.Code, w.Body)
			}
			return nil
		},
	}
	const password = "a-Pass-word-9"
	eachShop(t, func(t *testing.T, s *shop) {
		for name, end := range ends {
			user, err := s.app.Users().CreateUser(t.Context(), identity.NewUser{Username: name, Password: password})
			if err != nil {
				t.Fatal(err)
			}
			access, refresh := s.login(t, name, password)
			cookies, _ := s.sessionOf(t, name, password)
			if err := end(t, s, user); err != nil {
				t.Fatal(err)
			}
			for what, header := range map[string]string{"access token": "Authorization: Bearer " + access, "session": cookies} {
				if who, status := s.username(t, header); status != http.StatusUnauthorized {
					t.Errorf("%s: %s as %q, %d", name, what, who, status)
				}
			}
			if w := s.call("POST /api/token/refresh/", object("refresh", refresh)); w.Code != http.StatusUnauthorized {
				t.Errorf("%s: refresh %d %s", name, w.Code, w.Body)
			}
			if w := s.call("POST /api/token/", object("username", name, "password", password)); w.Code != http.StatusUnauthorized {
				t.Errorf("%s: login %d %s", name, w.Code, w.Body)
			}
		}
	})
}

// TestRefreshTokensAreUsedOnce: of many uses at the same time exactly one succeeds.
func TestRefreshTokensAreUsedOnce(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		_, refresh := s.login(t, "alice", "alice-Pass-4")
		statuses := make([]int, 16)
		var all sync.WaitGroup
		for i := range statuses {
			all.Go(func() { statuses[i] = s.call("POST /api/token/refresh/", object("refresh", refresh)).Code })
		}
		all.Wait()
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		if counts[http.StatusOK] != 1 || counts[http.StatusUnauthorized] != len(statuses)-1 {
			t.Errorf("statuses %v", counts)
		}
	})
}

// TestTokensAreTakenFromTheHeaderAlone: an address or a form can be planted and ends up in logs, and no header but
// Authorization says who somebody is.
func TestTokensAreTakenFromTheHeaderAlone(t *testing.T) {
	token := signed(header256, aliceClaims, signingKey(t), sha256.New)
	tests := map[string][]string{
		"query":           {"GET /api/users/me/?access_token=" + token + "&token=" + token + "&jwt=" + token, ""},
		"cookie":          {"GET /api/users/me/", "", "Cookie: access_token=" + token + "; jwt=" + token},
		"form":            {"PATCH /api/users/me/", "access_token=" + token, "Content-Type: application/x-www-form-urlencoded"},
		"other header":    {"GET /api/users/me/", "", "X-Access-Token: " + token, "X-Authorization: Bearer " + token},
		"lower-case word": {"GET /api/users/me/", "", "Authorization: bearer " + token},
		"other word":      {"GET /api/users/me/", "", "Authorization: JWT " + token},
		"no word":         {"GET /api/users/me/", "", "Authorization: " + token},
		"two words":       {"GET /api/users/me/", "", "Authorization: Bearer " + token + " " + token},
		"headers of proxies": {
			"GET /api/users/me/", "", "X-Remote-User: admin", "Remote-User: admin", "REMOTE_USER: admin", "X-Forwarded-User: admin", "X-User-Id: 1",
			"X-Middleware-Subrequest: middleware", "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz", "X-HTTP-Method-Override: OPTIONS",
		},
	}
	eachShop(t, func(t *testing.T, s *shop) {
		for name, request := range tests {
			w := s.call(request[0], request[1], request[2:]...)
			checkAnswer(t, name, w)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
	})
}

// TestAnswersThatNoCacheMayKeep: tokens are kept by nobody, what is made for one user by no shared cache.
func TestAnswersThatNoCacheMayKeep(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		access, refresh := s.login(t, "alice", "alice-Pass-4")
		cookies, _ := s.sessionOf(t, "alice", "alice-Pass-4")
		bearer := "Authorization: Bearer " + access
		for _, tt := range []struct{ line, body, header, want string }{
			{"POST /api/token/", object("username", "alice", "password", "alice-Pass-4"), "A: b", "no-store"},
			{"POST /api/token/refresh/", object("refresh", refresh), "A: b", "no-store"},
			{"GET /api-auth/login/", "", "A: b", "no-store"},
			{"GET /api/orders/", "", bearer, "private"},
			{"GET /api/orders/", "", cookies, "private"},
			{"GET /api/products/", "", bearer, "private"},
			{"GET /api/users/me/", "", bearer, "private"},
			{"GET /api/orders/00000000-0000-0000-0000-000000000000/", "", bearer, "private"},
		} {
			w := s.call(tt.line, tt.body, tt.header)
			if got := w.Header().Get("Cache-Control"); !strings.Contains(got, tt.want) {
				t.Errorf("%s: %d, Cache-Control %q, want %s", tt.line, w.Code, got, tt.want)
			}
		}
		if got := s.call("GET /api/products/", "").Header().Get("Cache-Control"); got != "" {
			t.Errorf("a public list has Cache-Control %q", got)
		}
	})
}
