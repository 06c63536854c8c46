package rest_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// booking is a model with every sort of unique set.
type booking struct {
	ID     int64     `gorm:"primaryKey"`
	Room   string    `gorm:"size:10"`
	Seat   int64     `orm:"integer,default=1"`
	Guest  *string   `gorm:"size:10" orm:"blank"`
	Code   string    `gorm:"size:10" orm:"default=none"`
	Active bool      `orm:"default=true"`
	Day    orm.Date  `orm:"label=calendar day"`
	At     time.Time //
	Topic  string    `gorm:"size:20" orm:"blank,unique_for_date=at"`
	Series string    `gorm:"size:20" orm:"blank,unique_for_month=day,unique_for_year=at"`
}

func (booking) TableName() string { return "uniq_booking" }
func (booking) Meta() orm.Meta {
	return orm.Meta{App: "uniq", Ordering: []string{"id"}, Unique: []orm.Unique{
		{Fields: []string{"room", "seat", "day"}},
		{Fields: []string{"guest", "day"}, Message: "A guest stays once a day.", Code: "twice"},
		{Fields: []string{"code"}, Condition: `"active"`, ConditionFields: []string{"active"}, Name: "one_active_code"},
	}}
}

func bookings(t *testing.T, db *orm.DB) *resttest.Client {
	t.Helper()
	return serve(t, db, []any{&booking{}}, func(g *rest.Group) {
		g.Register("bookings", &rest.ViewSet[booking]{Serializer: rest.Auto[booking]()})
	})
}

// TestUniqueSets goes through a history of bookings: "METHOD path body" and the status with what matters of the answer.
func TestUniqueSets(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := bookings(t, db)
		for _, s := range []struct{ what, method, path, body, want string }{
			{"fields of sets are required", "POST", "/bookings/", `{}`, `400 {"room":["This field is required."],"day":["This field is required."],"at":["This field is required."]}`},
			{"defaults fill in", "POST", "/bookings/", `{"room":"a","day":"2024-01-01","at":"2024-01-01T00:00:00Z"}`, `400 {"topic":["This field is required."]}`},
			{
				"the first", "POST", "/bookings/", `{"room":"a","day":"2024-01-01","at":"2024-01-01T00:00:00Z","topic":"x","series":"s","guest":"ann","code":"c1"}`,
				`201 {"id":1,"room":"a","seat":1,"guest":"ann","code":"c1","active":true,"day":"2024-01-01","at":"2024-01-01T00:00:00Z","topic":"x","series":"s"}`,
			},
			{
				"the same place", "POST", "/bookings/", `{"room":"a","day":"2024-01-01","at":"2025-01-01T00:00:00Z","topic":"y","series":"t","code":"c2"}`,
				`400 {"non_field_errors":["The fields room, seat, day must make a unique set."]}`,
			},
			{
				"the same guest", "POST", "/bookings/", `{"room":"b","day":"2024-01-01","at":"2025-01-01T00:00:00Z","topic":"y","series":"t","guest":"ann","code":"c2"}`,
				`400 {"non_field_errors":["A guest stays once a day."]}`,
			},
			{
				"the same active code", "POST", "/bookings/", `{"room":"b","day":"2024-01-01","at":"2025-01-01T00:00:00Z","topic":"y","series":"t","code":"c1"}`,
				`400 {"non_field_errors":["The fields code must make a unique set."]}`,
			},
			{
				"inactive codes are free", "POST", "/bookings/", `{"room":"b","day":"2024-01-01","at":"2025-01-02T00:00:00Z","topic":"y","series":"t","code":"c1","active":false}`,
				`201 {"id":2,"room":"b","seat":1,"guest":null,"code":"c1","active":false,"day":"2024-01-01","at":"2025-01-02T00:00:00Z","topic":"y","series":"t"}`,
			},
			{
				"a topic once a day", "POST", "/bookings/", `{"room":"c","day":"2023-01-01","at":"2024-01-01T23:00:00Z","topic":"x","series":"u","code":"c3"}`,
				`400 {"topic":["This field must be unique for the \"at\" date."]}`,
			},
			{
				"a series once a month", "POST", "/bookings/", `{"room":"c","day":"2022-01-31","at":"2026-01-01T23:00:00Z","topic":"x","series":"s","code":"c3"}`,
				`400 {"series":["This field must be unique for the \"day\" month."]}`,
			},
			{
				"a series once a year", "POST", "/bookings/", `{"room":"c","day":"2022-02-01","at":"2024-07-01T23:00:00Z","topic":"z","series":"s","code":"c3"}`,
				`400 {"series":["This field must be unique for the \"at\" year."]}`,
			},
			{
				"changing nothing of the set", "PATCH", "/bookings/2/", `{"topic":"new","at":"2025-01-02T00:00:00Z","series":"t","day":"2024-01-01"}`,
				`200 {"id":2,"room":"b","seat":1,"guest":null,"code":"c1","active":false,"day":"2024-01-01","at":"2025-01-02T00:00:00Z","topic":"new","series":"t"}`,
			},
			{
				"moving to a taken place", "PATCH", "/bookings/2/", `{"room":"a","topic":"new","at":"2025-01-02T00:00:00Z","series":"t","day":"2024-01-01"}`,
				`400 {"non_field_errors":["The fields room, seat, day must make a unique set."]}`,
			},
			{
				"becoming active with a taken code", "PATCH", "/bookings/2/", `{"active":true,"topic":"new","at":"2025-01-02T00:00:00Z","series":"t","day":"2024-01-01"}`,
				`400 {"non_field_errors":["The fields code must make a unique set."]}`,
			},
		} {
			if got := c.Do(s.method, s.path, s.body).String(); got != s.want {
				t.Errorf("%s: %s %s %s\n got %s\nwant %s", s.what, s.method, s.path, s.body, got, s.want)
			}
		}
	})
}

// TestDefaultOfASetKeepsItsLimits: a text that a unique set gave the model's default still has its length.
func TestDefaultOfASetKeepsItsLimits(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := library(t, db, func(g *rest.Group) {
		g.Register("chapters", &rest.ViewSet[chapter]{Serializer: &rest.ModelSerializer[chapter, struct {
			Book  rest.Related[book] `json:"book"`
			Mood  string             `json:"mood"`
			Title string             `json:"title" rest:"default=none"`
		}]{Name: "Mood", UniqueTogether: []orm.Unique{{Fields: []string{"book", "mood"}}}}})
	})
	stock(t, c, 1)
	say(t, c.Post("/chapters/", `{"book":1}`), `400 {"non_field_errors":["The fields book, mood must make a unique set."]}`)
	say(t, c.Post("/chapters/", `{"book":1,"mood":"toolong"}`), `400 {"mood":["Ensure this field has no more than 5 characters."]}`)
	say(t, c.Post("/chapters/", `{"book":1,"mood":"wild"}`), `201 {"book":1,"mood":"wild","title":"none"}`)
}

// meet makes the inserts of several requests wait for each other, outside of the database: each waits until n have come, or
// a moment passed. It forces the order "check, check, write, write" of a race. It returns a function for the next race.
func meet(t *testing.T, db *orm.DB, n int) (again func()) {
	t.Helper()
	var mu sync.Mutex
	arrived, gate := 0, make(chan struct{})
	err := db.Gorm.Callback().Create().Before("gorm:before_create").Register("test:meet", func(*gorm.DB) {
		mu.Lock()
		mine := gate
		if arrived++; arrived == n {
			close(gate)
		}
		mu.Unlock()
		select {
		case <-mine:
		case <-time.After(2 * time.Second):
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		arrived, gate = 0, make(chan struct{})
	}
}

// together sends requests at the same time and returns their answers, sorted.
func together(c *resttest.Client, n int, send func(c *resttest.Client, i int) *resttest.Answer) []string {
	out := make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		twin := c.Clone()
		all.Go(func() { out[i] = send(twin, i).String() })
	}
	all.Wait()
	slices.Sort(out)
	return out
}

// TestUniqueRace: what both requests saw as free is taken by one of them; the other gets the answer of the check.
func TestUniqueRace(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		stock(t, c, 1)
		again := func() {}
		if db.Dialect() == orm.Postgres { // SQLite's writers wait for each other before they write
			again = meet(t, db, 2)
		}
		for _, race := range []struct{ path, body, taken string }{
			{"/raw/publishers/", `{"name":"East"}`, `400 {"name":["publisher with this name already exists."]}`},
			{"/raw/chapters/", `{"book":1,"number":9,"title":"x"}`, `400 {"non_field_errors":["The fields book, number must make a unique set."]}`},
		} {
			again()
			got := together(c, 2, func(c *resttest.Client, _ int) *resttest.Answer { return c.Post(race.path, race.body) })
			if got[0][:3] != "201" || got[1] != race.taken {
				t.Errorf("%s: %q", race.path, got)
			}
			say(t, c.Post(race.path, race.body), race.taken)
		}
	})
}

// TestManyRace: of many equal requests exactly one is answered 201, and no answer is anything else than the refusal.
func TestManyRace(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		got := slices.Compact(together(c, 12, func(c *resttest.Client, _ int) *resttest.Answer {
			return c.Post("/raw/publishers/", `{"name":"East"}`)
		}))
		if len(got) != 2 || got[1] != `400 {"name":["publisher with this name already exists."]}` {
			t.Errorf("got %q", got)
		}
	})
}

// TestUpdateRace: the same by PATCH.
func TestUpdateRace(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, nil)
		stock(t, c, 0)
		got := together(c, 2, func(c *resttest.Client, i int) *resttest.Answer {
			return c.Patch([]string{"/raw/publishers/1/", "/raw/publishers/2/"}[i], `{"name":"Same"}`)
		})
		if got[0][:3] != "200" || got[1] != `400 {"name":["publisher with this name already exists."]}` {
			t.Errorf("got %q", got)
		}
	})
}

// TestConstraintsAreAnswers: violations that no validator saw are 400 and 409, never 500.
func TestConstraintsAreAnswers(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			g.Register("chapters", &rest.ViewSet[chapter]{
				Serializer: rest.Auto[chapter](),
				PerformCreate: func(r *rest.Request, ch *chapter) error {
					switch ch.Title {
					case "orphan":
						ch.BookID = 99
					case "check":
						return r.DB().Exec("INSERT INTO lib_strict (n) VALUES (-1)").Error
					case "null":
						return r.DB().Exec("INSERT INTO lib_strict (n) VALUES (NULL)").Error
					}
					return r.Save(ch)
				},
			})
		})
		stock(t, c, 1)
		if err := db.Gorm.Exec("CREATE TABLE lib_strict (n integer NOT NULL CONSTRAINT positive CHECK (n > 0))").Error; err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, title := range []string{"orphan", "check", "null"} {
			got[title] = c.Post("/chapters/", map[string]any{"book": 1, "number": 7, "title": title}).String()
		}
		want := map[string]string{
			"orphan": `409 {"detail":"The request refers to an object that is not there any more."}`,
			"check":  `400 {"non_field_errors":["Constraint “positive” is violated."]}`,
			"null":   `400 {"non_field_errors":["This field may not be null."]}`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := len(c.Get("/raw/chapters/").List()); n != 3 {
			t.Errorf("%d chapters, want 3", n)
		}
	})
}

// TestTextsThatNoRowHolds are not looked for, as PostgreSQL refuses them: what is wrong with them is said by the field, alone and
// together with other fields that ask the database.
func TestTextsThatNoRowHolds(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := library(t, db, func(g *rest.Group) {
			type data struct {
				Name string `json:"name"`
			}
			g.Register("caseless", &rest.ViewSet[publisher]{Serializer: &rest.ModelSerializer[publisher, data]{
				Name: "Caseless", Fields: func(d *data) []rest.FieldOption { return []rest.FieldOption{rest.UniqueBy(&d.Name, "iexact", "")} },
			}}, "caseless")
		})
		stock(t, c, 1)
		const null, surrogate = `["Null characters are not allowed."]`, `["Surrogate characters are not allowed: U+D800."]`
		say(t, c.Post("/raw/publishers/", `{"name":"a\u0000"}`), `400 {"name":`+null+`}`)
		say(t, c.Post("/raw/publishers/", `{"name":"\ud800"}`), `400 {"name":`+surrogate+`}`)
		say(t, c.Patch("/raw/publishers/1/", `{"name":"\u0000"}`), `400 {"name":`+null+`}`)
		say(t, c.Post("/caseless/", `{"name":"a\u0000"}`), `400 {"name":`+null+`}`)
		say(t, c.Post("/raw/books/", `{"title":"New","slug":"a\u0000","isbn":"\ud800","publisher":9,"authors":[1,9]}`),
			`400 {"slug":["Null characters are not allowed.","Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."],"isbn":`+surrogate+
				`,"publisher":["Invalid pk \"9\" - object does not exist."],"authors":["Invalid pk \"9\" - object does not exist."]}`)
	})
}
