package jwtauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/jwtauth"
)

type recordedTokens struct {
	SigningKey string `json:"signing_key"`
	JWT        map[string]struct {
		Token  string
		Claims map[string]any
		Valid  bool
		Note   string
	}
}

func recorded(t testing.TB) recordedTokens {
	t.Helper()
	text, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recordedTokens
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// now is a moment at which the recorded tokens are good.
var now = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)

func offline(t testing.TB, change func(*jwtauth.Config)) *jwtauth.Service {
	t.Helper()
	c := jwtauth.Config{SigningKey: recorded(t).SigningKey, Now: func() time.Time { return now }}
	if change != nil {
		change(&c)
	}
	s, err := jwtauth.New(c, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseRecordedTokens(t *testing.T) {
	refused := map[string]error{
		"alice-expired": jwtauth.ErrExpired, "alice-refresh-expired": jwtauth.ErrExpired, "wrong-key": jwtauth.ErrInvalid,
		"hs512": jwtauth.ErrInvalid, "no-type": jwtauth.ErrNoType, "sliding": jwtauth.ErrWrongType, "no-exp": jwtauth.ErrNoExpiry,
		"no-jti": jwtauth.ErrNoID, "alg-none": jwtauth.ErrInvalid, "tampered": jwtauth.ErrInvalid,
	}
	s := offline(t, nil)
	for name, r := range recorded(t).JWT {
		kind, other := jwtauth.Access, jwtauth.Refresh
		if strings.Contains(name, "-refresh") {
			kind, other = other, kind
		}
		token, err := s.Parse(r.Token, kind)
		if !errors.Is(err, refused[name]) {
			t.Errorf("%s: %v, want %v", name, err, refused[name])
		}
		if err != nil {
			continue
		}
		text, _ := json.Marshal(&token.Claims)
		var claims map[string]any
		if err := json.Unmarshal(text, &claims); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Claims, claims); diff != "" {
			t.Errorf("%s: claims (-want +got):\n%s", name, diff)
		}
		if _, err := s.Parse(r.Token, other); !errors.Is(err, jwtauth.ErrWrongType) {
			t.Errorf("%s as %s: %v, want %v", name, other, err, jwtauth.ErrWrongType)
		}
	}
}

func TestUserID(t *testing.T) {
	for claim, want := range map[string]int64{
		`"4"`: 4, `4`: 4, `"007"`: 7, `"-1"`: -1,
		`""`: 0, `"x"`: 0, `"+4"`: 0, `" 4"`: 0, `"４"`: 0, `4.5`: 0, `true`: 0, `null`: 0, `["4"]`: 0, `{"a":4}`: 0, `1e400`: 0, `99999999999999999999`: 0,
	} {
		token, err := offline(t, nil).Parse(forge(t, `{"token_type":"access","exp":4070908800,"jti":"a","user_id":`+claim+`}`), jwtauth.Access)
		if err != nil {
			t.Errorf("%s: %v", claim, err)
			continue
		}
		id, ok := token.UserID()
		if ok != (want != 0) || ok && id != want {
			t.Errorf("user_id %s: %d, %v; want %d", claim, id, ok, want)
		}
	}
}

// forge signs any payload, and any header but the usual one, with the right key.
func forge(t testing.TB, payload string, header ...string) string {
	t.Helper()
	head := `{"alg":"HS256","typ":"JWT"}`
	if len(header) > 0 {
		head = header[0]
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(recorded(t).SigningKey))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestParseSignedOddities(t *testing.T) {
	claims := func(changed string) string {
		return `{"token_type":"access","exp":4070908800,"iat":1717200000,"jti":"a","user_id":"4"` + changed + `}`
	}
	usual := `{"alg":"HS256","typ":"JWT"}`
	cases := map[string]struct {
		token string
		want  error
	}{
		"good":                {forge(t, claims("")), nil},
		"last of two counts":  {forge(t, claims(`,"token_type":"refresh"`)), jwtauth.ErrWrongType},
		"iat in the future":   {forge(t, claims(`,"iat":4000000000`)), jwtauth.ErrInvalid},
		"nbf in the future":   {forge(t, claims(`,"nbf":4000000000`)), jwtauth.ErrInvalid},
		"future and expired":  {forge(t, claims(`,"iat":4000000000,"exp":1`)), jwtauth.ErrInvalid},
		"exp null":            {forge(t, claims(`,"exp":null`)), jwtauth.ErrInvalid},
		"exp text":            {forge(t, claims(`,"exp":"4070908800"`)), jwtauth.ErrInvalid},
		"exp 1e400":           {forge(t, claims(`,"exp":1e400`)), jwtauth.ErrInvalid},
		"exp after all years": {forge(t, claims(`,"exp":253402300800`)), jwtauth.ErrInvalid},
		"exp broken":          {forge(t, claims(`,"exp":4070908800.5`)), nil},
		"exp now":             {forge(t, claims(fmt.Sprintf(`,"exp":%d`, now.Unix()))), jwtauth.ErrExpired},
		"exp next second":     {forge(t, claims(fmt.Sprintf(`,"exp":%d`, now.Unix()+1))), nil},
		"exp negative":        {forge(t, claims(`,"exp":-1`)), jwtauth.ErrExpired},
		"jti number":          {forge(t, claims(`,"jti":5`)), jwtauth.ErrInvalid},
		"sub number":          {forge(t, claims(`,"sub":5`)), jwtauth.ErrInvalid},
		"type number":         {forge(t, claims(`,"token_type":5`)), jwtauth.ErrWrongType},
		"payload null":        {forge(t, `null`), jwtauth.ErrInvalid},
		"payload list":        {forge(t, `[]`), jwtauth.ErrInvalid},
		"payload text":        {forge(t, `"a"`), jwtauth.ErrInvalid},
		"payload empty":       {forge(t, ``), jwtauth.ErrInvalid},
		"payload twice":       {forge(t, claims("")+"{}"), jwtauth.ErrInvalid},
		"no claims":           {forge(t, `{}`), jwtauth.ErrNoExpiry},
		"header null":         {forge(t, claims(""), `null`), jwtauth.ErrInvalid},
		"header without alg":  {forge(t, claims(""), `{"typ":"JWT"}`), jwtauth.ErrInvalid},
		"alg number":          {forge(t, claims(""), `{"alg":5}`), jwtauth.ErrInvalid},
		"alg in small":        {forge(t, claims(""), `{"alg":"hs256"}`), jwtauth.ErrInvalid},
		"critical extension":  {forge(t, claims(""), `{"alg":"HS256","crit":["x"]}`), jwtauth.ErrInvalid},
		"detached":            {forge(t, claims(""), `{"alg":"HS256","b64":false}`), jwtauth.ErrInvalid},
		"key id number":       {forge(t, claims(""), `{"alg":"HS256","kid":1}`), jwtauth.ErrInvalid},
		"key id text":         {forge(t, claims(""), `{"alg":"HS256","kid":"../../x"}`), nil},
		"deep header":         {forge(t, claims(""), strings.Repeat("[", 2500)), jwtauth.ErrInvalid},
		"padded":              {forge(t, claims(""), usual) + "=", jwtauth.ErrInvalid},
		"longer than allowed": {forge(t, claims(`,"x":"`+strings.Repeat("x", 9000)+`"`)), jwtauth.ErrInvalid},
		"periods":             {strings.Repeat(".", 6000), jwtauth.ErrInvalid},
		"empty":               {"", jwtauth.ErrInvalid},
		"no signature":        {strings.TrimRight(forge(t, claims("")), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), jwtauth.ErrInvalid},
	}
	s := offline(t, nil)
	for name, c := range cases {
		if _, err := s.Parse(c.token, jwtauth.Access); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestOneSpelling: the last character of a signature has bits that decode to nothing; other ones are not the same token.
func TestOneSpelling(t *testing.T) {
	s, good := offline(t, nil), recorded(t).JWT["alice"].Token
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, c := range alphabet {
		other := good[:len(good)-1] + string(c)
		if _, err := s.Parse(other, jwtauth.Access); (err == nil) != (other == good) {
			t.Errorf("with last character %c: %v", c, err)
		}
	}
}

func TestLeeway(t *testing.T) {
	token := forge(t, fmt.Sprintf(`{"token_type":"access","exp":%d,"iat":%d,"jti":"a"}`, now.Unix()-5, now.Unix()+5))
	if _, err := offline(t, func(c *jwtauth.Config) { c.Leeway = 10 * time.Second }).Parse(token, jwtauth.Access); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	if _, err := offline(t, func(c *jwtauth.Config) { c.Leeway = time.Second }).Parse(token, jwtauth.Access); err == nil {
		t.Error("outside the leeway: accepted")
	}
}

func TestAudienceAndIssuer(t *testing.T) {
	s := offline(t, func(c *jwtauth.Config) { c.Audience, c.Issuer = "shop", "us" })
	base := `{"token_type":"access","exp":4070908800,"jti":"a"`
	for claims, want := range map[string]error{
		`,"aud":"shop","iss":"us"`: nil, `,"aud":["x","shop"],"iss":"us"`: nil, `,"aud":"shop"`: jwtauth.ErrInvalid, `,"iss":"us"`: jwtauth.ErrInvalid,
		`,"aud":"x","iss":"us"`: jwtauth.ErrInvalid, `,"aud":"shop","iss":"x"`: jwtauth.ErrInvalid, `,"aud":[1],"iss":"us"`: jwtauth.ErrInvalid, `,"aud":5,"iss":"us"`: jwtauth.ErrInvalid,
	} {
		if _, err := s.Parse(forge(t, base+claims+"}"), jwtauth.Access); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", claims, err, want)
		}
	}
}

func TestConfigMistakes(t *testing.T) {
	good := strings.Repeat("k", 32)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]jwtauth.Config{
		"too short":                {SigningKey: good[1:]},
		"needs a string":           {SigningKey: 5},
		"HS256 needs":              {},
		"unknown Algorithm":        {Algorithm: "none", SigningKey: good},
		"needs an *rsa.PrivateKey": {Algorithm: "RS256", SigningKey: good},
		"*ecdsa.PrivateKey as":     {Algorithm: "ES256", SigningKey: good},
		"PS256":                    {Algorithm: "PS256", SigningKey: key},
	} {
		if _, err := jwtauth.New(c, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error with %q", c.Algorithm, err, want)
		}
	}
}

func TestTokensAreNotPrinted(t *testing.T) {
	raw := recorded(t).JWT["alice"].Token
	token, err := offline(t, nil).Parse(raw, jwtauth.Access)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, v := range []any{token, *token, jwtauth.OutstandingToken{Token: raw, JTI: "j"}, &jwtauth.OutstandingToken{Token: raw}} {
		fmt.Fprintf(&out, "%v %+v %#v\n", v, v, v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("seen", "value", v)
		if text, err := json.Marshal(v); err == nil {
			out.Write(text)
		}
	}
	if strings.Contains(out.String(), raw) {
		t.Errorf("the token is printed:\n%s", out.String())
	}
	if token.ID() != "c94ea519f0264e5d94467dcfedb25673" || token.Kind() != jwtauth.Access || token.Raw() != raw || token.Expires().Unix() != 4070908800 {
		t.Errorf("token = %v", token)
	}
}

func TestClaimsKeepTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfDistinct(rapid.String(), rapid.ID[string]).Draw(t, "names")
		var c jwtauth.Claims
		for i, name := range names {
			c.Set(name, json.Number(fmt.Sprint(i)))
		}
		text, err := c.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		var again jwtauth.Claims
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.Names(), again.Names()); len(names) > 0 && diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestRSAKeysDoNotVerifyAsSecrets(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := offline(t, func(c *jwtauth.Config) { c.Algorithm, c.SigningKey = "RS256", key })
	if _, err := s.Parse(recorded(t).JWT["alice"].Token, jwtauth.Access); !errors.Is(err, jwtauth.ErrInvalid) {
		t.Errorf("a token with HS256: %v, want %v", err, jwtauth.ErrInvalid)
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range recorded(f).JWT {
		f.Add(r.Token)
	}
	s := offline(f, nil)
	good := map[string]bool{}
	for _, r := range recorded(f).JWT {
		good[r.Token] = true
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if token, err := s.Parse(raw, jwtauth.Access); err == nil && !good[raw] {
			t.Errorf("%q was accepted as %v", raw, token)
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add(`{"exp":1,"a":{"b":[1.5e3,null]},"exp":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c jwtauth.Claims
		if json.Unmarshal([]byte(text), &c) != nil {
			return
		}
		if _, err := json.Marshal(&c); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
