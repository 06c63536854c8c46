package rest_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// stamped is a model whose new rows pass a hook of GORM.
type stamped struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:40"`
	Mark string `gorm:"size:40"`
}

func (stamped) TableName() string { return "lib_stamped" }
func (stamped) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"id"}} }

func (s *stamped) BeforeCreate(*gorm.DB) error {
	if s.Name == "refused" {
		return errRefused
	}
	s.Mark = "made from " + s.Name
	return nil
}

var errRefused = errors.New("the hook refuses it")

// desk runs functions of a test in the transactions of requests.
type desk struct {
	*resttest.Client
	run func(r *rest.Request) error
}

func newDesk(t *testing.T, db *orm.DB) *desk {
	t.Helper()
	d := &desk{}
	d.Client = serve(t, db, append(libraryModels(), &stamped{}), func(g *rest.Group) {
		g.Register("raw/publishers", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher]()}, "raw-publisher").
			Register("raw/authors", &rest.ViewSet[author]{Serializer: rest.Auto[author]()}, "raw-author").
			Register("raw/books", &rest.ViewSet[book]{Serializer: rest.Auto[book]()}, "raw-book").
			Register("raw/chapters", &rest.ViewSet[chapter]{Serializer: rest.Auto[chapter]()}, "raw-chapter")
		g.Handle("desk/", &rest.View{Name: "Desk", Methods: map[string]rest.Endpoint{http.MethodPost: {
			Handle: func(r *rest.Request) (*rest.Response, error) { return rest.NoContent(), d.run(r) },
		}}}, "desk")
	})
	return d
}

// within runs fn in a request's transaction and returns the statements that it took and its error.
func (d *desk) within(t *testing.T, fn func(r *rest.Request) error) (texts []string, err error) {
	t.Helper()
	ctx, count := orm.CountStatements(t.Context())
	d.run = func(r *rest.Request) error {
		err = r.Atomic(func() error { return fn(r) })
		return nil
	}
	d.Context = ctx
	if a := d.Post("/desk/", nil); a.Status != http.StatusNoContent {
		t.Fatal(a)
	}
	d.Context = nil
	return count.Texts(), err
}

// number is the single number that a query gives.
func number(t *testing.T, db *orm.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Gorm.WithContext(t.Context()).Raw(query, args...).Row().Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLock(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 3)
		texts, err := d.within(t, func(r *rest.Request) error {
			none, err := rest.Lock[book](r, []int64(nil))
			if err != nil || len(none) != 0 {
				t.Errorf("no keys give %v: %v", none, err)
			}
			books, err := rest.Lock[book](r, []int64{3, 1, 99, 3, 1})
			if err != nil {
				return err
			}
			var ids []int64
			for _, b := range books {
				ids = append(ids, b.ID)
				if b.Publisher != nil || b.Authors != nil || b.Title == "" {
					t.Errorf("book %d is %+v", b.ID, b)
				}
			}
			if !cmp.Equal(ids, []int64{1, 3}) {
				t.Errorf("the keys are %v", ids)
			}
			books[1].Pages = 7
			return r.Save(books[1])
		})
		if err != nil || len(texts) != 2 {
			t.Fatalf("%q: %v", texts, err)
		}
		if locks := strings.HasSuffix(texts[0], ` ORDER BY "lib_book"."id" ASC FOR UPDATE OF "lib_book"`); locks != (db.Dialect() == orm.Postgres) {
			t.Errorf("the statement is %s", texts[0])
		}
		if want := `UPDATE "lib_book" SET "pages" = `; !strings.HasPrefix(texts[1], want) || strings.Contains(texts[1], "title") {
			t.Errorf("the update is %s", texts[1])
		}
		if n := number(t, db, "SELECT COUNT(*) FROM lib_book WHERE pages = 7 AND id = 3"); n != 1 {
			t.Error("the change is not stored")
		}
		type unknown struct{ ID int64 }
		_, err = d.within(t, func(r *rest.Request) error {
			_, err := rest.Lock[unknown](r, []int64{1})
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "not registered") {
			t.Errorf("a model that is not registered: %v", err)
		}
	})
}

// TestLockKeepsOthersOut: while a request holds a row, another transaction cannot have it.
func TestLockKeepsOthersOut(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	d := newDesk(t, db)
	stock(t, d.Client, 2)
	other := func(id int64) error {
		return orm.Atomic(context.Background(), db.Gorm, func(tx *gorm.DB) error {
			if err := tx.Exec("SET LOCAL lock_timeout = '50ms'").Error; err != nil {
				return err
			}
			return tx.Exec("UPDATE lib_book SET pages = pages + 1 WHERE id = ?", id).Error
		})
	}
	_, err := d.within(t, func(r *rest.Request) error {
		if _, err := rest.Lock[book](r, []int64{1}); err != nil {
			return err
		}
		if err := other(1); !errors.Is(orm.Translate(err), orm.ErrUnavailable) {
			t.Errorf("the locked row: %v", err)
		}
		if err := other(2); err != nil {
			t.Errorf("the row beside it: %v", err)
		}
		return nil
	})
	if err := errors.Join(err, other(1)); err != nil {
		t.Errorf("after the request: %v", err)
	}
}

// TestLockedFields: what a body names stays locked until it is stored, in one transaction, and can be changed and saved.
func TestLockedFields(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		type chapterData struct {
			Book   rest.Related[book] `json:"book" rest:"lock"`
			Number int64              `json:"number"`
			Title  string             `json:"title"`
		}
		form := &rest.ModelSerializer[chapter, chapterData]{
			Create: func(r *rest.Request, in *rest.Input[chapterData]) (*chapter, error) {
				b := in.Data.Book.Object
				if b.Pages++; b.Pages > 101 {
					return nil, rest.InvalidField("book", "It is full.")
				}
				c := &chapter{BookID: b.ID, Number: in.Data.Number, Title: in.Data.Title, Mood: "calm"}
				return c, errors.Join(r.Save(b), r.QueueSave(c))
			},
		}
		c := library(t, db, func(g *rest.Group) {
			g.Register("locked", &rest.ViewSet[chapter]{Serializer: form, BulkCreate: true}, "locked")
		})
		stock(t, c, 2)
		for _, q := range []struct {
			body, want string
			statements []string // on PostgreSQL
		}{
			{`{"book":1,"number":71,"title":"One"}`, `201 {"book":1,"number":71,"title":"One"}`, []string{"FOR UPDATE", "SELECT 1", "UPDATE", "INSERT"}},
			{`{"book":1,"number":72,"title":"Two"}`, `400 {"book":["It is full."]}`, []string{"FOR UPDATE", "SELECT 1"}},
			{`{"book":9,"number":"x","title":"Two"}`, `400 {"book":["Invalid pk \"9\" - object does not exist."],"number":["A valid integer is required."]}`, []string{"FOR UPDATE"}},
			{`[{"book":2,"number":71,"title":"One"}]`, `201 [{"book":2,"number":71,"title":"One"}]`, []string{"FOR UPDATE", "SELECT 1", "UPDATE", "INSERT"}},
		} {
			ctx, count := orm.CountStatements(t.Context())
			c.Context = ctx
			say(t, c.Post("/locked/", q.body), q.want)
			texts := count.Texts()
			if db.Dialect() != orm.Postgres {
				continue
			}
			if ends := strings.Count(q.want[:1], "2"); count.Transactions() != int64(1+ends) || len(texts) != len(q.statements) {
				t.Errorf("%s: %d times BEGIN and COMMIT, and %q", q.body, count.Transactions(), texts)
				continue
			}
			for i, text := range texts {
				if !strings.Contains(text, q.statements[i]) {
					t.Errorf("%s: statement %d is %s", q.body, i, text)
				}
			}
		}
	})
}

// TestQueueOfRequests: queued statements run in their order, with "?" on both databases, at the latest at the end.
func TestQueueOfRequests(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 1)
		texts, err := d.within(t, func(r *rest.Request) error {
			for _, q := range []struct {
				text string
				args []any
			}{
				{"UPDATE lib_book SET pages = ? WHERE id = ?", []any{5, 1}},
				{"UPDATE lib_book SET pages = pages * ? WHERE id IN ?", []any{3, []int64{1, 2}}},
				{"UPDATE lib_book SET pages = pages + 1", nil},
			} {
				if err := r.Queue(q.text, q.args...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(texts) != 3 || number(t, db, "SELECT pages FROM lib_book") != 16 {
			t.Errorf("%q: %v", texts, err)
		}
		texts, err = d.within(t, func(r *rest.Request) error {
			return r.Queue("UPDATE lib_book SET pages = ?", r.DB().Table("lib_book").Select("1"))
		})
		if err == nil || len(texts) != 0 {
			t.Errorf("an argument that only GORM knows: %q, %v", texts, err)
		}
		_, err = d.within(t, func(r *rest.Request) error {
			return errors.Join(r.Queue("UPDATE lib_book SET pages = 0"), errRefused)
		})
		if !errors.Is(err, errRefused) || number(t, db, "SELECT pages FROM lib_book") != 16 {
			t.Errorf("a queued statement of a transaction that failed ran: %v", err)
		}
	})
}

// TestQueuedViolationsAreAnswered: the constraint that a queued statement violates is the answer that Save would have given.
func TestQueuedViolationsAreAnswered(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		form := &rest.ModelSerializer[publisher, struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		}]{}
		c := library(t, db, func(g *rest.Group) {
			g.Register("queued", &rest.ViewSet[publisher]{Serializer: form, PerformCreate: func(r *rest.Request, p *publisher) error {
				if err := r.Save(p); err != nil {
					return err
				}
				return r.Queue("UPDATE lib_publisher SET name = ? WHERE id = ?", "North", p.ID)
			}}, "queued")
			g.Register("later", &rest.ViewSet[publisher]{Serializer: form, PerformCreate: func(r *rest.Request, p *publisher) error {
				p.Name = "North"
				return r.QueueSave(p)
			}}, "later")
		})
		stock(t, c, 0)
		for _, path := range []string{"/queued/", "/later/"} {
			say(t, c.Post(path, `{"name":"West"}`), `400 {"name":["publisher with this name already exists."]}`)
		}
		if n := number(t, db, "SELECT COUNT(*) FROM lib_publisher"); n != 2 {
			t.Errorf("%d publishers are stored", n)
		}
	})
}

// TestQueueSave: queued objects are stored with what comes next, once, and as they were at last.
func TestQueueSave(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		waits := db.Dialect() == orm.Postgres
		north := &publisher{Name: "Far north"}
		texts, err := d.within(t, func(r *rest.Request) error {
			err := r.QueueSave(north, &publisher{Name: "Far south"})
			if (north.ID == 0) != waits {
				t.Errorf("the key is %d after QueueSave", north.ID)
			}
			return errors.Join(err, r.QueueSave(north))
		})
		if want := map[bool]int{true: 1, false: 2}[waits]; err != nil || len(texts) != want || north.ID == 0 {
			t.Errorf("%q, the key is %d: %v", texts, north.ID, err)
		}
		west := &publisher{Name: "Far west"}
		_, err = d.within(t, func(r *rest.Request) error {
			err := r.QueueSave(west)
			west.Name = "Wild west"
			err = errors.Join(err, r.QueueSave(west))
			if west.ID == 0 {
				t.Error("a queued object that was changed is not updated at once")
			}
			west.Name = "Mild west"
			return errors.Join(err, r.Save(west))
		})
		if err != nil || number(t, db, "SELECT COUNT(*) FROM lib_publisher WHERE name = 'Mild west'") != 1 {
			t.Error("the changes of a queued object are lost:", err)
		}
		east := &publisher{Name: "Far east"}
		_, err = d.within(t, func(r *rest.Request) error {
			refused := r.Atomic(func() error { return errors.Join(r.QueueSave(east), errRefused) })
			if !errors.Is(refused, errRefused) {
				t.Error(refused)
			}
			east.ID = 0
			return r.QueueSave(east)
		})
		if n := number(t, db, "SELECT COUNT(*) FROM lib_publisher"); waits && (err != nil || n != 4) {
			t.Errorf("%d are stored after a part that was undone: %v", n, err)
		}
		_, err = d.within(t, func(r *rest.Request) error {
			return errors.Join(r.QueueSave(&publisher{Name: "Lost"}), errRefused)
		})
		if !errors.Is(err, errRefused) || number(t, db, "SELECT COUNT(*) FROM lib_publisher WHERE name = 'Lost'") != 0 {
			t.Errorf("a queued object of a transaction that failed is stored: %v", err)
		}
	})
}

// insertsOf are how many INSERTs of each table are in a list of statements.
func insertsOf(texts []string) map[string]int {
	n := map[string]int{}
	for _, text := range texts {
		for _, insert := range strings.Split(text, `INSERT INTO "`)[1:] {
			table, _, _ := strings.Cut(insert, `"`)
			n[table]++
		}
	}
	return n
}

// TestSaveOfSeveral: new objects that follow each other are one statement a model, and get their keys and times.
func TestSaveOfSeveral(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 1)
		authors := []*author{{Name: "a"}, {Name: "b"}, {Name: "c"}}
		chapters := []*chapter{{BookID: 1, Number: 10, Title: "x"}, {BookID: 1, Number: 11, Title: "y"}}
		known := &chapter{ID: 500, BookID: 1, Number: 12, Title: "z"}
		b := &book{Title: "New", Slug: "new", PublisherID: 1, Extra: orm.JSON("{}"), Price: orm.MustDecimal("1.50")}
		texts, err := d.within(t, func(r *rest.Request) error {
			return r.Save(authors[0], authors[1], authors[2], chapters[0], chapters[1], known, b)
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"lib_author": 1, "lib_chapter": 2, "lib_book": 1} // the key of one chapter is known
		if db.Dialect() == orm.SQLite {
			want = map[string]int{"lib_author": 3, "lib_chapter": 3, "lib_book": 1}
		}
		if diff := cmp.Diff(want, insertsOf(texts)); diff != "" {
			t.Errorf("%s\n%q", diff, texts)
		}
		for _, a := range authors {
			if number(t, db, "SELECT COUNT(*) FROM lib_author WHERE id = ? AND name = ?", a.ID, a.Name) != 1 {
				t.Errorf("%s has the key %d", a.Name, a.ID)
			}
		}
		for _, c := range append(chapters, known) {
			if number(t, db, "SELECT COUNT(*) FROM lib_chapter WHERE id = ? AND title = ?", c.ID, c.Title) != 1 {
				t.Errorf("%s has the key %d", c.Title, c.ID)
			}
		}
		if known.ID != 500 || time.Since(b.CreatedAt) > time.Hour || b.UpdatedAt.IsZero() || b.ID == 0 {
			t.Errorf("the book is %+v", b)
		}
	})
}

// TestSaveOfNewAndLoaded: loaded objects between new ones are updated in their place, in what changed.
func TestSaveOfNewAndLoaded(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 2)
		texts, err := d.within(t, func(r *rest.Request) error {
			books, err := rest.Lock[book](r, []int64{1, 2})
			if err != nil {
				return err
			}
			books[0].Slug = "other"
			again := &book{Title: "Again", Slug: "b1", PublisherID: 1, Extra: orm.JSON("{}")} // the slug is free after the update
			if err := r.Save(&author{Name: "first"}, books[0], again, &author{Name: "last"}); err != nil {
				return err
			}
			again.Title = "Once more"
			return r.Save(again)
		})
		if err != nil {
			t.Fatalf("%q: %v", texts, err)
		}
		var kinds []string
		for _, text := range texts[1:] {
			word, _, _ := strings.Cut(text, " ")
			kinds = append(kinds, word)
		}
		if diff := cmp.Diff([]string{"INSERT", "UPDATE", "INSERT", "INSERT", "UPDATE"}, kinds); diff != "" {
			t.Errorf("%s\n%q", diff, texts)
		}
		if n := number(t, db, "SELECT COUNT(*) FROM lib_book WHERE slug = 'b1' AND title = 'Once more'"); n != 1 {
			t.Errorf("%d books", n)
		}
	})
}

// TestSaveRunsHooksOfModels: the hooks of a model run wherever it stands among others.
func TestSaveRunsHooksOfModels(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		one, two := &stamped{Name: "one"}, &stamped{Name: "two"}
		_, err := d.within(t, func(r *rest.Request) error { return r.Save(&author{Name: "a"}, one, two, &author{Name: "b"}) })
		if err != nil || one.ID == 0 || two.ID == 0 || one.Mark != "made from one" {
			t.Errorf("%+v, %+v: %v", one, two, err)
		}
		if n := number(t, db, "SELECT COUNT(*) FROM lib_stamped WHERE mark = 'made from ' || name"); n != 2 {
			t.Errorf("%d rows passed the hook", n)
		}
		_, err = d.within(t, func(r *rest.Request) error { return r.Save(&author{Name: "c"}, &stamped{Name: "refused"}) })
		if n := number(t, db, "SELECT COUNT(*) FROM lib_author"); !errors.Is(err, errRefused) || n != 2 {
			t.Errorf("%d authors stay: %v", n, err)
		}
	})
}

// TestSaveOfSeveralThatFails leaves nothing behind, and says what is violated.
func TestSaveOfSeveralThatFails(t *testing.T) {
	type unknown struct{ ID int64 }
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 1)
		for name, last := range map[string]any{
			"violation": &chapter{BookID: 1, Number: 3, Title: "taken"}, "unregistered": &unknown{},
		} {
			_, err := d.within(t, func(r *rest.Request) error { return r.Save(&author{Name: "x"}, &author{Name: "y"}, last) })
			var violation *orm.ConstraintError
			if err == nil || errors.As(err, &violation) != (name == "violation") {
				t.Errorf("%s: %v", name, err)
			}
			if n := number(t, db, "SELECT COUNT(*) FROM lib_author"); n != 2 {
				t.Errorf("%s: %d authors stay", name, n)
			}
		}
	})
}

// TestRelationsAreStoredWithTheirObject: on PostgreSQL one statement stores a new object and its many-to-many relations, after
// one round trip for all that the body names.
func TestRelationsAreStoredWithTheirObject(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		d := newDesk(t, db)
		stock(t, d.Client, 1)
		for authors, pairs := range map[string]int{"[1,2,1]": 2, "[]": 0} {
			ctx, count := orm.CountStatements(t.Context())
			d.Context = ctx
			a := d.Post("/raw/books/", `{"title":"New","slug":"n`+strconv.Itoa(pairs)+`","isbn":null,"publisher":1,"editor":2,"authors":`+authors+`}`)
			d.Context = nil
			if a.Status != http.StatusCreated {
				t.Fatal(a)
			}
			want := map[string]int{"lib_book": 1}
			if pairs > 0 {
				want["lib_book_authors"] = 1
			}
			made := func(text string) bool { return strings.HasPrefix(text, "WITH made AS (INSERT") }
			if db.Dialect() == orm.Postgres && slices.ContainsFunc(count.Texts(), made) != (pairs > 0) {
				t.Errorf("%s: the book and its pairs are stored by %q", authors, count.Texts())
			}
			if diff := cmp.Diff(want, insertsOf(count.Texts())); diff != "" {
				t.Errorf("%s\n%q", diff, count.Texts())
			}
			if n := number(t, db, "SELECT COUNT(*) FROM lib_book_authors WHERE book_id = ?", a.Field("id")); n != pairs {
				t.Errorf("%s: %d pairs are stored, want %d", authors, n, pairs)
			}
		}
	})
}
