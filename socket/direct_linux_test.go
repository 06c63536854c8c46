//go:build !race && !msan && !asan && (amd64 || arm64)

package socket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/trace"
	"testing"
	"time"

	"github.com/quintet-go/quintet/socket"
)

// TestCallsAreNotWatched looks for system calls in a trace.
func TestCallsAreNotWatched(t *testing.T) {
	const rounds = 50
	name := filepath.Join(t.TempDir(), "trace")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, b := pair(t, "tcp")
	here, there := socket.New(a), socket.New(b)
	message, other := make([]byte, 200), make([]byte, 200)
	if err := trace.Start(file); err != nil {
		t.Skip(err) // the tests are traced
	}
	for range rounds {
		_, _ = here.WriteBoth(message[:100], message[100:])
		_, _ = io.ReadFull(there, other)
		_, _ = there.Write(other)
		if _, err := io.ReadFull(here, message); err != nil {
			t.Error(err)
		}
	}
	trace.Stop()
	events, err := exec.CommandContext(t.Context(), "go", "tool", "trace", "-d=parsed", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(events, []byte("StateTransition")) {
		t.Fatal("the trace shows nothing")
	}
	if n := bytes.Count(events, []byte("Running->Syscall")); n > rounds/2 { // four in each round would be
		t.Errorf("%d system calls are watched", n)
	}
}

// TestNoCallBlocks: a descriptor that somebody has made blocking, as os.File.Fd does, holds up nobody: one processor is left
// to the other goroutines, and deadlines end the calls. If they did not, this would stop until the go command kills it.
func TestNoCallBlocks(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(here *socket.Conn) error
	}{
		{"read", func(here *socket.Conn) error {
			_, err := here.Read(make([]byte, 1))
			return err
		}},
		{"write", func(here *socket.Conn) (err error) {
			for err == nil {
				_, err = here.Write(make([]byte, 64<<10))
			}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			a, _ := pair(t, "tcp")
			file, err := a.(*net.TCPConn).File()
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			file.Fd()
			_ = a.SetDeadline(time.Now().Add(20 * time.Millisecond))
			if err := c.act(socket.New(a)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}
