package simpoll

import (
	"fmt"
	"slices"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// description is an open file description: what descriptors name and what
// becomes ready.
type description struct {
	refs    int // descriptors that name it
	ready   poller.Ready
	file    bool // a regular file, which cannot be polled
	watches []*watch
}

// watchKey names a registration as epoll does, by description and number.
type watchKey struct {
	desc *description
	fd   int
}

// watch is a registration.
type watch struct {
	poller.Registration
	desc   *description
	queued bool
	spent  poller.Ready // reported to an Edge registration and not rearmed
}

const over = poller.HangUp | poller.Failed

// wants is what the watch reports when it holds.
func (w *watch) wants() poller.Ready {
	r := over
	if w.Interest&poller.In != 0 {
		r |= poller.Readable
	}
	if w.Interest&poller.Out != 0 {
		r |= poller.Writable
	}
	if w.Interest&poller.Edge != 0 {
		r |= poller.PeerClosed
	}
	return r &^ w.spent
}

// Open makes a descriptor, the lowest free one, of which nothing is ready.
func (p *Poller) Open() int { return p.install(&description{}) }

// OpenFile makes a descriptor of a regular file, which Add refuses.
func (p *Poller) OpenFile() int { return p.install(&description{file: true}) }

// Dup makes another descriptor of the description of fd.
func (p *Poller) Dup(fd int) int { return p.install(p.mustOpen(fd)) }

func (p *Poller) install(d *description) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	fd := 0
	for p.open[fd] != nil {
		fd++
	}
	p.open[fd] = d
	d.refs++
	return fd
}

// mustOpen is the description of fd. A test that names a closed descriptor is
// wrong, so it panics.
func (p *Poller) mustOpen(fd int) *description {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := p.open[fd]
	if d == nil {
		panic(fmt.Sprintf("simpoll: descriptor %d is not open", fd))
	}
	return d
}

// CloseFD closes a descriptor. The last one of a description ends its
// registrations; until then those of fd go on reporting.
func (p *Poller) CloseFD(fd int) {
	d := p.mustOpen(fd)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, fd)
	if d.refs--; d.refs > 0 {
		return
	}
	for len(d.watches) > 0 {
		p.drop(d.watches[0])
	}
}

// SetReady makes conditions of fd hold. It counts as news of them even where
// they held before, as the arrival of more data does.
func (p *Poller) SetReady(fd int, r poller.Ready) {
	d := p.mustOpen(fd)
	p.mu.Lock()
	defer p.mu.Unlock()
	d.ready |= r
	for _, w := range d.watches {
		if w.wants()&r != 0 {
			p.enqueue(w)
		}
	}
}

// ClearReady makes conditions of fd hold no more.
func (p *Poller) ClearReady(fd int, r poller.Ready) {
	d := p.mustOpen(fd)
	p.mu.Lock()
	defer p.mu.Unlock()
	d.ready &^= r
}

// Registered is the registration of fd, for tests of what their subject
// watches.
func (p *Poller) Registered(fd int) (poller.Registration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w, err := p.find(fd)
	if err != nil {
		return poller.Registration{}, false
	}
	return w.Registration, true
}

func (p *Poller) find(fd int) (*watch, error) {
	d := p.open[fd]
	if d == nil {
		return nil, fail(syscall.EBADF)
	}
	w := p.watches[watchKey{d, fd}]
	if w == nil {
		return nil, fail(syscall.ENOENT)
	}
	return w, nil
}

// set gives w a new token and interest; what holds already is news.
func (p *Poller) set(w *watch, r poller.Registration) {
	w.Registration, w.spent = r, 0
	if w.wants()&w.desc.ready != 0 {
		p.enqueue(w)
	}
}

func (p *Poller) rearm(w *watch, i poller.Interest) {
	w.spent &^= over
	if i&poller.In != 0 {
		w.spent &^= poller.Readable | poller.PeerClosed
	}
	if i&poller.Out != 0 {
		w.spent &^= poller.Writable
	}
	if w.wants()&w.desc.ready != 0 {
		p.enqueue(w)
	}
}

func (p *Poller) drop(w *watch) {
	delete(p.watches, watchKey{w.desc, w.FD})
	w.desc.watches = slices.DeleteFunc(w.desc.watches, func(x *watch) bool { return x == w })
	if w.queued {
		p.queue = slices.DeleteFunc(p.queue, func(x *watch) bool { return x == w })
	}
}

func (p *Poller) enqueue(w *watch) {
	if !w.queued {
		w.queued = true
		p.queue = append(p.queue, w)
	}
	p.changed.Broadcast()
}
