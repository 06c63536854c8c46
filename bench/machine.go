package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ, 100 per second on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// family lists a process and all below it.
func family(pid int) []int {
	list := []int{pid}
	for i := 0; i < len(list); i++ {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", list[i])) // the pattern is right
		for _, file := range tasks {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // ended meanwhile
			}
			for _, child := range strings.Fields(string(text)) {
				if n, err := strconv.Atoi(child); err == nil {
					list = append(list, n)
				}
			}
		}
	}
	return list
}

// cpuOf is the CPU time of a process with all below it, those that have ended included.
func cpuOf(pid int) time.Duration {
	var sum time.Duration
	for i, p := range family(pid) {
		alone, ended := cpuTimes(p)
		sum += alone
		if i == 0 {
			sum += ended
		}
	}
	return sum
}

// cpuAlone is the CPU time of one process.
func cpuAlone(pid int) time.Duration {
	alone, _ := cpuTimes(pid)
	return alone
}

// cpuTimes are the CPU time of a process, and that of its children that have ended.
func cpuTimes(pid int) (alone, ended time.Duration) {
	const user, system, endedUser, endedSystem = 11, 12, 13, 14 // fields behind the name
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0 // it has ended itself
	}
	_, behind, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(behind)
	return ticks(fields[user]) + ticks(fields[system]), ticks(fields[endedUser]) + ticks(fields[endedSystem])
}

func ticks(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * tick
}

// busy is the CPU time that the whole machine has spent on work.
func busy() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	const idle, wait, guest = 4, 5, 9 // guests are part of user already
	var sum time.Duration
	for i, field := range strings.Fields(line) {
		if i > 0 && i < guest && i != idle && i != wait {
			sum += ticks(field)
		}
	}
	return sum
}

// memory is what a process with all below it holds, in megabytes: pages that are shared count for each as its part (PSS).
func memory(pid int) float64 {
	kilobytes := 0
	for _, p := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			continue
		}
		kilobytes += number(string(text), "Pss:")
	}
	return float64(kilobytes) / 1024
}

// number is the first number behind a word at the beginning of a line.
func number(text, word string) int {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err == nil {
				return n
			}
		}
	}
	return 0
}

// hardware describes the machine in one line.
func hardware() (string, error) {
	cpu, err := os.ReadFile("/proc/cpuinfo")
	mem, err2 := os.ReadFile("/proc/meminfo")
	kernel, err3 := os.ReadFile("/proc/sys/kernel/osrelease")
	if err := errors.Join(err, err2, err3); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	model := "unknown processor"
	for line := range strings.Lines(string(cpu)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%d cores (%s), %d GB of memory, Linux %s", runtime.NumCPU(), model,
		number(string(mem), "MemTotal:")/1024/1024, strings.TrimSpace(string(kernel))), nil
}
