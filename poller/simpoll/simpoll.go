// Package simpoll is a poller without a kernel, for tests: a virtual clock,
// virtual descriptors and faults on demand.
//
// It keeps the contract of package poller and behaves like epoll inside:
// events come in the order in which descriptors became ready, a reported
// level-triggered registration goes to the end of that order, a registration
// belongs to the open description and outlives the descriptor while a
// duplicate is open.
//
// Time stands still except for Advance, a Fault with Elapse, and a Wait that
// finds nothing ready: it moves the clock to its deadline and returns. Only a
// Wait without a deadline really waits, for a Wake or a SetReady.
package simpoll

import (
	"iter"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// Poller is a simulated poller together with the system that it watches. The
// methods of poller.Poller keep that contract; all others, and Wake, may be
// called from any goroutine.
//
//	descriptor --+
//	             +--> description (ready) --> watches --> queue --> events
//	duplicate  --+
type Poller struct {
	mu      sync.Mutex
	changed sync.Cond // a watch was queued, or wake or closed was set

	now    int64
	wake   bool
	closed bool
	traits poller.Traits

	open    map[int]*description
	watches map[watchKey]*watch
	queue   []*watch // ready, oldest first
	batch   int      // the most events of one call; doubles when met
	out     []poller.Event

	faults [ops][]Fault
	calls  [ops]int
}

var _ poller.Poller = (*Poller)(nil)

// New makes a poller that behaves like epoll, at time zero.
func New() *Poller {
	const batch = 256 // that of the epoll poller
	p := &Poller{
		traits:  poller.Traits{Park: true},
		open:    map[int]*description{},
		watches: map[watchKey]*watch{},
		batch:   batch,
	}
	p.changed.L = &p.mu
	return p
}

// NewOneShot makes a poller whose Edge registrations need Rearm, as those of
// poll(2) do.
func NewOneShot() *Poller {
	p := New()
	p.traits = poller.Traits{Rearm: true}
	return p
}

// begin takes the lock for a call of op, lets the next fault of op happen and
// returns it. A call that must not go on gets an error.
func (p *Poller) begin(op Op) (Fault, error) {
	f := p.nextFault(op)
	if f.Do != nil {
		f.Do()
	}
	p.mu.Lock()
	p.now += int64(f.Elapse)
	if p.closed {
		return f, net.ErrClosed
	}
	return f, f.Err
}

// Now is the virtual time.
func (p *Poller) Now() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

// Advance moves the virtual clock forward. It wakes nobody.
func (p *Poller) Advance(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now += int64(d)
}

// Add implements poller.Poller.
func (p *Poller) Add(fd int, t poller.Token, i poller.Interest) error {
	_, err := p.begin(OpAdd)
	defer p.mu.Unlock()
	if err != nil {
		return err
	}
	return p.add(poller.Registration{FD: fd, Token: t, Interest: i})
}

func (p *Poller) add(r poller.Registration) error {
	d := p.open[r.FD]
	switch {
	case r.Token.Index() == poller.OwnIndex:
		return fail(syscall.EINVAL)
	case d == nil:
		return fail(syscall.EBADF)
	case d.file:
		return fail(syscall.EPERM)
	}
	key := watchKey{d, r.FD}
	if p.watches[key] != nil {
		return fail(syscall.EEXIST)
	}
	w := &watch{desc: d}
	p.watches[key] = w
	d.watches = append(d.watches, w)
	p.set(w, r)
	return nil
}

// Modify implements poller.Poller.
func (p *Poller) Modify(fd int, t poller.Token, i poller.Interest) error {
	_, err := p.begin(OpModify)
	defer p.mu.Unlock()
	if err != nil {
		return err
	}
	if t.Index() == poller.OwnIndex {
		return fail(syscall.EINVAL)
	}
	w, err := p.find(fd)
	if err == nil {
		p.set(w, poller.Registration{FD: fd, Token: t, Interest: i})
	}
	return err
}

// Remove implements poller.Poller.
func (p *Poller) Remove(fd int) error {
	_, err := p.begin(OpRemove)
	defer p.mu.Unlock()
	if err != nil {
		return err
	}
	w, err := p.find(fd)
	if err == nil {
		p.drop(w)
	}
	return err
}

// Forget does nothing, as with epoll; CloseFD ends the registration.
func (p *Poller) Forget(int) {}

// Rearm implements poller.Poller.
func (p *Poller) Rearm(fd int, t poller.Token, i poller.Interest) error {
	_, err := p.begin(OpRearm)
	defer p.mu.Unlock()
	if err != nil || !p.traits.Rearm {
		return err
	}
	w, err := p.find(fd)
	if err != nil {
		return err
	}
	if w.Token != t {
		return fail(syscall.ENOENT)
	}
	p.rearm(w, i)
	return nil
}

// Rebuild implements poller.Poller.
func (p *Poller) Rebuild(regs iter.Seq[poller.Registration]) error {
	var list []poller.Registration
	for r := range regs {
		list = append(list, r)
	}
	_, err := p.begin(OpRebuild)
	defer p.mu.Unlock()
	if err != nil {
		return err
	}
	seen := map[int]bool{}
	for _, r := range list {
		switch d := p.open[r.FD]; {
		case d != nil && d.file:
			return fail(syscall.EPERM)
		case d != nil && seen[r.FD]:
			return fail(syscall.EEXIST)
		}
		seen[r.FD] = true
	}
	for _, w := range p.watches {
		p.drop(w)
	}
	for _, r := range list {
		if p.open[r.FD] != nil {
			p.add(r)
		}
	}
	return nil
}

// Wake implements poller.Poller.
func (p *Poller) Wake() error {
	_, err := p.begin(OpWake)
	defer p.mu.Unlock()
	if err == nil {
		p.wake = true
		p.changed.Broadcast()
	}
	return err
}

// Traits implements poller.Poller. A simulated poller holds no descriptors.
func (p *Poller) Traits() poller.Traits { return p.traits }

// Close implements poller.Poller. Descriptors stay open.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
	return nil
}

func fail(errno syscall.Errno) error { return os.NewSyscallError("simpoll", errno) }
