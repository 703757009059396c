//go:build unix

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// turnCount counts the turns of a loop, by its polls.
type turnCount struct {
	journal
	l     *engine.Loop
	turns int
}

func newTurnCount(t *testing.T) *turnCount {
	t.Helper()
	c, s := &turnCount{}, newSpy(t)
	s.poll = func() { c.turns++ }
	s.wait = func(time.Duration) { c.turns++ }
	c.l = newLoop(t, engine.Config{Poller: s})
	return c
}

// note writes down what happens, so many turns after the count was zero.
func (c *turnCount) note(what string) { c.add(fmt.Sprint(c.turns, " ", what)) }

// noting is a protocol that notes what it is told, and what it schedules.
type noting struct {
	engine.BaseProtocol
	c    *turnCount
	data *engine.Future[string]
}

func (n *noting) ConnectionMade(engine.Transport) {
	n.c.note("made")
	n.c.l.CallSoon(func() { n.c.note("soon") })
}

func (n *noting) DataReceived(p []byte) {
	n.c.note("data")
	n.data.SetResult(string(p))
}

// testConnectOrder has the peer's bytes in the socket before anybody knows of
// the connection.
func testConnectOrder(t *testing.T) {
	far := newOutpost(t)
	c := newTurnCount(t)
	runTask(t, c.l, func(ctx context.Context) {
		_, p, err := engine.Connect(ctx, c.l, func() *noting {
			far.send(t, <-far.conns, "early")
			c.turns = 0
			c.note("factory")
			return &noting{c: c, data: engine.NewFuture[string](c.l)}
		}, far.options())
		must(t, err)
		c.note("returned")
		text, err := engine.Await(ctx, p.data)
		if text != "early" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
	})
	c.want(t, "0 factory", "1 made", "2 soon", "2 returned", "2 data")
}

func TestConnect(t *testing.T) {
	prove(t, "CONN-01", func(t *testing.T) {
		far := newOutpost(t)
		l := newLoop(t)
		runTask(t, l, func(ctx context.Context) {
			tr, p := connect(t, ctx, l, far.options())
			p.want(t, "made")
			if tr != p.transport || tr.Protocol() != engine.Protocol(p) {
				t.Errorf("the transport is %v of %v, want %v of %v", tr, tr.Protocol(), p.transport, p)
			}
			p.closes(t, ctx)
		})
	})
	prove(t, "CONN-05", func(t *testing.T) {
		l := newLoop(t)
		nobody := refusing(t)
		runTask(t, l, func(ctx context.Context) {
			err := wantNoConnection(t, ctx, l, engine.ConnectOptions{Host: "127.0.0.1", Port: nobody.Port()})
			if errors.Is(err, engine.ErrInvalidArgument) {
				t.Errorf("it did not try: %v", err)
			}
		})
	})
	prove(t, "CONN-41", testConnectedAddresses)
}

func TestConnectOrder(t *testing.T) {
	prove(t, "CONN-02", testConnectOrder)
	prove(t, "CONN-03", testConnectOrder)
	prove(t, "CONN-04", testConnectOrder)
}

func testConnectedAddresses(t *testing.T) {
	far := newOutpost(t)
	l := newLoop(t)
	var socket any
	var local, peer string
	factory := func() *near {
		p := newNear(l)
		p.onMade = func(tr engine.Transport) {
			socket = tr.ExtraInfo("socket")
			local, peer = fmt.Sprint(tr.ExtraInfo("sockname")), fmt.Sprint(tr.ExtraInfo("peername"))
		}
		return p
	}
	runTask(t, l, func(ctx context.Context) {
		_, p, err := engine.Connect(ctx, l, factory, far.options())
		must(t, err)
		c := <-far.conns
		if local != c.RemoteAddr().String() || peer != far.Addr().String() {
			t.Errorf("%s to %s, want %v to %v", local, peer, c.RemoteAddr(), far.Addr())
		}
		if v, ok := socket.(*engine.TransportSocket); !ok || v.Fd() < 0 {
			t.Errorf("the socket is %v", socket)
		}
		p.closes(t, ctx)
	})
}

func TestConnectFactoryFails(t *testing.T) {
	prove(t, "CONN-06", func(t *testing.T) {
		for what, fails := range map[string]func() engine.Protocol{
			"panic": func() engine.Protocol { panic(errFails) },
			"nil":   func() engine.Protocol { return nil },
		} {
			far := newOutpost(t)
			l := newLoop(t)
			runTask(t, l, func(ctx context.Context) {
				tr, p, err := l.CreateConnection(ctx, fails, far.options())
				var broken *engine.PanicError
				if tr != nil || p != nil || err == nil || errors.As(err, &broken) != (what == "panic") {
					t.Errorf("%s: %v, %v, %v", what, tr, p, err)
				}
				if what == "panic" {
					wantErr(t, what, err, errFails)
				}
				if text := rest(t, <-far.conns); text != "" {
					t.Errorf("%s: the peer got %q", what, text)
				}
			})
		}
	})
}

// madeWith connects with what is done in ConnectionMade, and gives the rest of
// the test both ends.
func madeWith(t *testing.T, onMade func(engine.Transport), then func(ctx context.Context, p *near, far net.Conn)) []engine.ErrorContext {
	t.Helper()
	far := newOutpost(t)
	l := newLoop(t)
	reports := reported(l)
	runTask(t, l, func(ctx context.Context) {
		_, p, err := engine.Connect(ctx, l, func() *near {
			p := newNear(l)
			p.onMade = onMade
			return p
		}, far.options())
		must(t, err)
		then(ctx, p, <-far.conns)
	})
	return *reports
}

func TestConnectionMade(t *testing.T) {
	prove(t, "CONN-07", func(t *testing.T) {
		reports := madeWith(t, func(engine.Transport) { panic(errFails) }, func(ctx context.Context, p *near, far net.Conn) {
			_, err := far.Write([]byte("all the same"))
			must(t, err)
			if text, err := engine.Await(ctx, p.got); text != "all the same" || err != nil {
				t.Errorf("%q, %v", text, err)
			}
			p.closes(t, ctx)
		})
		wantReports(t, reports, "Exception in callback protocol.connection_made()")
		wantErr(t, "the report", reports[0].Err, errFails)
	})
	prove(t, "CONN-08", func(t *testing.T) {
		wantReports(t, madeWith(t, engine.Transport.Abort, func(ctx context.Context, p *near, far net.Conn) {
			p.wantLost(t, ctx)
			p.want(t, "made", "lost")
			rest(t, far)
		}))
		greet := func(tr engine.Transport) { tr.Write([]byte("greet")); tr.Close() }
		wantReports(t, madeWith(t, greet, func(ctx context.Context, p *near, far net.Conn) {
			if text := rest(t, far); text != "greet" {
				t.Errorf("the peer got %q", text)
			}
			p.wantLost(t, ctx)
			p.want(t, "made", "lost")
		}))
		wantReports(t, madeWith(t, engine.Transport.PauseReading, func(ctx context.Context, p *near, far net.Conn) {
			testPausedFromTheStart(t, ctx, p, far)
		}))
	})
}

func testPausedFromTheStart(t *testing.T, ctx context.Context, p *near, far net.Conn) {
	_, _ = far.Write([]byte("early")) // the end of the test tells
	for range 5 {
		_ = engine.Sleep(ctx, 0)
	}
	p.add("resume")
	p.transport.ResumeReading()
	_, _ = engine.Await(ctx, p.got)
	far.Close()
	p.wantLost(t, ctx)
	p.want(t, "made", "resume", "data", "eof", "lost")
}
