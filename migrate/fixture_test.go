package migrate_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// load loads one fixture.
func load(db *orm.DB, reg *orm.Registry, text string, opts migrate.LoadOptions) (migrate.Loaded, error) {
	return migrate.LoadData(context.Background(), db.Gorm, reg, opts, migrate.Source{Name: "test.json", Reader: strings.NewReader(text)})
}

// dump writes a fixture.
func dump(t *testing.T, db *orm.DB, reg *orm.Registry, opts migrate.DumpOptions) string {
	t.Helper()
	var out bytes.Buffer
	opts.Out = &out
	if err := migrate.DumpData(context.Background(), db, reg, opts); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// everyKind has each kind of field, empty and filled in, in the form dumpdata writes it.
const everyKind = `[
{
  "model": "library.author",
  "pk": 1,
  "fields": {
    "name": "Ada \"A\" é😀",
    "mentor": 2
  }
},
{
  "model": "library.author",
  "pk": 2,
  "fields": {
    "name": "Bea",
    "mentor": null
  }
},
{
  "model": "library.genre",
  "pk": "low",
  "fields": {
    "rank": -1
  }
},
{
  "model": "library.genre",
  "pk": "top",
  "fields": {
    "rank": 9
  }
},
{
  "model": "library.book",
  "pk": "11111111-2222-4333-8444-555555555555",
  "fields": {
    "title": "Full\nof \t\u0001",
    "author": 1,
    "price": "12345.600",
    "data": {
      "a": [
        1,
        2.5,
        null,
        {}
      ],
      "b": {
        "é": true
      }
    },
    "extra": "text",
    "released": "2024-02-29",
    "clock": "12:34:56.789",
    "span": "1 02:03:04.000005",
    "cover": "covers/a.png",
    "blob": "AAFiaW5hcnn/",
    "score": 1e-07,
    "ref": "99999999-8888-4777-8666-555555555555",
    "public": false,
    "small": 0,
    "created": "2024-02-29T23:59:59.999Z",
    "genres": [
      "top",
      "low"
    ]
  }
},
{
  "model": "library.book",
  "pk": "22222222-2222-4333-8444-555555555555",
  "fields": {
    "title": "",
    "author": 2,
    "price": "0.000",
    "data": [],
    "extra": null,
    "released": null,
    "clock": null,
    "span": null,
    "cover": "",
    "blob": "",
    "score": null,
    "ref": null,
    "public": null,
    "small": 32767,
    "created": "2024-01-02T03:04:05Z",
    "genres": []
  }
}
]
`

func TestFixtureComesBack(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		loaded, err := load(db, reg, everyKind, migrate.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(migrate.Loaded{Objects: 6}, loaded); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(everyKind, dump(t, db, reg, migrate.DumpOptions{Indent: 2})); diff != "" {
			t.Error(diff)
		}
		// Once more over what is there: nothing changes, nothing is double.
		if _, err := load(db, reg, everyKind, migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(everyKind, dump(t, db, reg, migrate.DumpOptions{Indent: 2})); diff != "" {
			t.Errorf("the second time: %s", diff)
		}
	})
}

func TestDumpNaturalKeys(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		if _, err := load(db, reg, everyKind, migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		got := dump(t, db, reg, migrate.DumpOptions{Labels: []string{"library.Author", "library.genre"}, NaturalForeign: true, NaturalPrimary: true})
		want := `[{"model": "library.author", "fields": {"name": "Ada \"A\" é😀", "mentor": ["Bea"]}}, ` +
			`{"model": "library.author", "fields": {"name": "Bea", "mentor": null}}, ` +
			`{"model": "library.genre", "pk": "low", "fields": {"rank": -1}}, {"model": "library.genre", "pk": "top", "fields": {"rank": 9}}]`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDumpChoosesModels(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		if _, err := load(db, reg, `[{"model": "library.genre", "pk": "g", "fields": {"rank": 1}}]`, migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		all := `[{"model": "library.genre", "pk": "g", "fields": {"rank": 1}}]`
		for _, c := range []struct {
			labels, exclude []string
			want            string
		}{
			{nil, nil, all},
			{[]string{"library"}, nil, all},
			{[]string{"library.genre", "library.Genre"}, nil, all},
			{[]string{"library.author"}, nil, "[]"},
			{nil, []string{"library.Genre"}, "[]"},
			{[]string{"library"}, []string{"library"}, "[]"},
		} {
			if got := dump(t, db, reg, migrate.DumpOptions{Labels: c.labels, Exclude: c.exclude}); got != c.want {
				t.Errorf("%v without %v: %s", c.labels, c.exclude, got)
			}
		}
		if got := dump(t, db, reg, migrate.DumpOptions{Labels: []string{"library.genre"}, PKs: []string{"a", "g"}}); got != all {
			t.Errorf("by primary key: %s", got)
		}
		for want, o := range map[string]migrate.DumpOptions{
			`no app or model is called "librry"; there are the apps library`:       {Labels: []string{"librry"}},
			"primary keys are those of one model: name it, as app.model":           {Labels: []string{"library"}, PKs: []string{"g"}},
			`dump library.author: primary key: "one" is no value of a int64 field`: {Labels: []string{"library.author"}, PKs: []string{"one"}},
		} {
			o.Out = &bytes.Buffer{}
			if err := migrate.DumpData(context.Background(), db, reg, o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	})
}

// TestDumpManyRows goes beyond one batch, and counts statements: they depend on batches, not on rows.
func TestDumpManyRows(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const rows = 1203
		db, reg := library(t, url)
		parts := []string{`{"model": "library.genre", "pk": "g", "fields": {"rank": 1}}`, `{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": null}}`}
		for i := range rows {
			parts = append(parts, fmt.Sprintf(`{"model": "library.book", "pk": "00000000-0000-4000-8000-%012d", "fields": {"title": "b%d", "author": ["A"], "created": "2024-01-01T00:00:00Z", "genres": ["g"]}}`, i, i))
		}
		if _, err := load(db, reg, "["+strings.Join(parts, ",")+"]", migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		ctx, statements := orm.CountStatements(context.Background())
		var out bytes.Buffer
		opts := migrate.DumpOptions{Out: &out, Labels: []string{"library.book"}, NaturalForeign: true}
		if err := migrate.DumpData(ctx, db, reg, opts); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if n := strings.Count(text, `"author": ["A"]`); n != rows {
			t.Errorf("%d objects with an author", n)
		}
		if n := strings.Count(text, `"genres": ["g"]`); n != rows {
			t.Errorf("%d objects with a genre", n)
		}
		if first, last := strings.Index(text, `"b0"`), strings.Index(text, `"b1202"`); first < 0 || last < first {
			t.Errorf("b0 is at %d, b1202 at %d", first, last)
		}
		if n := statements.Load(); n > 10 {
			t.Errorf("%d statements", n)
		}
	})
}

// meddler writes to the database as soon as the first bytes of a dump arrive.
type meddler struct {
	bytes.Buffer
	meddle func()
}

func (m *meddler) Write(p []byte) (int, error) {
	if m.Len() == 0 {
		m.meddle()
	}
	return m.Buffer.Write(p)
}

func TestDumpSeesOneStateAndLetsOthersWrite(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		var parts []string
		for i := range 600 {
			parts = append(parts, fmt.Sprintf(`{"model": "library.genre", "pk": "g%04d", "fields": {"rank": 1}}`, i))
		}
		if _, err := load(db, reg, "["+strings.Join(parts, ",")+"]", migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		other := open(t, url)
		out := &meddler{meddle: func() { run(t, other, "INSERT INTO library_genre VALUES ('later', 2)") }}
		if err := migrate.DumpData(context.Background(), db, reg, migrate.DumpOptions{Out: out}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "library.genre"); n != 600 {
			t.Errorf("%d genres", n)
		}
		if strings.Contains(out.String(), "later") {
			t.Error("the dump has what was written while it ran")
		}
	})
}

func TestLoad(t *testing.T) {
	cases := []struct{ name, before, fixture, labels, want string }{
		{
			"references to what comes later", "",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": 2}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": null}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": 2}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": null}}]`,
		},
		{
			"natural keys of what comes later, in a chain", "",
			`[{"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": ["B"]}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": ["A"]}}, {"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": null}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": null}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": 1}}, {"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": 2}}]`,
		},
		{
			"no primary key: a new row, after those given", "",
			`[{"model": "library.author", "pk": 7, "fields": {"name": "A", "mentor": null}}, {"model": "Library.Author", "fields": {"name": "B"}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 7, "fields": {"name": "A", "mentor": null}}, {"model": "library.author", "pk": 8, "fields": {"name": "B", "mentor": null}}]`,
		},
		{
			"no primary key: the row with the natural key", `[{"model": "library.author", "pk": 5, "fields": {"name": "A", "mentor": 5}}]`,
			`[{"model": "library.author", "pk": null, "fields": {"name": "A", "mentor": null}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 5, "fields": {"name": "A", "mentor": null}}]`,
		},
		{
			"natural keys in a circle, also to itself", "",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": ["B"]}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": ["C"]}}, {"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": ["A"]}}, {"model": "library.author", "fields": {"name": "D", "mentor": ["D"]}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": 2}}, {"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": 3}}, {"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": 1}}, {"model": "library.author", "pk": 4, "fields": {"name": "D", "mentor": 4}}]`,
		},
		{
			"natural keys that change hands", `[{"model": "library.author", "pk": 1, "fields": {"name": "X"}}]`,
			`[{"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": ["X"]}}, {"model": "library.author", "pk": 1, "fields": {"name": "Y"}}, {"model": "library.author", "pk": 2, "fields": {"name": "X"}}, {"model": "library.author", "pk": 4, "fields": {"name": "D", "mentor": ["X"]}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "Y", "mentor": null}}, {"model": "library.author", "pk": 2, "fields": {"name": "X", "mentor": null}}, {"model": "library.author", "pk": 3, "fields": {"name": "C", "mentor": 1}}, {"model": "library.author", "pk": 4, "fields": {"name": "D", "mentor": 2}}]`,
		},
		{
			"the same row twice", "",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "A"}}, {"model": "library.author", "pk": 1, "fields": {"name": "B"}}]`,
			"library.author",
			`[{"model": "library.author", "pk": 1, "fields": {"name": "B", "mentor": null}}]`,
		},
		{
			"lists are replaced",
			`[{"model": "library.genre", "pk": "a", "fields": {"rank": 1}}, {"model": "library.genre", "pk": "b", "fields": {"rank": 2}}, {"model": "library.genre", "pk": "c", "fields": {"rank": 3}},
			{"model": "library.author", "pk": 1, "fields": {"name": "A"}},
			{"model": "library.book", "pk": "11111111222243338444555555555555", "fields": {"title": "x", "author": 1, "genres": ["a", "b"], "created": "2024-01-01"}}]`,
			`[{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "y", "author": "1", "genres": ["b", "c"], "created": "2024-01-01T10:00:00+02:00", "small": "3"}}]`,
			"library.book",
			`[{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "y", "author": 1, "price": "0.000", "data": {}, "extra": null, "released": null, "clock": null, "span": null, "cover": "", "blob": "", "score": null, "ref": null, "public": null, "small": 3, "created": "2024-01-01T08:00:00Z", "genres": ["c", "b"]}}]`,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				db, reg := library(t, url)
				for _, text := range []string{c.before, c.fixture} {
					if text == "" {
						continue
					}
					if _, err := load(db, reg, text, migrate.LoadOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(c.want, dump(t, db, reg, migrate.DumpOptions{Labels: []string{c.labels}})); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Club and Member refer to each other by their names.
type Club struct {
	ID        int64  `gorm:"primaryKey"`
	Name      string `gorm:"size:9;unique"`
	FounderID int64
	Founder   *Member `orm:"on_delete=cascade,related=+"`
}

func (Club) Meta() orm.Meta             { return orm.Meta{App: "library"} }
func (Club) TableName() string          { return "library_club" }
func (Club) NaturalKeyFields() []string { return []string{"name"} }

type Member struct {
	ID    int64   `gorm:"primaryKey"`
	Name  string  `gorm:"size:9;unique"`
	Clubs []*Club `gorm:"many2many:library_member_clubs" orm:"blank,related=members"`
}

func (Member) Meta() orm.Meta             { return orm.Meta{App: "library"} }
func (Member) TableName() string          { return "library_member" }
func (Member) NaturalKeyFields() []string { return []string{"name"} }

// TestLoadCircleOverLists has members in lists of clubs that they founded; the second time, a club is new and one is left.
func TestLoadCircleOverLists(t *testing.T) {
	reg, err := orm.NewRegistry(&Member{}, &Club{})
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := migrate.Make(migrate.SchemaOf(reg), migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	made := fstest.MapFS{}
	for _, file := range drafts[0].Files {
		made[file.Path] = &fstest.MapFile{Data: []byte(file.Text)}
	}
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: made}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			`[{"model": "library.member", "fields": {"name": "A", "clubs": [["x"], ["y"], ["x"]]}}, {"model": "library.club", "fields": {"name": "x", "founder": ["A"]}}, ` +
				`{"model": "library.club", "fields": {"name": "y", "founder": ["A"]}}]`,
			`[{"model": "library.member", "fields": {"name": "A", "clubs": [["y"], ["z"]]}}, {"model": "library.club", "fields": {"name": "z", "founder": ["A"]}}]`,
		} {
			if _, err := load(db, reg, text, migrate.LoadOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		want := `[{"model": "library.club", "fields": {"name": "x", "founder": ["A"]}}, {"model": "library.club", "fields": {"name": "y", "founder": ["A"]}}, ` +
			`{"model": "library.club", "fields": {"name": "z", "founder": ["A"]}}, {"model": "library.member", "fields": {"name": "A", "clubs": [["y"], ["z"]]}}]`
		if diff := cmp.Diff(want, dump(t, db, reg, migrate.DumpOptions{NaturalForeign: true, NaturalPrimary: true})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLoadGoesOnCounting(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		if _, err := load(db, reg, `[{"model": "library.author", "pk": 41, "fields": {"name": "A"}}]`, migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		next := &Author{Name: "B"}
		if err := db.Gorm.Create(next).Error; err != nil {
			t.Fatal(err)
		}
		if next.ID != 42 {
			t.Errorf("the next primary key is %d", next.ID)
		}
	})
}

func TestLoadRefuses(t *testing.T) {
	const author = `{"model": "library.author", "pk": 1, "fields": {"name": "A"}}, `
	cases := []struct{ name, fixture, want string }{
		{"no array", `{"model": "x"}`, "fixture test.json: it must be a JSON array of objects"},
		{"no JSON", `[{"model": ]`, "fixture test.json, object 1: "},
		{"cut off", `[` + strings.TrimSuffix(author, ", "), "fixture test.json: it ends too early"},
		{"more than one", `[] []`, "fixture test.json: something follows the array of objects; remove it"},
		{"unknown model", `[` + author + `{"model": "kitchen.sink", "pk": 3, "fields": {}}]`, "fixture test.json, object 2 (kitchen.sink pk=3): no model has this label; register it, or load with IgnoreUnknown"},
		{"unknown fields", `[{"model": "library.author", "pk": 1, "fields": {"name": "A", "born": 1, "aged": 2}}]`, "object 1 (library.author pk=1): the model has no field aged, born; remove it"},
		{"wrong type", `[{"model": "library.genre", "pk": "g", "fields": {"rank": "first"}}]`, `object 1 (library.genre pk="g"), field rank: "first" is no value of a int64 field`},
		{"null", `[{"model": "library.genre", "pk": "g", "fields": {"rank": null}}]`, `field rank: it may not be null`},
		{"too long", `[{"model": "library.author", "pk": 1, "fields": {"name": "123456789012345678901"}}]`, "field name: it has 21 characters, more than the 20 of the column"},
		{"dangling key", `[` + author + `{"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": 9}}]`, "object 2 (library.author pk=2), field mentor: no library.author has the primary key 9; add it to the fixture or correct the reference"},
		{"dangling list", `[` + author + `{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "x", "author": 1, "genres": ["g"]}}]`, `field genres: no library.genre has the primary key g`},
		{"dangling natural key", `[{"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": ["X"]}}]`, `object 1 (library.author pk=2), field mentor: library.author ["X"]: nothing has this natural key`},
		{"wrong natural key", `[{"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": ["X", 1]}}]`, `["X", 1] is no natural key of library.author, which has 1 parts`},
		{"no list", `[` + author + `{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "x", "author": 1, "genres": "g"}}]`, `field genres: "g" is no list of keys`},
		{"not unique", `[` + author + `{"model": "library.author", "pk": 2, "fields": {"name": "A"}}]`, "object 2 (library.author pk=2): "},
		{"check constraint", `[` + author + `{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "x", "author": 1, "small": -1}}]`, "object 2 (library.book"},
	}
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				loaded, err := load(db, reg, c.fixture, migrate.LoadOptions{})
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %s", err, c.want)
				}
				if loaded != (migrate.Loaded{}) {
					t.Errorf("loaded %+v", loaded)
				}
				if got := dump(t, db, reg, migrate.DumpOptions{}); got != "[]" {
					t.Errorf("something is left: %s", got)
				}
			})
		}
	})
}

// TestLoadForgetsKeysOverRelations renames the author that a natural key leads over after it was used.
func TestLoadForgetsKeysOverRelations(t *testing.T) {
	const author = `{"model": "library.author", "pk": %d, "fields": {"name": "%s", "mentor": %s}}`
	fixture := "[" + strings.Join([]string{
		fmt.Sprintf(author, 1, "M", "null"), fmt.Sprintf(author, 2, "A", "1"), fmt.Sprintf(author, 3, "B", `["A", "M"]`),
		fmt.Sprintf(author, 1, "N", "null"), fmt.Sprintf(author, 4, "C", `["A", "M"]`),
	}, ", ") + "]"
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		_, err := load(db, reg, fixture, migrate.LoadOptions{NaturalKeys: map[string][]string{"library.author": {"name", "mentor__name"}}})
		if err == nil || !strings.Contains(err.Error(), `object 5 (library.author pk=4), field mentor: library.author ["A", "M"]: nothing has this natural key`) {
			t.Error(err)
		}
	})
}

func TestLoadIgnoresUnknown(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		fixture := `[{"model": "kitchen.sink", "pk": 3, "fields": {}}, {"model": "library.author", "pk": 1, "fields": {"name": "A", "born": 1}},
			{"model": "library.genre", "pk": "g", "fields": {"rank": 1}}]`
		loaded, err := load(db, reg, fixture, migrate.LoadOptions{IgnoreUnknown: true, Exclude: []string{"library.Genre"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(migrate.Loaded{Objects: 1, Skipped: 2}, loaded); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLoadInsideATransaction(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		tx := db.Gorm.Begin()
		source := func(text string) migrate.Source {
			return migrate.Source{Name: "a.json", Reader: strings.NewReader(text)}
		}
		good := source(`[{"model": "library.author", "pk": 1, "fields": {"name": "A"}}]`)
		bad := source(`[{"model": "library.author", "pk": 2, "fields": {"name": "B"}}, {"model": "library.author", "pk": 3, "fields": {"name": "B"}}]`)
		if _, err := migrate.LoadData(context.Background(), tx, reg, migrate.LoadOptions{}, good); err != nil {
			t.Fatal(err)
		}
		if _, err := migrate.LoadData(context.Background(), tx, reg, migrate.LoadOptions{}, bad); err == nil {
			t.Fatal("no error")
		}
		if err := tx.Commit().Error; err != nil {
			t.Fatal(err)
		}
		want := `[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": null}}]`
		if got := dump(t, db, reg, migrate.DumpOptions{}); got != want {
			t.Errorf("got %s", got)
		}
	})
}
