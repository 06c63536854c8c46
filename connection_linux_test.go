package quintet

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// sending tells how many segments a connection has sent and how large they may be.
func sending(t *testing.T, c *connection) (segments, size int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Error(err)
		return 0, 0
	}
	if err := raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Error(err)
			return
		}
		segments, size = int(info.Data_segs_out), int(info.Snd_mss)
	}); err != nil {
		t.Error(err)
	}
	return segments, size
}

// TestLargeAnswersTakeOneSystemCall: each that writes makes a segment, where the network lets it be that large.
func TestLargeAnswersTakeOneSystemCall(t *testing.T) {
	const requests, size = 20, 20_000
	sent := make(chan int, 1)
	text := bytes.Repeat([]byte("x"), size)
	app := &App{log: slog.New(slog.DiscardHandler)}
	base := serving(t, app, func(w http.ResponseWriter, r *http.Request) {
		line := connectionOf(r.Context())
		before, room := sending(t, line)
		x := &exchange{ResponseWriter: w, app: app, line: line}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = x.Write(text)
		if after, _ := sending(t, line); room > size+1000 {
			sent <- after - before
		} else {
			sent <- 0
		}
	})
	for range requests {
		a, err := http.Get(base)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, a.Body); n != size || err != nil {
			t.Fatal(n, err)
		}
		a.Body.Close()
		switch n := <-sent; n {
		case 0:
			t.Skip("the network of this machine cuts large writes")
		case 1:
		default:
			t.Errorf("an answer took %d system calls", n)
		}
	}
}
