package rest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// parseSite echoes the body as JSON; forms are shown by showForm.
func parseSite(c Config, parsers ...Parser) *site {
	s := newSite(c)
	s.mount("/", everyMethod(func(r *Request) (*Response, error) {
		data, err := r.Data()
		if err != nil {
			return nil, err
		}
		return OK(showData(data)), nil
	}), func(v *view) {
		if parsers != nil {
			v.parsers = parsers
		}
	})
	return s
}

func TestJSONBodies(t *testing.T) {
	s := parseSite(Config{MaxDepth: 3})
	for _, c := range []struct {
		contentType, body string
		status            int
		want              string
	}{
		{"application/json", `{"b": 1, "a": [1.50, null], "b": 2}`, 200, `{"b":2,"a":[1.5,null]}`},
		{"application/json", `"x"`, 200, `"x"`},
		{"application/json", `null`, 200, ``},
		{"application/json; charset=utf-8", `"é"`, 200, `"é"`},
		{"application/json; charset=latin-1", "\"\xe9\"", 200, `"é"`},
		{"application/json; charset=UTF-16-LE", "1\x00", 200, `1`},
		{"application/json; charset=klingon", `"é"`, 200, `"é"`},
		{"application/json;", `1`, 200, `1`},
		{"APPLICATION/JSON", `1`, 200, `1`},
		{"*/*", `1`, 200, `1`},
		{"application/json", `[[[1]]]`, 200, `[[[1]]]`},
		{"application/json", `{"a": 1`, 400, `{"detail":"JSON parse error - Expecting ',' delimiter: line 1 column 8 (char 7)"}`},
		{"application/json", `{"a": -Infinity}`, 400, `{"detail":"JSON parse error - Out of range float values are not JSON compliant: '-Infinity'"}`},
		{"application/json", "\xff", 400, `{"detail":"JSON parse error - 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"}`},
		{"application/json; charset=ascii", "\"\xc3\xa9\"", 400, `{"detail":"JSON parse error - 'ascii' codec can't decode byte 0xc3 in position 1: ordinal not in range(128)"}`},
		{"application/json; charset=bz2_codec", "1", 400, `{"detail":"Unsupported charset \"bz2_codec\" in request Content-Type header."}`},
	} {
		a := s.ask("POST", "/", c.body, "Content-Type", c.contentType)
		a.is(t, c.contentType+" "+c.body, c.status, c.want)
	}
	a := s.ask("POST", "/", "[[[[1]]]]", "Content-Type", "application/json")
	if a.status != 400 || !strings.Contains(a.body, "JSON parse error") {
		t.Errorf("too deep: got %d %s", a.status, a.body)
	}
}

func TestUnsupportedMediaTypes(t *testing.T) {
	s := parseSite(Config{}, JSONParser{})
	s.ask("POST", "/", `{}`, "Content-Type", "text/é").is(t, "no ASCII", 415, `{"detail":"Unsupported media type \"text/Ã©\" in request."}`)
	long := "application/json; x=" + strings.Repeat("y", 256)
	for _, contentType := range []string{"text/plain", "", "nonsense", "application/jsonx", "application/vnd.api+json", "multipart/form-data", long} {
		a := s.ask("POST", "/", `{"a": 1}`, "Content-Type", contentType)
		a.is(t, contentType, 415, `{"detail":"Unsupported media type \"`+contentType+`\" in request."}`)
	}
}

func TestEmptyBodies(t *testing.T) {
	s := parseSite(Config{})
	for _, contentType := range []string{"application/json", "text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data"} {
		for _, method := range []string{"POST", "DELETE"} {
			s.ask(method, "/", "", "Content-Type", contentType).is(t, method+" "+contentType, 200, "{}")
		}
	}
	r := &Request{http: httptest.NewRequest("POST", "/", nil)}
	r.http.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	if data, err := r.Data(); err != nil {
		t.Error(err)
	} else if _, ok := data.(*FormData); !ok {
		t.Errorf("an empty form is a %T", data)
	}
}

func TestBodiesOfUnknownLength(t *testing.T) {
	s := parseSite(Config{MaxBody: 8})
	for body, want := range map[string]string{"": "{}", "[1]": "[1]", "[1, 2, 3]": `{"detail":"The request body is too large."}`} {
		req := httptest.NewRequest("POST", "/", io.NopCloser(strings.NewReader(body)))
		req.ContentLength = -1
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.echo.ServeHTTP(w, req)
		if got := w.Body.String(); got != want {
			t.Errorf("%q: got %d %s, want %s", body, w.Code, got, want)
		}
	}
}

// counting counts what is read of it.
type counting struct {
	io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

func TestLongBodiesAreNotRead(t *testing.T) {
	s := parseSite(Config{MaxBody: 10})
	body := &counting{Reader: strings.NewReader(strings.Repeat(" ", 1000))}
	req := httptest.NewRequest("POST", "/", body)
	req.ContentLength = 1000
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, req)
	if w.Code != 413 || w.Body.String() != `{"detail":"The request body is too large."}` || body.n != 0 {
		t.Errorf("got %d %s after %d bytes", w.Code, w.Body, body.n)
	}
	s.ask("POST", "/", "[1,2,3,4,]", "Content-Type", "application/json").
		is(t, "just within", 400, `{"detail":"JSON parse error - Expecting value: line 1 column 10 (char 9)"}`)
}

func TestPackedBodiesAreRefused(t *testing.T) {
	s := parseSite(Config{})
	s.ask("POST", "/", "1", "Content-Type", "application/json", "Content-Encoding", "gzip").
		is(t, "gzip", 415, `{"detail":"Unsupported content encoding \"gzip\" in request."}`)
	s.ask("POST", "/", "1", "Content-Type", "application/json", "Content-Encoding", "Identity").is(t, "identity", 200, "1")
}

func TestBrokenConnection(t *testing.T) {
	s := parseSite(Config{})
	req := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("[1"), brokenReader{}))
	req.ContentLength = 100
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, req)
	if w.Code != 400 || w.Body.String() != `{"detail":"The request body could not be read."}` {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestDataIsParsedOnce(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"POST": func(r *Request) (*Response, error) {
		first, err := r.Data()
		second, again := r.Data()
		if !errors.Is(again, err) {
			t.Errorf("got %v, then %v", err, again)
		}
		return OK(first == second), err
	}}, nil)
	s.ask("POST", "/", `{}`, "Content-Type", "application/json").is(t, "the same object", 200, "true")
	s.ask("POST", "/", `{`, "Content-Type", "application/json").
		is(t, "the same error", 400, `{"detail":"JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"}`)
}

func TestBodyIsReadOnlyWhenAsked(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"POST": say(1)}, nil)
	s.ask("POST", "/", `{`, "Content-Type", "application/json").is(t, "a handler that does not look", 200, "1")
	s.ask("PUT", "/", `{`, "Content-Type", "text/plain").is(t, "405", 405, `{"detail":"Method \"PUT\" not allowed."}`)
}

func TestOverRealConnection(t *testing.T) {
	s := parseSite(Config{MaxBody: 1 << 10})
	server := httptest.NewServer(s.echo)
	defer server.Close()
	for range 2 { // the second shows that the connection still serves
		resp, err := http.Post(server.URL, "application/json", strings.NewReader(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(body) != `{"a":1}` {
			t.Errorf("got %s", body)
		}
	}
	resp, err := http.Post(server.URL, "application/json", io.MultiReader(strings.NewReader(strings.Repeat(" ", 1<<16))))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("a long body in chunks: got %d", resp.StatusCode)
	}
}

func TestSlowBody(t *testing.T) {
	const limit = 200 * time.Millisecond
	server := httptest.NewServer(parseSite(Config{RequestTime: limit}).echo)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	answers := bufio.NewReader(conn)
	ask := func(length int) (status int) {
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n{}", length)
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask(2); got != 200 {
		t.Errorf("a whole body: got %d", got)
	}
	time.Sleep(2 * limit)
	if got := ask(2); got != 200 {
		t.Errorf("after the time of the request before: got %d", got)
	}
	if got := ask(3); got != 400 {
		t.Errorf("a body that does not come: got %d", got)
	}
}

func FuzzContentType(f *testing.F) {
	f.Add("application/json; charset=utf-16", []byte("{}"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\n\r\n--x--"))
	f.Add("application/x-www-form-urlencoded; charset=latin-1", []byte("a=%E9"))
	f.Add(`application/json; charset="utf-8\"`, []byte("1"))
	s := parseSite(Config{MaxBody: 1 << 12, MaxUpload: 1 << 12})
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		req := httptest.NewRequest("POST", "/", strings.NewReader(string(body)))
		req.Header["Content-Type"] = []string{contentType}
		w := httptest.NewRecorder()
		s.echo.ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Errorf("%q with %q: got %d, log %s", contentType, body, w.Code, &s.log)
		}
		s.log.Reset()
	})
}
