//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package quintet

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// peakMemory is the most memory, in bytes, that the process has had at a time.
func peakMemory() int64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) //nolint:unconvert // its type is another one elsewhere
	}
	return int64(usage.Maxrss) << 10 //nolint:unconvert // the same
}
