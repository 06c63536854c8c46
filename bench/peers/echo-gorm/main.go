// Command echo-gorm is the peer that most Go teams would write: Echo, GORM with Preload, encoding/json, golang-jwt and
// validator.
//
//	DATABASE_URL=postgres://… echo-gorm -addr 127.0.0.1:7401      (or sqlite:path)
package main

import (
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof" // on BENCH_PPROF alone
	"os"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v4"
	"gorm.io/driver/postgres"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7401", "`address` to listen on")
	conns := flag.Int("conns", 8, "most `connections` to the database")
	flag.Parse()
	db, err := open(os.Getenv("DATABASE_URL"), *conns)
	if err != nil {
		log.Fatal(err)
	}
	e, err := routes(&app{db})
	if err != nil {
		log.Fatal(err)
	}
	if profiler := os.Getenv("BENCH_PPROF"); profiler != "" {
		go func() { log.Print(http.ListenAndServe(profiler, nil)) }()
	}
	log.Fatal(e.Start(*addr))
}

// app is what the handlers share.
type app struct{ db *gorm.DB }

// open connects to postgres://… or sqlite:path.
func open(url string, conns int) (*gorm.DB, error) {
	dialect := postgres.Open(url)
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		dialect = sqlite.Open("file:" + path + "?_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_txlock=immediate&_cache_size=-65536")
	}
	db, err := gorm.Open(dialect, &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return db, nil
}

func routes(a *app) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	rules, err := newRules()
	if err != nil {
		return nil, err
	}
	e.Validator = rules
	g := e.Group("/api")
	g.GET("/products/", a.list)
	g.GET("/products/:id/", a.detail)
	g.GET("/secure-products/", a.list, a.require("view_product", "catalog"))
	g.GET("/cursor-products/", a.cursor)
	g.POST("/products/", a.create, a.require("add_product", "catalog"))
	g.POST("/orders/", a.order, a.require("add_order", "orders"))
	return e, nil
}

// rules makes validator Echo's.
type rules struct{ v *validator.Validate }

// Validate implements echo.Validator.
func (r rules) Validate(value any) error { return r.v.Struct(value) }

func newRules() (rules, error) {
	v := validator.New()
	for name, pattern := range map[string]string{"sku": `^[A-Z0-9][A-Z0-9-]*$`, "slug": `^[-a-zA-Z0-9_]+$`} {
		expr := regexp.MustCompile(pattern)
		err := v.RegisterValidation(name, func(f validator.FieldLevel) bool { return expr.MatchString(f.Field().String()) })
		if err != nil {
			return rules{}, err
		}
	}
	return rules{v}, nil
}
