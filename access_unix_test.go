//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package quintet_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/quintet-go/quintet"
)

// probed names the database file that the process looks at for the locks of another one.
const probed = "QUINTET_TEST_PROBED"

// TestOpeningAgainKeepsTheLocks: a file that the process has open already stays locked when it is opened a second time.
// Without its locks other programs would write into what is being written.
func TestOpeningAgainKeepsTheLocks(t *testing.T) {
	if path := os.Getenv(probed); path != "" {
		fmt.Println("locked:", isLocked(t, path))
		return
	}
	path := filepath.Join(t.TempDir(), "shop.db")
	for range 2 {
		config, err := quintet.LoadConfig(append(folder(t), "DATABASE_URL=sqlite:"+path))
		if err != nil {
			t.Fatal(err)
		}
		app := quintet.New(programOptions())
		if err := app.Open(context.Background(), config, &log{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(app.Close)
		if err := app.DB().Gorm.Exec("CREATE TABLE IF NOT EXISTS held (id integer)").Error; err != nil {
			t.Fatal(err)
		}
		probe := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		probe.Env = append(os.Environ(), probed+"="+path)
		if out, err := probe.CombinedOutput(); err != nil || !strings.Contains(string(out), "locked: true") {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// isLocked tells whether another process has SQLite's shared lock on a file.
func isLocked(t *testing.T, path string) bool {
	t.Helper()
	const shared, size = 0x40000002, 510
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: shared, Len: size}
	if err := unix.FcntlFlock(f.Fd(), unix.F_GETLK, &lock); err != nil {
		t.Fatal(err)
	}
	return lock.Type != unix.F_UNLCK
}
