//go:build unix

package engine_test

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// slowEnd is a log handler that keeps a loop with an open datagram endpoint from
// dropping its connections, until it is released.
type slowEnd struct {
	records
	begun, release chan struct{}
}

func (s *slowEnd) WithAttrs([]slog.Attr) slog.Handler { return s }

func (s *slowEnd) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "a datagram endpoint was never closed") {
		close(s.begun)
		<-s.release
	}
	return nil
}

// dying is a group of two loops, the second of which dies slowly when it is told.
type dying struct {
	*slowEnd
	group  *engine.Group
	server *engine.GroupServer
}

func newDying(t *testing.T) *dying {
	t.Helper()
	end := &slowEnd{begun: make(chan struct{}), release: make(chan struct{})}
	g, err := engine.NewGroup(2, hosted(t, engine.Config{Debug: true, Logger: slog.New(end)}))
	must(t, err)
	must(t, g.Start())
	_, _, err = g.Loops()[1].CreateDatagramEndpoint(t.Context(), func() engine.DatagramProtocol { return &gramTap{} }, anyPort())
	must(t, err)
	return &dying{end, g, serveGroup(t, g, func() engine.Protocol {
		p := &served{}
		p.data = func([]byte) { _, _ = p.transport.Write([]byte(manyBytes)) }
		return p
	}, engine.GroupServerOptions{Balance: engine.BalanceLeast})}
}

// dies is over when the loop has died and is being closed.
func (d *dying) dies(t *testing.T) {
	t.Helper()
	must(t, d.group.Loops()[1].CallSoonThreadsafeArg(func(any) { runtime.Goexit() }, nil))
	<-d.begun
}

// TestGroupShutdownAwaitsTheDead: a call that has begun before a loop dies, and one
// that begins later, is over when that loop's connections are counted.
func TestGroupShutdownAwaitsTheDead(t *testing.T) {
	d := newDying(t)
	idle, stuck := client(t, groupAddr(t, d.server)), client(t, groupAddr(t, d.server))
	_, err := stuck.Write([]byte("much"))
	must(t, err)
	hears(t, stuck, manyBytes[:1])
	over := make(chan error, 3)
	var calls sync.WaitGroup
	shut := func() {
		counts, err := d.server.Shutdown(t.Context())
		isEqual(t, "counts", counts, engine.ShutdownStats{Open: 2, Closed: 1, Aborted: 1})
		over <- err // which may tell of the loop
	}
	calls.Go(shut)
	hangsUp(t, idle) // it has begun on both
	d.dies(t)
	calls.Go(shut)
	calls.Go(func() { over <- d.server.WaitClosed(t.Context()) })
	waits(t, d.group.Loops()[0], "a call", over)
	close(d.release)
	calls.Wait()
	isEqual(t, "open connections", totalOf(t, d.server).Active, 0)
	wantErr(t, "Shutdown", ends(d.group.Shutdown(t.Context())), engine.ErrLoopDied)
}

// hasty is a context that has ended for whoever waits for its end, and counts them.
type hasty struct {
	context.Context
	asked atomic.Int64
}

func (h *hasty) Done() <-chan struct{} {
	h.asked.Add(1)
	c := make(chan struct{})
	close(c)
	return c
}

// TestGroupCallbacksDoNotAwaitTheDead: who must not wait is told so at once, also when
// there is a dead loop to wait for.
func TestGroupCallbacksDoNotAwaitTheDead(t *testing.T) {
	d := newDying(t)
	d.dies(t)
	ctx := &hasty{Context: t.Context()}
	onLoop(t, d.group.Loops()[0], func() {
		wantErr(t, "WaitClosed", d.server.WaitClosed(ctx), engine.ErrNotInTask)
		_, err := d.server.Stats(ctx)
		wantErr(t, "Stats", err, engine.ErrNotInTask)
	})
	isEqual(t, "waits", ctx.asked.Load(), 0)
	close(d.release)
	wantErr(t, "Shutdown", ends(d.group.Shutdown(t.Context())), engine.ErrLoopDied)
}

// TestGroupWaitsForTheDeadAreCancelled: as all waits are, also in a task. Shutdown goes
// on to the end.
func TestGroupWaitsForTheDeadAreCancelled(t *testing.T) {
	d := newDying(t)
	for range 2 {
		c := client(t, groupAddr(t, d.server))
		_, err := c.Write([]byte("much"))
		must(t, err)
		hears(t, c, manyBytes[:1])
	}
	d.dies(t)
	wantErr(t, "WaitClosed", d.server.WaitClosed(ended(t)), errTest)
	l := servingLoop(t)
	over := asked(t, l, func() error {
		return taskErr(t, l, func(ctx context.Context) error { return ends(d.server.Shutdown(ctx)) })
	})
	waits(t, l, "Shutdown", over)
	onLoop(t, l, func() {
		for _, task := range engine.AllTasks(l) {
			task.Cancel(nil)
		}
	})
	waits(t, l, "Shutdown that is cancelled", over)
	close(d.release)
	wantErr(t, "Shutdown", <-over, engine.ErrCancelled)
	wantErr(t, "Shutdown", ends(d.group.Shutdown(t.Context())), engine.ErrLoopDied)
}
