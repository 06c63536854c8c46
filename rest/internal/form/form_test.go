package form_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

func lookup(t testing.TB, name string) charset.Charset {
	t.Helper()
	cs, err := charset.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// pairs writes a MultiDict as the recordings do.
func pairs(d *form.MultiDict) [][2]any {
	list := [][2]any{}
	for _, key := range d.Keys() {
		list = append(list, [2]any{key, d.List(key)})
	}
	return list
}

func TestURLEncodedAsTheReference(t *testing.T) {
	type row struct {
		Body, Charset, Limit string
		Fields               [][2]any
	}
	for _, c := range referencetest.Rows[row](t, "urlencoded.json") {
		d, err := form.ParseURLEncoded(referencetest.Bytes(c.Body), lookup(t, c.Charset), form.Limits{})
		if c.Limit != "" {
			if limit := new(form.LimitError); !errors.As(err, &limit) {
				t.Errorf("%.60q: got %v, want %s", c.Body, err, c.Limit)
			}
			continue
		}
		if err != nil {
			t.Errorf("%.60q: %v", c.Body, err)
		} else if diff := cmp.Diff(c.Fields, pairs(d)); diff != "" {
			t.Errorf("%.60q in %s: %s", c.Body, c.Charset, diff)
		}
	}
}

// multipart is a recorded body and what the reference made of it.
type multipart struct {
	Body, Type, Charset string
	Error, Limit, Crash string
	Fields, Files       [][2]any
}

// describe returns what was made of a body, in the form of the recording.
func describe(t testing.TB, c multipart, r io.Reader, lim form.Limits) multipart {
	t.Helper()
	got := multipart{Body: c.Body, Type: c.Type, Charset: c.Charset}
	data, err := form.ParseMultipart(r, c.Type, lookup(t, c.Charset), lim)
	var parse *form.ParseError
	var limit *form.LimitError
	switch {
	case errors.As(err, &parse):
		got.Error = parse.Error()
	case errors.As(err, &limit):
		got.Limit = c.Limit
	case err != nil:
		got.Crash = err.Error()
	default:
		defer data.Close()
		got.Fields, got.Files = pairs(data.Fields), files(t, data.Files)
	}
	return got
}

func files(t testing.TB, d *form.MultiDict) [][2]any {
	t.Helper()
	list := [][2]any{}
	for _, key := range d.Keys() {
		var of []any
		for _, v := range d.List(key) {
			f := v.(*form.File)
			of = append(of, map[string]any{
				"name": f.Name, "size": float64(f.Size), "type": f.ContentType, "content": content(t, f),
			})
		}
		list = append(list, [2]any{key, of})
	}
	return list
}

// content reads a file twice and returns its bytes as characters.
func content(t testing.TB, f *form.File) string {
	t.Helper()
	var text [2]string
	for i := range text {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		runes := make([]rune, len(data))
		for k, b := range data {
			runes[k] = rune(b)
		}
		text[i] = string(runes)
	}
	if text[0] != text[1] {
		t.Errorf("%s: a second reading gives something else", f.Name)
	}
	return text[0]
}

func TestMultipartAsTheReference(t *testing.T) {
	for _, c := range referencetest.Rows[multipart](t, "multipart.json") {
		body := referencetest.Bytes(c.Body)
		want := c
		if c.Crash != "" { // an exception that nobody caught; here it is a refusal
			want.Crash, want.Error = "", "Invalid Content-Type: "+c.Type
		}
		if diff := cmp.Diff(want, describe(t, c, bytes.NewReader(body), form.Limits{})); diff != "" {
			t.Errorf("%.300q: %s", body, diff)
		}
		if len(body) > 5000 {
			continue
		}
		if diff := cmp.Diff(want, describe(t, c, iotest.OneByteReader(bytes.NewReader(body)), form.Limits{MemoryBytes: 1})); diff != "" {
			t.Errorf("byte by byte and on disk: %.300q: %s", body, diff)
		}
	}
}

// part returns one part of a body.
func part(name, fileName, value string) string {
	head := fmt.Sprintf("--XX\r\nContent-Disposition: form-data; name=%q", name)
	if fileName != "" {
		head += fmt.Sprintf("; filename=%q", fileName)
	}
	return head + "\r\n\r\n" + value + "\r\n"
}

const contentType = "multipart/form-data; boundary=XX"

func TestMultipartAcrossPieces(t *testing.T) {
	for _, n := range []int{65000, 65300, 65400, 65430, 65460, 65500, 65536, 131072, 200000} {
		value := "\r\n--X" + strings.Repeat("q", n) + "\r\n--X"
		body := part("a", "", "1") + part("f", "x", value) + part("b", "", "2") + "--XX--"
		data, err := form.ParseMultipart(strings.NewReader(body), contentType, charset.Charset{}, form.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		f, _ := data.Files.Get("f")
		if got := content(t, f.(*form.File)); got != value {
			t.Errorf("%d: got %d bytes, want %d", n, len(got), len(value))
		}
		if data.Fields.Text("a") != "1" || data.Fields.Text("b") != "2" {
			t.Errorf("%d: got %v", n, pairs(data.Fields))
		}
	}
}

func TestMultipartLimits(t *testing.T) {
	long := strings.Repeat("v", 100)
	cases := []struct {
		name, body string
		lim        form.Limits
		refused    bool
	}{
		{"fields", part("a", "", "1") + part("b", "", "2") + "--XX--", form.Limits{Fields: 2}, false},
		{"a field too many", part("a", "", "1") + part("b", "", "2") + part("c", "", "3") + "--XX--", form.Limits{Fields: 2}, true},
		{"files", part("a", "x", "1") + part("b", "x", "2") + "--XX--", form.Limits{Files: 2}, false},
		{"a file too many", part("a", "x", "1") + part("b", "x", "2") + "--XX--", form.Limits{Files: 1}, true},
		{"bytes with the name and two", part("a", "", long) + "--XX--", form.Limits{FieldBytes: 103}, false},
		{"a byte too many", part("a", "", long) + "--XX--", form.Limits{FieldBytes: 102}, true},
		{"bytes of several fields", part("a", "", long) + part("b", "", long) + "--XX--", form.Limits{FieldBytes: 205}, true},
		{"files are not fields", part("a", "x", long) + "--XX--", form.Limits{FieldBytes: 10}, false},
		{"no limits", strings.Repeat(part("a", "x", "1")+part("b", "", "1"), 1200) + "--XX--", form.Limits{Fields: -1, Files: -1, FieldBytes: -1, MemoryBytes: -1}, false},
	}
	for _, c := range cases {
		data, err := form.ParseMultipart(strings.NewReader(c.body), contentType, charset.Charset{}, c.lim)
		var limit *form.LimitError
		if got := errors.As(err, &limit); got != c.refused || !got && err != nil {
			t.Errorf("%s: got %v", c.name, err)
		}
		if data != nil {
			data.Close()
		}
	}
	body := []byte("a=" + long)
	if _, err := form.ParseURLEncoded(body, charset.Charset{}, form.Limits{FieldBytes: 101}); err == nil {
		t.Error("a body longer than its limit was read")
	}
}

func TestBigFilesGoToDiskAndAway(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	inDir := func() int {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	body := part("a", "small", "12345") + part("b", "big", "1234567") + part("c", "late", "123") + "--XX--"
	data, err := form.ParseMultipart(strings.NewReader(body), contentType, charset.Charset{}, form.Limits{MemoryBytes: 6})
	if err != nil {
		t.Fatal(err)
	}
	for name, inMemory := range map[string]bool{"a": true, "b": false, "c": false} {
		f, _ := data.Files.Get(name)
		if f.(*form.File).InMemory() != inMemory {
			t.Errorf("%s: in memory is %v", name, !inMemory)
		}
	}
	if n := inDir(); n != 2 {
		t.Errorf("%d temporary files, want 2", n)
	}
	if data.Close(); inDir() != 0 {
		t.Error("Close left temporary files")
	}
	broken := []string{
		part("a", "big", "1234567") + part("b", "", strings.Repeat("v", 99)) + "--XX--", // too long a field
		part("a", "big", "1234567"), // not closed
	}
	for _, body := range broken {
		_, _ = form.ParseMultipart(strings.NewReader(body), contentType, charset.Charset{}, form.Limits{MemoryBytes: 1, FieldBytes: 50})
		if inDir() != 0 {
			t.Errorf("%.40q left temporary files", body)
		}
	}
}

func TestMultipartOfABrokenConnection(t *testing.T) {
	lost := errors.New("connection lost")
	for _, head := range []string{"", "--XX\r\nContent", part("a", "", "1"), part("f", "x", "1")[:60]} {
		r := io.MultiReader(strings.NewReader(head), iotest.ErrReader(lost))
		if _, err := form.ParseMultipart(r, contentType, charset.Charset{}, form.Limits{}); !errors.Is(err, lost) {
			t.Errorf("%.30q: got %v", head, err)
		}
	}
}

func TestDataTogether(t *testing.T) {
	body := part("a", "", "1") + part("a", "x", "2") + part("b", "y", "3") + "--XX--"
	data, err := form.ParseMultipart(strings.NewReader(body), contentType, charset.Charset{}, form.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	all := data.All()
	if _, isFile := all.List("a")[1].(*form.File); !isFile || len(all.List("a")) != 2 || !all.Has("b") || all.Len() != 2 {
		t.Errorf("got %v", pairs(all))
	}
	if data.Fields.Has("b") || len(data.Fields.List("a")) != 1 {
		t.Errorf("the fields changed: %v", pairs(data.Fields))
	}
}

func TestNotationAsTheReference(t *testing.T) {
	type row struct {
		Query, Prefix string
		List          []any
		Dict          any
	}
	for _, c := range referencetest.Rows[row](t, "notation.json") {
		d, err := form.ParseURLEncoded([]byte(c.Query), charset.Charset{}, form.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		list, ok := form.ParseList(d, c.Prefix)
		if diff := cmp.Diff(c.List, plain(list)); diff != "" || ok != (c.List != nil) {
			t.Errorf("list %q of %q: %v %s", c.Prefix, c.Query, ok, diff)
		}
		dict, ok := form.ParseDict(d, c.Prefix)
		if want, isThere := c.Dict.(map[string]any); ok != isThere || ok && !cmp.Equal(want, lists(dict)) {
			t.Errorf("dict %q of %q: got %v, want %v", c.Prefix, c.Query, pairs(dict), c.Dict)
		}
	}
}

// plain writes the items of a list as the recordings do.
func plain(list []any) (out []any) {
	for _, v := range list {
		if d, ok := v.(*form.MultiDict); ok {
			v = lists(d)
		}
		out = append(out, v)
	}
	return out
}

func lists(d *form.MultiDict) map[string]any {
	all := []any{}
	for _, key := range d.Keys() {
		all = append(all, []any{key, d.List(key)})
	}
	return map[string]any{"lists": all}
}

func FuzzMultipart(f *testing.F) {
	f.Add([]byte(part("a", "", "1")+part("f", "x.txt", "hello")+"--XX--\r\n"), int64(3))
	f.Add([]byte("--XX\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--XX--"), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, memory int64) {
		lim := form.Limits{MemoryBytes: max(memory%100, -1)}
		c := multipart{Type: contentType, Charset: "utf-8"}
		whole := describe(t, c, bytes.NewReader(body), lim)
		if whole.Crash != "" {
			t.Fatalf("%q: %s", body, whole.Crash)
		}
		if diff := cmp.Diff(whole, describe(t, c, iotest.HalfReader(bytes.NewReader(body)), form.Limits{})); diff != "" {
			t.Fatalf("%q read in pieces: %s", body, diff)
		}
	})
}

func TestCorpusOfForms(t *testing.T) {
	type row struct{ Body, Out string }
	for _, c := range referencetest.Rows[row](t, "corpus.json") {
		d, err := form.ParseURLEncoded([]byte(c.Body), charset.Charset{}, form.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		data := pyjson.NewDict()
		for _, key := range d.Keys() {
			data.Set(key, d.List(key))
		}
		if got := `{"data":` + string(pyjson.AppendValue(nil, data)) + `,"query":{}}`; got != c.Out {
			t.Errorf("%s: got %s, want %s", c.Body, got, c.Out)
		}
	}
}

func TestFormsAsJSON(t *testing.T) {
	var d form.MultiDict
	for _, pair := range [][2]string{{"b", "1"}, {"a", "é"}, {"b", "2"}} {
		d.Add(pair[0], pair[1])
	}
	if got, err := d.MarshalJSON(); err != nil || string(got) != `{"b":"2","a":"é"}` {
		t.Errorf("%s, %v", got, err)
	}
}
