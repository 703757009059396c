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
	if err != nil && err != unix.EOPNOTSUPP { // a unix socket
		return 0, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

// End closes a connection whose peer has ended it, in whatever way.
func End(fd int, err error) error {
	if err == unix.ECONNRESET || err == unix.EPIPE {
		err = nil
	}
	return errors.Join(err, unix.Close(fd))
}

// WriteAll writes p, and waits where the kernel takes no more of it. A
// connection that is gone takes everything: the next read tells.
func WriteAll(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := Write(fd, p)
		if err == unix.EAGAIN {
			_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		}
		if err == unix.ECONNRESET || err == unix.EPIPE {
			return nil
		}
		if err != nil && err != unix.EINTR {
			return err
		}
		p = p[n:]
	}
	return nil
}
