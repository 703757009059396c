//go:build unix

package dgram

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/poller"
)

// TestMarks: above the high one, and down to the low one.
func TestMarks(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script()
	w.turn(func() { o.sends("held"); o.SetMarks(0, 0) })
	o.wants() // the kernel took it, and what is held does not count
	k.answers = []answer{{err: syscall.EAGAIN}}
	o.SetMarks(overhead+1, 3*overhead)
	low, high := o.Marks()
	equal(t, "low", low, overhead+1)
	equal(t, "high", high, 3*overhead)
	w.turn(func() {
		o.sends("", "", "")
		o.wants() // held
	})
	o.wants() // at the mark
	o.sends("")
	o.wants("pause")
	o.sends("x")
	o.wants()
	k.answers = []answer{{n: 3}, {err: syscall.EAGAIN}}
	o.event(poller.Writable)
	w.turn()
	o.wants() // two are left, and one byte
	equal(t, "left", o.Buffered(), 2*overhead+1)
	k.answers = []answer{{n: 1}, {err: syscall.EAGAIN}}
	o.event(poller.Writable)
	w.turn()
	o.wants("resume")
	o.SetMarks(0, 0)
	o.wants("pause")
	o.SetMarks(100, 200)
	o.wants()
	o.event(poller.Writable)
	w.turn()
	o.wants("resume")
	wantTexts(t, "reports", w.faults)
}

// TestResumePanics: the endpoint goes on, and the rest is sent.
func TestResumePanics(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	k := w.script(answer{err: syscall.EAGAIN})
	o.SetMarks(2*overhead, 2*overhead)
	o.onResume = func() { panic("x") }
	w.turn(func() { o.sends("", "", "") })
	k.answers = []answer{{n: 1}, {err: syscall.EAGAIN}}
	o.event(poller.Writable)
	w.turn()
	o.wants("pause", "resume")
	wantTexts(t, "reports", w.faults, "resume_writing: x")
	o.event(poller.Writable)
	w.turn()
	equal(t, "sent", len(k.taken), 3)
}

// TestMarksAtTheEnd: resume only if it drains.
func TestMarksAtTheEnd(t *testing.T) {
	for _, abort := range []bool{false, true} {
		w := simple(t)
		o, _ := w.pair()
		w.script(answer{err: syscall.EAGAIN})
		o.SetMarks(0, 0)
		o.sends("a")
		o.wants("pause")
		o.Close()
		if abort {
			o.Abort()
		} else {
			o.event(poller.Writable)
		}
		w.turn()
		w.turn()
		if abort {
			o.wants("lost")
		} else {
			o.wants("resume", "lost")
		}
	}
}

// TestPauseEndsAnEvent: nothing resumes behind it.
func TestPauseEndsAnEvent(t *testing.T) {
	w := simple(t)
	o, _ := w.pair()
	o.onPause = func() { o.Abort() }
	w.script(answer{err: syscall.EAGAIN}, answer{n: 1}, answer{err: syscall.EAGAIN})
	w.turn(func() { o.sends("a", "b", "c") })
	o.high = 0
	o.event(poller.Writable)
	w.turn()
	w.turn()
	o.wants("pause", "lost")
}

// TestPauseEnds: a Pause that ends the endpoint does so for whatever call it came out
// of; a panic in it goes no further.
func TestPauseEnds(t *testing.T) {
	for name, call := range map[string]func(*owner){
		"Close": func(o *owner) { o.Close() }, "Buffered": func(o *owner) { equal(o.w.t, "buffered", o.Buffered(), 0) },
		"SetMarks": func(o *owner) { o.SetMarks(0, 0) }, "Send": func(o *owner) { o.sends(string(make([]byte, heldBytes))) },
	} {
		w := simple(t)
		o, _ := w.pair()
		o.SetMarks(0, 1000)
		o.onPause = func() { o.Abort(); panic(name) }
		w.script(answer{err: syscall.EAGAIN})
		w.turn(func() {
			o.sends(string(make([]byte, 900)))
			o.high = 0
			call(o)
			equal(t, "closing", o.IsClosing(), true)
		})
		w.turn()
		w.turn()
		o.wants("pause", "lost")
		wantTexts(t, "reports", w.faults, "pause_writing: "+name)
	}
}
