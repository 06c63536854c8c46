package socket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/socket"
)

// networks are those whose connections carry bytes in order.
var networks = []string{"tcp", "unix"}

// pair returns the two ends of a connection.
func pair(t testing.TB, network string) (here, there socket.Stream) {
	t.Helper()
	address := "127.0.0.1:0"
	if strings.HasPrefix(network, "unix") {
		address = filepath.Join(t.TempDir(), "s")
	}
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err) // a system without this network
	}
	defer ln.Close()
	dialled, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialled.Close()
		accepted.Close()
	})
	return dialled.(socket.Stream), accepted.(socket.Stream)
}

// TestBytesArriveInOrder writes pieces of random sizes, some by two, and reads into buffers of random sizes.
func TestBytesArriveInOrder(t *testing.T) {
	sizes := rapid.OneOf(rapid.IntRange(0, 200), rapid.IntRange(0, 9000), rapid.SampledFrom([]int{64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000}))
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			a, b := pair(t, network)
			here, there := socket.New(a), socket.New(b)
			rapid.Check(t, func(rt *rapid.T) {
				var pieces [][]byte
				for i, size := range rapid.SliceOfN(sizes, 1, 8).Draw(rt, "sizes") {
					pieces = append(pieces, bytes.Repeat([]byte{'a' + byte(i)}, size))
				}
				room := rapid.SampledFrom([]int{1000, 4096, 200_000}).Draw(rt, "room")
				want := slices.Concat(pieces...)
				got := make(chan []byte)
				go func() {
					text := make([]byte, 0, len(want)+room)
					for len(text) < len(want) {
						n, err := there.Read(text[len(text):min(len(text)+room, len(want))])
						text = text[:len(text)+n]
						if err != nil {
							break
						}
					}
					got <- text
				}()
				for len(pieces) > 0 {
					first, rest := pieces[0], []byte(nil)
					write := here.Write
					if len(pieces) > 1 && rapid.Bool().Draw(rt, "both") {
						rest = pieces[1]
						write = func(p []byte) (int, error) { return here.WriteBoth(p, rest) }
						pieces = pieces[1:]
					}
					if n, err := write(first); n != len(first)+len(rest) || err != nil {
						here.Close() // the reader waits for it
						rt.Fatalf("wrote %d of %d and %d: %v", n, len(first), len(rest), err)
					}
					pieces = pieces[1:]
				}
				if !bytes.Equal(<-got, want) {
					rt.Error("something else arrived")
				}
			})
		})
	}
}

// TestBothLeaveAtOnce writes to a socket that keeps the borders between messages.
func TestBothLeaveAtOnce(t *testing.T) {
	a, b := pair(t, "unixpacket")
	here := socket.New(a)
	for _, size := range [][2]int{{3, 4}, {0, 7}, {7, 0}, {4000, 30_000}} {
		n, err := here.WriteBoth(make([]byte, size[0]), make([]byte, size[1]))
		message := make([]byte, 64<<10)
		got, readErr := b.Read(message)
		if want := size[0] + size[1]; n != want || got != want || err != nil || readErr != nil {
			t.Errorf("%v: wrote %d (%v), read %d (%v)", size, n, err, got, readErr)
		}
	}
}

// told is what an error says to those who look at it.
type told struct {
	Op, Net, Text                         string
	Timeout, EOF, Deadline, Closed, OpErr bool
	Source, Addr                          bool
	Inner                                 string
}

func tell(err error) told {
	if err == nil {
		return told{}
	}
	w := told{
		EOF: err == io.EOF, Deadline: errors.Is(err, os.ErrDeadlineExceeded), Closed: errors.Is(err, net.ErrClosed),
	}
	if e, ok := err.(*net.OpError); ok { // as net/http asks, which does not unwrap
		w.OpErr, w.Op, w.Net, w.Timeout, w.Source, w.Addr = true, e.Op, e.Net, e.Timeout(), e.Source != nil, e.Addr != nil
		w.Inner = reflect.TypeOf(e.Err).String() + ": " + e.Err.Error()
	} else {
		w.Text = err.Error()
	}
	return w
}

// TestErrorsAreThoseOfPackageNet brings both into the same state.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	some, large := make([]byte, 10), make([]byte, 32<<10)
	writeBoth := func(c net.Conn) (int, error) {
		if direct, ok := c.(*socket.Conn); ok {
			return direct.WriteBoth(some, large)
		}
		both := net.Buffers{some, large}
		n, err := both.WriteTo(c)
		return int(n), err
	}
	fill := func(c net.Conn) (int, error) {
		for {
			if _, err := c.Write(large); err != nil {
				return 0, err // how much of the last piece is written depends on the system
			}
		}
	}
	read := func(c net.Conn) (int, error) { return c.Read(make([]byte, 10)) }
	write := func(c net.Conn) (int, error) { return c.Write(some) }
	later := func(f func()) { time.AfterFunc(10*time.Millisecond, f) }
	for _, c := range []struct {
		name    string
		prepare func(here net.Conn, there socket.Stream)
		act     func(here net.Conn) (int, error)
	}{
		{"read nothing into nothing", func(net.Conn, socket.Stream) {}, func(c net.Conn) (int, error) { return c.Read(nil) }},
		{"write nothing", func(net.Conn, socket.Stream) {}, func(c net.Conn) (int, error) { return c.Write(nil) }},
		{"read after the end", func(_ net.Conn, there socket.Stream) { there.Close() }, read},
		{"read what came before the end", func(_ net.Conn, there socket.Stream) { _, _ = there.Write(some); there.Close() }, read},
		{"read until the deadline", func(here net.Conn, _ socket.Stream) { _ = here.SetReadDeadline(time.Now().Add(time.Millisecond)) }, read},
		{"read after the deadline", func(here net.Conn, there socket.Stream) {
			_, _ = there.Write(some)
			_ = here.SetReadDeadline(time.Unix(1, 0))
		}, read},
		{"a deadline that comes while it reads", func(here net.Conn, _ socket.Stream) { later(func() { _ = here.SetReadDeadline(time.Unix(1, 0)) }) }, read},
		{"read a closed one", func(here net.Conn, _ socket.Stream) { here.Close() }, read},
		{"closed while it reads", func(here net.Conn, _ socket.Stream) { later(func() { here.Close() }) }, read},
		{"read after a reset", func(here net.Conn, there socket.Stream) { reset(here, there) }, read},
		{"write after the deadline", func(here net.Conn, _ socket.Stream) { _ = here.SetWriteDeadline(time.Unix(1, 0)) }, write},
		{"write to a closed one", func(here net.Conn, _ socket.Stream) { here.Close() }, write},
		{"write both to a closed one", func(here net.Conn, _ socket.Stream) { here.Close() }, writeBoth},
		{"write both after a reset", func(here net.Conn, there socket.Stream) { reset(here, there); _, _ = read(here) }, writeBoth},
		{"write after a reset", func(here net.Conn, there socket.Stream) { reset(here, there); _, _ = read(here) }, write},
		{"write more than is taken", func(here net.Conn, _ socket.Stream) { _ = here.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)) }, fill},
	} {
		for _, network := range networks {
			t.Run(c.name+"/"+network, func(t *testing.T) {
				outcome := func(direct bool) (int, told) {
					a, there := pair(t, network)
					var here net.Conn = a
					if direct {
						here = socket.New(a)
					}
					c.prepare(here, there)
					n, err := c.act(here)
					return n, tell(err)
				}
				wantN, want := outcome(false)
				n, got := outcome(true)
				if diff := cmp.Diff(want, got); diff != "" || n != wantN {
					t.Errorf("%d instead of %d, -net +direct:\n%s", n, wantN, diff)
				}
			})
		}
	}
}

// reset ends a connection with bytes unread, which resets it.
func reset(here net.Conn, there socket.Stream) {
	_, _ = here.Write(make([]byte, 10))
	if tcp, ok := there.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	there.Close()
	time.Sleep(5 * time.Millisecond) // until it has arrived
}

// TestWhatAFullSocketTook: after a write that a deadline ends, n is what arrives.
func TestWhatAFullSocketTook(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			a, there := pair(t, network)
			here := socket.New(a)
			_ = here.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			sent := 0
			for {
				n, err := here.WriteBoth(make([]byte, 5000), make([]byte, 50_000))
				sent += n
				if err != nil {
					break
				}
			}
			here.Close()
			got, err := io.Copy(io.Discard, there)
			if int(got) != sent || err != nil {
				t.Errorf("%d were sent, %d arrived: %v", sent, got, err)
			}
		})
	}
}

// TestWritersTakeTurns: what several goroutines write at once arrives whole.
func TestWritersTakeTurns(t *testing.T) {
	const writers, rounds, size = 4, 50, 9000
	a, there := pair(t, "tcp")
	here := socket.New(a)
	var all sync.WaitGroup
	defer all.Wait()
	defer there.Close() // which ends the writers
	for i := range writers {
		all.Go(func() {
			p := bytes.Repeat([]byte{'a' + byte(i)}, size)
			for range rounds {
				if n, err := here.WriteBoth(p[:100], p[100:]); n != size || err != nil {
					t.Errorf("wrote %d: %v", n, err)
					return
				}
			}
		})
	}
	for range writers * rounds {
		p := make([]byte, size)
		if _, err := io.ReadFull(there, p); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(p, bytes.Repeat(p[:1], size)) {
			t.Fatal("two pieces are mixed")
		}
	}
}

// counted is a connection that somebody counts the bytes of.
type counted struct {
	*net.TCPConn
	read, written int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	c.read += n
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.TCPConn.Write(p)
	c.written += n
	return n, err
}

// TestMethodsOfOthersAreCalled: what is built around a connection of package net sees what passes.
func TestMethodsOfOthersAreCalled(t *testing.T) {
	a, there := pair(t, "tcp")
	around := &counted{TCPConn: a.(*net.TCPConn)}
	here := socket.New(around)
	_, _ = there.Write(make([]byte, 3))
	_, _ = here.Read(make([]byte, 10))
	_, _ = here.Write(make([]byte, 4))
	if around.read != 3 || around.written != 4 {
		t.Errorf("it saw %d read and %d written", around.read, around.written)
	}
}

// TestEmptyDatagrams end nothing.
func TestEmptyDatagrams(t *testing.T) {
	address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"}
	there, err := net.ListenUnixgram("unixgram", address)
	if err != nil {
		t.Skip(err) // a system without them
	}
	defer there.Close()
	here, err := net.DialUnix("unixgram", nil, address)
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	if _, err := here.Write(nil); err != nil {
		t.Fatal(err)
	}
	if n, err := socket.New(there).Read(make([]byte, 10)); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// TestNothingAllocates in reading and writing.
func TestNothingAllocates(t *testing.T) {
	a, b := pair(t, "tcp")
	here, there := socket.New(a), socket.New(b)
	p, first := make([]byte, 4096), make([]byte, 96)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = here.Write(first)
		_, _ = here.Write(p[:4000])
		for got := 0; got < len(p); {
			n, err := there.Read(p[got:])
			if got += n; err != nil {
				t.Fatal(err)
			}
		}
	}); n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}
