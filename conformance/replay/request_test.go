package replay_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/replay"
)

// okay is a response that captures find something in.
const okay = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" +
	"Set-Cookie: sid=abc; Path=/\r\nX-Key: from-header\r\nConnection: close\r\n\r\n" +
	`{"id":7,"text":"a \"b\"","url":"http://h:1/x/?p=2","no":null,"yes":true}`

func credentials() replay.Credentials {
	return replay.Credentials{
		JWT:     map[string]string{"admin": "aaa.bbb.ccc"},
		Token:   map[string]string{"admin": "0123"},
		Basic:   map[string]string{"admin": "admin:pass"},
		Session: map[string]string{"admin": "session-key"},
		CSRF:    "csrf-secret",
	}
}

const expectNothing = `"expect":{"status":200,"headers":{},"body":"","any_body":true}`

func TestRequestBytes(t *testing.T) {
	host := "Host: testserver\r\n"
	cases := map[string]struct{ step, want string }{
		"plain GET has neither body nor length": {
			`"method":"GET","path":"/api/?a=b&c=%20"`, "GET /api/?a=b&c=%20 HTTP/1.1\r\n" + host + "\r\n",
		},
		"any method, as written": {
			`"method":"get","path":"/"`, "get / HTTP/1.1\r\n" + host + "\r\n",
		},
		"a path is escaped only where HTTP cannot carry it": {
			`"method":"GET","path":"/a b/é#\u0001\"<>\\^|{}` + "`" + `"`, "GET /a%20b/%C3%A9%23%01\"<>\\^|{}` HTTP/1.1\r\n" + host + "\r\n",
		},
		"a host of its own": {
			`"method":"GET","path":"/","headers":{"host":"evil.example"}`, "GET / HTTP/1.1\r\nhost: evil.example\r\n\r\n",
		},
		"headers in order, in UTF-8, empty ones too": {
			`"method":"GET","path":"/","headers":{"X-B":"é","X-A":""}`, "GET / HTTP/1.1\r\n" + host + "X-B: é\r\nX-A: \r\n\r\n",
		},
		"POST without a body has a length": {
			`"method":"POST","path":"/"`, "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
		},
		"DELETE without a body has none": {
			`"method":"DELETE","path":"/"`, "DELETE / HTTP/1.1\r\n" + host + "\r\n",
		},
		"json as the recorder wrote it": {
			`"method":"POST","path":"/","body":{"json":{"b":[1,2.50,true,null,[],{}],"a":"é\u2028\"\\\/\n\u0001\u007f"}}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: application/json\r\nContent-Length: 64\r\n\r\n" +
				`{"b": [1, 2.50, true, null, [], {}], "a": "é` + "\u2028" + `\"\\/\n\u0001` + "\x7f\"}",
		},
		"json null is a body": {
			`"method":"POST","path":"/","body":{"json":null}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: application/json\r\nContent-Length: 4\r\n\r\nnull",
		},
		"lone surrogates are three bytes, pairs are one character": {
			`"method":"POST","path":"/","body":{"json":"\ud800\ud83d\ude00\udc00x"}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n" + "\"\xed\xa0\x80😀\xed\xb0\x80x\"",
		},
		"raw has no type of its own": {
			`"method":"PUT","path":"/","body":{"raw":"{\"a\": \ud800"}`,
			"PUT / HTTP/1.1\r\n" + host + "Content-Length: 9\r\n\r\n{\"a\": \xed\xa0\x80",
		},
		"a type of the step wins": {
			`"method":"POST","path":"/","headers":{"Content-Type":"text/plain"},"body":{"json":1}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\n1",
		},
		"an empty type means none": {
			`"method":"POST","path":"/","headers":{"Content-Type":""},"body":{"json":1}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\n1",
		},
		"a length of the step wins": {
			`"method":"POST","path":"/","headers":{"content-length":"1"},"body":{"raw":"x"}`,
			"POST / HTTP/1.1\r\n" + host + "content-length: 1\r\n\r\nx",
		},
		"base64": {
			`"method":"PATCH","path":"/","body":{"base64":"AP8="}`,
			"PATCH / HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n\x00\xff",
		},
		"an empty base64 is a body": {
			`"method":"DELETE","path":"/","body":{"base64":""}`,
			"DELETE / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
		},
		"form": {
			`"method":"POST","path":"/","body":{"form":[["b","1 2"],["a","é&="],["b","~"]]}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 24\r\n\r\nb=1+2&a=%C3%A9%26%3D&b=~",
		},
		"multipart": {
			`"method":"POST","path":"/","body":{"multipart":[{"name":"a","value":"1"},{"name":"f","filename":"x.txt","type":"text/plain","base64":"aGk="}]}`,
			"POST / HTTP/1.1\r\n" + host + "Content-Type: multipart/form-data; boundary=----corpusBoundary7MA4YWxk\r\nContent-Length: 231\r\n\r\n" +
				"------corpusBoundary7MA4YWxk\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
				"------corpusBoundary7MA4YWxk\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n" +
				"------corpusBoundary7MA4YWxk--\r\n",
		},
		"auth jwt": {
			`"method":"GET","path":"/","auth":"jwt:admin"`, "GET / HTTP/1.1\r\n" + host + "Authorization: Bearer aaa.bbb.ccc\r\n\r\n",
		},
		"auth token": {
			`"method":"GET","path":"/","auth":"token:admin"`, "GET / HTTP/1.1\r\n" + host + "Authorization: Token 0123\r\n\r\n",
		},
		"auth basic by name": {
			`"method":"GET","path":"/","auth":"basic:admin"`, "GET / HTTP/1.1\r\n" + host + "Authorization: Basic YWRtaW46cGFzcw==\r\n\r\n",
		},
		"auth basic by password": {
			`"method":"GET","path":"/","auth":"basic:bob:x:y"`, "GET / HTTP/1.1\r\n" + host + "Authorization: Basic Ym9iOng6eQ==\r\n\r\n",
		},
		"auth session": {
			`"method":"GET","path":"/","auth":"session:admin"`, "GET / HTTP/1.1\r\n" + host + "Cookie: sessionid=session-key\r\n\r\n",
		},
		"auth session with csrf": {
			`"method":"GET","path":"/","auth":"session-csrf:admin"`,
			"GET / HTTP/1.1\r\n" + host + "X-CSRFToken: csrf-secret\r\nCookie: sessionid=session-key; csrftoken=csrf-secret\r\n\r\n",
		},
		"a header of the step goes before auth": {
			`"method":"GET","path":"/","auth":"jwt:admin","headers":{"Authorization":"own"}`,
			"GET / HTTP/1.1\r\n" + host + "Authorization: own\r\n\r\n",
		},
		"a Cookie header of the step is all cookies": {
			`"method":"GET","path":"/","auth":"session:admin","headers":{"Cookie":"a=b"}`,
			"GET / HTTP/1.1\r\n" + host + "Cookie: a=b\r\n\r\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, okay)
			run(t, w.URL, load(t, "", `{`+c.step+`,`+expectNothing+`}`), replay.Options{Credentials: credentials()})
			if diff := cmp.Diff([]string{c.want}, w.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFilledRequests sends a second step with what the first one captured.
func TestFilledRequests(t *testing.T) {
	capture := `"capture":{"id":"$.id","text":"$.text","url":"$.url","no":"$.no","yes":"$.yes","gone":"$.x[3].y","key":"header:x-key","sid":"cookie:sid"}`
	head := "Host: testserver\r\nCookie: sid=abc\r\n"
	cases := map[string]struct{ step, want string }{
		"path": {
			`"method":"GET","path":"/{{id}}/{{key}}/{{unknown}}/"`, "GET /7/from-header/{{unknown}}/ HTTP/1.1\r\n" + head + "\r\n",
		},
		"an address is cut to path and query": {
			`"method":"GET","path":"{{url}}"`, "GET /x/?p=2 HTTP/1.1\r\n" + head + "\r\n",
		},
		"header": {
			`"method":"GET","path":"/","headers":{"X-A":"<{{sid}}>"}`, "GET / HTTP/1.1\r\nHost: testserver\r\nX-A: <abc>\r\nCookie: sid=abc\r\n\r\n",
		},
		"bearer": {
			`"method":"GET","path":"/","auth":"bearer:key"`, "GET / HTTP/1.1\r\nHost: testserver\r\nAuthorization: Bearer from-header\r\nCookie: sid=abc\r\n\r\n",
		},
		"json keeps types of whole values": {
			`"method":"POST","path":"/","body":{"json":{"a":"{{id}}","b":"n{{id}}","{{id}}":"{{text}}","c":["{{no}}","{{yes}}"],"d":"{{no}}{{yes}}"}}`,
			"POST / HTTP/1.1\r\nHost: testserver\r\nContent-Type: application/json\r\nCookie: sid=abc\r\nContent-Length: 71\r\n\r\n" +
				`{"a": 7, "b": "n7", "7": "a \"b\"", "c": [null, true], "d": "NoneTrue"}`,
		},
		"what is not there says so": {
			`"method":"POST","path":"/","body":{"raw":"{{gone}}"}`,
			"POST / HTTP/1.1\r\n" + head + "Content-Length: 9\r\n\r\n<no gone>",
		},
		"form and multipart": {
			`"method":"POST","path":"/","body":{"form":[["{{id}}","{{id}}"]]}`,
			"POST / HTTP/1.1\r\nHost: testserver\r\nContent-Type: application/x-www-form-urlencoded\r\nCookie: sid=abc\r\nContent-Length: 16\r\n\r\n%7B%7Bid%7D%7D=7",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, okay)
			steps := `{"method":"GET","path":"/",` + capture + `,` + expectNothing + `},{` + c.step + `,` + expectNothing + `}`
			run(t, w.URL, load(t, "", steps), replay.Options{Credentials: credentials()})
			sent := w.sent()
			if len(sent) != 2 {
				t.Fatalf("%d requests were sent, want 2", len(sent))
			}
			if diff := cmp.Diff(c.want, sent[1]); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCookiesLastUntilTheyAreDeleted(t *testing.T) {
	steps := strings.Repeat(`{"method":"GET","path":"/",`+expectNothing+`},`, 2)
	for name, c := range map[string]struct{ header, want string }{
		"kept":                {"Set-Cookie: a=b; Max-Age=5; HttpOnly", "Cookie: a=b\r\n"},
		"quoted":              {`Set-Cookie: a="b;c"; Path=/`, "Cookie: a=b;c\r\n"},
		"deleted by value":    {`Set-Cookie: a=""; expires=Thu, 01 Jan 1970 00:00:00 GMT`, ""},
		"deleted by its age":  {"Set-Cookie: a=b; Max-Age=0", ""},
		"scenarios start new": {"X-A: b", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"+c.header+"\r\n\r\n")
			run(t, w.URL, load(t, "", strings.TrimSuffix(steps, ",")), replay.Options{})
			want := []string{"GET / HTTP/1.1\r\nHost: testserver\r\n\r\n", "GET / HTTP/1.1\r\nHost: testserver\r\n" + c.want + "\r\n"}
			if diff := cmp.Diff(want, w.sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBaseBelowAPath(t *testing.T) {
	w := newWire(t, okay)
	run(t, w.URL+"/below/", load(t, "", `{"method":"GET","path":"/api/",`+expectNothing+`}`), replay.Options{})
	if sent := w.sent(); len(sent) != 1 || !strings.HasPrefix(sent[0], "GET /below/api/ HTTP/1.1\r\n") {
		t.Errorf("sent %q", sent)
	}
}

func TestUnknownCredentialsAreDifferences(t *testing.T) {
	for _, auth := range []string{"jwt:nobody", "token:nobody", "session:nobody", "magic:admin"} {
		w := newWire(t, okay)
		got := differences(run(t, w.URL, load(t, "", `{"method":"GET","path":"/","auth":"`+auth+`",`+expectNothing+`}`), replay.Options{}))
		if !strings.Contains(got, auth) || len(w.sent()) > 0 {
			t.Errorf("auth %s: complaint %q, %d requests sent", auth, got, len(w.sent()))
		}
	}
}
