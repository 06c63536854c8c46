package quintet

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	writeTimeout = 30 * time.Second // how long a client may take for the next piece of an answer
	writeRenewal = 5 * time.Second  // how often that deadline is moved on, at most
	writePiece   = 256 << 10        // bytes of a file between two looks at the deadline
	largePiece   = 8 << 10          // bytes that net/http sends in two pieces, of which the second leaves at once
)

// exchange is one request with its answer as the server sees it: who asks, under which id, and what was answered.
// It is the http.ResponseWriter of everything inside.
type exchange struct {
	http.ResponseWriter
	context exchangeContext
	app     *App
	line    *connection // to the client; nil where it is not the server's own
	id      [1]string   // as the line of a header
	remote  string      // the other end of the connection
	ip      string      // of the client, where a trusted proxy tells it
	scheme  string      // "http" or "https", as far as it can be trusted

	varyOrigin bool // CORS is on: caches must keep answers apart by origin
	wrote      bool
	status     int
	size       int64
	renewed    time.Time // when the write deadline was moved on, without a line
}

type exchangeKey struct{}

// exchangeOf finds the exchange that ctx belongs to, or nil outside of requests.
func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// RequestID is the id of the request that ctx belongs to, as in the X-Request-ID header and the log; empty outside of requests.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.id[0]
	}
	return ""
}

// ClientIP is the address of the client whose request ctx belongs to, looked up behind trusted proxies; empty outside of requests.
func ClientIP(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.clientIP()
	}
	return ""
}

func (x *exchange) clientIP() string {
	if x.ip != "" {
		return x.ip
	}
	return peerText(x.remote)
}

// WriteHeader adds what depends on the state of the server at this moment, and notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.wrote {
		return
	}
	if status < http.StatusOK && status != http.StatusSwitchingProtocols {
		x.renewDeadline()
		x.ResponseWriter.WriteHeader(status)
		return
	}
	x.wrote, x.status = true, status
	if x.varyOrigin {
		addVaryOrigin(x.Header())
	}
	if x.app.draining.Load() {
		x.Header().Set("Connection", "close")
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write sends a piece of the body.
func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	x.renewDeadline()
	n, err := x.writeWhole(p)
	x.size += int64(n)
	return n, err
}

// writeWhole lets a large piece leave together with what net/http has collected before it.
func (x *exchange) writeWhole(p []byte) (int, error) {
	if len(p) < largePiece || x.line == nil || x.status == http.StatusSwitchingProtocols {
		return x.ResponseWriter.Write(p)
	}
	x.line.hold()
	n, err := x.ResponseWriter.Write(p)
	return n, cmp.Or(err, x.line.release())
}

// ReadFrom lets files go out without a copy in this process, in pieces that a slow client gets time for.
func (x *exchange) ReadFrom(src io.Reader) (total int64, err error) {
	x.WriteHeader(http.StatusOK)
	for {
		x.renewDeadline()
		n, err := io.Copy(x.ResponseWriter, io.LimitReader(src, writePiece))
		total, x.size = total+n, x.size+n
		if err != nil || n < writePiece {
			return total, err
		}
	}
}

// FlushError sends what is buffered.
func (x *exchange) FlushError() error {
	x.WriteHeader(http.StatusOK)
	x.renewDeadline()
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Flush implements http.Flusher.
func (x *exchange) Flush() { _ = x.FlushError() }

// Hijack gives the connection away (WebSockets).
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err == nil {
		x.wrote, x.status = true, http.StatusSwitchingProtocols
	}
	if c, ok := conn.(*connection); ok {
		conn = c.TCPConn
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// renewDeadline moves the write deadline on, so that clients that do not read are cut while slow ones finish. The deadline is
// that of the connection and outlives the request: it is looked at before anything is written, and at the beginning and the end
// of a request for what net/http writes itself.
func (x *exchange) renewDeadline() {
	now, renewed := time.Now(), &x.renewed
	if x.line != nil {
		renewed = &x.line.renewed
	}
	if now.Sub(*renewed) < writeRenewal {
		return
	}
	*renewed = now
	_ = http.NewResponseController(x.ResponseWriter).SetWriteDeadline(now.Add(writeTimeout))
}
