package quintet

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/quintet-go/quintet/socket"
)

// connection is that of a client. net/http sends a large answer as its first 4 KB and then the rest; a connection that is told
// to hold sends both at once, which saves a system call here and a wake-up at the other end.
type connection struct {
	*net.TCPConn // for files, which the system copies itself
	wire         *socket.Conn
	held         *[]byte   // the beginning of an answer that waits for the rest; nil when nothing is to wait
	renewed      time.Time // when the write deadline was moved on
}

// beginnings are the memory of what is held.
var beginnings = sync.Pool{New: func() any {
	b := make([]byte, 0, 4<<10)
	return &b
}}

// hold lets the next small piece wait for the one after it, or for release.
func (c *connection) hold() { c.held, _ = beginnings.Get().(*[]byte) }

// Read implements net.Conn.
func (c *connection) Read(p []byte) (int, error) { return c.wire.Read(p) }

// Write sends p, with what is held before it.
func (c *connection) Write(p []byte) (int, error) {
	switch {
	case c.held == nil:
		return c.wire.Write(p)
	case len(*c.held) == 0 && len(p) <= cap(*c.held):
		*c.held = append(*c.held, p...)
		return len(p), nil
	}
	before := len(*c.held)
	sent, err := c.send(p)
	return max(sent-before, 0), err
}

// release sends what is held still.
func (c *connection) release() (err error) {
	if len(*c.held) > 0 {
		_, err = c.send(nil)
	}
	beginnings.Put(c.held)
	c.held = nil
	return err
}

// send sends what is held and p in one system call.
func (c *connection) send(p []byte) (int, error) {
	sent, err := c.wire.WriteBoth(*c.held, p)
	*c.held = (*c.held)[:0]
	return sent, err
}

// connections makes them of what a listener accepts.
type connections struct{ net.Listener }

// Accept implements net.Listener.
func (l connections) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		return &connection{TCPConn: tcp, wire: socket.New(tcp)}, err
	}
	return conn, err
}

type connectionKey struct{}

// withConnection lets the requests of a connection find it.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := conn.(*connection); ok {
		return context.WithValue(ctx, connectionKey{}, c)
	}
	return ctx
}

// connectionOf finds the connection that ctx belongs to, or nil.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}
