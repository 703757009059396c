package engine_test

import (
	"context"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
	"github.com/shardloop/shardloop/poller"
)

func init() {
	exhaustedChildren["ShutdownStuck"] = testShutdownStuck
	exhaustedChildren["ShutdownStuckDeadline"] = testShutdownStuckDeadline
	exhaustedChildren["ShutdownNobody"] = testShutdownNobody
	exhaustedChildren["ShutdownReserve"] = testShutdownReserve
	exhaustedChildren["GroupShutdownStuck"] = testGroupShutdownStuck
}

// TestShutdownStarved is the end of servers without a descriptor, and without a
// connection whose end would give one back.
func TestShutdownStarved(t *testing.T) {
	for _, name := range []string{
		"ShutdownStuck", "ShutdownStuckDeadline", "ShutdownNobody", "ShutdownReserve", "GroupShutdownStuck",
	} {
		t.Run(name, func(t *testing.T) { exhaustedChild(t, name) })
	}
}

// onStuck calls fn in the turn after the report that there is no descriptor.
func (c *crowd) onStuck(fn func()) {
	c.loop.SetExceptionHandler(func(l *engine.Loop, e engine.ErrorContext) {
		wantErr(c.t, "the report", e.Err, syscall.EMFILE)
		_ = l.CallSoon(fn)
	})
}

// testShutdownStuck: Shutdown waits for one that others free, and serves all.
func testShutdownStuck(t *testing.T) {
	c := newCrowd(t, 4, 0)
	c.onStuck(func() {
		c.free(1)
		c.clock.ahead += int64(time.Second)
	})
	counts := shutdown(t, c.loop, c.server)
	isEqual(t, "counts", counts, engine.ShutdownStats{Queued: 4, Closed: 4})
	for _, k := range c.clients {
		hangsUp(t, k)
	}
	c.free(len(c.filler))
}

// testShutdownStuckDeadline: it waits no longer than its context lasts.
func testShutdownStuckDeadline(t *testing.T) {
	c := newCrowd(t, 1, 0)
	counts, err := engine.RunUntilComplete(c.loop, func(ctx context.Context) (engine.ShutdownStats, error) {
		ctx, cancel := context.WithCancelCause(ctx)
		c.onStuck(func() { cancel(errTest) })
		return c.server.Shutdown(ctx)
	})
	wantErr(t, "Shutdown", err, errTest)
	isEqual(t, "counts", counts, engine.ShutdownStats{})
	c.free(len(c.filler))
}

// testShutdownNobody: it does not wait for a descriptor that nobody needs. The kernel
// refuses an accept without looking into the queue, and this clock stands still.
func testShutdownNobody(t *testing.T) {
	p, err := poller.New()
	must(t, err)
	c := &crowd{t: t, loop: newLoop(t, engine.Config{Poller: &stoppedClock{p, p.Now()}})}
	c.server = serveHere(t, c.loop, echo, engine.ServerOptions{})
	c.onStuck(nop)
	c.fill(0)
	isEqual(t, "counts", shutdown(t, c.loop, c.server), engine.ShutdownStats{})
	c.free(len(c.filler))
}

// testShutdownReserve: what a server keeps to shed with serves who is queued.
func testShutdownReserve(t *testing.T) {
	l := newLoop(t)
	c := &crowd{t: t, loop: l, server: serveHere(t, l, greeter, engine.ServerOptions{Shed: true})}
	c.clients = queued(t, c.server, 3)
	c.onStuck(nop)
	c.fill(0)
	isEqual(t, "counts", shutdown(t, l, c.server), engine.ShutdownStats{Queued: 3, Closed: 3})
	for _, k := range c.clients {
		hears(t, k, "welcome ")
		hangsUp(t, k)
	}
	c.free(len(c.filler))
}

// testGroupShutdownStuck: the same for all loops of a group. The second report comes
// when Shutdown has tried for a while.
func testGroupShutdownStuck(t *testing.T) {
	g := quietGroup(t, 2)
	first, c, reports := g.Loops()[0], &crowd{t: t}, 0
	first.SetExceptionHandler(func(*engine.Loop, engine.ErrorContext) {
		if reports++; reports == 2 {
			c.free(len(c.filler))
		}
	})
	s := serveGroup(t, g, greeter, engine.GroupServerOptions{Balance: engine.BalanceLeast})
	to := groupAddr(t, s)
	must(t, taskErr(t, first, func(ctx context.Context) error { // which accepts nothing meanwhile
		c.clients = []net.Conn{client(t, to), client(t, to), client(t, to)}
		c.fill(0)
		counts, err := s.Shutdown(ctx)
		isEqual(t, "counts", counts, engine.ShutdownStats{Queued: 3, Closed: 3})
		return err
	}))
	for _, k := range c.clients {
		hears(t, k, "welcome ")
		hangsUp(t, k)
	}
	c.free(len(c.filler))
	must(t, ends(g.Shutdown(t.Context())))
}
