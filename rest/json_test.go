package rest

import (
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

func jsonDecimal(t *testing.T, text string) orm.Decimal {
	t.Helper()
	d, err := orm.ParseDecimal(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAppendJSON(t *testing.T) {
	var none *Object
	huge, _ := new(big.Int).SetString("1000000000000000000000000000000", 10)
	for _, c := range []struct {
		value any
		want  string
	}{
		{nil, "null"},
		{none, "null"},
		{true, "true"},
		{"<é\u2028", `"<é\u2028"`},
		{1.0, "1.0"},
		{1e16, "1e+16"},
		{math.NaN(), "null"},
		{huge, "1000000000000000000000000000000"},
		{(*big.Int)(nil), "null"},
		{pyjson.NewBig(huge), "1000000000000000000000000000000"},
		{Rendered(`{"ready":1}`), `{"ready":1}`},
		{Rendered(nil), "null"},
		{Obj("b", 1, "a", Rendered("[2]"), 3, nil, "last"), `{"b":1,"a":[2],"3":null,"last":null}`},
		{[]any{1, Rendered("{}"), Obj("x", []Rendered{Rendered("1"), nil})}, `[1,{},{"x":[1,null]}]`},
		{[]*Object{Obj("a", 1), nil}, `[{"a":1},null]`},
		{map[string]any{"b": Rendered("1"), "a": []string{"x"}}, `{"a":["x"],"b":1}`},
		{jsonDecimal(t, "1.10"), "1.1"},
		{[]any{jsonDecimal(t, "0"), jsonDecimal(t, "1E+3"), jsonDecimal(t, "-0.00"), jsonDecimal(t, "0.0000001")}, "[0.0,1000.0,-0.0,1e-07]"},
		{orm.Duration(90_000_000), `"90.0"`},
		{time.Date(2024, 2, 29, 12, 30, 15, 120_000_000, time.UTC), `"2024-02-29T12:30:15.120000Z"`},
		{uuid.UUID{15: 1}, `"00000000-0000-0000-0000-000000000001"`},
		{Message{"No.", "no"}, `"No."`},
		{List{Message{"No.", "no"}}, `["No."]`},
		{Invalid("x").Detail, `["x"]`},
	} {
		if got := string(appendJSON(nil, c.value)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.value, got, c.want)
		}
	}
}

func TestParseRendered(t *testing.T) {
	got, err := ParseRendered(Rendered(`{"b":[1,2.5,null,true],"a":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	o := got.(*Object)
	if keys := strings.Join(o.Keys(), " "); keys != "b a" {
		t.Errorf("got keys %s", keys)
	}
	list, _ := o.Get("b")
	if want := []any{pyjson.NewInt(1), 2.5, nil, true}; !reflect.DeepEqual(list, want) {
		t.Errorf("got %v, want %v", list, want)
	}
	if _, err := ParseRendered(Rendered("{")); err == nil || !strings.Contains(err.Error(), "rest: ") {
		t.Errorf("got error %v", err)
	}
}

func TestZeroObject(t *testing.T) {
	var o Object
	o.Set("a", 1)
	o.Set("b", 2)
	o.Set("a", 3)
	if got := string(appendJSON(nil, &o)); got != `{"a":3,"b":2}` || o.Len() != 2 || !o.Has("b") {
		t.Errorf("got %s", got)
	}
}
