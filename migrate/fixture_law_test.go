package migrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// shelfOf is a random library in the order in which it can be stored.
type shelfOf struct {
	Authors []*Author
	Genres  []*Genre
	Books   []*Book
}

func maybe[T any](t *rapid.T, name string, draw *rapid.Generator[T]) *T {
	if rapid.IntRange(0, 2).Draw(t, name+" is there") == 0 {
		return nil
	}
	v := draw.Draw(t, name)
	return &v
}

func drawLibrary(t *rapid.T) shelfOf {
	var s shelfOf
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab \"\\/\n\t\u0001\u007fé\u2028😀'?@")))
	for i := range rapid.Int64Range(1, 4).Draw(t, "authors") {
		a := &Author{ID: i + 1, Name: fmt.Sprint(i, rapid.StringMatching(`[a-zé"]{0,9}`).Draw(t, "name"))}
		if i > 0 {
			a.MentorID = maybe(t, "mentor", rapid.Int64Range(1, i))
		}
		s.Authors = append(s.Authors, a)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "genres") {
		s.Genres = append(s.Genres, &Genre{Slug: fmt.Sprint("g", i), Rank: rapid.Int64Range(-9, 9).Draw(t, "rank")})
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "books") {
		s.Books = append(s.Books, drawBook(t, i, s, text))
	}
	return s
}

func drawBook(t *rapid.T, i int, s shelfOf, text *rapid.Generator[string]) *Book {
	at := time.Unix(rapid.Int64Range(-2_000_000_000, 4_000_000_000).Draw(t, "at"), rapid.Int64Range(0, 999).Draw(t, "millis")*1_000_000).UTC()
	title := []rune(text.Draw(t, "title"))
	b := &Book{
		ID: uuid.UUID{0: 1, 15: byte(i)}, Title: string(title[:min(len(title), 40)]),
		AuthorID: rapid.SampledFrom(s.Authors).Draw(t, "author").ID,
		Price:    orm.MustDecimal(fmt.Sprintf("%d.%03d", rapid.IntRange(-9999, 9999).Draw(t, "price"), rapid.IntRange(0, 999).Draw(t, "thousandths"))),
		Data:     orm.JSON(rapid.SampledFrom([]string{"{}", "[]", `{"a":[1,2.5,null]}`, `"é\u0001"`, "1e-7", "true", "null", `{"b":{"a":{}}}`}).Draw(t, "data")),
		Extra:    maybe(t, "extra", rapid.SampledFrom([]orm.JSON{orm.JSON(`{"x": 1}`), orm.JSON(`[[], {}]`), orm.JSON("12345678901234567890123")})),
		Score:    maybe(t, "score", rapid.SampledFrom([]float64{0, 1, -2.5, 1e-7, 1e22, 123456789.125, 0.1})),
		Ref:      maybe(t, "ref", rapid.Just(uuid.UUID{7, 7})), Public: maybe(t, "public", rapid.Bool()),
		Span:  maybe(t, "span", rapid.Custom(func(t *rapid.T) orm.Duration { return orm.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "span")) })),
		Blob:  rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "blob"),
		Small: rapid.Int64Range(0, 32767).Draw(t, "small"), Created: at,
		Cover:  maybe(t, "cover", rapid.SampledFrom([]orm.File{"", "a.png", "covers/é.png"})),
		Genres: rapid.Permutation(s.Genres).Draw(t, "genres")[:rapid.IntRange(0, len(s.Genres)).Draw(t, "n")],
	}
	if released := orm.DateOf(at); rapid.Bool().Draw(t, "released") {
		b.Released = &released
	}
	if clock := orm.TimeOfDayOf(at); rapid.Bool().Draw(t, "clock") {
		b.Clock = &clock
	}
	return b
}

// replace makes s the content of the database, past this package.
func (s shelfOf) replace(db *orm.DB) error {
	g := db.Gorm.WithContext(context.Background())
	var errs []error
	for _, table := range []string{"book_genres", "book", "genre", "author"} {
		errs = append(errs, g.Exec("DELETE FROM library_"+table).Error)
	}
	for _, a := range s.Authors {
		errs = append(errs, g.Create(a).Error)
	}
	for _, genre := range s.Genres {
		errs = append(errs, g.Create(genre).Error)
	}
	for _, b := range s.Books {
		errs = append(errs, g.Create(b).Error)
		for _, genre := range b.Genres {
			errs = append(errs, g.Exec("INSERT INTO library_book_genres (book_id, genre_slug) VALUES (?, ?)", b.ID, genre.Slug).Error)
		}
	}
	return errors.Join(errs...)
}

// TestDumpLoadDumpIsTheSame dumps random libraries in random forms and loads them into another database of either kind: its
// dump has the same bytes. Times are of whole milliseconds: a dump cuts off what is finer.
func TestDumpLoadDumpIsTheSame(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		from, reg := library(t, url)
		to, _ := library(t, sameKind(t, from))
		rapid.Check(t, func(rt *rapid.T) {
			if err := errors.Join(drawLibrary(rt).replace(from), shelfOf{}.replace(to)); err != nil {
				rt.Fatal(err)
			}
			opts := migrate.DumpOptions{
				Indent: rapid.IntRange(0, 3).Draw(rt, "indent"), NaturalForeign: rapid.Bool().Draw(rt, "natural foreign"),
			}
			first := dump(t, from, reg, opts)
			loaded, err := load(to, reg, first, migrate.LoadOptions{})
			if err != nil {
				rt.Fatalf("%v\n%s", err, first)
			}
			if n := strings.Count(first, `"model": `); loaded.Objects != n {
				rt.Errorf("%d of %d objects were loaded", loaded.Objects, n)
			}
			if diff := cmp.Diff(strings.Split(first, "\n"), strings.Split(dump(t, to, reg, opts), "\n")); diff != "" {
				rt.Errorf("(-first +second)\n%s", diff)
			}
			// Loading over itself changes nothing.
			if _, err := load(to, reg, first, migrate.LoadOptions{}); err != nil {
				rt.Fatal(err)
			}
			if diff := cmp.Diff(first, dump(t, to, reg, opts)); diff != "" {
				rt.Errorf("the second time (-first +second)\n%s", diff)
			}
		})
	})
}

func sameKind(t *testing.T, db *orm.DB) string {
	if db.Dialect() == orm.Postgres {
		return ormtest.Postgres(t)
	}
	return ormtest.SQLite(t)
}

// TestLoadingFailsAsAWhole loses the connection at each statement in turn.
func TestLoadingFailsAsAWhole(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		var n, step int
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if n++; n == step && statement != "ROLLBACK" {
				return errLost
			}
			return nil
		})
		for step = 1; ; step++ {
			n = 0
			_, err := load(faulty, reg, everyKind, migrate.LoadOptions{})
			if n < step {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if !errors.Is(err, errLost) {
				t.Errorf("statement %d: %v", step, err)
			}
			if got := dump(t, db, reg, migrate.DumpOptions{}); got != "[]" {
				t.Fatalf("statement %d leaves %s", step, got)
			}
		}
		if got := dump(t, db, reg, migrate.DumpOptions{Indent: 2}); got != everyKind {
			t.Error("in the end it is not loaded")
		}
	})
}

// TestDumpingALostDatabase reports the model at which it broke.
func TestDumpingALostDatabase(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		if _, err := load(db, reg, everyKind, migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		var n, step int
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if n++; n == step && statement != "ROLLBACK" {
				return errLost
			}
			return nil
		})
		named := map[string]bool{}
		for step = 1; ; step++ {
			n = 0
			err := migrate.DumpData(context.Background(), faulty, reg, migrate.DumpOptions{Out: &bytes.Buffer{}, NaturalForeign: true})
			if n < step {
				break
			}
			if !errors.Is(err, errLost) {
				t.Errorf("statement %d: %v", step, err)
				continue
			}
			what, _, _ := strings.Cut(err.Error(), ": read tcp")
			named[what] = true
		}
		for _, want := range []string{"dump library.author", "dump library.author: field mentor", "dump library.genre", "dump library.book", "dump library.book: field genres", "dump library.book: field author"} {
			if !named[want] {
				t.Errorf("no error says %q: %v", want, named)
			}
		}
	})
}

// brokenWriter takes some bytes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errLost
	}
	return len(p), nil
}

func TestDumpIntoABrokenPipe(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		var parts []string
		for i := range 300 {
			parts = append(parts, fmt.Sprintf(`{"model": "library.genre", "pk": "g%04d", "fields": {"rank": 1}}`, i))
		}
		if _, err := load(db, reg, "["+strings.Join(parts, ",")+"]", migrate.LoadOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, left := range []int{0, 5000, 15000} {
			if err := migrate.DumpData(context.Background(), db, reg, migrate.DumpOptions{Out: &brokenWriter{left}}); !errors.Is(err, errLost) {
				t.Errorf("%d bytes: %v", left, err)
			}
		}
	})
}

func TestLoadFromABrokenPipe(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		for _, cut := range []int{0, 1, 30, 150, 400} {
			source := migrate.Source{Name: "pipe", Reader: iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(everyKind[cut:])))}
			if cut > 0 {
				source.Reader = iotest.DataErrReader(strings.NewReader(everyKind[:cut]))
			}
			_, err := migrate.LoadData(context.Background(), db.Gorm, reg, migrate.LoadOptions{}, source)
			if err == nil || !strings.Contains(err.Error(), "fixture pipe") {
				t.Errorf("cut at %d: %v", cut, err)
			}
			if got := dump(t, db, reg, migrate.DumpOptions{}); got != "[]" {
				t.Errorf("cut at %d leaves %s", cut, got)
			}
		}
	})
}

func TestLoadStopsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		ctx, cancel := context.WithCancel(context.Background())
		reader := &cancelling{strings.NewReader(everyKind), cancel, len(everyKind) / 2}
		_, err := migrate.LoadData(ctx, db.Gorm, reg, migrate.LoadOptions{}, migrate.Source{Name: "x", Reader: iotest.OneByteReader(reader)})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if got := dump(t, db, reg, migrate.DumpOptions{}); got != "[]" {
			t.Errorf("it leaves %s", got)
		}
	})
}

// cancelling calls cancel when some bytes have been read.
type cancelling struct {
	*strings.Reader
	cancel context.CancelFunc
	left   int
}

func (c *cancelling) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.left -= n; c.left <= 0 {
		c.cancel()
	}
	return n, err
}

// TestNaturalKeysAcrossRelations has keys whose parts stand in other tables.
func TestNaturalKeysAcrossRelations(t *testing.T) {
	keys := map[string][]string{"library.book": {"title", "author__mentor__name"}, "library.author": {"name", "mentor__name"}}
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		fixture := `[{"model": "library.author", "pk": 1, "fields": {"name": "A", "mentor": null}},
			{"model": "library.author", "pk": 2, "fields": {"name": "B", "mentor": 1}},
			{"model": "library.book", "pk": "11111111-2222-4333-8444-555555555555", "fields": {"title": "x", "author": ["B", "A"], "created": "2024-01-01"}}]`
		if _, err := load(db, reg, fixture, migrate.LoadOptions{NaturalKeys: keys}); err != nil {
			t.Fatal(err)
		}
		got := dump(t, db, reg, migrate.DumpOptions{Labels: []string{"library.book"}, NaturalForeign: true, NaturalPrimary: true, NaturalKeys: keys})
		if !strings.Contains(got, `"author": ["B", "A"]`) || strings.Contains(got, `"pk"`) {
			t.Errorf("the dump is %s", got)
		}
		if _, err := load(db, reg, got, migrate.LoadOptions{NaturalKeys: keys}); err != nil {
			t.Errorf("loading it over what is there: %v", err)
		}
		if n := texts(t, db, "SELECT count(*) || '' FROM library_book"); n[0] != "1" {
			t.Errorf("there are %s books now", n)
		}
	})
}

func TestNaturalKeysThatAreNone(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, reg := library(t, url)
		for field, want := range map[string]string{
			"titel":        `natural key of library.book: "titel": library.Book has no field "titel"`,
			"genres":       `natural key of library.book: "genres" does not lead to one value`,
			"genres__rank": `natural key of library.book: "genres__rank" does not lead to one value`,
		} {
			keys := map[string][]string{"library.book": {field}}
			_, loadErr := load(db, reg, "[]", migrate.LoadOptions{NaturalKeys: keys})
			dumpErr := migrate.DumpData(context.Background(), db, reg, migrate.DumpOptions{Out: &bytes.Buffer{}, NaturalKeys: keys})
			for what, err := range map[string]error{"load": loadErr, "dump": dumpErr} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s by %s: %v", what, field, err)
				}
			}
		}
	})
}

// Sample has a field of each type that a fixture fills in.
type Sample struct {
	ID    int32     `gorm:"primaryKey"`
	Slug  string    `orm:"slug,blank"`
	Mail  string    `orm:"email,blank"`
	Big   uint64    `orm:"default=0"`
	Tiny  int8      `orm:"default=0"`
	Ratio float32   `orm:"default=0"`
	Yes   bool      `orm:"default=false"`
	At    time.Time `orm:"default=now"`
	Day   orm.Date  `orm:"default=2000-01-01"`
	Code  Coded     `gorm:"size:9" orm:"default=x"`
	Raw   []byte
	Span  orm.Duration `orm:"default=00:00:00"`
	Name  *string      `gorm:"size:4"`
}

// Coded is a text of a type of its own.
type Coded string

func (Sample) Meta() orm.Meta    { return orm.Meta{App: "library"} }
func (Sample) TableName() string { return "library_sample" }

func TestValuesOfFixtures(t *testing.T) {
	reg, err := orm.NewRegistry(&Sample{})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ field, value, want string }{ // want is what a dump has, or a part of the error behind "!"
		{"slug", `"a-b"`, `"a-b"`},
		{"slug", `7`, `"7"`},
		{"slug", `"` + strings.Repeat("x", 51) + `"`, "!it has 51 characters, more than the 50 of the column"},
		{"mail", `"` + strings.Repeat("é", 255) + `"`, "!it has 255 characters, more than the 254 of the column"},
		{"name", `"éééé"`, `"éééé"`},
		{"name", `"ééééé"`, "!it has 5 characters"},
		{"name", `null`, `null`},
		{"slug", `null`, "!it may not be null"},
		{"big", `9223372036854775807`, `9223372036854775807`},
		{"big", `"12"`, `12`},
		{"big", `-1`, `!"-1" is no value of a uint64 field`},
		{"tiny", `-128`, `-128`},
		{"tiny", `128`, "!value out of range"},
		{"tiny", `1.5`, `!"1.5" is no value of a int8 field`},
		{"tiny", `[1]`, `!is no value of a int8 field`},
		{"ratio", `0.5`, `0.5`},
		{"ratio", `"abc"`, "!is no value of a float32 field"},
		{"yes", `true`, `true`},
		{"yes", `"false"`, `false`},
		{"yes", `1`, `true`},
		{"yes", `"maybe"`, "!is no value of a bool field"},
		{"at", `"2024-05-01T08:01:00Z"`, `"2024-05-01T08:01:00Z"`},
		{"at", `"2024-05-01 08:01:00.123456+02:00"`, `"2024-05-01T06:01:00.123Z"`},
		{"at", `"2024-05-01T08:01"`, `"2024-05-01T08:01:00Z"`},
		{"at", `"2024-05-01"`, `"2024-05-01T00:00:00Z"`},
		{"at", `"1.5.2024"`, "!write it as 2024-05-01T08:01:00Z"},
		{"day", `"2024-02-30"`, "!not a date"},
		{"span", `"P1DT02H03M04.000005S"`, `"1 02:03:04.000005"`},
		{"span", `"-PT0,5H"`, `"-1 23:30:00"`},
		{"span", `"P99999999999D"`, "!not a duration"},
		{"code", `"x\"y"`, `"x\"y"`},
		{"raw", `"AAE="`, `"AAE="`},
		{"raw", `"AAE"`, "!illegal base64"},
		{"raw", `""`, `""`},
	}
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		blob := map[string]string{orm.SQLite: "BLOB", orm.Postgres: "bytea"}[db.Dialect()]
		span := map[string]string{orm.SQLite: "bigint", orm.Postgres: "interval"}[db.Dialect()]
		at := map[string]string{orm.SQLite: "datetime", orm.Postgres: "timestamptz"}[db.Dialect()]
		run(t, db, "CREATE TABLE library_sample (id integer PRIMARY KEY, slug varchar(50) NOT NULL, mail varchar(254) NOT NULL, big bigint NOT NULL, tiny smallint NOT NULL, "+
			"ratio real NOT NULL, yes bool NOT NULL, at "+at+" NOT NULL, day date NOT NULL, code varchar(9) NOT NULL, raw "+blob+" NOT NULL, span "+span+" NOT NULL, name varchar(4) NULL)")
		for _, c := range cases {
			run(t, db, "DELETE FROM library_sample")
			_, err := load(db, reg, fmt.Sprintf(`[{"model": "library.sample", "pk": 1, "fields": {%q: %s}}]`, c.field, c.value), migrate.LoadOptions{})
			got := dump(t, db, reg, migrate.DumpOptions{Indent: 1})
			if want, refused := strings.CutPrefix(c.want, "!"); refused {
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "field "+c.field) || strings.Contains(got, "pk") {
					t.Errorf("%s: %s: %v, want %s; stored is %s", c.field, c.value, err, want, got)
				}
				continue
			}
			if want := fmt.Sprintf("%q: %s", c.field, c.want); err != nil || !strings.Contains(got, want) {
				t.Errorf("%s: %s: %v, want %s in %s", c.field, c.value, err, want, got)
			}
		}
	})
}

// FuzzLoadData loads arbitrary bytes: they are loaded, and dumped as what loads again, or refused by name with nothing left.
func FuzzLoadData(f *testing.F) {
	for _, seed := range []string{
		everyKind, "[]", "[", `[{"model": "library.author", "pk": 1, "fields": {"name": "A"}}]`, `[{"model": "library.genre", "pk": null, "fields": {}}]`,
		`[{"model": "library.author", "fields": {"name": "A", "mentor": ["A"]}}]`, `[null, 1, {}]`, `[{"model": "library.book", "pk": "1", "fields": null}]`,
		`[{"model": "library.genre", "pk": ["a"], "fields": {"rank": {"a": 1}}}]`, `[{"model": "library.author", "pk": 1e400, "fields": {"name": "\ud800"}}]`,
	} {
		f.Add(seed)
	}
	db, reg := library(f, "sqlite::memory:")
	f.Fuzz(func(t *testing.T, text string) {
		if err := (shelfOf{}).replace(db); err != nil {
			t.Fatal(err)
		}
		loaded, err := load(db, reg, text, migrate.LoadOptions{})
		first := dump(t, db, reg, migrate.DumpOptions{})
		if err != nil {
			if !strings.Contains(err.Error(), "fixture test.json") || first != "[]" || loaded != (migrate.Loaded{}) {
				t.Errorf("%q: %v leaves %s", text, err, first)
			}
			return
		}
		if _, err := load(db, reg, first, migrate.LoadOptions{}); err != nil {
			t.Fatalf("%q is dumped as %s, which does not load: %v", text, first, err)
		}
		if second := dump(t, db, reg, migrate.DumpOptions{}); second != first {
			t.Errorf("%q is dumped as %s and then as %s", text, first, second)
		}
	})
}
