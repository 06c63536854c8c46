package ormtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL server on which databases may be created.
type server struct {
	admin url.URL   // of a superuser
	alive io.Closer // closed, by the garbage collector too, it stops the server; nil for one of others
}

// sharedServer starts the one server of this process.
var sharedServer = sync.OnceValues(newServer)

func newServer() (*server, error) {
	given := os.Getenv("QUINTET_TEST_POSTGRES")
	if given == "" {
		return startServer()
	}
	admin, err := url.Parse(given)
	if err != nil {
		return nil, errors.New("QUINTET_TEST_POSTGRES is no URL; give postgres://user:password@host:5432/postgres")
	}
	return &server{admin: *admin}, nil
}

// errNotInstalled says what is missing.
var errNotInstalled = errors.New(`PostgreSQL is not installed, so nothing was tested on it.
Install it (Debian, Ubuntu: apt-get install postgresql; Fedora: dnf install postgresql-server; macOS: brew install postgresql),
or set QUINTET_POSTGRES_BIN to the folder of initdb, or QUINTET_TEST_POSTGRES to the URL of a superuser.
QUINTET_REQUIRE_POSTGRES=1 makes this a failure`)

// serverFor is the shared server; the test is skipped or failed when there is none.
func serverFor(tb testing.TB) *server {
	tb.Helper()
	s, err := sharedServer()
	report(tb, err)
	return s
}

// report ends a test that has no server.
func report(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, errNotInstalled) && os.Getenv("QUINTET_REQUIRE_POSTGRES") != "1" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// database is the URL of a database on the server.
func (s *server) database(name string) string {
	u := s.admin
	u.Path = "/" + name
	return u.String()
}

// create makes a database with a name of its own.
func (s *server) create(ctx context.Context, template string) (name string, err error) {
	name = fmt.Sprintf("quintet_%d_%s", os.Getpid(), strings.ToLower(rand.Text()[:10]))
	return name, s.run(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template)
}

func (s *server) drop(ctx context.Context, name string) error {
	return s.run(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

func (s *server) run(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// postgresBin is the folder of the newest PostgreSQL.
func postgresBin() (string, error) {
	if dir := os.Getenv("QUINTET_POSTGRES_BIN"); dir != "" {
		return dir, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is right
	if len(found) > 0 {
		return filepath.Dir(newest(found)), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNotInstalled
}

// newest is the program of the highest version.
func newest(programs []string) string {
	return slices.MaxFunc(programs, func(a, b string) int { return majorOf(a) - majorOf(b) })
}

// majorOf is the version in /usr/lib/postgresql/15/bin/initdb.
func majorOf(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for an unknown form
	return n
}
