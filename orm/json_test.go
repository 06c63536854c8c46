package orm_test

import (
	"errors"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

func TestJSONValue(t *testing.T) {
	for in, want := range map[string]any{"": nil, "null": "null", `{"a": 1}`: `{"a": 1}`} {
		if got, err := orm.JSON(in).Value(); err != nil || got != want {
			t.Errorf("JSON(%q).Value() = %v, %v; want %v", in, got, err, want)
		}
	}
	if _, err := orm.JSON("{").Value(); !errors.Is(err, orm.ErrJSON) {
		t.Errorf("half a document gives %v, want ErrJSON", err)
	}
}

func TestJSONScan(t *testing.T) {
	shared := []byte(`[1]`)
	for _, c := range []struct {
		src  any
		want string
	}{{`{"a":1}`, `{"a":1}`}, {shared, `[1]`}, {nil, ""}, {int64(5), "5"}, {2.5, "2.5"}, {true, "true"}} {
		var j orm.JSON
		if err := j.Scan(c.src); err != nil || j.String() != c.want {
			t.Errorf("Scan(%v) = %q, %v; want %q", c.src, j, err, c.want)
		}
	}
	var j orm.JSON
	if err := j.Scan(shared); err != nil {
		t.Fatal(err)
	}
	shared[1] = '2' // the driver uses its memory again
	if j.String() != "[1]" {
		t.Errorf("the document changed to %s", j)
	}
	if err := j.Scan(struct{}{}); err == nil {
		t.Error("a struct has no error")
	}
}

func TestJSONDecode(t *testing.T) {
	j, err := orm.NewJSON(map[string]int{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ A int }
	if err := j.Decode(&v); err != nil || v.A != 1 {
		t.Errorf("%s is decoded to %+v, %v", j, v, err)
	}
}

func TestFile(t *testing.T) {
	for f, base := range map[orm.File]string{"": "", "a/b.png": "b.png", "c.png": "c.png"} {
		if f.Base() != base || f.Name() != string(f) || f.IsZero() != (f == "") {
			t.Errorf("File(%q): %q %q %v", f, f.Base(), f.Name(), f.IsZero())
		}
	}
}
