//go:build !race && (amd64 || arm64)

package socket_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/quintet-go/quintet/socket"
)

// TestNoCallBlocks: a descriptor that somebody has made blocking, as os.File.Fd does, holds up nobody: one processor is left
// to the other goroutines, and deadlines end the calls.
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
