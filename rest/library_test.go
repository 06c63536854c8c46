package rest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// The models that most tests of resources use: books of publishers, with authors and chapters.

type publisher struct {
	ID    int64   `gorm:"primaryKey"`
	Name  string  `gorm:"size:40;unique"`
	Books []*book `gorm:"foreignKey:PublisherID"`

	BookCount int64 `gorm:"->;-:migration" orm:"count=books"`
}

func (publisher) TableName() string { return "lib_publisher" }
func (publisher) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"id"}} }
func (p publisher) String() string  { return "Publisher " + p.Name }

type author struct {
	ID      int64  `gorm:"primaryKey"`
	Name    string `gorm:"size:40" orm:"label=full name"`
	Contact *string
	Books   []*book `gorm:"many2many:lib_book_authors" orm:"reverse"`
}

func (author) TableName() string { return "lib_author" }
func (author) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"name"}} }

type bookKind string

func (bookKind) Choices() []orm.Choice {
	return []orm.Choice{{Value: bookKind("novel"), Label: "Novel"}, {Value: bookKind("poem"), Label: "Poem"}}
}

type book struct {
	ID          int64       `gorm:"primaryKey"`
	Title       string      `gorm:"size:40" validate:"min=2"`
	Slug        string      `gorm:"size:20;unique" orm:"slug"`
	ISBN        *string     `gorm:"column:isbn;size:13;unique" orm:"blank"`
	Pages       int64       `orm:"positive,default=100" validate:"lte=5000"`
	Price       orm.Decimal `gorm:"precision:6;scale:2" orm:"default=9.90" validate:"gte=0"`
	Kind        bookKind    `gorm:"size:10" orm:"default=novel"`
	InPrint     bool        `orm:"default=true"`
	Published   *orm.Date   `orm:"blank"`
	Rating      *float64    `orm:"blank"`
	Notes       string      `orm:"blank"`
	Extra       orm.JSON    `orm:"blank,default={}"`
	PublisherID int64
	Publisher   *publisher `orm:"on_delete=protect,related=books"`
	EditorID    *int64
	Editor      *author    `orm:"blank,on_delete=set_null,related=edited"`
	CreatedAt   time.Time  `gorm:"autoCreateTime"`
	UpdatedAt   time.Time  `gorm:"autoUpdateTime"`
	Authors     []*author  `gorm:"many2many:lib_book_authors" orm:"blank,related=books"`
	Chapters    []*chapter `gorm:"foreignKey:BookID"`

	ChapterCount int64 `gorm:"->;-:migration" orm:"count=chapters"`
}

func (book) TableName() string { return "lib_book" }
func (book) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"id"}} }

// Shout is a property of the model.
func (b *book) Shout() string { return strings.ToUpper(b.Title) + "!" }

// First needs the chapters.
func (b *book) First() *string {
	if len(b.Chapters) == 0 {
		return nil
	}
	return &b.Chapters[0].Title
}

type chapter struct {
	ID     int64 `gorm:"primaryKey"`
	BookID int64
	Book   *book  `orm:"on_delete=cascade,related=chapters"`
	Number int64  `orm:"positive_small"`
	Title  string `gorm:"size:40"`
	Mood   string `gorm:"size:5" orm:"default=calm"`
}

func (chapter) TableName() string { return "lib_chapter" }
func (chapter) Meta() orm.Meta {
	return orm.Meta{App: "lib", Ordering: []string{"number"}, Unique: []orm.Unique{{Fields: []string{"book", "number"}}}}
}

func libraryModels() []any { return []any{&publisher{}, &author{}, &book{}, &chapter{}, &scan{}} }

// libraryClock is the time in tests of the library.
var libraryClock = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// library is an API of the models with what a test registers; "raw/publishers/", "raw/authors/", "raw/books/" and
// "raw/chapters/" are always there.
func library(t testing.TB, db *orm.DB, register func(g *rest.Group), change ...func(c *rest.Config)) *resttest.Client {
	t.Helper()
	db.Gorm.Config.NowFunc = func() time.Time { return libraryClock }
	return serve(t, db, libraryModels(), func(g *rest.Group) {
		g.Register("raw/publishers", &rest.ViewSet[publisher]{Serializer: rest.Auto[publisher]()}, "raw-publisher").
			Register("raw/authors", &rest.ViewSet[author]{Serializer: rest.Auto[author]()}, "raw-author").
			Register("raw/books", &rest.ViewSet[book]{Serializer: rest.Auto[book]()}, "raw-book").
			Register("raw/chapters", &rest.ViewSet[chapter]{Serializer: rest.Auto[chapter]()}, "raw-chapter")
		if register != nil {
			register(g)
		}
	}, change...)
}

// stock fills the library with n books of two publishers, each with two authors and three chapters.
func stock(t testing.TB, c *resttest.Client, n int) {
	t.Helper()
	must := func(a *resttest.Answer) {
		t.Helper()
		if a.Status != 201 {
			t.Fatalf("%s: %s", a.Request, a)
		}
	}
	for _, name := range []string{"North", "South"} {
		must(c.Post("/raw/publishers/", map[string]any{"name": name}))
		must(c.Post("/raw/authors/", map[string]any{"name": "Author " + name, "contact": nil}))
	}
	for i := 1; i <= n; i++ {
		must(c.Post("/raw/books/", map[string]any{
			"title": fmt.Sprintf("Book %d", i), "slug": fmt.Sprintf("b%d", i), "publisher": 1 + i%2, "editor": 1, "authors": []int{1, 2},
		}))
		for number := 3; number > 0; number-- {
			must(c.Post("/raw/chapters/", map[string]any{"book": i, "number": number, "title": fmt.Sprintf("Chapter %d", number)}))
		}
	}
}
