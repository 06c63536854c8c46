package form

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/mediatype"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Data is what a form holds. Values of Fields are strings, values of Files are *File.
type Data struct {
	Fields *MultiDict
	Files  *MultiDict
}

// All returns fields and files together, files behind the fields of the same name.
func (d *Data) All() *MultiDict {
	all := new(MultiDict)
	all.Merge(d.Fields)
	all.Merge(d.Files)
	return all
}

// Close removes the temporary files. Call it when the request is answered.
func (d *Data) Close() {
	for _, name := range d.Files.keys {
		for _, f := range d.Files.List(name) {
			f.(*File).Remove()
		}
	}
}

// ParseMultipart reads a multipart/form-data body. contentType is the request's header with the boundary; an empty
// body has no boundaries and gives no fields. The errors are *ParseError, *LimitError and those of r. After an error
// no temporary files are left.
func ParseMultipart(r io.Reader, contentType string, cs charset.Charset, lim Limits) (*Data, error) {
	boundary, err := boundaryOf(contentType)
	if err != nil {
		return nil, err
	}
	p := &multipart{
		parts: newParts(r, boundary), charset: cs, lim: lim, memory: lim.memoryBytes(),
		data: &Data{Fields: new(MultiDict), Files: new(MultiDict)},
	}
	err = p.all()
	p.drop()
	if err != nil {
		p.data.Close()
		return nil, err
	}
	return p.data, nil
}

// boundaryOf returns the boundary that a Content-Type names.
func boundaryOf(contentType string) (string, error) {
	if !strings.HasPrefix(contentType, "multipart/") {
		return "", &ParseError{"Invalid Content-Type: " + contentType}
	}
	if pyjson.Length(contentType) != len(contentType) {
		return "", &ParseError{"Invalid non-ASCII Content-Type in multipart: " + contentType}
	}
	_, params, err := mediatype.ParseHeader(contentType)
	if err != nil {
		return "", &ParseError{"Invalid Content-Type: " + contentType}
	}
	boundary, ok := params.Get("boundary")
	if !ok {
		boundary = "None"
	}
	if !ok || !validBoundary(boundary) {
		return "", &ParseError{"Invalid boundary in multipart: " + boundary}
	}
	return boundary, nil
}

// validBoundary reports whether s has 1 to 201 printable ASCII characters, the last of them not a blank.
func validBoundary(s string) bool {
	if s == "" || len(s) > 201 || strings.HasSuffix(s, " ") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// multipart is a multipart body that is being read.
type multipart struct {
	parts   *parts
	charset charset.Charset
	lim     Limits
	data    *Data

	keys, files int
	fieldBytes  int64
	memory      int64 // bytes of files that may still be kept in memory; negative for no limit

	// A file counts only when its part is closed by a delimiter with something behind it.
	open     *File
	openName string
}

func (p *multipart) all() error {
	for p.parts.next() {
		p.complete()
		if err := p.part(); err != nil {
			return err
		}
	}
	return p.parts.err
}

// complete adds the file of the part before; a file of a field without a name is dropped.
func (p *multipart) complete() {
	if p.open != nil && p.openName != "" {
		p.data.Files.Add(p.openName, p.open)
		p.open = nil
	}
	p.drop()
}

// drop forgets the file that was read last.
func (p *multipart) drop() {
	if p.open != nil {
		p.open.Remove()
		p.open = nil
	}
}

func (p *multipart) part() error {
	raw, rest, found, err := p.parts.head()
	if err != nil {
		return err
	}
	h := headers{}
	if found {
		h = parseHeaders(raw)
	}
	if !h.isFile {
		// Two more than allowed: the parts before the first and after the last delimiter count too.
		if p.keys++; exceeds(int64(p.keys)-2, int64(p.lim.fields())) {
			return tooMany("fields")
		}
	}
	name, ok := h.disposition.Get("name")
	if !h.named || !ok {
		return nil
	}
	name = p.charset.DecodeReplacing(bytes.Trim([]byte(name), " \t\n\r\v\f"))
	body := io.MultiReader(bytes.NewReader(rest), p.parts)
	if h.isFile {
		return p.file(name, h, body)
	}
	return p.field(name, h, body)
}

// field reads the value of a field.
func (p *multipart) field(name string, h headers, body io.Reader) error {
	most := p.lim.fieldBytes()
	if most >= 0 {
		body = io.LimitReader(body, most-p.fieldBytes+1)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	p.fieldBytes += int64(len(raw)) + int64(pyjson.Length(name)) + 2
	if exceeds(p.fieldBytes, most) {
		return tooLarge()
	}
	if h.encoding == "base64" {
		if decoded, err := decodeBase64(raw); err == nil {
			raw = decoded
		}
	}
	p.data.Fields.Add(name, p.charset.DecodeReplacing(raw))
	return nil
}

// file reads an uploaded file; one whose name leaves nothing is skipped.
func (p *multipart) file(name string, h headers, body io.Reader) error {
	if p.files++; exceeds(int64(p.files), int64(p.lim.files())) {
		return tooMany("files")
	}
	fileName, _ := h.disposition.Get("filename")
	fileName = sanitize(p.charset.DecodeReplacing([]byte(fileName)))
	if fileName == "" {
		return nil
	}
	if h.encoding == "base64" {
		body = &base64Reader{r: body}
	}
	f, err := NewFile(fileName, h.contentType, body, p.memoryLeft())
	if errors.Is(err, errBase64) {
		return &ParseError{"Could not decode base64 data."}
	}
	if err != nil {
		return err
	}
	if f.InMemory() && p.memory >= 0 {
		p.memory -= f.Size
	}
	p.open, p.openName = f, name
	return nil
}

func (p *multipart) memoryLeft() int64 {
	if p.memory < 0 {
		return 1<<62 - 1
	}
	return p.memory
}

// headers are the headers of a part that count.
type headers struct {
	named       bool // has a Content-Disposition
	isFile      bool
	disposition mediatype.Params
	contentType string
	encoding    string
}

func parseHeaders(raw []byte) (h headers) {
	for _, line := range bytes.Split(raw, []byte("\r\n")) {
		if !utf8.Valid(line) {
			continue
		}
		main, params, err := mediatype.ParseHeader(string(line))
		name, value, ok := strings.Cut(main, ":")
		if err != nil || !ok {
			continue
		}
		switch name {
		case "content-disposition":
			fileName, _ := params.Get("filename")
			h.named, h.disposition, h.isFile = true, params, fileName != ""
		case "content-type":
			h.contentType = strings.TrimSpace(value)
		case "content-transfer-encoding":
			h.encoding = strings.TrimSpace(value)
		}
	}
	return h
}
