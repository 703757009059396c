package floor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Bulk is a server of connections that carry bytes one way. A turn is a wait and
// a look at the clock; an event of the right generation is what the role does.
type Bulk struct {
	epfd, listener int
	ready          func(fd int, buf []byte) error
	generations    [1 << 15]int32 // by descriptor
	events         [256]unix.EpollEvent
	buf            [256 << 10]byte
	Now            time.Time // of the last turn
}

// NewBulk makes a server of a socket that listens and does not block. It calls
// ready, which reads, for each event of a connection.
func NewBulk(listener int, ready func(fd int, buf []byte) error) (*Bulk, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	b := &Bulk{epfd: epfd, listener: listener, ready: ready}
	return b, b.add(listener, err)
}

func (b *Bulk) add(fd int, err error) error {
	if err != nil {
		return err
	}
	b.generations[fd]++
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd), Pad: b.generations[fd]}
	return unix.EpollCtl(b.epfd, unix.EPOLL_CTL_ADD, fd, &ev)
}

// Turn waits once and serves.
func (b *Bulk) Turn() error {
	n, err := unix.EpollWait(b.epfd, b.events[:], -1)
	b.Now = time.Now()
	for i := 0; i < n && err == nil; i++ {
		ev := &b.events[i]
		switch {
		case b.generations[ev.Fd] != ev.Pad:
		case int(ev.Fd) == b.listener:
			err = b.add(Accept(b.listener))
		default:
			err = b.ready(int(ev.Fd), b.buf[:])
		}
	}
	return err
}

// Close releases the set; the listener is the caller's.
func (b *Bulk) Close() error { return unix.Close(b.epfd) }
