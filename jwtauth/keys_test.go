package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // of crypto.SHA256
	_ "crypto/sha512" // of crypto.SHA384, crypto.SHA512
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quintet-go/quintet/jwtauth"
)

// signers is a key for every algorithm.
func signers(t *testing.T) map[string]any {
	t.Helper()
	keys := map[string]any{}
	for _, bits := range []string{"256", "384", "512"} {
		keys["HS"+bits] = "a secret of at least thirty-two bytes " + bits
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	keys["RS256"], keys["RS384"], keys["RS512"] = private, private, private
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		if keys[name], err = ecdsa.GenerateKey(curve, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// publicKey is what everybody may know of a key, in the spellings that a library may take for a secret.
func publicKey(t *testing.T, key any) (spellings [][]byte) {
	t.Helper()
	private, ok := key.(crypto.Signer)
	if !ok {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	spellings = [][]byte{der, text, []byte(strings.TrimSpace(string(text)))}
	if r, ok := key.(*rsa.PrivateKey); ok {
		spellings = append(spellings, r.N.Bytes(), []byte(r.N.String()))
	}
	return spellings
}

// hmacToken signs with a secret of the attacker's choice.
func hmacToken(header, payload string, hash crypto.Hash, secret []byte) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(hash.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

const anyClaims = `{"token_type":"access","exp":4070908800,"iat":1717200000,"jti":"a","user_id":"1"}`

func TestAlgorithms(t *testing.T) {
	keys := signers(t)
	each(t, nil, func(t *testing.T, b *bench) {
		for algorithm, key := range keys {
			s, err := jwtauth.New(jwtauth.Config{Algorithm: algorithm, SigningKey: key, Now: func() time.Time { return b.at }}, b.db.Gorm, b.users)
			if err != nil {
				t.Fatal(err)
			}
			pair, err := s.Login(t.Context(), "alice", "right")
			if err != nil {
				t.Fatal(err)
			}
			checkAlgorithm(t, s, algorithm, key, pair.Access)
			for other, otherKey := range keys {
				foreign := offline(t, func(c *jwtauth.Config) { c.Algorithm, c.SigningKey = other, otherKey })
				if _, err := foreign.Parse(pair.Access, jwtauth.Access); other != algorithm && !errors.Is(err, jwtauth.ErrInvalid) {
					t.Errorf("a token with %s where %s is used: %v", algorithm, other, err)
				}
			}
		}
	})
}

// checkAlgorithm takes the own token, and nothing that was made without the private key.
func checkAlgorithm(t *testing.T, s *jwtauth.Service, algorithm string, key any, raw string) {
	t.Helper()
	if _, err := s.Parse(raw, jwtauth.Access); err != nil {
		t.Errorf("%s: the own token: %v", algorithm, err)
	}
	head, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
	if want := fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, algorithm); err != nil || string(head) != want {
		t.Errorf("header %s, want %s", head, want)
	}
	if _, err := s.Parse(strings.Replace(raw, ".", ".e30", 1), jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
		t.Errorf("%s: tampered: %v", algorithm, err)
	}
	for _, secret := range publicKey(t, key) {
		for alg, hash := range map[string]crypto.Hash{"HS256": crypto.SHA256, "HS384": crypto.SHA384, "HS512": crypto.SHA512, algorithm: crypto.SHA256} {
			if _, err := s.Parse(hmacToken(`{"alg":"`+alg+`","typ":"JWT"}`, anyClaims, hash, secret), jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
				t.Errorf("%s: the public key as a secret of %s: %v", algorithm, alg, err)
			}
		}
	}
}

func TestNoneIsNoAlgorithm(t *testing.T) {
	s := offline(t, nil)
	payload := base64.RawURLEncoding.EncodeToString([]byte(anyClaims))
	signature := strings.Split(forge(t, anyClaims), ".")[2]
	for _, alg := range []string{
		`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `"none "`, `""`, `" "`, `null`, `["HS256"]`, `{"alg":"HS256"}`, `true`, `0`, `"HS256\u0000"`, `"HS257"`, `"HS1"`,
		`"RS256"`, `"ES256"`, `"PS256"`, `"EdDSA"`, `"HS384"`, `"A128KW"`, `"dir"`,
	} {
		head := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":` + alg + `}`))
		for _, raw := range []string{head + "." + payload + ".", head + "." + payload, head + "." + payload + "." + signature, forge(t, anyClaims, `{"typ":"JWT","alg":`+alg+`}`)} {
			if token, err := s.Parse(raw, jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
				t.Errorf("alg %s: %v, %v", alg, token, err)
			}
		}
	}
}

// TestHeadersNameNoKeys: whatever a header says of keys, only the configured one counts, and nothing is fetched.
func TestHeadersNameNoKeys(t *testing.T) {
	var fetched atomic.Int64
	listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	defer listener.Close()
	s := offline(t, nil)
	own := []byte("the attacker's own secret, long enough")
	encoded := base64.RawURLEncoding.EncodeToString(own)
	for _, more := range []string{
		`"jwk":{"kty":"oct","k":"` + encoded + `"}`, `"jku":"` + listener.URL + `/jwks.json"`, `"x5u":"` + listener.URL + `/cert.pem"`,
		`"x5c":["` + encoded + `"]`, `"kid":"../../../../dev/null"`, `"kid":"x' UNION SELECT 'secret"`, `"kid":"` + listener.URL + `"`, `"kid":""`, `"kid":null`,
		`"kid":["a"]`, `"kid":{"a":1}`, `"zip":"DEF"`, `"cty":"JWT"`, `"crit":[]`, `"crit":null`, `"b64":false,"crit":["b64"]`, `"b64":null`, `"p2c":2147483647`, `"alg":"none"`,
	} {
		header := `{"alg":"HS256",` + more + `}`
		for _, secret := range [][]byte{own, nil, {0}, []byte("secret")} {
			if token, err := s.Parse(hmacToken(header, anyClaims, crypto.SHA256, secret), jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
				t.Errorf("%s with %q: %v, %v", header, secret, token, err)
			}
		}
	}
	if fetched.Load() != 0 {
		t.Errorf("%d addresses of headers were fetched", fetched.Load())
	}
}

// TestSpellings: of one token there is one spelling.
func TestSpellings(t *testing.T) {
	s, good := offline(t, nil), forge(t, anyClaims)
	parts := strings.Split(good, ".")
	for name, raw := range map[string]string{
		"blank before": " " + good, "blank after": good + " ", "line break after": good + "\n", "line break in the signature": good[:len(good)-5] + "\r\n" + good[len(good)-5:], "line break within": parts[0] + ".\n" + parts[1] + "." + parts[2],
		"padded header": parts[0] + "=." + parts[1] + "." + parts[2], "padded claims": parts[0] + "." + parts[1] + "==." + parts[2], "padded signature": good + "=",
		"two parts": parts[0] + "." + parts[1], "four parts": good + ".", "five parts": good + ".a.b", "no header": "." + parts[1] + "." + parts[2],
		"no claims": parts[0] + ".." + parts[2], "standard alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+", "quoted": `"` + good + `"`,
		"JSON form": `{"payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, "zero byte": good + "\x00", "signature of a part": parts[0] + "." + parts[1] + "." + parts[2][:20],
		"swapped": parts[1] + "." + parts[0] + "." + parts[2], "percent escaped": strings.ReplaceAll(good, ".", "%2e"), "full-width dot": strings.Replace(good, ".", "．", 1),
	} {
		if token, err := s.Parse(raw, jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, token, err)
		}
	}
}

func TestLongestToken(t *testing.T) {
	raw := forge(t, anyClaims)
	for most, want := range map[int]error{len(raw): nil, len(raw) - 1: jwtauth.ErrInvalid, 1: jwtauth.ErrInvalid} {
		if _, err := offline(t, func(c *jwtauth.Config) { c.MaxLength = most }).Parse(raw, jwtauth.Access); !errors.Is(err, want) {
			t.Errorf("at most %d of %d bytes: %v, want %v", most, len(raw), err, want)
		}
	}
}

func TestKeysOfBothTypes(t *testing.T) {
	text := recorded(t).SigningKey
	raw := recorded(t).JWT["alice"].Token
	for _, key := range []any{text, []byte(text)} {
		if _, err := offline(t, func(c *jwtauth.Config) { c.SigningKey = key }).Parse(raw, jwtauth.Access); err != nil {
			t.Errorf("%T: %v", key, err)
		}
	}
	for _, key := range []any{(*rsa.PrivateKey)(nil), &ecdsa.PrivateKey{}, rsa.PrivateKey{}} {
		if _, err := jwtauth.New(jwtauth.Config{Algorithm: "RS256", SigningKey: key}, nil, nil); err == nil || !strings.Contains(err.Error(), "needs an *rsa.PrivateKey") {
			t.Errorf("%T: %v", key, err)
		}
	}
	if _, err := jwtauth.New(jwtauth.Config{Algorithm: "ES256", SigningKey: (*ecdsa.PrivateKey)(nil)}, nil, nil); err == nil {
		t.Error("a nil key was taken")
	}
}

func TestClaimsThatAreNoObject(t *testing.T) {
	for _, text := range []string{``, `null`, `[]`, `"a"`, `1`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{1:2}`, `{"a":tru}`, `{"a" 1}`, "{\"a\":\"\x01\"}"} {
		var c jwtauth.Claims
		if err := c.UnmarshalJSON([]byte(text)); err == nil && json.Valid([]byte(text)) {
			t.Errorf("%q was read as %v", text, c.Names())
		}
		if err := json.Unmarshal([]byte(text), &c); err == nil && text != "null" {
			t.Errorf("%q was unmarshalled as %v", text, c.Names())
		}
	}
	var c jwtauth.Claims
	c.Set("f", func() {})
	if _, err := c.MarshalJSON(); err == nil || !strings.Contains(err.Error(), "writing the claim f") {
		t.Errorf("a function as claim: %v", err)
	}
	c.Set("f", 1)
	c.Names()[0] = "changed in a copy"
	if v, ok := c.Get("f"); v != 1 || !ok || c.Names()[0] != "f" || c.Text("f") != "" {
		t.Errorf("f = %v, %v of %v", v, ok, c.Names())
	}
}
