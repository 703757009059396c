//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

var balances = map[string]engine.Balance{
	"kernel": engine.BalanceKernel, "least": engine.BalanceLeast, "source": engine.BalanceSource,
}

// startGroup is a group of n loops that run until the test ends.
func startGroup(t testing.TB, n int) *engine.Group {
	t.Helper()
	g, err := engine.NewGroup(n, hosted(t, engine.Config{}))
	must(t, err)
	must(t, g.Start())
	t.Cleanup(func() { must(t, ends(g.Shutdown(context.Background()))) })
	return g
}

// serveGroup is a server on a free port of this machine.
func serveGroup(t testing.TB, g *engine.Group, f engine.ProtocolFactory, o engine.GroupServerOptions) *engine.GroupServer {
	t.Helper()
	o.ServerOptions = local(o.ServerOptions)
	s, err := g.CreateServer(t.Context(), f, o)
	must(t, err)
	return s
}

func groupAddr(t testing.TB, s *engine.GroupServer) net.Addr {
	t.Helper()
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	return at
}

// TestGroupServes: connections are served by several loops, and each stays on its
// own for life.
func TestGroupServes(t *testing.T) { prove(t, "LOOP-17", testGroupServes) }

func testGroupServes(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := startGroup(t, 4)
			var mu sync.Mutex
			loops := map[*engine.Loop]int{}
			s := serveGroup(t, g, func() engine.Protocol {
				made, err := engine.RunningLoop()
				must(t, err)
				p := &served{}
				check := func() {
					if here, _ := engine.RunningLoop(); here != made || p.transport.Loop() != made {
						t.Error("a callback on another loop")
					}
				}
				p.made = func(engine.Transport) {
					check()
					mu.Lock()
					defer mu.Unlock()
					loops[made]++
				}
				p.data = func(b []byte) { check(); _, _ = p.transport.Write(b) }
				p.lost = func(error) { check() }
				return p
			}, engine.GroupServerOptions{Balance: balance})
			const n = 200
			for i := range n {
				c := client(t, groupAddr(t, s))
				says(t, c, fmt.Sprint("number ", i))
			}
			mu.Lock()
			defer mu.Unlock()
			switch balance {
			case engine.BalanceSource:
				isEqual(t, "loops that serve one address", len(loops), 1)
			case engine.BalanceLeast:
				for _, count := range loops {
					isEqual(t, "connections of a loop", count, n/4)
				}
			default:
				if runtime.GOOS == "linux" && len(loops) != 4 {
					t.Errorf("%d loops serve", len(loops))
				}
			}
		})
	}
}

// TestGroupShutdown: every byte of every client is answered before the end, and
// the counts add up.
func TestGroupShutdown(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := startGroup(t, 3)
			s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: balance})
			var clients []net.Conn
			for range 50 {
				c := client(t, groupAddr(t, s))
				says(t, c, "before")
				clients = append(clients, c)
			}
			must(t, ends(s.Shutdown(t.Context())))
			for _, c := range clients {
				hangsUp(t, c)
			}
			stats, err := s.Stats(t.Context())
			must(t, err)
			var sum engine.ServerStats
			for _, x := range stats {
				sum.Accepted += x.Accepted
				sum.Closed += x.Closed
				sum.Active += x.Active
			}
			if sum.Accepted != 50 || sum.Closed != 50 || sum.Active != 0 {
				t.Errorf("%+v", sum)
			}
			must(t, s.WaitClosed(t.Context()))
			wantErr(t, "StartServing", s.StartServing(t.Context()), engine.ErrServerClosed)
			isEqual(t, "sockets", len(s.Sockets()), 0)
		})
	}
}

// TestGroupLimit: no more connections than the limit are open on all loops
// together, and who waits is served when one goes.
func TestGroupLimit(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := startGroup(t, 4)
			const limit = 5
			var mu sync.Mutex
			open, most := 0, 0
			s := serveGroup(t, g, func() engine.Protocol {
				p := echo().(*served)
				count := func(n int) {
					mu.Lock()
					defer mu.Unlock()
					open += n
					most = max(most, open)
				}
				p.made = func(engine.Transport) { count(1) }
				p.lost = func(error) { count(-1) }
				return p
			}, engine.GroupServerOptions{Balance: balance, ServerOptions: engine.ServerOptions{MaxConnections: limit}})
			var each sync.WaitGroup
			for i := range 40 {
				each.Go(func() {
					c, err := net.Dial("tcp", groupAddr(t, s).String())
					if err != nil {
						t.Error(err)
						return
					}
					defer c.Close()
					says(t, c, fmt.Sprint("number ", i))
				})
			}
			each.Wait()
			mu.Lock()
			defer mu.Unlock()
			if most > limit {
				t.Errorf("%d connections were open, the limit is %d", most, limit)
			}
		})
	}
}

// TestGroupLosesALoop: a loop that dies takes its connections with it and nothing
// else: the others serve on, its port too, and the end tells of it.
func TestGroupLosesALoop(t *testing.T) {
	for name, balance := range balances {
		for victim := range 3 {
			t.Run(fmt.Sprint(name, "/", victim), func(t *testing.T) {
				g, err := engine.NewGroup(3, hosted(t, engine.Config{}))
				must(t, err)
				g.Loops()[victim].SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {})
				must(t, g.Start())
				s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: balance})
				to := groupAddr(t, s)
				must(t, g.Loops()[victim].CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil))
				for !g.Loops()[victim].IsClosed() {
					runtime.Gosched()
				}
				for i := range 30 {
					says(t, client(t, to), fmt.Sprint("number ", i))
				}
				for range 6 {
					if g.Next() == g.Loops()[victim] {
						t.Error("Next is a loop that has ended")
					}
				}
				wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
				refuses(t, to)
			})
		}
	}
}

// TestGroupOrder: calls in any order end, with an error where they must.
func TestGroupOrder(t *testing.T) {
	g, err := engine.NewGroup(2, hosted(t, engine.Config{}))
	must(t, err)
	_, err = g.CreateServer(t.Context(), echo, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{Port: 0})})
	wantErr(t, "CreateServer before Start", err, engine.ErrLoopNotRunning)
	wantErr(t, "Each before Start", g.Each(func(*engine.Loop) {}), engine.ErrLoopNotRunning)
	must(t, g.Start())
	wantErr(t, "Start again", g.Start(), engine.ErrLoopRunning)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	s.Close()
	s.Close()
	must(t, s.WaitClosed(t.Context()))
	_, err = engine.GatherEach(t.Context(), g, func(ctx context.Context, l *engine.Loop) (int, error) {
		return 0, ends(g.Shutdown(ctx))
	})
	wantErr(t, "Shutdown on a loop", err, engine.ErrNotInTask)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { must(t, ends(g.Shutdown(t.Context()))) })
	}
	both.Wait()
	must(t, ends(g.Shutdown(t.Context())))
	wantErr(t, "Start after Shutdown", g.Start(), engine.ErrLoopClosed)
	_, err = g.CreateServer(t.Context(), echo, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{Port: 0})})
	wantErr(t, "CreateServer after Shutdown", err, engine.ErrLoopClosed)

	unused, err := engine.NewGroup(2, engine.Config{})
	must(t, err)
	must(t, ends(unused.Shutdown(t.Context())))
}

// TestGroupRun: main runs on the first loop, and its end is the end of all.
func TestGroupRun(t *testing.T) {
	g, err := engine.NewGroup(3, hosted(t, engine.Config{}))
	must(t, err)
	failed := errors.New("main has failed")
	err = g.Run(t.Context(), func(ctx context.Context) error {
		if l, err := engine.RunningLoop(); err != nil || l != g.Loops()[0] {
			t.Errorf("main runs on %v, %v", l, err)
		}
		s, err := g.CreateServer(ctx, echo, engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{Port: 0})})
		must(t, err)
		numbers, err := engine.GatherEach(ctx, g, func(_ context.Context, l *engine.Loop) (int, error) {
			for i, k := range g.Loops() {
				if k == l {
					return i, nil
				}
			}
			return -1, nil
		})
		if must(t, err); fmt.Sprint(numbers) != "[0 1 2]" {
			t.Errorf("values of all loops: %v", numbers)
		}
		must(t, ends(s.Shutdown(ctx)))
		return failed
	})
	wantErr(t, "Run", err, failed)
	for _, l := range g.Loops() {
		isEqual(t, "closed", l.IsClosed(), true)
	}
}

// TestGroupDeferred: a server that nobody has started does not serve.
func TestGroupDeferred(t *testing.T) {
	g := startGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{ServerOptions: engine.ServerOptions{Deferred: true}})
	isEqual(t, "bound", s.IsServing(), false)
	refuses(t, groupAddr(t, s))
	for range 2 {
		must(t, s.StartServing(t.Context()))
		isEqual(t, "started", s.IsServing(), true)
	}
	says(t, client(t, groupAddr(t, s)), "hello")
	s.Close()
	isEqual(t, "closed", s.IsServing(), false)
	wantErr(t, "start", s.StartServing(t.Context()), engine.ErrServerClosed)
}

// TestGroupUnix: a unix server hands over to all loops, counts its limit over all,
// and takes its file along.
func TestGroupUnix(t *testing.T) {
	g := startGroup(t, 3)
	path := shortDir(t) + "/s"
	s, err := g.CreateUnixServer(t.Context(), echo, engine.GroupUnixServerOptions{
		UnixServerOptions: engine.UnixServerOptions{Path: path},
	})
	must(t, err)
	for i := range 30 {
		says(t, client(t, unixAt(path)), fmt.Sprint("number ", i))
	}
	stats, err := s.Stats(t.Context())
	must(t, err)
	for i, x := range stats {
		isEqual(t, fmt.Sprint("connections of loop ", i), x.Accepted, 10)
	}
	connections := 0
	for _, x := range g.Stats() {
		connections += x.Connections
	}
	if connections > 30 { // as old as the last sleep of each loop
		t.Errorf("%d connections", connections)
	}
	must(t, ends(s.Shutdown(t.Context())))
	refuses(t, unixAt(path))
	_, err = g.CreateUnixServer(t.Context(), echo, engine.GroupUnixServerOptions{Balance: 9})
	wantArgError(t, "Balance", err, "Balance")
}
