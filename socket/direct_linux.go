//go:build !race && !msan && !asan && (amd64 || arm64)

package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// direct holds what the unwatched calls of a connection need. It is the same for all of them, so that none allocates.
type direct struct {
	raw syscall.RawConn // nil where the calls are those of package net
	in  receiver
	out sender
}

func (d *direct) prepare(s Stream) {
	switch s.(type) { // not what is built around them, which may count or limit
	case *net.TCPConn, *net.UnixConn:
	default:
		return
	}
	raw, err := s.SyscallConn()
	if err != nil || s.LocalAddr().Network() == "unixgram" { // in which nothing is no end
		return
	}
	d.raw = raw
	d.in.call, d.out.call = d.in.receive, d.out.send
}

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw == nil || len(p) == 0 || len(p) > most {
		return c.Stream.Read(p)
	}
	in := &c.in
	in.Lock()
	defer in.Unlock()
	in.room = p
	err := c.raw.Read(in.call)
	n, errno := in.n, in.errno
	in.room, in.n, in.errno = nil, 0, 0
	switch {
	case err != nil || errno != 0:
		return 0, c.failure("read", err, errno)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements [net.Conn].
func (c *Conn) Write(p []byte) (int, error) {
	if c.raw == nil || len(p) == 0 || len(p) > most {
		return c.Stream.Write(p)
	}
	return c.write("write", p, nil)
}

func (c *Conn) writeBoth(first, rest []byte) (int, error) {
	if size := len(first) + len(rest); c.raw == nil || size == 0 || size > most {
		return buffered(c.Stream, first, rest)
	}
	return c.write("writev", first, rest)
}

func (c *Conn) write(op string, first, rest []byte) (int, error) {
	out := &c.out
	out.Lock()
	defer out.Unlock()
	out.left = [2][]byte{first, rest}
	err := c.raw.Write(out.call)
	n, errno := out.n, out.errno
	out.left, out.pieces, out.n, out.errno = [2][]byte{}, [2]syscall.Iovec{}, 0, 0
	if err != nil || errno != 0 {
		return n, c.failure(op, err, errno)
	}
	return n, nil
}

// failure is the error that package net makes of what the poller or the system says.
func (c *Conn) failure(op string, err error, errno syscall.Errno) error {
	if err == nil {
		return &net.OpError{
			Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, errno),
		}
	}
	if e := (*net.OpError)(nil); errors.As(err, &e) {
		e.Op = op // raw-read, raw-write
	}
	return err
}

// receiver makes the calls that read, one at a time.
type receiver struct {
	sync.Mutex
	call  func(fd uintptr) bool // receive
	room  []byte
	n     int
	errno syscall.Errno
}

// receive reads what there is. It returns false when there is nothing yet.
func (r *receiver) receive(fd uintptr) bool {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM,
			fd, uintptr(unsafe.Pointer(&r.room[0])), uintptr(len(r.room)), syscall.MSG_DONTWAIT, 0, 0)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		case 0:
			r.n = int(n)
		}
		r.errno = errno
		return true
	}
}

// sender makes the calls that write, one at a time.
type sender struct {
	sync.Mutex
	call   func(fd uintptr) bool // send
	left   [2][]byte             // what is to be written still
	pieces [2]syscall.Iovec      // that of it which has a length, for the system
	n      int
	errno  syscall.Errno
}

// send writes what is left. It returns false when the socket takes no more for now.
func (s *sender) send(fd uintptr) bool {
	for len(s.left[0])+len(s.left[1]) > 0 {
		message := syscall.Msghdr{Iov: &s.pieces[0], Iovlen: s.gather()}
		n, _, errno := syscall.RawSyscall(syscall.SYS_SENDMSG,
			fd, uintptr(unsafe.Pointer(&message)), syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		switch errno {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		case 0:
			if n == 0 { // no socket does that; a filter of system calls might
				s.errno = syscall.EIO
				return true
			}
			s.sent(int(n))
		default:
			s.errno = errno
			return true
		}
	}
	return true
}

// gather tells the system where what is left stands, and returns in how many pieces.
func (s *sender) gather() (n uint64) {
	for _, p := range s.left {
		if len(p) > 0 {
			s.pieces[n] = syscall.Iovec{Base: &p[0], Len: uint64(len(p))}
			n++
		}
	}
	return n
}

// sent takes n bytes off what is left.
func (s *sender) sent(n int) {
	s.n += n
	for i, p := range s.left {
		k := min(n, len(p))
		s.left[i] = p[k:]
		n -= k
	}
}
