package loss

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cpuOf is the processor time of another process, user and system. The id of its
// clock is what clock_getcpuclockid makes of the process's.
func cpuOf(pid int) (time.Duration, error) {
	const scheduled = 2
	var ts unix.Timespec
	err := unix.ClockGettime(^int32(pid)<<3|scheduled, &ts)
	return time.Duration(ts.Nano()), os.NewSyscallError("clock_gettime", err)
}

// limitDescriptors leaves a process no descriptor. It reports whether it has: not
// while the lowest free number is below that of a socket, whose end would then give
// nothing back that the process may use. What else is open above the limit stays open.
func limitDescriptors(pid int) (limited bool, err error) {
	list, err := descriptors(pid)
	if err != nil {
		return false, err
	}
	limit := 0
	for slices.Contains(list, strconv.Itoa(limit)) {
		limit++
	}
	if slices.ContainsFunc(list, func(name string) bool {
		n, _ := strconv.Atoi(name)
		return n > limit && isSocket(pid, name)
	}) {
		return false, nil
	}
	n := uint64(limit)
	err = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}, nil)
	return err == nil, os.NewSyscallError("prlimit", err)
}

// descriptors are the names in /proc of what a process has open.
func descriptors(pid int) ([]string, error) {
	dir, err := os.Open(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// sockets counts the sockets that a process has open.
func sockets(pid int) (int, error) {
	list, err := descriptors(pid)
	n := 0
	for _, name := range list {
		if isSocket(pid, name) {
			n++
		}
	}
	return n, err
}

func isSocket(pid int, name string) bool {
	at, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, name))
	return err == nil && strings.HasPrefix(at, "socket:")
}

// resident is how many bytes of a process are in memory.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: %q", text)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}
