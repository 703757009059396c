//go:build unix

package engine_test

import (
	"context"
	"io"
	"testing"

	"github.com/shardloop/shardloop/buffers"
	"github.com/shardloop/shardloop/engine"
)

// pausedServer is a server in a pause for lack of memory, which knows of one
// client, whose transport is first.
func pausedServer(t *testing.T) (x *limited, first io.ReadWriter) {
	t.Helper()
	var tr engine.Transport
	x = newLimited(t, engine.Config{MemoryLimit: 64 << 10}, func() engine.Protocol {
		p := echo().(*served)
		p.made = func(t engine.Transport) { tr = t }
		return p
	})
	c := x.first(&tr)
	x.fill(tr)
	return x, c
}

// TestShutdownInAPause: a request in the queue of the kernel is answered when
// there is memory for it, and the server ends then.
func TestShutdownInAPause(t *testing.T) {
	x, _ := pausedServer(t)
	c := client(t, x.at)
	_, err := io.WriteString(c, "queued")
	must(t, err)
	end := asked(t, x.l, func() error { return ends(x.s.Shutdown(context.Background())) })
	until(t, x.l, func() bool { return x.s.Stats().Accepted == 2 })
	waits(t, x.l, "Shutdown", end)
	waits(t, x.l, "Shutdown", end)
	x.release()
	must(t, <-end)
	hears(t, c, "queued")
	hangsUp(t, c)
}

// TestShutdownGivesUpInAPause when its time is over.
func TestShutdownGivesUpInAPause(t *testing.T) {
	x, _ := pausedServer(t)
	c := client(t, x.at)
	_, err := io.WriteString(c, "queued")
	must(t, err)
	ctx, cancel := context.WithCancelCause(context.Background())
	end := asked(t, x.l, func() error { return ends(x.s.Shutdown(ctx)) })
	until(t, x.l, func() bool { return x.s.Stats().Accepted == 2 })
	waits(t, x.l, "Shutdown", end)
	cancel(errTest)
	wantErr(t, "Shutdown", <-end, errTest)
	isEqual(t, "left", statsOf(t, x.l, x.s).Active, 0)
	x.release()
	until(t, x.l, func() bool { return !x.l.Stats().MemoryPaused })
}

// TestPanicsInAPause: of a timer, and of the protocol that reads first when it is
// over; the others read on.
func TestPanicsInAPause(t *testing.T) {
	l := newLoop(t, engine.Config{MemoryLimit: 64 << 10})
	reports := reportsOf(l)
	start(t, l)
	var made []engine.Transport
	s := serve(t, l, func() engine.Protocol {
		p := echo().(*served)
		p.made = func(tr engine.Transport) { made = append(made, tr) }
		answer := p.data
		p.data = func(b []byte) {
			if string(b) == "panic" {
				panic(errTest)
			}
			answer(b)
		}
		return p
	}, local(engine.ServerOptions{}))
	x := &limited{t: t, l: l, s: s, at: address(t, l, s)}
	bad, good := client(t, x.at), client(t, x.at)
	until(t, l, func() bool { return len(made) == 2 })
	x.fill(made[0])
	onLoop(t, l, func() { l.CallSoon(func() { panic(errTest) }) })
	_, err := io.WriteString(bad, "panic")
	must(t, err)
	_, err = io.WriteString(good, "hello")
	must(t, err)
	until(t, l, func() bool { return l.Stats().Panics == 1 })
	isEqual(t, "paused", l.Stats().MemoryPaused, true)
	x.release()
	hears(t, good, "hello")
	hangsUp(t, bad)
	list := reports.take()
	isEqual(t, "reports", len(list), 2)
	for _, c := range list {
		wantErr(t, c.Message, c.Err, errTest)
	}
}

// TestALoopClosedInAPause gives back its part of the budget, closes what it has,
// and lets other loops read.
func TestALoopClosedInAPause(t *testing.T) {
	b := budget(t, 1<<20)
	var tr, other engine.Transport
	protocol := func(made *engine.Transport) engine.ProtocolFactory {
		return func() engine.Protocol {
			p := echo().(*served)
			p.made = func(t engine.Transport) { *made = t }
			return p
		}
	}
	l := newLoop(t, engine.Config{Budget: b})
	s, err := engine.RunUntilComplete(l, func(ctx context.Context) (*engine.Server, error) {
		return l.CreateServer(ctx, protocol(&tr), local(engine.ServerOptions{}))
	})
	must(t, err)
	at, err := s.Sockets()[0].LocalAddr()
	must(t, err)
	c := client(t, at)
	for tr == nil {
		turn(t, l)
	}
	refs := []buffers.Ref{tr.Retain(make([]byte, 2<<20))}
	turn(t, l)
	turn(t, l)
	isEqual(t, "paused", l.Stats().MemoryPaused, true)
	if b.Used() < 2<<20 {
		t.Errorf("%d bytes are used", b.Used())
	}

	x := newLimited(t, engine.Config{Budget: b}, protocol(&other))
	d := client(t, x.at)
	_, err = io.WriteString(d, "hello")
	must(t, err)
	until(t, x.l, func() bool { return x.l.Stats().MemoryPaused })
	must(t, l.Close())
	isEqual(t, "used", b.Used(), 0)
	hears(t, d, "hello")
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a connection is open")
	}
	refs[0].Release()
	isEqual(t, "used", b.Used(), 0)
}
