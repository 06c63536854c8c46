package resttest_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// The models of these tests: songs with genres, on albums.

type album struct {
	ID    uuid.UUID `gorm:"primaryKey" orm:"default=uuid4"`
	Title string    `gorm:"size:40"`
	Songs []*song   `gorm:"foreignKey:AlbumID"`
}

func (album) TableName() string { return "music_album" }
func (album) Meta() orm.Meta    { return orm.Meta{App: "music", Ordering: []string{"title"}} }

type genre struct {
	Name string `gorm:"primaryKey;size:20"`
}

func (genre) TableName() string { return "music_genre" }
func (genre) Meta() orm.Meta    { return orm.Meta{App: "music", Ordering: []string{"name"}} }

type song struct {
	ID      int64 `gorm:"primaryKey"`
	Number  int64
	Title   string    `gorm:"size:40"`
	AlbumID uuid.UUID `orm:"related=songs"`
	Album   *album    `orm:"on_delete=cascade,related=songs"`
	Genres  []*genre  `gorm:"many2many:music_song_genres" orm:"blank,related=songs"`
}

func (song) TableName() string { return "music_song" }
func (song) Meta() orm.Meta {
	return orm.Meta{
		App: "music", Ordering: []string{"id"},
		Unique: []orm.Unique{{Fields: []string{"album", "number"}, Name: "one_song_a_number", Condition: "number > 0"}},
	}
}

type songData struct {
	ID     int64                 `json:"id"`
	Number int64                 `json:"number"`
	Title  string                `json:"title"`
	Album  rest.Related[album]   `json:"album"`
	Genres []rest.Related[genre] `json:"genres"`
}

func music(t *testing.T, db *orm.DB) *resttest.Client {
	t.Helper()
	registry := resttest.Registry(t, &album{}, &genre{}, &song{})
	resttest.CreateTables(t, db, registry)
	resttest.LoadData(t, db, registry, "testdata/music.json")
	config := resttest.Config(t, db, registry)
	config.Permissions = []rest.Permission{rest.IsAuthenticatedOrReadOnly}
	router := rest.NewRouter(config)
	router.Group("/").Register("songs", &rest.ViewSet[song]{Serializer: &rest.ModelSerializer[song, songData]{}})
	identitytest.User(t, config.Users, "ann", "secret")
	return resttest.NewClient(t, resttest.Serve(t, router))
}

func TestServeWithFixtures(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := music(t, db)
		c.Get("/songs/").Golden("songs", "Allow", "Vary")
		if a := c.Post("/songs/", `{}`); a.Status != http.StatusUnauthorized {
			t.Errorf("nobody: %s", a)
		}
		ann := c.Basic("ann", "secret")
		a := ann.Post("/songs/", `{"number": 3, "title": "New", "album": "2b0c7f70-6e2f-4a3e-9a0b-0a1d5f2f7c11", "genres": ["jazz"]}`)
		if a.Status != http.StatusCreated || a.Field("title") != "New" {
			t.Fatalf("%s", a)
		}
		if one, all := c.Get("/songs/1/").Statements, c.Get("/songs/").Statements; one != 2 || all != 2 {
			t.Errorf("%d statements for one song, %d for the list; want 2 and 2", one, all)
		}
	})
}

func TestUniqueSetsAreIndexes(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		music(t, db)
		insert := "INSERT INTO music_song (number, title, album_id) SELECT number, 'again', album_id FROM music_song WHERE id = ?"
		var violated *orm.ConstraintError
		if err := orm.Translate(db.Gorm.Exec(insert, 1).Error); !errors.As(err, &violated) {
			t.Errorf("a number twice: %v", err)
		}
		if err := db.Gorm.Exec(insert, 2).Error; err != nil {
			t.Errorf("outside of the condition: %v", err)
		}
	})
}

func TestMistakesEndTheTest(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	registry := resttest.Registry(t, &genre{})
	broken := `[{"model": "music.unknown", "pk": 1, "fields": {}}]`
	if err := os.WriteFile(t.TempDir()+"/broken.json", []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		fn         func(tb testing.TB)
	}{
		{"no registered model", "Meta", func(tb testing.TB) { resttest.Registry(tb, &struct{ ID int64 }{}) }},
		{"no such fixture", "nowhere.json", func(tb testing.TB) { resttest.LoadData(tb, db, registry, "nowhere.json") }},
		{"declarations", "no Serializer", func(tb testing.TB) {
			router := rest.NewRouter(resttest.Config(t, db, registry))
			router.Group("/").Register("genres", &rest.ViewSet[genre]{})
			resttest.Serve(tb, router)
		}},
	} {
		if got := failed(t, tt.fn); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// cover is a file of an album, and the albums that it is like.
type cover struct {
	ID     uuid.UUID `gorm:"primaryKey" orm:"default=uuid4"`
	Image  orm.File  `gorm:"size:60" orm:"upload_to=covers/"`
	Albums []*album  `gorm:"many2many:music_cover_albums" orm:"blank,related=covers"`
	Twin   *uuid.UUID
}

func (cover) TableName() string { return "music_cover" }
func (cover) Meta() orm.Meta    { return orm.Meta{App: "music"} }

// TestColumnsOfUUIDs have the type that Django gives them, in tables of pairs too, where they must be that of the key.
func TestColumnsOfUUIDs(t *testing.T) {
	columns := map[string]string{
		orm.SQLite:   "SELECT type FROM pragma_table_info('%[1]s') WHERE name = '%[2]s'",
		orm.Postgres: "SELECT data_type FROM information_schema.columns WHERE table_name = '%[1]s' AND column_name = '%[2]s'",
	}
	types := map[string]string{orm.SQLite: "char(32)", orm.Postgres: "uuid"}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		resttest.CreateTables(t, db, resttest.Registry(t, &album{}, &genre{}, &song{}, &cover{}))
		for _, c := range [][2]string{
			{"music_album", "id"},
			{"music_song", "album_id"},
			{"music_cover", "id"},
			{"music_cover", "twin"},
			{"music_cover_albums", "cover_id"},
			{"music_cover_albums", "album_id"},
		} {
			var got string
			if err := db.SQL.QueryRowContext(t.Context(), fmt.Sprintf(columns[db.Dialect()], c[0], c[1])).Scan(&got); err != nil {
				t.Fatal(c, err)
			}
			if want := types[db.Dialect()]; got != want {
				t.Errorf("%s.%s is %s, want %s", c[0], c[1], got, want)
			}
		}
	})
}

// TestUploadsHaveAFolder of the test, with nothing said.
func TestUploadsHaveAFolder(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		registry := resttest.Registry(t, &album{}, &genre{}, &song{}, &cover{})
		resttest.CreateTables(t, db, registry)
		config := resttest.Config(t, db, registry)
		config.Permissions = []rest.Permission{rest.AllowAny}
		router := rest.NewRouter(config)
		router.Group("/").Register("covers", &rest.ViewSet[cover]{Serializer: rest.Auto[cover]()})
		c := resttest.NewClient(t, resttest.Serve(t, router))
		a := c.Post("/covers/", new(resttest.Multipart).File("image", "front.txt", []byte("a picture")))
		if a.Status != http.StatusCreated || !strings.HasSuffix(fmt.Sprint(a.Field("image")), "/covers/front.txt") {
			t.Fatal(a)
		}
		dir := config.Storage.(rest.DirStorage).Dir
		if content, err := os.ReadFile(filepath.Join(dir, "covers", "front.txt")); err != nil || string(content) != "a picture" {
			t.Errorf("%q %v", content, err)
		}
	})
}
