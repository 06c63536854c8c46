package kitchen

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

type genreData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

var genreForm = &rest.ModelSerializer[Genre, genreData]{}

type bookPkData struct {
	ID        int64                   `json:"id"`
	Title     string                  `json:"title"`
	ISBN      string                  `json:"isbn"`
	Author    rest.Related[Author]    `json:"author"`
	Publisher rest.Related[Publisher] `json:"publisher"`
	Genres    []rest.Related[Genre]   `json:"genres"`
	Pages     int64                   `json:"pages"`
	Published *orm.Date               `json:"published"`
	Price     orm.Decimal             `json:"price"`
}

var bookPk = &rest.ModelSerializer[Book, bookPkData]{}

type bookStringData struct {
	ID        int64                   `json:"id"`
	Title     string                  `json:"title"`
	Author    rest.Related[Author]    `json:"author" rest:"string,declared"`
	Publisher rest.Related[Publisher] `json:"publisher" rest:"string,declared"`
	Genres    []rest.Related[Genre]   `json:"genres" rest:"string,declared"`
	Chapters  []rest.Related[Chapter] `json:"chapters" rest:"string,declared"`
}

var bookString = &rest.ModelSerializer[Book, bookStringData]{}

type bookSlugData struct {
	ID        int64                   `json:"id"`
	Title     string                  `json:"title"`
	ISBN      string                  `json:"isbn"`
	Author    rest.Related[Author]    `json:"author" rest:"slug=Name,declared"`
	Publisher rest.Related[Publisher] `json:"publisher" rest:"slug=Slug,declared,null,optional"`
	Genres    []rest.Related[Genre]   `json:"genres" rest:"slug=Slug,declared"`
}

var bookSlug = &rest.ModelSerializer[Book, bookSlugData]{}

type authorHyperData struct {
	URL   string               `json:"url" rest:"identity,view=author-hyper-detail"`
	ID    int64                `json:"id"`
	Name  string               `json:"name"`
	Email string               `json:"email"`
	Books []rest.Related[Book] `json:"books" rest:"view=book-hyper-detail,readonly"`
}

var authorHyper = &rest.ModelSerializer[Author, authorHyperData]{}

type genreHyperData struct {
	URL  string `json:"url" rest:"identity,view=genre-hyper-detail,lookup=Slug"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

var genreHyper = &rest.ModelSerializer[Genre, genreHyperData]{}

type publisherHyperData struct {
	URL  string `json:"url" rest:"identity,view=publisher-hyper-detail"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

var publisherHyper = &rest.ModelSerializer[Publisher, publisherHyperData]{}

type bookHyperData struct {
	URL         string                  `json:"url" rest:"identity,view=book-hyper-detail"`
	Title       string                  `json:"title"`
	ISBN        string                  `json:"isbn"`
	Author      rest.Related[Author]    `json:"author" rest:"view=author-hyper-detail"`
	Publisher   rest.Related[Publisher] `json:"publisher" rest:"view=publisher-hyper-detail"`
	Genres      []rest.Related[Genre]   `json:"genres" rest:"view=genre-hyper-detail,lookup=Slug"`
	ChaptersURL string                  `json:"chapters_url" rest:"identity,view=book-hyper-chapters"`
}

var bookHyper = &rest.ModelSerializer[Book, bookHyperData]{}

type chapterData struct {
	Number int64  `json:"number"`
	Title  string `json:"title"`
}

var chapterForm = &rest.ModelSerializer[Chapter, chapterData]{}

type authorBriefData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// bookNestedData shows related objects; the author is set through author_id.
type bookNestedData struct {
	ID       int64                `json:"id"`
	Title    string               `json:"title"`
	ISBN     string               `json:"isbn"`
	Author   authorBriefData      `json:"author" rest:"readonly,declared"`
	AuthorID rest.Related[Author] `json:"author_id" rest:"source=Author,writeonly,declared"`
	Genres   []genreData          `json:"genres" rest:"readonly,declared"`
	Chapters []chapterData        `json:"chapters" rest:"readonly,declared"`
}

var bookNested = &rest.ModelSerializer[Book, bookNestedData]{}

// bookWriteData is a book that is written with its chapters.
type bookWriteData struct {
	ID       int64                `json:"id"`
	Title    string               `json:"title"`
	ISBN     string               `json:"isbn"`
	Author   rest.Related[Author] `json:"author"`
	Chapters []chapterData        `json:"chapters"`
}

// bookWrite writes the chapters with their book; an update replaces them all.
var bookWrite = &rest.ModelSerializer[Book, bookWriteData]{
	Create: func(r *rest.Request, in *rest.Input[bookWriteData]) (*Book, error) {
		book := r.Registry().Model(&Book{}).New().(*Book)
		if err := in.Apply(r, book); err != nil {
			return nil, err
		}
		if err := r.Save(book); err != nil {
			return nil, err
		}
		return book, saveChapters(r, book, in.Data.Chapters)
	},
	Update: func(r *rest.Request, book *Book, in *rest.Input[bookWriteData]) error {
		if err := in.Apply(r, book); err != nil || !in.Has(&in.Data.Chapters) {
			return err
		}
		if err := r.DB().Where("book_id = ?", book.ID).Delete(&Chapter{}).Error; err != nil {
			return orm.Translate(err)
		}
		return saveChapters(r, book, in.Data.Chapters)
	},
}

func saveChapters(r *rest.Request, book *Book, chapters []chapterData) error {
	book.Chapters = nil // to be loaded in their order
	for _, c := range chapters {
		if err := r.Save(&Chapter{BookID: book.ID, Number: c.Number, Title: c.Title}); err != nil {
			return err
		}
	}
	return nil
}

type profileData struct {
	Website string `json:"website"`
	Rank    int64  `json:"rank"`
}

// authorWriteData is an author who is written with a profile.
type authorWriteData struct {
	ID      int64        `json:"id"`
	Name    string       `json:"name"`
	Email   string       `json:"email"`
	Profile *profileData `json:"profile" rest:"optional,null"`
}

var authorWrite = &rest.ModelSerializer[Author, authorWriteData]{
	Create: func(r *rest.Request, in *rest.Input[authorWriteData]) (*Author, error) {
		author := r.Registry().Model(&Author{}).New().(*Author)
		if err := in.Apply(r, author); err != nil {
			return nil, err
		}
		if err := r.Save(author); err != nil || in.Data.Profile == nil {
			return author, err
		}
		author.Profile = newProfile(r, author)
		return author, saveProfile(r, author, in)
	},
	Update: func(r *rest.Request, author *Author, in *rest.Input[authorWriteData]) error {
		if err := in.Apply(r, author); err != nil || !in.Has(&in.Data.Profile) || in.Data.Profile == nil {
			return err
		}
		if author.Profile == nil {
			author.Profile = newProfile(r, author)
		} else {
			r.Loaded(author.Profile)
		}
		return saveProfile(r, author, in)
	},
}

func newProfile(r *rest.Request, author *Author) *AuthorProfile {
	profile := r.Registry().Model(&AuthorProfile{}).New().(*AuthorProfile)
	profile.AuthorID = author.ID
	return profile
}

// saveProfile sets what was sent of the profile.
func saveProfile(r *rest.Request, author *Author, in *rest.Input[authorWriteData]) error {
	if err := in.ApplyNested(r, &in.Data.Profile, author.Profile); err != nil {
		return err
	}
	return r.Save(author.Profile)
}

type bookDepthData struct {
	ID        int64                   `json:"id"`
	Title     string                  `json:"title"`
	Author    rest.Related[Author]    `json:"author"`
	Publisher rest.Related[Publisher] `json:"publisher"`
	Genres    []rest.Related[Genre]   `json:"genres"`
	Chapters  []rest.Related[Chapter] `json:"chapters"`
}

var (
	bookDepth    = &rest.ModelSerializer[Book, bookDepthData]{Depth: 1}
	chapterDepth = &rest.ModelSerializer[Chapter, Chapter]{Depth: 2}
)

// bookSourceData takes its values from elsewhere.
type bookSourceData struct {
	ID            int64        `json:"id"`
	Name          string       `json:"name" rest:"source=Title,declared"`
	AuthorName    string       `json:"author_name" rest:"source=Author.Name,readonly"`
	AuthorSite    string       `json:"author_site" rest:"source=Author.Profile.Website,readonly,default=none"`
	PublisherSlug string       `json:"publisher_slug" rest:"source=Publisher.Slug,readonly"`
	IsLong        bool         `json:"is_long"`
	Shout         string       `json:"shout" rest:"kind=char,readonly"`
	Slug          string       `json:"slug"`
	GenreNames    []string     `json:"genre_names"`
	GenreCount    int          `json:"genre_count" rest:"kind=integer"`
	Everything    *rest.Object `json:"everything"`
}

// Shout is the title in capitals.
func (b *Book) Shout() string { return strings.ToUpper(b.Title) }

var bookSource = &rest.ModelSerializer[Book, bookSourceData]{
	Fields: func(d *bookSourceData) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Computed(&d.Slug, func(b *Book) string { return slugify(b.Title) }),
			rest.Computed(&d.GenreNames, namesOfGenres, "Genres"),
			rest.Computed(&d.GenreCount, func(b *Book) int { return len(b.Genres) }, "Genres"),
			rest.Computed(&d.Everything, func(b *Book) *rest.Object {
				return rest.Obj("pages", b.Pages, "price", b.Price, "published", b.Published)
			}),
		}
	},
}

func namesOfGenres(b *Book) []string {
	names := make([]string, len(b.Genres))
	for i, g := range b.Genres {
		names[i] = g.Name
	}
	return names
}

var (
	notWord = regexp.MustCompile(`[^a-z0-9_\s-]`)
	spaces  = regexp.MustCompile(`[-\s]+`)
)

// slugify makes a slug of a title, of which the letters of ASCII stay, without their accents.
func slugify(title string) string {
	plain := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return -1
		}
		return r
	}, norm.NFKD.String(title))
	return strings.Trim(spaces.ReplaceAllString(notWord.ReplaceAllString(strings.ToLower(plain), ""), "-"), "-_")
}

// authorReverseData shows who refers to an author.
type authorReverseData struct {
	ID      int64                       `json:"id"`
	Name    string                      `json:"name"`
	Books   []rest.Related[Book]        `json:"books" rest:"readonly"`
	Profile rest.Related[AuthorProfile] `json:"profile" rest:"readonly"`
}

var authorReverse = &rest.ModelSerializer[Author, authorReverseData]{}

// relations serves rel/.
func (k *Kitchen) relations(g *rest.Group) {
	book := func(prefix, name, basename string, form rest.Serializable[Book], only []string) {
		g.Register("rel/"+prefix, viewset(rest.ViewSet[Book]{Name: name, Serializer: form, Only: only}), basename)
	}
	book("books-pk", "Book Pk", "book-pk", bookPk, nil)
	book("books-string", "Book String", "book-string", bookString, nil)
	book("books-slug", "Book Slug", "book-slug", bookSlug, nil)
	book("books-nested", "Book Nested", "book-nested", bookNested, nil)
	book("books-write", "Book Write", "book-write", bookWrite, nil)
	g.Register("rel/authors-write", viewset(rest.ViewSet[Author]{Name: "Author Write", Serializer: authorWrite}), "author-write")
	book("books-depth", "Book Depth", "book-depth", bookDepth, rest.ReadOnly)
	g.Register("rel/chapters-depth", viewset(rest.ViewSet[Chapter]{
		Name: "Chapter Depth", Serializer: chapterDepth, Only: rest.ReadOnly, Order: []string{"id"},
	}), "chapter-depth")
	book("books-source", "Book Source", "book-source", bookSource, rest.ReadOnly)
	g.Register("rel/authors-reverse", viewset(rest.ViewSet[Author]{Name: "Author Reverse", Serializer: authorReverse}), "author-reverse")
	k.hyperlinked(g)
}

func (k *Kitchen) hyperlinked(g *rest.Group) {
	g.Register("rel/authors-hyper", viewset(rest.ViewSet[Author]{Name: "Author Hyper", Serializer: authorHyper}), "author-hyper")
	g.Register("rel/genres-hyper", viewset(rest.ViewSet[Genre]{Name: "Genre Hyper", Serializer: genreHyper, Lookup: "slug"}), "genre-hyper")
	g.Register("rel/publishers-hyper", viewset(rest.ViewSet[Publisher]{Name: "Publisher Hyper", Serializer: publisherHyper}), "publisher-hyper")
	g.Register("rel/books-hyper", viewset(rest.ViewSet[Book]{
		Name: "Book Hyper", Serializer: bookHyper,
		Actions: []rest.Action[Book]{{Name: "chapters", Handle: rest.Children(chapterForm, chaptersOfBook), Pagination: rest.NoPagination}},
	}), "book-hyper")
}

func chaptersOfBook(_ *rest.Request, b *Book, q *gorm.DB) *gorm.DB {
	return q.Where("kitchen_chapter.book_id = ?", b.ID)
}
