package rest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Renderer turns an answer into bytes (rest_framework.renderers.BaseRenderer). Renderers are used by many requests at once.
type Renderer interface {
	MediaType() string // "application/json"
	Format() string    // "json", for ?format= and suffixes
	Charset() string   // added to the Content-Type; empty for none
	// Render appends the text of data to dst. accepted is the negotiated media type with its parameters. data is what
	// Response.Data held, but compiled values arrive as Rendered JSON; ParseRendered makes plain values of them.
	Render(dst []byte, data any, accepted string, r *Request) ([]byte, error)
}

// BaseRenderer is embedded by renderers of other formats, which add Render. An empty Encoding is utf-8, "-" leaves the
// charset out of the Content-Type.
type BaseRenderer struct {
	Type     string // "text/csv"
	Suffix   string // "csv"
	Encoding string
}

// MediaType implements Renderer.
func (b BaseRenderer) MediaType() string { return b.Type }

// Format implements Renderer.
func (b BaseRenderer) Format() string { return b.Suffix }

// Charset implements Renderer.
func (b BaseRenderer) Charset() string {
	if b.Encoding == "-" {
		return ""
	}
	return orText(b.Encoding, "utf-8")
}

// JSONRenderer writes JSON, indented by as many spaces (up to 8) as the Accept header asks for: application/json; indent=4.
// Type and Suffix replace "application/json" and "json".
type JSONRenderer struct {
	Type   string
	Suffix string
}

// MediaType implements Renderer.
func (j JSONRenderer) MediaType() string { return orText(j.Type, "application/json") }

// Format implements Renderer.
func (j JSONRenderer) Format() string { return orText(j.Suffix, "json") }

// Charset implements Renderer: JSON is UTF-8 without saying so.
func (JSONRenderer) Charset() string { return "" }

// Render implements Renderer. nil renders as nothing.
func (JSONRenderer) Render(dst []byte, data any, accepted string, _ *Request) ([]byte, error) {
	if data == nil {
		return dst, nil
	}
	indent := jsonIndent(accepted)
	if indent == 0 {
		return appendJSON(dst, data), nil
	}
	return pyjson.Indent(dst, appendJSON(nil, data), indent), nil
}

// jsonIndent is the indent parameter of a media type, 0 for none.
func jsonIndent(accepted string) int {
	if !strings.Contains(accepted, ";") {
		return 0
	}
	text, ok := mediatype.Parse(accepted).Params.Get("indent")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return max(min(n, 8), 0)
}

// Renderer is the renderer of the answer (accepted_renderer), nil before negotiation.
func (r *Request) Renderer() Renderer { return r.renderer }

// MediaType is the media type of the answer that was agreed on, with the parameters that the client asked for
// (accepted_media_type): "application/json; indent=4".
func (r *Request) MediaType() string { return r.mediaType }

// write sends resp; it fails, with nothing sent, when the answer cannot be rendered.
func (r *Request) write(resp *Response) error {
	status := resp.Status
	if status == 0 {
		status = http.StatusOK
	}
	body, err := r.render(resp, status)
	if err != nil {
		return err
	}
	h := r.echo.Response().Header()
	for name, values := range resp.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	h["Allow"] = r.view.allow
	r.setPrivate(h)
	r.setVary(len(r.view.renderers) > 1)
	r.setContentType(h, len(body) > 0)
	if hasBody(status) && (len(body) > shortBody || r.Method() == http.MethodHead) {
		r.length[0] = strconv.Itoa(len(body))
		h["Content-Length"] = r.length[:]
	}
	r.send(status, body)
	return nil
}

// setPrivate keeps what was made for one user out of the caches that others share, unless the view decided about caches.
func (r *Request) setPrivate(h http.Header) {
	if r.user.IsAuthenticated() && h.Get("Cache-Control") == "" {
		h["Cache-Control"] = privateLine
	}
}

// shortBody is up to how many bytes net/http names the length of an answer by itself (see http.ResponseWriter).
const shortBody = 2 << 10

// send writes status and body; a connection that broke meanwhile is nobody's error.
func (r *Request) send(status int, body []byte) {
	w := r.echo.Response()
	w.WriteHeader(status)
	if r.Method() != http.MethodHead && len(body) > 0 {
		_, _ = w.Write(body)
	}
}

// hasBody tells whether an answer of this status may have a body.
func hasBody(status int) bool {
	return status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified
}

// render is the body of resp, empty for statuses without one. Ready JSON for the JSON renderer is not copied.
func (r *Request) render(resp *Response, status int) ([]byte, error) {
	if !hasBody(status) {
		return nil, nil
	}
	if ready, ok := resp.Data.(Rendered); ok && !strings.Contains(r.mediaType, ";") {
		if _, isJSON := r.renderer.(JSONRenderer); isJSON {
			return ready, nil
		}
	}
	return r.renderer.Render(nil, resp.Data, r.mediaType, r)
}

// setContentType names the type of the body; an answer without one has none.
func (r *Request) setContentType(h http.Header, hasBody bool) {
	switch {
	case !hasBody:
		h.Del("Content-Type")
	case h.Get("Content-Type") != "":
	case r.renderer.Charset() != "":
		h.Set("Content-Type", r.renderer.MediaType()+"; charset="+r.renderer.Charset())
	case r.renderer.MediaType() == jsonLine[0]:
		h["Content-Type"] = jsonLine
	default:
		h.Set("Content-Type", r.renderer.MediaType())
	}
}

// Header lines that many answers share. Nobody changes the lists of a header in place.
var (
	privateLine = []string{"private"}
	jsonLine    = []string{"application/json"}
	acceptLine  = []string{"Accept"}
)

// setVary joins what the answer depends on into one Vary header: Accept, what the request noted, what stands there already.
func (r *Request) setVary(accept bool) {
	h := r.echo.Response().Header()
	switch there := len(h["Vary"]) > 0; {
	case there || accept && len(r.varyBy) > 0 || len(r.varyBy) > 1:
		h.Set("Vary", r.joinedVary(h.Values("Vary"), accept))
	case accept:
		h["Vary"] = acceptLine
	case len(r.varyBy) == 1:
		h["Vary"] = r.varyBy[:1:1]
	}
}

// joinedVary is one line of all names.
func (r *Request) joinedVary(there []string, accept bool) string {
	var names []string
	if accept {
		names = append(names, "Accept")
	}
	names = appendMissing(names, r.varyBy...)
	for _, line := range there {
		for name := range strings.SplitSeq(line, ",") {
			names = appendMissing(names, strings.TrimSpace(name))
		}
	}
	if slices.Contains(names, "*") {
		return "*"
	}
	return strings.Join(names, ", ")
}

// appendMissing appends the names that are not there yet in any case.
func appendMissing(names []string, more ...string) []string {
	for _, name := range more {
		if name != "" && !containsFold(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// containsFold tells whether name is among names in any case.
func containsFold(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}
