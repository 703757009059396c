package pollertest

import (
	"testing"

	"github.com/shardloop/shardloop/poller"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// Sim is the fixture of simulated pollers: stream pairs as byte counters over
// the readiness of simpoll. Every poller it makes is the one it was given.
type Sim struct {
	P    *simpoll.Poller
	ends map[int]*simEnd
}

// simEnd is one end of a pair; duplicates share it.
type simEnd struct {
	fds   []int
	peer  *simEnd
	held  int // bytes received and not read
	ended bool
	gone  bool
}

// simBuffer is how many bytes an end holds.
const simBuffer = 64 << 10

// NewSim makes a fixture on p.
func NewSim(p *simpoll.Poller) *Sim { return &Sim{P: p, ends: map[int]*simEnd{}} }

// OpenSim makes fixtures on the pollers of newPoller.
func OpenSim(newPoller func() *simpoll.Poller) Open {
	return func(testing.TB) Fixture { return NewSim(newPoller()) }
}

// New returns the simulated poller.
func (s *Sim) New() poller.Poller { return s.P }

// Lacks is nothing.
func (s *Sim) Lacks() poller.Ready { return 0 }

// File makes a descriptor that cannot be polled.
func (s *Sim) File() int { return s.P.OpenFile() }

// Pair makes two ends that are writable.
func (s *Sim) Pair() (a, b int) {
	a, b = s.P.Open(), s.P.Open()
	x, y := &simEnd{fds: []int{a}}, &simEnd{fds: []int{b}}
	x.peer, y.peer = y, x
	s.ends[a], s.ends[b] = x, y
	s.P.SetReady(a, poller.Writable)
	s.P.SetReady(b, poller.Writable)
	return a, b
}

// Write moves bytes into the peer's buffer.
func (s *Sim) Write(fd, n int) int {
	e := s.ends[fd]
	n = min(n, simBuffer-e.peer.held)
	if n == 0 {
		return 0
	}
	e.peer.held += n
	if e.peer.held == simBuffer {
		s.P.ClearReady(fd, poller.Writable)
	}
	s.news(e.peer, poller.Readable)
	return n
}

// Read takes bytes out of the buffer of fd.
func (s *Sim) Read(fd, n int) int {
	e := s.ends[fd]
	n = min(n, e.held)
	switch {
	case n == 0 && e.ended:
		return 0
	case n == 0:
		return WouldBlock
	}
	full := e.held == simBuffer
	e.held -= n
	if e.held == 0 && !e.ended {
		s.P.ClearReady(fd, poller.Readable)
	}
	if full && !e.peer.gone {
		s.news(e.peer, poller.Writable)
	}
	return n
}

// Shutdown tells the peer that no more will come.
func (s *Sim) Shutdown(fd int) {
	e := s.ends[fd]
	e.peer.ended = true
	ready := poller.Readable | poller.PeerClosed
	s.news(e.peer, ready)
	if e.ended {
		s.news(e.peer, poller.HangUp)
		s.news(e, poller.HangUp)
	}
}

// Dup makes another descriptor of the end.
func (s *Sim) Dup(fd int) int {
	e := s.ends[fd]
	d := s.P.Dup(fd)
	s.ends[d] = e
	e.fds = append(e.fds, d)
	return d
}

// Close closes fd, and with the last descriptor the end: the peer hears of it,
// and of a reset when bytes were left unread.
func (s *Sim) Close(fd int) {
	s.P.CloseFD(fd)
	e := s.ends[fd]
	delete(s.ends, fd)
	if e == nil {
		return
	}
	for i, d := range e.fds {
		if d == fd {
			e.fds = append(e.fds[:i], e.fds[i+1:]...)
			break
		}
	}
	if len(e.fds) > 0 {
		return
	}
	e.gone = true
	if e.peer.gone {
		return
	}
	e.peer.ended = true
	ready := poller.Readable | poller.Writable | poller.PeerClosed | poller.HangUp
	if e.held > 0 {
		ready |= poller.Failed
	}
	s.news(e.peer, ready)
}

// news makes conditions of e hold.
func (s *Sim) news(e *simEnd, r poller.Ready) {
	if len(e.fds) > 0 {
		s.P.SetReady(e.fds[0], r)
	}
}
