package stream

import "sync/atomic"

// flight is what other goroutines see of a stream: how many of their bytes are
// on the way to the loop, and whether there is room for more. What was taken
// before the stream was closed still arrives, and is sent.
type flight struct {
	bytes atomic.Int64 // and closedFlight
	high  atomic.Int64
	full  atomic.Bool
}

// closedFlight is added to the count when nothing more is taken: it is negative
// then.
const closedFlight = -1 << 62

// take makes room for n bytes, or says why there is none. What is larger than
// the high mark is let through when nothing else is on the way.
func (f *flight) take(n int) error {
	for {
		before := f.bytes.Load()
		switch {
		case before < 0:
			return ErrClosing
		case f.full.Load(), before > 0 && before+int64(n) > f.high.Load():
			return ErrWouldBlock
		}
		if f.bytes.CompareAndSwap(before, before+int64(n)) {
			return nil
		}
	}
}

// close takes no more.
func (f *flight) close() {
	for before := f.bytes.Load(); before >= 0; before = f.bytes.Load() {
		if f.bytes.CompareAndSwap(before, before+closedFlight) {
			return
		}
	}
}

// pending is how many bytes are on the way.
func (f *flight) pending() int64 {
	n := f.bytes.Load()
	if n < 0 {
		n -= closedFlight
	}
	return n
}

// Post is Write from any goroutine. The bytes of many posts leave in one system
// call. It fails with ErrWouldBlock when more than the high mark is on the way
// or waits in the write buffer, with ErrClosing after Close or WriteEOF, and when
// the loop is closed.
func (s *Stream) Post(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if err := s.flight.take(len(p)); err != nil {
		return s.kind.refusal(err)
	}
	m := s.shard.posts.take()
	m.stream = s
	m.copy(p)
	return m.send(len(p))
}

// PostOwned is WriteOwned from any goroutine, and fails as Post does. release is
// called on the loop, or by its Close. After an error p is still the caller's.
func (s *Stream) PostOwned(p []byte, release func()) error {
	if err := s.flight.take(len(p)); err != nil {
		return s.kind.refusal(err)
	}
	m := s.shard.posts.take()
	m.stream, m.owned, m.release, m.isOwned = s, p, release, true
	return m.send(len(p))
}

func (m *posted) send(n int) error {
	s := m.stream
	s.shard.memory.post(n)
	err := s.shard.reactor.Post(arrive, m)
	if err != nil {
		s.flight.bytes.Add(-int64(n))
		s.shard.memory.post(-n)
		s.shard.posts.give(m)
	}
	return err
}

// arrive is the end of the way. Only a stream that is lost meanwhile drops what
// comes, as everything that it had not sent.
func arrive(arg any) {
	m := arg.(*posted)
	s := m.stream
	if m.isOwned {
		p, release := m.owned, m.release
		s.shard.posts.give(m)
		s.own(p, release)
		s.arrived(len(p))
		return
	}
	n := len(m.bytes())
	if s.state < lost {
		s.out.Copy(s.shard.pool, m.bytes())
	}
	s.shard.posts.give(m)
	s.arrived(n)
}

// Dropped takes the argument of a callback that never ran, since its loop was closed
// or has died: what was posted goes back to whose it is.
func Dropped(arg any) {
	if m, ok := arg.(*posted); ok && m.release != nil {
		m.stream.guard("release", m.release)
	}
}

// own puts memory of others into the chain; a stream that is lost does not want
// it any more.
func (s *Stream) own(p []byte, release func()) {
	switch {
	case s.state < lost:
		s.guardOwn(p, release)
	case release != nil:
		s.guard("release", release)
	}
}

func (s *Stream) arrived(n int) {
	s.flight.bytes.Add(-int64(n))
	s.shard.memory.arrive(n)
	s.shard.room.tell(s)
	if s.out.Len() > 0 {
		s.queued()
	}
	s.settle()
}
