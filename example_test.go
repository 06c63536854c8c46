package quintet_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet"
)

// An application is a value; its Command is the program.
func ExampleApp_Command() {
	app := quintet.New(quintet.Options{Name: "shop", Version: "1.0.0"})
	for _, command := range app.Command().Commands() {
		fmt.Println(command.Name())
	}
	// Output:
	// changepassword
	// check
	// createsuperuser
	// dumpdata
	// healthcheck
	// inspectdb
	// loaddata
	// makemigrations
	// migrate
	// openapi
	// serve
	// showmigrations
	// sqlmigrate
	// transfer
	// version
}

// Mistakes are reported all at once, each with what to write instead.
func ExampleLoadConfig() {
	_, err := quintet.LoadConfig([]string{"QUINTET_ADRR=:80", "QUINTET_LOG_FORMAT=xml"})
	fmt.Println(err)
	// Output:
	// the configuration has mistakes:
	//   QUINTET_ADRR: there is no such variable; did you mean QUINTET_ADDR?
	//   QUINTET_LOG_FORMAT: "xml" is unknown; write text or json
}

// The whole server is a handler: tests need no port.
func ExampleApp_Handler() {
	app := quintet.New(quintet.Options{
		Echo: func(e *echo.Echo, _ *quintet.App) error {
			e.GET("/hello", func(c echo.Context) error { return c.String(http.StatusOK, "hello") })
			return nil
		},
	})
	config, err := quintet.LoadConfig([]string{"DATABASE_URL=sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := app.Open(context.Background(), config, io.Discard); err != nil {
		fmt.Println(err)
		return
	}
	defer app.Close()
	h, err := app.Handler()
	if err != nil {
		fmt.Println(err)
		return
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "http://localhost/hello", nil)
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body, w.Header().Get("X-Frame-Options"))
	// Output: 200 hello DENY
}

// A program's main function needs no more than this.
func ExampleApp_Main() {
	app := quintet.New(quintet.Options{Name: "shop", Environ: []string{"QUINTET_ENV=production"}})
	if len(os.Args) == 0 { // never here: serving would not end
		os.Exit(app.Main())
	}
}
