//go:build unix

package engine_test

import (
	"context"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller/simpoll"
)

// ended is a context that has ended with errTest.
func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	return ctx
}

// TestGroupArguments: what is wrong is told by its name, and before anything else.
func TestGroupArguments(t *testing.T) {
	_, err := engine.NewGroup(-1, engine.Config{})
	wantArgError(t, "a negative number", err, "n")
	_, err = engine.NewGroup(2, engine.Config{Poller: simpoll.New()})
	wantArgError(t, "one poller for two", err, "Poller")
	one, err := engine.NewGroup(1, engine.Config{Poller: simpoll.New()})
	must(t, err)
	must(t, ends(one.Shutdown(t.Context())))
	g, err := engine.NewGroup(0, engine.Config{})
	must(t, err)
	isEqual(t, "loops", len(g.Loops()), runtime.GOMAXPROCS(0))
	must(t, ends(g.Shutdown(t.Context())))
	wantArgError(t, "Run", g.Run(t.Context(), nil), "fn")
	wantArgError(t, "Each", g.Each(nil), "fn")
	_, err = engine.GatherEach[int](t.Context(), g, nil)
	wantArgError(t, "GatherEach", err, "fn")
	_, err = g.CreateServer(t.Context(), nil, engine.GroupServerOptions{})
	wantArgError(t, "CreateServer", err, "f")
	_, err = g.CreateUnixServer(t.Context(), nil, engine.GroupUnixServerOptions{})
	wantArgError(t, "CreateUnixServer", err, "f")
}

// TestGroupEach: every loop is asked, and only where a call may wait.
func TestGroupEach(t *testing.T) {
	g := newGroup(t, 3)
	number := func(_ context.Context, l *engine.Loop) (*engine.Loop, error) { return l, nil }
	_, err := engine.GatherEach(t.Context(), g, number)
	wantErr(t, "GatherEach before Start", err, engine.ErrLoopNotRunning)
	must(t, g.Start())
	asked := make(chan *engine.Loop, 3)
	must(t, g.Each(func(l *engine.Loop) {
		if here, _ := engine.RunningLoop(); here != l {
			t.Error("a call on another loop")
		}
		asked <- l
	}))
	seen := map[*engine.Loop]bool{}
	for range 3 {
		seen[<-asked] = true
	}
	isEqual(t, "loops", len(seen), 3)
	for i := range 7 {
		isEqual(t, "Next", g.Next(), g.Loops()[i%3])
	}
	onLoop(t, g.Loops()[0], func() {
		_, err := engine.GatherEach(t.Context(), g, number)
		wantErr(t, "GatherEach on a loop", err, engine.ErrNotInTask)
	})
	wantErr(t, "Run after Start", g.Run(t.Context(), func(context.Context) error { return nil }), engine.ErrLoopRunning)
	must(t, ends(g.Shutdown(t.Context())))
}

// TestGroupRunHere: Run is refused where another loop runs. At its end the servers are
// over, and the goroutine has no loop.
func TestGroupRunHere(t *testing.T) {
	g, idle := newGroup(t, 2), newGroup(t, 2)
	var s *engine.GroupServer
	must(t, g.Run(t.Context(), func(ctx context.Context) error {
		wantErr(t, "Run in Run", idle.Run(ctx, func(context.Context) error { return nil }), engine.ErrLoopRunning)
		var err error
		s, err = g.CreateServer(ctx, echo, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{})})
		return err
	}))
	_, err := engine.CurrentLoop()
	wantErr(t, "afterwards", err, engine.ErrNoCurrentLoop)
	isEqual(t, "serving", s.IsServing(), false)
	isEqual(t, "sockets", len(s.Sockets()), 0)
	isEqual(t, "servers", g.Servers(), 0)
	must(t, idle.Run(t.Context(), func(context.Context) error { return nil }))
}

// TestGroupShutdownOfServers: all servers are shut down, those that are over before
// are forgotten, and there are no further ones meanwhile.
func TestGroupShutdownOfServers(t *testing.T) {
	g := newGroup(t, 2)
	must(t, g.Start())
	for range 2 {
		s := serveGroup(t, g, echo, engine.GroupServerOptions{})
		says(t, client(t, groupAddr(t, s)), "hello")
	}
	over := serveGroup(t, g, echo, engine.GroupServerOptions{})
	must(t, ends(over.Shutdown(t.Context())))
	isEqual(t, "servers", g.Servers(), 2)
	stuck := serveGroup(t, g, func() engine.Protocol {
		return &served{made: func(tr engine.Transport) { _, _ = tr.Write([]byte(manyBytes)) }}
	}, engine.GroupServerOptions{})
	hears(t, client(t, groupAddr(t, stuck)), manyBytes[:1])
	ctx, cancel := context.WithCancelCause(t.Context())
	var end sync.WaitGroup
	end.Go(func() {
		counts, err := g.Shutdown(ctx)
		wantErr(t, "Shutdown", err, errTest)
		isEqual(t, "open, closed and aborted", [3]uint64{counts.Open, counts.Closed, counts.Aborted}, [3]uint64{3, 2, 1})
	})
	for {
		s, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{})})
		if err != nil {
			wantErr(t, "a further server", err, engine.ErrLoopClosed)
			break
		}
		must(t, ends(s.Shutdown(t.Context())))
	}
	cancel(errTest)
	end.Wait()
	allClosed(t, g)
}

// TestGroupClients: all clients are closed, or aborted, on their own loops, whoever
// says so.
func TestGroupClients(t *testing.T) {
	g := startGroup(t, 3)
	for name, end := range map[string]func(*engine.GroupServer){
		"close": (*engine.GroupServer).CloseClients, "abort": (*engine.GroupServer).AbortClients,
	} {
		for _, where := range []func(func()){func(fn func()) { fn() }, func(fn func()) { onLoop(t, g.Loops()[1], fn) }} {
			lost := make(chan error, 6)
			s := serveGroup(t, g, func() engine.Protocol {
				p := echo().(*served)
				p.lost = func(err error) {
					if here, _ := engine.RunningLoop(); here != p.transport.Loop() {
						t.Error("lost on another loop")
					}
					lost <- err
				}
				return p
			}, engine.GroupServerOptions{Balance: engine.BalanceLeast})
			for range 6 {
				says(t, client(t, groupAddr(t, s)), name)
			}
			where(func() { end(s) })
			for range 6 {
				must(t, <-lost)
			}
			says(t, client(t, groupAddr(t, s)), "it serves on")
			must(t, ends(s.Shutdown(t.Context())))
		}
	}
}

// TestGroupServerCalls: Close is at once where it is called, and what waits ends with
// its context, of which nothing is left.
func TestGroupServerCalls(t *testing.T) {
	g := startGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	to := groupAddr(t, s)
	wantErr(t, "WaitClosed", s.WaitClosed(ended(t)), errTest)
	_, err := s.Stats(ended(t))
	wantErr(t, "Stats", err, errTest)
	onLoop(t, g.Loops()[0], func() {
		wantErr(t, "Shutdown", ends(s.Shutdown(t.Context())), engine.ErrNotInTask)
		wantErr(t, "Relinquish", s.Relinquish(t.Context()), engine.ErrNotInTask)
	})
	says(t, client(t, to), "it serves on")
	onLoop(t, g.Loops()[0], func() {
		s.Close()
		refuses(t, to)
	})
	ctx := &followed{Context: t.Context(), done: make(chan struct{})}
	must(t, ends(s.Shutdown(ctx)))
	isEqual(t, "who waits for its end", ctx.n.Load(), 0)
}

// TestGroupPort: a port that another one has is refused, with nothing left, unless
// both share it.
func TestGroupPort(t *testing.T) {
	g := startGroup(t, 2)
	for _, share := range []bool{false, true} {
		first := serveGroup(t, g, echo, engine.GroupServerOptions{ServerOptions: engine.ServerOptions{ReusePort: share}})
		second, err := g.CreateServer(t.Context(), echo, engine.GroupServerOptions{
			ServerOptions: local(engine.ServerOptions{Port: portOf(groupAddr(t, first)), ReusePort: share}),
		})
		if share {
			must(t, err)
			must(t, ends(second.Shutdown(t.Context())))
		} else {
			wantErr(t, "a second one", err, syscall.EADDRINUSE)
		}
		must(t, ends(first.Shutdown(t.Context())))
	}
	isEqual(t, "servers", g.Servers(), 0)
}

// TestGroupLastLoop: with the last loop that dies, nobody listens any more.
func TestGroupLastLoop(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	to := groupAddr(t, s)
	for _, l := range g.Loops() {
		l.Stop()
		dies(l)
	}
	refuses(t, to)
	for s.IsServing() { // the last loop closes its sockets before it says so
		runtime.Gosched()
	}
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that loops were stopped")
	}
}

// TestGroupUnixBySource: unix sockets have no addresses to go by.
func TestGroupUnixBySource(t *testing.T) {
	g, seen := startGroup(t, 3), newCensus()
	path := shortDir(t) + "/s"
	_, err := g.CreateUnixServer(t.Context(), seen.echo, engine.GroupUnixServerOptions{
		UnixServerOptions: engine.UnixServerOptions{Path: path}, Balance: engine.BalanceSource,
	})
	must(t, err)
	for _, n := range seen.visit(t, unixAt(path), 12) {
		isEqual(t, "connections of a loop", n, 4)
	}
}
