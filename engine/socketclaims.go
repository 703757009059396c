package engine

import "net"

// claims are the calls that wait for a Socket, at most one for each direction, and
// what they hold. The socket's mutex guards them.
//
// A call claims its direction until it ends, and registers the descriptor with its
// loop each time that it waits. Close forbids all further use at once; but the
// descriptor is closed only when no loop has it registered any more, so that no
// loop ever takes another file for it.
type claims struct {
	by      [2]*sockWait // that reads, that writes
	watched int          // registrations
	orphan  bool         // the last of them closes the descriptor
}

// taken reports whether somebody waits in the direction.
func (c *claims) taken(d direction) bool { return c.by[d] != nil && !c.by[d].abandoned }

// busy reports whether somebody waits, or is about to let go.
func (c *claims) busy() bool { return c.watched > 0 || c.taken(reading) || c.taken(writing) }

// claim gives a direction to w, which is about to wait. On w's loop.
func (s *Socket) claim(w *sockWait) error {
	d := w.call.op.direction()
	s.mu.Lock()
	was := s.claims.by[d]
	err := s.open(d)
	if err == nil {
		s.claims.by[d] = w
	}
	s.mu.Unlock()
	if err == nil && was != nil && was.loop == w.loop {
		was.wake() // it is given up, and does not know yet
	}
	return err
}

// open is why no call may begin in the direction, or nil. With the mutex.
func (s *Socket) open(d direction) error {
	switch {
	case !s.live:
		return net.ErrClosed
	case s.claims.taken(d):
		return ErrFdInUse
	}
	return nil
}

// release undoes claim.
func (s *Socket) release(w *sockWait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := w.call.op.direction(); s.claims.by[d] == w {
		s.claims.by[d] = nil
	}
}

// evict has the calls that wait look at a socket that is closed. Any goroutine.
func (s *Socket) evict() {
	for d, l := range s.waitingLoops() {
		switch {
		case l == nil:
		case l.onLoop():
			s.wake(direction(d))
		default:
			_ = l.r.Post(func(any) { s.wake(direction(d)) }, nil) // a closed loop ends its waits
		}
	}
}

// waitingLoops are those whose tasks wait in each direction.
func (s *Socket) waitingLoops() (loops [2]*Loop) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for d, w := range s.claims.by {
		if w != nil {
			loops[d] = w.loop
		}
	}
	return loops
}

// wake ends the wait in a direction of a socket that is closed, if there still is
// one: a new one cannot have begun.
func (s *Socket) wake(d direction) {
	s.mu.Lock()
	w := s.claims.by[d]
	s.mu.Unlock()
	if w != nil {
		w.wake()
	}
}
