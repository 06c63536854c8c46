//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package quintet

import "golang.org/x/sys/unix"

// mayWrite tells why a file cannot be written; nil when it can.
func mayWrite(path string) error { return unix.Access(path, unix.W_OK) }
