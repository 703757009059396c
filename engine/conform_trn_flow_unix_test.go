//go:build unix

package engine_test

import (
	"math"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

func TestWriteBufferLimits(t *testing.T) {
	prove(t, "TRN-21", func(t *testing.T) {
		_, _, tr, _ := tapped(t)
		wantLimits(t, tr, 16384, 65536)
	})
	prove(t, "TRN-22", testSetWriteBufferLimits)
	prove(t, "TRN-30", func(t *testing.T) {
		_, _, tr, _ := tapped(t)
		must(t, tr.SetWriteBufferLimits(7, 3))
		wantLimits(t, tr, 3, 7)
	})
}

func TestWriteBufferMarks(t *testing.T) {
	prove(t, "TRN-23", testPauseAtZero)
	prove(t, "TRN-24", testLowerAndRaiseLimits)
	prove(t, "TRN-25", testMarksExactly)
}

func TestFlowControl(t *testing.T) {
	prove(t, "TRN-26", testPauseAndResumeAlternate)
	prove(t, "TRN-27", testFlowControlPanics)
	prove(t, "TRN-28", testResumeWrites)
}

func TestFlowControlAtTheEnd(t *testing.T) {
	prove(t, "TRN-29", testResumeOnlyIfDrained)
}

func wantLimits(t testing.TB, tr engine.Transport, low, high int) {
	t.Helper()
	if l, h := tr.WriteBufferLimits(); l != low || h != high {
		t.Errorf("the limits are %d and %d, want %d and %d", l, h, low, high)
	}
}

func testSetWriteBufferLimits(t *testing.T) {
	_, _, tr, _ := tapped(t)
	const none = engine.Default
	for _, c := range []struct{ high, low, wantLow, wantHigh int }{
		{400, none, 100, 400},
		{none, 400, 400, 1600},
		{none, none, 16384, 65536},
		{0, none, 0, 0},
		{none, 0, 0, 0},
		{0, 0, 0, 0},
		{5, 5, 5, 5},
		{3, none, 0, 3},
		{math.MaxInt32, none, math.MaxInt32 / 4, math.MaxInt32},
	} {
		must(t, tr.SetWriteBufferLimits(c.high, c.low))
		wantLimits(t, tr, c.wantLow, c.wantHigh)
	}
	must(t, tr.SetWriteBufferLimits(9, 2))
	for _, c := range []struct {
		high, low int
		arg       string
	}{
		{4, 5, "high"}, {-2, none, "high"}, {-5, none, "high"}, {5, -2, "low"}, {none, -2, "low"},
		{0, 1, "high"}, {math.MaxInt, none, "high"}, {none, math.MaxInt, "high"}, {none, math.MaxInt32, "high"},
	} {
		wantArgError(t, "SetWriteBufferLimits", tr.SetWriteBufferLimits(c.high, c.low), c.arg)
		wantLimits(t, tr, 2, 9)
	}
}

func testPauseAtZero(t *testing.T) {
	l, w, tr, far := tapped(t)
	must(t, tr.SetWriteBufferLimits(0, 0))
	must(t, wrote(tr.Write([]byte("x"))))
	w.want(t)
	n := len(blocked(t, tr)) + 1
	w.want(t, "pause")
	far.drained(l, n)
	turn(t, l)
	w.want(t, "resume")
}

func testLowerAndRaiseLimits(t *testing.T) {
	l, w, tr, far := tapped(t)
	n := len(blocked(t, tr))
	w.want(t)
	must(t, tr.SetWriteBufferLimits(tr.WriteBufferSize()-1, 0))
	w.want(t, "pause")
	must(t, tr.SetWriteBufferLimits(1<<20, 1<<19))
	idleTurns(t, l)
	w.want(t)
	far.read()
	turn(t, l)
	w.want(t, "resume") // now that it has shrunk
	far.drained(l, n)
	w.want(t)
}

// testMarksExactly: at the high mark nothing happens, and at the low one it does.
func testMarksExactly(t *testing.T) {
	l, w, tr, far := tapped(t)
	blocked(t, tr)
	high := tr.WriteBufferSize() + 10
	must(t, tr.SetWriteBufferLimits(high, 0))
	must(t, wrote(tr.Write(pattern(10))))
	w.want(t)
	must(t, wrote(tr.Write(pattern(1))))
	w.want(t, "pause")
	size := tr.WriteBufferSize()
	for tr.WriteBufferSize() == size { // one step of the kernel's
		readSome(far)
		turn(t, l)
	}
	w.want(t)
	left := tr.WriteBufferSize()
	must(t, tr.SetWriteBufferLimits(high, left-1))
	idleTurns(t, l)
	w.want(t)
	untilSo(t, l, func() bool { far.read(); return tr.WriteBufferSize() <= left-1 })
	w.want(t, "resume")
}

func testPauseAndResumeAlternate(t *testing.T) {
	l, w, tr, far := tapped(t)
	n := len(blocked(t, tr))
	for range 3 {
		w.lines = nil
		inTurn(t, l, func() {
			w.add("write")
			for range 5 {
				must(t, wrote(tr.Write(pattern(150_000))))
				w.add("written")
			}
		})
		w.want(t, "write", "pause", "written", "written", "written", "written", "written")
		n += 5 * 150_000
		far.drained(l, n)
		turn(t, l)
		w.want(t, "resume")
	}
}

func testFlowControlPanics(t *testing.T) {
	l, w, tr, far := tapped(t)
	list := failures(l)
	w.onPause = func() { panic(errBroken) }
	w.onReady = w.onPause
	all := append(blocked(t, tr), pattern(100_000)...)
	inTurn(t, l, func() { must(t, wrote(tr.Write(pattern(100_000)))) })
	wantFailure(t, list, "protocol.pause_writing() failed", tr, w, errBroken)
	far.drained(l, len(all))
	turn(t, l)
	wantFailure(t, list, "protocol.resume_writing() failed", tr, w, errBroken)
	w.want(t, "pause", "resume")
	must(t, wrote(tr.Write([]byte("more"))))
	far.drained(l, len(all)+4)
	isEqual(t, "sent", far.in, tallyOf(all, []byte("more")))
	isEqual(t, "closing", tr.IsClosing(), false)
}

// testResumeWrites: to the same transport and to another one.
func testResumeWrites(t *testing.T) {
	l, w, tr, far := tapped(t)
	other, otherFar := wired(t, l, &wireTap{})
	rounds := 0
	want := tallyOf(blocked(t, tr))
	write := func() { p := pattern(80_000); want.add(p); must(t, wrote(tr.Write(p))) }
	w.onReady = func() {
		if rounds++; rounds <= 3 {
			write()
			must(t, wrote(other.Write([]byte("x"))))
		}
	}
	write()
	untilSo(t, l, func() bool { far.read(); return rounds == 4 })
	w.want(t, "pause", "resume", "pause", "resume", "pause", "resume", "pause", "resume")
	far.drained(l, want.n)
	isEqual(t, "sent", far.in, want)
	otherFar.read()
	isEqual(t, "to the other", otherFar.in, tallyOf([]byte("xxx")))
}

func testResumeOnlyIfDrained(t *testing.T) {
	for _, abort := range []bool{false, true} {
		l, w, tr, far := tapped(t)
		blocked(t, tr)
		must(t, tr.SetWriteBufferLimits(1, 0))
		w.want(t, "pause")
		tr.Close()
		if abort {
			tr.Abort()
		}
		untilSo(t, l, func() bool { far.read(); return w.over })
		if abort {
			w.want(t, "lost")
		} else {
			w.want(t, "resume", "lost")
		}
	}
}
