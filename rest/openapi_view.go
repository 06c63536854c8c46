package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// SchemaView serves the OpenAPI document of the API that it is registered in: JSON, or YAML where the Accept header or
// ?format=yaml asks for it, with an ETag. It is open to all and left out of the document; change the View for other rules.
func SchemaView(info DocumentInfo) *View {
	s := &servedSchema{info: info}
	return &View{
		Name: "Schema", Doc: "The OpenAPI document of this API.", Undocumented: true,
		Permissions: []Permission{AllowAny},
		Renderers: []Renderer{
			schemaRenderer{"application/json", "json"},
			schemaRenderer{"application/vnd.oai.openapi+json", "json"},
			schemaRenderer{"application/vnd.oai.openapi", "yaml"},
			schemaRenderer{"application/yaml", "yaml"},
		},
		Methods: map[string]Endpoint{http.MethodGet: {Handle: s.answer}},
	}
}

// servedSchema keeps both texts of a document.
type servedSchema struct {
	info  DocumentInfo
	once  sync.Once
	err   error
	texts map[string]schemaText // by format
}

type schemaText struct {
	body []byte
	etag string
}

func (s *servedSchema) make(api *API) {
	document := api.OpenAPI(s.info)
	text, err := document.YAML()
	s.err = err
	s.texts = map[string]schemaText{"json": newSchemaText(document.JSON()), "yaml": newSchemaText(text)}
}

func newSchemaText(body []byte) schemaText {
	sum := sha256.Sum256(body)
	return schemaText{body, `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// answer sends the text in the negotiated format, or 304 to those who have it.
func (s *servedSchema) answer(r *Request) (*Response, error) {
	s.once.Do(func() { s.make(r.api) })
	if s.err != nil {
		return nil, s.err
	}
	text := s.texts[r.Renderer().Format()]
	response := &Response{Data: text, Header: http.Header{"Etag": {text.etag}, "Cache-Control": {"no-cache"}}}
	if matchesETag(r.HTTP().Header.Get("If-None-Match"), text.etag) {
		response.Status, response.Data = http.StatusNotModified, nil
	}
	return response, nil
}

// matchesETag compares weakly, as If-None-Match demands.
func matchesETag(header, etag string) bool {
	for candidate := range strings.SplitSeq(header, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == etag || candidate == "*" {
			return true
		}
	}
	return false
}

// schemaRenderer sends a text that is ready. JSON, which errors are, is YAML too.
type schemaRenderer struct{ mediaType, format string }

// MediaType implements Renderer.
func (s schemaRenderer) MediaType() string { return s.mediaType }

// Format implements Renderer.
func (s schemaRenderer) Format() string { return s.format }

// Charset implements Renderer.
func (s schemaRenderer) Charset() string {
	if s.format == "yaml" {
		return "utf-8"
	}
	return ""
}

// Render implements Renderer.
func (s schemaRenderer) Render(dst []byte, data any, accepted string, _ *Request) ([]byte, error) {
	if text, ok := data.(schemaText); ok {
		return append(dst, text.body...), nil
	}
	return JSONRenderer{}.Render(dst, data, accepted, nil)
}
