package form_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	mime "mime/multipart"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/form"
)

// entry is a field of a form.
type entry struct{ Name, Value string }

var entries = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) entry {
	return entry{rapid.OneOf(rapid.StringMatching(`[ab=&+%;]{0,3}`), rapid.String()).Draw(t, "name"), rapid.String().Draw(t, "value")}
}), 0, 12)

// dictOf is the MultiDict of fields.
func dictOf(list []entry) *form.MultiDict {
	d := new(form.MultiDict)
	for _, e := range list {
		d.Add(e.Name, e.Value)
	}
	return d
}

// TestEscapedFormsReadBack: what net/url escapes is read as it was, names and values in their order.
func TestEscapedFormsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := entries.Draw(t, "entries")
		pairs := make([]string, len(list))
		for i, e := range list {
			escape := rapid.SampledFrom([]func(string) string{url.QueryEscape, everyByte}).Draw(t, "escape")
			pairs[i] = escape(e.Name) + "=" + escape(e.Value)
		}
		got, err := form.ParseURLEncoded([]byte(strings.Join(pairs, "&")), charset.Charset{}, form.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fieldsOf(dictOf(list)), fieldsOf(got)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", strings.Join(pairs, "&"), diff)
		}
	})
}

// everyByte escapes all of a text.
func everyByte(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

func fieldsOf(d *form.MultiDict) (list []entry) {
	for _, name := range d.Keys() {
		for _, v := range d.List(name) {
			list = append(list, entry{name, v.(string)})
		}
	}
	return list
}

// TestWrittenMultipartReadsBack: what mime/multipart writes is read as it was, in whatever pieces it comes.
func TestWrittenMultipartReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]byte("a-\r\nX \x00\xff")), 0, 40), 0, 6).Draw(t, "values")
		boundary := rapid.StringMatching(`[a-zA-Z0-9'()+_,./:=?-]{1,60}`).Draw(t, "boundary")
		var body bytes.Buffer
		w := mime.NewWriter(&body)
		if err := w.SetBoundary(boundary); err != nil {
			t.Skip(err)
		}
		for i, value := range values {
			if bytes.Contains(value, []byte("--"+boundary)) {
				t.Skip("a boundary within")
			}
			header := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="f%d"; filename="x%d.bin"`, i, i)}, "Content-Type": {"Text/X; a=b"}}
			part, err := w.CreatePart(header)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(value); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		reader := rapid.SampledFrom([]func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader,
		}).Draw(t, "reader")
		data, err := form.ParseMultipart(reader(&body), w.FormDataContentType(), charset.Charset{}, form.Limits{MemoryBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range values {
			v, _ := data.Files.Get(fmt.Sprint("f", i))
			f, ok := v.(*form.File)
			if !ok || f.Name != fmt.Sprintf("x%d.bin", i) || f.ContentType != "text/x" || f.Size != int64(len(want)) || !bytes.Equal(read(t, f), want) {
				t.Fatalf("file %d: %+v, want %q", i, v, want)
			}
		}
		if data.Files.Len() != len(values) || data.Fields.Len() != 0 {
			t.Fatalf("%d files, %d fields", data.Files.Len(), data.Fields.Len())
		}
	})
}

func read(t rapid.TB, f *form.File) []byte {
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestListNotation: a list of objects that is written as names[index].key, in any order, is that list again.
func TestListNotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.MapOfN(rapid.StringMatching(`\.?[a-c]`), rapid.StringMatching(`[0-9]{0,3}`), 1, 3), 0, 12).Draw(t, "items")
		var names []entry
		for i, item := range items {
			for key, value := range item {
				names = append(names, entry{"list[" + strings.Repeat("0", i%3) + strconv.Itoa(i*7) + "]" + key, value})
			}
		}
		names = append(names, entry{"lists[0]", "no"}, entry{"list", "no"}, entry{"list[]", "no"}, entry{"list[-1]", "no"}, entry{"list[1x]", "no"}, entry{"alist[0]", "no"})
		list, ok := form.ParseList(dictOf(rapid.Permutation(names).Draw(t, "names")), "list")
		if ok != (len(items) > 0) || len(list) != len(items) {
			t.Fatalf("%d items, %v, want %d", len(list), ok, len(items))
		}
		for i, item := range items {
			d := list[i].(*form.MultiDict)
			if d.Len() != len(item) {
				t.Fatalf("item %d has %q, want %v", i, d.Keys(), item)
			}
			for key, value := range item {
				if d.Text(key) != value {
					t.Fatalf("item %d: %s is %q, want %q", i, key, d.Text(key), value)
				}
			}
		}
	})
}

// TestBase64OfParts: what is no base64 between the characters is passed over in a field; in a file only white space is.
func TestBase64OfParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Byte()).Draw(t, "content")
		encoded := base64.StdEncoding.EncodeToString(want)
		var b strings.Builder
		for i := range len(encoded) {
			b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "\r\n", "\t"}).Draw(t, "between"))
			b.WriteByte(encoded[i])
		}
		body := "--XX\r\nContent-Disposition: form-data; name=f; filename=x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b.String() + "\r\n--XX--\r\n"
		data, err := form.ParseMultipart(strings.NewReader(body), contentType, charset.Charset{}, form.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		f, _ := data.Files.Get("f")
		if got := read(t, f.(*form.File)); !bytes.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", b.String(), got, want)
		}
	})
}

func TestFileNames(t *testing.T) {
	long := strings.Repeat("n", 300)
	for name, want := range map[string]string{
		"a.png":                              "a.png",
		long + ".png":                        long[:251] + ".png",
		long:                                 long[:255],
		strings.Repeat("é", 300) + ".x":      strings.Repeat("é", 253) + ".x",
		"a." + long:                          "." + long[:254],
		"." + long:                           "." + long[:254],
		strings.Repeat(".", 300):             strings.Repeat(".", 255),
		strings.Repeat("a.b", 100) + ".html": strings.Repeat("a.b", 83) + "a" + ".html",
	} {
		f, err := form.NewFile(name, "", strings.NewReader(""), 10)
		if err != nil {
			t.Fatal(err)
		}
		if n := len([]rune(f.Name)); f.Name != want || n > 255 {
			t.Errorf("%.20s… of %d characters: got %q of %d, want %q", name, len([]rune(name)), f.Name, n, want)
		}
	}
}

func TestFilesThatCannotBeKept(t *testing.T) {
	lost := errors.New("connection lost")
	if _, err := form.NewFile("a.txt", "", iotest.ErrReader(lost), 10); !errors.Is(err, lost) || !strings.Contains(err.Error(), `reading the upload "a.txt"`) {
		t.Errorf("in memory: %v", err)
	}
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	large := io.MultiReader(strings.NewReader("0123456789ABC"), iotest.ErrReader(lost))
	if _, err := form.NewFile("a.txt", "", large, 10); !errors.Is(err, lost) || !strings.Contains(err.Error(), `keeping the upload "a.txt"`) {
		t.Errorf("on disk: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	f, err := form.NewFile("a.txt", "text/plain", strings.NewReader("0123456789ABC"), 10)
	if err != nil || f.InMemory() || f.Size != 13 {
		t.Fatalf("%+v, %v", f, err)
	}
	f.Remove()
	f.Remove() // the second time there is nothing to do
	if _, err := f.Open(); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), `opening the upload "a.txt"`) {
		t.Errorf("after Remove: %v", err)
	}
	t.Setenv("TMPDIR", dir+"/missing")
	if _, err := form.NewFile("a.txt", "", strings.NewReader("0123456789ABC"), 10); err == nil || !strings.Contains(err.Error(), "is the folder for temporary files writable?") {
		t.Errorf("without a folder: %v", err)
	}
}

func TestMemoryLimitIsOfAllFiles(t *testing.T) {
	for size, inMemory := range map[int]bool{9: true, 10: true, 11: false} {
		f, err := form.NewFile("x", "", strings.NewReader(strings.Repeat("a", size)), 10)
		if err != nil || f.InMemory() != inMemory || f.Size != int64(size) || len(read(t, f)) != size {
			t.Errorf("%d bytes: %+v, %v; want in memory %v", size, f, err, inMemory)
		}
		f.Remove()
	}
}

func TestMultiDict(t *testing.T) {
	d := new(form.MultiDict)
	if v, ok := d.Get("a"); v != nil || ok || d.Has("a") || d.Text("a") != "" || d.Len() != 0 || d.List("a") != nil {
		t.Errorf("an empty one gives %v, %v", v, ok)
	}
	d.Add("a", "1")
	d.Add("b", &form.File{})
	d.Add("a", "2")
	d.SetList("none", nil)
	if d.Text("a") != "2" || d.Text("b") != "" || d.Text("none") != "" || !d.Has("none") || cmp.Diff(d.Keys(), []string{"a", "b", "none"}) != "" {
		t.Errorf("a %q, keys %q", d.Text("a"), d.Keys())
	}
	d.Set("a", "3")
	if len(d.List("a")) != 1 || d.Keys()[0] != "a" {
		t.Errorf("after Set: %v of %q", d.List("a"), d.Keys())
	}
	seen := ""
	for name, value := range d.All() {
		if seen += name; value == nil || name == "b" {
			break
		}
	}
	if seen != "ab" {
		t.Errorf("All gave %q before it was left", seen)
	}
	for i := range 20 { // more than are looked through
		d.Add(fmt.Sprint(i), i)
		d.Add("a", i)
		d.SetList(fmt.Sprint(i%3), []any{i})
	}
	if d.Len() != 23 || len(d.List("a")) != 21 || d.Keys()[22] != "19" || d.List("19")[0] != 19 || d.List("1")[0] != 19 || d.Has("20") {
		t.Errorf("with many names: %q, a %v", d.Keys(), d.List("a"))
	}
	var limit error = &form.LimitError{Msg: "too much"}
	if limit.Error() != "too much" {
		t.Errorf("the text of a LimitError: %q", limit)
	}
}

func FuzzURLEncoded(f *testing.F) {
	for _, body := range []string{"a=1&b=2", "a%5B0%5D=x&+=%zz&%", "=&&=&a", "é=%C3%A9%FF&x;y=1", strings.Repeat("a&", 40)} {
		f.Add([]byte(body), "utf-8")
	}
	f.Add([]byte("a=\xe9"), "latin-1")
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		set, err := charset.Lookup(name)
		if err != nil {
			return
		}
		d, err := form.ParseURLEncoded(body, set, form.Limits{Fields: 50})
		if err != nil {
			return
		}
		n := 0
		for _, key := range d.Keys() {
			n += len(d.List(key))
		}
		if most := bytes.Count(body, []byte("&")) + 1; n > 50 || n > most && set.UTF8() {
			t.Errorf("%q has %d fields, of at most %d", body, n, most)
		}
	})
}
