//go:build unix

package engine_test

import (
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestTransportReads(t *testing.T) {
	prove(t, "TRN-31", testPauseReading)
	prove(t, "TRN-32", testResumeReading)
	prove(t, "TRN-33", testIsReading)
}

func TestTransportReadsFairly(t *testing.T) {
	prove(t, "TRN-34", testOneReadATurn)
	prove(t, "TRN-35", testReadsInVain)
	prove(t, "TRN-40", testSetProtocol)
}

func testPauseReading(t *testing.T) {
	l, w, tr, far := tapped(t)
	w.onData = func([]byte) { tr.PauseReading() }
	far.send("one")
	turn(t, l)
	far.send("two")
	idleTurns(t, l)
	tr.PauseReading()
	w.want(t, "data")
	far.close()
	idleTurns(t, l) // the end is not read either
	w.want(t)
	w.onData = nil
	tr.ResumeReading()
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "data", "eof", "lost")
	isEqual(t, "received", w.got, tallyOf([]byte("onetwo")))
	tr.PauseReading()
	isEqual(t, "reading", tr.IsReading(), false)
}

// testResumeReading: what is there comes in the next turn, not in this one.
func testResumeReading(t *testing.T) {
	l, w, tr, far := tapped(t)
	tr.ResumeReading()
	tr.PauseReading()
	far.send("x")
	idleTurns(t, l)
	inTurn(t, l, func() {
		tr.ResumeReading()
		tr.ResumeReading()
		l.CallSoon(w.adds("next"))
	})
	w.want(t)
	turn(t, l)
	w.want(t, "next", "data")
	inTurn(t, l, func() { tr.PauseReading(); tr.ResumeReading() })
	far.send("y")
	turn(t, l)
	w.want(t, "data")
}

func testIsReading(t *testing.T) {
	l, w, tr, far := tapped(t)
	w.onEnd = func() bool { return true }
	isEqual(t, "at first", tr.IsReading(), true)
	tr.PauseReading()
	isEqual(t, "paused", tr.IsReading(), false)
	tr.ResumeReading()
	isEqual(t, "resumed", tr.IsReading(), true)
	must(t, far.s.Shutdown(engine.ShutWR))
	turn(t, l)
	w.want(t, "eof")
	isEqual(t, "after the peer's end", tr.IsReading(), true)
	tr.Close()
	isEqual(t, "closing", tr.IsReading(), false)
}

// testOneReadATurn: of at most 256 KiB, for each of several transports.
func testOneReadATurn(t *testing.T) {
	const most = 256 << 10
	l, w, _, far := tapped(t)
	second := &wireTap{}
	_, secondFar := wired(t, l, second)
	sent := 0
	for _, f := range []*wireEnd{far, secondFar} {
		must(t, f.s.SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 1<<20)) // or what the system allows
		sent = f.write(pattern(1 << 20))
	}
	for i := 1; w.got.n < sent; i++ {
		turn(t, l)
		isEqual(t, "reads", len(w.chunks), i)
		isEqual(t, "reads of the second", len(second.chunks), i)
	}
	if slices.Max(w.chunks) > most || sent > most && w.chunks[0] != most {
		t.Errorf("of %d bytes it read %d", sent, w.chunks)
	}
	if sent <= most && runtime.GOOS == "linux" {
		t.Logf("no more than %d bytes fit into the socket", sent)
	}
	isEqual(t, "in all", w.got, tallyOf(pattern(1 << 20)[:sent]))
}

// testReadsInVain: another one takes the bytes between the event and the read.
func testReadsInVain(t *testing.T) {
	l, w, tr, far := tapped(t)
	fd := tr.ExtraInfo("socket").(*engine.TransportSocket).Fd()
	for range 3 {
		far.send("stolen")
		inTurn(t, l, func() {
			n, err := syscall.Read(fd, make([]byte, 10))
			must(t, err)
			isEqual(t, "stolen", n, 6)
		})
		idleTurns(t, l)
		w.want(t)
		far.send("x")
		turn(t, l)
		w.want(t, "data")
	}
	all := blocked(t, tr) // the kernel has said that it takes no more
	far.drained(l, len(all))
	isEqual(t, "sent", far.in, tallyOf(all))
}

// testSetProtocol changes the receiver, between the kinds too.
func testSetProtocol(t *testing.T) {
	l, w, tr, far := tapped(t)
	isEqual(t, "protocol", tr.Protocol(), engine.Protocol(w))
	plain, filled := &wireTap{}, &fillTap{memory: make([]byte, 4)}
	w.onData = func([]byte) { tr.SetProtocol(filled) }
	far.send("one")
	turn(t, l)
	isEqual(t, "protocol", tr.Protocol(), engine.Protocol(filled))
	far.send("two")
	turn(t, l)
	tr.SetProtocol(plain)
	far.send("three")
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { return plain.over })
	w.want(t, "data")
	filled.want(t, "get", "updated 3")
	plain.want(t, "data", "eof", "lost")
	isEqual(t, "error", plain.err, nil)
}
