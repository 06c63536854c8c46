package rest_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// parsed is a client of a view with one parser that answers what it read: JSON as it is, a form as a list of pairs of a name
// and a text, files as lists of their name, type and content.
func parsed(f *testing.F, p rest.Parser) *resttest.Client {
	f.Helper()
	return serve(f, ormtest.Open(f, ormtest.SQLite(f)), nil, func(g *rest.Group) {
		g.Handle("", &rest.View{Name: "Parsed", Parsers: []rest.Parser{p}, Methods: map[string]rest.Endpoint{
			http.MethodPost: {Handle: func(r *rest.Request) (*rest.Response, error) {
				data, err := r.Data()
				if err != nil {
					return nil, err
				}
				if form, ok := data.(*rest.FormData); ok {
					data, err = pairs(form)
				}
				return rest.OK(data), err
			}},
		}}, "")
	}, smallBodies)
}

func pairs(form *rest.FormData) (all []any, err error) {
	all = []any{}
	for _, name := range form.Keys() {
		for _, v := range form.List(name) {
			if file, ok := v.(*rest.UploadedFile); ok {
				if v, err = plainFile(file); err != nil {
					return nil, err
				}
			}
			all = append(all, []any{name, v})
		}
	}
	return all, nil
}

func plainFile(file *rest.UploadedFile) ([]any, error) {
	stream, err := file.Open()
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	content, err := io.ReadAll(stream)
	return []any{file.Name, file.ContentType, base64.StdEncoding.EncodeToString(content)}, err
}

// readAgain demands that a body that was read can be written and read again to the same, unless it became too long.
func readAgain(t *testing.T, c *resttest.Client, first *resttest.Answer, again any) {
	t.Helper()
	second := c.Post("/", again)
	if second.Status != http.StatusRequestEntityTooLarge && second.String() != first.String() {
		t.Errorf("read as %s, but written again and read as %s", first, second)
	}
}

func FuzzJSONParser(f *testing.F) {
	api := parsed(f, rest.JSONParser{}).Handler
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		c := resttest.NewClient(t, api)
		a := c.Post("/", resttest.Text{Type: contentType, Text: string(body)})
		if fuzzable(t, a); a.Status == http.StatusOK && len(body) > 0 && a.Text() != "" {
			readAgain(t, c, a, a.Text())
		}
	})
}

func FuzzFormParser(f *testing.F) {
	api := parsed(f, rest.FormParser{}).Handler
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		c := resttest.NewClient(t, api)
		a := c.Post("/", resttest.Text{Type: contentType, Text: string(body)})
		if fuzzable(t, a); a.Status != http.StatusOK || len(body) == 0 {
			return
		}
		text := ""
		for _, pair := range a.List() {
			text += "&" + url.QueryEscape(pair.([]any)[0].(string)) + "=" + url.QueryEscape(pair.([]any)[1].(string))
		}
		if text != "" {
			readAgain(t, c, a, resttest.Text{Type: "application/x-www-form-urlencoded", Text: text[1:]})
		}
	})
}

func FuzzMultiPartParser(f *testing.F) {
	api := parsed(f, rest.MultiPartParser{}).Handler
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		c := resttest.NewClient(t, api)
		a := c.Post("/", resttest.Text{Type: contentType, Text: string(body)})
		if fuzzable(t, a); a.Status != http.StatusOK || len(body) == 0 {
			return
		}
		for _, pair := range a.List() {
			if file, ok := pair.([]any)[1].([]any); ok && file[0] == "" {
				t.Errorf("%q gave a file without a name", body)
			}
		}
	})
}

func FuzzFileUploadParser(f *testing.F) {
	api := parsed(f, rest.FileUploadParser{}).Handler
	f.Fuzz(func(t *testing.T, contentType, disposition string, body []byte) {
		c := resttest.NewClient(t, api)
		a := c.With("Content-Disposition", disposition).Post("/", resttest.Text{Type: contentType, Text: string(body)})
		if fuzzable(t, a); a.Status != http.StatusOK || len(body) == 0 {
			return
		}
		file := a.List()[0].([]any)[1].([]any)
		if got, _ := base64.StdEncoding.DecodeString(file[2].(string)); string(got) != string(body) {
			t.Errorf("the file holds %q instead of %q", got, body)
		}
	})
}
