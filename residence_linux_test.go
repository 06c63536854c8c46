package quintet_test

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
)

// TestProgramIsReleased: soon after its start a server holds less than half of the program's file, and answers as before.
// The start alone reads more.
func TestProgramIsReleased(t *testing.T) {
	p := program(t, t.TempDir(), freeAddr(t))
	p.start(t)
	var size, resident int
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		if size, resident = programMemory(t, p.cmd.Process.Pid); resident < size/2 {
			break
		}
	}
	if resident >= size/2 {
		t.Errorf("%d of %d kB of the program are resident", resident, size)
	}
	if response, err := http.Get(p.base + "/readyz"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("it answers no more: %v, %s", err, p.out)
	}
}

// programMemory adds up the read-only mappings of a process's program, in kilobytes.
func programMemory(t *testing.T, pid int) (size, resident int) {
	t.Helper()
	file, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		t.Fatal(err)
	}
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		t.Fatal(err)
	}
	counts := false
	for line := range strings.Lines(string(smaps)) {
		fields := strings.Fields(line)
		kilobytes := 0
		if len(fields) == 3 {
			kilobytes, _ = strconv.Atoi(fields[1])
		}
		switch {
		case !strings.HasSuffix(fields[0], ":"):
			counts = strings.HasSuffix(strings.TrimSpace(line), " "+file) && strings.HasPrefix(fields[1], "r-")
		case counts && fields[0] == "Size:":
			size += kilobytes
		case counts && fields[0] == "Rss:":
			resident += kilobytes
		}
	}
	return size, resident
}

// TestUnchangedMappings: only what is read-only and wholly as the file may be released.
func TestUnchangedMappings(t *testing.T) {
	const file = "/srv/my shop/server"
	cases := map[string]struct {
		smaps string
		want  []string
	}{
		"code and constants": {"1000-3000 r-xp 0 fe:00 7 " + file + "\nSize: 8 kB\nAnonymous: 0 kB\nVmFlags: rd ex\n" +
			"3000-4000 r--p 2 fe:00 7    " + file + "\nAnonymous:    0 kB\n", []string{"1000-3000", "3000-4000"}},
		"data":                 {"1000-3000 rw-p 0 fe:00 7 " + file + "\nAnonymous: 0 kB\n", nil},
		"relocated constants":  {"1000-3000 r--p 0 fe:00 7 " + file + "\nAnonymous: 4 kB\n", nil},
		"swapped out copies":   {"1000-3000 r--p 0 fe:00 7 " + file + "\nAnonymous: 0 kB\nSwap: 8 kB\n", nil},
		"copies not counted":   {"1000-3000 r-xp 0 fe:00 7 " + file + "\nRss: 0 kB\n", nil},
		"a library":            {"1000-3000 r-xp 0 fe:00 8 /lib/libc.so.6\nAnonymous: 0 kB\n", nil},
		"a longer path":        {"1000-3000 r-xp 0 fe:00 8 /jail" + file + "\nAnonymous: 0 kB\n", nil},
		"memory of no file":    {"1000-3000 r--p 0 00:00 0\nAnonymous: 0 kB\n", nil},
		"a line of the future": {"1000 r-xp " + file + "\nAnonymous: 0 kB\n", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, quintet.Unchanged(c.smaps, file)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
