package rest

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/mediatype"
)

// FormParser reads application/x-www-form-urlencoded. The length is bounded by Config.MaxBody, the fields are at most 1000.
type FormParser struct{}

// MediaType implements Parser.
func (FormParser) MediaType() string { return "application/x-www-form-urlencoded" }

// Parse implements Parser.
func (FormParser) Parse(r *Request, mediaType string) (any, error) {
	set, err := bodyCharset(mediaType)
	if err != nil {
		return nil, err
	}
	body, err := r.Body(r.api.config.MaxBody)
	if err != nil {
		return nil, err
	}
	data, err := form.ParseURLEncoded(body, set, form.Limits{FieldBytes: r.api.config.MaxBody})
	return data, formError(err)
}

// MultiPartParser reads multipart/form-data, files included. The length is bounded by Config.MaxUpload, that of the fields by
// Config.MaxBody; there are at most 1000 fields and 100 files. Files that do not fit into memory are removed from the disk
// when the request is answered.
type MultiPartParser struct{}

// MediaType implements Parser.
func (MultiPartParser) MediaType() string { return "multipart/form-data" }

// Parse implements Parser.
func (MultiPartParser) Parse(r *Request, mediaType string) (any, error) {
	set, err := bodyCharset(mediaType)
	if err != nil {
		return nil, err
	}
	stream, err := r.BodyReader(r.api.config.MaxUpload)
	if err != nil {
		return nil, err
	}
	data, err := form.ParseMultipart(stream, mediaType, set, form.Limits{FieldBytes: r.api.config.MaxBody})
	if err != nil {
		return nil, formError(err)
	}
	r.deferred = append(r.deferred, data.Close)
	return data.All(), nil
}

// formError gives the refusals of package form their answers.
func formError(err error) error {
	var wrong *form.ParseError
	var tooMuch *form.LimitError
	switch {
	case errors.As(err, &wrong):
		return ParseFailed("Multipart form parse error - " + wrong.Msg)
	case errors.As(err, &tooMuch):
		return NewError(http.StatusRequestEntityTooLarge, ErrRequestTooLarge.Code, sentence(tooMuch.Msg))
	}
	return err
}

// sentence makes an error text a sentence.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// FileUploadParser reads a body of any type as one file, the field "file" of the FormData. Its name is the variable part
// "filename" of the address, or that of the header Content-Disposition. The length is bounded by Config.MaxUpload; the
// file is removed from the disk when the request is answered.
type FileUploadParser struct{}

// MediaType implements Parser.
func (FileUploadParser) MediaType() string { return "*/*" }

// Parse implements Parser.
func (FileUploadParser) Parse(r *Request, mediaType string) (any, error) {
	name := uploadName(r)
	if name == "" {
		return nil, ParseFailed("Missing filename. Request should include a Content-Disposition header with a filename parameter.")
	}
	stream, err := r.BodyReader(r.api.config.MaxUpload)
	if err != nil {
		return nil, err
	}
	file, err := form.NewFile(name, mediaType, stream, r.api.config.MaxBody)
	if err != nil {
		return nil, err
	}
	r.deferred = append(r.deferred, file.Remove)
	data := &FormData{}
	data.Add("file", file)
	return data, nil
}

// maxDisposition is how long a Content-Disposition may be to be looked at.
const maxDisposition = 8192

// uploadName is the name of an uploaded file, without folders; empty when there is none.
func uploadName(r *Request) string {
	name, ok := r.param("filename")
	if !ok {
		name = dispositionName(r.http.Header.Get("Content-Disposition"))
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	if name == "." || name == ".." {
		return ""
	}
	return name
}

// dispositionName is the parameter filename of a Content-Disposition header.
func dispositionName(header string) string {
	if len(header) > maxDisposition {
		return ""
	}
	_, params, err := mediatype.ParseHeader(header)
	if err != nil {
		return ""
	}
	name, _ := params.Get("filename")
	return strings.ToValidUTF8(name, "\ufffd")
}

// noQuery is that of addresses without one. Nobody changes a query.
var noQuery = new(form.MultiDict)

// readQuery parses the query string.
func (r *Request) readQuery() (err error) {
	if r.http.URL.RawQuery == "" {
		r.query = noQuery
		return nil
	}
	r.query, err = form.ParseQuery(r.http.URL.RawQuery, form.Limits{})
	if err != nil {
		r.query = noQuery
		return ParseFailed("The query has too many parameters.").WithCause(err)
	}
	return nil
}
