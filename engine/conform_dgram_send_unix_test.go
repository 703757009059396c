//go:build unix

package engine_test

import (
	"net"
	"reflect"
	"strconv"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestDatagramSend(t *testing.T) {
	prove(t, "DGRAM-16", testDatagramSendWaits)
	prove(t, "DGRAM-17", testDatagramSendEmpty)
	prove(t, "DGRAM-18", testDatagramSendElsewhere)
}

func TestDatagramSendFails(t *testing.T) {
	prove(t, "DGRAM-19", testDatagramSendNowhere)
	prove(t, "DGRAM-20", testDatagramSendTooMuch)
	prove(t, "DGRAM-27", testDatagramSendFamily)
}

func TestDatagramFlow(t *testing.T) {
	prove(t, "DGRAM-21", testDatagramSize)
	prove(t, "DGRAM-22", testDatagramMarks)
}

// testDatagramSendWaits: outside of a turn at once; what the kernel refuses is a
// copy, and goes out when there is room.
func testDatagramSendWaits(t *testing.T) {
	l := newLoop(t)
	_, tr, far := gramPair(t, l)
	must(t, tr.SendTo([]byte("now"), engine.Addr{}))
	far.read()
	wantTexts(t, "sent", far.in, "now")
	far.in = nil
	all := stuffedGrams(t, tr, engine.Addr{})
	p := []byte("first")
	must(t, tr.SendTo(p, engine.Addr{}))
	copy(p, "XXXXX")
	idleTurns(t, l)
	far.wants(l, append(all, "first")...)
	isEqual(t, "size", tr.WriteBufferSize(), 0)
}

func testDatagramSendEmpty(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	_, tr := endpointOn(t, l, anyPort())
	inTurn(t, l, func() {
		for _, p := range [][]byte{nil, []byte("x"), {}} {
			must(t, tr.SendTo(p, far.addr()))
		}
	})
	far.wants(l, "", "x", "")
}

// testDatagramSendElsewhere: only the remote address may be given.
func testDatagramSendElsewhere(t *testing.T) {
	far, other, l := gramFar(t), gramFar(t), newLoop(t)
	mapped, err := engine.AddrOf(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1).To16(), Port: far.port()})
	must(t, err)
	for _, broadcast := range []bool{false, true} {
		_, tr := endpointOn(t, l, engine.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: far.port(), AllowBroadcast: broadcast})
		inTurn(t, l, func() {
			must(t, tr.SendTo([]byte("a"), far.addr()))
			wantArgError(t, "SendTo", tr.SendTo([]byte("x"), other.addr()), "to")
			must(t, tr.SendTo([]byte("b"), mapped))
			must(t, tr.SendTo([]byte("c"), engine.Addr{}))
		})
		far.wants(l, "a", "b", "c")
	}
	other.read()
	isEqual(t, "elsewhere", len(other.in), 0)
}

// testDatagramSendNowhere: that is an error of the call's, and the endpoint goes on.
func testDatagramSendNowhere(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	inTurn(t, l, func() {
		wantArgError(t, "SendTo", tr.SendTo([]byte("x"), engine.Addr{}), "to")
		must(t, tr.SendTo([]byte("y"), far.addr()))
	})
	far.wants(l, "y")
	g.want(t)
	isEqual(t, "closing", tr.IsClosing(), false)
}

// testDatagramSendTooMuch: the one that is too long is named, and dropped alone.
func testDatagramSendTooMuch(t *testing.T) {
	far, l := gramFar(t), newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	inTurn(t, l, func() {
		must(t, tr.SendTo([]byte("before"), far.addr()))
		must(t, tr.SendTo(pattern(70_000), far.addr()))
		must(t, tr.SendTo([]byte("after"), far.addr()))
		g.want(t) // not out of a call
	})
	far.wants(l, "before", "after")
	g.want(t, "error")
	failed := wantOpError(t, g.errs[0], "write", "udp", syscall.EMSGSIZE)
	isEqual(t, "named", failed.Addr.String(), far.addr().String())
	isEqual(t, "closing", tr.IsClosing(), false)
}

// testDatagramSendFamily: an address is a value, so that nobody looks up a name.
func testDatagramSendFamily(t *testing.T) {
	send, _ := reflect.TypeFor[engine.DatagramTransport]().MethodByName("SendTo")
	isEqual(t, "parameters", send.Type.NumIn(), 2)
	isEqual(t, "address", send.Type.In(1), reflect.TypeFor[engine.Addr]())
	l := newLoop(t)
	g, tr := endpointOn(t, l, anyPort())
	for _, at := range []net.Addr{&net.UDPAddr{IP: net.IPv6loopback, Port: 1}, &net.UnixAddr{Name: "path"}} {
		wantArgError(t, at.String(), tr.SendTo([]byte("x"), addrOf(t, at)), "to")
	}
	g.want(t)
}

// testDatagramSize: 8 bytes for each, which go when it goes.
func testDatagramSize(t *testing.T) {
	l := newLoop(t)
	_, tr, far := gramPair(t, l)
	all := stuffedGrams(t, tr, engine.Addr{})
	isEqual(t, "of one", tr.WriteBufferSize(), len(all[len(all)-1])+8)
	for range 3 {
		before := tr.WriteBufferSize()
		must(t, tr.SendTo(nil, engine.Addr{}))
		must(t, tr.SendTo([]byte("12345"), engine.Addr{}))
		isEqual(t, "grows by", tr.WriteBufferSize()-before, 8+13)
		all = append(all, "", "12345")
	}
	waiting := tr.WriteBufferSize()
	for waiting > 0 {
		sent := len(far.in)
		far.readOne()
		isEqual(t, "read", len(far.in), sent+1)
		idleTurns(t, l)
		now := tr.WriteBufferSize()
		isEqual(t, "shrinks", now <= waiting, true)
		waiting = now
	}
	isEqual(t, "in the end", tr.WriteBufferSize(), 0)
	far.wants(l, all...)
}

// testDatagramMarks: pause when the size is above the high mark, out of the call;
// resume when it is down to the low one. They alternate.
func testDatagramMarks(t *testing.T) {
	l := newLoop(t)
	g, tr, far := gramPair(t, l)
	wantGramLimits(t, tr, 16384, 65536)
	all := stuffedGrams(t, tr, engine.Addr{})
	size := tr.WriteBufferSize()
	must(t, tr.SetWriteBufferLimits(size+20, size))
	wantGramLimits(t, tr, size, size+20)
	inTurn(t, l, func() {
		must(t, tr.SendTo([]byte("123456789012"), engine.Addr{}))
		g.want(t) // it is at the mark
		must(t, tr.SendTo(nil, engine.Addr{}))
		g.want(t, "pause")
		must(t, tr.SendTo([]byte("more"), engine.Addr{}))
	})
	all = append(all, "123456789012", "", "more")
	g.want(t)
	untilSo(t, l, func() bool { far.readOne(); return tr.WriteBufferSize() <= size })
	g.want(t, "resume")
	must(t, tr.SetWriteBufferLimits(0, 0))
	if tr.WriteBufferSize() > 0 {
		g.want(t, "pause")
	}
	g.lines = nil
	far.wants(l, all...)
	wantArgError(t, "SetWriteBufferLimits", tr.SetWriteBufferLimits(1, 2), "high")
}

func wantGramLimits(t testing.TB, tr engine.DatagramTransport, low, high int) {
	t.Helper()
	if l, h := tr.WriteBufferLimits(); l != low || h != high {
		t.Errorf("the limits are %d and %d, want %d and %d", l, h, low, high)
	}
}

// TestDatagramStalledReader: a unix peer that does not read for a while has lost
// nothing, whether the endpoint is connected to it or not.
func TestDatagramStalledReader(t *testing.T) {
	for _, connected := range []bool{false, true} {
		l := newLoop(t)
		s := newSocket(t, engine.AFUnix, engine.SockDgram)
		path := shortDir(t) + "/s"
		must(t, s.Bind(&net.UnixAddr{Name: path}))
		far, to := &gramEnd{t: t, s: s}, addrOf(t, &net.UnixAddr{Name: path})
		o := engine.DatagramOptions{Family: engine.AFUnix}
		if connected {
			o.RemotePath = path
		}
		g, tr := endpointOn(t, l, o)
		paused := false
		g.onPause, g.onReady = func() { paused = true }, func() { paused = false }
		var all []string
		start(t, l)
		for i := 0; i < 3000; i++ {
			onLoop(t, l, func() {
				if paused {
					i--
					return
				}
				all = append(all, strconv.Itoa(i)+string(pattern(i%700)))
				must(t, tr.SendTo([]byte(all[i]), to))
			})
			if i%300 == 0 || len(far.in) > 0 {
				far.read()
			}
		}
		for len(far.in) < len(all) {
			far.read()
			onLoop(t, l, func() {})
		}
		wantTexts(t, "sent", far.in, all...)
		onLoop(t, l, func() { isEqual(t, "errors", len(g.errs), 0) })
	}
}
