package reactor

import (
	"errors"
	"iter"
	"syscall"

	"github.com/shardloop/shardloop/poller"
)

// Handler acts on what became ready.
type Handler interface {
	// HandleReady is called on the loop in step 6. The event is the handler's
	// for the time of the call. Its Ready is zeroed before the call: a handler
	// that leaves bits there is called with them again, also after a panic,
	// which is how one event serves two callbacks.
	HandleReady(ev *poller.Event, ready poller.Ready)
}

// slot is one registered descriptor. Tokens name it by index and generation;
// freeing a slot raises the generation, so that a token outlives its
// registration without harm. No generation is 0: the zero token names nothing.
type slot struct {
	handler    Handler
	fd         int32 // -1: free
	generation uint32
	interest   poller.Interest
	changed    uint32 // the poll (low bits of its number) after which it was attached or freed
	place      uint32 // in the order of the poll told; see order.go
	told       uint64 // the poll of its last event
}

// slots is the table of descriptors, dense and reused.
type slots struct {
	table []slot
	free  []uint32
	live  int
}

// take finds a free slot.
func (s *slots) take() uint32 {
	s.live++
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.table = append(s.table, slot{fd: -1, generation: 1})
	return uint32(len(s.table) - 1)
}

// release frees slot i after poll number polls.
func (s *slots) release(i uint32, polls uint32) {
	g := max(s.table[i].generation+1, 1)
	s.table[i] = slot{fd: -1, generation: g, changed: polls}
	s.free = append(s.free, i)
	s.live--
}

// at returns the slot that t names, or nil if t is stale.
func (s *slots) at(t poller.Token) *slot {
	if i := t.Index(); uint64(i) < uint64(len(s.table)) {
		if p := &s.table[i]; p.generation == t.Generation() && p.fd >= 0 {
			return p
		}
	}
	return nil
}

// registrations yields what Rebuild needs.
func (s *slots) registrations() iter.Seq[poller.Registration] {
	return func(yield func(poller.Registration) bool) {
		for i := range s.table {
			p := &s.table[i]
			if p.fd < 0 {
				continue
			}
			t := poller.MakeToken(uint32(i), p.generation)
			if !yield(poller.Registration{FD: int(p.fd), Token: t, Interest: p.interest}) {
				return
			}
		}
	}
}

// Attach registers fd and returns the token that names the registration. It fails
// with ErrInUse for one that is registered. Loop only.
func (r *Reactor) Attach(fd int, h Handler, i poller.Interest) (poller.Token, error) {
	if r.refused != nil {
		return 0, r.refused
	}
	n := r.slots.take()
	p := &r.slots.table[n]
	t := poller.MakeToken(n, p.generation)
	if err := r.poller.Add(fd, t, i); err != nil {
		r.slots.release(n, uint32(r.polls))
		if errors.Is(err, syscall.EEXIST) {
			err = ErrInUse
		}
		return 0, err
	}
	*p = slot{handler: h, fd: int32(fd), generation: p.generation, interest: i, changed: uint32(r.polls)}
	if len(r.watches) > 0 {
		r.outlived(fd, h)
	}
	return t, nil
}

// Modify changes what a registration asks for; ENOENT for a stale token, or
// when the descriptor was closed under its registration. Loop only.
func (r *Reactor) Modify(t poller.Token, i poller.Interest) error {
	p := r.slots.at(t)
	if p == nil {
		return syscall.ENOENT
	}
	if err := r.poller.Modify(int(p.fd), t, i); err != nil {
		return err
	}
	p.interest = i
	return nil
}

// Rearm tells the poller that the directions of i were drained; see
// poller.Poller. Loop only.
func (r *Reactor) Rearm(t poller.Token, i poller.Interest) {
	if !r.traits.Rearm {
		return
	}
	if p := r.slots.at(t); p != nil {
		if err := r.poller.Rearm(int(p.fd), t, i); err != nil {
			r.report(Fault{Err: err})
		}
	}
}

// Detach ends a registration whose descriptor stays open. A stale token does
// nothing. Loop only.
func (r *Reactor) Detach(t poller.Token) error {
	p := r.slots.at(t)
	if p == nil {
		return nil
	}
	err := r.poller.Remove(int(p.fd))
	r.slots.release(t.Index(), uint32(r.polls))
	return err
}

// Forget ends a registration whose descriptor the caller closes before it
// returns to the loop. Loop only.
func (r *Reactor) Forget(t poller.Token) {
	if p := r.slots.at(t); p != nil {
		r.poller.Forget(int(p.fd))
		r.slots.release(t.Index(), uint32(r.polls))
	}
}
