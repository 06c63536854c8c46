package rest_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
)

// everything has a field of each kind.
type everything struct {
	ID       uuid.UUID      `gorm:"primaryKey" orm:"readonly,default=uuid4"`
	Char     string         `gorm:"size:5"`
	Text     string         `orm:"blank"`
	Slug     string         `gorm:"size:9" orm:"slug"`
	Email    string         `gorm:"size:20" orm:"email"`
	URL      string         `gorm:"size:60" orm:"url"`
	Number   int32          `orm:"integer"`
	Small    int16          `orm:"small"`
	Big      int64          //
	Positive int64          `orm:"positive_big"`
	Float    float64        //
	Decimal  orm.Decimal    `gorm:"precision:8;scale:3"`
	Flag     *bool          //
	Day      orm.Date       //
	Moment   time.Time      //
	Clock    orm.TimeOfDay  //
	Span     orm.Duration   //
	JSON     orm.JSON       //
	IP       string         `gorm:"size:39" orm:"ip"`
	Ref      *uuid.UUID     //
	Choice   bookKind       `gorm:"size:9"`
	Made     time.Time      `gorm:"autoCreateTime"`
	Hidden   string         `gorm:"size:9" orm:"readonly,default=kept"`
	Big2     *int64         `orm:"blank"`
	Null     *orm.Decimal   `gorm:"precision:4;scale:1" orm:"blank"`
	Pause    *orm.Duration  `orm:"blank"`
	Alarm    *orm.TimeOfDay `orm:"blank"`
	Later    *time.Time     `orm:"blank"`
	Other    *orm.Date      `orm:"blank"`
	Note     *string        `gorm:"size:9" orm:"blank"`
}

func (everything) TableName() string { return "all_everything" }
func (everything) Meta() orm.Meta    { return orm.Meta{App: "all"} }

const fullRow = `{"char":"a","text":"","slug":"s-1","email":"a@b.example","url":"https://b.example/","number":-5,"small":7,` +
	`"big":9223372036854775807,"positive":0,"float":1.5,"decimal":"1.500","flag":true,"day":"2024-02-29",` +
	`"moment":"2024-02-29T12:00:00.000001Z","clock":"23:59:59.999999","span":"3 04:05:06.000007","json":{"a":"ä","b":[1,null]},` +
	`"ip":"::1","ref":null,"choice":"poem",`

const fullTail = `"big2":null,"null":null,"pause":null,"alarm":null,"later":null,"other":null,"note":null}`

// TestEveryKindOfColumn stores and shows each kind on both databases, and refuses what is none.
func TestEveryKindOfColumn(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		db.Gorm.Config.NowFunc = func() time.Time { return libraryClock }
		c := serve(t, db, []any{&everything{}}, func(g *rest.Group) {
			g.Register("rows", &rest.ViewSet[everything]{Serializer: rest.Auto[everything]()})
		})
		a := c.Post("/rows/", fullRow+fullTail)
		if a.Status != 201 {
			t.Fatal(a)
		}
		id := a.Field("id").(string)
		stored := fmt.Sprintf(`{"id":"%s",`, id) + fullRow[1:] + `"made":"2024-05-06T07:08:09Z","hidden":"kept",` + fullTail
		say(t, a, "201 "+stored)
		say(t, c.Get("/rows/"+id+"/"), "200 "+stored)
		say(t, c.Get("/rows/"), "200 ["+stored+"]")
		say(t, c.Put("/rows/"+id+"/", stored), "200 "+stored)
		say(t, c.Patch("/rows/"+id+"/", `{"hidden":"x","made":"x","id":"x"}`), "200 "+stored)

		say(t, c.Post("/rows/", `{}`), `400 {"char":["This field is required."],"slug":["This field is required."],`+
			`"email":["This field is required."],"url":["This field is required."],"number":["This field is required."],`+
			`"small":["This field is required."],"big":["This field is required."],"positive":["This field is required."],`+
			`"float":["This field is required."],"decimal":["This field is required."],"day":["This field is required."],`+
			`"moment":["This field is required."],"clock":["This field is required."],"span":["This field is required."],`+
			`"json":["This field is required."],"ip":["This field is required."],"choice":["This field is required."]}`)

		refused := []struct{ body, want string }{
			{`{"char":"abcdef"}`, `{"char":["Ensure this field has no more than 5 characters."]}`},
			{`{"slug":"a b"}`, `{"slug":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}`},
			{`{"email":"@"}`, `{"email":["Enter a valid email address."]}`},
			{`{"url":"x"}`, `{"url":["Enter a valid URL."]}`},
			{`{"big":9223372036854775808}`, `{"big":["Ensure this value is less than or equal to 9223372036854775807."]}`},
			{`{"positive":-1}`, `{"positive":["Ensure this value is greater than or equal to 0."]}`},
			{`{"float":"x"}`, `{"float":["A valid number is required."]}`},
			{`{"decimal":"1.0001"}`, `{"decimal":["Ensure that there are no more than 3 decimal places."]}`},
			{`{"decimal":"123456"}`, `{"decimal":["Ensure that there are no more than 5 digits before the decimal point."]}`},
			{`{"flag":"x"}`, `{"flag":["Must be a valid boolean."]}`},
			{`{"ip":"x"}`, `{"ip":["Enter a valid IPv4 or IPv6 address."]}`},
			{`{"ref":"x"}`, `{"ref":["Must be a valid UUID."]}`},
			{`{"choice":"song"}`, `{"choice":["\"song\" is not a valid choice."]}`},
			{`{"char":null}`, `{"char":["This field may not be null."]}`},
			{`{"slug":""}`, `{"slug":["This field may not be blank."]}`},
		}
		for _, r := range refused {
			if got := c.Patch("/rows/"+id+"/", r.body); got.String() != "400 "+r.want {
				t.Errorf("%s\n got %s\nwant 400 %s", r.body, got, r.want)
			}
		}
		say(t, c.Get("/rows/"+id+"/"), "200 "+stored)

		change := `{"flag":null,"ref":"2b0c7f70-6e2f-4a3e-9a0b-0a1d5f2f7c11","big2":3,"null":"1.5","pause":"90","alarm":"01:02","later":"2024-01-01T00:00:00","other":"2023-01-01","note":""}`
		a = c.Patch("/rows/"+id+"/", change)
		if a.Status != 200 {
			t.Fatal(a)
		}
		got := fmt.Sprintln(a.Field("flag"), a.Field("ref"), a.Field("big2"), a.Field("null"), a.Field("pause"), a.Field("alarm"), a.Field("later"), a.Field("other"), a.Field("note"))
		if want := "<nil> 2b0c7f70-6e2f-4a3e-9a0b-0a1d5f2f7c11 3 1.5 00:01:30 01:02:00 2024-01-01T00:00:00Z 2023-01-01 \n"; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	})
}

// TestIntegerColumns have the bounds of their columns, which SQLite has none of.
func TestIntegerColumns(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, []any{&everything{}}, func(g *rest.Group) {
			g.Register("rows", &rest.ViewSet[everything]{Serializer: rest.Auto[everything]()})
		})
		for _, n := range []string{"32768", "-32769"} {
			body := c.Post("/rows/", `{"small":`+n+`}`).Object()["small"]
			want := map[string]string{
				"sqlite32768": "[A valid integer is required.]", "sqlite-32769": "[A valid integer is required.]",
				"postgres32768":  "[Ensure this value is less than or equal to 32767.]",
				"postgres-32769": "[Ensure this value is greater than or equal to -32768.]",
			}[db.Dialect()+n]
			if fmt.Sprint(body) != want {
				t.Errorf("%s: got %v, want %s", n, body, want)
			}
		}
	})
}

type bookData struct {
	ID         int64                   `json:"id"`
	Name       string                  `json:"name" rest:"source=Title"`
	Slug       string                  `json:"slug"`
	ISBN       *string                 `json:"isbn"`
	Pages      int64                   `json:"pages"`
	Publisher  rest.Related[publisher] `json:"publisher"`
	PubName    string                  `json:"publisher_name" rest:"readonly,source=Publisher.Name"`
	PubText    rest.Related[publisher] `json:"publisher_text" rest:"string,source=Publisher"`
	Editor     rest.Related[author]    `json:"editor" rest:"slug=Name"`
	EditorName *string                 `json:"editor_name" rest:"readonly,source=Editor.Name"`
	Authors    []rest.Related[author]  `json:"authors"`
	Chapters   []rest.Related[chapter] `json:"chapters" rest:"readonly"`
	Shout      string                  `json:"shout"`
	First      *string                 `json:"first" rest:"needs=Chapters"`
	Count      int64                   `json:"count" rest:"readonly,source=ChapterCount"`
	Secret     string                  `json:"secret" rest:"writeonly,source=Notes"`
}

var bookForm = &rest.ModelSerializer[book, bookData]{}

func TestModelSerializer(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: bookForm}) })
		stock(t, c, 1)
		book1 := `"slug":"b1","isbn":null,"pages":100,"publisher":2,"publisher_name":"South","publisher_text":"Publisher South","editor":"Author North","editor_name":"Author North","authors":[1,2],"chapters":[3,2,1],"shout":"BOOK 1!","first":"Chapter 1","count":3}`
		say(t, c.Get("/books/1/"), `200 {"id":1,"name":"Book 1",`+book1)
		for _, s := range []struct{ method, path, body, want string }{
			{"POST", "/books/", `{}`, `400 {"name":["This field is required."],"slug":["This field is required."],"publisher":["This field is required."]}`},
			{
				"POST", "/books/", `{"name":"x","slug":"b1","publisher":9,"editor":"Nobody","authors":[1,7],"pages":5001}`,
				`400 {"name":["Ensure this field has at least 2 characters."],"slug":["book with this slug already exists."],"pages":["Ensure this value is less than or equal to 5000."],` +
					`"publisher":["Invalid pk \"9\" - object does not exist."],"editor":["Object with name=Nobody does not exist."],"authors":["Invalid pk \"7\" - object does not exist."]}`,
			},
			{
				"POST", "/books/", `{"name":"Two","slug":"b2","publisher":"x","authors":"1"}`,
				`400 {"publisher":["Incorrect type. Expected pk value, received str."],"authors":["Expected a list of items but got type \"str\"."]}`,
			},
			{
				"POST", "/books/", `{"name":"Two","slug":"b2","publisher":true,"authors":[null]}`,
				`400 {"publisher":["Incorrect type. Expected pk value, received bool."],"authors":["Invalid pk \"None\" - object does not exist."]}`,
			},
			{
				"POST", "/books/", `{"name":"Two","slug":"b2","publisher":null,"isbn":"12345678901234"}`,
				`400 {"isbn":["Ensure this field has no more than 13 characters."],"publisher":["This field may not be null."]}`,
			},
			{
				"POST", "/books/", `{"name":"Two","slug":"b2","publisher":"1","editor":null,"authors":[2,2,"1"],"secret":"s","publisher_name":"X","count":9}`,
				`201 {"id":2,"name":"Two","slug":"b2","isbn":null,"pages":100,"publisher":1,"publisher_name":"North","publisher_text":"Publisher North","editor":null,"authors":[1,2],"chapters":[],"shout":"TWO!","first":null,"count":0}`,
			},
			{
				"PATCH", "/books/2/", `{"editor":"Author South","authors":[2],"pages":7}`,
				`200 {"id":2,"name":"Two","slug":"b2","isbn":null,"pages":7,"publisher":1,"publisher_name":"North","publisher_text":"Publisher North","editor":"Author South","editor_name":"Author South","authors":[2],"chapters":[],"shout":"TWO!","first":null,"count":0}`,
			},
			{
				"PATCH", "/books/2/", `{"publisher":2,"authors":[]}`,
				`200 {"id":2,"name":"Two","slug":"b2","isbn":null,"pages":7,"publisher":2,"publisher_name":"South","publisher_text":"Publisher South","editor":"Author South","editor_name":"Author South","authors":[],"chapters":[],"shout":"TWO!","first":null,"count":0}`,
			},
			{"PUT", "/books/1/", `{"name":"New"}`, `400 {"slug":["This field is required."],"publisher":["This field is required."]}`},
			{"PUT", "/books/1/", `{"name":"New","slug":"b1","publisher":2}`, `200 {"id":1,"name":"New",` + replaced(book1, "BOOK 1!", "NEW!")},
			{"PATCH", "/books/1/", `{"slug":"b2"}`, `400 {"slug":["book with this slug already exists."]}`},
			{"PATCH", "/books/1/", `{"slug":"b1","isbn":"1"}`, `200 {"id":1,"name":"New",` + replaced(replaced(book1, "BOOK 1!", "NEW!"), `"isbn":null`, `"isbn":"1"`)},
			{"PATCH", "/books/2/", `{"isbn":"1"}`, `400 {"isbn":["book with this isbn already exists."]}`},
			{"DELETE", "/books/2/", ``, `204 `},
			{"GET", "/books/2/", ``, `404 {"detail":"No book matches the given query."}`},
			{"PATCH", "/books/2/", `{}`, `404 {"detail":"No book matches the given query."}`},
			{"DELETE", "/books/2/", ``, `404 {"detail":"No book matches the given query."}`},
			{"GET", "/books/x/", ``, `404 {"detail":"Not found."}`},
		} {
			if got := c.Do(s.method, s.path, s.body).String(); got != s.want {
				t.Errorf("%s %s %s\n got %s\nwant %s", s.method, s.path, s.body, got, s.want)
			}
		}
	})
}

func TestFormsOfModels(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		stock(t, c, 1)
		form := func(text string) string {
			return fill(c, "/raw/books/", "FORM "+text)
		}
		got := form("title=New&slug=new&publisher=1&editor=&isbn=&authors=2&authors=1&published=&rating=&notes=")
		want := `201 {"id":2,"title":"New","slug":"new","isbn":"","pages":100,"price":"9.90","kind":"novel","in_print":false,"published":null,"rating":null,"notes":"","extra":{},"created_at":"2024-05-06T07:08:09Z","updated_at":"2024-05-06T07:08:09Z","publisher":1,"editor":null,"authors":[1,2]}`
		if got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	})
}

// TestInputIsPrefilled: on updates the input shows the object as it would become.
func TestInputIsPrefilled(t *testing.T) {
	type data struct {
		Title     string                  `json:"title"`
		Pages     int64                   `json:"pages"`
		Price     orm.Decimal             `json:"price"`
		ISBN      *string                 `json:"isbn"`
		Kind      bookKind                `json:"kind"`
		Publisher rest.Related[publisher] `json:"publisher"`
		Editor    rest.Related[author]    `json:"editor" rest:"slug=Name"`
	}
	s := &rest.ModelSerializer[book, data]{Validate: func(r *rest.Request, in *rest.Input[data]) error {
		d := in.Data
		editor := "nobody"
		if d.Editor.Object != nil {
			editor = d.Editor.Object.Name
		}
		before := rest.Updating[book](r)
		return rest.Invalid(fmt.Sprint(d.Title, " ", d.Pages, " ", d.Price, " ", d.ISBN == nil, " ", d.Kind, " ", d.Publisher.Object.ID, " ", editor,
			" was ", before.Title, " ", in.Updating(), " ", in.Partial()))
	}}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: s}) })
		stock(t, c, 1)
		say(t, c.Patch("/books/1/", `{"pages":5}`), `400 {"non_field_errors":["Book 1 5 9.90 true novel 2 Author North was Book 1 true true"]}`)
		say(t, c.Put("/books/1/", `{"title":"New","publisher":1,"editor":null}`), `400 {"non_field_errors":["New 100 9.90 true novel 1 nobody was Book 1 true false"]}`)
	})
}

// TestCreateAndUpdateHooks make and change objects in their own way; what they return is saved.
func TestCreateAndUpdateHooks(t *testing.T) {
	type data struct {
		ID       int64    `json:"id"`
		Title    string   `json:"title"`
		Numbers  []int64  `json:"numbers" rest:"writeonly"`
		Chapters []string `json:"chapters"`
	}
	s := &rest.ModelSerializer[book, data]{
		Fields: func(d *data) []rest.FieldOption {
			return []rest.FieldOption{rest.Computed(&d.Chapters, func(b *book) []string {
				out := []string{}
				for _, c := range b.Chapters {
					out = append(out, fmt.Sprint(c.Number, c.Mood))
				}
				return out
			}, "Chapters")}
		},
		Create: func(r *rest.Request, in *rest.Input[data]) (*book, error) {
			b := &book{Slug: in.Data.Title, PublisherID: 1}
			if err := in.Apply(r, b); err != nil {
				return nil, err
			}
			if err := r.Save(b); err != nil {
				return nil, err
			}
			for _, n := range in.Data.Numbers {
				if n == 13 {
					return nil, rest.InvalidField("numbers", "Unlucky.")
				}
				if err := r.Save(&chapter{BookID: b.ID, Number: n, Title: "x", Mood: "new"}); err != nil {
					return nil, err
				}
			}
			return b, nil
		},
		Update: func(r *rest.Request, b *book, in *rest.Input[data]) error {
			b.Notes = "updated"
			return in.Apply(r, b)
		},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("books", &rest.ViewSet[book]{Serializer: s}) })
		c.Post("/raw/publishers/", `{"name":"North"}`)
		say(t, c.Post("/books/", `{"title":"one","numbers":[2,1]}`), `201 {"id":1,"title":"one","chapters":["1new","2new"]}`)
		say(t, c.Post("/books/", `{"title":"two","numbers":[1,13]}`), `400 {"numbers":["Unlucky."]}`)
		say(t, c.Post("/books/", `{"title":"two","numbers":[1,1]}`), `400 {"non_field_errors":["The fields book_id, number must make a unique set."]}`)
		if n := len(c.Get("/raw/books/").List()); n != 1 {
			t.Errorf("%d books are left of refused ones", n-1)
		}
		say(t, c.Patch("/books/1/", `{"title":"uno"}`), `200 {"id":1,"title":"uno","chapters":["1new","2new"]}`)
		if got := c.Get("/raw/books/1/").Field("notes"); got != "updated" {
			t.Errorf("Update was not called: %v", got)
		}
	})
}

// TestDeclaredFields declares fields of a model form apart from the model.
func TestDeclaredFields(t *testing.T) {
	type data struct {
		ID    int64                   `json:"id" rest:"readonly"`
		Slug  string                  `json:"slug" rest:"declared,maxlength=3"`  // no slug, not unique any more
		Title string                  `json:"title" rest:"declared,optional"`    // no minimal length
		Pages int64                   `json:"pages" rest:"default=5,createonly"` // another default
		Pub   int64                   `json:"pub" rest:"source=PublisherID,readonly"`
		Kind  string                  `json:"kind" rest:"declared,optional,blank"` // any text
		To    rest.Related[publisher] `json:"to" rest:"source=Publisher,writeonly"`
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("books", &rest.ViewSet[book]{Serializer: &rest.ModelSerializer[book, data]{}})
		})
		stock(t, c, 0)
		say(t, c.Post("/books/", `{"slug":"a b","to":1}`), `201 {"id":1,"slug":"a b","title":"","pages":5,"pub":1,"kind":"novel"}`)
		say(t, c.Post("/books/", `{"slug":"a bc","to":1}`), `400 {"slug":["Ensure this field has no more than 3 characters."]}`)
		say(t, c.Put("/books/1/", `{"slug":"ab","to":2,"kind":"","pages":6}`), `200 {"id":1,"slug":"ab","title":"","pages":6,"pub":2,"kind":""}`)
		say(t, c.Put("/books/1/", `{"slug":"ab","to":2}`), `200 {"id":1,"slug":"ab","title":"","pages":6,"pub":2,"kind":""}`)
	})
}

// TestNestedAtTheModelsPosition: nested objects stay nested when they stand at the same place of the data as the relation
// does in the model, where only the form that is the model itself shows keys.
func TestNestedAtTheModelsPosition(t *testing.T) {
	type label struct {
		Name string `json:"name"`
	}
	type data struct {
		Name                  string
		One, Two, Three, Four string  `rest:"source=Name,readonly"`
		Five, Six             string  `rest:"source=Name,readonly"`
		Genres                []label `rest:"readonly"`
	}
	nested, _ := reflect.TypeFor[data]().FieldByName("Genres")
	relation, _ := reflect.TypeFor[artist]().FieldByName("Genres")
	if !slices.Equal(nested.Index, relation.Index) {
		t.Fatalf("the fields are at %v and %v", nested.Index, relation.Index)
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, festivalModels(), func(g *rest.Group) {
			g.Register("artists", &rest.ViewSet[artist]{Serializer: &rest.ModelSerializer[artist, data]{}})
		})
		ann := &artist{ID: uuid.New(), Name: "Ann", Genres: []*genre{{Name: "jazz"}}}
		if err := db.Gorm.Omit("Genres.*").Create(ann.Genres).Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Gorm.Omit("Genres").Create(ann).Error; err != nil {
			t.Fatal(err)
		}
		if err := db.Gorm.Exec("INSERT INTO fest_artist_genres (artist_id, genre_id) VALUES (?, ?)", ann.ID, ann.Genres[0].ID).Error; err != nil {
			t.Fatal(err)
		}
		if a := c.Get("/artists/"); !strings.Contains(a.Text(), `"genres":[{"name":"jazz"}]`) {
			t.Error(a)
		}
	})
}

// TestConstraintOfAnotherTable: a hook breaks the constraint of a table whose column is called as one of the serializer's.
func TestConstraintOfAnotherTable(t *testing.T) {
	type data struct {
		Name string `json:"name"`
	}
	s := &rest.ModelSerializer[author, data]{Create: func(r *rest.Request, in *rest.Input[data]) (*author, error) {
		return &author{Name: in.Data.Name}, r.Save(&publisher{Name: in.Data.Name})
	}}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) { g.Register("authors", &rest.ViewSet[author]{Serializer: s}) })
		say(t, c.Post("/authors/", `{"name":"North"}`), `201 {"name":"North"}`)
		say(t, c.Post("/authors/", `{"name":"North"}`), `400 {"non_field_errors":["The fields name must make a unique set."]}`)
	})
}
