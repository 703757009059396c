//go:build unix

package poller

import (
	"errors"
	"iter"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// pollset is the portable poller of Unix systems, on poll(2). The kernel keeps
// nothing between two calls: every wait hands it the whole table, so the cost
// of a turn grows with the number of registrations.
//
// poll knows conditions only. The table makes changes of them for Edge
// registrations, see pollTable.
//
// Descriptors: those of the waker, and no more.
type pollset struct {
	wake  waker
	table pollTable
	out   []Event
	woken bool // a Poll took a wake-up that the next Wait owes
}

// NewPoll makes a poller on poll(2).
func NewPoll() (Poller, error) {
	p := &pollset{}
	if err := p.wake.open(); err != nil {
		return nil, err
	}
	p.table = newPollTable(p.wake.fd)
	return p, nil
}

func (p *pollset) closed() bool { return p.wake.fd < 0 }

func (p *pollset) Now() int64 { return Now() }

func (p *pollset) Add(fd int, t Token, i Interest) error {
	if p.closed() {
		return net.ErrClosed
	}
	if err := checkToken(t); err != nil {
		return err
	}
	return p.table.add(Registration{fd, t, i})
}

func (p *pollset) Modify(fd int, t Token, i Interest) error {
	if p.closed() {
		return net.ErrClosed
	}
	if err := checkToken(t); err != nil {
		return err
	}
	at, err := p.table.find(fd)
	if err == nil {
		p.table.set(at, Registration{fd, t, i})
	}
	return err
}

func (p *pollset) Remove(fd int) error {
	if p.closed() {
		return net.ErrClosed
	}
	at, err := p.table.find(fd)
	if err == nil {
		p.table.drop(at)
	}
	return err
}

// Forget drops the registration: nobody else would.
func (p *pollset) Forget(fd int) {
	if at, err := p.table.find(fd); err == nil {
		p.table.drop(at)
	}
}

func (p *pollset) Rearm(fd int, t Token, i Interest) error {
	if p.closed() {
		return net.ErrClosed
	}
	at, err := p.table.find(fd)
	if err != nil {
		return err
	}
	return p.table.rearm(at, t, i)
}

func (p *pollset) Rebuild(regs iter.Seq[Registration]) error {
	if p.closed() {
		return net.ErrClosed
	}
	table := newPollTable(p.wake.fd)
	for r := range regs {
		if err := table.add(r); err != nil && !errors.Is(err, unix.EBADF) {
			return err
		}
	}
	p.table = table
	return nil
}

func (p *pollset) Poll() ([]Event, error) {
	if p.closed() {
		return nil, net.ErrClosed
	}
	if err := p.fetch(0); err != nil {
		return nil, err
	}
	return p.take(), nil
}

// Wait blocks in every mode. The time left is taken anew for each call, so a
// signal neither ends nor stretches the wait.
func (p *pollset) Wait(deadline int64, _ Mode) ([]Event, error) {
	if p.closed() {
		return nil, net.ErrClosed
	}
	if p.woken {
		deadline = 0
	}
	if err := p.fetch(deadline); err != nil {
		return nil, err
	}
	events := p.take()
	p.woken = false
	return events, nil
}

// fetch has the kernel fill the table in, by deadline at the latest.
func (p *pollset) fetch(deadline int64) error {
	for {
		left := forever
		if deadline != NoDeadline {
			left = max(deadline, 0) - Now()
		}
		err := pollUntil(p.table.fds, left)
		if err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
}

// forever is the time left until NoDeadline.
const forever = NoDeadline

func (p *pollset) take() []Event {
	if p.table.fds[0].Revents != 0 {
		p.wake.drain()
		p.woken = true
	}
	p.out = p.table.take(p.out[:0])
	return p.out
}

func (p *pollset) Wake() error { return p.wake.wake() }

func (p *pollset) Traits() Traits {
	t := Traits{Rearm: true}
	if !p.closed() {
		t.Descriptors = wakeDescriptors
	}
	return t
}

func (p *pollset) Close() error {
	p.table = newPollTable(-1)
	return p.wake.close()
}
