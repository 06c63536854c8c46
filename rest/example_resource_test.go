package rest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// Playlist is a list of songs that is known by its slug.
type Playlist struct {
	ID    int64     `gorm:"primaryKey"`
	Slug  string    `gorm:"size:50;unique" orm:"slug"`
	Name  string    `gorm:"size:100"`
	Added time.Time `gorm:"autoCreateTime"`

	Songs []*Song `gorm:"foreignKey:PlaylistID"`
}

// Meta describes the table.
func (Playlist) Meta() orm.Meta { return orm.Meta{App: "music", Ordering: []string{"name"}} }

// TableName is Django's.
func (Playlist) TableName() string { return "music_playlist" }

// Song is a line of a playlist.
type Song struct {
	ID         int64 `gorm:"primaryKey"`
	PlaylistID int64
	Playlist   *Playlist `orm:"on_delete=cascade,related=songs"`
	Title      string    `gorm:"size:60"`
	Seconds    int64     `orm:"positive"`
}

// Meta describes the table.
func (Song) Meta() orm.Meta { return orm.Meta{App: "music", Ordering: []string{"id"}} }

// TableName is Django's.
func (Song) TableName() string { return "music_song" }

// SongData is the form of a song.
type SongData struct {
	Title   string `json:"title"`
	Seconds int64  `json:"seconds" rest:"min=1"`
}

// PlaylistData is the form of a playlist with its songs.
type PlaylistData struct {
	Slug  string     `json:"slug"`
	Name  string     `json:"name"`
	Songs []SongData `json:"songs" rest:"noempty"`
}

var (
	songForm     = &rest.ModelSerializer[Song, SongData]{}
	playlistForm = &rest.ModelSerializer[Playlist, PlaylistData]{
		Fields: func(d *PlaylistData) []rest.FieldOption {
			return []rest.FieldOption{rest.Nested(&d.Songs, songForm)}
		},
		Create: func(r *rest.Request, in *rest.Input[PlaylistData]) (*Playlist, error) {
			list := &Playlist{Slug: in.Data.Slug, Name: in.Data.Name}
			if err := r.Save(list); err != nil {
				return nil, err
			}
			return list, addSongs(r, list, in.Data.Songs)
		},
		Update: func(r *rest.Request, list *Playlist, in *rest.Input[PlaylistData]) error {
			list.Slug, list.Name = in.Data.Slug, in.Data.Name
			if !in.Has(&in.Data.Songs) {
				return nil
			}
			if err := r.DB().Where("playlist_id = ?", list.ID).Delete(&Song{}).Error; err != nil {
				return fmt.Errorf("replace the songs of a playlist: %w", err)
			}
			return addSongs(r, list, in.Data.Songs)
		},
	}
)

// addSongs stores the songs that were sent; the transaction is that of the request.
func addSongs(r *rest.Request, list *Playlist, songs []SongData) error {
	list.Songs = nil
	for _, s := range songs {
		song := &Song{PlaylistID: list.ID, Title: s.Title, Seconds: s.Seconds}
		if err := r.Save(song); err != nil {
			return err
		}
		list.Songs = append(list.Songs, song)
	}
	return nil
}

// playlists are found by their slug, come in pages by a cursor and may be asked for six times a minute.
func playlists() *rest.ViewSet[Playlist] {
	return &rest.ViewSet[Playlist]{
		Serializer:    playlistForm,
		Lookup:        "slug",
		Permissions:   []rest.Permission{rest.AllowAny},
		Pagination:    rest.Cursor{Size: 1, Order: []string{"name"}},
		ThrottleScope: "playlists",
		Throttles:     []rest.Throttle{rest.ScopedThrottle{Rate: "6/min"}},
	}
}

// A resource that is found by a slug, writes rows of another table with its own, is listed by a cursor and has a limit of its
// own needs its models, its forms, its viewset and one line of routes: nothing of it stands anywhere else.
func Example_resource() {
	send, end := musicAPI(func(api *rest.Group) { api.Register("playlists", playlists()) })
	defer end()

	fmt.Println(send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "Minor Swing", "seconds": 190}]}`))
	fmt.Println(send("POST", "/api/playlists/", `{"slug": "swing", "name": "", "songs": [{"title": "Minor Swing", "seconds": 0}]}`))
	fmt.Println(send("POST", "/api/playlists/", `{"slug": "blues", "name": "Blues", "songs": [{"title": "Blue Drag", "seconds": 170}]}`))
	fmt.Println(send("PATCH", "/api/playlists/swing/", `{"songs": [{"title": "Daphne", "seconds": 180}, {"title": "Nuages", "seconds": 195}]}`))
	fmt.Println(send("GET", "/api/playlists/", ""))
	fmt.Println(send("GET", "/api/playlists/swing/", ""))
	fmt.Println(send("GET", "/api/playlists/swing/", ""))
	// Output:
	// 201 {"slug":"swing","name":"Swing","songs":[{"title":"Minor Swing","seconds":190}]}
	// 400 {"slug":["playlist with this slug already exists."],"name":["This field may not be blank."],"songs":{"0":{"seconds":["Ensure this value is greater than or equal to 1."]}}}
	// 201 {"slug":"blues","name":"Blues","songs":[{"title":"Blue Drag","seconds":170}]}
	// 200 {"slug":"swing","name":"Swing","songs":[{"title":"Daphne","seconds":180},{"title":"Nuages","seconds":195}]}
	// 200 {"next":"http://example.com/api/playlists/?cursor=cD1CbHVlcw%3D%3D","previous":null,"results":[{"slug":"blues","name":"Blues","songs":[{"title":"Blue Drag","seconds":170}]}]}
	// 200 {"slug":"swing","name":"Swing","songs":[{"title":"Daphne","seconds":180},{"title":"Nuages","seconds":195}]}
	// 429 {"detail":"Request was throttled. Expected available in 60 seconds."}
}

// musicDB is what a router needs, over a new database; an application has package quintet for this.
func musicDB() (config rest.Config, end func()) {
	dir, err := os.MkdirTemp("", "music")
	must(err)
	db, err := orm.Open(context.Background(), orm.Config{URL: "sqlite:" + filepath.Join(dir, "music.sqlite3")})
	must(err)
	must(db.Gorm.AutoMigrate(&Playlist{}, &Song{}))
	registry, err := orm.NewRegistry(&Playlist{}, &Song{})
	must(err)
	config = rest.Config{
		DB: db, Registry: registry, Users: &identity.Store{}, Authenticators: []rest.Authenticator{},
		Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}
	return config, func() {
		db.Close()
		must(os.RemoveAll(dir))
	}
}

// musicAPI serves resources over a new database.
func musicAPI(routes func(api *rest.Group)) (send func(method, path, body string) string, end func()) {
	config, end := musicDB()
	router := rest.NewRouter(config)
	routes(router.Group("/api/"))
	api, err := router.Build()
	must(err)
	e := echo.New()
	api.Mount(e)
	send = func(method, path, body string) string {
		req := httptest.NewRequest(method, path, strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		return fmt.Sprint(w.Code, " ", w.Body)
	}
	return send, end
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
