package rest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// The festival has every shape of relation: keys that are texts and UUIDs, rows below rows, one to one, many to many with
// itself, nulls on the way to a value, sets that are unique on a condition. Its answers are those of the same models,
// serializers and rows in Django REST framework.

type country struct {
	Code   string   `gorm:"primaryKey;size:2"`
	Name   string   `gorm:"size:40;unique"`
	Venues []*venue `gorm:"foreignKey:CountryCode"`
}

func (country) TableName() string { return "fest_country" }
func (country) Meta() orm.Meta    { return orm.Meta{App: "fest", Ordering: []string{"code"}} }
func (c country) String() string  { return c.Name + " (" + c.Code + ")" }

type genre struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:20;unique"`
}

func (genre) TableName() string { return "fest_genre" }
func (genre) Meta() orm.Meta    { return orm.Meta{App: "fest", Ordering: []string{"name"}} }

type venue struct {
	ID          int64    `gorm:"primaryKey"`
	Name        string   `gorm:"size:40"`
	CountryCode string   `gorm:"column:country_id;size:2"`
	Country     *country `gorm:"foreignKey:CountryCode" orm:"on_delete=protect,related=venues"`
	ParentID    *int64
	Parent      *venue   `orm:"blank,on_delete=set_null,related=halls"`
	Capacity    *int64   `orm:"positive,blank"`
	Halls       []*venue `gorm:"foreignKey:ParentID"`
	Gigs        []*gig   `gorm:"foreignKey:VenueID"`

	HallCount int64 `gorm:"->;-:migration" orm:"count=halls"`
}

func (venue) TableName() string { return "fest_venue" }
func (venue) Meta() orm.Meta    { return orm.Meta{App: "fest", Ordering: []string{"id"}} }

type artist struct {
	ID          uuid.UUID `gorm:"primaryKey" orm:"default=uuid4"`
	Name        string    `gorm:"size:60"`
	CountryCode *string   `gorm:"column:country_id;size:2"`
	Country     *country  `gorm:"foreignKey:CountryCode" orm:"blank,on_delete=set_null,related=artists"`
	MentorID    *uuid.UUID
	Mentor      *artist   `orm:"blank,on_delete=set_null,related=pupils"`
	Influences  []*artist `gorm:"many2many:fest_artist_influences;joinForeignKey:FromArtistID;joinReferences:ToArtistID" orm:"blank,related=influenced"`
	Genres      []*genre  `gorm:"many2many:fest_artist_genres" orm:"blank,related=artists"`
	Influenced  []*artist `gorm:"many2many:fest_artist_influences;joinForeignKey:ToArtistID;joinReferences:FromArtistID" orm:"reverse"`
	Pupils      []*artist `gorm:"foreignKey:MentorID"`
	Passport    *passport `gorm:"foreignKey:ArtistID"`
	Gigs        []*gig    `gorm:"foreignKey:ArtistID"`

	GigCount    int64        `gorm:"->;-:migration" orm:"count=gigs"`
	TicketCount int64        `gorm:"->;-:migration" orm:"count=gigs__tickets"`
	Fees        *orm.Decimal `gorm:"->;-:migration" orm:"sum=gigs__fee"`
	FirstDay    *orm.Date    `gorm:"->;-:migration" orm:"min=gigs__day"`
}

func (artist) TableName() string { return "fest_artist" }
func (artist) Meta() orm.Meta    { return orm.Meta{App: "fest", Ordering: []string{"name"}} }
func (a artist) String() string  { return "♪ " + a.Name }

type passport struct {
	ID       int64     `gorm:"primaryKey"`
	Number   string    `gorm:"size:10;unique"`
	ArtistID uuid.UUID `gorm:"unique"`
	Artist   *artist   `orm:"one_to_one,on_delete=cascade,related=passport"`
}

func (passport) TableName() string { return "fest_passport" }
func (passport) Meta() orm.Meta    { return orm.Meta{App: "fest", Ordering: []string{"id"}} }

type gigStatus string

func (gigStatus) Choices() []orm.Choice {
	return []orm.Choice{{Value: "planned", Label: "Planned"}, {Value: "played", Label: "Played"}, {Value: "cancelled", Label: "Cancelled"}}
}

type gig struct {
	ID       int64       `gorm:"primaryKey"`
	Day      orm.Date    //
	Slot     int64       `orm:"positive_small,default=1"`
	Fee      orm.Decimal `gorm:"precision:8;scale:2" orm:"default=0"`
	Status   gigStatus   `gorm:"size:9" orm:"default=planned"`
	Note     string      `orm:"blank"`
	ArtistID uuid.UUID   //
	Artist   *artist     `orm:"on_delete=cascade,related=gigs"`
	VenueID  *int64      //
	Venue    *venue      `orm:"blank,on_delete=set_null,related=gigs"`
	Tickets  []*ticket   `gorm:"foreignKey:GigID"`
}

func (gig) TableName() string { return "fest_gig" }
func (gig) Meta() orm.Meta {
	return orm.Meta{App: "fest", Ordering: []string{"day", "id"}, Unique: []orm.Unique{
		{Fields: []string{"artist", "day"}},
		{Fields: []string{"venue", "day", "slot"}, Condition: `"status" <> 'cancelled'`, ConditionFields: []string{"status"}, Name: "fest_one_gig"},
	}}
}

type ticket struct {
	ID     int64       `gorm:"primaryKey"`
	Holder string      `gorm:"size:30"`
	Price  orm.Decimal `gorm:"precision:6;scale:2"`
	Seat   *string     `gorm:"size:4" orm:"blank"`
	Paid   *time.Time  `orm:"blank"`
	GigID  int64
	Gig    *gig `orm:"on_delete=cascade,related=tickets"`
}

func (ticket) TableName() string { return "fest_ticket" }
func (ticket) Meta() orm.Meta {
	return orm.Meta{App: "fest", Ordering: []string{"id"}, Unique: []orm.Unique{
		{Fields: []string{"gig", "seat"}, Name: "fest_one_seat"},
		{Fields: []string{"holder"}, Condition: `"paid" IS NULL`, ConditionFields: []string{"paid"}, Name: "fest_one_open"},
	}}
}

func festivalModels() []any {
	return []any{&country{}, &genre{}, &venue{}, &artist{}, &passport{}, &gig{}, &ticket{}}
}

// The tree of venues.

type countryData struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type parentData struct {
	ID      int64                 `json:"id"`
	Name    string                `json:"name"`
	Country rest.Related[country] `json:"country" rest:"string"`
	Parent  rest.Related[venue]   `json:"parent"`
}

type hallData struct {
	ID       int64               `json:"id"`
	Name     string              `json:"name"`
	Capacity *int64              `json:"capacity"`
	Gigs     []rest.Related[gig] `json:"gigs" rest:"readonly"`
}

type treeData struct {
	ID            int64       `json:"id"`
	Name          string      `json:"name"`
	Country       countryData `json:"country" rest:"readonly"`
	Parent        *parentData `json:"parent" rest:"readonly"`
	Halls         []hallData  `json:"halls" rest:"readonly"`
	HallCount     int64       `json:"hall_count" rest:"readonly"`
	Owner         string      `json:"owner" rest:"readonly,source=Parent.Name"`
	OwnerOrNull   string      `json:"owner_or_null" rest:"readonly,null,source=Parent.Name"`
	OwnerOrNone   string      `json:"owner_or_none" rest:"readonly,default=none,source=Parent.Name"`
	Grand         string      `json:"grand" rest:"readonly,default=nowhere,source=Parent.Parent.Country.Name"`
	GrandCapacity *int64      `json:"grand_capacity" rest:"readonly,source=Parent.Parent.Capacity"`
}

// All that belongs to an artist.

type passportData struct {
	Number string `json:"number"`
}

type mentorData struct {
	Name     string                `json:"name"`
	Country  rest.Related[country] `json:"country" rest:"readonly,slug=Name"`
	Passport *passportData         `json:"passport" rest:"readonly"`
}

type seatData struct {
	Holder string      `json:"holder"`
	Price  orm.Decimal `json:"price"`
	Seat   *string     `json:"seat"`
}

type stageData struct {
	Name    string                `json:"name"`
	Country rest.Related[country] `json:"country" rest:"readonly,slug=Name"`
}

type gigData struct {
	Day     orm.Date    `json:"day"`
	Venue   *stageData  `json:"venue" rest:"readonly"`
	Fee     orm.Decimal `json:"fee"`
	Tickets []seatData  `json:"tickets" rest:"readonly"`
}

type profileData struct {
	ID             uuid.UUID              `json:"id"`
	Name           string                 `json:"name"`
	Country        rest.Related[country]  `json:"country" rest:"readonly,slug=Name"`
	Passport       *passportData          `json:"passport" rest:"readonly"`
	PassportNumber string                 `json:"passport_number" rest:"readonly,default=none,source=Passport.Number"`
	Mentor         *mentorData            `json:"mentor" rest:"readonly"`
	Pupils         []rest.Related[artist] `json:"pupils" rest:"readonly,slug=Name"`
	Influences     []rest.Related[artist] `json:"influences" rest:"readonly,string"`
	Influenced     []rest.Related[artist] `json:"influenced" rest:"readonly"`
	Genres         []rest.Related[genre]  `json:"genres" rest:"readonly,slug=Name"`
	Gigs           []gigData              `json:"gigs" rest:"readonly"`
	GigCount       int64                  `json:"gig_count" rest:"readonly"`
	Fees           *orm.Decimal           `json:"fees" rest:"readonly,digits=9,places=2"`
	FirstDay       *orm.Date              `json:"first_day" rest:"readonly"`
	TicketCount    int64                  `json:"ticket_count" rest:"readonly"`
}

// Artists whose relations are written by names.

type namesData struct {
	ID         uuid.UUID              `json:"id"`
	Name       string                 `json:"name"`
	Country    rest.Related[country]  `json:"country" rest:"slug=Name"`
	Mentor     rest.Related[artist]   `json:"mentor"`
	Genres     []rest.Related[genre]  `json:"genres" rest:"slug=Name"`
	Influences []rest.Related[artist] `json:"influences" rest:"noempty"`
}

// A gig with its tickets, written together.

type bookingData struct {
	ID      int64                `json:"id"`
	Artist  rest.Related[artist] `json:"artist"`
	Venue   rest.Related[venue]  `json:"venue"`
	Day     orm.Date             `json:"day"`
	Slot    int64                `json:"slot"`
	Status  gigStatus            `json:"status"`
	Tickets []seatData           `json:"tickets" rest:"optional"`
}

var bookingForm = &rest.ModelSerializer[gig, bookingData]{
	Create: func(r *rest.Request, in *rest.Input[bookingData]) (*gig, error) {
		g := &gig{Slot: 1, Status: "planned"}
		if err := in.Apply(r, g); err != nil {
			return nil, err
		}
		if err := r.Save(g); err != nil {
			return nil, err
		}
		return g, addTickets(r, g, in.Data.Tickets)
	},
	Update: func(r *rest.Request, g *gig, in *rest.Input[bookingData]) error {
		if err := in.Apply(r, g); err != nil || !in.Has(&in.Data.Tickets) {
			return err
		}
		if err := r.DB().Where("gig_id = ?", g.ID).Delete(&ticket{}).Error; err != nil {
			return err
		}
		return addTickets(r, g, in.Data.Tickets)
	},
}

func addTickets(r *rest.Request, g *gig, seats []seatData) error {
	g.Tickets = []*ticket{}
	for _, s := range seats {
		if s.Holder == "Nobody" {
			return rest.InvalidField("tickets", "Nobody cannot hold a ticket.")
		}
		t := &ticket{GigID: g.ID, Holder: s.Holder, Price: s.Price, Seat: s.Seat}
		if err := r.Save(t); err != nil {
			return err
		}
		g.Tickets = append(g.Tickets, t)
	}
	return nil
}

// Venues that a hook changes before they are shown, alone and inside of others.

type shownData struct {
	ID       int64               `json:"id"`
	Name     string              `json:"name"`
	Capacity *int64              `json:"capacity"`
	Parent   rest.Related[venue] `json:"parent"`
	Title    string              `json:"title"`
}

var shownForm = &rest.ModelSerializer[venue, shownData]{
	Fields: func(d *shownData) []rest.FieldOption {
		return []rest.FieldOption{rest.Computed(&d.Title, func(v *venue) string { return v.Name + " of " + v.Country.Name }, "Country")}
	},
	Represent: func(_ *rest.Request, v *venue, out *rest.Object) {
		if v.Capacity == nil {
			out.Delete("capacity")
		}
		out.Set("name", strings.ToUpper(v.Name))
	},
}

type shownGigData struct {
	ID    int64      `json:"id"`
	Venue *shownData `json:"venue" rest:"readonly"`
	Day   orm.Date   `json:"day"`
}

type shownCountryData struct {
	Code   string      `json:"code"`
	Venues []shownData `json:"venues" rest:"readonly"`
}

type deepGigData struct {
	ID     int64                `json:"id"`
	Artist rest.Related[artist] `json:"artist"`
	Venue  rest.Related[venue]  `json:"venue"`
	Day    orm.Date             `json:"day"`
}

type deepTicketData struct {
	ID     int64             `json:"id"`
	Gig    rest.Related[gig] `json:"gig"`
	Holder string            `json:"holder"`
}

type defaultsData struct {
	ID     int64                `json:"id"`
	Artist rest.Related[artist] `json:"artist"`
	Day    orm.Date             `json:"day"`
	Slot   int64                `json:"slot" rest:"declared,integer,default=9"`
	Fee    orm.Decimal          `json:"fee"`
	Status string               `json:"status" rest:"declared,char,default=played"`
	Note   string               `json:"note" rest:"declared,char,blank,default=by default"`
}

type programData struct {
	ID      int64                  `json:"id"`
	Artist  rest.Related[artist]   `json:"artist" rest:"readonly,slug=Name"`
	Where   string                 `json:"where" rest:"readonly,null,source=Venue.Name"`
	Country string                 `json:"country" rest:"readonly,default=null,source=Venue.Country.Name"`
	Day     orm.Date               `json:"day"`
	Holders []rest.Related[ticket] `json:"holders" rest:"readonly,slug=Holder,source=Tickets"`
}

type linksData struct {
	URL      string                 `json:"url" rest:"identity,view=links-detail"`
	Name     string                 `json:"name"`
	Country  rest.Related[country]  `json:"country" rest:"view=countries-detail"`
	Mentor   rest.Related[artist]   `json:"mentor" rest:"view=artists-detail"`
	Genres   []rest.Related[genre]  `json:"genres" rest:"view=genres-detail"`
	Gigs     []rest.Related[gig]    `json:"gigs" rest:"readonly,view=gigs-detail"`
	Passport rest.Related[passport] `json:"passport" rest:"readonly,view=passports-detail"`
}

// program is a list of gigs with what it can be asked for.
func program(pagination rest.Pagination) *rest.ViewSet[gig] {
	return &rest.ViewSet[gig]{
		Serializer: &rest.ModelSerializer[gig, programData]{}, Pagination: pagination,
		Filters: rest.Filters{
			rest.By("artist__name", "exact", "startswith"), rest.By("venue__country", "exact", "in"), rest.By("venue__parent__name"),
			rest.By("artist__genres__name", "exact", "in"), rest.By("tickets__holder"), rest.By("venue", "isnull", "exact"),
			rest.By("artist__passport__number", "exact", "isnull"), rest.By("artist"), rest.By("artist__mentor__name"),
		},
		Search:   []string{"artist__name", "venue__name", "=tickets__holder"},
		Ordering: []string{"day", "artist__name", "venue__name", "fee", "id"},
	}
}

func festivalRoutes(g *rest.Group) {
	g.Register("countries", &rest.ViewSet[country]{Serializer: rest.Auto[country]()}, "countries").
		Register("genres", &rest.ViewSet[genre]{Serializer: rest.Auto[genre]()}, "genres").
		Register("venues", &rest.ViewSet[venue]{Serializer: rest.Auto[venue]()}, "venues").
		Register("artists", &rest.ViewSet[artist]{Serializer: rest.Auto[artist]()}, "artists").
		Register("passports", &rest.ViewSet[passport]{Serializer: rest.Auto[passport]()}, "passports").
		Register("gigs", &rest.ViewSet[gig]{Serializer: rest.Auto[gig]()}, "gigs").
		Register("tickets", &rest.ViewSet[ticket]{Serializer: rest.Auto[ticket]()}, "tickets").
		Register("tree", &rest.ViewSet[venue]{Serializer: &rest.ModelSerializer[venue, treeData]{}}, "tree").
		Register("profiles", &rest.ViewSet[artist]{Serializer: &rest.ModelSerializer[artist, profileData]{}}, "profiles")
	names := &rest.ModelSerializer[artist, namesData]{}
	g.Register("names", &rest.ViewSet[artist]{Serializer: names}, "names").
		Register("bulk-names", &rest.ViewSet[artist]{Serializer: names, BulkCreate: true}, "bulk-names").
		Register("bulk-tickets", &rest.ViewSet[ticket]{Serializer: rest.Auto[ticket](), BulkCreate: true}, "bulk-tickets").
		Register("bookings", &rest.ViewSet[gig]{Serializer: bookingForm}, "bookings").
		Register("shown", &rest.ViewSet[venue]{Serializer: shownForm}, "shown").
		Register("shown-gigs", &rest.ViewSet[gig]{Serializer: &rest.ModelSerializer[gig, shownGigData]{Fields: func(d *shownGigData) []rest.FieldOption {
			return []rest.FieldOption{rest.Nested(&d.Venue, shownForm)}
		}}}, "shown-gigs").
		Register("shown-countries", &rest.ViewSet[country]{Serializer: &rest.ModelSerializer[country, shownCountryData]{Fields: func(d *shownCountryData) []rest.FieldOption {
			return []rest.FieldOption{rest.Nested(&d.Venues, shownForm)}
		}}}, "shown-countries").
		Register("deep1", &rest.ViewSet[gig]{Serializer: &rest.ModelSerializer[gig, deepGigData]{Depth: 1}}, "deep1").
		Register("deep2", &rest.ViewSet[ticket]{Serializer: &rest.ModelSerializer[ticket, deepTicketData]{Depth: 3}}, "deep2").
		Register("defaults", &rest.ViewSet[gig]{Serializer: &rest.ModelSerializer[gig, defaultsData]{UniqueTogether: []orm.Unique{}}}, "defaults").
		Register("program", program(nil), "program").
		Register("pages", program(rest.PageNumber{Size: 2, SizeParam: "size"}), "pages").
		Register("cursors", program(rest.Cursor{Size: 2, Order: []string{"-day", "id"}}), "cursors").
		Register("links", &rest.ViewSet[artist]{Serializer: &rest.ModelSerializer[artist, linksData]{}}, "links")
}

// festival serves the festival from a database that has just its fixture.
func festival(t *testing.T, db *orm.DB) *resttest.Client {
	t.Helper()
	c := serve(t, db, festivalModels(), festivalRoutes)
	resttest.LoadData(t, db, resttest.Registry(t, festivalModels()...), "testdata/festival.json")
	return c
}

// history is a list of pairs, each a request "METHOD path body" and the answer "STATUS body"; $A to $D are the keys of the
// artists.
type history struct {
	name      string
	exchanges []string
}

const artistKey = "00000000-0000-4000-8000-00000000000"

var (
	longKeys  = strings.NewReplacer("$A", artistKey+"a", "$B", artistKey+"b", "$C", artistKey+"c", "$D", artistKey+"d")
	shortKeys = strings.NewReplacer(artistKey+"a", "$A", artistKey+"b", "$B", artistKey+"c", "$C", artistKey+"d", "$D")
)

// runHistories sends the requests of each history one after the other to a new copy of the festival, on both databases.
func runHistories(t *testing.T, histories []history) {
	t.Helper()
	for _, h := range histories {
		t.Run(h.name, func(t *testing.T) {
			ormtest.Each(t, func(t *testing.T, db *orm.DB) { h.run(t, festival(t, db)) })
		})
	}
}

func (h history) run(t *testing.T, c *resttest.Client) {
	t.Helper()
	if len(h.exchanges) == 0 || len(h.exchanges)%2 != 0 {
		t.Fatal("exchanges are pairs of a request and an answer")
	}
	for i := 0; i < len(h.exchanges); i += 2 {
		ask, want := h.exchanges[i], h.exchanges[i+1]
		part := strings.SplitN(longKeys.Replace(ask)+" ", " ", 3)
		got := shortKeys.Replace(c.Do(part[0], part[1], strings.TrimSuffix(part[2], " ")).String())
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", ask, got, want)
		}
	}
}
