package replay

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// testHost is the Host of every request that names none.
const testHost = "testserver"

// origin is the scheme and host of an absolute address.
var origin = regexp.MustCompile(`^\w+://[^/]*`)

// session is one scenario on one server: its cookies and captured values.
type session struct {
	address     string // host:port
	prefix      string // path below which the server answers, without a slash at its end
	credentials *Credentials
	timeout     time.Duration
	crash       bool // the reference fails somewhere in the scenario
	cookies     Pairs
	variables   variables
}

// request is the exact bytes that a step sends.
func (s *session) request(step *Step) ([]byte, error) {
	headers := s.filledHeaders(step)
	cookies := slices.Clone(s.cookies)
	if err := s.authorize(step.Auth, &headers, &cookies); err != nil {
		return nil, err
	}
	data, contentType := step.Body.encode(&s.variables)
	if contentType != "" {
		headers.setDefault("Content-Type", contentType)
	}
	if named, _ := headers.get("Content-Type"); data != nil && named == "" { // asked for: a body of no type
		headers.remove("Content-Type")
	}
	if len(cookies) > 0 {
		headers.setDefault("Cookie", cookieHeader(cookies))
	}
	return s.write(step.Method, s.target(step), headers, data), nil
}

// write joins request line, headers and body.
func (s *session) write(method, target string, headers Pairs, data []byte) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s HTTP/1.1\r\n", method, target)
	if !headers.has("Host") {
		fmt.Fprintf(&out, "Host: %s\r\n", testHost)
	}
	for _, h := range headers {
		fmt.Fprintf(&out, "%s: %s\r\n", h.Name, h.Value)
	}
	expectsBody := slices.Contains([]string{"POST", "PUT", "PATCH"}, method)
	if !headers.has("Content-Length") && (data != nil || expectsBody) {
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(data))
	}
	out.WriteString("\r\n")
	out.Write(data)
	return out.Bytes()
}

func (s *session) filledHeaders(step *Step) Pairs {
	headers := make(Pairs, len(step.Headers))
	for i, h := range step.Headers {
		headers[i] = Pair{h.Name, Text(s.variables.fill(string(h.Value)))}
	}
	return headers
}

// authorize adds what the step's auth says, unless the step has its own header.
func (s *session) authorize(auth string, headers, cookies *Pairs) error {
	if auth == "" {
		return nil
	}
	scheme, name, _ := strings.Cut(auth, ":")
	switch scheme {
	case "session", "session-csrf":
		return s.authorizeSession(scheme, name, headers, cookies)
	case "bearer":
		headers.setDefault("Authorization", "Bearer "+s.variables.fill("{{"+name+"}}"))
		return nil
	}
	value, err := s.credentials.authorization(scheme, name)
	if err != nil {
		return err
	}
	headers.setDefault("Authorization", value)
	return nil
}

func (s *session) authorizeSession(scheme, name string, headers, cookies *Pairs) error {
	key, ok := s.credentials.Session[name]
	if !ok {
		return fmt.Errorf("auth %s:%s: the credentials have no such session", scheme, name)
	}
	cookies.set("sessionid", key)
	if scheme == "session-csrf" {
		cookies.set("csrftoken", s.credentials.CSRF)
		headers.setDefault("X-CSRFToken", s.credentials.CSRF)
	}
	return nil
}

// authorization is the header for a scheme that needs nothing else.
func (c *Credentials) authorization(scheme, name string) (string, error) {
	switch scheme {
	case "jwt":
		if token, ok := c.JWT[name]; ok {
			return "Bearer " + token, nil
		}
	case "token":
		if key, ok := c.Token[name]; ok {
			return "Token " + key, nil
		}
	case "basic":
		pair, ok := c.Basic[name]
		if !ok {
			pair = name // user:password itself
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)), nil
	}
	return "", fmt.Errorf("auth %s:%s: the credentials have nothing of that name", scheme, name)
}

// target is the request target: the filled path, with what HTTP does not allow in it escaped. Of a captured address only
// path and query are used.
func (s *session) target(step *Step) string {
	path := s.variables.fill(string(step.Path))
	if at := strings.Index(path, "://"); 0 <= at && at <= 7 {
		path = origin.ReplaceAllString(path, "")
	}
	return quotePath(s.prefix + path)
}

// quotePath escapes blanks, controls, # and bytes beyond ASCII. Everything else is sent as it is, what a browser would
// escape too.
func quotePath(path string) string {
	var out strings.Builder
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7F || c == '#' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func cookieHeader(cookies Pairs) string {
	list := make([]string, len(cookies))
	for i, c := range cookies {
		list[i] = c.Name + "=" + string(c.Value)
	}
	return strings.Join(list, "; ")
}

// newSession splits a base address.
func newSession(base string, scenario *Scenario, o *Options) (*session, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return nil, fmt.Errorf("base address %q: write it as http://HOST:PORT", base)
	}
	address := u.Host
	if u.Port() == "" {
		address += ":80"
	}
	return &session{
		address: address, prefix: strings.TrimRight(u.Path, "/"), credentials: &o.Credentials,
		timeout: o.timeout(), crash: scenario.Crash, variables: variables{plain: scenario.Plain},
	}, nil
}
