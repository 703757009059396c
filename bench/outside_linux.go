package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// needsOutside is why servers cannot be measured from outside: here they can.
const needsOutside = ""

// cpuOf is the processor time of another process, user and system. The id of its
// clock is what clock_getcpuclockid makes of the process's.
func cpuOf(pid int) (time.Duration, error) {
	const scheduled = 2
	var ts unix.Timespec
	err := unix.ClockGettime(^int32(pid)<<3|scheduled, &ts)
	return time.Duration(ts.Nano()), os.NewSyscallError("clock_gettime", err)
}

// systemCalls is how many calls of the families of write and read a process has
// made. Those of send and receive are not among them.
func systemCalls(pid int) (writes, reads int64, err error) {
	name := fmt.Sprintf("/proc/%d/io", pid)
	if reads, err = procNumber(name, "syscr:"); err == nil {
		writes, err = procNumber(name, "syscw:")
	}
	return writes, reads, err
}

// resident is how much memory of a process is there.
func resident(pid int) (int64, error) {
	kib, err := procNumber(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Rss:")
	return kib << 10, err
}

// procNumber is the number behind a word of a file of /proc.
func procNumber(name, word string) (int64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	_, rest, ok := bytes.Cut(text, []byte(word))
	fields := bytes.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, fmt.Errorf("%s has no %s", name, word)
	}
	return strconv.ParseInt(string(fields[0]), 10, 64)
}
