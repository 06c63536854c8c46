// Package apidocs serves Swagger UI for an API: a page on which people read the OpenAPI document, log in and try requests.
// Everything the page needs is in the binary, so that it works without a network.
//
//	api := router.Group("/api/")
//	apidocs.Routes(api, "docs/", rest.DocumentInfo{Title: "Shop", Version: "1"})
package apidocs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/swaggo/swag"

	"github.com/quintet-go/quintet/rest"
)

//go:embed swagger-ui start.js index.html
var embedded embed.FS

// policy lets the page load and call nothing but its own server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Routes serves Swagger UI under a prefix of a group, such as "docs/". The document is that of the whole API as info
// describes it; when the router is built, it is registered with package swag under a name of its own. The pages are open to
// all and left out of the document.
func Routes(g *rest.Group, prefix string, info rest.DocumentInfo) {
	ui := &site{title: info.Title, instance: "quintet-" + uuid.NewString(), document: &document{info: info}}
	g.OnBuild(func(api *rest.API) {
		ui.document.api = api
		swag.Register(ui.instance, ui.document)
	})
	g.Handle(prefix, view("API documentation", ui.index), "docs")
	g.Handle(prefix+"openapi.json", view("API document", ui.openAPI), "docs-document")
	g.Handle(prefix+"assets/{version}/{file}", view("API documentation asset", ui.asset), "docs-asset")
}

// view is a page for everybody.
func view(name string, handle func(*rest.Request) (*rest.Response, error)) *rest.View {
	return &rest.View{
		Name: name, Undocumented: true, Permissions: []rest.Permission{rest.AllowAny},
		Authenticators: []rest.Authenticator{}, Throttles: []rest.Throttle{},
		Renderers: []rest.Renderer{ready{rest.BaseRenderer{Type: "text/html", Suffix: "html"}}, ready{rest.BaseRenderer{Type: "*/*", Encoding: "-"}}},
		Methods:   map[string]rest.Endpoint{http.MethodGet: {Handle: handle}},
	}
}

// ready sends bytes as they are; the handlers name their types.
type ready struct{ rest.BaseRenderer }

// Render implements rest.Renderer.
func (ready) Render(dst []byte, data any, _ string, _ *rest.Request) ([]byte, error) {
	switch data := data.(type) {
	case []byte:
		return append(dst, data...), nil
	case rest.Rendered: // a refusal
		return append(dst, data...), nil
	}
	return nil, fmt.Errorf("apidocs: a %T cannot be sent", data)
}

// document is the API's document as package swag asks for it.
type document struct {
	api  *rest.API
	info rest.DocumentInfo
	once sync.Once
	text string
}

// ReadDoc implements swag.Swagger: the document as JSON.
func (d *document) ReadDoc() string {
	d.once.Do(func() { d.text = string(d.api.OpenAPI(d.info).JSON()) })
	return d.text
}

// site is the pages of one API.
type site struct {
	title    string
	instance string
	document *document
}

// index is the page.
func (s *site) index(*rest.Request) (*rest.Response, error) {
	page, err := template.ParseFS(embedded, "index.html")
	if err != nil {
		return nil, err
	}
	files, err := assets()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]string{
		"Title": s.title, "Assets": "assets/" + files.version + "/", "Document": "openapi.json",
	})
	return answer(out.Bytes(), "text/html; charset=utf-8", "no-cache"), err
}

func answer(body []byte, contentType, caching string) *rest.Response {
	return &rest.Response{Data: body, Header: http.Header{
		"Content-Type": {contentType}, "Cache-Control": {caching}, "Content-Security-Policy": {policy},
		"X-Content-Type-Options": {"nosniff"}, "Referrer-Policy": {"same-origin"},
	}}
}

// openAPI is the document that the page shows, from package swag.
func (s *site) openAPI(*rest.Request) (*rest.Response, error) {
	text, err := swag.ReadDoc(s.instance)
	return answer([]byte(text), "application/json", "no-cache"), err
}

// asset sends a file of the version that the page names; it never changes.
func (s *site) asset(r *rest.Request) (*rest.Response, error) {
	files, err := assets()
	if err != nil {
		return nil, err
	}
	file, ok := files.byName[r.Param("file")]
	if !ok || r.Param("version") != files.version {
		return nil, rest.ErrNotFound
	}
	response := answer(file.plain, file.contentType, "public, max-age=31536000, immutable")
	if file.packed == nil {
		return response, nil
	}
	r.Vary("Accept-Encoding")
	if takesGzip(r.HTTP().Header) {
		response.Data = file.packed
		response.Header.Set("Content-Encoding", "gzip")
	} else {
		response.Data, err = unpacked(file.packed)
	}
	return response, err
}

// takesGzip reads Accept-Encoding as far as it matters here.
func takesGzip(h http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";q=")
		if name == "gzip" && (weight == "" || strings.Trim(weight, "0.") != "") {
			return true
		}
	}
	return false
}

func unpacked(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("apidocs: unpack an asset: %w", err)
	}
	return io.ReadAll(reader)
}

// files are what the page loads, and the version that is a part of their addresses.
type files struct {
	version string
	byName  map[string]file
}

type file struct {
	contentType   string
	plain, packed []byte // one of both
}

// assets reads the embedded files once.
var assets = sync.OnceValues(func() (files, error) {
	all, sum := files{byName: map[string]file{}}, sha256.New()
	err := fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		_, _ = sum.Write(data) // a hash never fails
		base, isPacked := strings.CutSuffix(path.Base(name), ".gz")
		f := file{contentType: typeOf(base), plain: data}
		if isPacked {
			f.plain, f.packed = nil, data
		}
		if base != "index.html" {
			all.byName[base] = f
		}
		return nil
	})
	all.version = hex.EncodeToString(sum.Sum(nil))[:12]
	return all, err
})

// typeOf is the media type of a file; licences are texts.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".png":
		return mime.TypeByExtension(".png")
	}
	return "text/plain; charset=utf-8"
}
