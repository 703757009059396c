//go:build unix

package engine_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestTransportClose(t *testing.T) {
	prove(t, "TRN-12", testCloseFlushes)
	prove(t, "TRN-13", testCloseInALaterTurn)
	prove(t, "TRN-18", testIsClosing)
}

func TestTransportAbort(t *testing.T) {
	prove(t, "TRN-14", testAbortDrops)
	prove(t, "TRN-15", testAbortAfterClose)
	prove(t, "TRN-16", testLostOnce)
}

func TestTransportIsLost(t *testing.T) {
	prove(t, "TRN-17", testDescriptorClosedAfterLost)
	prove(t, "TRN-19", testAfterLost)
	prove(t, "TRN-20", testWriteBufferSize)
}

func TestTransportFails(t *testing.T) {
	prove(t, "TRN-36", testReadError)
	prove(t, "TRN-37", testWriteError)
}

// testCloseFlushes: nothing is read any more, everything is sent.
func testCloseFlushes(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	far.send("unread")
	tr.Close()
	tr.Close()
	idleTurns(t, l)
	w.want(t)
	far.drained(l, len(all))
	isEqual(t, "before the end", far.in, tallyOf(all))
	untilSo(t, l, func() bool { far.read(); return far.ended })
	w.want(t, "lost")
	isEqual(t, "error", w.err, nil)
	isEqual(t, "sent", far.in, tallyOf(all))
	tr.Close()
	idleTurns(t, l)
	w.want(t)
}

func testCloseInALaterTurn(t *testing.T) {
	l, w, tr, _ := tapped(t)
	inTurn(t, l, func() {
		must(t, wrote(tr.Write([]byte("x"))))
		tr.Close()
		w.add("closed")
		l.CallSoon(w.adds("next"))
	})
	w.want(t, "closed")
	turn(t, l)
	w.want(t, "lost", "next")
}

func testIsClosing(t *testing.T) {
	for what, end := range map[string]func(engine.Transport, *wireEnd){
		"close": func(tr engine.Transport, _ *wireEnd) { tr.Close() },
		"abort": func(tr engine.Transport, _ *wireEnd) { tr.Abort() },
		"error": func(tr engine.Transport, far *wireEnd) {
			far.close()
			must(t, wrote(tr.Write([]byte("x"))))
		},
	} {
		l, w, tr, far := tapped(t)
		isEqual(t, what+": before", tr.IsClosing(), false)
		end(tr, far)
		isEqual(t, what+": after", tr.IsClosing(), true)
		untilSo(t, l, func() bool { return w.over })
		isEqual(t, what+": lost", tr.IsClosing(), true)
	}
}

func testAbortDrops(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	left := tr.WriteBufferSize()
	inTurn(t, l, func() {
		tr.Abort()
		isEqual(t, "size", tr.WriteBufferSize(), 0)
		l.CallSoon(w.adds("next"))
	})
	w.want(t)
	turn(t, l)
	w.want(t, "lost", "next")
	isEqual(t, "error", w.err, nil)
	far.read()
	isEqual(t, "sent before", far.in, tallyOf(all[:len(all)-left]))
	isEqual(t, "end", far.ended, true)
}

func testAbortAfterClose(t *testing.T) {
	l, w, tr, far := tapped(t)
	all := blocked(t, tr)
	left := tr.WriteBufferSize()
	tr.Close()
	turn(t, l)
	tr.Abort()
	tr.Abort()
	turn(t, l)
	w.want(t, "lost")
	far.read()
	isEqual(t, "sent before", far.in, tallyOf(all[:len(all)-left]))
}

// testLostOnce tries all pairs of ends, also out of callbacks.
func testLostOnce(t *testing.T) {
	ends := []func(*wireTap, *wireEnd){
		func(w *wireTap, _ *wireEnd) { w.tr.Close() },
		func(w *wireTap, _ *wireEnd) { w.tr.Abort() },
		func(w *wireTap, _ *wireEnd) { must(t, w.tr.WriteEOF()) },
		func(w *wireTap, _ *wireEnd) { _, _ = w.tr.Write(pattern(100)) },
		func(_ *wireTap, far *wireEnd) { far.close() },
		func(_ *wireTap, far *wireEnd) { _ = far.s.Shutdown(engine.ShutWR) },
		func(_ *wireTap, far *wireEnd) { _, _ = syscall.Write(far.s.Fd(), []byte("x")) },
	}
	for i, first := range ends {
		for j, second := range ends {
			l, w, tr, far := tapped(t)
			w.onData = func([]byte) { second(w, far) }
			w.onEnd = func() bool { second(w, far); return j%2 == 0 }
			w.onLost = func() { first(w, far); second(w, far) }
			inTurn(t, l, func() { first(w, far); second(w, far) })
			turn(t, l)
			tr.Close()
			untilSo(t, l, func() bool { return w.over })
			idleTurns(t, l)
			n := 0
			for _, line := range w.lines {
				if line == "lost" {
					n++
				}
			}
			if n != 1 || w.lines[len(w.lines)-1] != "lost" {
				t.Errorf("%d then %d: %q", i, j, w.lines)
			}
		}
	}
}

// testDescriptorClosedAfterLost: it is open in ConnectionLost, and closed when
// the turn is over, also after a panic.
func testDescriptorClosedAfterLost(t *testing.T) {
	for _, panics := range []bool{false, true} {
		l, w, tr, far := tapped(t)
		list := failures(l)
		view := tr.ExtraInfo("socket").(*engine.TransportSocket)
		w.onLost = func() {
			if view.Fd() < 0 {
				t.Error("closed too early")
			}
			far.read()
			isEqual(t, "end in ConnectionLost", far.ended, false)
			if panics {
				panic(errBroken)
			}
		}
		tr.Close()
		turn(t, l)
		far.read()
		isEqual(t, "end", far.ended, true)
		isEqual(t, "descriptor", view.Fd(), -1)
		isEqual(t, "reports", len(*list) == 1, panics)
	}
}

// testAfterLost: nothing works, nothing hurts, and what is known stays known.
func testAfterLost(t *testing.T) {
	l, w, tr, far := tapped(t)
	before := tr.ExtraInfo("sockname").(net.Addr).String()
	far.close()
	untilSo(t, l, func() bool { return w.over })
	w.lines = nil
	wantErr(t, "Write", wrote(tr.Write([]byte("x"))), engine.ErrTransportClosing)
	wantErr(t, "Post", tr.Post([]byte("x")), engine.ErrTransportClosing)
	wantErr(t, "PostWait", tr.PostWait(t.Context(), []byte("x")), engine.ErrTransportClosing)
	must(t, tr.WriteEOF())
	tr.PauseReading()
	tr.ResumeReading()
	must(t, tr.SetWriteBufferLimits(0, 0))
	tr.Abort()
	tr.Close()
	tr.SetProtocol(w)
	isEqual(t, "protocol", tr.Protocol(), nil)
	isEqual(t, "size", tr.WriteBufferSize(), 0)
	isEqual(t, "reading", tr.IsReading(), false)
	isEqual(t, "sockname", tr.ExtraInfo("sockname").(net.Addr).String(), before)
	isEqual(t, "socket", tr.ExtraInfo("socket").(*engine.TransportSocket).Fd(), -1)
	idleTurns(t, l)
	w.want(t)
}

func testWriteBufferSize(t *testing.T) {
	l, _, tr, far := tapped(t)
	must(t, wrote(tr.Write([]byte("x"))))
	isEqual(t, "sent", tr.WriteBufferSize(), 0)
	inTurn(t, l, func() {
		must(t, wrote(tr.Write([]byte("y"))))
		isEqual(t, "held", tr.WriteBufferSize(), 0)
	})
	n := len(blocked(t, tr)) + 2
	far.read()
	isEqual(t, "taken and left", far.in.n+tr.WriteBufferSize(), n)
	before := tr.WriteBufferSize()
	must(t, wrote(tr.Write(pattern(1000))))
	isEqual(t, "grown", tr.WriteBufferSize(), before+1000)
	tr.Abort()
	isEqual(t, "aborted", tr.WriteBufferSize(), 0)
}

// overTCP makes a transport of a TCP connection whose other end is of package
// net.
func overTCP(t testing.TB, l *engine.Loop, p engine.Protocol) (engine.Transport, *net.TCPConn) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer server.Close()
	c, err := net.Dial("tcp", server.Addr().String())
	must(t, err)
	s, err := engine.SocketFrom(c.(*net.TCPConn))
	must(t, err)
	must(t, c.Close())
	far, err := server.Accept()
	must(t, err)
	t.Cleanup(func() { _ = far.Close() })
	return transportOn(t, l, p, s), far.(*net.TCPConn)
}

// testReadError: a reset is told as itself, and nothing comes before it.
func testReadError(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	tr, far := overTCP(t, l, w)
	must(t, far.SetLinger(0))
	must(t, far.Close())
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "made", "lost")
	failed := wantOpError(t, w.err, "read", "tcp", syscall.ECONNRESET)
	isEqual(t, "peer", failed.Addr.String(), far.LocalAddr().String())
	isEqual(t, "source", failed.Source.String(), far.RemoteAddr().String())
	isEqual(t, "peername", tr.ExtraInfo("peername").(net.Addr).String(), far.LocalAddr().String())
}

func testWriteError(t *testing.T) {
	l, w, tr, far := tapped(t)
	list := failures(l)
	tr.PauseReading()
	blocked(t, tr)
	far.close()
	inTurn(t, l, func() { isEqual(t, "full", tr.WriteBufferSize() > 0, true) })
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "lost")
	wantOpError(t, w.err, "write", "unix", syscall.EPIPE)
	isEqual(t, "left", tr.WriteBufferSize(), 0)
	isEqual(t, "reports", len(*list), 0)
}
