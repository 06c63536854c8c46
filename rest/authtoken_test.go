package rest_test

import (
	"net/http"
	"testing"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

func TestObtainAuthToken(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		var users *identity.Store
		c := serve(t, db, nil, func(g *rest.Group) { g.Handle("token/", rest.ObtainAuthToken(), "") }, func(c *rest.Config) { users = c.Users })
		if _, err := users.CreateUser(t.Context(), identity.NewUser{Username: "ann", Password: " pass word "}); err != nil {
			t.Fatal(err)
		}
		first := c.Post("/token/", `{"username":"ann","password":" pass word "}`)
		key, _ := first.Field("token").(string)
		if first.Status != http.StatusOK || len(key) != 40 {
			t.Fatalf("%s", first)
		}
		again := resttest.Text{Type: "application/x-www-form-urlencoded", Text: "username=ann&password=+pass+word+"}
		say(t, c.Post("/token/", again), `200 {"token":"`+key+`"}`)
		say(t, c.Post("/token/", `{"username":"ann","password":"pass word"}`), `400 {"non_field_errors":["Unable to log in with provided credentials."]}`)
		say(t, c.Post("/token/", `{}`), `400 {"username":["This field is required."],"password":["This field is required."]}`)
		say(t, c.Get("/token/"), `405 {"detail":"Method \"GET\" not allowed."}`)
	})
}
