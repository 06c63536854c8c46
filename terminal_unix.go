//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package quintet

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// echoOff stops the terminal f from showing what is typed, until restore is called. Where f is no terminal it does nothing.
func echoOff(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return func() {}, nil //nolint:nilerr // no terminal: nothing is echoed
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, setTermios, &silent); err != nil {
		return nil, fmt.Errorf("hiding the password: %w; use --no-input", err)
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}

// isTerminal tells whether somebody sits at f.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), getTermios)
	return err == nil
}
