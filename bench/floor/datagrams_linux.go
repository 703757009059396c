package floor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Datagrams is a server that sends back the datagrams that it receives. A turn is a
// wait and a look at the clock, and one call for a batch each way.
type Datagrams struct {
	epfd, fd int
	events   [8]unix.EpollEvent
	batch    *Batch
	Now      time.Time // of the last turn
}

// NewDatagrams makes a server of a bound socket that does not block.
func NewDatagrams(fd int) (*Datagrams, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	ev := unix.EpollEvent{Events: unix.EPOLLIN}
	if err == nil {
		err = unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &ev)
	}
	return &Datagrams{epfd: epfd, fd: fd, batch: NewBatch()}, err
}

// Turn waits once and answers.
func (d *Datagrams) Turn() error {
	n, err := unix.EpollWait(d.epfd, d.events[:], -1)
	d.Now = time.Now()
	if n == 0 || err != nil {
		return err
	}
	n, err = d.batch.Receive(d.fd)
	if n == 0 || err != nil {
		return err
	}
	return d.batch.SendAll(d.fd, n)
}

// Close releases the set; the socket is the caller's.
func (d *Datagrams) Close() error { return unix.Close(d.epfd) }
