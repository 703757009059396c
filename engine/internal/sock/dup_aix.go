package sock

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// dup keeps programs from being started until the descriptor is marked.
func dup(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 0)
	if err == nil {
		unix.CloseOnExec(n)
	}
	return n, os.NewSyscallError("fcntl", err)
}
