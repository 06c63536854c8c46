//go:build unix

package ormtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startServer starts a server in a folder of its own, as the user postgres when this process is root's: PostgreSQL refuses
// to run as root.
func startServer() (*server, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "quintet-pg-")
	if err != nil {
		return nil, err
	}
	l := launcher{bin: bin, dir: dir, password: rand.Text()}
	if err := l.prepare(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	const attempts = 3 // the port may be taken in between
	for range attempts {
		var s *server
		if s, err = l.launch(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

// launcher starts servers in dir.
type launcher struct {
	bin, dir, password string
	owner              *syscall.Credential // nil: the user of this process
}

// prepare makes the data folder, which only a user other than root can.
func (l *launcher) prepare() error {
	if os.Geteuid() == 0 {
		if err := l.giveAway(); err != nil {
			return err
		}
	}
	secret := filepath.Join(l.dir, "password")
	if err := os.WriteFile(secret, []byte(l.password), 0o600); err != nil {
		return err
	}
	if l.owner != nil {
		if err := os.Chown(secret, int(l.owner.Uid), int(l.owner.Gid)); err != nil {
			return err
		}
	}
	initdb := l.command(filepath.Join(l.bin, "initdb"), "-D", filepath.Join(l.dir, "data"), "-U", "quintet",
		"-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// giveAway makes the folder that of the user postgres, or nobody where there is none.
func (l *launcher) giveAway() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres to run it as: %w", err)
		}
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return err
	}
	l.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(l.dir, int(uid), int(gid))
}

func (l *launcher) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = l.dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: l.owner, Setpgid: true}
	return cmd
}

// watch runs the server until its standard input ends, which it does when this process ends in whatever way, and removes the
// folder then.
const watch = `dir=$1; shift
"$@" >"$dir/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
cd / && rm -rf "$dir"`

// launch starts the server on a free port and waits until it answers.
func (l *launcher) launch() (*server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := l.command("/bin/sh", "-c", watch, "sh", l.dir,
		filepath.Join(l.bin, "postgres"), "-D", filepath.Join(l.dir, "data"), "-p", strconv.Itoa(port), "-k", l.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "autovacuum=off",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	admin := url.URL{
		Scheme: "postgres", User: url.UserPassword("quintet", l.password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	s := &server{admin: admin, alive: alive}
	if err := l.wait(s); err != nil {
		log, _ := os.ReadFile(filepath.Join(l.dir, "log")) // better than nothing
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w\n%s", err, log), cmd.Process.Kill(), cmd.Wait())
	}
	return s, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

func (l *launcher) wait(s *server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.admin.String())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(25 * time.Millisecond):
		}
	}
}
