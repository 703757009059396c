//go:build unix && !linux && !dragonfly && !freebsd

package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// acceptFD keeps programs from being started until the descriptor is marked. It
// holds them up for a moment only, because the socket does not block.
func acceptFD(fd int) (int, unix.Sockaddr, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	conn, from, err := unix.Accept(fd)
	if err != nil {
		return -1, nil, err
	}
	return conn, from, mark(conn)
}

// mark makes a new descriptor close on exec and not block, or closes it.
func mark(fd int) error {
	unix.CloseOnExec(fd)
	err := unix.SetNonblock(fd, true)
	if err != nil {
		unix.Close(fd)
	}
	return err
}
