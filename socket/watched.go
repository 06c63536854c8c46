//go:build !linux || race || msan || asan || !(amd64 || arm64)

package socket

// direct is nothing: the calls are those of package net.
type direct struct{}

func (direct) prepare(Stream) {}

func (c *Conn) writeBoth(first, rest []byte) (int, error) { return buffered(c.Stream, first, rest) }
