package rest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/mediatype"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Parser reads a body (rest_framework.parsers.BaseParser). Parsers are used by many requests at once.
type Parser interface {
	MediaType() string // "application/json", "multipart/form-data", "*/*"
	// Parse reads the whole body: plain values as of JSON (see Request.Data) or a *FormData. mediaType is the Content-Type.
	// Errors made by ParseFailed tell the client what is wrong.
	Parse(r *Request, mediaType string) (any, error)
}

// FormData is what an HTML form holds: names in their order, each with a list of texts and files (*UploadedFile). Get(name)
// gives the last of them, Text(name) the last as text, List(name) all; Has, Keys, Len and All read, Add and Set write. The
// zero value is empty and usable.
type FormData = form.MultiDict

// Data is the parsed body (request.data): for JSON nil, bool, string, Int, float64, []any or *Object; for forms a
// *FormData; an empty Object or FormData for an empty body. The body is read once; a failure is answered again and again.
// The error is ready to be returned: 400 for a body that is wrong in itself, 413 for one that is too long, 415 for a type
// that no parser of the view takes.
func (r *Request) Data() (any, error) {
	if !r.parsed {
		r.parsed = true
		r.data, r.parseErr = r.parse()
	}
	return r.data, r.parseErr
}

func (r *Request) parse() (any, error) {
	contentType := r.http.Header.Get("Content-Type")
	if r.bodyIsEmpty() {
		if len(contentType) <= maxMediaType && mediatype.IsForm(contentType) {
			return &FormData{}, nil
		}
		return &Object{}, nil
	}
	if err := r.refuseEncoding(); err != nil {
		return nil, err
	}
	parser := selectParser(r.parsers(), contentType)
	if parser == nil {
		return nil, UnsupportedMediaType(charset.Latin1([]byte(contentType))) // as Python reads headers
	}
	r.limitReading()
	return parser.Parse(r, contentType)
}

func (r *Request) parsers() []Parser {
	if r.operation != nil && r.operation.parsers != nil {
		return r.operation.parsers
	}
	return r.view.parsers
}

// bodyIsEmpty tells whether there is no body; one of unknown length is asked for its first byte.
func (r *Request) bodyIsEmpty() bool {
	if r.http.ContentLength >= 0 || r.http.Body == nil {
		return r.http.ContentLength <= 0
	}
	buffered := bufio.NewReader(r.http.Body)
	_, err := buffered.Peek(1)
	r.http.Body = struct {
		io.Reader
		io.Closer
	}{buffered, r.http.Body}
	return errors.Is(err, io.EOF)
}

// refuseEncoding refuses packed bodies: a small one may unpack to anything.
func (r *Request) refuseEncoding() error {
	encoding := strings.TrimSpace(r.http.Header.Get("Content-Encoding"))
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		return nil
	}
	e := *UnsupportedMediaType(encoding)
	e.Detail = Message{fmt.Sprintf("Unsupported content encoding \"%s\" in request.", encoding), e.Code}
	return &e
}

// selectParser is the first parser that takes a Content-Type, nil for none.
func selectParser(parsers []Parser, contentType string) Parser {
	if len(contentType) > maxMediaType {
		return nil
	}
	asked := mediatype.Parse(contentType)
	for _, p := range parsers {
		if mediatype.Parse(p.MediaType()).Matches(asked) {
			return p
		}
	}
	return nil
}

// limitReading lets reading the body fail when the time of the request is over; where another one limits requests
// (Config.RequestTime below 0), their bodies are left to it. The deadline stays: the server sets another one for the next
// request.
func (r *Request) limitReading() {
	if r.api.config.RequestTime < 0 {
		return
	}
	if deadline, ok := r.Context().Deadline(); ok {
		_ = http.NewResponseController(r.echo.Response()).SetReadDeadline(deadline)
	}
}

// Body reads the whole body for a Parser, up to limit bytes. The error is ready to be returned: ErrRequestTooLarge for a
// longer body, 400 for one that broke off.
func (r *Request) Body(limit int64) ([]byte, error) {
	stream, err := r.BodyReader(limit)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(stream)
}

// BodyReader is the body for a Parser that reads it piece by piece. A body that is announced as longer than limit bytes is
// ErrRequestTooLarge at once, one that turns out to be longer while it is read.
func (r *Request) BodyReader(limit int64) (io.Reader, error) {
	if r.http.ContentLength > limit {
		return nil, ErrRequestTooLarge
	}
	return bodyReader{http.MaxBytesReader(r.echo.Response().Writer, r.http.Body, limit)}, nil
}

// bodyReader gives the errors of reading a body their meaning.
type bodyReader struct{ r io.Reader }

// Read implements io.Reader.
func (b bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if errors.As(err, new(*http.MaxBytesError)) {
		return n, ErrRequestTooLarge
	}
	return n, ParseFailed("The request body could not be read.").WithCause(err)
}

// bodyCharset is the character set a Content-Type names: UTF-8 when it names none or one that nobody knows.
func bodyCharset(contentType string) (charset.Charset, error) {
	name, ok := mediatype.Parse(contentType).Params.Get("charset")
	if !ok {
		return charset.Charset{}, nil
	}
	set, err := charset.Lookup(name)
	if errors.Is(err, charset.ErrUnsupported) {
		return set, ParseFailed(fmt.Sprintf("Unsupported charset \"%s\" in request Content-Type header.", name))
	}
	return set, nil
}

// JSONParser reads application/json. Depth and length are bounded by Config.MaxDepth and Config.MaxBody.
type JSONParser struct{}

// MediaType implements Parser.
func (JSONParser) MediaType() string { return "application/json" }

// Parse implements Parser.
func (JSONParser) Parse(r *Request, mediaType string) (any, error) {
	set, err := bodyCharset(mediaType)
	if err != nil {
		return nil, err
	}
	body, err := r.Body(r.api.config.MaxBody)
	if err != nil {
		return nil, err
	}
	v, err := parseJSONText(body, set, pyjson.Limits{Depth: r.api.config.MaxDepth})
	if err != nil {
		return nil, ParseFailed("JSON parse error - " + err.Error())
	}
	return v, nil
}

func parseJSONText(body []byte, set charset.Charset, limits pyjson.Limits) (any, error) {
	if set.UTF8() {
		return pyjson.Parse(body, limits)
	}
	text, err := set.Decode(body)
	if err != nil {
		return nil, err
	}
	return pyjson.ParseString(text, limits)
}
