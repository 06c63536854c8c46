// Package socket reads and writes the connections of a server for less CPU time than package net does.
//
// Package net tells Go's scheduler of each system call, so that the thread of one that blocks can be replaced. Calls on sockets do
// not wait: the system says "not now", and the goroutine waits in the poller. But on a busy machine a thread is often put aside
// in the middle of a short call. The scheduler's monitor, which looks every 20 microseconds while it finds something to do, then
// gives its processor to another thread, which has to be woken. A server that does little but read and write small messages
// pays more for being watched than for what is done about it (docs/decisions/0021-sockets-are-not-watched.md has figures).
//
// A [Conn] makes these calls unwatched, on Linux on amd64 and arm64. Anywhere else it makes those of package net, and so it does
// under the race detector, which learns from watched calls what happened before what, and the other sanitizers.
package socket

import (
	"net"
	"syscall"
)

// most is how many bytes one unwatched call may move, since nothing else can use its processor meanwhile, and a collection of
// garbage waits for it. Reads and writes of more go through package net.
const most = 64 << 10

// Stream is what a Conn is made of: a *net.TCPConn or a *net.UnixConn. Others are read and written by their own methods.
type Stream interface {
	net.Conn
	syscall.Conn
}

// Conn is a Stream that is read and written for less. Results, deadlines and closing are those of the Stream, and so are errors,
// but that they say "tcp" for "tcp4" and "tcp6". Several goroutines may use it, as is said of [net.Conn].
//
// It has the methods of a Stream alone. Half-closing, sending files and the like are done on the Stream, which may be used
// beside it.
type Conn struct {
	Stream
	direct
}

// New makes a Conn of a Stream.
func New(s Stream) *Conn {
	c := &Conn{Stream: s}
	c.direct.prepare(s)
	return c
}

// WriteBoth writes first and then rest, in one system call where the system takes both at once. It returns how many bytes of
// both were written.
func (c *Conn) WriteBoth(first, rest []byte) (int, error) { return c.writeBoth(first, rest) }

// buffered writes two pieces through package net.
func buffered(s Stream, first, rest []byte) (int, error) {
	both := net.Buffers{first, rest}
	n, err := both.WriteTo(s)
	return int(n), err
}
