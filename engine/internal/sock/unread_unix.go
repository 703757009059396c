//go:build unix && !linux

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

// fionread asks for the number of bytes that can be read. It has had this number
// on every descendant of BSD, and on System V, which took it from there.
const fionread = 0x4004667f

func unread(fd int) (int, error) {
	n, err := unix.IoctlGetInt(fd, fionread)
	return n, os.NewSyscallError("ioctl", err)
}
