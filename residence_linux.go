package quintet

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// releaseProgram takes the program's own file out of the process's memory: most of it was touched by the start alone. What
// is used comes back from the system's cache of files, which keeps it. Where the system refuses, nothing changes.
func releaseProgram() {
	file, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range unchanged(string(smaps), file) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

// mapping is a part of a process's memory that shows a part of a file.
type mapping struct {
	start, end uintptr
	own        bool // some of its pages may differ from the file
}

// unchanged finds the mappings of a file that are as the file is and stay so: they cannot be written, and no page of them
// is the process's own, as those are which were relocated or have a breakpoint of a debugger.
func unchanged(smaps, file string) []mapping {
	var list []mapping
	found := false
	for line := range strings.Lines(smaps) {
		first, further, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case !strings.HasSuffix(first, ":"):
			var m mapping
			if m, found = parseMapping(first, further, file); found {
				list = append(list, m)
			}
		case found && first == "Anonymous:":
			list[len(list)-1].own = strings.TrimSpace(further) != "0 kB"
		case found && first == "Swap:" && strings.TrimSpace(further) != "0 kB":
			list[len(list)-1].own = true
		}
	}
	return slices.DeleteFunc(list, func(m mapping) bool { return m.own })
}

// parseMapping reads the line that begins a mapping, "55d0c000-55d10000 r-xp 00000000 fe:00 1234   /usr/bin/server". It is
// false for one that can be written and for those of other files.
func parseMapping(addresses, about, file string) (mapping, bool) {
	_, path, _ := strings.Cut(about, "/")
	if "/"+path != file || !strings.HasPrefix(about, "r-") {
		return mapping{}, false
	}
	first, last, _ := strings.Cut(addresses, "-")
	start, err := strconv.ParseUint(first, 16, strconv.IntSize)
	if err != nil {
		return mapping{}, false
	}
	end, err := strconv.ParseUint(last, 16, strconv.IntSize)
	return mapping{start: uintptr(start), end: uintptr(end), own: true}, err == nil // until it is known to be the file's
}
