//go:build dragonfly || freebsd || netbsd || openbsd || solaris

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

const openFlags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC

func open(k Kind) (int, error) {
	fd, err := unix.Socket(k.Family, k.Type|openFlags, k.Proto)
	return fd, os.NewSyscallError("socket", err)
}

func pair(k Kind) ([2]int, error) {
	fds, err := unix.Socketpair(k.Family, k.Type|openFlags, k.Proto)
	return fds, os.NewSyscallError("socketpair", err)
}
