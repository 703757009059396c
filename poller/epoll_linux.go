package poller

import (
	"errors"
	"iter"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// epoll is the poller of Linux.
//
//	eventfd  (wake-ups)  --+
//	timerfd  (deadlines) --+--> epoll set --> raw --> out, the caller's slice
//	registered fds       --+
//
// Both inner descriptors are edge-triggered and never read, so a wake-up costs
// one write and a deadline one timerfd_settime. Their events carry the
// reserved index and stay inside.
//
// Descriptors: the set, the eventfd and the timerfd, and no more in any state.
type epoll struct {
	fd    int // the set; -1 once closed
	wake  waker
	timer timer
	park  *parking
	raw   []unix.EpollEvent // what the kernel fills; as long as out
	out   []Event
	woken bool // a Poll took a wake-up that the next Wait owes
}

const (
	// firstBatch holds the events of a busy turn in 4 KiB; see take.
	firstBatch = 256

	// lastBatch bounds the arrays at 2.5 MiB. Beyond it the rest of a turn's
	// events come with the next one: the kernel hands them out in rotation.
	lastBatch = 1 << 16

	epollDescriptors = 3
)

// NewEpoll makes a poller on epoll(7). It fails where the system is not Linux
// or out of descriptors.
func NewEpoll() (Poller, error) {
	e := &epoll{fd: -1, park: newParking()}
	err := errors.Join(e.wake.open(), e.timer.open())
	if err == nil {
		e.fd, err = e.newSet()
	}
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.resize(firstBatch)
	return e, nil
}

// newSet makes an epoll set that holds the inner descriptors.
func (e *epoll) newSet() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("epoll_create1", err)
	}
	err = os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
	for _, own := range []struct {
		fd    int
		token Token
	}{{e.wake.fd, wakeToken}, {e.timer.fd, timerToken}} {
		if err == nil {
			ev := epollEvent(own.token, In)
			ev.Events |= unix.EPOLLET
			err = epollCtl(fd, unix.EPOLL_CTL_ADD, own.fd, &ev)
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (e *epoll) resize(n int) {
	e.raw, e.out = make([]unix.EpollEvent, n), make([]Event, 0, n)
}

func (e *epoll) Now() int64 { return Now() }

func (e *epoll) Add(fd int, t Token, i Interest) error {
	return e.control(unix.EPOLL_CTL_ADD, fd, t, i)
}

func (e *epoll) Modify(fd int, t Token, i Interest) error {
	return e.control(unix.EPOLL_CTL_MOD, fd, t, i)
}

func (e *epoll) control(op, fd int, t Token, i Interest) error {
	if e.fd < 0 {
		return net.ErrClosed
	}
	if err := checkToken(t); err != nil {
		return err
	}
	ev := epollEvent(t, i)
	return epollCtl(e.fd, op, fd, &ev)
}

func (e *epoll) Remove(fd int) error {
	if e.fd < 0 {
		return net.ErrClosed
	}
	return epollCtl(e.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// Forget has nothing to do: closing a descriptor takes it out of the set.
func (e *epoll) Forget(int) {}

// Rearm has nothing to do but to tell that the poller is closed.
func (e *epoll) Rearm(int, Token, Interest) error {
	if e.fd < 0 {
		return net.ErrClosed
	}
	return nil
}

// Rebuild fills a new set before it gives up the old one, which stays in use
// when that fails. The inner descriptors come along, and so does a wake-up
// that nobody has taken yet. A closed descriptor is skipped, also when the new
// set has taken its number.
func (e *epoll) Rebuild(regs iter.Seq[Registration]) error {
	if e.fd < 0 {
		return net.ErrClosed
	}
	fd, err := e.newSet()
	if err != nil {
		return err
	}
	for r := range regs {
		if r.FD == fd {
			continue
		}
		ev := epollEvent(r.Token, r.Interest)
		err := epollCtl(fd, unix.EPOLL_CTL_ADD, r.FD, &ev)
		if err != nil && !errors.Is(err, unix.EBADF) {
			unix.Close(fd)
			return err
		}
	}
	err = e.park.close(&e.fd)
	e.fd = fd
	return err
}

func (e *epoll) Traits() Traits {
	t := Traits{Park: true}
	if e.fd >= 0 {
		t.Descriptors = epollDescriptors
	}
	return t
}

func (e *epoll) Close() error {
	return errors.Join(e.park.close(&e.fd), closeFD(&e.timer.fd), e.wake.close())
}

func (e *epoll) Wake() error { return e.wake.wake() }
