package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// peer is a program that answers the benchmark's requests.
type peer struct {
	name, title string
	addresses   addresses
	// build makes the program; an error leaves the peer out.
	build func(ctx context.Context, b *bench) error
	// command starts it on an address and a database.
	command func(b *bench, addr, database string) *exec.Cmd
}

// connections is how many a peer may open to the database.
const connections = "8"

// allPeers are in the order of reports.
func allPeers() []peer {
	return []peer{
		{"ours", "Quintet: the same models and answers declared on the framework (`bench/ours`)", restAddresses{}, buildOurs, runOurs},
		{"pgx", "hand-written net/http + pgx (`bench/peers/pgx`)", restAddresses{}, buildPgx, func(b *bench, addr, database string) *exec.Cmd {
			return program(database, b.path("bin", "pgx"), "-addr", addr, "-conns", connections)
		}},
		{"echo-gorm", "Echo + GORM as usual (`bench/peers/echo-gorm`)", restAddresses{}, buildEchoGorm, func(b *bench, addr, database string) *exec.Cmd {
			return program(database, b.path("bin", "echo-gorm"), "-addr", addr, "-conns", connections)
		}},
		{"drf", "Django REST Framework, gunicorn with 2 sync workers (`bench/peers/drf`)", restAddresses{}, buildDjango, runDjango("sync")},
		{"drf-gthread", "the same with 2 workers of 8 threads", restAddresses{}, buildDjango, runDjango("gthread", "--threads", "8")},
		{"pocketbase", "PocketBase on SQLite (`bench/peers/pocketbase`)", pocketAddresses{}, buildPocketBase, func(b *bench, addr, _ string) *exec.Cmd {
			return program("", b.path("bin", "pocketbase"), "serve", "--http="+addr, "--dir="+b.path("pocketbase"))
		}},
		{"shop", "the reference application (`cmd/server`)", shopAddresses{}, buildShop, runShop},
		{"shop-drf", "the Django project that its recordings come from, gunicorn with 2 sync workers", shopAddresses{}, buildReference, runReference},
	}
}

// peerNamed finds a peer; nil for none.
func peerNamed(name string) *peer {
	for _, p := range allPeers() {
		if p.name == name {
			return &p
		}
	}
	return nil
}

func program(database, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "DATABASE_URL="+database)
	return cmd
}

// goBuild compiles a package in a module's folder.
func goBuild(ctx context.Context, b *bench, dir, pkg, out string, env ...string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.path("bin", out), pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	_, err := outputOf(cmd)
	return err
}

func buildOurs(ctx context.Context, b *bench) error {
	return goBuild(ctx, b, b.root, "./bench/ours", "ours", "CGO_ENABLED=0")
}

func buildPgx(ctx context.Context, b *bench) error {
	return goBuild(ctx, b, b.source("peers"), "./pgx", "pgx", "CGO_ENABLED=0")
}

// buildEchoGorm needs a C compiler: GORM's usual driver for SQLite is in C.
func buildEchoGorm(ctx context.Context, b *bench) error {
	return goBuild(ctx, b, b.source("peers"), "./echo-gorm", "echo-gorm", "CGO_ENABLED=1")
}

// runOurs starts the benchmark's application as in production, without the delay of a load balancer at its end.
func runOurs(b *bench, addr, database string) *exec.Cmd {
	cmd := program(database, b.path("bin", "ours"), "-addr", addr)
	cmd.Env = append(cmd.Env, production(b)...)
	return cmd
}

// production are the settings of our servers: those of a production server, with the pool that all peers have and, as
// with all peers, no line in the log for each request.
func production(b *bench) []string {
	return []string{
		"QUINTET_ENV=production", "QUINTET_SECRET_KEY=" + secretKey, "QUINTET_ALLOWED_HOSTS=" + host, "QUINTET_LOG_LEVEL=warn",
		"QUINTET_DB_CONNS=" + connections, "QUINTET_MEDIA_DIR=" + b.path("media"), "QUINTET_AUTO_MIGRATE=false",
	}
}

// buildDjango makes the virtual environment of the Python peers.
func buildDjango(ctx context.Context, b *bench) error {
	requirements, err := os.ReadFile(b.source("peers", "drf", "requirements.txt"))
	if err != nil {
		return err
	}
	installed, err := os.ReadFile(b.path("venv", "requirements.txt"))
	if err == nil && string(installed) == string(requirements) {
		return nil
	}
	say("installing Django")
	if _, err := output(ctx, "", b.python, "-m", "venv", "--clear", b.path("venv")); err != nil {
		return err
	}
	if _, err := output(ctx, "", b.path("venv", "bin", "pip"), "install", "-q", "-r", b.source("peers", "drf", "requirements.txt")); err != nil {
		return err
	}
	return os.WriteFile(b.path("venv", "requirements.txt"), requirements, 0o644)
}

// runDjango starts the DRF peer under gunicorn with workers of a class.
func runDjango(class string, args ...string) func(*bench, string, string) *exec.Cmd {
	return func(b *bench, addr, database string) *exec.Cmd {
		return gunicorn(b, b.source("peers", "drf"), "shop.wsgi", addr, database, append([]string{"-k", class}, args...)...)
	}
}

func gunicorn(b *bench, dir, module, addr, database string, args ...string) *exec.Cmd {
	all := append([]string{"-b", addr, "-w", "2", "--log-level", "error"}, args...)
	cmd := program(database, b.path("venv", "bin", "gunicorn"), append(all, module)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

func buildShop(ctx context.Context, b *bench) error {
	return goBuild(ctx, b, b.root, "./cmd/server", "server", "CGO_ENABLED=0")
}

func runShop(b *bench, addr, database string) *exec.Cmd {
	cmd := program(database, b.path("bin", "server"))
	cmd.Env = append(append(cmd.Env, production(b)...), "QUINTET_ADDR="+addr)
	return cmd
}

// referenceSettings are those of the reference project with connections that last, as every other peer's do.
const referenceSettings = `from config.settings import *  # noqa: F403

DATABASES["default"]["CONN_MAX_AGE"] = None  # noqa: F405
`

// buildReference copies the reference project, which writes into its folder.
func buildReference(ctx context.Context, b *bench) error {
	if b.reference == "" {
		return errors.New("BENCH_REFERENCE does not name the folder of the reference project")
	}
	if err := buildDjango(ctx, b); err != nil {
		return err
	}
	if err := os.RemoveAll(b.path("reference")); err != nil {
		return err
	}
	if err := os.CopyFS(b.path("reference"), os.DirFS(b.reference)); err != nil {
		return fmt.Errorf("copy the reference project: %w", err)
	}
	return os.WriteFile(filepath.Join(b.path("reference"), "bench_settings.py"), []byte(referenceSettings), 0o644)
}

func runReference(b *bench, addr, _ string) *exec.Cmd {
	cmd := gunicorn(b, b.path("reference"), "config.wsgi", addr, "")
	cmd.Env = append(cmd.Env, "DJANGO_SETTINGS_MODULE=bench_settings", "ORACLE_DB=postgres", "PGDATABASE=reference", "PGUSER=postgres",
		"PGPASSWORD=", "PGHOST=127.0.0.1", fmt.Sprint("PGPORT=", b.port))
	return cmd
}

func buildPocketBase(ctx context.Context, b *bench) error {
	if err := goBuild(ctx, b, b.source("peers", "pocketbase"), ".", "pocketbase", "CGO_ENABLED=0"); err != nil {
		return err
	}
	if _, err := os.Stat(b.pocketTokens()); err == nil {
		return nil
	}
	say("filling PocketBase")
	if err := os.RemoveAll(b.path("pocketbase")); err != nil {
		return err
	}
	_, err := output(ctx, "", b.path("bin", "pocketbase"), "seed", "--dir", b.path("pocketbase"), "--tokens", b.pocketTokens())
	return err
}

func (b *bench) pocketTokens() string { return b.path("pocketbase-tokens.txt") }
