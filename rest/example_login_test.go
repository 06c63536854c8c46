package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/session"
)

// An application serves the login of browsers beside its API; failed attempts are limited.
func ExampleSessionAuthentication_Routes() {
	db, err := orm.Open(context.Background(), orm.Config{URL: "sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	registry, err := orm.NewRegistry(&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &session.Row{})
	if err != nil {
		fmt.Println(err)
		return
	}
	router := rest.NewRouter(rest.Config{DB: db, Registry: registry, Users: &identity.Store{DB: db.Gorm}})
	browser := &rest.SessionAuthentication{
		Sessions: &session.Store{DB: db.Gorm, Secret: "the application's secret key"},
		CSRF:     session.CSRF{TrustedOrigins: []string{"https://app.example"}},
	}
	browser.Routes(router.Group("/api-auth/"), rest.LoginOptions{
		Next: "/api/", Throttles: []rest.Throttle{rest.LoginThrottle{Rate: "10/min"}},
	})
	api, err := router.Build()
	if err != nil {
		fmt.Println(err)
		return
	}
	e, w := echo.New(), httptest.NewRecorder()
	api.Mount(e)
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api-auth/login/", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"), w.Result().Cookies()[0].Name)
	// Output: 200 text/html; charset=utf-8 csrftoken
}
