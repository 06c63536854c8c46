package resttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// Client sends requests to a handler, as a browser or a program would, and keeps the cookies it gets. Its fields may be
// changed between requests. It is not safe for concurrent use; Clone makes one for each goroutine.
type Client struct {
	// Handler is the API under test.
	Handler http.Handler
	// Host is the host name of the requests; empty means "testserver".
	Host string
	// Header is sent with every request; nil means none. See Bearer, Token and Basic.
	Header http.Header
	// Cookies are those that the client got, by name; nil means none yet. Cookies with an age below zero are forgotten.
	Cookies map[string]string
	// Context is what requests run in; nil means the test's own.
	Context context.Context //nolint:containedctx // a client belongs to one test

	tb testing.TB
}

// NewClient returns a client of the handler for a test, which fails where an answer cannot be read.
func NewClient(tb testing.TB, handler http.Handler) *Client {
	return &Client{Handler: handler, tb: tb}
}

// Clone is a client of the same handler with the same header and cookies, which change apart from then on.
func (c *Client) Clone() *Client {
	twin := *c
	twin.Header, twin.Cookies = c.Header.Clone(), maps.Clone(c.Cookies)
	return &twin
}

// With is a clone that sends a header with every request: c.With("Accept-Language", "de").
func (c *Client) With(name, value string) *Client {
	twin := c.Clone()
	if twin.Header == nil {
		twin.Header = http.Header{}
	}
	twin.Header.Set(name, value)
	return twin
}

// Bearer is a clone that sends a web token.
func (c *Client) Bearer(token string) *Client { return c.With("Authorization", "Bearer "+token) }

// Token is a clone that sends the key of an identity.Token.
func (c *Client) Token(key string) *Client { return c.With("Authorization", "Token "+key) }

// Basic is a clone that sends a user's name and password.
func (c *Client) Basic(username, password string) *Client {
	return c.With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
}

// Session is a clone with the cookie of a stored session (see session.Store.Create); name is the cookie's, "sessionid" by
// default of package session.
func (c *Client) Session(name, key string) *Client {
	twin := c.Clone()
	twin.keep(name, key)
	return twin
}

// As is a clone whose requests are the user's, whatever they carry (force_authenticate); nil is nobody.
func (c *Client) As(user *identity.User) *Client {
	twin := c.Clone()
	if twin.Context == nil {
		twin.Context = c.tb.Context()
	}
	twin.Context = rest.WithUser(twin.Context, user, nil)
	return twin
}

// Login logs in as a browser does: it gets the form at path (for its CSRF cookie), sends name and password, and keeps the
// session's cookie. The answer is that of the form.
func (c *Client) Login(path, username, password string) *Answer {
	c.tb.Helper()
	c.Get(path)
	return c.Post(path, url.Values{"username": {username}, "password": {password}})
}

// Get sends a GET.
func (c *Client) Get(path string) *Answer { c.tb.Helper(); return c.Do(http.MethodGet, path, nil) }

// Head sends a HEAD.
func (c *Client) Head(path string) *Answer { c.tb.Helper(); return c.Do(http.MethodHead, path, nil) }

// Options sends an OPTIONS.
func (c *Client) Options(path string) *Answer {
	c.tb.Helper()
	return c.Do(http.MethodOptions, path, nil)
}

// Post sends a POST; see Do for the body.
func (c *Client) Post(path string, body any) *Answer {
	c.tb.Helper()
	return c.Do(http.MethodPost, path, body)
}

// Put sends a PUT; see Do for the body.
func (c *Client) Put(path string, body any) *Answer {
	c.tb.Helper()
	return c.Do(http.MethodPut, path, body)
}

// Patch sends a PATCH; see Do for the body.
func (c *Client) Patch(path string, body any) *Answer {
	c.tb.Helper()
	return c.Do(http.MethodPatch, path, body)
}

// Delete sends a DELETE without a body.
func (c *Client) Delete(path string) *Answer {
	c.tb.Helper()
	return c.Do(http.MethodDelete, path, nil)
}

// Do sends a request. path is an absolute path with its query, or a whole address. The body is by its type: nil is none, a
// string or []byte is JSON text as it is, url.Values is a form, *Multipart a form with files, Text a text of any type, an
// io.Reader a stream without a type, and everything else is written as JSON by encoding/json.
//
// Once the client has the cookie "csrftoken", writing requests send it back as X-CSRFToken unless Header says otherwise.
func (c *Client) Do(method, path string, body any) *Answer {
	c.tb.Helper()
	stream, contentType := c.encode(body)
	r := httptest.NewRequest(method, path, stream)
	ctx := c.Context
	if ctx == nil {
		ctx = c.tb.Context()
	}
	ctx, statements := orm.CountStatements(ctx)
	r = r.WithContext(ctx)
	c.dress(r, contentType)
	w := httptest.NewRecorder()
	c.Handler.ServeHTTP(w, r)
	response := w.Result()
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.Cookies, cookie.Name)
			continue
		}
		c.keep(cookie.Name, cookie.Value)
	}
	return &Answer{
		Status: w.Code, Header: response.Header, Body: w.Body.Bytes(), Statements: statements.Load(),
		Request: method + " " + path, tb: c.tb,
	}
}

// dress gives a request its headers and cookies.
func (c *Client) dress(r *http.Request, contentType string) {
	if !strings.Contains(r.RequestURI, "://") {
		r.Host = "testserver"
		if c.Host != "" {
			r.Host = c.Host
		}
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for name, value := range c.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	if secret := c.Cookies["csrftoken"]; secret != "" && writes(r.Method) {
		r.Header.Set("X-CSRFToken", secret)
	}
	for name, values := range c.Header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
}

func writes(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

func (c *Client) keep(name, value string) {
	if c.Cookies == nil {
		c.Cookies = map[string]string{}
	}
	c.Cookies[name] = value
}

// encode gives the text of a body and its type.
func (c *Client) encode(body any) (stream io.Reader, contentType string) {
	c.tb.Helper()
	switch body := body.(type) {
	case nil:
		return nil, ""
	case string:
		return strings.NewReader(body), "application/json"
	case []byte:
		return bytes.NewReader(body), "application/json"
	case url.Values:
		return strings.NewReader(body.Encode()), "application/x-www-form-urlencoded"
	case Text:
		return strings.NewReader(body.Text), body.Type
	case *Multipart:
		content, contentType := body.encode()
		return bytes.NewReader(content), contentType
	case io.Reader:
		return body, ""
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.tb.Fatalf("resttest: the body cannot be written as JSON: %v", err)
	}
	return bytes.NewReader(text), "application/json"
}
