package replay

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// answer is what is looked at in a response.
type answer struct {
	status  int
	headers map[string]string // by name in lower case; repeated ones joined with ", "
	cookies []setCookie
	text    string // the body; "base64:…" when it is not UTF-8
}

// send makes a step's request on a connection of its own, and keeps the cookies and captures of the answer.
func (s *session) send(ctx context.Context, step *Step) (*answer, error) {
	data, err := s.request(step)
	if err != nil {
		return nil, err
	}
	a, err := exchange(ctx, s.address, step.Method, data, s.timeout)
	if err != nil {
		return nil, err
	}
	keepCookies(&s.cookies, a.cookies)
	s.capture(step, a)
	return a, nil
}

// exchange writes a request and reads the whole response. The server may answer before it has read everything.
func exchange(ctx context.Context, address, method string, data []byte, timeout time.Duration) (*answer, error) {
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })() // only ends the waiting
	_, writeErr := conn.Write(data)
	a, err := readAnswer(conn, method)
	if err != nil && writeErr != nil {
		return nil, writeErr
	}
	return a, err
}

func readAnswer(conn net.Conn, method string) (*answer, error) {
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil, fmt.Errorf("response: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("response body: %w", err)
	}
	return newAnswer(response, body), nil
}

func newAnswer(response *http.Response, body []byte) *answer {
	a := &answer{status: response.StatusCode, headers: map[string]string{}, text: bodyText(body)}
	for name, values := range response.Header {
		if name == "Set-Cookie" {
			for _, line := range values {
				a.cookies = append(a.cookies, parseSetCookie(line))
			}
			continue
		}
		a.headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return a
}

func bodyText(body []byte) string {
	if utf8.Valid(body) {
		return string(body)
	}
	return "base64:" + base64.StdEncoding.EncodeToString(body)
}

// capture keeps what the step names; what is not there becomes a text that says so.
func (s *session) capture(step *Step, a *answer) {
	for _, c := range step.Capture {
		where := string(c.Value)
		if name, ok := strings.CutPrefix(where, "header:"); ok {
			s.variables.set(c.Name, a.headers[strings.ToLower(name)])
			continue
		}
		if name, ok := strings.CutPrefix(where, "cookie:"); ok {
			value, _ := s.cookies.get(name)
			s.variables.set(c.Name, value)
			continue
		}
		value, err := lookup(a.text, where)
		if err != nil {
			value = "<no " + c.Name + ">"
		}
		s.variables.set(c.Name, value)
	}
}
