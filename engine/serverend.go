package engine

import (
	"context"
	"slices"

	"github.com/shardloop/shardloop/engine/internal/sock"
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
		if s.over {
			return struct{}{}, nil
		}
		return struct{}{}, s.waiters.wait(ctx, s.loop)
	})
	return err
}

// settle releases who waits for what has come.
func (s *Server) settle() {
	if s.open() > 0 {
		return
	}
	s.emptied.release()
	if s.state == serverClosed && !s.over && s.arriving.finish() {
		s.finish()
	}
}

// finish is the end: nothing comes any more.
func (s *Server) finish() {
	s.over = true
	s.loop.servers = slices.DeleteFunc(s.loop.servers, func(o *Server) bool { return o == s })
	s.waiters.release()
	if s.crew != nil {
		s.crew.leave(s)
	}
}

// drop closes the server of a loop that is closed, and the connections that no
// protocol will learn of. The others are dropped afterwards.
func (s *Server) drop() {
	if s.ending != nil {
		s.ending.dropped(s.conns)
	}
	for _, a := range s.greeting {
		_ = sock.Close(a.fd) // nobody has it
	}
	s.stats.Refused += uint64(len(s.greeting))
	if s.crew != nil {
		for range s.greeting {
			s.crew.left(s)
		}
		s.refuseArrivals()
	}
	s.greeting = nil
	s.Close()
	s.settle() // one that was closed before
}
