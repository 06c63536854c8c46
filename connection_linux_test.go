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

// segmentsSent counts what a connection has sent; on this machine each system call that writes makes one.
func segmentsSent(t *testing.T, c *connection) (n uint32) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			t.Error(err)
			return
		}
		n = info.Data_segs_out
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLargeAnswersTakeOneSystemCall(t *testing.T) {
	const requests, size = 20, 20_000
	text := bytes.Repeat([]byte("x"), size)
	app := &App{log: slog.New(slog.DiscardHandler)}
	base := serving(t, app, func(w http.ResponseWriter, r *http.Request) {
		line := connectionOf(r.Context())
		before := segmentsSent(t, line)
		x := &exchange{ResponseWriter: w, app: app, line: line}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = x.Write(text)
		if got := segmentsSent(t, line) - before; got != 1 {
			t.Errorf("an answer took %d system calls", got)
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
	}
}
