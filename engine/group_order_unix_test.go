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

func newGroup(t *testing.T, n int) *engine.Group {
	t.Helper()
	g, err := engine.NewGroup(n, hosted(t, engine.Config{}))
	must(t, err)
	return g
}

// allClosed wants no loop to be left.
func allClosed(t *testing.T, g *engine.Group) {
	t.Helper()
	for i, l := range g.Loops() {
		isEqual(t, fmt.Sprint("loop ", i, " closed"), l.IsClosed(), true)
	}
}

// TestGroupStartMeetsShutdown: whichever comes first, no loop is left, and whoever
// calls Shutdown sees the end.
func TestGroupStartMeetsShutdown(t *testing.T) {
	for range 30 {
		g := newGroup(t, 3)
		var calls sync.WaitGroup
		calls.Go(func() {
			if err := g.Start(); err != nil && !errors.Is(err, engine.ErrLoopClosed) {
				t.Error(err)
			}
		})
		for range 2 {
			calls.Go(func() {
				must(t, ends(g.Shutdown(t.Context())))
				allClosed(t, g)
			})
		}
		calls.Wait()
	}
}

// TestGroupShutdownDuringRun: Run ends, and its main is cancelled.
func TestGroupShutdownDuringRun(t *testing.T) {
	g := newGroup(t, 2)
	runs, over := make(chan struct{}), make(chan error, 1)
	go func() {
		over <- g.Run(t.Context(), func(ctx context.Context) error {
			close(runs)
			return engine.Sleep(ctx, 1<<40)
		})
	}()
	<-runs
	must(t, ends(g.Shutdown(t.Context())))
	allClosed(t, g)
	wantErr(t, "Run", <-over, engine.ErrStoppedBeforeDone)
}

// TestGroupLoopEndsEarly: a loop that somebody else closes does not keep the
// others from running.
func TestGroupLoopEndsEarly(t *testing.T) {
	g := newGroup(t, 3)
	must(t, g.Loops()[0].Close())
	wantErr(t, "Start", g.Start(), engine.ErrLoopClosed)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	says(t, client(t, groupAddr(t, s)), "served")
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopClosed)
	allClosed(t, g)
}

// TestGroupLoopStops: a loop that was stopped is taken for one that died.
func TestGroupLoopStops(t *testing.T) {
	g := newGroup(t, 3)
	must(t, g.Start())
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	for _, l := range g.Loops()[:2] {
		l.Stop()
		for !l.IsClosed() {
			runtime.Gosched()
		}
		says(t, client(t, groupAddr(t, s)), "served")
	}
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that loops were stopped")
	}
	allClosed(t, g)
}

// TestGroupCloseMeetsAccept: Close on one loop, while another one accepts and hands
// over, leaves nothing behind, and WaitClosed comes after the last connection.
func TestGroupCloseMeetsAccept(t *testing.T) {
	for name, balance := range balances {
		t.Run(name, func(t *testing.T) {
			g := startGroup(t, 3)
			for range 10 {
				s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: balance})
				to := groupAddr(t, s)
				var clients sync.WaitGroup
				for range 8 {
					clients.Go(func() { connectUntilRefused(to) })
				}
				settled(t, s, func(x engine.ServerStats) bool { return x.Accepted > 20 })
				must(t, g.Loops()[2].CallSoonThreadsafeArg(func(any) { s.Close() }, nil))
				clients.Wait()
				must(t, s.WaitClosed(t.Context()))
				x := totalOf(t, s)
				isEqual(t, "active", x.Active, 0)
				isEqual(t, "accepted", x.Accepted, x.Closed)
				s.Close()
				must(t, s.WaitClosed(t.Context()))
			}
		})
	}
}

// TestGroupServerOutlivesClose: a server that was closed is still told of a loop
// that dies.
func TestGroupServerOutlivesClose(t *testing.T) {
	g := quietGroup(t, 3)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	for range 3 {
		says(t, client(t, groupAddr(t, s)), "open")
	}
	s.Close()
	must(t, g.Loops()[1].CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil))
	for !g.Loops()[1].IsClosed() {
		runtime.Gosched()
	}
	counts, err := s.Shutdown(t.Context())
	must(t, err)
	isEqual(t, "counts", counts, engine.ShutdownStats{Open: 2, Closed: 2})
	must(t, s.WaitClosed(t.Context()))
	settled(t, s, func(x engine.ServerStats) bool { return x.Closed == 3 }) // the loop is closing
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
}

// TestGroupCreateIsCancelled: whenever the caller gives up, the port is free and
// nothing is open.
func TestGroupCreateIsCancelled(t *testing.T) {
	g := startGroup(t, 3)
	l := servingLoop(t)
	first := serveGroup(t, g, echo, engine.GroupServerOptions{})
	to := groupAddr(t, first)
	must(t, ends(first.Shutdown(t.Context())))
	for turns := range 12 {
		_ = taskErr(t, l, func(ctx context.Context) error {
			task := engine.CreateTask(l, func(ctx context.Context) (*engine.GroupServer, error) {
				o := engine.GroupServerOptions{ServerOptions: local(engine.ServerOptions{Port: portOf(to)})}
				return g.CreateServer(ctx, echo, o)
			}, engine.TaskOptions{})
			for range turns {
				must(t, engine.Sleep(ctx, 0))
			}
			task.Cancel(nil)
			s, err := engine.Await(ctx, task)
			if err == nil {
				return ends(s.Shutdown(ctx))
			}
			return err
		})
		_, err := engine.GatherEach(t.Context(), g, func(ctx context.Context, _ *engine.Loop) (int, error) {
			return 0, errors.Join(engine.Sleep(ctx, 0), engine.Sleep(ctx, 0), engine.Sleep(ctx, 0))
		})
		must(t, err)
		refuses(t, to)
	}
}

// connectUntilRefused opens connections and closes them.
func connectUntilRefused(to net.Addr) {
	for {
		c, err := net.Dial(to.Network(), to.String())
		if err != nil {
			return
		}
		c.Close()
	}
}

func portOf(at net.Addr) int { return at.(*net.TCPAddr).Port }
