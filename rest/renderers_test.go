package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestJSONRenderer(t *testing.T) {
	data := Obj("a", []any{1, "x"}, "b", &Object{}, "c", []any{})
	const compact = `{"a":[1,"x"],"b":{},"c":[]}`
	four := "{\n    \"a\": [\n        1,\n        \"x\"\n    ],\n    \"b\": {},\n    \"c\": []\n}"
	for _, c := range []struct {
		accepted string
		data     any
		want     string
	}{
		{"application/json", data, compact},
		{"application/json", Rendered(compact), compact},
		{"application/json", nil, ""},
		{"application/json; indent=4", data, four},
		{"application/json; indent=4", Rendered(compact), four},
		{"application/json; indent=4", nil, ""},
		{"application/json;q=0.1", data, compact},
		{"application/json;indent=0", data, compact},
		{"application/json;indent=-3", data, compact},
		{"application/json;indent=x", data, compact},
		{"application/json;indent=", data, compact},
		{"application/json;indent=99", []any{1}, "[\n        1\n]"},
		{"application/json;indent=99999999999999999999", []any{1}, "[\n        1\n]"},
		{"application/json;indent=\" 1 \"", []any{1}, "[\n 1\n]"},
	} {
		got, err := JSONRenderer{}.Render([]byte("before"), c.data, c.accepted, nil)
		if text := strings.TrimPrefix(string(got), "before"); text != c.want || err != nil || len(got) != len(text)+6 {
			t.Errorf("%s of %v: got %s, %v, want %s", c.accepted, c.data, got, err, c.want)
		}
	}
}

func TestContentTypes(t *testing.T) {
	csv := func(encoding string) Renderer { return linesRenderer{BaseRenderer{"text/csv", "csv", encoding}} }
	for _, c := range []struct {
		renderer Renderer
		resp     Response
		want     string
	}{
		{JSONRenderer{}, Response{Data: 1}, "application/json"},
		{vendor, Response{Data: 1}, "application/vnd.kitchen+json"},
		{csv(""), Response{Data: &Object{}}, ""},
		{csv(""), Response{Data: Obj("a", 1)}, "text/csv; charset=utf-8"},
		{csv("latin-1"), Response{Data: Obj("a", 1)}, "text/csv; charset=latin-1"},
		{csv("-"), Response{Data: Obj("a", 1)}, "text/csv"},
		{JSONRenderer{}, Response{Data: 1, Header: http.Header{"content-type": {"application/problem+json"}}}, "application/problem+json"},
		{JSONRenderer{}, Response{Status: 204, Data: 1}, ""},
		{JSONRenderer{}, Response{Status: 304, Data: 1}, ""},
	} {
		s := newSite(Config{Renderers: []Renderer{c.renderer}})
		s.mount("/", handlers{"GET": func(*Request) (*Response, error) { return &c.resp, nil }}, nil)
		a := s.ask("GET", "/", "")
		a.hasHeader(t, fmt.Sprint(c.renderer), "Content-Type", c.want)
		if (a.body == "") != (c.want == "") {
			t.Errorf("%v: got body %q with Content-Type %q", c.renderer, a.body, c.want)
		}
	}
}

func TestResponseHeaders(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"POST": func(*Request) (*Response, error) {
		return &Response{Status: 201, Data: 1, Header: http.Header{"Location": {"/x/"}, "X-Many": {"a", "b"}}}, nil
	}}, nil)
	a := s.ask("POST", "/", "")
	a.is(t, "created", 201, "1")
	a.hasHeader(t, "created", "Location", "/x/")
	if got := a.header.Values("X-Many"); len(got) != 2 {
		t.Errorf("got X-Many %q", got)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	s := newSite(Config{Renderers: []Renderer{txt}})
	s.mount("/", handlers{"GET": say(Obj("a", 1))}, nil)
	a := s.ask("HEAD", "/", "")
	a.is(t, "HEAD", 200, "")
	a.hasHeader(t, "HEAD", "Content-Length", "5")
	a.hasHeader(t, "HEAD", "Content-Type", "text/plain; charset=utf-8")
}

func TestReadyJSONIsNotCopied(t *testing.T) {
	text := Rendered(`{"a":1}`)
	r := &Request{renderer: JSONRenderer{}, mediaType: "application/json"}
	got, err := r.render(OK(text), http.StatusOK)
	if err != nil || &got[0] != &text[0] {
		t.Errorf("got a copy, %v", err)
	}
}
