package rest

import (
	"strings"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
)

// Bounds of what is read of an Accept header (DefaultContentNegotiation).
const (
	maxAcceptLength = 8192
	maxAcceptTypes  = 64
	maxMediaType    = 256
)

// negotiate finds the renderer and the media type of the answer: among the renderers of the asked format, the first that
// satisfies the most exact entry of the Accept header. Weights (q) do not count.
func negotiate(renderers []Renderer, format string, accept []string) (Renderer, string, error) {
	if format != "" {
		if renderers = ofFormat(renderers, format); len(renderers) == 0 {
			return nil, "", ErrNotFound
		}
	}
	if len(renderers) == 0 {
		return nil, "", ErrNotAcceptable
	}
	if first := renderers[0].MediaType(); len(accept) == 0 || len(accept) == 1 && asksFor(accept[0], first) {
		return renderers[0], first, nil
	}
	types := acceptTypes(strings.Join(accept, ","))
	for level := mediatype.WithParam; level >= mediatype.Any; level-- {
		for _, renderer := range renderers {
			offered := mediatype.Parse(renderer.MediaType())
			if t, ok := firstMatch(offered, types, level); ok {
				return renderer, acceptedType(offered, t), nil
			}
		}
	}
	return nil, "", ErrNotAcceptable
}

// asksFor tells at a glance that an Accept header asks for anything, or for nothing but one plain media type.
func asksFor(accept, mediaType string) bool {
	return accept == "*/*" || accept == mediaType && !strings.ContainsAny(accept, ",;")
}

// ofFormat are the renderers of a format; names are compared exactly.
func ofFormat(renderers []Renderer, format string) []Renderer {
	var fitting []Renderer
	for _, renderer := range renderers {
		if renderer.Format() == format {
			fitting = append(fitting, renderer)
		}
	}
	return fitting
}

// acceptTypes are the media types of an Accept header. A header that is too long is cut at a comma; single entries that
// are too long are left out.
func acceptTypes(header string) []mediatype.Type {
	if len(header) > maxAcceptLength {
		header = header[:strings.LastIndexByte(header[:maxAcceptLength], ',')+1]
	}
	types := make([]mediatype.Type, 0, min(strings.Count(header, ",")+1, maxAcceptTypes))
	for token := range strings.SplitSeq(header, ",") {
		token = strings.TrimSpace(token)
		if token == "" || len(token) > maxMediaType {
			continue
		}
		if types = append(types, mediatype.Parse(token)); len(types) == maxAcceptTypes {
			break
		}
	}
	return types
}

// firstMatch is the first of the types of one precedence that is satisfied by what is offered.
func firstMatch(offered mediatype.Type, types []mediatype.Type, precedence int) (mediatype.Type, bool) {
	for _, t := range types {
		if t.Precedence() == precedence && offered.Matches(t) {
			return t, true
		}
	}
	return mediatype.Type{}, false
}

// acceptedType is the media type that is agreed on: the more exact of both, with the parameters of the request.
func acceptedType(offered, asked mediatype.Type) string {
	if offered.Precedence() <= asked.Precedence() {
		return asked.Text
	}
	var b strings.Builder
	b.WriteString(offered.Text)
	for _, p := range asked.Params {
		b.WriteString(";" + p.Name + "=" + p.Value)
	}
	return b.String()
}
