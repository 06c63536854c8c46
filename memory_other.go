//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package quintet

import "runtime"

// peakMemory is the memory, in bytes, that Go has asked the system for, which is no less than it has ever had at a time.
func peakMemory() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Sys)
}
