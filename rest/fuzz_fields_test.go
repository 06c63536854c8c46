package rest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// one is the sheet of a form with the one field "value" of type T.
func one[T any]() sheet {
	return form[struct {
		Value T `json:"value"`
	}]()
}

// among is one with choices.
func among[T any](choices ...orm.Choice) sheet {
	type data struct {
		Value T `json:"value"`
	}
	return option(func(d *data) rest.FieldOption { return rest.Choices(&d.Value, choices...) })
}

// matching is a text with a pattern.
func matching() sheet {
	type data struct {
		Value string `json:"value" rest:"regex,maxlength=8"`
	}
	return option(func(d *data) rest.FieldOption { return rest.Matches(&d.Value, `^[A-Z]{2}[0-9]{3}$`, "") })
}

var (
	letters = []orm.Choice{{Value: "r", Label: "Red"}, {Value: "g", Label: "Green", Group: "Cold"}, {Value: "", Label: "None"}}
	numbers = []orm.Choice{{Value: int64(1), Label: "One"}, {Value: int64(2), Label: "Two"}}
)

// pairData is a nested form.
type pairData struct {
	Name string     `json:"name" rest:"maxlength=10"`
	Size *rest.Int  `json:"size" rest:"optional,min=0"`
	More []pairMore `json:"more" rest:"optional"`
}

type pairMore struct {
	Day orm.Date `json:"day"`
}

// fuzzedFields are the kinds of fields. Seeds name a kind by its number: append, do not insert.
var fuzzedFields = []sheet{
	0: one[bool](), 1: one[*bool](),
	2: one[string](), 3: one[*string](), 4: form[struct {
		Value string `json:"value" rest:"notrim,blank,minlength=1,maxlength=6"`
	}](),
	5: form[struct {
		Value string `json:"value" rest:"email"`
	}](),
	6: matching(),
	7: form[struct {
		Value string `json:"value" rest:"slug"`
	}](),
	8: form[struct {
		Value string `json:"value" rest:"slug,unicode"`
	}](),
	9: form[struct {
		Value string `json:"value" rest:"url"`
	}](),
	10: one[uuid.UUID](), 11: form[struct {
		Value uuid.UUID `json:"value" rest:"format=int"`
	}](),
	12: form[struct {
		Value string `json:"value" rest:"ip"`
	}](),
	13: form[struct {
		Value string `json:"value" rest:"ipv4"`
	}](),
	14: form[struct {
		Value string `json:"value" rest:"ipv6"`
	}](),
	15: one[rest.Int](), 16: form[struct {
		Value *int64 `json:"value" rest:"min=-5,max=1000000"`
	}](),
	17: form[struct {
		Value rest.Int `json:"value" rest:"astext"`
	}](),
	18: one[float64](), 19: form[struct {
		Value orm.Decimal `json:"value" rest:"digits=8,places=2,min=-1000"`
	}](),
	20: form[struct {
		Value *orm.Decimal `json:"value" rest:"number"`
	}](),
	21: one[time.Time](), 22: form[struct {
		Value time.Time `json:"value" rest:"zone=America/New_York"`
	}](),
	23: one[orm.Date](), 24: one[orm.TimeOfDay](), 25: one[orm.Duration](), 26: form[struct {
		Value orm.Duration `json:"value" rest:"format=iso-8601"`
	}](),
	27: among[string](letters...), 28: among[*int64](numbers...), 29: among[[]string](letters...),
	30: one[[]any](), 31: form[struct {
		Value []*rest.Int `json:"value" rest:"noempty,maxlength=5,item.max=100"`
	}](),
	32: one[map[string]any](), 33: one[map[string][]orm.Date](), 34: form[struct {
		Value map[string]*string `json:"value" rest:"hstore"`
	}](),
	35: one[orm.JSON](), 36: form[struct {
		Value orm.JSON `json:"value" rest:"binary"`
	}](),
	37: one[pairData](), 38: form[struct {
		Value []pairData `json:"value" rest:"optional,maxlength=9"`
	}](),
	39: one[rest.Related[Playlist]](), 40: one[[]rest.Related[Playlist]](), 41: form[struct {
		Value rest.Related[Playlist] `json:"value" rest:"slug=Slug,null"`
	}](),
	42: form[struct {
		Value rest.Related[Playlist] `json:"value" rest:"view=playlist-detail,lookup=Slug"`
	}](),
	43: form[struct {
		Value []rest.Related[Playlist] `json:"value" rest:"slug=Slug"`
	}](),
	44: form[struct {
		Value rest.Int `json:"value" rest:"optional,default=7"`
	}](),
	45: form[struct {
		Value string `json:"value" rest:"readonly"`
	}](),
	46: form[struct {
		Value time.Time `json:"value" rest:"input=%d/%m/%Y %H:%M,input=iso-8601"`
	}](),
}

const fuzzBoundary = "b"

// fuzzedTypes are the types in which a fuzzed body is sent.
var fuzzedTypes = []string{"application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=" + fuzzBoundary}

// fuzzClient serves all kinds of fields, each by its number.
func fuzzClient(f *testing.F) *resttest.Client {
	f.Helper()
	db := ormtest.Open(f, ormtest.SQLite(f))
	c := serve(f, db, []any{&Playlist{}, &Song{}}, func(g *rest.Group) {
		list := playlists()
		list.Throttles = []rest.Throttle{}
		g.Register("playlists", list)
		for i, s := range fuzzedFields {
			s(g, fmt.Sprintf("%d/", i))
		}
	}, smallBodies)
	for _, name := range []string{"swing", "blues", "waltz"} {
		say(f, c.Post("/playlists/", fmt.Sprintf(`{"slug":%q,"name":%[1]q,"songs":[{"title":"a","seconds":1}]}`, name)),
			fmt.Sprintf(`201 {"slug":%q,"name":%[1]q,"songs":[{"title":"a","seconds":1}]}`, name))
	}
	return c
}

// smallBodies keeps limits so small that a fuzzer meets them.
func smallBodies(c *rest.Config) {
	c.MaxBody, c.MaxUpload, c.MaxDepth = 1<<13, 1<<13, 20
}

// fuzzable fails a test whose answer no body may have.
func fuzzable(t *testing.T, a *resttest.Answer) {
	t.Helper()
	switch a.Status {
	case http.StatusOK, http.StatusCreated, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
	default:
		t.Fatalf("%s", a)
	}
}

// FuzzField sends any body to a field of every kind: it is taken or refused, and what was taken is answered in a form that is
// taken again and answered the same.
func FuzzField(f *testing.F) {
	api := fuzzClient(f).Handler
	f.Fuzz(func(t *testing.T, kind, encoding uint8, body []byte) {
		c := resttest.NewClient(t, api)
		path := fmt.Sprintf("/%d/", int(kind)%len(fuzzedFields))
		sent := resttest.Text{Type: fuzzedTypes[int(encoding)%len(fuzzedTypes)], Text: string(body)}
		first := c.Post(path, sent)
		fuzzable(t, first)
		fuzzable(t, c.Patch(path, sent))
		if first.Status != http.StatusOK {
			return
		}
		again := c.Post(path, first.Text())
		if again.Status != http.StatusRequestEntityTooLarge && !bytes.Equal(again.Body, first.Body) {
			t.Errorf("%s %q was taken and answered %s, but that is answered %s", path, body, first, again)
		}
	})
}

// cabinet is a model with a column of every kind.
type cabinet struct {
	ID       int64 `gorm:"primaryKey"`
	Flag     *bool
	Small    *int64 `orm:"small"`
	Integer  *int64 `orm:"integer"`
	Big      *int64
	Positive *int64 `orm:"positive"`
	Ratio    *float64
	Amount   *orm.Decimal `gorm:"precision:10;scale:2"`
	Name     *string      `gorm:"size:20"`
	Text     *string      `orm:"blank"`
	Slug     *string      `gorm:"size:20;unique" orm:"slug"`
	Email    *string      `gorm:"size:50" orm:"email"`
	Site     *string      `gorm:"size:50" orm:"url"`
	Address  *string      `orm:"ip"`
	At       *time.Time
	Day      *orm.Date
	Clock    *orm.TimeOfDay
	Span     *orm.Duration
	Ref      *uuid.UUID
	Document *orm.JSON
}

// Meta describes the table.
func (cabinet) Meta() orm.Meta { return orm.Meta{App: "fuzz"} }

// TableName is that of the tests.
func (cabinet) TableName() string { return "fuzz_cabinet" }

var cabinetForm = rest.Auto[cabinet]()

// FuzzStored sends any body to a resource with columns of all kinds, on SQLite: what is stored is answered in a form that
// replaces it by the same.
func FuzzStored(f *testing.F) { fuzzStored(f, ormtest.Open(f, ormtest.SQLite(f))) }

// FuzzStoredPostgres is FuzzStored on PostgreSQL.
func FuzzStoredPostgres(f *testing.F) { fuzzStored(f, ormtest.Open(f, ormtest.Postgres(f))) }

func fuzzStored(f *testing.F, db *orm.DB) {
	f.Helper()
	api := serve(f, db, []any{&cabinet{}}, func(g *rest.Group) {
		g.Register("cabinets", &rest.ViewSet[cabinet]{Serializer: cabinetForm, Pagination: rest.NoPagination})
	}, smallBodies).Handler
	f.Fuzz(func(t *testing.T, body []byte) {
		c := resttest.NewClient(t, api)
		made := c.Post("/cabinets/", body)
		fuzzable(t, made)
		if made.Status != http.StatusCreated || len(made.Body) > 1<<12 {
			return
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(made.Text(), `{"id":`), ",")
		path := "/cabinets/" + id + "/"
		say(t, c.Get(path), "200 "+made.Text())
		say(t, c.Put(path, made.Text()), "200 "+made.Text())
		say(t, c.Delete(path), "204 ")
	})
}
