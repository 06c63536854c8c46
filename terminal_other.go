//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package quintet

import (
	"errors"
	"os"
)

// echoOff cannot hide what is typed here, so nothing is asked.
func echoOff(f *os.File) (restore func(), err error) {
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice == 0 {
		return func() {}, nil
	}
	return nil, errors.New("a password cannot be typed unseen on this system; use --no-input with DJANGO_SUPERUSER_PASSWORD, or pipe it in")
}

// isTerminal tells whether somebody sits at f; here that cannot be known, and nobody is asked.
func isTerminal(*os.File) bool { return false }
