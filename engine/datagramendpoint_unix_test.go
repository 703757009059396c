//go:build unix

package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/shardloop/shardloop/engine"
)

// TestDatagramTruncated: a datagram that is longer than MaxSize is an error that has
// its beginning.
func TestDatagramTruncated(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	o := anyPort()
	o.MaxSize = 4
	g, tr := endpointOn(t, l, o)
	var left string
	g.onError = func(err error) {
		var cut *engine.TruncatedError
		if errors.As(err, &cut) {
			left = string(cut.Data)
			isEqual(t, "from", cut.From, far.addr())
		}
	}
	far.sendTo(tr, "1234", "12345678", "x")
	untilSo(t, l, func() bool { return len(g.got) == 2 })
	wantTexts(t, "whole", g.received(), "1234", "x")
	g.want(t, "data", "error", "data")
	isEqual(t, "left", left, "1234")
	failed := wantOpError(t, g.errs[0], "read", "udp", syscall.EMSGSIZE)
	isEqual(t, "named", failed.Addr.String(), far.addr().String())
	isEqual(t, "counted", l.Stats().Datagrams.Truncated, 1)
}

// TestDatagramUnixNames: peers are told by their names, and answered by them.
func TestDatagramUnixNames(t *testing.T) {
	l, dir := newLoop(t), shortDir(t)
	a, aTr := endpointOn(t, l, engine.DatagramOptions{LocalPath: dir + "/a"})
	b, _ := endpointOn(t, l, engine.DatagramOptions{LocalPath: dir + "/b"})
	b.onData = func(p []byte, from engine.Addr) { must(t, b.tr.SendTo(append([]byte("re: "), p...), from)) }
	to := addrOf(t, &net.UnixAddr{Name: dir + "/b"})
	inTurn(t, l, func() { must(t, aTr.SendTo([]byte("hello"), to)) })
	untilSo(t, l, func() bool { return len(a.got) > 0 })
	wantTexts(t, "answer", a.got, "re: hello")
	isEqual(t, "from", a.from[0], to)
	isEqual(t, "asked by", b.from[0].String(), dir+"/a")

	inTurn(t, l, func() { must(t, aTr.SendTo([]byte("x"), addrOf(t, &net.UnixAddr{Name: dir + "/none"}))) })
	untilSo(t, l, func() bool { return len(a.errs) > 0 })
	failed := wantOpError(t, a.errs[0], "write", "unixgram", syscall.ENOENT)
	isEqual(t, "named", failed.Addr.String(), dir+"/none")

	c, cTr := endpointOn(t, l, engine.DatagramOptions{RemotePath: dir + "/a"})
	inTurn(t, l, func() { must(t, cTr.SendTo([]byte("no name"), engine.Addr{})) })
	untilSo(t, l, func() bool { return len(a.got) == 2 })
	isEqual(t, "from nobody", a.from[1], engine.Addr{})
	isEqual(t, "remote", cTr.ExtraInfo("peername").(net.Addr).String(), dir+"/a")
	c.want(t)
}

// TestDatagramOffload: the protocol sees no difference.
func TestDatagramOffload(t *testing.T) {
	l := newLoop(t)
	o := anyPort()
	o.Offload = true
	g, tr := endpointOn(t, l, o)
	_, near := endpointOn(t, l, o)
	var want []string
	for i := range 500 {
		want = append(want, string(pattern(1000+i/400)))
	}
	to := addrOf(t, nameOfGrams(tr))
	for len(want) > len(g.got) { // in parts, or the socket would be full
		sent := len(g.got)
		inTurn(t, l, func() {
			for _, text := range want[sent : sent+50] {
				must(t, near.SendTo([]byte(text), to))
			}
		})
		untilSo(t, l, func() bool { return len(g.got) >= sent+50 })
	}
	wantTexts(t, "received", g.got, want...)
}

// TestDatagramDebug: foreign goroutines are refused, slow callbacks and endpoints
// that nobody has closed are logged.
func TestDatagramDebug(t *testing.T) {
	log := &lines{}
	l := newLoop(t, engine.Config{Debug: true, Logger: log.logger()})
	far := gramFar(t)
	l.SetSlowCallbackDuration(time.Nanosecond)
	g, tr := endpointOn(t, l, anyPort())
	isEqual(t, "made", log.has("new datagram endpoint"), true)
	far.sendTo(tr, "x")
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	isEqual(t, "slow", log.has("Executing *engine_test.gramTap of <DatagramTransport fd="), true)
	start(t, l)
	wantErr(t, "SendTo", tr.SendTo(nil, far.addr()), engine.ErrWrongThread)
	wantErr(t, "SetWriteBufferLimits", tr.SetWriteBufferLimits(1, 1), engine.ErrWrongThread)
	for name, call := range map[string]func(){"Close": tr.Close, "Abort": tr.Abort, "SetProtocol": func() { tr.SetProtocol(g) }} {
		func() {
			defer func() {
				err, _ := recover().(error)
				wantErr(t, name, err, engine.ErrWrongThread)
			}()
			call()
		}()
	}
	closeLoop(t, l)
	isEqual(t, "unclosed", log.has("a datagram endpoint was never closed"), true)
}

// TestDatagramLoopCloses: nobody is told, and the descriptor is closed; ends of
// all kinds come too late.
func TestDatagramLoopCloses(t *testing.T) {
	l := newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	view, name := tr.ExtraInfo("socket").(*engine.TransportSocket), nameOfGrams(tr).String()
	must(t, l.Close())
	isEqual(t, "descriptor", view.Fd(), -1)
	at, err := view.LocalAddr()
	must(t, err)
	isEqual(t, "address", at.String(), name)
	isEqual(t, "closing", tr.IsClosing(), true)
	isEqual(t, "protocol", tr.Protocol(), nil)
	wantErr(t, "SendTo", tr.SendTo(nil, engine.Addr{}), engine.ErrTransportClosing)
	tr.Close()
	tr.Abort()
	g.want(t)
	_, _, err = l.CreateDatagramEndpoint(t.Context(), func() engine.DatagramProtocol { return g }, anyPort())
	wantErr(t, "CreateDatagramEndpoint", err, engine.ErrLoopClosed)
}

// TestDatagramCancelled: an endpoint that nobody gets is closed.
func TestDatagramCancelled(t *testing.T) {
	l := newLoop(t)
	g := &gramTap{}
	runTask(t, l, func(ctx context.Context) {
		var task *engine.Task[int]
		task = newTask(l, func(ctx context.Context) error {
			_, _, err := l.CreateDatagramEndpoint(ctx, func() engine.DatagramProtocol { task.Cancel(errReason); return g }, anyPort())
			return err
		})
		_, _ = engine.Await(ctx, task)
		wantCancelled(t, task, errReason)
	})
	untilSo(t, l, func() bool { return g.over })
	g.want(t, "made", "lost")
}

// TestDatagramFromElsewhere: any goroutine may make one, and waits.
func TestDatagramFromElsewhere(t *testing.T) {
	l := newLoop(t)
	start(t, l)
	g := &gramTap{}
	tr, _, err := l.CreateDatagramEndpoint(t.Context(), func() engine.DatagramProtocol { return g }, anyPort())
	must(t, err)
	onLoop(t, l, tr.Close)
	onLoop(t, l, func() {})
	onLoop(t, l, func() { g.want(t, "made", "lost") })
}

// TestDatagramContext: callbacks run in the context of whoever made the endpoint.
func TestDatagramContext(t *testing.T) {
	type key struct{}
	l := newLoop(t)
	far := gramFar(t)
	g := &gramTap{}
	seen := 0
	look := func() {
		isEqual(t, "value", l.Context().Value(key{}), any("mine"))
		seen++
	}
	g.onMade, g.onLost = look, look
	g.onData = func([]byte, engine.Addr) { look() }
	task := engine.CreateTask(l, func(ctx context.Context) (engine.DatagramTransport, error) {
		tr, _, err := l.CreateDatagramEndpoint(ctx, func() engine.DatagramProtocol { return g }, anyPort())
		return tr, err
	}, engine.TaskOptions{Context: context.WithValue(t.Context(), key{}, "mine")})
	untilSo(t, l, task.Done)
	far.sendTo(g.tr, "x")
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	g.tr.Close()
	untilSo(t, l, func() bool { return g.over })
	isEqual(t, "seen", seen, 3)
}

// TestDatagramCloseTimeout: a peer that does not read does not keep it open.
func TestDatagramCloseTimeout(t *testing.T) {
	l := newLoop(t, engine.Config{CloseTimeout: time.Millisecond})
	g, tr, _ := gramPair(t, l)
	stuffedGrams(t, tr, engine.Addr{})
	tr.Close()
	untilSo(t, l, func() bool { return g.over })
	failed := wantOpError(t, g.err, "close", "unixgram", engine.ErrCloseTimeout)
	var limit *engine.TimeoutError
	isEqual(t, "tells", errors.As(failed, &limit) && limit.Unsent >= 900, true)
	isEqual(t, "counted", l.Stats().Datagrams.TimedOut, 1)
	isEqual(t, "dropped", l.Stats().Datagrams.Unsent, 1)
}

// TestDatagramMemory: what waits to be sent counts, and above the limit nothing is
// received; it comes when there is memory again.
func TestDatagramMemory(t *testing.T) {
	l := newLoop(t, engine.Config{MemoryLimit: 64 << 10})
	_, full, peer := gramPair(t, l)
	g, _, far := gramPair(t, l)
	all := stuffedGrams(t, full, engine.Addr{})
	for range 100 {
		p := pattern(1000)
		must(t, full.SendTo(p, engine.Addr{}))
		all = append(all, string(p))
	}
	turn(t, l)
	isEqual(t, "paused", l.Stats().MemoryPaused, true)
	must(t, far.write("hello"))
	idleTurns(t, l)
	g.want(t)
	peer.wants(l, all...)
	untilSo(t, l, func() bool { return len(g.got) > 0 })
	isEqual(t, "memory", l.Stats().Memory, 0)
}

// TestDatagramStats: each is counted, in both directions.
func TestDatagramStats(t *testing.T) {
	l := newLoop(t, engine.Config{Logger: slog.New(slog.DiscardHandler)})
	g, tr := endpointOn(t, l, anyPort())
	to := addrOf(t, nameOfGrams(tr))
	inTurn(t, l, func() {
		for range 3 {
			must(t, tr.SendTo([]byte("12345"), to)) // to itself
		}
	})
	untilSo(t, l, func() bool { return len(g.got) == 3 })
	turn(t, l)
	s := l.Stats().Datagrams
	isEqual(t, "sent", [3]uint64{s.Sent, s.BytesSent, s.Sends}, [3]uint64{3, 15, 1})
	isEqual(t, "received", [2]uint64{s.Received, s.BytesReceived}, [2]uint64{3, 15})
	isEqual(t, "open", s.Open, 1)
}

// TestAddrFrom: values of both packages.
func TestAddrFrom(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.1:7")
	a, err := engine.AddrFrom(at)
	must(t, err)
	isEqual(t, "address", a.AddrPort(), at)
	isEqual(t, "the same", a, addrOf(t, &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7}))
	isEqual(t, "allocations", testing.AllocsPerRun(10, func() { _, _ = engine.AddrFrom(at) }), 0)
	_, err = engine.AddrFrom(netip.AddrPort{})
	wantArgError(t, "AddrFrom", err, "addr")
	_, err = engine.AddrFrom(netip.MustParseAddrPort("[fe80::1%no-such-interface]:7"))
	wantArgError(t, "AddrFrom", err, "addr")
	_, err = engine.AddrOf(&net.IPNet{})
	wantArgError(t, "AddrOf", err, "addr")
	_, err = engine.AddrOf(nil)
	wantArgError(t, "AddrOf", err, "addr")
}

// TestViewWhileAnEndpointEnds: the address may be asked for on any goroutine.
func TestViewWhileAnEndpointEnds(t *testing.T) {
	l := newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	view := tr.ExtraInfo("socket").(*engine.TransportSocket)
	want := nameOfGrams(tr).String()
	var over atomic.Bool
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for !over.Load() {
			if at, err := view.LocalAddr(); err != nil || at.String() != want {
				t.Errorf("address: %v, %v", at, err)
				return
			}
		}
	}()
	tr.Close()
	untilSo(t, l, func() bool { return g.over })
	over.Store(true)
	<-asked
}
