package resttest

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// Config is what package rest needs to serve models from a test database: accounts whose passwords cost nothing, HTTP
// Basic authentication, uploads in a folder that goes with the test, nothing logged. Change it before it goes to
// rest.NewRouter.
func Config(tb testing.TB, db *orm.DB, registry *orm.Registry) rest.Config {
	tb.Helper()
	return rest.Config{
		DB: db, Registry: registry, Users: identitytest.Store(db.Gorm), Logger: slog.New(slog.DiscardHandler),
		Authenticators: []rest.Authenticator{rest.BasicAuthentication{}}, Storage: rest.DirStorage{Dir: tb.TempDir()},
	}
}

// Serve builds a router and serves it as an http.Handler, without the middleware of an application (see
// quintet.App.Handler for the whole). Mistakes in the declarations end the test with all of them.
func Serve(tb testing.TB, router *rest.Router) http.Handler {
	tb.Helper()
	api, err := router.Build()
	if err != nil {
		tb.Fatal(err)
	}
	e := echo.New()
	api.Mount(e)
	return e
}
