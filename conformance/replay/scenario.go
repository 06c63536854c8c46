package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Scenario is one recorded story: a sequence of requests that starts from the fixture state.
type Scenario struct {
	ID          string `json:"id"`       // "shop.tags/create"
	Category    string `json:"category"` // "shop.tags"
	Description string `json:"description"`
	Steps       []Step `json:"steps"`
	// Mutates tells whether the server must be reset after it. True when the recording does not say.
	Mutates bool `json:"mutates"`
	// Plain names captured values that are the same at every run and therefore written out in expectations.
	Plain []string `json:"plain"`
	// Crash marks what makes the reference itself fail with an unhandled exception. Where it answered 500, any answer below
	// 500 passes.
	Crash bool `json:"crash"`
	// DiffersOnPostgres tells that a step has an ExpectPostgres.
	DiffersOnPostgres bool `json:"differs_on_postgres"`
}

// Step is one request with its expected answer.
type Step struct {
	Method  string `json:"method"`
	Path    Text   `json:"path"` // path and query, or {{name}} of a captured address
	Headers Pairs  `json:"headers"`
	// Auth is SCHEME:NAME; the schemes are jwt, token, basic, session, session-csrf and bearer (a captured token).
	Auth string `json:"auth"`
	// Body is nil for a request without one.
	Body *Body `json:"body"`
	// Capture says under which name a part of the answer is kept: "$.path", "header:Name" or "cookie:name".
	Capture Pairs `json:"capture"`
	// CheckHeaders names headers that are compared besides the usual ones. The expectation lists their values.
	CheckHeaders []string     `json:"check_headers"`
	Expect       Expectation  `json:"expect"`
	Postgres     *Expectation `json:"expect_postgres"` // what PostgreSQL answers, where that differs
}

// Body is a request's body. Exactly one field is set.
type Body struct {
	JSON      json.RawMessage `json:"json"`
	Raw       *Text           `json:"raw"`
	Base64    []byte          `json:"base64"`
	Form      [][2]Text       `json:"form"`
	Multipart []Part          `json:"multipart"`
}

// Part is one part of a multipart body; its content is Base64 when that is set, else Value.
type Part struct {
	Name     string  `json:"name"`
	Filename *string `json:"filename"`
	Type     *string `json:"type"`
	Value    Text    `json:"value"`
	Base64   []byte  `json:"base64"`
}

// Expectation is a recorded answer.
type Expectation struct {
	Status int `json:"status"`
	// Headers are values by name in lower case; nil stands for an absent header.
	Headers map[string]*string `json:"headers"`
	Body    string             `json:"body"` // after masking
	Masks   []Mask             `json:"masks"`
	// HeaderMasks are regular expressions by header name; a value that fits one as a whole is right.
	HeaderMasks map[string]string `json:"header_masks"`
	// Cookies are what the answer sets; nil when that is not compared.
	Cookies []Cookie `json:"cookies"`
	// AnyBody leaves the body out.
	AnyBody bool `json:"any_body"`
}

// Mask names the places of a JSON body that differ from run to run. null is never masked.
type Mask struct {
	Path string `json:"path"` // "$.items[0].id"; [*] stands for every index
	Kind string `json:"kind"` // uuid, datetime, date, jwt, hex40, csrf, int or any
	// Claims of a JSON web token, without exp, iat and jti; nil when they are not compared.
	Claims   map[string]any `json:"claims"`
	Lifetime float64        `json:"lifetime"` // exp - iat, in seconds
}

// Cookie is what a Set-Cookie header says. Attributes have names in lower case and text or true as values; expires is left out.
type Cookie struct {
	Name       string         `json:"name"`
	Attributes map[string]any `json:"attributes"`
	Deleted    bool           `json:"deleted"` // the value is empty
}

// Credentials are what the steps' Auth refers to, by scheme and name.
type Credentials struct {
	JWT     map[string]string `json:"jwt"`
	Token   map[string]string `json:"token"`
	Basic   map[string]string `json:"basic"` // "user:password"
	Session map[string]string `json:"session"`
	CSRF    string            `json:"csrf"`
}

// errBodyKind is for a recording of a newer form.
var errBodyKind = errors.New("a body needs exactly one of json, raw, base64, form and multipart")

// UnmarshalJSON takes a missing "mutates" for true.
func (s *Scenario) UnmarshalJSON(data []byte) error {
	type plain Scenario
	p := plain{Mutates: true}
	if err := strict(data, &p); err != nil {
		return err
	}
	*s = Scenario(p)
	return nil
}

// Load reads a corpus: one scenario in JSON a line. A field, a mask or a body that this package does not know is an error.
func Load(r io.Reader) ([]*Scenario, error) {
	var list []*Scenario
	lines := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("corpus: %w", err)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			s, broken := parseScenario(line)
			if broken != nil {
				return nil, fmt.Errorf("corpus, line %d: %w", number, broken)
			}
			list = append(list, s)
		}
		if err == io.EOF {
			return list, nil
		}
	}
}

func parseScenario(line []byte) (*Scenario, error) {
	s := new(Scenario)
	if err := json.Unmarshal(line, s); err != nil {
		return nil, err
	}
	for i, step := range s.Steps {
		if err := step.check(); err != nil {
			return nil, fmt.Errorf("%s, step %d: %w", s.ID, i+1, err)
		}
	}
	return s, nil
}

// check finds what can only be a mistake in the recording.
func (s *Step) check() error {
	if s.Body != nil && s.Body.kinds() != 1 {
		return errBodyKind
	}
	if err := s.Expect.check(); err != nil || s.Postgres == nil {
		return err
	}
	return s.Postgres.check()
}

func (e *Expectation) check() error {
	for _, m := range e.Masks {
		if maskForm(m.Kind) == nil {
			return fmt.Errorf("unknown mask %q", m.Kind)
		}
	}
	for name, rule := range e.HeaderMasks {
		if _, err := fullPattern(rule); err != nil {
			return fmt.Errorf("mask of header %s: %w", name, err)
		}
	}
	return nil
}

func (b *Body) kinds() int {
	n := 0
	for _, set := range []bool{b.JSON != nil, b.Raw != nil, b.Base64 != nil, b.Form != nil, b.Multipart != nil} {
		if set {
			n++
		}
	}
	return n
}

// expectation is the one for the database ("sqlite" or "postgres").
func (s *Step) expectation(database string) *Expectation {
	if database == "postgres" && s.Postgres != nil {
		return s.Postgres
	}
	return &s.Expect
}

// strict decodes without unknown fields.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
