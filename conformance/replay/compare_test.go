package replay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance/replay"
)

const signingKey = "key-of-the-test"

// sign makes a token; alg none makes one that is signed all the same.
func sign(t *testing.T, key, alg string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding
	head := enc.EncodeToString([]byte(`{"alg":"`+alg+`"}`)) + "." + enc.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(head))
	return head + "." + enc.EncodeToString(mac.Sum(nil))
}

func access(change func(map[string]any)) map[string]any {
	claims := map[string]any{"token_type": "access", "user_id": "1", "iat": 1000, "exp": 1300, "jti": strings.Repeat("0a", 16)}
	if change != nil {
		change(claims)
	}
	return claims
}

// response is what the server of a comparison answers.
type response struct {
	status  int
	headers [][2]string
	body    string
}

func (r response) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Date"] = nil
	for _, h := range r.headers {
		w.Header().Add(h[0], h[1])
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// TestComparison answers one step and looks at the complaint; an empty one means that the step must pass.
func TestComparison(t *testing.T) {
	jsonType := [][2]string{{"Content-Type", "application/json"}}
	with := func(more ...[2]string) [][2]string { return append(jsonType[:1:1], more...) }
	expect := func(body, more string) string {
		quoted, _ := json.Marshal(body)
		return `{"status":200,"headers":{"content-type":"application/json","allow":null},"body":` + string(quoted) + more + `}`
	}
	cases := map[string]struct {
		expect string
		answer response
		want   string
	}{
		"equal":            {expect(`{"a":1}`, ""), response{200, jsonType, `{"a":1}`}, ""},
		"status":           {expect(``, ""), response{201, jsonType, ``}, "status 201, expected 200"},
		"header value":     {expect(``, ""), response{200, [][2]string{{"Content-Type", "text/html"}}, ``}, `header content-type: "text/html", expected "application/json"`},
		"header missing":   {expect(``, ""), response{200, [][2]string{{"Content-Type", ""}}, ``}, `header content-type: "", expected "application/json"`},
		"header too many":  {expect(``, ""), response{200, with([2]string{"Allow", "GET"}), ``}, `header allow: "GET", expected absent`},
		"repeated headers": {`{"status":200,"headers":{"vary":"Accept, Cookie"},"body":""}`, response{200, [][2]string{{"Vary", "Accept"}, {"Vary", "Cookie"}}, ``}, ""},
		"others are free":  {expect(``, ""), response{200, with([2]string{"X-New", "1"}), ``}, ""},
		"ignored header":   {`{"status":200,"headers":{"x-ignored":"1"},"body":""}`, response{200, jsonType, ``}, ""},

		"body":              {expect(`{"a":1}`, ""), response{200, jsonType, `{"a":2}`}, "body\n      got      {\"a\":2}\n      expected {\"a\":1}"},
		"body's order":      {expect(`{"a":1,"b":2}`, ""), response{200, jsonType, `{"b":2,"a":1}`}, "body"},
		"body's blanks":     {expect(`{"a":1}`, ""), response{200, jsonType, `{"a": 1}`}, "body"},
		"body is anything":  {expect(``, `,"any_body":true`), response{200, jsonType, `{"a": 1}`}, ""},
		"body is not UTF-8": {expect(`base64:/w==`, ""), response{200, jsonType, "\xff"}, ""},
		"body differs far in": {
			expect(strings.Repeat("x", 1000)+"a"+strings.Repeat("y", 1000), ""),
			response{200, jsonType, strings.Repeat("x", 1000) + "b" + strings.Repeat("y", 1000)},
			"xxxby",
		},

		"mask": {
			expect(`{"id":"<uuid>","at":"<datetime>","on":"<date>","n":"<int>","k":"<hex40>","c":"<csrf>","w":"<any>"}`,
				masks("$.id uuid", "$.at datetime", "$.on date", "$.n int", "$.k hex40", "$.c csrf", "$.w any")),
			response{200, jsonType, `{"id":"0188a3c4-0000-4000-8000-00000000abcd","at":"2024-02-29T01:02:03.000004Z","on":"2024-02-29","n":-12,"k":"` +
				strings.Repeat("0a", 20) + `","c":"` + strings.Repeat("aZ", 32) + `","w":"x\ny"}`},
			"",
		},
		"mask of every item":   {expect(`[{"id":"<int>"},{"id":"<int>"}]`, masks("$[*].id int")), response{200, jsonType, `[{"id":1},{"id":22}]`}, ""},
		"exact before every":   {expect(`["<int>","<any>"]`, masks("$[*] int", "$[1] any")), response{200, jsonType, `[1,"x"]`}, ""},
		"null is not masked":   {expect(`{"at":null}`, masks("$.at datetime")), response{200, jsonType, `{"at":null}`}, ""},
		"null where none is":   {expect(`{"at":"<datetime>"}`, masks("$.at datetime")), response{200, jsonType, `{"at":null}`}, "body"},
		"masks keep blanks":    {expect("{\n    \"n\": \"<int>\"\n}", masks("$.n int")), response{200, jsonType, "{\n    \"n\": 5\n}"}, ""},
		"escaped names":        {expect(`{"\u00e9\"":"<int>"}`, masks(`$.é\" int`)), response{200, jsonType, `{"\u00e9\"":5}`}, ""},
		"masked body no JSON":  {expect(`x`, masks("$.n int")), response{200, jsonType, "x"}, "the body is not JSON"},
		"uuid's form":          {expect(`{"id":"<uuid>"}`, masks("$.id uuid")), response{200, jsonType, `{"id":"0188A3C4-0000-4000-8000-00000000ABCD"}`}, `$.id is "0188A3C4-0000-4000-8000-00000000ABCD", no uuid`},
		"datetime's fraction":  {expect(`{"at":"<datetime>"}`, masks("$.at datetime")), response{200, jsonType, `{"at":"2024-02-29T01:02:03.4Z"}`}, "no datetime"},
		"datetime's zone":      {expect(`{"at":"<datetime>"}`, masks("$.at datetime")), response{200, jsonType, `{"at":"2024-02-29T01:02:03"}`}, "no datetime"},
		"date's form":          {expect(`{"on":"<date>"}`, masks("$.on date")), response{200, jsonType, `{"on":"2024-02-29T"}`}, "no date"},
		"int's form":           {expect(`{"n":"<int>"}`, masks("$.n int")), response{200, jsonType, `{"n":1.0}`}, "no int"},
		"hex40's form":         {expect(`{"k":"<hex40>"}`, masks("$.k hex40")), response{200, jsonType, `{"k":"abc"}`}, "no hex40"},
		"csrf's form":          {expect(`{"c":"<csrf>"}`, masks("$.c csrf")), response{200, jsonType, `{"c":"abc"}`}, "no csrf"},
		"jwt's form":           {expect(`{"t":"<jwt>"}`, masks("$.t jwt")), response{200, jsonType, `{"t":"a.b"}`}, "no jwt"},
		"what no mask names":   {expect(`{"n":"<int>","m":1}`, masks("$.n int")), response{200, jsonType, `{"n":1,"m":2}`}, "body"},
		"header mask":          {`{"status":200,"headers":{"allow":"GET, PUT"},"header_masks":{"allow":"(GET|PUT)(, (GET|PUT))"},"body":""}`, response{200, [][2]string{{"Allow", "PUT, GET"}}, ``}, ""},
		"header mask is whole": {`{"status":200,"headers":{"allow":"GET"},"header_masks":{"allow":"PUT|GET"},"body":""}`, response{200, [][2]string{{"Allow", "PUT, GET"}}, ``}, "header allow"},
		"header mask, absent":  {`{"status":200,"headers":{"allow":"GET"},"header_masks":{"allow":".*"},"body":""}`, response{200, nil, ``}, "header allow: absent"},

		"cookies": {
			expect(``, `,"cookies":[{"name":"a","attributes":{"path":"/","max-age":"5","httponly":true,"samesite":"Lax"},"deleted":false},{"name":"b","attributes":{"secure":true},"deleted":true}]`),
			response{200, with([2]string{"Set-Cookie", `b=""; Secure; Path=`}, [2]string{"Set-Cookie", "a=x; expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Max-Age=5; Path=/; SameSite=Lax"}), ``},
			"",
		},
		"cookie attribute":     {expect(``, `,"cookies":[{"name":"a","attributes":{"path":"/","httponly":true},"deleted":false}]`), response{200, with([2]string{"Set-Cookie", "a=x; Path=/"}), ``}, `cookies [{"name":"a","attributes":{"path":"/"},"deleted":false}], expected [`},
		"cookie deletion":      {expect(``, `,"cookies":[{"name":"a","attributes":{},"deleted":true}]`), response{200, with([2]string{"Set-Cookie", "a=x"}), ``}, "cookies"},
		"cookie too many":      {expect(``, `,"cookies":[]`), response{200, with([2]string{"Set-Cookie", "a=x"}), ``}, "cookies"},
		"cookie missing":       {expect(``, `,"cookies":[{"name":"a","attributes":{},"deleted":false}]`), response{200, jsonType, ``}, "cookies []"},
		"cookies not recorded": {expect(``, ``), response{200, with([2]string{"Set-Cookie", "a=x"}), ``}, ""},

		"token":           {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(nil))), ""},
		"token's key":     {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, "other", "HS256", access(nil))), "$.t: the signature does not fit the key"},
		"token's alg":     {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "none", access(nil))), "alg is none"},
		"token's claim":   {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(func(c map[string]any) { c["user_id"] = 1 }))), "claims map[token_type:access user_id:1], lifetime 300"},
		"token's surplus": {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(func(c map[string]any) { c["x"] = 1 }))), "claims"},
		"token's life":    {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(func(c map[string]any) { c["exp"] = 1301 }))), "lifetime 301"},
		"token's id":      {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(func(c map[string]any) { c["jti"] = "x" }))), "jti is not 32 hexadecimal digits"},
		"token's times":   {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer(sign(t, signingKey, "HS256", access(func(c map[string]any) { delete(c, "iat") }))), "exp and iat must be numbers"},
		"no token":        {expect(`{"t":"<jwt>"}`, tokenMask), tokenAnswer("a.b.c"), "not a token"},

		"throttled, a little slow": {throttled(60), throttledAnswer(57), ""},
		"throttled, too slow":      {throttled(60), throttledAnswer(56), `header retry-after: "56", expected "60"`},
		"throttled for longer":     {throttled(60), throttledAnswer(61), `header retry-after: "61"`},
		"throttled without header": {throttled(60), response{429, nil, "Expected available in 60 seconds."}, "header retry-after: absent"},
		"waiting, not throttled":   {strings.Replace(throttled(60), "429", "503", 1), response{503, throttledAnswer(59).headers, throttledAnswer(59).body}, `header retry-after: "59"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			base := serve(t, c.answer.ServeHTTP)
			scenarios := load(t, "", `{"method":"GET","path":"/","expect":`+c.expect+`}`)
			report := run(t, base, scenarios, replay.Options{SigningKey: signingKey, IgnoreHeaders: []string{"X-Ignored"}})
			got := differences(report)
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("complaint:\n%s\nwant: %q", got, c.want)
			}
			if passed := report.Total().StepsPassed; (passed == 1) != (c.want == "") {
				t.Errorf("%d steps passed", passed)
			}
		})
	}
}

func masks(list ...string) string {
	var all []string
	for _, m := range list {
		path, kind, _ := strings.Cut(m, " ")
		all = append(all, fmt.Sprintf(`{"path":"%s","kind":"%s"}`, path, kind))
	}
	return `,"masks":[` + strings.Join(all, ",") + `]`
}

const tokenMask = `,"masks":[{"path":"$.t","kind":"jwt","claims":{"user_id":"1","token_type":"access"},"lifetime":300}]`

func tokenAnswer(token string) response {
	return response{200, [][2]string{{"Content-Type", "application/json"}}, `{"t":"` + token + `"}`}
}

func throttled(seconds int) string {
	return fmt.Sprintf(`{"status":429,"headers":{"retry-after":"%d"},"body":"Expected available in %d seconds."}`, seconds, seconds)
}

func throttledAnswer(seconds int) response {
	return response{429, [][2]string{{"Retry-After", fmt.Sprint(seconds)}}, fmt.Sprintf("Expected available in %d seconds.", seconds)}
}

func TestTokensAreNotOpenedWithoutAKey(t *testing.T) {
	base := serve(t, tokenAnswer(sign(t, "other", "HS256", access(nil))).ServeHTTP)
	scenarios := load(t, "", `{"method":"GET","path":"/","expect":{"status":200,"headers":{},"body":"{\"t\":\"<jwt>\"}"`+tokenMask+`}}`)
	if got := differences(run(t, base, scenarios, replay.Options{})); got != "" {
		t.Error(got)
	}
}

// TestHead answers a HEAD request with the length of a body that does not come.
func TestHead(t *testing.T) {
	w := newWire(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
	scenarios := load(t, "", `{"method":"HEAD","path":"/","expect":{"status":200,"headers":{},"body":""}}`)
	if got := differences(run(t, w.URL, scenarios, replay.Options{})); got != "" {
		t.Error(got)
	}
}

func TestBrokenAnswers(t *testing.T) {
	for name, bytes := range map[string]string{
		"nothing":         "",
		"no HTTP":         "hello\r\n\r\n",
		"half a body":     "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"half the header": "HTTP/1.1 200 OK\r\nContent-",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, bytes)
			if got := differences(run(t, w.URL, load(t, "", `{"method":"GET","path":"/",`+expectNothing+`}`), replay.Options{})); !strings.Contains(got, "no answer: ") {
				t.Errorf("complaint %q", got)
			}
		})
	}
}

// TestConcealed captures a value and meets it again in a header and a body.
func TestConcealed(t *testing.T) {
	steps := func(body, location string) string {
		return `{"method":"POST","path":"/","capture":{"v":"$.v"},"expect":{"status":200,"headers":{"location":"` + location + `"},"body":"` + body + `"}}`
	}
	cases := map[string]struct {
		more, value, body, location string
	}{
		"a long text is named":     {"", `"12345678"`, `{\"v\":\"{{v}}\"}`, "/{{v}}/"},
		"a short one is spelt out": {"", `"1234567"`, `{\"v\":\"1234567\"}`, "/1234567/"},
		"a number is spelt out":    {"", `123456789`, `{\"v\":123456789}`, "/123456789/"},
		"a plain one is spelt out": {`,"plain":["v"]`, `"12345678"`, `{\"v\":\"12345678\"}`, "/12345678/"},
		"length counts characters": {"", `"éééééé7"`, `{\"v\":\"éééééé7\"}`, "/éééééé7/"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			answer := response{200, [][2]string{{"Location", "/" + strings.Trim(c.value, `"`) + "/"}}, `{"v":` + c.value + `}`}
			got := differences(run(t, serve(t, answer.ServeHTTP), load(t, c.more, steps(c.body, c.location)), replay.Options{}))
			if got != "" {
				t.Error(got)
			}
		})
	}
}

func TestPostgresHasItsOwnExpectation(t *testing.T) {
	base := serve(t, response{200, nil, "pg"}.ServeHTTP)
	scenarios := load(t, `,"differs_on_postgres":true`, `{"method":"GET","path":"/","expect":{"status":200,"headers":{},"body":"lite"},"expect_postgres":{"status":200,"headers":{},"body":"pg"}},
		{"method":"GET","path":"/","expect":{"status":200,"headers":{},"body":"pg"}}`)
	for database, want := range map[string]int{"postgres": 2, "sqlite": 1, "": 1} {
		if got := run(t, base, scenarios, replay.Options{Database: database}).Total().StepsPassed; got != want {
			t.Errorf("%q: %d steps passed, want %d", database, got, want)
		}
	}
}
