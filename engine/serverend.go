package engine

import (
	"context"
	"slices"

	"github.com/shardloop/shardloop/engine/internal/accept"
)

// waiters are tasks that wait for the same thing.
type waiters []*Future[struct{}]

func (w *waiters) wait(ctx context.Context, l *Loop) error {
	f := NewFuture[struct{}](l)
	*w = append(*w, f)
	_, err := Await(ctx, f)
	if err != nil {
		*w = slices.DeleteFunc(*w, func(g *Future[struct{}]) bool { return f == g })
	}
	return err
}

func (w *waiters) release() {
	all := *w
	*w = nil
	for _, f := range all {
		f.settle(struct{}{}, nil)
	}
}

// WaitClosed waits until the server is closed and its last connection gone:
// wait_closed.
func (s *Server) WaitClosed(ctx context.Context) error {
	_, err := perform(ctx, s.loop, func(ctx context.Context) (struct{}, error) {
		if s.isOver() {
			return struct{}{}, nil
		}
		return struct{}{}, s.waiters.wait(ctx, s.loop)
	})
	return err
}

func (s *Server) isOver() bool { return s.state == serverClosed && s.open() == 0 }

// settle releases who waits for what has come.
func (s *Server) settle() {
	if s.open() == 0 {
		s.emptied.release()
	}
	if s.isOver() {
		s.waiters.release()
	}
}

// Shutdown ends the server without losing a connection: it accepts what is
// queued, stops to listen, closes all connections, which sends what they have to
// send, and waits for their end. A connection from the queue is closed when its
// protocol has got what the client had sent by then. Where MaxConnections or the
// system leave no room for the queue, others are closed first.
//
// When ctx ends before, the rest is aborted, and the error is the cause of ctx. In
// either case no connection is left when Shutdown returns.
func (s *Server) Shutdown(ctx context.Context) error { return s.finish(ctx, s.shutdown) }

// finish performs a call that has to tidy up on the loop when ctx ends, also if
// that is before it began, and is awaited to its end.
func (s *Server) finish(ctx context.Context, fn func(context.Context) error) error {
	if t, here := taskHere(ctx); here && t.loop == s.loop {
		return fn(ctx)
	}
	_, err := perform(context.WithoutCancel(ctx), s.loop, func(in context.Context) (struct{}, error) {
		in, cancel := context.WithCancelCause(in)
		end := func() { cancel(context.Cause(ctx)) }
		if ctx.Err() != nil {
			end()
		}
		defer context.AfterFunc(ctx, end)()
		return struct{}{}, fn(in)
	})
	return err
}

func (s *Server) shutdown(ctx context.Context) error {
	if s.ending == nil {
		s.ending = (*connection).Close
	}
	s.hold((*accept.Listener).Hold)
	err := s.drain(ctx)
	s.Close()
	s.CloseClients()
	if err == nil {
		err = s.WaitClosed(ctx)
	}
	if err != nil {
		s.ending = (*connection).Abort
		s.AbortClients()
		_ = s.WaitClosed(context.WithoutCancel(ctx)) // a matter of turns
	}
	return err
}

// drain accepts what is queued. It makes room by closing what is open.
func (s *Server) drain(ctx context.Context) error {
	budget := len(s.accepts) * (s.options.Backlog + 1) // of what comes later, nobody has promised anything
	for s.drainOnce(&budget) && budget > 0 && s.open() > 0 {
		s.CloseClients()
		if err := s.emptied.wait(ctx, s.loop); err != nil {
			return err
		}
	}
	return nil
}

// drainOnce accepts as many as there is room for, and reports whether there may
// be more.
func (s *Server) drainOnce(budget *int) (more bool) {
	for _, a := range s.accepts {
		n, before := *budget, s.stats.Accepted
		if s.options.MaxConnections > 0 {
			n = min(n, s.options.MaxConnections-s.open())
		}
		more = a.Drain(n) || more
		*budget -= int(s.stats.Accepted - before)
	}
	return more
}

// endLate ends a connection that was accepted during Shutdown, once its protocol
// has learned of it and, in the turn after that, of what had arrived.
func (s *Server) endLate(c *connection) {
	soon := func(fn func()) { _ = s.loop.r.Soon(func(any) { fn() }, nil) } // a closed loop has ended it
	soon(func() { soon(func() { soon(func() { s.ending(c) }) }) })
}
