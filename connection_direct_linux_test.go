//go:build !race && !msan && !asan && (amd64 || arm64)

package quintet

import (
	"errors"
	"os"
	"testing"
	"time"
)

// TestConnectionsAreNotWatched: a blocking descriptor, which package net would wait in, shows whose calls are made.
func TestConnectionsAreNotWatched(t *testing.T) {
	c, client := accepted(t)
	file, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	file.Fd() // makes it blocking
	for name, act := range map[string]func() (int, error){
		"read":  func() (int, error) { return c.Read(make([]byte, 1)) },
		"write": func() (int, error) { return c.Write(make([]byte, 64<<10)) },
		"large": func() (int, error) {
			c.hold()
			defer c.release()
			_, _ = c.Write(make([]byte, 4<<10))
			return c.Write(make([]byte, 32<<10))
		},
	} {
		ended := make(chan error, 1)
		_ = c.SetDeadline(time.Now().Add(20 * time.Millisecond))
		go func() {
			var err error
			for err == nil {
				_, err = act()
			}
			ended <- err
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(10 * time.Second):
			client.Close() // ends it
			t.Fatalf("%s waits in the system", name)
		}
	}
}
