//go:build unix

package engine_test

import (
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestProtocolFails(t *testing.T) {
	prove(t, "PROT-09", testDataPanics)
	prove(t, "PROT-10", testOthersPanic)
	prove(t, "PROT-11", testLostPanics)
}

func TestBufferedProtocol(t *testing.T) {
	prove(t, "PROT-13", testGetBuffer)
	prove(t, "PROT-14", testEmptyBuffer)
	prove(t, "PROT-15", testNeverTooMuch)
}

func TestBufferedProtocolSizes(t *testing.T) {
	prove(t, "PROT-16", testOneByteBuffer)
	prove(t, "PROT-17", testRecognisedByType)
	prove(t, "PROT-18", testSwitchesLoseNothing)
}

// testDataPanics: it ends the connection with the panic.
func testDataPanics(t *testing.T) {
	l, w, tr, far := tapped(t)
	list := failures(l)
	w.onData = func([]byte) { panic(errBroken) }
	far.send("x")
	turn(t, l)
	wantFailure(t, list, "Fatal error: protocol.data_received() call failed.", tr, w, errBroken)
	isEqual(t, "closing", tr.IsClosing(), true)
	w.want(t, "data")
	turn(t, l)
	w.want(t, "lost")
	wantErr(t, "ConnectionLost", w.err, errBroken)
	isEqual(t, "reports", len(*list), 0)
}

func testOthersPanic(t *testing.T) {
	fails := func() { panic(errBroken) }
	for method, set := range map[string]func(*fillTap){
		"eof_received":   func(f *fillTap) { f.onEnd = func() bool { fails(); return true } },
		"get_buffer":     func(f *fillTap) { f.onAsked = func() []byte { fails(); return nil } },
		"buffer_updated": func(f *fillTap) { f.onData = func([]byte) { fails() } },
	} {
		l, f := newLoop(t), &fillTap{memory: make([]byte, 10)}
		list := failures(l)
		set(f)
		tr, far := wired(t, l, f)
		if method != "eof_received" {
			far.send("x")
		}
		must(t, far.s.Shutdown(engine.ShutWR))
		untilSo(t, l, func() bool { return f.over })
		wantFailure(t, list, "Fatal error: protocol."+method+"() call failed.", tr, f, errBroken)
		wantErr(t, method, f.err, errBroken)
	}
	l, w := newLoop(t), &wireTap{onMade: fails}
	list := failures(l)
	tr, far := wired(t, l, w)
	wantFailure(t, list, "Exception in callback protocol.connection_made()", tr, w, errBroken)
	far.send("x")
	turn(t, l)
	w.want(t, "made", "data") // as in asyncio, it goes on
}

func testLostPanics(t *testing.T) {
	l, w, tr, far := tapped(t)
	list := failures(l)
	w.onLost = func() { panic(errBroken) }
	tr.Close()
	turn(t, l)
	wantFailure(t, list, "Exception in callback protocol.connection_lost()", tr, w, errBroken)
	far.read()
	isEqual(t, "end", far.ended, true)
	isEqual(t, "protocol", tr.Protocol(), nil)
	isEqual(t, "descriptor", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
}

func testGetBuffer(t *testing.T) {
	l, f := newLoop(t), &fillTap{memory: make([]byte, 10)}
	_, far := wired(t, l, f)
	far.send("hello")
	turn(t, l)
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { return f.over })
	f.want(t, "made", "get", "updated 5", "get", "eof", "lost")
	isEqual(t, "received", f.got, tallyOf([]byte("hello")))
	for _, hint := range f.hints {
		isEqual(t, "hint", hint, -1)
	}
}

func testEmptyBuffer(t *testing.T) {
	l, f := newLoop(t), &fillTap{}
	list := failures(l)
	_, far := wired(t, l, f)
	far.send("x")
	untilSo(t, l, func() bool { return f.over })
	f.want(t, "made", "get", "lost")
	if f.err == nil || len(*list) != 1 || (*list)[0].Err != f.err ||
		(*list)[0].Message != "Fatal error: protocol.get_buffer() call failed." {
		t.Errorf("lost with %v, told %v", f.err, *list)
	}
}

// testNeverTooMuch: the memory behind the buffer's end is not touched.
func testNeverTooMuch(t *testing.T) {
	l, f := newLoop(t), &fillTap{memory: make([]byte, 16)}
	f.onAsked = func() []byte { return f.memory[:7] }
	_, far := wired(t, l, f)
	want := pattern(7 * 9)
	far.write(want)
	f.onData = func(p []byte) { isEqual(t, "count", len(p), 7) }
	untilSo(t, l, func() bool { return f.got.n == len(want) })
	isEqual(t, "received", f.got, tallyOf(want))
	isEqual(t, "beyond", string(f.memory[7:]), string(make([]byte, 9)))
}

func testOneByteBuffer(t *testing.T) {
	l, f := newLoop(t), &fillTap{memory: make([]byte, 1)}
	_, far := wired(t, l, f)
	far.send("hello there")
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { return f.over })
	isEqual(t, "received", f.got, tallyOf([]byte("hello there")))
	isEqual(t, "reads", len(f.hints) >= 11, true)
}

// testRecognisedByType: with its methods it is a BufferedProtocol, and without
// them it is none.
func testRecognisedByType(t *testing.T) {
	l, f := newLoop(t), &fillTap{memory: make([]byte, 10)}
	tr, far := wired(t, l, f)
	for i, p := range []engine.Protocol{f, &f.wireTap, f} {
		tr.SetProtocol(p)
		f.lines = nil
		far.send("x")
		turn(t, l)
		if i == 1 {
			f.want(t, "data")
		} else {
			f.want(t, "get", "updated 1")
		}
	}
}

// testSwitchesLoseNothing changes the protocol at every callback.
func testSwitchesLoseNothing(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, far := wired(t, l, w)
	f := &fillTap{memory: make([]byte, 1000)}
	var got tally
	w.onData = func(p []byte) { got.add(p); tr.SetProtocol(f) }
	f.onData = func(p []byte) { got.add(p); tr.SetProtocol(w) }
	want, rest := pattern(1<<20), pattern(1<<20)
	untilSo(t, l, func() bool { rest = rest[far.write(rest):]; return len(rest) == 0 })
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { return w.over || f.over })
	isEqual(t, "received", got, tallyOf(want))
}
