//go:build unix

package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// stress is a group to which everything happens at the same time.
type stress struct {
	t       *testing.T
	g       *engine.Group
	ctx     context.Context // of what may wait for ever
	calls   sync.WaitGroup  // and clients
	mu      sync.Mutex
	servers []*engine.GroupServer // guarded by mu
}

// TestGroupStress: calls of all kinds in any order, from goroutines, callbacks and
// tasks, while loops are stopped and die, end, and leave nothing behind.
func TestGroupStress(t *testing.T) {
	rnd := seeded(t)
	for range scaled(40, 10) {
		stressOnce(t, rand.New(rand.NewPCG(rnd.Uint64(), 0)))
	}
}

func stressOnce(t *testing.T, rnd *rand.Rand) {
	g, err := engine.NewGroup(1+rnd.IntN(4), hosted(t, engine.Config{}))
	must(t, err)
	for _, l := range g.Loops() {
		l.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &stress{t: t, g: g, ctx: ctx}
	var workers sync.WaitGroup
	w.calls.Go(w.starter(rnd.IntN(3) == 0))
	for range 4 {
		own := rand.New(rand.NewPCG(rnd.Uint64(), 1))
		workers.Go(func() {
			for range 15 {
				w.somewhere(own)
			}
		})
	}
	workers.Wait()
	_, err = g.Shutdown(t.Context())
	if errors.Is(err, engine.ErrStoppedBeforeDone) || errors.Is(err, engine.ErrLoopRunning) {
		t.Errorf("Shutdown: %v", err)
	}
	cancel()
	w.calls.Wait()
	allClosed(t, g)
	for _, s := range w.servers {
		if x := totalOf(t, s); x.Active != 0 || x.Accepted != x.Closed+x.Refused {
			t.Errorf("%+v", x)
		}
	}
}

// starter runs the group, in one way or the other.
func (w *stress) starter(run bool) func() {
	return func() {
		if !run {
			_ = w.g.Start() // it may be too late
			return
		}
		_ = w.g.Run(w.ctx, func(ctx context.Context) error { return engine.Sleep(ctx, 1<<50) })
	}
}

// somewhere does something, on this goroutine or on a loop.
func (w *stress) somewhere(rnd *rand.Rand) {
	do, l := w.something(rnd), w.g.Loops()[rnd.IntN(len(w.g.Loops()))]
	switch rnd.IntN(3) {
	case 0:
		do(w.ctx)
	case 1:
		engine.Submit(l, func(ctx context.Context) (struct{}, error) { do(ctx); return struct{}{}, nil })
	default:
		_ = l.CallSoonThreadsafeArg(func(any) { do(w.ctx) }, nil) // it may have ended
	}
	runtime.Gosched()
}

// something is a random call.
func (w *stress) something(rnd *rand.Rand) func(context.Context) {
	l := w.g.Loops()[rnd.IntN(len(w.g.Loops()))]
	soon, stop := context.WithCancel(w.ctx)
	if rnd.IntN(2) == 0 {
		stop()
	}
	w.calls.Go(func() { <-w.ctx.Done(); stop() })
	o := engine.GroupServerOptions{Balance: engine.Balance(rnd.IntN(3)), ServerOptions: local(engine.ServerOptions{
		Deferred: rnd.IntN(4) == 0, MaxConnections: rnd.IntN(4),
	})}
	path := shortDir(w.t) + "/s"
	switch n := rnd.IntN(30); {
	case n < 6:
		return func(ctx context.Context) { w.keep(w.g.CreateServer(ctx, mixed(), o)) }
	case n < 8:
		u := engine.GroupUnixServerOptions{Balance: o.Balance, UnixServerOptions: engine.UnixServerOptions{Path: path}}
		return func(ctx context.Context) { w.keep(w.g.CreateUnixServer(ctx, mixed(), u)) }
	case n < 14:
		return func(context.Context) { w.with(w.connect) }
	case n == 14:
		return func(context.Context) { _ = l.CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil) }
	case n == 15:
		return func(context.Context) { _ = l.CallSoonThreadsafeArg(func(any) { panic("by the test") }, nil) }
	case n == 16:
		return func(context.Context) { l.Stop() }
	case n == 17:
		return func(context.Context) { _ = w.g.Each(func(*engine.Loop) { w.g.Next() }) }
	case n == 18:
		return func(ctx context.Context) {
			_, _ = engine.GatherEach(ctx, w.g, func(ctx context.Context, _ *engine.Loop) (int, error) { return 0, engine.Sleep(ctx, 0) })
			w.g.Stats()
		}
	case n == 19:
		return func(context.Context) { w.calls.Go(func() { _, _ = w.g.Shutdown(soon) }) }
	}
	return w.onServer(rnd, soon)
}

// onServer is a random call of a server's.
func (w *stress) onServer(rnd *rand.Rand, soon context.Context) func(context.Context) {
	call := []func(ctx context.Context, s *engine.GroupServer){
		func(ctx context.Context, s *engine.GroupServer) { _ = s.StartServing(ctx) },
		func(_ context.Context, s *engine.GroupServer) { s.Close() },
		func(_ context.Context, s *engine.GroupServer) { s.CloseClients() },
		func(_ context.Context, s *engine.GroupServer) { s.AbortClients() },
		func(_ context.Context, s *engine.GroupServer) { w.calls.Go(func() { _, _ = s.Shutdown(soon) }) },
		func(ctx context.Context, s *engine.GroupServer) { _, _ = s.Shutdown(ctx) },
		func(_ context.Context, s *engine.GroupServer) { w.calls.Go(func() { _ = s.WaitClosed(soon) }) },
		func(ctx context.Context, s *engine.GroupServer) { _, _ = s.Stats(ctx) },
	}[rnd.IntN(8)]
	return func(ctx context.Context) { w.with(func(s *engine.GroupServer) { call(ctx, s) }) }
}

func (w *stress) keep(s *engine.GroupServer, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.servers = append(w.servers, s)
	}
}

// with calls fn with a server, another one each time.
func (w *stress) with(fn func(*engine.GroupServer)) {
	w.mu.Lock()
	n := len(w.servers)
	if n == 0 {
		w.mu.Unlock()
		return
	}
	s := w.servers[0]
	w.servers = append(w.servers[1:], s)
	w.mu.Unlock()
	fn(s)
}

// connect is a client that stays until the server ends it.
func (w *stress) connect(s *engine.GroupServer) {
	list := s.Sockets()
	if len(list) == 0 {
		return
	}
	at, err := list[0].LocalAddr()
	if err != nil {
		return // closed by now
	}
	w.calls.Go(func() {
		c, err := net.Dial(at.Network(), at.String())
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Write([]byte("hello")) // reading tells
		_, _ = readAll(c)
	})
}
