package rest

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// showData shows what was parsed as JSON can: forms as arrays of values, files as name, size and type.
func showData(data any) any {
	fields, ok := data.(*FormData)
	if !ok {
		return data
	}
	out := Obj()
	for _, name := range fields.Keys() {
		shown := []any{}
		for _, v := range fields.List(name) {
			if f, ok := v.(*UploadedFile); ok {
				v = Obj("name", f.Name, "size", f.Size, "type", f.ContentType)
			}
			shown = append(shown, v)
		}
		out.Set(name, shown)
	}
	return out
}

const urlencoded = "application/x-www-form-urlencoded"

func TestFormBodies(t *testing.T) {
	s := parseSite(Config{})
	for _, c := range []struct{ contentType, body, want string }{
		{urlencoded, "a=1&b=2", `{"a":["1"],"b":["2"]}`},
		{urlencoded, "a=1&b&a=2", `{"a":["1","2"],"b":[""]}`},
		{urlencoded, "a=%C3%A9+x", `{"a":["é x"]}`},
		{urlencoded, "a=%FF", `{"a":["` + "\ufffd" + `"]}`},
		{urlencoded + "; charset=latin-1", "a=%E9", `{"a":["é"]}`},
		{urlencoded + "; charset=klingon", "a=%C3%A9", `{"a":["é"]}`},
		{"APPLICATION/X-WWW-FORM-URLENCODED", "=1", `{"":["1"]}`},
		{"*/*", "a=1", `{"detail":"JSON parse error - Expecting value: line 1 column 1 (char 0)"}`}, // the first parser takes it
	} {
		if a := s.ask("POST", "/", c.body, "Content-Type", c.contentType); a.body != c.want {
			t.Errorf("%s as %s: got %d %s, want %s", c.body, c.contentType, a.status, a.body, c.want)
		}
	}
	parseSite(Config{}, FormParser{}).ask("POST", "/", `{"a": 1}`, "Content-Type", "*/*").is(t, "any type", 200, `{"{\"a\": 1}":[""]}`)
}

func TestFormLimits(t *testing.T) {
	s := parseSite(Config{MaxBody: 4000, MaxUpload: 8000})
	part := func(name, value string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	const multipart = "multipart/form-data; boundary=x"
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		want                    string
	}{
		{"a long form", urlencoded, strings.Repeat("a", 4001), 413, `{"detail":"The request body is too large."}`},
		{"many fields", urlencoded, strings.Repeat("a&", 1500), 413, `{"detail":"The form has too many fields."}`},
		{"a long multipart", multipart, strings.Repeat("a", 8001), 413, `{"detail":"The request body is too large."}`},
		{"long fields", multipart, part("a", strings.Repeat("a", 4001)) + "--x--\r\n", 413, `{"detail":"The fields of the form are too long."}`},
		{"no boundary", "multipart/form-data", "x", 400, `{"detail":"Multipart form parse error - Invalid boundary in multipart: None"}`},
		{"charset", multipart + "; charset=zip", "x", 400, `{"detail":"Unsupported charset \"zip\" in request Content-Type header."}`},
		{"charset of a form", urlencoded + "; charset=hex", "x", 400, `{"detail":"Unsupported charset \"hex\" in request Content-Type header."}`},
	} {
		s.ask("POST", "/", c.body, "Content-Type", c.contentType).is(t, c.name, c.status, c.want)
	}
}

func TestManyQueryParameters(t *testing.T) {
	s := newSite(Config{})
	s.mount("/", handlers{"GET": func(r *Request) (*Response, error) { return OK(r.Query("a")), nil }}, nil)
	s.ask("GET", "/?"+strings.Repeat("a=1&", 2000), "").is(t, "2000 parameters", 400, `{"detail":"The query has too many parameters."}`)
	s.ask("GET", "/?a=1&a=%C3%A9+2", "").is(t, "the last one", 200, `"é 2"`)
}

func TestMultipartFilesAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := newSite(Config{MaxBody: 100})
	var files int
	s.mount("/", handlers{"POST": func(r *Request) (*Response, error) {
		data, err := r.Data()
		if err != nil {
			return nil, err
		}
		entries, err := os.ReadDir(os.TempDir())
		files = len(entries)
		return OK(showData(data)), err
	}}, nil)
	const size = 3_000_000
	body := "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"C:\\big.bin\"\r\nContent-Type: image/png\r\n\r\n" +
		strings.Repeat("z", size) + "\r\n--x--\r\n"
	a := s.ask("POST", "/", body, "Content-Type", "multipart/form-data; boundary=x")
	a.is(t, "multipart", 200, fmt.Sprintf(`{"a":["1",{"name":"big.bin","size":%d,"type":"image/png"}]}`, size))
	if entries, _ := os.ReadDir(os.TempDir()); files != 1 || len(entries) != 0 {
		t.Errorf("%d files during the request, %d after it; want 1 and 0", files, len(entries))
	}
}

func uploadSite(c Config) *site {
	s := newSite(c)
	h := handlers{"PUT": func(r *Request) (*Response, error) {
		data, err := r.Data()
		if err != nil {
			return nil, err
		}
		fields, ok := data.(*FormData)
		if !ok {
			return OK("nothing"), nil
		}
		v, _ := fields.Get("file")
		file := v.(*UploadedFile)
		stream, err := file.Open()
		if err != nil {
			return nil, err
		}
		defer stream.Close()
		content, err := io.ReadAll(stream)
		return OK(Obj("name", file.Name, "size", len(content), "type", file.ContentType)), err
	}}
	for _, path := range []string{"/", "/:filename/"} {
		s.mount(path, h, func(v *view) { v.parsers = []Parser{FileUploadParser{}} })
	}
	return s
}

func TestFileUploads(t *testing.T) {
	const missing = `{"detail":"Missing filename. Request should include a Content-Disposition header with a filename parameter."}`
	s := uploadSite(Config{MaxBody: 10, MaxUpload: 1000})
	for _, c := range []struct {
		path, disposition, contentType, body string
		status                               int
		want                                 string
	}{
		{"/a.txt/", "", "text/plain", "hello", 200, `{"name":"a.txt","size":5,"type":"text/plain"}`},
		{"/a.txt/", "attachment; filename=b.txt", "text/plain", "hello", 200, `{"name":"a.txt","size":5,"type":"text/plain"}`},
		{"/", "attachment; filename=b.txt", "text/plain; charset=x", "hello", 200, `{"name":"b.txt","size":5,"type":"text/plain; charset=x"}`},
		{"/", `attachment; filename="../../etc/b c.txt"`, "", "hello", 200, `{"name":"b c.txt","size":5,"type":""}`},
		{"/", "attachment; filename*=utf-8''%C3%A9.png", "image/png", "x", 200, `{"name":"é.png","size":1,"type":"image/png"}`},
		{"/", "attachment; filename*0=a; filename*1=b", "image/png", "x", 200, `{"name":"ab","size":1,"type":"image/png"}`},
		{"/", "attachment; filename=big", "a/b", strings.Repeat("x", 500), 200, `{"name":"big","size":500,"type":"a/b"}`},
		{"/", "", "text/plain", "hello", 400, missing},
		{"/", "attachment", "text/plain", "hello", 400, missing},
		{"/", "attachment; filename=..", "text/plain", "hello", 400, missing},
		{"/", "attachment; filename=a/", "text/plain", "hello", 400, missing},
		{"/", "attachment; filename*=klingon''x", "text/plain", "hello", 400, missing},
		{"/", "attachment; filename=" + strings.Repeat("x", 9000), "text/plain", "hello", 400, missing},
		{"/a/", "", "text/plain", strings.Repeat("x", 1001), 413, `{"detail":"The request body is too large."}`},
		{"/a/", "", "text/plain", "", 200, `"nothing"`},
	} {
		headers := []string{"Content-Type", c.contentType}
		if c.disposition != "" {
			headers = append(headers, "Content-Disposition", c.disposition)
		}
		s.ask("PUT", c.path, c.body, headers...).is(t, c.path+" "+c.disposition, c.status, c.want)
	}
}

func FuzzContentDisposition(f *testing.F) {
	f.Add("attachment; filename=a.txt")
	f.Add(`attachment; filename="a\"b"; filename*=utf-8''%C3%A9`)
	f.Add("attachment; filename*0*=latin-1'en'%E9; filename*1=/..")
	s := uploadSite(Config{})
	f.Fuzz(func(t *testing.T, header string) {
		name := dispositionName(header)
		if len(name) > 3*len(header) {
			t.Errorf("%q: the name %q is longer than the header", header, name)
		}
		if a := s.ask("PUT", "/", "x", "Content-Disposition", header); a.status != 200 && a.status != 400 {
			t.Errorf("%q: got %d %s", header, a.status, a.body)
		}
	})
}
