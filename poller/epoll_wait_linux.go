package poller

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Poll fetches what is ready.
func (e *epoll) Poll() ([]Event, error) {
	if e.fd < 0 {
		return nil, net.ErrClosed
	}
	n, err := epollNow(e.fd, e.raw)
	if err != nil {
		return nil, err
	}
	return e.take(n), nil
}

// Wait arms the timer where the deadline asks for it and fetches by the way of
// m. One early return can follow a deadline that was moved back.
func (e *epoll) Wait(deadline int64, m Mode) ([]Event, error) {
	if e.fd < 0 {
		return nil, net.ErrClosed
	}
	due, err := e.due(deadline)
	if err != nil {
		return nil, err
	}
	n, err := e.fetch(due, m)
	if err != nil {
		return nil, err
	}
	events := e.take(n)
	e.woken = false
	return events, nil
}

// due tells whether the wait is over before it begins, and sees to it that it
// will be over at deadline. The clock is read only to arm the timer.
func (e *epoll) due(deadline int64) (bool, error) {
	switch {
	case e.woken:
		return true, nil
	case e.timer.covers(deadline):
		return false, nil
	case deadline <= Now():
		return true, nil
	}
	return false, e.timer.arm(deadline)
}

func (e *epoll) fetch(due bool, m Mode) (int, error) {
	if due {
		return epollNow(e.fd, e.raw)
	}
	if m == Park && e.park.enter(&e.fd) {
		return e.park.wait(e.raw)
	}
	e.park.leave(&e.fd)
	return epollBlock(e.fd, e.raw)
}

// epollBlock waits for events without a time limit. It is a scheduled system
// call, so that the processor and the garbage collector go on without it.
func epollBlock(fd int, buf []unix.EpollEvent) (int, error) {
	for {
		n, err := unix.EpollWait(fd, buf, -1)
		if err != unix.EINTR {
			return n, os.NewSyscallError("epoll_wait", err)
		}
	}
}

// take turns n raw events into out. A full array doubles for the next fetch;
// the slice returned here stays as it is.
func (e *epoll) take(n int) []Event {
	out := e.out
	for i := range e.raw[:n] {
		ev := &e.raw[i]
		if t := tokenOf(ev); t.Index() != OwnIndex {
			out = append(out, Event{Token: t, Ready: readyOf(ev.Events)})
		} else {
			e.inner(t)
		}
	}
	if n == len(e.raw) && n < lastBatch {
		e.resize(2 * n)
	}
	return out
}

// inner notes an event of the poller's own descriptors.
func (e *epoll) inner(t Token) {
	if t == wakeToken {
		e.woken = true
	} else {
		e.timer.expired()
	}
}
