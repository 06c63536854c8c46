package quintet

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// systemWrites counts the system calls of this process that write.
func systemWrites(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "syscw: %d", &n); err == nil {
			return n
		}
	}
	t.Skip("the system does not count")
	return 0
}

// TestLargeAnswersTakeOneSystemCall of the server; the client has one for each request, too.
func TestLargeAnswersTakeOneSystemCall(t *testing.T) {
	const requests, size = 200, 20_000
	text := bytes.Repeat([]byte("x"), size)
	app := &App{log: slog.New(slog.DiscardHandler)}
	base := serving(t, app, func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, app: app, line: connectionOf(r.Context())}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = x.Write(text)
	})
	before := systemWrites(t)
	for range requests {
		a, err := http.Get(base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, a.Body); err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
	}
	if got := systemWrites(t) - before; 2*got > 5*requests {
		t.Errorf("%d requests took %d system calls that write", requests, got)
	}
}
