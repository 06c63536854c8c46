// Package router is the shop's map of addresses and its choice of the framework's defaults.
package router

import (
	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/apidocs"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/internal/viewsets"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/rest"
)

// Shop declares the reference application.
func Shop() quintet.Options {
	s := &shop{}
	return quintet.Options{
		Name:       "server",
		Models:     models.All(),
		Migrations: migrations.Files(),
		Demo:       migrations.Files(),
		Rest:       s.defaults,
		Routes:     s.routes,
		Links:      []string{"/api/", "/api/docs/", "/api/schema/"},
		Document: rest.DocumentInfo{
			Title: "Shop", Version: "1.0.0",
			Description: "A shop: its catalogue, reviews and orders.\n\nLog in at `/api/token/` and send the access token with every request: `Authorization: Bearer …`.",
			Contact:     rest.Contact{Name: "Quintet", URL: "https://github.com/quintet-go/quintet"},
			License:     rest.License{Name: "BSD-3-Clause", URL: "https://opensource.org/license/bsd-3-clause"},
			Tags:        map[string]string{"session": "Browser sessions.", "token": "JSON web tokens."},
		},
	}
}

// shop is what the defaults and the routes share.
type shop struct {
	tokens *jwtauth.Service
}

// defaults are those of every resource: web tokens, then browser sessions; pages of 20.
func (s *shop) defaults(c *rest.Config, app *quintet.App) (err error) {
	config := app.Config()
	s.tokens, err = jwtauth.New(jwtauth.Config{
		SigningKey: string(config.SecretKey), AccessLifetime: config.AccessTokenLifetime,
		RefreshLifetime: config.RefreshTokenLifetime, Rotate: true, BlacklistAfterRotation: true, UpdateLastLogin: true,
		LoginThrottles: config.LoginThrottles(), Now: app.Now,
	}, app.DB().Gorm, app.Users())
	if err != nil {
		return err
	}
	c.Authenticators = []rest.Authenticator{jwtauth.Authenticator{Tokens: s.tokens}, app.SessionAuthentication()}
	c.Pagination = rest.PageNumber{Size: 20, SizeParam: "page_size", MaxSize: 100}
	return nil
}

// routes serves the shop under /api/ and the login of browsers under /api-auth/.
func (s *shop) routes(r *rest.Router, app *quintet.App) error {
	api := r.Group("/api/").Root(&rest.View{
		Name: "Api Root", Doc: "The addresses of the collections.", Permissions: []rest.Permission{rest.AllowAny},
	})
	s.tokens.Routes(api, "token/")
	api.Handle("schema/", rest.SchemaView(app.DocumentInfo()), "schema")
	apidocs.Routes(api, "docs/", app.DocumentInfo())
	api.Register("categories", viewsets.Categories())
	api.Register("tags", viewsets.Tags())
	api.Register("products", viewsets.Products())
	api.Register("reviews", viewsets.Reviews())
	api.Register("orders", viewsets.Orders(), "order")
	api.Register("users", viewsets.Users(s.tokens, app.SessionAuthentication()))
	api.Register("groups", viewsets.Groups())
	api.Register("permissions", viewsets.Permissions())
	app.SessionAuthentication().Routes(r.Group("/api-auth/").Namespace("rest_framework"), rest.LoginOptions{
		Next: "/api/", Throttles: app.Config().LoginThrottles(),
	})
	return nil
}
