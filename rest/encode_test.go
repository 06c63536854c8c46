package rest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

type lineData struct {
	ID    uuid.UUID                `json:"id"`
	Title string                   `json:"title"`
	Price orm.Decimal              `json:"price" rest:"digits=8,places=2"`
	Made  time.Time                `json:"made"`
	Day   *orm.Date                `json:"day"`
	Count int64                    `json:"count"`
	Score *float64                 `json:"score"`
	Tags  []string                 `json:"tags"`
	Extra struct{ A, B int }       `json:"extra"`
	Maker rest.Related[publisher]  `json:"maker" rest:"slug=Name"`
	None  *rest.Related[publisher] `json:"-"`
}

func lines(n int) []lineData {
	day, _ := orm.NewDate(2024, 1, 2)
	score, maker := 1.5, &publisher{Name: "North"}
	list := make([]lineData, n)
	for i := range list {
		list[i] = lineData{
			ID: uuid.Max, Title: "A \"line\" of tëxt", Price: orm.MustDecimal("12.5"), Made: libraryClock, Day: &day, Count: int64(i), Score: &score,
			Tags: []string{"a", "b"}, Maker: rest.Related[publisher]{Object: maker},
		}
	}
	return list
}

// TestAllocationsOfAPage: writing a row more costs a constant few allocations, whatever the length of the page.
func TestAllocationsOfAPage(t *testing.T) {
	s := &rest.Serializer[lineData]{}
	model := &rest.ModelSerializer[book, bookDeepData]{}
	few, many := lines(100), lines(1100)
	deep := &book{
		Title: "Deep", Editor: &author{Name: "x"}, Publisher: &publisher{Name: "p"},
		Authors: []*author{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}}, Chapters: []*chapter{{Number: 1, Title: "One"}},
	}
	got := map[string]float64{}
	endpoint := rest.Endpoint{Output: rest.ListOf(s), Handle: func(r *rest.Request) (*rest.Response, error) {
		got["few"] = testing.AllocsPerRun(20, func() { mustAnswer(t)(rest.AnswerList(r, s, few)) })
		got["many"] = testing.AllocsPerRun(20, func() { mustAnswer(t)(rest.AnswerList(r, s, many)) })
		got["model"] = testing.AllocsPerRun(100, func() {
			if _, err := rest.Render(r, model, deep); err != nil {
				t.Error(err)
			}
		})
		return rest.NoContent(), nil
	}}
	db := ormtest.Open(t, ormtest.SQLite(t))
	registry := resttest.Registry(t, libraryModels()...)
	c := resttest.NewClient(t, resttest.Serve(t, routerOf(t, db, registry, func(g *rest.Group) {
		g.Handle("lines/", &rest.View{Methods: map[string]rest.Endpoint{http.MethodGet: endpoint}}, "")
		g.Register("books", &rest.ViewSet[book]{Serializer: model})
	})))
	say(t, c.Get("/lines/"), "204 ")
	perRow := (got["many"] - got["few"]) / 1000
	if perRow > 3 {
		t.Errorf("a further row costs %.2f allocations, want 3 at most", perRow)
	}
	if got["model"] > 16 {
		t.Errorf("an object with its relations costs %.0f allocations, want 16 at most", got["model"])
	}
	t.Logf("%.0f allocations for 100 rows, %.2f for a further one, %.0f for a nested object", got["few"], perRow, got["model"])
}

func mustAnswer(t *testing.T) func(*rest.Response, error) {
	return func(_ *rest.Response, err error) {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestEncodedValues are written in the reference's dialect, from structs that handlers fill.
func TestEncodedValues(t *testing.T) {
	type valuesData struct {
		Small  int8             `json:"small"`
		Short  int16            `json:"short"`
		Word   int32            `json:"word"`
		Byte   uint8            `json:"byte"`
		Large  uint64           `json:"large"`
		Float  float64          `json:"float"`
		Whole  float64          `json:"whole"`
		Tiny   float64          `json:"tiny"`
		Map    map[string]int   `json:"map"`
		NilMap map[string]int   `json:"nil_map"`
		Nil    []string         `json:"nil"`
		Ptr    *int             `json:"ptr"`
		Any    any              `json:"any"`
		JSON   orm.JSON         `json:"json"`
		Broken orm.JSON         `json:"broken"`
		Int    rest.Int         `json:"int"`
		Zone   time.Time        `json:"zone" rest:"zone=Asia/Kolkata"`
		Inner  []map[string]int `json:"inner"`
	}
	s := &rest.Serializer[valuesData]{}
	v := &valuesData{
		Small: -128, Short: -32768, Word: 1 << 30, Byte: 255, Large: 1<<64 - 1, Float: 0.1, Whole: 3, Tiny: 1e-7, Map: map[string]int{"b": 1, "a": 2},
		Any: []any{1, "x", nil, map[string]any{"k": true}}, JSON: orm.JSON(`{"b": 1,  "a": [1.0, 1e3]}`), Broken: orm.JSON("{"),
		Zone: libraryClock, Inner: []map[string]int{{"z": 1}, nil},
	}
	db := ormtest.Open(t, ormtest.SQLite(t))
	router := routerOf(t, db, resttest.Registry(t), func(g *rest.Group) {
		g.Handle("values/", &rest.View{Methods: map[string]rest.Endpoint{http.MethodGet: {Output: s, Handle: func(r *rest.Request) (*rest.Response, error) {
			return rest.Answer(r, s, v)
		}}}}, "")
	})
	want := `{"small":-128,"short":-32768,"word":1073741824,"byte":255,"large":18446744073709551615,"float":0.1,"whole":3.0,"tiny":1e-07,` +
		`"map":{"a":2,"b":1},"nil_map":{},"nil":[],"ptr":null,"any":[1,"x",null,{"k":true}],"json":{"b":1,"a":[1.0,1000.0]},"broken":"{","int":0,` +
		`"zone":"2024-05-06T12:38:09+05:30","inner":[{"z":1},{}]}`
	say(t, resttest.NewClient(t, resttest.Serve(t, router)).Get("/values/"), "200 "+want)
}

// TestUndeclaredSerializer: a form that no declaration names cannot be used, and the log says so.
func TestUndeclaredSerializer(t *testing.T) {
	unknown := &rest.Serializer[numberData]{}
	db := ormtest.Open(t, ormtest.SQLite(t))
	var errs []string
	router := routerOf(t, db, resttest.Registry(t), func(g *rest.Group) {
		g.Handle("x/", &rest.View{Methods: map[string]rest.Endpoint{http.MethodPost: {Handle: func(r *rest.Request) (*rest.Response, error) {
			_, err := rest.Read(r, unknown)
			errs = append(errs, fmt.Sprint(err))
			_, err = rest.Answer(r, unknown, &numberData{})
			errs = append(errs, fmt.Sprint(err))
			return nil, err
		}}}}, "")
	})
	say(t, resttest.NewClient(t, resttest.Serve(t, router)).Post("/x/", `{}`), `500 {"detail":"A server error occurred."}`)
	for _, text := range errs {
		if text != "the serializer number was not declared in a ViewSet, Action or View; name it there so that it is compiled at start-up" {
			t.Error(text)
		}
	}
}
