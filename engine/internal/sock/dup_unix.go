//go:build unix && !aix

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

func dup(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	return n, os.NewSyscallError("fcntl", err)
}
