package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// cluster is a PostgreSQL server of the benchmark's own, with settings of production: every commit is flushed.
type cluster struct {
	dir  string
	port int
	bin  string // the folder of its programs; "" before start
}

const clusterSettings = `
listen_addresses = '127.0.0.1'
shared_buffers = 1GB
synchronous_commit = on
max_connections = 200
max_wal_size = 4GB
`

// start makes the server when there is none yet, and starts it. It is quick when the server runs already.
func (c *cluster) start(ctx context.Context) (err error) {
	if c.bin != "" {
		return nil
	}
	if c.bin, err = postgresBin(); err != nil {
		return err
	}
	if _, err := os.Stat(c.dir); err != nil {
		if err := c.make(ctx); err != nil {
			return errors.Join(err, os.RemoveAll(c.dir))
		}
	}
	if c.pid() > 0 && c.ctl(ctx, "status") == nil {
		return nil
	}
	return c.ctl(ctx, "-w", "-l", filepath.Join(c.dir, "log"), "-o", "-p "+strconv.Itoa(c.port)+" -k "+c.dir, "start")
}

// stop ends the server, when it runs.
func (c *cluster) stop() error {
	if c.bin == "" || c.pid() == 0 {
		return nil
	}
	return c.ctl(context.Background(), "-m", "fast", "-w", "stop")
}

// make fills the folder, which must belong to a user other than root.
func (c *cluster) make(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		if _, err := output(ctx, "", "chown", "postgres", c.dir); err != nil {
			return err
		}
	}
	if _, err := outputOf(c.command(ctx, "initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(c.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(clusterSettings)
	return errors.Join(err, f.Close())
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

// command is one of PostgreSQL's programs, run as the user postgres when this process is root's.
func (c *cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(c.bin, name)}, args...)
	if os.Geteuid() == 0 {
		args = append([]string{"runuser", "-u", "postgres", "--"}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = c.dir
	return cmd
}

func (c *cluster) ctl(ctx context.Context, args ...string) error {
	cmd := c.command(ctx, "pg_ctl", append([]string{"-D", c.data()}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil { // without pipes, which the server would keep open
		return fmt.Errorf("pg_ctl: %w\n%s", err, out)
	}
	return nil
}

// pid is that of the server; 0 when it does not run.
func (c *cluster) pid() int {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0
	}
	return pid
}

// url is that of a database.
func (c *cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

// exec runs statements, each by itself.
func (c *cluster) exec(ctx context.Context, database string, statements ...string) error {
	conn, err := pgx.Connect(ctx, c.url(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is pending
	for _, s := range statements {
		if _, err := conn.Exec(ctx, s); err != nil {
			return fmt.Errorf("%.80s…: %w", strings.TrimSpace(s), err)
		}
	}
	return nil
}

// value is the single text that a query gives; "" for NULL or no row.
func (c *cluster) value(ctx context.Context, database, query string) (string, error) {
	conn, err := pgx.Connect(ctx, c.url(database))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is pending
	var text *string
	err = conn.QueryRow(ctx, query).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) || text == nil && err == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return *text, nil
}

// postgresBin is the folder of PostgreSQL's programs.
func postgresBin() (string, error) {
	if bin := os.Getenv("QUINTET_POSTGRES_BIN"); bin != "" {
		return bin, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath("pg_ctl")
	if err != nil {
		return "", errors.New("PostgreSQL is missing: run tools/postgres.sh, or name the folder of its programs in QUINTET_POSTGRES_BIN")
	}
	return filepath.Dir(path), nil
}
