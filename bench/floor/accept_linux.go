package floor

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Accept takes a connection, which does not block and sends at once.
func Accept(listener int) (int, error) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	if err != nil {
		return 0, err
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err != nil {
		err = errors.Join(err, unix.Close(fd))
	}
	return fd, err
}
