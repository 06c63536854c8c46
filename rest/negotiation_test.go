package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// linesRenderer writes "key: value" lines.
type linesRenderer struct{ BaseRenderer }

func (linesRenderer) Render(dst []byte, data any, _ string, _ *Request) ([]byte, error) {
	if ready, ok := data.(Rendered); ok {
		parsed, err := ParseRendered(ready)
		if err != nil {
			return dst, err
		}
		data = parsed
	}
	if o, ok := data.(*Object); ok {
		for key, value := range o.All() {
			dst = fmt.Appendf(dst, "%s: %v\n", key, value)
		}
	}
	return dst, nil
}

var (
	txt    = linesRenderer{BaseRenderer{Type: "text/plain", Suffix: "txt"}}
	vendor = JSONRenderer{Type: "application/vnd.kitchen+json", Suffix: "vnd"}
)

func negotiationSite() *site {
	s := newSite(Config{})
	h := handlers{"GET": func(r *Request) (*Response, error) {
		return OK(Obj("accepted", r.mediaType, "format", r.renderer.Format())), nil
	}}
	for path, renderers := range map[string][]Renderer{
		"/multi": {JSONRenderer{}, txt, vendor}, "/plain": {txt, JSONRenderer{}}, "/json": {JSONRenderer{}},
	} {
		s.mount(path, h, func(v *view) { v.renderers = renderers })
		s.mount(path+".:format", h, func(v *view) { v.renderers = renderers })
	}
	return s
}

// The accepted media types are those that the reference recorded.
func TestNegotiation(t *testing.T) {
	s := negotiationSite()
	const none = "406"
	for _, c := range []struct{ accept, multi, plain, json string }{
		{"*/*", "application/json json", "text/plain txt", "application/json json"},
		{"application/json", "application/json json", "application/json json", "application/json json"},
		{"text/plain", "text/plain txt", "text/plain txt", none},
		{"application/*", "application/json json", "application/json json", "application/json json"},
		{"application/json;q=0.1, text/plain;q=0.9", "application/json;q=0.1 json", "text/plain;q=0.9 txt", "application/json;q=0.1 json"},
		{"text/plain, application/json", "application/json json", "text/plain txt", "application/json json"},
		{"application/json; version=1", "application/json; version=1 json", "application/json; version=1 json", "application/json; version=1 json"},
		{"application/vnd.kitchen+json", "application/vnd.kitchen+json vnd", none, none},
		{"application/xml, */*;q=0.1", "application/json;q=0.1 json", "text/plain;q=0.1 txt", "application/json;q=0.1 json"},
		{"APPLICATION/JSON", "APPLICATION/JSON json", "APPLICATION/JSON json", "APPLICATION/JSON json"},
		{"image/png, text/*;q=0.5", "text/plain;q=0.5 txt", "text/plain;q=0.5 txt", none},
		{"*/*;q=0.1, text/plain", "text/plain txt", "text/plain txt", "application/json;q=0.1 json"},
		{"*/*; version=v2", "application/json;version=v2 json", "text/plain;version=v2 txt", "application/json;version=v2 json"},
		{"text/html", none, none, none},
		{"", none, none, none},
		{",", none, none, none},
		{strings.Repeat("a", 300) + ", text/plain", "text/plain txt", "text/plain txt", none},
		{strings.Repeat("a/b,", 64) + "text/plain", none, none, none},
		{strings.Repeat("a/b,", 63) + "text/plain", "text/plain txt", "text/plain txt", none},
		{strings.Repeat("b", 8190) + ",*/*", none, none, none},
	} {
		for path, want := range map[string]string{"/multi": c.multi, "/plain": c.plain, "/json": c.json} {
			a := s.ask("GET", path, "", "Accept", c.accept)
			got := none
			if a.status == 200 {
				got = acceptedOf(a)
			}
			if got != want || (want == none) != (a.status == 406) {
				t.Errorf("%s of %.60q: got %d %s, want %s", path, c.accept, a.status, got, want)
			}
		}
	}
}

// acceptedOf reads "type format" out of the answer of any renderer.
func acceptedOf(a answer) string {
	var accepted, format string
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		lines := strings.Split(a.body, "\n")
		accepted, format = strings.TrimPrefix(lines[0], "accepted: "), strings.TrimPrefix(lines[1], "format: ")
	} else {
		parsed, _ := ParseRendered(Rendered(a.body))
		first, _ := parsed.(*Object).Get("accepted")
		second, _ := parsed.(*Object).Get("format")
		accepted, format = first.(string), second.(string)
	}
	return accepted + " " + format
}

func TestNegotiationByFormat(t *testing.T) {
	s := negotiationSite()
	const notFound, notAcceptable = `{"detail":"Not found."}`, `{"detail":"Could not satisfy the request Accept header."}`
	for _, c := range []struct {
		target, accept string
		status         int
		body           string
	}{
		{"/multi?format=json", "", 200, `{"accepted":"application/json","format":"json"}`},
		{"/multi?format=txt", "text/plain", 200, "accepted: text/plain\nformat: txt\n"},
		{"/multi?format=vnd", "", 200, `{"accepted":"application/vnd.kitchen+json","format":"vnd"}`},
		{"/multi?format=json", "text/plain", 406, notAcceptable},
		{"/json?format=txt", "", 404, notFound},
		{"/multi?format=JSON", "", 404, notFound},
		{"/multi?format=", "", 200, `{"accepted":"application/json","format":"json"}`},
		{"/multi.txt", "", 200, "accepted: text/plain\nformat: txt\n"},
		{"/multi.txt?format=json", "", 200, "accepted: text/plain\nformat: txt\n"},
		{"/json.txt", "", 404, notFound},
	} {
		var headers []string
		if c.accept != "" {
			headers = []string{"Accept", c.accept}
		}
		s.ask("GET", c.target, "", headers...).is(t, c.target, c.status, c.body)
	}
}

func TestNegotiationByFormatTurnedOff(t *testing.T) {
	s := newSite(Config{FormatParam: "-"})
	s.mount("/", handlers{"GET": func(r *Request) (*Response, error) { return OK(r.Format()), nil }}, nil)
	s.ask("GET", "/?format=txt&-=txt", "").is(t, "no format parameter", 200, `""`)
}

func TestRefusalsOfNegotiationUseTheFirstRenderer(t *testing.T) {
	s := negotiationSite()
	a := s.ask("GET", "/plain", "", "Accept", "application/vnd.kitchen+json")
	a.is(t, "406", 406, "detail: Could not satisfy the request Accept header.\n")
	a.hasHeader(t, "406", "Content-Type", "text/plain; charset=utf-8")
	a.hasHeader(t, "406", "Vary", "Accept")
	a.hasHeader(t, "406", "Allow", "GET, HEAD, OPTIONS")
}

func TestViewWithoutRenderers(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"GET": say(1)}, func(v *view) { v.renderers = []Renderer{} })
	s.ask("GET", "/", "").is(t, "no renderers", 406, `{"detail":"Could not satisfy the request Accept header."}`)
}

func TestSeveralAcceptHeadersAreOne(t *testing.T) {
	a := negotiationSite().ask("GET", "/multi", "", "Accept", "image/png", "Accept", "text/plain")
	a.is(t, "two headers", 200, "accepted: text/plain\nformat: txt\n")
}

func FuzzNegotiate(f *testing.F) {
	f.Add("application/json; indent=4, */*;q=0.1", "")
	f.Add(`text/*; x="a,b"`, "json")
	f.Add(strings.Repeat(";", 9000), "txt")
	renderers := []Renderer{JSONRenderer{}, txt, vendor}
	f.Fuzz(func(t *testing.T, accept, format string) {
		renderer, accepted, err := negotiate(renderers, format, []string{accept})
		if (err == nil) != (renderer != nil) || err == nil && format != "" && renderer.Format() != format {
			t.Fatalf("negotiate(%q, %q) = %v, %q, %v", accept, format, renderer, accepted, err)
		}
		if e := new(Error); err != nil && !asError(err, &e) {
			t.Fatalf("got error %v", err)
		}
		if err == nil && (accepted == "" || len(accepted) > 2*maxMediaType+64) {
			t.Fatalf("accepted %q", accepted)
		}
	})
}

func asError(err error, e **Error) bool {
	found, ok := err.(*Error)
	*e = found
	return ok && (found.Status == http.StatusNotFound || found.Status == http.StatusNotAcceptable)
}
