package rest_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

// TestStatementsOfEveryShape: each relation to many costs one statement for all rows, those to one cost nothing.
func TestStatementsOfEveryShape(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := festival(t, db)
		for path, want := range map[string]int64{
			"/countries/":         1,
			"/gigs/":              1,
			"/artists/":           3, // rows, influences, genres
			"/tree/":              3, // rows, halls, gigs of halls; the count is a column
			"/profiles/":          7, // rows, pupils, influences, influenced, genres, gigs, tickets of gigs
			"/profiles/$A/":       7,
			"/bookings/":          2, // rows, tickets
			"/shown/":             1,
			"/shown-gigs/":        1,
			"/shown-countries/":   2, // rows, venues
			"/deep1/1/":           3, // row, influences and genres of its artist
			"/program/":           2, // rows, tickets
			"/pages/":             3, // count, rows, tickets
			"/pages/?search=uma":  3,
			"/cursors/":           2,
			"/links/":             3, // rows, genres, gigs; the passport is joined
			"/gigs/99/":           1,
			"/pages/?page=99":     2, // count and rows go together
			"/program/?artist=$D": 3, // the artist that was asked for, rows, tickets
		} {
			if a := c.Get(longKeys.Replace(path)); a.Statements > want || a.Statements == 0 {
				t.Errorf("%s: %d statements, want at most %d", path, a.Statements, want)
			}
		}
	})
}

// afterwards is a resource whose hooks fail after everything was written.
func afterwards(s rest.Serializable[artist], done *[]string) *rest.ViewSet[artist] {
	fail := func(r *rest.Request, a *artist) error {
		orm.OnCommit(r.DB(), func() { *done = append(*done, r.Action()+" "+a.Name) })
		switch {
		case r.QueryHas("denied"):
			return rest.ErrDenied
		case r.QueryHas("invalid"):
			return rest.InvalidField("genres", "Not these.")
		case r.QueryHas("broken"):
			return errors.New("secret")
		case r.QueryHas("panic"):
			panic("secret")
		case r.QueryHas("inner"): // what a savepoint undid is not undone twice
			err := r.Atomic(func() error {
				a.Name = "Nobody"
				return errors.Join(r.Save(a), errors.New("undo this"))
			})
			a.Name = fmt.Sprint("after ", err != nil)
			return r.Save(a)
		}
		return nil
	}
	return &rest.ViewSet[artist]{
		Serializer: s, BulkCreate: true,
		PerformCreate:  func(r *rest.Request, a *artist) error { return errors.Join(r.Save(a), fail(r, a)) },
		PerformUpdate:  func(r *rest.Request, a *artist) error { return errors.Join(r.Save(a), fail(r, a)) },
		PerformDestroy: func(r *rest.Request, a *artist) error { return errors.Join(r.Delete(a), fail(r, a)) },
		Actions: []rest.Action[artist]{{Name: "rename", Handle: rest.Change(func(r *rest.Request, a *artist) error {
			a.Name = "Renamed"
			return errors.Join(r.Save(a), fail(r, a))
		})}},
	}
}

// TestWhatFailsLeavesNothing: rows, pairs of relations, rows that go along and what waits for the commit.
func TestWhatFailsLeavesNothing(t *testing.T) {
	const whole = `{"id":"00000000-0000-4000-8000-0000000000f1","name":"New","genres":["blues"],"influences":["$A","$B"]}`
	answers := map[string]string{
		"denied":  `403 {"detail":"You do not have permission to perform this action."}`,
		"invalid": `400 {"genres":["Not these."]}`,
		"broken":  `500 {"detail":"A server error occurred."}`,
		"panic":   `500 {"detail":"A server error occurred."}`,
	}
	writes := []struct{ method, path, body string }{
		{"POST", "/after/", whole},
		{"POST", "/after/", "[" + whole + "," + `{"name":"Other","genres":["drone"]}]`},
		{"PUT", "/after/$B/", `{"name":"Changed","country":null,"mentor":null,"genres":[],"influences":["$C"]}`},
		{"PATCH", "/after/$B/", `{"genres":["blues"]}`},
		{"POST", "/after/$B/rename/", ``},
		{"DELETE", "/after/$A/", ``},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		var done []string
		c := serve(t, db, festivalModels(), func(g *rest.Group) {
			festivalRoutes(g)
			g.Register("after", afterwards(&rest.ModelSerializer[artist, namesData]{Name: "After"}, &done), "after")
		})
		resttest.LoadData(t, db, resttest.Registry(t, festivalModels()...), "testdata/festival.json")
		before := festivalState(c)
		for how, want := range answers {
			for _, w := range writes {
				got := c.Do(w.method, longKeys.Replace(w.path)+"?"+how, longKeys.Replace(w.body)).String()
				if got != want {
					t.Errorf("%s %s?%s\n got %s\nwant %s", w.method, w.path, how, got, want)
				}
				if diff := cmp.Diff(before, festivalState(c)); diff != "" {
					t.Fatalf("%s %s?%s (-before +after)\n%s", w.method, w.path, how, diff)
				}
			}
		}
		if len(done) > 0 {
			t.Errorf("done without a commit: %q", done)
		}
		say(t, c.Patch(longKeys.Replace("/after/$C/?inner"), `{"genres":["waltz"]}`),
			longKeys.Replace(`200 {"id":"$C","name":"after true","country":null,"mentor":"$B","genres":["waltz"],"influences":["$A"]}`))
		for _, w := range writes[2:] { // with nothing in the way each is done
			if a := c.Do(w.method, longKeys.Replace(w.path), longKeys.Replace(w.body)); a.Status >= 300 {
				t.Errorf("%s %s: %s", w.method, w.path, a)
			}
		}
		if a := c.Post("/after/", `[{"name":"One"},{"name":"Two"}]`); a.Status != 201 || len(a.List()) != 2 {
			t.Error(a)
		}
		want := []string{"partial_update after true", "update Changed", "partial_update Changed", "rename Renamed", "destroy Amadou", "create One", "create Two"}
		if diff := cmp.Diff(want, done); diff != "" {
			t.Errorf("done after the commits (-want +got)\n%s", diff)
		}
	})
}

// festivalState is all that is stored, as it is shown.
func festivalState(c *resttest.Client) (state []string) {
	for _, path := range []string{"/artists/", "/passports/", "/gigs/", "/tickets/", "/profiles/"} {
		state = append(state, c.Get(path).Text())
	}
	return state
}
