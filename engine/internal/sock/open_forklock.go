//go:build darwin || aix

package sock

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// open keeps programs from being started until the descriptor is marked.
func open(k Kind) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(k.Family, k.Type, k.Proto)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	return fd, os.NewSyscallError("fcntl", mark(fd))
}

// pair is as open.
func pair(k Kind) ([2]int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fds, err := unix.Socketpair(k.Family, k.Type, k.Proto)
	if err != nil {
		return fds, os.NewSyscallError("socketpair", err)
	}
	if err = mark(fds[0]); err != nil {
		unix.Close(fds[1])
	} else if err = mark(fds[1]); err != nil {
		unix.Close(fds[0])
	}
	return fds, os.NewSyscallError("fcntl", err)
}
