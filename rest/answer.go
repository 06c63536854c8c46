package rest

import (
	"net/http"
	"reflect"
	"unsafe"
)

// Answer answers 200 with a data struct in its form.
func Answer[D any](r *Request, s *Serializer[D], data *D) (*Response, error) {
	return formAnswer(r, http.StatusOK, s, data)
}

// AnswerList answers 200 with an array of data structs in their form.
func AnswerList[D any](r *Request, s *Serializer[D], items []D) (*Response, error) {
	c, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	text := []byte{'['}
	for i := range items {
		if i > 0 {
			text = append(text, ',')
		}
		text = c.appendData(&encoding{r}, text, unsafe.Pointer(&items[i]))
	}
	return OK(Rendered(append(text, ']'))), nil
}

// formAnswer answers with a data struct in its form.
func formAnswer[Out any](r *Request, status int, output *Serializer[Out], out *Out) (*Response, error) {
	text, err := RenderData(r, output, out)
	if err != nil {
		return nil, err
	}
	return &Response{Status: status, Data: text}, nil
}

// Render gives the JSON of a model by a serializer that was declared somewhere in the API; its relations must be loaded.
func Render[M any](r *Request, s Serializable[M], m *M) (Rendered, error) {
	c, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	return Rendered(c.appendModel(&encoding{r}, nil, unsafe.Pointer(m))), nil
}

// RenderList gives the JSON array of models by a serializer that was declared somewhere in the API. Relations that are not
// there are loaded, with one statement each.
func RenderList[M any](r *Request, s Serializable[M], models []*M) (Rendered, error) {
	child, err := r.childResource(s)
	if err != nil {
		return nil, err
	}
	rows := reflect.ValueOf(models)
	if err := child.plans[child.serializer].complete(r, rows); err != nil {
		return nil, err
	}
	return Rendered(child.serializer.appendRows(&encoding{r}, nil, rows)), nil
}

// RenderData gives the JSON of a data struct by its serializer.
func RenderData[D any](r *Request, s *Serializer[D], data *D) (Rendered, error) {
	c, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	return Rendered(c.appendData(&encoding{r}, nil, unsafe.Pointer(data))), nil
}
