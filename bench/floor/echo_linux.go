package floor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Echo is a server that sends back what it reads. A turn is a wait and a look at
// the clock; an event of the right generation is a read and a write.
type Echo struct {
	epfd, listener int
	generations    [1 << 15]int32 // by descriptor
	events         [256]unix.EpollEvent
	buf            [256 << 10]byte
	Now            time.Time // of the last turn
}

// NewEcho makes a server of a socket that listens and does not block.
func NewEcho(listener int) (*Echo, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	e := &Echo{epfd: epfd, listener: listener}
	return e, e.add(listener, err)
}

func (e *Echo) add(fd int, err error) error {
	if err != nil {
		return err
	}
	e.generations[fd]++
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd), Pad: e.generations[fd]}
	return unix.EpollCtl(e.epfd, unix.EPOLL_CTL_ADD, fd, &ev)
}

// Turn waits once and answers. It fails with EINTR, and when nobody listens.
func (e *Echo) Turn() error {
	n, err := unix.EpollWait(e.epfd, e.events[:], -1)
	e.Now = time.Now()
	for i := 0; i < n && err == nil; i++ {
		if ev := &e.events[i]; e.generations[ev.Fd] == ev.Pad {
			err = e.ready(int(ev.Fd))
		}
	}
	return err
}

func (e *Echo) ready(fd int) error {
	if fd == e.listener {
		return e.add(Accept(fd))
	}
	n, err := Read(fd, e.buf[:])
	if n > 0 {
		return WriteAll(fd, e.buf[:n])
	}
	return End(fd, err)
}

// Close releases the set; the listener is the caller's.
func (e *Echo) Close() error { return unix.Close(e.epfd) }
