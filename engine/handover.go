package engine

import (
	"sync"

	"github.com/shardloop/shardloop/engine/internal/accept"
	"github.com/shardloop/shardloop/engine/internal/sock"
)

// arrivals are what is on its way to a shard: connections that another one has
// accepted, and the listening sockets of one whose loop has ended. One post
// carries any number.
type arrivals struct {
	mu        sync.Mutex
	endpoints []endpoint  // guarded by mu
	listening []listening // guarded by mu
	called    bool        // the shard is on its way; guarded by mu
	shut      bool        // it is over, or its loop has ended; guarded by mu
}

// send gives the shard more, unless it is over or its loop has ended.
func (s *Server) send(add func(*arrivals)) bool {
	a := &s.arriving
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shut {
		return false
	}
	if !a.called && s.loop.r.Post(arrive, s) != nil {
		return false
	}
	a.called = true
	add(a) // one that ends meanwhile closes what arrives
	return true
}

// finish refuses what comes from now on, if nothing is on its way.
func (a *arrivals) finish() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shut = a.shut || !a.called
	return a.shut
}

// take empties the list, for good if the loop has ended.
func (a *arrivals) take(shut bool) ([]endpoint, []listening) {
	a.mu.Lock()
	defer a.mu.Unlock()
	endpoints, sockets := a.endpoints, a.listening
	a.endpoints, a.listening, a.called, a.shut = nil, nil, false, a.shut || shut
	return endpoints, sockets
}

func arrive(arg any) {
	s := arg.(*Server)
	endpoints, sockets := s.arriving.take(false)
	for _, x := range sockets {
		s.adopt(x)
	}
	for _, e := range endpoints {
		s.admit(e)
	}
	s.settle() // if it was waited for what came to nothing
}

// refuseArrivals closes what is on its way to a loop that has ended.
func (s *Server) refuseArrivals() {
	endpoints, sockets := s.arriving.take(true)
	for _, x := range sockets {
		x.close(s.loop.log)
	}
	for _, e := range endpoints {
		_ = sock.Close(e.fd) // nobody has it
		s.stats.Accepted++
		s.stats.Refused++
		s.crew.left(s)
	}
}

// adopt goes on listening for a shard whose loop has ended.
func (s *Server) adopt(x listening) {
	if s.state == serverClosed {
		x.close(s.loop.log)
		return
	}
	s.listening.join(x)
	for _, k := range x.sockets {
		if s.state == serverServing {
			if err := s.listen(k); err != nil {
				s.failed("socket.accept() failed", err)
			}
		}
	}
}

// join adds what another shard has listened with.
func (x *listening) join(o listening) {
	x.sockets = append(x.sockets, o.sockets...)
	x.views = append(x.views, o.views...)
	x.files = append(x.files, o.files...)
}

// surrender gives up what listens, and what was on its way to do so. The loop has
// ended.
func (s *Server) surrender() listening {
	s.stop()
	x := s.listening
	s.listening = listening{}
	for _, late := range s.arriving.surrender() {
		x.join(late)
	}
	return x
}

// surrender gives up the listening sockets, and lets nothing come any more.
func (a *arrivals) surrender() []listening {
	a.mu.Lock()
	defer a.mu.Unlock()
	sockets := a.listening
	a.listening, a.shut = nil, true
	return sockets
}

// place gives a connection to the shard that the balance chooses.
func (s *GroupServer) place(from *Server, e endpoint) {
	to := from
	if s.spread.hands {
		to = s.shards[s.spread.pick(e)]
	}
	s.spread.load[to.number].Add(1)
	if to != from && !to.send(func(a *arrivals) { a.endpoints = append(a.endpoints, e) }) {
		s.spread.load[to.number].Add(-1) // it has just ended
		s.spread.load[from.number].Add(1)
		to = from
	}
	if to == from {
		from.admit(e)
	}
}

// room takes a place for the next connection of a shard; without one the shard's
// listeners wait. Whoever gives one back wakes them: the wish is made known before
// the last look.
func (s *GroupServer) room(from *Server) bool {
	q := &s.spread.quota
	if from.ending != nil {
		q.taken.Add(1) // Shutdown takes the queue, whatever the limit
		return true
	}
	if q.take() {
		return true
	}
	from.hold((*accept.Listener).Hold)
	q.want.Store(true)
	if !q.take() {
		return false
	}
	from.resume()
	return true
}

// left is told that a shard has a connection less. Its descriptor is closed when
// this turn is over: then the listeners of the other shards may try again.
func (s *GroupServer) left(shard *Server) {
	s.spread.load[shard.number].Add(-1)
	s.unused()
	if s.spread.starved.Load() && s.spread.starved.CompareAndSwap(true, false) {
		freed := func(any) { s.everywhere((*Server).freed) }
		if shard.loop.r.Soon(freed, nil) != nil {
			freed(nil) // the loop is closed
		}
	}
}

func (s *Server) freed() { s.hold((*accept.Listener).Freed) }

// everywhere posts a call to all shards. One whose loop has ended does without.
func (s *GroupServer) everywhere(do func(*Server)) {
	for _, shard := range s.shards {
		_ = shard.loop.r.Post(func(any) { do(shard) }, nil)
	}
}

// unused gives a place back.
func (s *GroupServer) unused() {
	if s.spread.quota.give() {
		s.everywhere((*Server).resume)
	}
}
