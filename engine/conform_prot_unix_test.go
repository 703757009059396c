//go:build unix

package engine_test

import (
	"context"
	"slices"
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestProtocolOrder(t *testing.T) {
	prove(t, "PROT-01", testCallbackOrder)
	prove(t, "PROT-02", testNothingBeforeOrAfter)
	prove(t, "PROT-03", testAllBytesArrive)
}

func TestProtocolEnds(t *testing.T) {
	prove(t, "PROT-05", testEOFReceived)
	prove(t, "PROT-06", testNothingAfterEOF)
	prove(t, "PROT-08", testLostWith)
}

func TestProtocolOwns(t *testing.T) {
	prove(t, "PROT-04", testRetain)
	prove(t, "PROT-07", testNoEOF)
	prove(t, "PROT-12", testNeverReentrant)
}

func TestProtocolDefaults(t *testing.T) {
	prove(t, "PROT-22", testBaseProtocol)
	prove(t, "PROT-23", testCallbackContext)
}

func testCallbackOrder(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	_, far := wired(t, l, w)
	for range 2 {
		far.send("x")
		turn(t, l)
	}
	far.close()
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "made", "data", "data", "eof", "lost")
}

// testNothingBeforeOrAfter ends the connection in ConnectionMade, with bytes there
// before and after.
func testNothingBeforeOrAfter(t *testing.T) {
	for _, end := range []func(engine.Transport){engine.Transport.Close, engine.Transport.Abort} {
		l, w := newLoop(t), &wireTap{}
		w.onMade = func() {
			must(t, wrote(w.tr.Write([]byte("bye"))))
			end(w.tr)
		}
		a, b, err := engine.SocketPair(engine.AFUnix, engine.SockStream, 0)
		must(t, err)
		far := &wireEnd{t: t, s: closedLater(t, b, nil)}
		far.send("early")
		transportOn(t, l, w, a)
		_, _ = syscall.Write(far.s.Fd(), []byte("late")) // which an abort refuses
		untilSo(t, l, func() bool { far.read(); return w.over && (far.ended || far.err != nil) })
		idleTurns(t, l)
		w.want(t, "made", "lost")
		isEqual(t, "sent", far.in, tallyOf([]byte("bye")))
	}
}

func testAllBytesArrive(t *testing.T) {
	l, w, _, far := tapped(t)
	var want tally
	for i := 1; want.n < 1<<20; i += i%97 + 1 {
		p := pattern(i)
		untilSo(t, l, func() bool { n := far.write(p); want.add(p[:n]); p = p[n:]; return len(p) == 0 })
	}
	untilSo(t, l, func() bool { return w.got.n == want.n })
	isEqual(t, "received", w.got, want)
	if slices.Min(w.chunks) < 1 {
		t.Error("it was told of nothing")
	}
}

// testEOFReceived: false closes, when all is sent; true leaves writing open.
func testEOFReceived(t *testing.T) {
	for _, keep := range []bool{false, true} {
		l, w, tr, far := tapped(t)
		w.onEnd = func() bool { return keep }
		n := len(blocked(t, tr))
		must(t, far.s.Shutdown(engine.ShutWR))
		idleTurns(t, l)
		w.want(t, "eof")
		isEqual(t, "closing", tr.IsClosing(), !keep)
		far.drained(l, n)
		if keep {
			must(t, wrote(tr.Write([]byte("more"))))
			idleTurns(t, l)
			w.want(t)
			tr.Close()
		}
		untilSo(t, l, func() bool { far.read(); return w.over && far.ended })
		w.want(t, "lost")
		isEqual(t, "more", far.in.n > n, keep)
	}
}

func testNothingAfterEOF(t *testing.T) {
	l, w, tr, far := tapped(t)
	w.onEnd = func() bool { return true }
	must(t, far.s.Shutdown(engine.ShutWR))
	turn(t, l)
	tr.PauseReading()
	tr.ResumeReading()
	idleTurns(t, l)
	w.want(t, "eof")
	tr.Close()
	turn(t, l)
	w.want(t, "lost")
}

func testLostWith(t *testing.T) {
	for what, c := range map[string]struct {
		end  func(engine.Transport, *wireEnd)
		want error
	}{
		"close": {func(tr engine.Transport, _ *wireEnd) { tr.Close() }, nil},
		"abort": {func(tr engine.Transport, _ *wireEnd) { tr.Abort() }, nil},
		"eof":   {func(_ engine.Transport, far *wireEnd) { far.close() }, nil},
		"write": {func(tr engine.Transport, far *wireEnd) { far.close(); _, _ = tr.Write([]byte("x")) }, syscall.EPIPE},
	} {
		l, w, tr, far := tapped(t)
		c.end(tr, far)
		untilSo(t, l, func() bool { return w.over })
		if c.want != nil {
			wantErr(t, what, w.err, c.want)
		} else {
			isEqual(t, what, w.err, nil)
		}
	}
}

// testRetain: what is kept outlives the next reads, and is released elsewhere.
func testRetain(t *testing.T) {
	l, w, tr, far := tapped(t)
	released := make(chan bool)
	keep := func(p []byte) {
		ref := tr.Retain(p)
		other := ref.Share()
		want := tallyOf(p)
		l.CallSoon(func() {
			go func() {
				defer func() { released <- true }()
				isEqual(t, "kept", tallyOf(ref.Bytes()), want)
				ref.Release()
				isEqual(t, "shared", tallyOf(other.Bytes()), want)
				other.Release()
			}()
		})
	}
	w.onData = keep
	for i := range 10 {
		far.write(pattern(1000 + i*7000))
		turn(t, l)
		far.write(pattern(77)) // into the same memory
		turn(t, l)
	}
	turn(t, l)
	for range w.chunks {
		<-released
	}
	tr.Retain(nil).Release()
}

func testNoEOF(t *testing.T) {
	for what, end := range map[string]func(engine.Transport){"close": engine.Transport.Close, "abort": engine.Transport.Abort} {
		l, w := newLoop(t), &wireTap{}
		tr, far := overTCP(t, l, w)
		end(tr)
		_ = far.Close()
		untilSo(t, l, func() bool { return w.over })
		idleTurns(t, l)
		if w.want(t, "made", "lost"); t.Failed() {
			t.Log(what)
		}
	}
	l, w := newLoop(t), &wireTap{}
	_, far := overTCP(t, l, w)
	must(t, far.SetLinger(0))
	_ = far.Close()
	untilSo(t, l, func() bool { return w.over })
	w.want(t, "made", "lost")
}

// testNeverReentrant: no call of the transport's brings another callback than
// those of flow control.
func testNeverReentrant(t *testing.T) {
	for _, last := range []func(engine.Transport){engine.Transport.Close, engine.Transport.Abort} {
		l, w, tr, far := tapped(t)
		far.send("x")
		inTurn(t, l, func() {
			must(t, tr.SetWriteBufferLimits(0, 0))
			blocked(t, tr)
			tr.PauseReading()
			tr.ResumeReading()
			must(t, tr.WriteEOF())
			last(tr)
			w.want(t, "pause")
		})
		w.want(t)
		untilSo(t, l, func() bool { far.read(); return w.over })
	}
}

// testBaseProtocol: what a protocol does not say is nothing.
func testBaseProtocol(t *testing.T) {
	l := newLoop(t)
	list := failures(l)
	tr, far := wired(t, l, struct{ engine.BaseProtocol }{})
	far.send("x")
	blocked(t, tr)
	must(t, tr.SetWriteBufferLimits(0, 0))
	far.read()
	turn(t, l)
	must(t, far.s.Shutdown(engine.ShutWR))
	untilSo(t, l, func() bool { far.read(); return far.ended })
	isEqual(t, "reports", len(*list), 0)
	var _ engine.FlowController = engine.BaseProtocol{}
}

type makerKey struct{}

// testCallbackContext: of whoever made the connection, in every callback and in
// what they schedule.
func testCallbackContext(t *testing.T) {
	l, w := newLoop(t), &wireTap{}
	mine := func(what string) {
		t.Helper()
		isEqual(t, what, l.Context().Value(makerKey{}), any("maker"))
	}
	check := func(what string) func() {
		return func() { mine(what); l.CallSoon(func() { mine("soon of " + what) }) }
	}
	w.onMade, w.onLost, w.onPause, w.onReady = check("made"), check("lost"), check("pause"), check("resume")
	w.onData = func([]byte) { check("data")() }
	w.onEnd = func() bool { check("eof")(); return true }
	a, b := streams(t)
	far := &wireEnd{t: t, s: b}
	ctx := context.WithValue(context.Background(), makerKey{}, "maker")
	task := engine.CreateTask(l, func(ctx context.Context) (engine.Transport, error) {
		tr, _, err := l.ConnectAcceptedSocket(ctx, func() engine.Protocol { return w }, a, engine.AcceptedOptions{})
		return tr, err
	}, engine.TaskOptions{Context: ctx})
	untilSo(t, l, task.Done)
	tr := w.tr
	far.send("x")
	turn(t, l)
	var n int
	inTurn(t, l, func() {
		must(t, tr.SetWriteBufferLimits(0, 0))
		n = len(blocked(t, tr))
		isEqual(t, "afterwards", l.Context(), context.Background())
	})
	far.drained(l, n)
	must(t, far.s.Shutdown(engine.ShutWR))
	turn(t, l)
	tr.Close()
	idleTurns(t, l)
	w.want(t, "made", "data", "pause", "resume", "eof", "lost")
	isEqual(t, "outside", l.Context(), context.Background())
}
