package kitchen

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// Models are all models of the kitchen.
func Models() []any {
	return []any{
		&Genre{}, &Author{}, &AuthorProfile{}, &Publisher{}, &Book{}, &Chapter{}, &Everything{}, &Room{}, &Shelf{}, &Label{},
		&Row{}, &Booking{}, &Article{}, &Seat{}, &Item{}, &Note{}, &Bin{}, &Thing{},
	}
}

// byID is the Meta of most models.
func byID(unique ...orm.Unique) orm.Meta {
	return orm.Meta{App: "kitchen", Ordering: []string{"id"}, Unique: unique}
}

// Genre is a kind of books.
type Genre struct {
	ID   int64  `gorm:"primaryKey" orm:"label=ID"`
	Name string `gorm:"size:40;unique"`
	Slug string `gorm:"size:50;unique" orm:"slug"`
}

// Meta describes the table in Django's terms.
func (Genre) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Genre) TableName() string { return "kitchen_genre" }

// String is the name.
func (g Genre) String() string { return g.Name }

// Author writes books.
type Author struct {
	ID    int64  `gorm:"primaryKey" orm:"label=ID"`
	Name  string `gorm:"size:80;unique"`
	Email string `gorm:"size:254" orm:"email,blank"`
	Bio   string `orm:"blank"`

	Profile *AuthorProfile `gorm:"foreignKey:AuthorID"`
	Books   []*Book        `gorm:"foreignKey:AuthorID"`
}

// Meta describes the table in Django's terms.
func (Author) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Author) TableName() string { return "kitchen_author" }

// String is the name.
func (a Author) String() string { return a.Name }

// AuthorProfile is what there is to know of an author.
type AuthorProfile struct {
	ID       int64   `gorm:"primaryKey" orm:"label=ID"`
	AuthorID int64   `gorm:"unique"`
	Author   *Author `orm:"on_delete=cascade,related=profile,one_to_one"`
	Website  string  `gorm:"size:200" orm:"url,blank"`
	Rank     int64   `orm:"integer,default=0"`
}

// Meta describes the table in Django's terms.
func (AuthorProfile) Meta() orm.Meta { return orm.Meta{App: "kitchen"} }

// TableName is Django's.
func (AuthorProfile) TableName() string { return "kitchen_authorprofile" }

// String names the author.
func (p AuthorProfile) String() string { return "profile of " + p.Author.String() }

// Publisher sells books.
type Publisher struct {
	ID   int64  `gorm:"primaryKey" orm:"label=ID"`
	Name string `gorm:"size:80"`
	Slug string `gorm:"size:50;unique" orm:"slug"`
}

// Meta describes the table in Django's terms.
func (Publisher) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Publisher) TableName() string { return "kitchen_publisher" }

// String is the name.
func (p Publisher) String() string { return p.Name }

// Book has relations of every kind.
type Book struct {
	ID          int64  `gorm:"primaryKey" orm:"label=ID"`
	Title       string `gorm:"size:120"`
	ISBN        string `gorm:"column:isbn;size:13;unique"`
	AuthorID    int64
	Author      *Author `orm:"on_delete=cascade,related=books"`
	PublisherID *int64
	Publisher   *Publisher  `orm:"blank,on_delete=protect,related=books"`
	Pages       int64       `orm:"positive,default=0"`
	Published   *orm.Date   `orm:"blank"`
	Price       orm.Decimal `gorm:"precision:7;scale:2" orm:"default=0"`
	Genres      []*Genre    `gorm:"many2many:kitchen_book_genres" orm:"blank,related=books"`

	Chapters []*Chapter `gorm:"foreignKey:BookID"`
}

// Meta describes the table in Django's terms.
func (Book) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Book) TableName() string { return "kitchen_book" }

// String is the title with the number.
func (b Book) String() string { return b.Title + " (" + b.ISBN + ")" }

// IsLong tells whether the book takes long to read.
func (b *Book) IsLong() bool { return b.Pages > 300 }

// Chapter is a part of a book.
type Chapter struct {
	ID     int64 `gorm:"primaryKey" orm:"label=ID"`
	BookID int64
	Book   *Book  `orm:"on_delete=cascade,related=chapters"`
	Number int64  `orm:"positive"`
	Title  string `gorm:"size:120"`
}

// Meta describes the table in Django's terms.
func (Chapter) Meta() orm.Meta {
	return orm.Meta{
		App: "kitchen", Ordering: []string{"number"},
		Unique: []orm.Unique{{Fields: []string{"book", "number"}}},
	}
}

// TableName is Django's.
func (Chapter) TableName() string { return "kitchen_chapter" }

// String is the title.
func (c Chapter) String() string { return c.Title }

// Colour is a choice of texts.
type Colour string

// Choices are the colours.
func (Colour) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: Colour("r"), Label: "Red"}, {Value: Colour("g"), Label: "Green"}, {Value: Colour("b"), Label: "Blue"},
	}
}

// Shade is a choice in groups.
type Shade string

// Choices are the shades.
func (Shade) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: Shade("r"), Label: "Red", Group: "Warm"},
		{Value: Shade("o"), Label: "Orange", Group: "Warm"},
		{Value: Shade("b"), Label: "Blue", Group: "Cold"},
		{Value: Shade("x"), Label: "Other"},
	}
}

// Level is a choice of numbers.
type Level int64

// Choices are the levels.
func (Level) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: Level(1), Label: "Low"}, {Value: Level(2), Label: "Medium"}, {Value: Level(3), Label: "High"},
	}
}

// Everything has a column of every kind.
type Everything struct {
	ID            int64  `gorm:"primaryKey" orm:"label=ID"`
	BigInteger    int64  `orm:"default=0"`
	Binary        []byte `orm:"binary,blank,default="`
	Boolean       bool   `orm:"default=false"`
	BooleanNull   *bool
	Char          string         `gorm:"size:20"`
	CharBlank     string         `gorm:"size:20" orm:"blank"`
	CharNull      *string        `gorm:"size:20" orm:"blank"`
	CharUnique    *string        `gorm:"size:20;unique" orm:"blank"`
	Choice        Colour         `gorm:"size:1" orm:"default=r"`
	ChoiceBlank   Shade          `gorm:"size:1" orm:"blank"`
	ChoiceInt     *Level         `orm:"integer,blank"`
	Date          *orm.Date      `orm:"blank"`
	Datetime      *time.Time     `orm:"blank"`
	Decimal       orm.Decimal    `gorm:"precision:8;scale:3" orm:"default=0"`
	Duration      orm.Duration   `orm:"default=00:00:00"`
	Email         string         `gorm:"size:254" orm:"email,blank,label=e-mail address" doc:"Where to write to."`
	File          *orm.File      `gorm:"size:60" orm:"file,blank,upload_to=files/"`
	Float         float64        `orm:"default=0"`
	Image         *orm.File      `gorm:"size:100" orm:"image,blank,upload_to=images/"`
	Integer       int64          `orm:"integer,default=0"`
	IntegerRange  int64          `orm:"integer,default=5" validate:"gte=1,lte=10"`
	IP            *string        `gorm:"column:ip;size:39" orm:"ip,blank"`
	IPv4          *string        `gorm:"column:ipv4;size:39" orm:"ipv4,blank"`
	JSON          orm.JSON       `gorm:"column:json" orm:"blank,default={}"`
	JSONNull      *orm.JSON      `gorm:"column:json_null" orm:"blank"`
	Positive      int64          `orm:"positive,default=0"`
	PositiveBig   int64          `orm:"positive_big,default=0"`
	PositiveSmall int64          `orm:"positive_small,default=0"`
	Slug          string         `gorm:"size:50" orm:"slug,blank"`
	Small         int64          `orm:"small,default=0"`
	Text          string         `orm:"blank"`
	Time          *orm.TimeOfDay `orm:"blank"`
	URL           string         `gorm:"column:url;size:200" orm:"url,blank"`
	UUID          uuid.UUID      `gorm:"column:uuid" orm:"default=uuid4"`
	Fixed         string         `gorm:"size:10" orm:"default=fixed,readonly"`
	Created       time.Time      `gorm:"autoCreateTime"`
	Modified      time.Time      `gorm:"autoUpdateTime"`
	ParentID      *int64
	Parent        *Everything `orm:"blank,on_delete=set_null"`
	AuthorID      *int64      `gorm:"unique"`
	Author        *Author     `orm:"blank,on_delete=set_null,one_to_one"`
	Genres        []*Genre    `gorm:"many2many:kitchen_everything_genres" orm:"blank"`
}

// Meta describes the table in Django's terms.
func (Everything) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Everything) TableName() string { return "kitchen_everything" }

// Room holds shelves.
type Room struct {
	ID   int64  `gorm:"primaryKey" orm:"label=ID"`
	Name string `gorm:"size:40"`
	Slug string `gorm:"size:50;unique" orm:"slug"`
}

// Meta describes the table in Django's terms.
func (Room) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Room) TableName() string { return "kitchen_room" }

// String is the name.
func (r Room) String() string { return r.Name }

// Shelf holds rows.
type Shelf struct {
	ID     int64  `gorm:"primaryKey" orm:"label=ID"`
	Name   string `gorm:"size:40"`
	Slug   string `gorm:"size:50;unique" orm:"slug"`
	RoomID int64
	Room   *Room `orm:"on_delete=cascade,related=shelves"`
}

// Meta describes the table in Django's terms.
func (Shelf) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Shelf) TableName() string { return "kitchen_shelf" }

// String is the name.
func (s Shelf) String() string { return s.Name }

// Label is stuck on rows.
type Label struct {
	ID   int64  `gorm:"primaryKey" orm:"label=ID"`
	Name string `gorm:"size:30;unique"`
}

// Meta describes the table in Django's terms.
func (Label) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Label) TableName() string { return "kitchen_label" }

// String is the name.
func (l Label) String() string { return l.Name }

// RowKind is the kind of a row.
type RowKind string

// Choices are the kinds.
func (RowKind) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: RowKind("a"), Label: "Alpha"}, {Value: RowKind("b"), Label: "Beta"}, {Value: RowKind("c"), Label: "Gamma"},
	}
}

// Row is what is filtered, searched, ordered and cut into pages.
type Row struct {
	ID      int64       `gorm:"primaryKey" orm:"label=ID"`
	Title   string      `gorm:"size:60"`
	Slug    string      `gorm:"size:50;unique" orm:"slug"`
	Number  int64       `orm:"integer"`
	Amount  orm.Decimal `gorm:"precision:9;scale:2"`
	Ratio   *float64    `orm:"blank"`
	Flag    *bool
	Kind    RowKind `gorm:"size:1"`
	Day     orm.Date
	Moment  time.Time
	Clock   orm.TimeOfDay
	Span    orm.Duration
	Ref     uuid.UUID `gorm:"unique"`
	Note    *string   `orm:"blank"`
	ShelfID *int64
	Shelf   *Shelf   `orm:"blank,on_delete=set_null,related=rows"`
	Labels  []*Label `gorm:"many2many:kitchen_row_labels" orm:"blank,related=rows"`
}

// Meta describes the table in Django's terms.
func (Row) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Row) TableName() string { return "kitchen_row" }

// String is the title.
func (r Row) String() string { return r.Title }

// Booking is unique by room and day.
type Booking struct {
	ID    int64  `gorm:"primaryKey" orm:"label=ID"`
	Room  string `gorm:"size:20"`
	Day   orm.Date
	Guest string `gorm:"size:40"`
}

// Meta describes the table in Django's terms.
func (Booking) Meta() orm.Meta { return byID(orm.Unique{Fields: []string{"room", "day"}}) }

// TableName is Django's.
func (Booking) TableName() string { return "kitchen_booking" }

// Article is unique by parts of a date.
type Article struct {
	ID        int64  `gorm:"primaryKey" orm:"label=ID"`
	Title     string `gorm:"size:60"`
	Slug      string `gorm:"size:50" orm:"slug,unique_for_date=published"`
	Ref       string `gorm:"size:10" orm:"unique_for_month=published"`
	Code      string `gorm:"size:10" orm:"unique_for_year=published"`
	Published orm.Date
}

// Meta describes the table in Django's terms.
func (Article) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Article) TableName() string { return "kitchen_article" }

// Seat has unique constraints with a message and with a condition, and a check.
type Seat struct {
	ID     int64   `gorm:"primaryKey" orm:"label=ID"`
	Row    string  `gorm:"size:2"`
	Number int64   `orm:"integer"`
	Holder *string `gorm:"size:40" orm:"blank"`
	VIP    bool    `gorm:"column:vip" orm:"default=false"`
}

// Meta describes the table in Django's terms.
func (Seat) Meta() orm.Meta {
	m := byID(
		orm.Unique{Fields: []string{"row", "number"}, Name: "seat_place", Message: "This seat exists already.", Code: "seat_taken"},
		orm.Unique{Fields: []string{"holder"}, Name: "seat_vip_holder", Condition: `"vip"`, ConditionFields: []string{"vip"}},
	)
	m.Checks = []orm.Check{{Name: "seat_number_positive", SQL: `"number" >= 1`}}
	return m
}

// TableName is Django's.
func (Seat) TableName() string { return "kitchen_seat" }

// Item is unique by its code.
type Item struct {
	ID       int64  `gorm:"primaryKey" orm:"label=ID"`
	Code     string `gorm:"size:10;unique"`
	Quantity int64  `orm:"integer,default=1"`
}

// Meta describes the table in Django's terms.
func (Item) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Item) TableName() string { return "kitchen_item" }

// Note belongs to a user.
type Note struct {
	ID      int64 `gorm:"primaryKey" orm:"label=ID"`
	OwnerID int64
	Owner   *identity.User `orm:"on_delete=cascade,related=notes"`
	Text    string         `gorm:"size:100"`
	Public  bool           `orm:"default=false"`
}

// Meta describes the table in Django's terms.
func (Note) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Note) TableName() string { return "kitchen_note" }

// Bin protects itself by the things in it.
type Bin struct {
	ID   int64  `gorm:"primaryKey" orm:"label=ID"`
	Name string `gorm:"size:20;unique"`
}

// Meta describes the table in Django's terms.
func (Bin) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Bin) TableName() string { return "kitchen_bin" }

// Thing lies in a bin.
type Thing struct {
	ID    int64  `gorm:"primaryKey" orm:"label=ID"`
	Name  string `gorm:"size:20"`
	BinID int64
	Bin   *Bin `orm:"on_delete=protect,related=things"`
}

// Meta describes the table in Django's terms.
func (Thing) Meta() orm.Meta { return byID() }

// TableName is Django's.
func (Thing) TableName() string { return "kitchen_thing" }
