//go:build unix

package stream

import (
	"errors"
	"testing"
)

// quiet wants no callback to be under way: the next panic is nobody's.
func (w *world) quiet(behind string) {
	w.t.Helper()
	equal(w.t, "a stream's after "+behind, w.sh.Panicked(errors.New("of others")), false)
}

// TestACallbackIsOverWhenItReturns, whichever it is.
func TestACallbackIsOverWhenItReturns(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.keepOpen, o.buf = true, make([]byte, 10)
		o.Made(func() {})
		w.quiet("connection_made")
		for _, step := range []struct {
			journal string
			does    func()
		}{
			{"data(1)", func() { p.write([]byte("x")) }},
			{"buffer", func() { o.SetBuffered(true); o.onBuffer = o.PauseReading; p.write([]byte("x")) }},
			{"updated(1)", func() { o.onBuffer = nil; o.ResumeReading() }},
			{"end", p.shutdown},
			{"lost", o.Close},
		} {
			step.does()
			w.until(func() bool { return len(o.journal) > 0 && o.journal[len(o.journal)-1] == step.journal })
			w.quiet(step.journal)
		}
		in, out := w.pipes()
		out.Close()
		w.until(func() bool { return len(in.journal) > 0 })
		w.quiet("the end of a pipe")
		w.until(func() bool { return in.over && out.over })
	})
}
