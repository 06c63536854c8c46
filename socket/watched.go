//go:build !linux || race || msan || asan || !(amd64 || arm64)

package socket

// direct is nothing: the calls are those of package net.
type direct struct{}

func (direct) prepare(Stream) {}

// WriteBoth writes first and then rest, in one system call where the system takes both at once. It returns how many bytes of
// both were written.
func (c *Conn) WriteBoth(first, rest []byte) (int, error) { return writeBoth(c.Stream, first, rest) }
