//go:build unix

package engine_test

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// queued are clients in the queue of a server on a loop that does not run.
func queued(t *testing.T, s *engine.Server, n int) (list []net.Conn) {
	t.Helper()
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	for range n {
		list = append(list, client(t, at))
	}
	return list
}

func TestServerBatch(t *testing.T) {
	prove(t, "SRV-03", func(t *testing.T) {
		for _, o := range []engine.ServerOptions{{Backlog: 4}, {AcceptBatch: 4}} {
			l := newLoop(t)
			s := serveHere(t, l, echo, o)
			queued(t, s, 5)
			var counts []uint64
			for range 2 {
				turn(t, l)
				counts = append(counts, s.Stats().Accepted)
			}
			if counts[0] != 4 || counts[1] != 5 {
				t.Errorf("%+v: accepted %v", o, counts)
			}
		}
	})
	prove(t, "SRV-04", func(t *testing.T) {
		l := newLoop(t)
		reports := reportsOf(l)
		s := serveHere(t, l, echo, engine.ServerOptions{})
		for _, c := range queued(t, s, 3) {
			must(t, c.(*net.TCPConn).SetLinger(0))
			must(t, c.Close()) // some systems tell of that in accept
		}
		for range 6 {
			turn(t, l)
		}
		reports.none(t)
		if !s.IsServing() || s.Stats().Active != 0 {
			t.Errorf("%v has the counts %+v", s, s.Stats())
		}
	})
	prove(t, "SRV-08", func(t *testing.T) {
		l := newLoop(t)
		reports := reportsOf(l)
		start(t, l)
		s := serve(t, l, echo, local(engine.ServerOptions{}))
		onLoop(t, l, func() { s.AcceptFailed(syscall.EPERM) })
		got := reports.take()
		if len(got) != 1 || got[0].Err != syscall.EPERM || got[0].Socket != any(s) {
			t.Errorf("reported %v", got)
		}
		says(t, client(t, address(t, l, s)), "hello")
	})
}

// TestServerMaxConnections: further ones wait in the kernel's queue, those on the
// way to their protocols counted.
func TestServerMaxConnections(t *testing.T) {
	l := newLoop(t)
	s := serveHere(t, l, echo, engine.ServerOptions{MaxConnections: 2})
	clients := queued(t, s, 5)
	start(t, l)
	for i, c := range clients {
		says(t, c, "hello")
		if got := statsOf(t, l, s); got.Active > 2 || got.Accepted > uint64(i)+2 {
			t.Errorf("the counts are %+v", got)
		}
		must(t, c.Close())
	}
	until(t, l, func() bool { return s.Stats().Closed == 5 })
	says(t, client(t, address(t, l, s)), "again")
	stopAndWait(l)
}

// TestServerMaxRefused: a protocol that cannot be made leaves room.
func TestServerMaxRefused(t *testing.T) {
	l := newLoop(t)
	reports := reportsOf(l)
	s := serveHere(t, l, func() engine.Protocol { return nil }, engine.ServerOptions{MaxConnections: 1})
	clients := queued(t, s, 3)
	start(t, l)
	for _, c := range clients {
		hangsUp(t, c)
	}
	until(t, l, func() bool { return s.Stats().Refused == 3 })
	stopAndWait(l)
	if n := len(reports.take()); n != 3 {
		t.Errorf("%d reports", n)
	}
}

// TestServerShutdown: what is queued is accepted, and gets what there is for it,
// also where there is no room for all.
func TestServerShutdown(t *testing.T) {
	for _, limit := range []int{0, 1, 2} {
		l := newLoop(t)
		reports := reportsOf(l)
		s := serveHere(t, l, greeter, engine.ServerOptions{MaxConnections: limit})
		at, err := s.Sockets()[0].LocalAddr()
		must(t, err)
		clients := queued(t, s, 5)
		for _, c := range clients {
			_, err := io.WriteString(c, "data")
			must(t, err)
		}
		shutdown(t, l, s)
		for _, c := range clients {
			hears(t, c, "welcome data")
			hangsUp(t, c)
		}
		refuses(t, at)
		if got := s.Stats(); got != (engine.ServerStats{Accepted: 5, Closed: 5, BytesReceived: 20, BytesSent: 60}) {
			t.Errorf("with the limit %d the counts are %+v", limit, got)
		}
		reports.none(t)
	}
}

// greeter is echo that begins with a word.
func greeter() engine.Protocol {
	p := echo().(*served)
	p.made = func(tr engine.Transport) { _, _ = io.WriteString(tr, "welcome ") }
	return p
}

func shutdown(t *testing.T, l *engine.Loop, s *engine.Server) engine.ShutdownStats {
	t.Helper()
	counts, err := engine.RunUntilComplete(l, s.Shutdown)
	must(t, err)
	return counts
}

// TestServerShutdownDeadline: a connection that nobody reads is aborted.
func TestServerShutdownDeadline(t *testing.T) {
	for _, limit := range []int{0, 1} {
		l := newLoop(t)
		s := serveHere(t, l, func() engine.Protocol {
			return &served{made: func(tr engine.Transport) { _, _ = io.WriteString(tr, manyBytes) }}
		}, engine.ServerOptions{MaxConnections: limit})
		queued(t, s, 2)
		start(t, l)
		until(t, l, func() bool { return s.Stats().Active > 0 && s.Stats().Accepted > 0 })
		for range 3 {
			onLoop(t, l, nop)
		}
		ctx, cancel := context.WithCancelCause(context.Background())
		over := asked(t, l, func() error { return taskErr(t, l, func(tc context.Context) error { return shutdownIn(tc, ctx, s) }) })
		waits(t, l, "Shutdown", over)
		cancel(errTest)
		wantErr(t, "Shutdown", <-over, errTest)
		onLoop(t, l, func() {
			if got := s.Stats(); got.Active != 0 || s.IsServing() || got.Closed != got.Accepted {
				t.Errorf("with the limit %d the counts are %+v", limit, got)
			}
		})
		stopAndWait(l)
	}
}

// shutdownIn ends with until, in the task of ctx.
func shutdownIn(ctx, until context.Context, s *engine.Server) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(until, func() { cancel(context.Cause(until)) })()
	return ends(s.Shutdown(ctx))
}

// TestServerShutdownEarly: with no time at all, and of servers without anything.
func TestServerShutdownEarly(t *testing.T) {
	l := servingLoop(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, l, echo, local(engine.ServerOptions{}))
	c := client(t, address(t, l, s))
	says(t, c, "hello")
	cancel()
	wantErr(t, "Shutdown", ends(s.Shutdown(ctx)), context.Canceled)
	must(t, s.WaitClosed(t.Context()))
	must(t, ends(s.Shutdown(t.Context())))
	must(t, ends(serve(t, l, echo, local(engine.ServerOptions{Deferred: true})).Shutdown(t.Context())))
	onLoop(t, l, func() { wantErr(t, "in a callback", ends(s.Shutdown(context.Background())), engine.ErrNotInTask) })
}
