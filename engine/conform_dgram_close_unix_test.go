//go:build unix

package engine_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestDatagramClose(t *testing.T) {
	prove(t, "DGRAM-23", testDatagramClose)
	prove(t, "DGRAM-24", testDatagramAbort)
	prove(t, "TRN-44", testDatagramTransport)
}

func TestDatagramSendAfterClose(t *testing.T) {
	prove(t, "DGRAM-25", func(t *testing.T) { testDatagramSendLate(t, true) })
	prove(t, "DGRAM-26", func(t *testing.T) { testDatagramSendLate(t, false) })
}

func TestDatagramInfo(t *testing.T) {
	prove(t, "DGRAM-28", testDatagramNames)
	prove(t, "DGRAM-29", testDatagramRealPort)
}

// testDatagramClose: what was accepted is sent, whatever has to be waited for, and
// nothing is received any more.
func testDatagramClose(t *testing.T) {
	l := newLoop(t)
	g, tr, far := gramPair(t, l)
	all := append(stuffedGrams(t, tr, engine.Addr{}), "last")
	must(t, tr.SendTo([]byte("last"), engine.Addr{}))
	must(t, far.write("unread"))
	inTurn(t, l, func() { tr.Close(); tr.Close() })
	isEqual(t, "closing", tr.IsClosing(), true)
	idleTurns(t, l)
	g.want(t) // it waits
	untilSo(t, l, func() bool { far.read(); return g.over })
	far.wants(l, all...)
	g.want(t, "lost")
	isEqual(t, "error", g.err, nil)
	isEqual(t, "protocol", tr.Protocol(), nil)

	g, tr, _ = gramPair(t, l)
	inTurn(t, l, func() { tr.Close(); g.want(t) })
	turn(t, l)
	g.want(t, "lost") // in a later iteration
}

// testDatagramAbort: what the kernel has refused is dropped, and counted.
func testDatagramAbort(t *testing.T) {
	for _, closed := range []bool{false, true} {
		l := newLoop(t)
		g, tr, far := gramPair(t, l)
		all := stuffedGrams(t, tr, engine.Addr{})
		must(t, tr.SendTo([]byte("dropped"), engine.Addr{}))
		inTurn(t, l, func() {
			if closed {
				tr.Close()
			}
			tr.Abort()
			tr.Abort()
			isEqual(t, "size", tr.WriteBufferSize(), 0)
			g.want(t)
		})
		turn(t, l)
		g.want(t, "lost")
		isEqual(t, "error", g.err, nil)
		far.wants(l, all[:len(all)-1]...)
		isEqual(t, "dropped", l.Stats().Datagrams.Unsent, 2)
	}
}

// testDatagramTransport: it has what it needs, and no end of its own.
func testDatagramTransport(t *testing.T) {
	l := newLoop(t)
	g, tr, far := gramPair(t, l)
	wantErr(t, "WriteEOF", tr.WriteEOF(), engine.ErrUnsupported)
	isEqual(t, "closing", tr.IsClosing(), false)
	must(t, tr.SetWriteBufferLimits(100, engine.Default))
	wantGramLimits(t, tr, 25, 100)
	must(t, tr.SendTo([]byte("x"), engine.Addr{}))
	far.wants(l, "x")
	next := &gramTap{}
	tr.SetProtocol(next)
	isEqual(t, "protocol", tr.Protocol(), engine.DatagramProtocol(next))
	must(t, far.write("hello"))
	untilSo(t, l, func() bool { return len(next.got) > 0 })
	inTurn(t, l, tr.Abort)
	untilSo(t, l, func() bool { return next.over })
	next.want(t, "data", "lost")
	g.want(t)
}

// testDatagramSendLate: the fifth is logged, and all are told and counted.
func testDatagramSendLate(t *testing.T, connected bool) {
	var log bytes.Buffer
	far, l := gramFar(t), newLoop(t, engine.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	o := anyPort()
	if connected {
		o.RemoteHost, o.RemotePort = "127.0.0.1", far.port()
	}
	g, tr := endpointOn(t, l, o)
	inTurn(t, l, tr.Close)
	for i := range 7 {
		inTurn(t, l, func() { wantErr(t, "SendTo", tr.SendTo([]byte("x"), far.addr()), engine.ErrTransportClosing) })
		isEqual(t, "log lines", strings.Count(log.String(), "\n"), min(i/4, 1))
	}
	isEqual(t, "late", l.Stats().Datagrams.LateSends, 7)
	g.want(t, "lost")
	isEqual(t, "errors", len(g.errs), 0)
}

func testDatagramNames(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	name := func(tr engine.DatagramTransport, key string) string { return tr.ExtraInfo(key).(net.Addr).String() }
	_, tr := endpointOn(t, l, anyPort())
	isEqual(t, "peername", tr.ExtraInfo("peername"), nil)
	isEqual(t, "unknown", tr.ExtraInfo("sslcontext"), nil)
	g, tr := endpointOn(t, l, engine.DatagramOptions{LocalHost: "127.0.0.1", RemoteHost: "127.0.0.1", RemotePort: far.port()})
	own := name(tr, "sockname")
	check := func() {
		t.Helper()
		isEqual(t, "peername", name(tr, "peername"), far.addr().String())
		isEqual(t, "sockname", name(tr, "sockname"), own)
		at, err := tr.ExtraInfo("socket").(*engine.TransportSocket).LocalAddr()
		must(t, err)
		isEqual(t, "of the socket", at.String(), own)
	}
	check()
	g.onLost = check
	inTurn(t, l, tr.Close)
	untilSo(t, l, func() bool { return g.over })
	check()
	_, err := tr.ExtraInfo("socket").(*engine.TransportSocket).Dup()
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("the socket of a lost transport: %v", err)
	}
}

func testDatagramRealPort(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	for _, port := range []any{nil, 0, "0"} {
		g, tr := endpointOn(t, l, engine.DatagramOptions{LocalHost: "127.0.0.1", LocalPort: port})
		at := nameOfGrams(tr).(*net.UDPAddr)
		isEqual(t, "a real port", at.Port > 0, true)
		far.sendTo(tr, "hello")
		untilSo(t, l, func() bool { return len(g.got) > 0 })
	}
}
