package engine

import (
	"context"

	"github.com/shardloop/shardloop/engine/internal/accept"
)

// ShutdownStats counts what Shutdown has made of connections. All of them are gone
// when it returns:
//
//	Open + Queued = Closed + Refused + Aborted
type ShutdownStats struct {
	Open    uint64 // connections when it began
	Queued  uint64 // that were taken from the kernel's queue, or were on their way to their loop
	Closed  uint64 // that all was sent to, or that have ended by themselves
	Refused uint64 // whose protocol could not be made
	Aborted uint64 // that were cut off because ctx, or their loop, has ended
	Unsent  uint64 // bytes for those cut off by ctx which the system had not taken
}

// Add is the sum of both.
func (s ShutdownStats) Add(o ShutdownStats) ShutdownStats {
	return ShutdownStats{
		Open:    s.Open + o.Open,
		Queued:  s.Queued + o.Queued,
		Closed:  s.Closed + o.Closed,
		Refused: s.Refused + o.Refused,
		Aborted: s.Aborted + o.Aborted,
		Unsent:  s.Unsent + o.Unsent,
	}
}

func total(list []ShutdownStats) (all ShutdownStats) {
	for _, x := range list {
		all = all.Add(x)
	}
	return all
}

// serverEnd is a Shutdown, from its beginning on. Those who call it again join it.
type serverEnd struct {
	before  ServerStats
	early   []*connection // open at the beginning, not closed by Shutdown yet
	budget  int           // how many connections it takes from the queue; of what comes later, nobody has promised anything
	cut     bool          // its time is over
	aborted uint64
	unsent  uint64
}

// Shutdown ends the server without losing a connection: it accepts what is
// queued, stops to listen, closes all connections, which sends what they have to
// send, and waits for their end. A connection from the queue is closed when its
// protocol has got what the client had sent by then, for which it waits where the
// loop has no memory to read. Where MaxConnections or the system leave no room for
// the queue, others are closed first; where none is left to close, and the process is
// out of descriptors, Shutdown tries again every second until all are served.
//
// When ctx ends before, the rest is aborted, and the error is the cause of ctx. In
// either case no connection is left when Shutdown returns. A second call joins the
// first and returns the same counts; its ctx ends both.
func (s *Server) Shutdown(ctx context.Context) (ShutdownStats, error) {
	return tidily(ctx, s.loop, s.shutdown)
}

// tidily performs a call that has to tidy up on the loop when ctx ends, also if
// that is before it began, and is awaited to its end.
func tidily[T any](ctx context.Context, l *Loop, fn func(context.Context) (T, error)) (T, error) {
	if t, here := taskHere(ctx); here && t.loop == l {
		return fn(ctx)
	}
	return perform(context.WithoutCancel(ctx), l, func(in context.Context) (T, error) {
		in, release := endedWith(in, ctx)
		defer release()
		return fn(in)
	})
}

// endedWith is in, with the end of ctx.
func endedWith(in, ctx context.Context) (_ context.Context, release func()) {
	in, cancel := context.WithCancelCause(in)
	end := func() { cancel(context.Cause(ctx)) }
	if ctx.Err() != nil {
		end()
	}
	stop := context.AfterFunc(ctx, end)
	return in, func() { stop() }
}

func (s *Server) shutdown(ctx context.Context) (ShutdownStats, error) {
	s.beginEnd()
	err := s.drain(ctx)
	s.closeAll()
	if err == nil {
		err = s.WaitClosed(ctx)
	}
	if err != nil {
		s.cutOff(ctx)
	}
	return s.endStats(), err
}

// beginEnd makes all that comes from now on late: it ends by itself.
func (s *Server) beginEnd() {
	if s.ending != nil {
		return
	}
	s.ending = &serverEnd{
		before: s.Stats(),
		early:  append([]*connection(nil), s.conns...),
		budget: len(s.accepts) * (s.options.Backlog + 1),
	}
	s.hold((*accept.Listener).Hold)
}

// drain accepts what is queued. It makes room by closing what is open.
func (s *Server) drain(ctx context.Context) error {
	for {
		rest := s.drainOnce()
		if rest == accept.Nothing || rest == accept.Some && s.open() == 0 {
			return nil
		}
		if err := s.makeRoom(ctx); err != nil {
			return err
		}
	}
}

// makeRoom closes what is open; what is not the server's, others have to free.
func (s *Server) makeRoom(ctx context.Context) error {
	if s.open() == 0 {
		return Sleep(ctx, accept.RetryDelay)
	}
	s.closeEarly()
	return s.emptied.wait(ctx, s.loop)
}

// drainOnce accepts as many as there is room for, and tells what is left.
func (s *Server) drainOnce() (rest accept.Rest) {
	for _, a := range s.accepts {
		n, before := s.ending.budget, s.taken
		if s.options.MaxConnections > 0 {
			n = min(n, s.options.MaxConnections-s.open())
		}
		rest = max(rest, a.Drain(n))
		s.ending.budget -= int(s.taken - before)
	}
	if s.ending.budget <= 0 {
		return accept.Nothing // that anything was promised to
	}
	return rest
}

// closeEarly closes what was open when Shutdown began.
func (s *Server) closeEarly() {
	early := s.ending.early
	s.ending.early = nil
	for _, c := range early {
		c.Close()
	}
}

// closeAll stops to listen, and closes what does not close by itself.
func (s *Server) closeAll() {
	s.beginEnd() // the call that was to do that may have been cancelled
	s.Close()
	s.closeEarly()
}

// cutOff aborts what is left, and waits for its end.
func (s *Server) cutOff(ctx context.Context) {
	s.closeAll()
	s.ending.cut = true
	s.eachClient(s.abort)
	_ = s.WaitClosed(context.WithoutCancel(ctx)) // a matter of turns
}

func (s *Server) abort(c *connection) {
	if unsent, ok := c.GiveUp(); ok {
		s.ending.aborted++
		s.ending.unsent += uint64(unsent)
	}
}

// endLate ends a connection that was accepted during Shutdown, once its protocol
// has learned of it and, in the turn after that, of what had arrived; where the
// loop has no memory for that, once it was read all the same.
func (s *Server) endLate(c *connection) {
	soon := func(fn func()) { _ = s.loop.r.Soon(func(any) { fn() }, nil) } // a closed loop has ended it
	soon(func() { soon(func() { soon(func() { s.endNow(c) }) }) })
}

func (s *Server) endNow(c *connection) {
	switch {
	case s.ending.cut:
		s.abort(c)
	case c.Starved():
		s.loop.memory.onEase(func() { s.endLate(c) })
	default:
		c.Close()
	}
}

// dropped counts connections that their loop takes along.
func (e *serverEnd) dropped(conns []*connection) {
	for _, c := range conns {
		if !c.IsLost() {
			e.aborted++
		}
	}
}

// endStats are the counts of Shutdown so far.
func (s *Server) endStats() ShutdownStats {
	e := s.ending
	if e == nil {
		return ShutdownStats{}
	}
	return ShutdownStats{
		Open:    uint64(e.before.Active),
		Queued:  s.stats.Accepted - e.before.Accepted,
		Closed:  s.stats.Closed - e.before.Closed - e.aborted,
		Refused: s.stats.Refused - e.before.Refused,
		Aborted: e.aborted,
		Unsent:  e.unsent,
	}
}
