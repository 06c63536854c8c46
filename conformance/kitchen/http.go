package kitchen

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/quintet-go/quintet/rest"
)

// plainText renders an object as a line for each key.
type plainText struct{ rest.BaseRenderer }

// Render implements rest.Renderer.
func (plainText) Render(dst []byte, data any, _ string, _ *rest.Request) ([]byte, error) {
	if ready, ok := data.(rest.Rendered); ok {
		var err error
		if data, err = rest.ParseRendered(ready); err != nil {
			return nil, err
		}
	}
	out := bytes.NewBuffer(dst)
	if object, ok := data.(*rest.Object); ok {
		for key, value := range object.All() {
			fmt.Fprintf(out, "%s: %s\n", key, pythonText(value))
		}
		return out.Bytes(), nil
	}
	fmt.Fprintf(out, "%s\n", pythonText(data))
	return out.Bytes(), nil
}

// pythonText is a value as Python's str() shows it; texts inside of lists and objects stand in quotes.
func pythonText(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = quoted(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case *rest.Object:
		var items []string
		for key, value := range v.All() {
			items = append(items, quoted(key)+": "+quoted(value))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// quoted is a text in quotes, or another value as it is shown.
func quoted(v any) string {
	s, ok := v.(string)
	if !ok {
		return pythonText(v)
	}
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return `"` + s + `"`
	}
	return "'" + strings.ReplaceAll(s, "'", `\'`) + "'"
}

var (
	plain  = plainText{rest.BaseRenderer{Type: "text/plain", Suffix: "txt"}}
	vendor = rest.JSONRenderer{Type: "application/vnd.kitchen+json", Suffix: "vnd"}
)

// negotiation serves neg/ and suffix/.
func (k *Kitchen) negotiation(g *rest.Group) {
	negotiate := func(name string, renderers ...rest.Renderer) *rest.View {
		v := view(name, "", negotiated, http.MethodGet)
		v.Renderers = renderers
		return v
	}
	three := []rest.Renderer{rest.JSONRenderer{}, plain, vendor}
	g.Handle("neg/multi/", negotiate("Negotiate", three...), "")
	g.Handle("neg/plain-first/", negotiate("Negotiate Plain First", plain, rest.JSONRenderer{}), "")
	g.Handle("neg/json/", negotiate("Negotiate Json Only", rest.JSONRenderer{}), "")
	suffix := view("Suffix", "Takes a format suffix.", func(r *rest.Request) (*rest.Response, error) {
		return rest.OK(rest.Obj("format", text(r.Param("format")))), nil
	}, http.MethodGet)
	g.HandleSuffixed("suffix/plain/", suffix, "suffix")
	g.HandleSuffixed("suffix/negotiate/", negotiate("Negotiate", three...), "suffix-negotiate")
	g.HandleSuffixed("suffix/allowed", negotiate("Negotiate", three...), "suffix-allowed", "json", "txt")
}

func negotiated(r *rest.Request) (*rest.Response, error) {
	return rest.OK(rest.Obj("accepted", r.MediaType(), "format", r.Renderer().Format())), nil
}

// parsing serves parse/: the body as it was understood.
func (k *Kitchen) parsing(g *rest.Group) {
	echo := func(path, name string, parsers ...rest.Parser) {
		v := view(name, "", echoed, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete)
		v.Parsers = parsers
		g.Handle(path, v, "")
	}
	echo("parse/any/", "Echo")
	echo("parse/json/", "Echo Json", rest.JSONParser{})
	echo("parse/form/", "Echo Form", rest.FormParser{})
	echo("parse/multipart/", "Echo Multipart", rest.MultiPartParser{})
	upload := view("Upload", "", uploaded, http.MethodPut)
	upload.Parsers = []rest.Parser{rest.FileUploadParser{}}
	g.Handle("parse/upload/", upload, "")
	g.Handle("parse/upload/{filename}/", upload, "")
}

func echoed(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	query := rest.Obj()
	for _, name := range r.QueryNames() {
		query.Set(name, r.QueryList(name))
	}
	if form, ok := data.(*rest.FormData); ok {
		data = lists(form)
	}
	return rest.OK(rest.Obj("data", data, "query", query)), nil
}

// lists are all values of a form, files described.
func lists(form *rest.FormData) *rest.Object {
	out := rest.Obj()
	for _, name := range form.Keys() {
		var values []any
		for _, value := range form.List(name) {
			if file, ok := value.(*rest.UploadedFile); ok {
				value = rest.Obj("name", file.Name, "size", file.Size, "type", file.ContentType)
			}
			values = append(values, value)
		}
		out.Set(name, values)
	}
	return out
}

// uploaded describes a file that was sent as the whole body.
func uploaded(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	form, ok := data.(*rest.FormData)
	if !ok {
		return nil, rest.ParseFailed("No file was sent.")
	}
	value, _ := form.Get("file")
	file, ok := value.(*rest.UploadedFile)
	if !ok {
		return nil, rest.ParseFailed("No file was sent.")
	}
	content, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	size, err := io.Copy(io.Discard, content)
	if err != nil {
		return nil, err
	}
	return rest.OK(rest.Obj("name", file.Name, "size", size, "type", file.ContentType)), nil
}

// methods serves methods/.
func (k *Kitchen) methods(g *rest.Group) {
	method := func(name string) any { return rest.Obj("method", name) }
	g.Handle("methods/get/", view("Get Only", "Only GET.", answer(http.StatusOK, method("GET")), http.MethodGet), "")
	g.Handle("methods/post/", view("Post Only", "Only POST.", answer(http.StatusCreated, method("POST")), http.MethodPost), "")
	own := with(view("Own Head", "", answer(http.StatusOK, method("GET")), http.MethodGet), http.MethodHead,
		func(*rest.Request) (*rest.Response, error) {
			return &rest.Response{Header: http.Header{"X-Head": {"own"}}}, nil
		})
	g.Handle("methods/head/", own, "")
	function := view("Function View", "A view made of a function.", func(r *rest.Request) (*rest.Response, error) {
		return rest.OK(method(r.Method())), nil
	}, http.MethodGet, http.MethodPut)
	function.Function = true
	g.Handle("methods/function/", function, "")
	empty := view("No Content", "Empty answers.", answer(http.StatusOK, nil), http.MethodGet)
	with(empty, http.MethodPost, answer(http.StatusNoContent, nil))
	with(empty, http.MethodPut, answer(http.StatusOK, ""))
	with(empty, http.MethodPatch, answer(http.StatusOK, rest.Obj()))
	with(empty, http.MethodDelete, answer(http.StatusAccepted, []any{}))
	g.Handle("methods/empty/", empty, "")
}

// versions serves ver/, and the namespaces of g's router.
func (k *Kitchen) versions(router *rest.Router, g *rest.Group) {
	allowed := rest.Versions{Default: "v1", Allowed: []string{"v1", "v2"}}
	versioned := func(name, link string, v rest.Versioning) *rest.View {
		out := view(name, "", func(r *rest.Request) (*rest.Response, error) {
			var address any
			if link != "" {
				found, err := r.Reverse(link, nil)
				if err != nil {
					return nil, err
				}
				address = found
			}
			return rest.OK(rest.Obj("version", text(r.Version()), "link", address)), nil
		}, http.MethodGet)
		out.Versioning = v
		return out
	}
	byURL := versioned("Url Version", "version-url", rest.URLPathVersioning{Versions: allowed})
	g.Handle("ver/url/{version:[a-z0-9.]+}/", byURL, "version-url")
	g.Handle("ver/url/", byURL, "")
	g.Handle("ver/accept/", versioned("Accept Version", "", rest.AcceptHeaderVersioning{Versions: allowed}), "")
	g.Handle("ver/query/", versioned("Query Version", "version-query", rest.QueryParameterVersioning{Versions: allowed}), "version-query")
	g.Handle("ver/host/", versioned("Host Version", "", rest.HostNameVersioning{Versions: allowed}), "")
	none := view("No Version", "", func(r *rest.Request) (*rest.Response, error) {
		return rest.OK(rest.Obj("version", text(r.Version()))), nil
	}, http.MethodGet)
	g.Handle("ver/none/", none, "")
	for _, version := range []string{"v1", "v2", "v3"} {
		spaced := versioned("Namespace Version", "version-ns", rest.NamespaceVersioning{Versions: allowed})
		router.Group("/kitchen/"+version+"/").Namespace(version).Handle("ver/ns/", spaced, "version-ns")
	}
}
