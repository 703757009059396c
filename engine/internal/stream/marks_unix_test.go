//go:build unix

package stream

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
)

// fill writes until the kernel refuses, and leaves the marks as they are.
func (o *owner) fill() {
	low, high := o.Marks()
	for o.SetMarks(0, 1<<30); o.Buffered() == 0; {
		o.write(pattern(8 << 10))
	}
	o.SetMarks(low, high)
}

func TestMarksAlternateAtTheirSizes(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		low, high := o.Marks()
		equal(t, "low", low, DefaultLow)
		equal(t, "high", high, DefaultHigh)
		o.onPause = func() {
			if n := o.Buffered(); n <= high {
				t.Errorf("paused at %d", n)
			}
		}
		o.onResume = func() {
			if n := o.Buffered(); n > low {
				t.Errorf("resumed at %d", n)
			}
		}
		w.turn(o.fill)
		w.turn(func() { o.write(pattern(high - o.Buffered())) })
		o.says("")
		w.turn(func() { o.write([]byte("x")) })
		o.says("pause")
		w.turn(func() { o.write(pattern(high)) })
		for p.in.n < o.out.n {
			p.readOnce(scratch[:512])
			w.turn()
		}
		o.says("pause resume")
		equal(t, "sent", p.in, o.out)
		w.end(o)
	})
}

// TestPauseComesOutOfTheWrite: whatever the high mark, the write that passes it
// pauses before it returns, as if nothing was held; and what is held never passes it.
func TestPauseComesOutOfTheWrite(t *testing.T) {
	for _, high := range []int{0, 1, 10, heldLimit, heldLimit + 1} {
		onPollers(t, func(t *testing.T, w *world) {
			o, _ := w.connect(unixPair)
			k := w.script()
			w.turn(func() {
				o.SetMarks(0, high)
				k.answers = []answer{{err: syscall.EAGAIN}}
				for range min(high, 20) {
					o.write([]byte("x"))
				}
				o.write(pattern(high - min(high, 20)))
				o.says("")
				o.write([]byte("x"))
				equal(t, "calls", k.calls, 1)
				o.says("pause")
			})
			w.turn(o.Abort)
			w.until(func() bool { return o.over })
		})
	}
}

func TestSetMarks(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(func() { o.write(pattern(100)); o.SetMarks(0, 0); o.write(pattern(100)) })
		o.says("") // the kernel took it, and what is held does not count
		w.turn(func() { o.SetMarks(math.MaxInt-1, math.MaxInt) }, o.fill, func() { o.write(pattern(100 << 10)) })
		o.says("")
		size := o.Buffered()
		w.turn(func() { o.SetMarks(0, size) })
		o.says("")
		w.turn(func() { o.SetMarks(0, size-1) })
		o.says("pause")
		w.turn(func() { o.SetMarks(math.MaxInt-1, math.MaxInt) })
		o.says("pause")
		low, high := o.Marks()
		equal(t, "low", low, math.MaxInt-1)
		equal(t, "high", high, math.MaxInt)
		p.read()
		w.until(func() bool { return o.is("pause resume") })
		for p.in.n < o.out.n {
			p.read()
			w.turn()
		}
		w.end(o)
	})
}

// TestMarksOfZero pauses whenever anything waits.
func TestMarksOfZero(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(o.fill, func() { o.SetMarks(0, 0) })
		o.says("pause")
		for p.in.n < o.out.n {
			equal(t, "resumed", len(o.journal), 1)
			p.readOnce(scratch[:1000])
			w.turn()
			equal(t, "resumed", o.is("pause resume"), o.Buffered() == 0)
			if o.Buffered() == 0 {
				break
			}
		}
		w.end(o)
	})
}

// TestCallsFromPauseAndResume does to the stream what an owner may, in the middle
// of a send.
func TestCallsFromPauseAndResume(t *testing.T) {
	calls := map[string]func(o *owner){
		"write": func(o *owner) { o.write(pattern(100 << 10)) },
		"close": func(o *owner) { o.Close() },
		"eof":   func(o *owner) { o.WriteEOF() },
		"panic": func(o *owner) { panic("oops") },
		"marks": func(o *owner) { o.SetMarks(0, 1<<20) },
		"size":  func(o *owner) { o.Buffered() },
	}
	for name, call := range calls {
		for _, inPause := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				onPollers(t, func(t *testing.T, w *world) {
					w.callFrom(inPause, call)
					want := map[string]string{"panictrue": "pause_writing: oops", "panicfalse": "resume_writing: oops"}
					equal(t, "faults", strings.Join(w.faults, " "), want[fmt.Sprint(name, inPause)])
				})
			})
		}
	}
}

func (w *world) callFrom(inPause bool, call func(*owner)) {
	o, p := w.connect(smallPair)
	once := func() {
		o.onPause, o.onResume = nil, nil
		call(o)
	}
	if inPause {
		o.onPause = once
	} else {
		o.onResume = once
	}
	w.turn(func() { o.write(pattern(200 << 10)) })
	for p.in.n < o.out.n {
		p.read()
		w.turn()
	}
	w.end(o)
	p.read()
	equal(w.t, "sent", p.in, o.out)
	equal(w.t, "error", o.err, nil)
	equal(w.t, "end", p.ended, true)
	for i := 2; i < len(o.journal)-1; i++ {
		equal(w.t, "alternating", o.journal[i], o.journal[i-2])
	}
}

func TestAbortFromPauseAndResume(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		o.onPause = o.Abort
		w.turn(func() { o.write(pattern(200 << 10)) })
		w.turn()
		o.says("pause lost")
		p.read()
		equal(t, "end", p.ended, true)

		o, p = w.connect(smallPair)
		o.onResume = o.Abort
		w.turn(func() { o.write(pattern(200 << 10)) })
		for !o.over {
			p.read()
			w.turn()
		}
		o.says("pause resume lost")
	})
}
