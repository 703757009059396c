//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// blockLoop keeps a loop from all else until the release, at which it calls fn.
func blockLoop(t *testing.T, l *engine.Loop, fn func()) (release func()) {
	t.Helper()
	blocked, over := make(chan struct{}), make(chan struct{})
	must(t, l.CallSoonThreadsafeArg(func(any) {
		close(blocked)
		<-over
		fn()
	}, nil))
	<-blocked
	return func() { close(over) }
}

// TestGroupCloseAwaitsArrivals: a shard that is closed while a connection is on its
// way to it serves that, and is not over before its end.
func TestGroupCloseAwaitsArrivals(t *testing.T) {
	g := startGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	first := client(t, groupAddr(t, s))
	says(t, first, "on loop 0")
	release := blockLoop(t, g.Loops()[1], s.Close)
	coming, third := client(t, groupAddr(t, s)), client(t, groupAddr(t, s))
	says(t, third, "on loop 0, behind the one that goes to loop 1")
	release()
	says(t, coming, "on loop 1")
	for _, c := range []interface{ Close() error }{first, coming, third} {
		must(t, c.Close())
	}
	must(t, s.WaitClosed(t.Context()))
	sum := totalOf(t, s)
	isEqual(t, "accepted and closed", [2]uint64{sum.Accepted, sum.Closed}, [2]uint64{3, 3})
}

// TestGroupSends: one post carries all that is sent to a shard, and one that is over,
// or whose loop has ended, takes nothing.
func TestGroupSends(t *testing.T) {
	g := quietGroup(t, 3)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{})
	release := blockLoop(t, g.Loops()[1], func() {})
	const many = 1000
	for range many {
		isEqual(t, "a shard takes", s.Sends(1), true)
	}
	release()
	g.Loops()[2].Stop()
	for !g.Loops()[2].IsClosed() {
		runtime.Gosched()
	}
	s.Close()
	must(t, s.WaitClosed(t.Context()))
	for i := range 3 {
		for range 2 {
			isEqual(t, "one that is over takes", s.Sends(i), false)
		}
	}
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
	if n := g.Stats()[1].Callbacks; n >= many {
		t.Errorf("%d callbacks for what goes into one post", n)
	}
}

// dies waits for the end of a loop.
func dies(l *engine.Loop) {
	for !l.IsClosed() {
		runtime.Gosched()
	}
}

// TestGroupDeathTakesArrivals: a connection on its way to a loop that dies is closed
// and counted, and its place goes to the next one.
func TestGroupDeathTakesArrivals(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{
		Balance: engine.BalanceLeast, ServerOptions: engine.ServerOptions{MaxConnections: 3},
	})
	says(t, client(t, groupAddr(t, s)), "on loop 0")
	release := blockLoop(t, g.Loops()[1], runtime.Goexit)
	coming, third := client(t, groupAddr(t, s)), client(t, groupAddr(t, s))
	says(t, third, "on loop 0, behind the one that goes to loop 1")
	release()
	hangsUp(t, coming)
	says(t, client(t, groupAddr(t, s)), "in its place")
	sum := totalOf(t, s)
	isEqual(t, "accepted, refused and active", [3]uint64{sum.Accepted, sum.Refused, uint64(sum.Active)}, [3]uint64{4, 1, 3})
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
}

// TestGroupDeathsInARow: what a loop that dies listens with goes on also when the
// next one dies before it has it.
func TestGroupDeathsInARow(t *testing.T) {
	g := quietGroup(t, 3)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	release := blockLoop(t, g.Loops()[1], runtime.Goexit)
	g.Loops()[0].Stop()
	dies(g.Loops()[0])
	release()
	dies(g.Loops()[1])
	says(t, client(t, groupAddr(t, s)), "on loop 2")
	to := groupAddr(t, s)
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
	refuses(t, to)
}

// TestGroupDeathAfterClose: what a loop that dies has listened with comes too late to
// a shard that is closed by then.
func TestGroupDeathAfterClose(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	to := groupAddr(t, s)
	release := blockLoop(t, g.Loops()[1], s.Close)
	g.Loops()[0].Stop()
	dies(g.Loops()[0])
	release()
	must(t, s.WaitClosed(t.Context()))
	refuses(t, to)
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
}

// TestGroupDeathBeforeServing: a server that does not serve yet begins with all
// sockets, also those of a loop that has died, and nobody complains.
func TestGroupDeathBeforeServing(t *testing.T) {
	g := quietGroup(t, 2)
	var told []string
	g.Loops()[1].SetExceptionHandler(func(_ *engine.Loop, c engine.ErrorContext) { told = append(told, c.Message) })
	s := serveGroup(t, g, echo, engine.GroupServerOptions{
		Balance: engine.BalanceLeast, ServerOptions: engine.ServerOptions{Deferred: true},
	})
	to := groupAddr(t, s)
	g.Loops()[0].Stop()
	dies(g.Loops()[0])
	_, err := engine.GatherEach(t.Context(), g, func(context.Context, *engine.Loop) (int, error) { return 0, nil })
	must(t, err)
	refuses(t, to)
	must(t, s.StartServing(t.Context()))
	says(t, client(t, to), "served")
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
	isEqual(t, "reports", fmt.Sprint(told), "[]")
}

// TestGroupDeathUnseen: a connection for a loop that has just ended stays where it
// was accepted, and counts there.
func TestGroupDeathUnseen(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	says(t, client(t, groupAddr(t, s)), "on loop 0")
	g.Loops()[1].Stop()
	dies(g.Loops()[1])
	s.Unsee(1)
	says(t, client(t, groupAddr(t, s)), "on loop 0 too")
	isEqual(t, "connections of the loops", fmt.Sprint(s.Loads()), "[2 0]")
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
}

// TestGroupLeastCountsDepartures: connections that have ended count no more, and a
// loop that has ended gets none.
func TestGroupLeastCountsDepartures(t *testing.T) {
	g := quietGroup(t, 3)
	s := serveGroup(t, g, echo, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	to := groupAddr(t, s)
	var all []net.Conn
	for i := range 6 {
		all = append(all, client(t, to))
		says(t, all[i], "on one after the other")
	}
	must(t, errors.Join(all[1].Close(), all[4].Close()))
	settled(t, s, func(x engine.ServerStats) bool { return x.Active == 4 })
	isEqual(t, "connections of the loops", fmt.Sprint(s.Loads()), "[2 0 2]")
	for range 2 {
		says(t, client(t, to), "on loop 1")
	}
	isEqual(t, "connections of the loops", fmt.Sprint(s.Loads()), "[2 2 2]")
	g.Loops()[2].Stop()
	dies(g.Loops()[2])
	for range 6 {
		says(t, client(t, to), "on one that is left")
	}
	isEqual(t, "connections of those that are left", fmt.Sprint(s.Loads()[:2]), "[5 5]")
	if err := ends(g.Shutdown(t.Context())); err == nil {
		t.Error("nobody tells that a loop was stopped")
	}
}

// TestGroupDeathAmongGreetings: connections whose protocols are not made when their
// loop dies are closed, whatever place they have.
func TestGroupDeathAmongGreetings(t *testing.T) {
	g, made := quietGroup(t, 1), 0
	s := serveGroup(t, g, func() engine.Protocol {
		if made++; made == 2 {
			runtime.Goexit()
		}
		return echo()
	}, engine.GroupServerOptions{})
	release := blockLoop(t, g.Loops()[0], func() {})
	var all []net.Conn
	for range 4 {
		all = append(all, client(t, groupAddr(t, s)))
	}
	release()
	for _, c := range all {
		_, _ = c.Read(make([]byte, 1)) // ends
	}
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
	sum := totalOf(t, s)
	isEqual(t, "accepted, closed and refused", [3]uint64{sum.Accepted, sum.Closed, sum.Refused}, [3]uint64{4, 1, 3})
}

// TestGroupDeathDuringShutdown: the connections that a loop takes along count as cut
// off.
func TestGroupDeathDuringShutdown(t *testing.T) {
	g := quietGroup(t, 2)
	s := serveGroup(t, g, func() engine.Protocol {
		p := &served{}
		p.data = func([]byte) { _, _ = p.transport.Write([]byte(manyBytes)) }
		return p
	}, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	idle, stuck := client(t, groupAddr(t, s)), client(t, groupAddr(t, s))
	_, err := stuck.Write([]byte("much"))
	must(t, err)
	hears(t, stuck, manyBytes[:1])
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = s.Shutdown(t.Context()) // whose waits end with the loop
	}()
	hangsUp(t, idle) // it has begun on both
	must(t, g.Loops()[1].CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil))
	<-over
	wantErr(t, "Shutdown", ends(g.Shutdown(t.Context())), engine.ErrLoopDied)
	counts, err := s.Shutdown(t.Context())
	must(t, err)
	isEqual(t, "counts", counts, engine.ShutdownStats{Open: 2, Closed: 1, Aborted: 1})
}
