package replay

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

// boundary between the parts of multipart bodies, the one of the recordings.
const boundary = "----corpusBoundary7MA4YWxk"

// encode makes the bytes of a body and the content type it has when the step names none; "" for no type. A nil body has
// nil bytes.
func (b *Body) encode(v *variables) (data []byte, contentType string) {
	switch {
	case b == nil:
		return nil, ""
	case b.JSON != nil:
		return v.fillJSON(string(b.JSON)), "application/json"
	case b.Raw != nil:
		return []byte(v.fill(string(*b.Raw))), ""
	case b.Base64 != nil:
		return b.Base64, ""
	case b.Form != nil:
		return encodeForm(b.Form, v), "application/x-www-form-urlencoded"
	}
	return encodeMultipart(b.Multipart, v), "multipart/form-data; boundary=" + boundary
}

func encodeForm(fields [][2]Text, v *variables) []byte {
	pairs := make([]string, len(fields))
	for i, f := range fields {
		pairs[i] = url.QueryEscape(string(f[0])) + "=" + url.QueryEscape(v.fill(string(f[1])))
	}
	return []byte(strings.Join(pairs, "&"))
}

func encodeMultipart(parts []Part, v *variables) []byte {
	var out bytes.Buffer
	for _, p := range parts {
		fmt.Fprintf(&out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"", boundary, p.Name)
		if p.Filename != nil {
			fmt.Fprintf(&out, "; filename=\"%s\"", *p.Filename)
		}
		out.WriteString("\r\n")
		if p.Type != nil {
			fmt.Fprintf(&out, "Content-Type: %s\r\n", *p.Type)
		}
		out.WriteString("\r\n")
		out.Write(p.content(v))
		out.WriteString("\r\n")
	}
	fmt.Fprintf(&out, "--%s--\r\n", boundary)
	return out.Bytes()
}

func (p *Part) content(v *variables) []byte {
	if p.Base64 != nil {
		return p.Base64
	}
	return []byte(v.fill(string(p.Value)))
}
