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
	if len(accept) == 0 || len(accept) == 1 && accept[0] == "*/*" {
		return renderers[0], renderers[0].MediaType(), nil
	}
	offered := make([]mediatype.Type, len(renderers))
	for i, renderer := range renderers {
		offered[i] = mediatype.Parse(renderer.MediaType())
	}
	for _, types := range byPrecedence(acceptTypes(strings.Join(accept, ","))) {
		for i, renderer := range renderers {
			if t, ok := firstMatch(offered[i], types); ok {
				return renderer, acceptedType(offered[i], t), nil
			}
		}
	}
	return nil, "", ErrNotAcceptable
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
	var types []mediatype.Type
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

// byPrecedence sorts media types by how exact they are, the most exact first.
func byPrecedence(types []mediatype.Type) [mediatype.WithParam + 1][]mediatype.Type {
	var groups [mediatype.WithParam + 1][]mediatype.Type
	for _, t := range types {
		i := mediatype.WithParam - t.Precedence()
		groups[i] = append(groups[i], t)
	}
	return groups
}

func firstMatch(offered mediatype.Type, types []mediatype.Type) (mediatype.Type, bool) {
	for _, t := range types {
		if offered.Matches(t) {
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
