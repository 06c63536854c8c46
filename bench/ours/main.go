// Command ours is the benchmark's own server: the models and answers of bench/peers/drf declared on the framework.
//
//	DATABASE_URL=postgres://… go run ./bench/ours -addr 127.0.0.1:7001 [migrate|check|…]
//
// It takes the commands and the environment of every application (docs/configuration.md); the signing key is that of the
// other peers unless QUINTET_SECRET_KEY is set. BENCH_PPROF is an address of its own for net/http/pprof.
package main

import (
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof" // on BENCH_PPROF alone: the application serves its own handler
	"os"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/rest"
)

// pageSize is PAGE_SIZE of all peers, secretKey the key that all of them sign with.
const (
	pageSize  = 25
	secretKey = "bench-secret-key-bench-secret-key-0123456789"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7001", "`address` to listen on")
	flag.Parse()
	if profiler := os.Getenv("BENCH_PPROF"); profiler != "" {
		go func() { log.Print(http.ListenAndServe(profiler, nil)) }()
	}
	environ := append(append(defaults(), os.Environ()...), "QUINTET_ADDR="+*addr)
	cmd := quintet.New(options(environ)).Command()
	cmd.SetArgs(flag.Args())
	if cmd.Execute() != nil {
		os.Exit(1)
	}
}

// defaults are the settings of a production server that is called by its address and, like the other peers, logs no
// requests.
func defaults() []string {
	return []string{
		"QUINTET_ENV=production", "QUINTET_SECRET_KEY=" + secretKey, "QUINTET_ALLOWED_HOSTS=127.0.0.1", "QUINTET_LOG_LEVEL=warn",
	}
}

// options declare the application, on the shop's tables.
func options(environ []string) quintet.Options {
	return quintet.Options{
		Name: "ours", Models: allModels(), Migrations: migrations.Files(), Steps: []migrate.Step{withIndex},
		Rest: restDefaults, Routes: routes, Environ: environ,
	}
}

// restDefaults are web tokens and pages of 25, the settings of the DRF peer.
func restDefaults(c *rest.Config, app *quintet.App) error {
	tokens, err := jwtauth.New(jwtauth.Config{SigningKey: string(app.Config().SecretKey), Now: app.Now}, app.DB().Gorm, app.Users())
	if err != nil {
		return err
	}
	c.Authenticators = []rest.Authenticator{jwtauth.Authenticator{Tokens: tokens}}
	c.Renderers = []rest.Renderer{rest.JSONRenderer{}}
	c.Pagination = rest.PageNumber{Size: pageSize}
	return nil
}

func routes(r *rest.Router, _ *quintet.App) error {
	r.Group("/api/").
		Register("products", products(), "product").
		Register("secure-products", secureProducts(), "secure-product").
		Register("cursor-products", cursorProducts(), "cursor-product").
		Register("uncounted-products", uncountedProducts(), "uncounted-product").
		Register("orders", orders(), "order")
	return nil
}
