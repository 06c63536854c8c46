// Package testserver starts the recorded API, shop and kitchen, on a database in the fixture state, and puts it back to that
// state whenever it is asked to: by [Server.Reset] or by POST to [ResetPath]. It is for tests only; its database has no
// secrets and is emptied without a question.
//
// A reset works below the running application, whose connections stay open: on SQLite by the backup interface into the open
// file, on PostgreSQL by writing anew the tables that have changed. Both take a few milliseconds.
package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ResetPath is where POST restores the fixture state.
const ResetPath = "/__reset__"

// Options say where to serve what. The zero value is a SQLite file of its own on a free port of 127.0.0.1.
type Options struct {
	// DatabaseURL is "sqlite:PATH" or "postgres://…". The database must be empty or hold what this package has put there.
	// Default: a file that is removed by Close.
	DatabaseURL string
	// Port on 127.0.0.1; 0 means any free one.
	Port int
	// Log takes what the application logs. Default: nowhere.
	Log io.Writer
	// Build makes the application. Default: shop and kitchen.
	Build Builder
}

// Builder makes an application on a database and a media folder that are in the fixture state.
type Builder func(ctx context.Context, e Environment) (*Application, error)

// Environment is what an application is built for.
type Environment struct {
	DatabaseURL string
	MediaDir    string
	SecretKey   string // signs tokens, sessions and everything else in the recordings
	Log         io.Writer
}

// Application is what a Builder makes.
type Application struct {
	Handler http.Handler
	// Forget drops what is kept in memory, such as the counts of throttles; nil when there is nothing.
	Forget func()
	// Close gives back the connections; nil when there are none.
	Close func() error
}

// database can be put back to the fixture state below an application that is connected to it.
type database interface {
	restore(ctx context.Context) error
	close() error
}

// Server is a running server. Its methods are safe for concurrent use.
type Server struct {
	// URL is the address without a slash at its end.
	URL string

	app      *Application
	database database
	media    string
	dir      string // temporary files
	http     *http.Server
	served   chan error

	// requests are read locks; a reset waits for those in flight and holds up those that come.
	requests sync.RWMutex
	closing  sync.Once
}

// Start prepares the database and serves until Close. The context is for the start only.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{served: make(chan error, 1)}
	if err := s.start(ctx, o.withDefaults()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Build == nil {
		o.Build = build
	}
	return o
}

func (s *Server) start(ctx context.Context, o Options) (err error) {
	if s.dir, err = os.MkdirTemp("", "quintet-conformance-"); err != nil {
		return err
	}
	if o.DatabaseURL == "" {
		o.DatabaseURL = "sqlite:" + filepath.Join(s.dir, "shop.sqlite3")
	}
	if s.database, err = openDatabase(ctx, o.DatabaseURL, s.dir); err != nil {
		return fmt.Errorf("fixture database: %w", err)
	}
	s.media = filepath.Join(s.dir, "media")
	if err := restoreMedia(s.media); err != nil {
		return fmt.Errorf("fixture media: %w", err)
	}
	secret, err := secretKey()
	if err != nil {
		return err
	}
	s.app, err = o.Build(ctx, Environment{DatabaseURL: o.DatabaseURL, MediaDir: s.media, SecretKey: secret, Log: o.Log})
	if err != nil {
		return fmt.Errorf("application: %w", err)
	}
	return s.serve(ctx, o.Port)
}

// openDatabase fills a database and prepares its resets.
func openDatabase(ctx context.Context, url, dir string) (database, error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return openPostgres(ctx, url)
	}
	return openSQLite(ctx, url, filepath.Join(dir, "template.sqlite3"))
}

// serve listens and answers in the background.
func (s *Server) serve(ctx context.Context, port int) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	s.URL = "http://" + ln.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { s.served <- s.http.Serve(ln) }()
	return nil
}

// ServeHTTP answers ResetPath itself and passes everything else to the application.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == ResetPath {
		s.serveReset(w, r)
		return
	}
	s.requests.RLock()
	defer s.requests.RUnlock()
	s.app.Handler.ServeHTTP(w, r)
}

func (s *Server) serveReset(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if err := s.Reset(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "ok") // nobody to tell
}

// Reset puts database, media and memory back to the fixture state, after the requests in flight have ended. After an error
// the state is unknown; another Reset may mend it.
func (s *Server) Reset(ctx context.Context) error {
	s.requests.Lock()
	defer s.requests.Unlock()
	if err := s.database.restore(ctx); err != nil {
		return fmt.Errorf("reset of the database: %w", err)
	}
	if err := restoreMedia(s.media); err != nil {
		return fmt.Errorf("reset of the media folder: %w", err)
	}
	if s.app.Forget != nil {
		s.app.Forget()
	}
	return nil
}

// Close stops the server, cutting requests in flight, and removes its files. A database that was given keeps the fixture.
// Only the first call does something.
func (s *Server) Close() error {
	var errs []error
	s.closing.Do(func() {
		if s.http != nil {
			errs = append(errs, s.http.Close())
			if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
				errs = append(errs, err)
			}
		}
		if s.app != nil && s.app.Close != nil {
			errs = append(errs, s.app.Close())
		}
		if s.database != nil {
			errs = append(errs, s.database.close())
		}
		if s.dir != "" {
			errs = append(errs, os.RemoveAll(s.dir))
		}
	})
	return errors.Join(errs...)
}
