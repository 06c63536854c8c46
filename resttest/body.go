package resttest

import (
	"bytes"
	"mime/multipart"
	"net/textproto"
	"strings"
)

// Text is a body of any media type.
type Text struct {
	Type string // "text/csv"; empty sends no Content-Type
	Text string
}

// Multipart is a form that may hold files. The zero value is empty; its methods return it, so that calls can be chained:
//
//	new(resttest.Multipart).Field("name", "Tea").File("image", "tea.png", png)
type Multipart struct{ parts []part }

type part struct {
	name, file string
	isFile     bool
	content    []byte
}

// Field adds a value; a name may come several times.
func (m *Multipart) Field(name, value string) *Multipart {
	m.parts = append(m.parts, part{name: name, content: []byte(value)})
	return m
}

// File adds a file under a file name.
func (m *Multipart) File(name, file string, content []byte) *Multipart {
	m.parts = append(m.parts, part{name: name, file: file, isFile: true, content: content})
	return m
}

// encode writes the parts in their order; writing to memory does not fail.
func (m *Multipart) encode() (content []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range m.parts {
		header := textproto.MIMEHeader{}
		disposition := `form-data; name="` + quoted(p.name) + `"`
		if p.isFile {
			disposition += `; filename="` + quoted(p.file) + `"`
			header.Set("Content-Type", "application/octet-stream")
		}
		header.Set("Content-Disposition", disposition)
		out, _ := w.CreatePart(header)
		_, _ = out.Write(p.content)
	}
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}

// quoted escapes what would end a parameter of a header.
func quoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "%0D", "\n", "%0A").Replace(text)
}
