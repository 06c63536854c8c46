package rest_test

import (
	"fmt"
	"net/http"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// everybody lets everybody in, so that the examples need no accounts.
var everybody = []rest.Permission{rest.AllowAny}

// A form without a model: its fields are those of the struct, its rules stand in tags, options and Validate.
func ExampleSerializer() {
	type Transfer struct {
		From   string      `json:"from" rest:"slug,maxlength=20"`
		To     string      `json:"to" rest:"slug,maxlength=20"`
		Amount orm.Decimal `json:"amount" rest:"digits=8,places=2,min=0.01"`
		Note   string      `json:"note" rest:"optional,blank,default=none"`
	}
	transfer := &rest.Serializer[Transfer]{
		Validate: func(_ *rest.Request, in *rest.Input[Transfer]) error {
			if in.Data.From == in.Data.To {
				return rest.InvalidField("to", "Choose another account.")
			}
			return nil
		},
	}
	send, end := musicAPI(func(api *rest.Group) {
		api.Handle("transfers/", &rest.View{Permissions: everybody, Methods: map[string]rest.Endpoint{
			http.MethodPost: {Input: transfer, Output: transfer, Handle: func(r *rest.Request) (*rest.Response, error) {
				in, err := rest.Read(r, transfer)
				if err != nil {
					return nil, err
				}
				return rest.Answer(r, transfer, &in.Data)
			}},
		}}, "transfers")
	})
	defer end()

	fmt.Println(send("POST", "/api/transfers/", `{"from": "a", "to": "b", "amount": "5"}`))
	fmt.Println(send("POST", "/api/transfers/", `{"from": "a", "to": "a", "amount": "5"}`))
	fmt.Println(send("POST", "/api/transfers/", `{"from": "a b", "amount": "0.001"}`))
	// Output:
	// 200 {"from":"a","to":"b","amount":"5.00","note":"none"}
	// 400 {"to":["Choose another account."]}
	// 400 {"from":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."],"to":["This field is required."],"amount":["Ensure that there are no more than 2 decimal places."]}
}

// The form of a model takes types, lengths, defaults and uniqueness from it. Fields are found by their Go names; source=
// goes through relations, methods of the model are read-only fields.
func ExampleModelSerializer() {
	type SongForm struct {
		ID       int64                  `json:"id"`
		Title    string                 `json:"title"`
		Seconds  int64                  `json:"seconds"`
		Playlist rest.Related[Playlist] `json:"playlist" rest:"slug=Slug"`
		On       string                 `json:"on" rest:"readonly,source=Playlist.Name"`
		Length   string                 `json:"length"`
	}
	songs := &rest.ModelSerializer[Song, SongForm]{Fields: func(d *SongForm) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Clean(&d.Title, func(_ *rest.Request, title string) (string, error) {
				if strings.ToUpper(title) == title {
					return "", rest.Invalid("Do not shout.")
				}
				return strings.TrimSuffix(title, "."), nil
			}),
			rest.Computed(&d.Length, func(s *Song) string { return fmt.Sprintf("%d:%02d", s.Seconds/60, s.Seconds%60) }),
		}
	}}
	send, end := musicAPI(func(api *rest.Group) {
		api.Register("playlists", playlists())
		api.Register("songs", &rest.ViewSet[Song]{Serializer: songs, Permissions: everybody})
	})
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "First", "seconds": 1}]}`)
	fmt.Println(send("POST", "/api/songs/", `{"title": "Nuages.", "seconds": 195, "playlist": "swing"}`))
	fmt.Println(send("PATCH", "/api/songs/2/", `{"title": "NUAGES", "seconds": -1, "playlist": "blues"}`))
	fmt.Println(send("PATCH", "/api/songs/2/", `{"seconds": 60}`))
	// Output:
	// 201 {"id":2,"title":"Nuages","seconds":195,"playlist":"swing","on":"Swing","length":"3:15"}
	// 400 {"title":["Do not shout."],"seconds":["Ensure this value is greater than or equal to 0."],"playlist":["Object with slug=blues does not exist."]}
	// 200 {"id":2,"title":"Nuages","seconds":60,"playlist":"swing","on":"Swing","length":"1:00"}
}

// A resource: what exists, who may do what, how it is filtered, ordered and cut into pages.
func ExampleViewSet() {
	songs := &rest.ViewSet[Song]{
		Serializer:  rest.Auto[Song](),
		Permissions: everybody,
		QuerySet: func(_ *rest.Request, q *gorm.DB) *gorm.DB {
			return q.Where("music_song.seconds > 10") // shorter ones do not exist for clients
		},
		Filters:    rest.Filters{rest.By("seconds", "exact", "lte"), rest.By("playlist__slug")},
		Search:     []string{"title"},
		Ordering:   []string{"title", "seconds"},
		Pagination: rest.PageNumber{Size: 2, SizeParam: "size", MaxSize: 10},
		Only:       []string{"list", "retrieve", "destroy"},
	}
	send, end := musicAPI(func(api *rest.Group) {
		api.Register("playlists", playlists()).Register("songs", songs)
	})
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [
		{"title": "Daphne", "seconds": 180}, {"title": "Jingle", "seconds": 5}, {"title": "Nuages", "seconds": 195}, {"title": "Minor Swing", "seconds": 190}]}`)
	fmt.Println(send("GET", "/api/songs/?ordering=-seconds&playlist__slug=swing", ""))
	fmt.Println(send("GET", "/api/songs/?search=da&seconds__lte=180", ""))
	fmt.Println(send("GET", "/api/songs/2/", ""))
	fmt.Println(send("POST", "/api/songs/", "{}"))
	// Output:
	// 200 {"count":3,"next":"http://example.com/api/songs/?ordering=-seconds&page=2&playlist__slug=swing","previous":null,"results":[{"id":3,"title":"Nuages","seconds":195,"playlist":1},{"id":4,"title":"Minor Swing","seconds":190,"playlist":1}]}
	// 200 {"count":1,"next":null,"previous":null,"results":[{"id":1,"title":"Daphne","seconds":180,"playlist":1}]}
	// 404 {"detail":"No Song matches the given query."}
	// 405 {"detail":"Method \"POST\" not allowed."}
}

// Addresses are as those of a DefaultRouter: with a slash, with format suffixes, with a root that lists the resources.
func ExampleRouter() {
	send, end := musicAPI(func(api *rest.Group) {
		api.Root(&rest.View{Name: "Music", Permissions: everybody})
		api.Register("songs", &rest.ViewSet[Song]{Serializer: rest.Auto[Song](), Permissions: everybody})
		api.Handle("hello/{name}/", &rest.View{Permissions: everybody, Methods: map[string]rest.Endpoint{
			http.MethodGet: {Handle: func(r *rest.Request) (*rest.Response, error) {
				address, err := r.Reverse("song-detail", map[string]string{"pk": "7"})
				return rest.OK(rest.Obj("hello", r.Param("name"), "listen", address)), err
			}},
		}}, "hello")
	})
	defer end()

	fmt.Println(send("GET", "/api/", ""))
	fmt.Println(send("GET", "/api/songs.json", ""))
	fmt.Println(send("GET", "/api/hello/Ann/", ""))
	fmt.Println(send("DELETE", "/api/hello/Ann/", ""))
	// Output:
	// 200 {"songs":"http://example.com/api/songs/"}
	// 200 []
	// 200 {"hello":"Ann","listen":"http://example.com/api/songs/7/"}
	// 405 {"detail":"Method \"DELETE\" not allowed."}
}

// Mistakes in declarations are found when the API is built: all of them, each with its place and the way to mend it.
func ExampleRouter_Build() {
	type Form struct {
		Titel string `json:"titel"`
	}
	db, end := musicDB()
	defer end()
	router := rest.NewRouter(db)
	router.Group("/api/").Register("songs", &rest.ViewSet[Song]{
		Serializer: &rest.ModelSerializer[Song, Form]{}, Lookup: "number", Search: []string{"artist"},
	})
	_, err := router.Build()
	fmt.Println(strings.Count(err.Error(), "\n"), "mistakes")
	fmt.Println(strings.Split(err.Error(), "\n")[1])
	// Output:
	// 3 mistakes
	//   rest_test.Form.Titel: rest_test.Song has no field Titel; name a field, relation or method of the model with source=, or add rest.Computed
}

// Further operations of a resource: on one object, with a form, on the collection.
func ExampleAction() {
	type Cut struct {
		Seconds int64 `json:"seconds" rest:"min=1"`
	}
	type Total struct {
		Songs   int64 `json:"songs"`
		Seconds int64 `json:"seconds"`
	}
	cut, total := &rest.Serializer[Cut]{}, &rest.Serializer[Total]{}
	songs := &rest.ViewSet[Song]{Serializer: rest.Auto[Song](), Permissions: everybody, Actions: []rest.Action[Song]{
		{Name: "double", Handle: rest.Change(func(_ *rest.Request, s *Song) error {
			if s.Seconds > 300 {
				return rest.Conflict("This song is long enough.")
			}
			s.Seconds *= 2
			return nil
		})},
		{Name: "cut", Handle: rest.Receive(cut, cut, func(r *rest.Request, s *Song, in *rest.Input[Cut]) (*Cut, error) {
			s.Seconds -= in.Data.Seconds
			return &Cut{s.Seconds}, r.Save(s)
		})},
		{Name: "total", Handle: rest.OnCollection[Song](http.MethodGet, total, func(r *rest.Request) (*rest.Response, error) {
			var t Total
			err := r.DB().Model(&Song{}).Select("COUNT(*) AS songs, SUM(seconds) AS seconds").Scan(&t).Error
			if err != nil {
				return nil, fmt.Errorf("sum up the songs: %w", err)
			}
			return rest.Answer(r, total, &t)
		})},
		{Name: "long", Handle: rest.Listing[Song](func(_ *rest.Request, q *gorm.DB) (*gorm.DB, error) {
			return q.Where("music_song.seconds >= 300"), nil
		})},
	}}
	send, end := musicAPI(func(api *rest.Group) { api.Register("playlists", playlists()).Register("songs", songs) })
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "Daphne", "seconds": 180}]}`)
	fmt.Println(send("POST", "/api/songs/1/double/", ""))
	fmt.Println(send("POST", "/api/songs/1/double/", ""))
	fmt.Println(send("GET", "/api/songs/long/", ""))
	fmt.Println(send("POST", "/api/songs/1/cut/", `{"seconds": 100}`))
	fmt.Println(send("GET", "/api/songs/total/", ""))
	// Output:
	// 200 {"id":1,"title":"Daphne","seconds":360,"playlist":1}
	// 409 {"detail":"This song is long enough."}
	// 200 [{"id":1,"title":"Daphne","seconds":360,"playlist":1}]
	// 200 {"seconds":260}
	// 200 {"songs":1,"seconds":260}
}

// A rule of one's own, for a view and for single objects, with its own words.
func ExamplePermissionFunc() {
	officeHours := rest.WithMessage(rest.PermissionFunc(func(r *rest.Request) (bool, error) {
		return r.Method() == http.MethodGet || r.Query("hour") == "9", nil
	}), "Come back at nine.", "closed")
	short := rest.ObjectPermission(func(_ *rest.Request, s *Song) (bool, error) { return s.Seconds < 200, nil })
	send, end := musicAPI(func(api *rest.Group) {
		api.Register("songs", &rest.ViewSet[Song]{Serializer: rest.Auto[Song](), Permissions: []rest.Permission{officeHours, short}})
		api.Register("playlists", playlists())
	})
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "Long", "seconds": 999}]}`)
	fmt.Println(send("DELETE", "/api/songs/1/", ""))
	fmt.Println(send("DELETE", "/api/songs/1/?hour=9", ""))
	// Output:
	// 403 {"detail":"Come back at nine."}
	// 403 {"detail":"You do not have permission to perform this action."}
}

// A set of values that must be unique together is checked before it is stored, and answered the same when two requests
// meet in the database.
func ExampleModelSerializer_uniqueTogether() {
	songs := &rest.ModelSerializer[Song, Song]{Name: "Song", UniqueTogether: []orm.Unique{{Fields: []string{"playlist", "title"}}}}
	send, end := musicAPI(func(api *rest.Group) {
		api.Register("playlists", playlists())
		api.Register("songs", &rest.ViewSet[Song]{Serializer: songs, Permissions: everybody})
	})
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "Daphne", "seconds": 180}]}`)
	fmt.Println(send("POST", "/api/songs/", `{"title": "Daphne", "seconds": 1, "playlist": 1}`))
	// Output: 400 {"non_field_errors":["The fields playlist, title must make a unique set."]}
}

// A write of several rows belongs into one transaction: PerformCreate is in that of the request.
func ExampleRequest_Save() {
	songs := &rest.ViewSet[Song]{Serializer: rest.Auto[Song](), Permissions: everybody, PerformCreate: func(r *rest.Request, s *Song) error {
		encore := *s
		encore.Title += " (encore)"
		if err := r.Save(&encore); err != nil {
			return err
		}
		if s.Seconds > 600 {
			return rest.InvalidField("seconds", "The encore would be too long.") // and is not stored
		}
		return r.Save(s)
	}}
	send, end := musicAPI(func(api *rest.Group) { api.Register("playlists", playlists()).Register("songs", songs) })
	defer end()

	send("POST", "/api/playlists/", `{"slug": "swing", "name": "Swing", "songs": [{"title": "Daphne", "seconds": 180}]}`)
	fmt.Println(send("POST", "/api/songs/", `{"title": "Bolero", "seconds": 900, "playlist": 1}`))
	fmt.Println(send("POST", "/api/songs/", `{"title": "Nuages", "seconds": 195, "playlist": 1}`))
	fmt.Println(send("GET", "/api/songs/?ordering=id", ""))
	// Output:
	// 400 {"seconds":["The encore would be too long."]}
	// 201 {"id":3,"title":"Nuages","seconds":195,"playlist":1}
	// 200 [{"id":1,"title":"Daphne","seconds":180,"playlist":1},{"id":2,"title":"Nuages (encore)","seconds":195,"playlist":1},{"id":3,"title":"Nuages","seconds":195,"playlist":1}]
}

// Errors that the application knows become answers in one place.
func ExampleNewError() {
	teapot := rest.NewError(http.StatusTeapot, "teapot", "This is no coffee machine.")
	send, end := musicAPI(func(api *rest.Group) {
		api.Handle("coffee/", &rest.View{Permissions: everybody, Methods: map[string]rest.Endpoint{
			http.MethodPost: {Handle: func(*rest.Request) (*rest.Response, error) {
				return nil, fmt.Errorf("brewing: %w", teapot.WithCause(fmt.Errorf("only the log sees this")))
			}},
		}}, "coffee")
	})
	defer end()
	fmt.Println(send("POST", "/api/coffee/", ""))
	// Output: 418 {"detail":"This is no coffee machine."}
}
