//go:build unix

package sock

import (
	"os"

	"golang.org/x/sys/unix"
)

func listen(fd, backlog int) error {
	return os.NewSyscallError("listen", unix.Listen(fd, backlog))
}

func setNonblock(fd int) error {
	return os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
}

func blocks(fd int) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK == 0, os.NewSyscallError("fcntl", err)
}

func option(fd, level, name int) (int, error) {
	n, err := unix.GetsockoptInt(fd, level, name)
	return n, os.NewSyscallError("getsockopt", err)
}

func setOption(fd, level, name, value int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, name, value))
}

// on: some systems answer with the bit that they keep, not with a one.
func on(fd int, s Switch) (bool, error) {
	n, err := option(fd, switches[s].level, switches[s].name)
	return n != 0, err
}

// closeFD does not try again when it was interrupted: the descriptor is gone, and
// its number may be another's by then.
func closeFD(fd int) error {
	if err := unix.Close(fd); err != unix.EINTR {
		return os.NewSyscallError("close", err)
	}
	return nil
}
