package quintet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what is written to near is typed, and what is read from it is seen.
func terminal(t *testing.T) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	fd := int(near.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// screen collects what a terminal shows.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) watch(f *os.File) {
	buffer := make([]byte, 1024)
	for {
		n, err := f.Read(buffer)
		s.mu.Lock()
		s.text.Write(buffer[:n])
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the screen shows text.
func (s *screen) await(t *testing.T, text string) {
	t.Helper()
	for range 1000 {
		if strings.Contains(s.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q is not shown: %s", text, s)
}

// awaitSilence returns when the terminal does not show what is typed, which is after the question.
func awaitSilence(t *testing.T, terminal *os.File) {
	t.Helper()
	for range 1000 {
		state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the echo stays on")
}

func TestPasswordsAreTypedUnseen(t *testing.T) {
	environ := migrated(t)
	near, far := terminal(t)
	p := program(t, t.TempDir(), "127.0.0.1:0", "createsuperuser")
	p.cmd.Env = append(p.cmd.Env, environ...)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = far, far, far
	p.launch(t)
	shown := &screen{}
	go shown.watch(near)
	for _, dialogue := range [][2]string{{"Username: ", "ada"}, {"E-mail address: ", "a@b.c"}, {"Password: ", "lavender-9-harbour"}, {"(again): ", "lavender-9-harbour"}} {
		shown.await(t, dialogue[0])
		if strings.HasPrefix(dialogue[1], "lavender") {
			awaitSilence(t, far)
		}
		fmt.Fprintln(near, dialogue[1])
	}
	shown.await(t, "Superuser ada created.")
	if status := p.end(t, 5*time.Second); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if text := shown.String(); strings.Contains(text, "lavender") || !strings.Contains(text, "Username: ada") {
		t.Errorf("the screen shows %s", text)
	}
	state, err := unix.IoctlGetTermios(int(far.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ECHO == 0 {
		t.Errorf("the echo stays off: %v", err)
	}
	checkSuperuser(t, environ, "ada", "lavender-9-harbour", "a@b.c")
}

func TestKeyIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	database := "DATABASE_URL=sqlite:" + filepath.Join(dir, "x.sqlite3")
	var all sync.WaitGroup
	keys := make([]string, 8)
	for i := range keys {
		all.Go(func() {
			app, _ := start(t, database)
			keys[i] = string(app.Config().SecretKey)
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || len(k) < 40 {
			t.Errorf("keys differ or are short: %d and %d characters", len(k), len(keys[0]))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".key-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
