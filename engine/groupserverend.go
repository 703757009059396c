package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/shardloop/shardloop/engine/internal/accept"
)

// on runs do with each shard whose loop has not ended: at once on the loop that
// the caller is on, as by CallSoonThreadsafe on the others.
func (s *GroupServer) on(do func(*Server)) {
	for _, shard := range s.alive() {
		if shard.loop.onLoop() {
			do(shard)
			continue
		}
		_ = shard.loop.r.Post(func(any) { do(shard) }, nil) // one that ends meanwhile closes its shard
	}
}

// alive are the shards whose loops have not ended.
func (s *GroupServer) alive() (list []*Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, shard := range s.shards {
		if shard != nil && !s.ended[i] {
			list = append(list, shard)
		}
	}
	return list
}

// onShards runs fn in a task on the loop of each shard that is alive.
func onShards[T any](ctx context.Context, s *GroupServer, fn func(context.Context, *Server) (T, error)) ([]T, error) {
	var loops []*Loop
	shards := s.alive()
	for _, shard := range shards {
		loops = append(loops, shard.loop)
	}
	return onEach(ctx, loops, func(ctx context.Context, l *Loop) (T, error) {
		return fn(ctx, shards[slices.Index(loops, l)])
	})
}

func nothing(err error) (struct{}, error) { return struct{}{}, err }

// StartServing begins to accept on all loops: start_serving. A second call does
// nothing; on a closed server it is ErrServerClosed.
func (s *GroupServer) StartServing(ctx context.Context) error {
	if s.isOver() {
		return ErrServerClosed
	}
	if err := s.steer.listen(s.shards[0].options.Backlog); err != nil {
		return err
	}
	_, err := onShards(ctx, s, func(ctx context.Context, shard *Server) (struct{}, error) {
		return nothing(shard.StartServing(ctx))
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = s.serving || err == nil
	return err
}

// IsServing reports whether the server accepts connections: is_serving.
func (s *GroupServer) IsServing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving && !s.over
}

func (s *GroupServer) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Sockets are the listening sockets, each address once, none after Close:
// sockets.
func (s *GroupServer) Sockets() []*TransportSocket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*TransportSocket{}, s.views...)
}

// Close stops to accept and closes the listening sockets on all loops, as
// Server.Close does; on other loops than the caller's it comes about in their next
// turn. A second call does nothing.
func (s *GroupServer) Close() {
	s.closing()
	s.on((*Server).Close)
}

// closing notes that the server is closed.
func (s *GroupServer) closing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over, s.views = true, nil
	s.discard(s.pending)
	s.pending = nil
}

// leave notes that a shard is over, for good. The caller is on its loop, or alone
// with it.
func (s *GroupServer) leave(shard *Server) {
	i := shard.number
	s.spread.gone[i].Store(true)
	s.mu.Lock()
	s.ended[i], s.stats[i], s.ends[i] = true, shard.Stats(), shard.endStats()
	s.open--
	last, waits := s.open == 0, s.leaving[i]
	s.counted[i], s.leaving[i] = true, nil
	s.mu.Unlock()
	if last {
		s.closing() // also without Close, by the end of all loops
		s.group.strike(s)
	}
	for _, f := range waits {
		f.complete(struct{}{}, nil)
	}
}

// waitsForShard are calls that wait for a shard to be over, also when its loop has died.
type waitsForShard []*ConcurrentFuture[struct{}]

// awaitFallen waits for the shards whose loops have ended: another goroutine closes
// such a loop with its connections, and only then they count.
func (s *GroupServer) awaitFallen(ctx context.Context) error {
	var errs []error
	for _, f := range s.fallen() {
		_, err := f.awaitAnywhere(ctx)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// fallen begins a wait for each shard whose loop has ended, and that is not over. A
// loop that has just died takes no post, before anybody else knows of its death.
func (s *GroupServer) fallen() (waits waitsForShard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, shard := range s.shards {
		if shard == nil || s.counted[i] || !s.ended[i] && shard.loop.r.Post(func(any) {}, nil) == nil {
			continue
		}
		f := &ConcurrentFuture[struct{}]{loop: shard.loop, done: make(chan struct{})} // outlives the loop
		s.leaving[i], waits = append(s.leaving[i], f), append(waits, f)
	}
	return waits
}

// CloseClients closes all connections that were accepted: close_clients.
func (s *GroupServer) CloseClients() { s.on((*Server).CloseClients) }

// AbortClients aborts all connections that were accepted: abort_clients.
func (s *GroupServer) AbortClients() { s.on((*Server).AbortClients) }

// WaitClosed waits until the server is closed and its last connection gone, on all
// loops: wait_closed.
func (s *GroupServer) WaitClosed(ctx context.Context) error {
	_, err := onShards(ctx, s, func(ctx context.Context, shard *Server) (struct{}, error) {
		return nothing(shard.WaitClosed(ctx))
	})
	if err != nil {
		return err
	}
	return s.awaitFallen(ctx)
}

// Shutdown ends the server on all loops at once, as Server.Shutdown does on one,
// and returns the counts of all together; MaxConnections does not hold for it. It
// waits for a loop that a callback blocks, also when ctx has ended.
func (s *GroupServer) Shutdown(ctx context.Context) (ShutdownStats, error) {
	if err := canWait(ctx); err != nil {
		return ShutdownStats{}, err
	}
	err := errors.Join(s.drain(ctx), s.inStep(ctx, func(ctx context.Context, shard *Server) error {
		shard.closeAll()
		return shard.WaitClosed(ctx)
	}))
	if err != nil {
		_ = s.inFull(ctx, func(ctx context.Context, shard *Server) { shard.cutOff(ctx) })
	}
	err = cmp.Or(err, s.inPeace(ctx, s.awaitFallen))
	s.closing()
	s.mu.Lock()
	defer s.mu.Unlock()
	return total(s.ends), err
}

// inPeace calls fn without the end of ctx, and again after a cancellation of the calling
// task, which comes once.
func (s *GroupServer) inPeace(ctx context.Context, fn func(context.Context) error) error {
	err := fn(context.WithoutCancel(ctx))
	if err != nil {
		_ = fn(context.WithoutCancel(ctx))
	}
	return err
}

// inStep is onShards for Shutdown: fn sees the end of ctx, and is awaited.
func (s *GroupServer) inStep(ctx context.Context, fn func(context.Context, *Server) error) error {
	_, err := onShards(context.WithoutCancel(ctx), s, func(in context.Context, shard *Server) (struct{}, error) {
		in, release := endedWith(in, ctx)
		defer release()
		return nothing(fn(in, shard))
	})
	return err
}

// inFull is inStep for what takes no time. A cancellation of the calling task does
// not keep it from a shard: it comes once, and fn is called again then.
func (s *GroupServer) inFull(ctx context.Context, fn func(context.Context, *Server)) error {
	step := func(ctx context.Context, shard *Server) error {
		fn(ctx, shard)
		return nil
	}
	err := s.inStep(ctx, step)
	if err != nil {
		_ = s.inStep(ctx, step)
	}
	return err
}

// drain accepts what is queued. First it makes all shards see that the end has
// begun, so that none closes at once what another one hands over. Where the system
// has no room, what is open is closed on all loops.
func (s *GroupServer) drain(ctx context.Context) error {
	err := s.inFull(ctx, func(_ context.Context, shard *Server) { shard.beginEnd() })
	for {
		rest, failed := s.drainOnce(ctx)
		none := s.spread.open() == 0
		err = errors.Join(err, failed)
		if err != nil || rest == accept.Nothing || rest == accept.Some && none {
			return err
		}
		err = s.makeRoom(ctx, none)
	}
}

// drainOnce is that of all shards.
func (s *GroupServer) drainOnce(ctx context.Context) (accept.Rest, error) {
	var left [accept.Stuck + 1]atomic.Bool
	err := s.inFull(ctx, func(_ context.Context, shard *Server) { left[shard.drainOnce()].Store(true) })
	rest := accept.Stuck
	for rest > accept.Nothing && !left[rest].Load() {
		rest--
	}
	return rest, err
}

// makeRoom is that of all shards; a shard without a connection has nothing to close,
// and waits if none has.
func (s *GroupServer) makeRoom(ctx context.Context, none bool) error {
	return s.inStep(ctx, func(ctx context.Context, shard *Server) error {
		if shard.open() == 0 && !none {
			return nil
		}
		return shard.makeRoom(ctx)
	})
}

// Stats are the counts so far, of each loop in the order of the group's, those
// that have ended included.
func (s *GroupServer) Stats(ctx context.Context) ([]ServerStats, error) {
	_, err := onShards(ctx, s, func(_ context.Context, shard *Server) (struct{}, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stats[shard.number] = shard.Stats()
		return struct{}{}, nil
	})
	if err == nil {
		err = s.awaitFallen(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stats), err
}

// fell moves what listens from a loop that has ended to one that has not. The
// caller is alone with that loop.
func (s *GroupServer) fell(l *Loop) {
	i := slices.Index(s.loops, l)
	if i < 0 {
		return
	}
	s.mu.Lock()
	over := s.ended[i]
	s.ended[i] = true
	s.mu.Unlock()
	if over {
		return
	}
	s.spread.gone[i].Store(true)
	left := s.shards[i].surrender()
	for _, to := range s.heirs(l) {
		if to.send(func(a *arrivals) { a.listening = append(a.listening, left) }) {
			return
		}
	}
	left.close(l.log)
}
