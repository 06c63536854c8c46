// Package quintet runs an application: its configuration, its commands and its HTTP server.
//
// An application is a value. It names its models, its migrations and its routes; everything else has a default:
//
//	func main() {
//		app := quintet.New(quintet.Options{
//			Name:       "shop",
//			Models:     models.All(),
//			Migrations: migrations.Files,
//			Routes:     router.Routes,
//		})
//		os.Exit(app.Main())
//	}
//
// The program made of it serves when it is called without arguments, on SQLite and with a first administrator when nothing
// is configured, on PostgreSQL with DATABASE_URL=postgres://…; its other commands migrate, load and dump data, make accounts
// and write the API's document. [Config] lists what can be set from outside.
package quintet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/session"
)

// Options declare an application. Models, Migrations and Routes are what most have; the zero value of every other field
// means the default that is given.
type Options struct {
	// Name of the program in help texts and at start-up. Default "server".
	Name string
	// Version of the program. Default: the version of the main module that the binary was built from.
	Version string

	// Models of the application. Those of packages identity and session are always there; naming them here gives them
	// their place in the order, which is that of dumps and of new permissions.
	Models []any
	// Migrations holds the folders sqlite and postgres with the SQL steps of package migrate, and state, with the schemas that
	// they lead to.
	Migrations fs.FS
	// Steps are migrations in Go beside those of Migrations.
	Steps []migrate.Step
	// Demo holds what a first start may fill an empty database with: every *.json at its root is loaded as a fixture, in
	// the order of names, and what is below media/ is copied into the media folder. Default: nothing.
	Demo fs.FS

	// Rest changes the framework's defaults (renderers, authenticators, pagination, …) before Routes is called.
	Rest func(*rest.Config, *App) error
	// Routes registers the application's resources.
	Routes func(*rest.Router, *App) error
	// Document is what the OpenAPI document says of the API as a whole. Default title: Name.
	Document rest.DocumentInfo
	// Echo adds plain Echo handlers and middleware, after the routes.
	Echo func(*echo.Echo, *App) error
	// Links are paths that are printed at start-up as full addresses. Default "/api/".
	Links []string

	// Environ is what the configuration is read from, as "NAME=value". Default: os.Environ.
	Environ []string
}

// App is an application that can be run. Make it with New, then either run its Command, or Open it and take its Handler.
// Its methods are safe for concurrent use once Open has returned.
type App struct {
	options Options
	config  Config
	log     *slog.Logger

	fresh    bool // the SQLite file was made just now
	registry *orm.Registry
	db       *orm.DB
	users    *identity.Store
	sessions *session.Store
	browser  *rest.SessionAuthentication
	api      *rest.API

	ready    *readiness
	draining atomic.Bool

	background sync.WaitGroup
	closeDB    sync.Once
	life       context.Context // ends when the application is closed
	end        context.CancelFunc
}

// closeTimeout is how long Close waits.
const closeTimeout = 5 * time.Second

// New makes an application of its declaration. Nothing is opened or checked yet.
func New(o Options) *App {
	if o.Name == "" {
		o.Name = "server"
	}
	if o.Version == "" {
		o.Version = builtVersion()
	}
	if o.Links == nil {
		o.Links = []string{"/api/"}
	}
	a := &App{options: o, log: slog.Default()}
	a.life, a.end = context.WithCancel(context.Background())
	return a
}

// Open checks the models and connects to the database as c says; logs go to w from here on. It does not migrate.
// An App is opened once.
func (a *App) Open(ctx context.Context, c Config, w io.Writer) error {
	if err := c.Validate(); err != nil {
		return err
	}
	a.config, a.log = c, newLogger(w, c)
	if path := c.sqlitePath(); path != "" {
		size, err := checkWritable(path)
		if err != nil {
			return err
		}
		a.fresh = size == 0
	}
	if err := a.fillSecretKey(); err != nil {
		return err
	}
	registry, err := orm.NewRegistry(a.models()...)
	if err != nil {
		return fmt.Errorf("models: %w", err)
	}
	db, err := a.openDatabase(ctx, string(c.DatabaseURL), c.replicas()...)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	a.registry, a.db = registry, db
	a.users = &identity.Store{DB: db.Gorm, Now: a.Now, CacheFor: c.AccountCache}
	a.sessions = &session.Store{
		DB: db.Gorm, Secret: string(a.config.SecretKey), Now: a.Now, Logger: a.log, Secure: c.secureCookies(),
	}
	a.browser = &rest.SessionAuthentication{
		Sessions: a.sessions,
		CSRF:     session.CSRF{TrustedOrigins: c.TrustedOrigins, Secure: c.secureCookies()},
	}
	a.ready = &readiness{ping: db.Ping}
	return nil
}

// Close ends the background work that Go started, waits for it, and closes the database. A handler that still holds a
// connection is waited for at most closeTimeout. Close may be called more than once.
func (a *App) Close() {
	a.end()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		a.background.Wait()
		a.closeDB.Do(func() {
			if a.db != nil {
				a.db.Close()
			}
		})
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		a.log.Warn("closed while work was going on", "waited", closeTimeout)
	}
}

// Config is what the application was opened with, the secret key filled in.
func (a *App) Config() Config { return a.config }

// DB is the open database; nil before Open.
func (a *App) DB() *orm.DB { return a.db }

// Registry holds the checked models; nil before Open.
func (a *App) Registry() *orm.Registry { return a.registry }

// Users is the store of accounts; nil before Open.
func (a *App) Users() *identity.Store { return a.users }

// Sessions is the store of browser sessions; nil before Open.
func (a *App) Sessions() *session.Store { return a.sessions }

// SessionAuthentication is the one that all views of the application share: it also logs in and out. It trusts
// Config.TrustedOrigins. Nil before Open.
func (a *App) SessionAuthentication() *rest.SessionAuthentication { return a.browser }

// Logger writes structured logs; inside of a request it adds the request's id to what is logged with its context.
func (a *App) Logger() *slog.Logger { return a.log }

// Now is the time, shifted by QUINTET_CLOCK_OFFSET. Use it for what is stored or compared with stored times, and
// time.Now for measuring.
func (a *App) Now() time.Time { return time.Now().Add(a.config.ClockOffset) }

// Go runs f in the background until it returns; its context ends when the application is closed, which waits for it.
// A panic in f is logged and ends f, not the process.
func (a *App) Go(name string, f func(ctx context.Context)) {
	a.background.Go(func() {
		defer func() {
			if cause := recover(); cause != nil {
				a.log.Error("panic in the background", "task", name, "panic", cause, "stack", string(debug.Stack()))
			}
		}()
		f(a.life)
	})
}

// Handler compiles the routes and returns the whole server as a handler: what Command serves. All mistakes in the
// declarations are returned together. The App must be open.
func (a *App) Handler() (http.Handler, error) {
	e := a.newEcho()
	if err := a.compile(); err != nil {
		return nil, err
	}
	a.api.Mount(e)
	if a.options.Echo != nil {
		if err := a.options.Echo(e, a); err != nil {
			return nil, err
		}
	}
	return chain(e, a.record, a.proxies, a.health, a.hosts, a.cors, a.limits, a.media), nil
}

// API is the compiled API; nil before Handler.
func (a *App) API() *rest.API { return a.api }

// DocumentInfo is what the OpenAPI document says of the API as a whole; give it to rest.SchemaView.
func (a *App) DocumentInfo() rest.DocumentInfo {
	info := a.options.Document
	if info.Title == "" {
		info.Title = a.options.Name
	}
	return info
}

// compile builds the API of the declared routes.
func (a *App) compile() error {
	config := a.restConfig()
	if a.options.Rest != nil {
		if err := a.options.Rest(&config, a); err != nil {
			return err
		}
	}
	router := rest.NewRouter(config)
	if a.options.Routes != nil {
		if err := a.options.Routes(router, a); err != nil {
			return err
		}
	}
	a.profiles(router)
	api, err := router.Build()
	if err != nil {
		return err
	}
	a.api = api
	return nil
}

// models are the application's, after those that every application has and this one does not name itself.
func (a *App) models() []any {
	var all []any
	for _, own := range []any{
		&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &session.Row{}, &identity.Token{},
	} {
		sameType := func(m any) bool { return reflect.TypeOf(m) == reflect.TypeOf(own) }
		if !slices.ContainsFunc(a.options.Models, sameType) {
			all = append(all, own)
		}
	}
	return append(all, a.options.Models...)
}

// restConfig is what the configuration says about the API.
func (a *App) restConfig() rest.Config {
	return rest.Config{
		DB: a.db, Registry: a.registry, Users: a.users,
		Authenticators: []rest.Authenticator{a.browser, a.config.BasicAuthentication()},
		Now:            a.Now, Logger: a.log, MediaURL: a.config.MediaURL,
		Storage: rest.DirStorage{Dir: a.config.MediaDir},
		MaxBody: int64(a.config.MaxBody), MaxUpload: int64(a.config.MaxUpload),
		NumProxies:  1,  // the middleware proxies leaves one address in X-Forwarded-For, and only of trusted proxies
		RequestTime: -1, // the middleware record bounds every request, the API's too
	}
}

// openDatabase opens a database, and its replicas, with the limits of the configuration.
func (a *App) openDatabase(ctx context.Context, url string, replicas ...string) (*orm.DB, error) {
	c := a.config
	return orm.Open(ctx, orm.Config{URL: url, Replicas: replicas, MaxConns: c.DBConns, QueryTimeout: c.DBTimeout, Logger: a.log})
}

// fillSecretKey takes the key that is kept beside the SQLite file when none is configured. A database in memory gets a
// key for as long as it lives.
func (a *App) fillSecretKey() error {
	if a.config.SecretKey != "" {
		return nil
	}
	path := a.config.sqlitePath()
	if path == "" {
		a.config.SecretKey = Secret(newKey())
		return nil
	}
	key, err := keepKey(path + ".key")
	a.config.SecretKey = key
	return err
}

// sqlitePath is the file of a SQLite database; empty for PostgreSQL and for databases in memory.
func (c Config) sqlitePath() string {
	if !c.SQLite() {
		return ""
	}
	path := string(c.DatabaseURL)
	for _, prefix := range []string{"sqlite:", "file:"} {
		path = strings.TrimPrefix(path, prefix)
	}
	path, query, _ := strings.Cut(path, "?")
	if after, ok := strings.CutPrefix(path, "//"); ok { // sqlite:///absolute, sqlite://relative
		path = after
	}
	if strings.Contains(path, ":memory:") || strings.Contains(query, "mode=memory") {
		return ""
	}
	return path
}

// checkWritable finds out before SQLite does whether the file can be written, and says it in plain words. It makes the file
// for its owner only, and returns its size. A file that stands is not opened: closing it would give up the locks that this
// process has on it, and another program could write into what is being written.
func checkWritable(path string) (int64, error) {
	size, err := int64(0), createFile(path)
	if errors.Is(err, fs.ErrExist) {
		size, err = sizeOfWritable(path)
	}
	if err != nil {
		return 0, fmt.Errorf("the database file %s cannot be written: %w; make its folder and give it to the user that runs this program, or set DATABASE_URL", path, cause(err))
	}
	return size, nil
}

// createFile makes an empty file; fs.ErrExist says that there is one.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func sizeOfWritable(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, err
	case info.IsDir():
		return 0, syscall.EISDIR
	}
	return info.Size(), mayWrite(path)
}

// cause leaves out the operation and the path that an error of package os repeats.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func dirOf(path string) string { return filepath.Dir(path) }

// builtVersion is the version of the main module, or its revision.
func builtVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown)"
	}
	return info.Main.Version
}
