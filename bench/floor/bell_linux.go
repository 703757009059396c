package floor

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// Bell is a wake-up between threads: an eventfd, edge-triggered so that it need
// not be read, in an epoll set that a goroutine blocks on.
type Bell struct {
	epfd, fd int
	one      [8]byte
	events   [1]unix.EpollEvent
}

// NewBell makes one that has not rung.
func NewBell() (*Bell, error) {
	b := &Bell{}
	binary.NativeEndian.PutUint64(b.one[:], 1)
	var errs [3]error
	b.epfd, errs[0] = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	b.fd, errs[1] = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET}
	errs[2] = unix.EpollCtl(b.epfd, unix.EPOLL_CTL_ADD, b.fd, &ev)
	return b, errors.Join(errs[:]...)
}

// Ring wakes the sleeper. Any goroutine.
func (b *Bell) Ring() error {
	_, err := unix.Write(b.fd, b.one[:])
	return err
}

// Wait sleeps until the bell rings.
func (b *Bell) Wait() error {
	for {
		_, err := unix.EpollWait(b.epfd, b.events[:], -1)
		if err != unix.EINTR {
			return err
		}
	}
}

// Close releases the descriptors; nobody may be waiting.
func (b *Bell) Close() error {
	return errors.Join(unix.Close(b.epfd), unix.Close(b.fd))
}
