// Package socket reads and writes the connections of a server for less CPU time than package net does.
//
// Package net tells Go's scheduler of each system call, so that a thread that blocks in one can be replaced. Its monitor looks
// after the threads that are inside: it wakes up each 20 to 70 microseconds while there are any, and gives the processor of a
// call that takes longer to another thread, which has to be woken, too. Sockets never block: the system says "not now", and the
// goroutine waits in the poller. What is left of these calls is as short as other code, and a server that does little but read
// and write small messages pays more for being watched than for them (docs/decisions/0021-sockets-are-not-watched.md has figures).
//
// A [Conn] makes these calls unwatched, on Linux on amd64 and arm64. Anywhere else, and under the race detector, which learns
// from the watched calls what happened before what, it is the connection that it was made of.
package socket

import (
	"net"
	"syscall"
)

// most is how many bytes one unwatched call may move: copying them takes less than the 20 microseconds after which a watched
// call is noticed. Larger writes go through package net.
const most = 64 << 10

// Stream is a connection of package net that carries bytes in order: a *net.TCPConn, or a *net.UnixConn.
type Stream interface {
	net.Conn
	syscall.Conn
}

// Conn is a Stream that is read and written for less. Results, errors, deadlines and closing are those of the Stream, and
// several goroutines may use it, as is said of [net.Conn]. The Stream may be used beside it.
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

// writeBoth writes two pieces through package net.
func writeBoth(s Stream, first, rest []byte) (int, error) {
	both := net.Buffers{first, rest}
	n, err := both.WriteTo(s)
	return int(n), err
}
