//go:build unix

package stream

import (
	"errors"
	"syscall"
	"testing"
)

func TestCloseDrains(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(func() {
			o.write(pattern(1 << 20))
			o.Close()
			o.Close()
		})
		equal(t, "closing", o.IsClosing(), true)
		equal(t, "reading", o.IsReading(), false)
		p.write([]byte("not heard"))
		calls := w.sh.Stats().Writes
		w.turn(func() { o.Buffered() })
		equal(t, "calls of a stream that waits", w.sh.Stats().Writes, calls)
		for !o.over {
			p.read()
			w.turn()
			equal(t, "lost with the last byte", o.over, o.Stream.out.Len() == 0)
		}
		p.read()
		o.says("pause resume lost")
		equal(t, "sent", p.in, o.out)
		equal(t, "descriptor", o.Fd(), -1)
		for w.sh.Stats().Lingering > 0 {
			p.close()
			w.turn()
		}
	})
}

func TestLostComesInATurnOfItsOwn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, end := range []func(*owner){(*owner).Close, (*owner).Abort} {
			o, p := w.connect(unixPair)
			o.onLost = func() {
				_, err := o.Write([]byte("x"))
				equal(t, "Write in Lost", err, ErrClosing)
				o.Close()
				o.Abort()
			}
			w.turn(func() { o.write([]byte("held")); end(o) })
			o.says("")
			w.turn()
			o.says("lost")
			p.read()
			equal(t, "sent", p.in, o.out)
			w.turn(o.Close, o.Abort, o.WriteEOF, o.PauseReading, o.ResumeReading, func() { o.SetMarks(0, 0) })
			w.turn()
			o.says("lost")
			must(t, o.Start())
			equal(t, "buffered", o.Buffered(), 0)
		}
	})
}

func TestAbortDropsWhatIsRefused(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, before := range []func(*owner){func(*owner) {}, (*owner).Close, (*owner).WriteEOF} {
			o, p := w.connect(smallPair)
			w.turn(func() {
				o.write(pattern(1 << 20))
				before(o)
				o.Abort()
				equal(t, "buffered", o.Buffered(), 0)
			})
			w.turn()
			o.says("pause lost")
			p.read()
			equal(t, "peer's end", p.ended, true)
		}
	})
}

// TestAnEventOfAStreamThatWasEndedInItsTurn is dropped, whoever ended it.
func TestAnEventOfAStreamThatWasEndedInItsTurn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, end := range []func(*owner){(*owner).Close, (*owner).Abort} {
			a, p := w.connect(unixPair)
			b, q := w.connect(unixPair)
			a.onData, b.onData = func() { end(b) }, func() { end(a) }
			p.write([]byte("x"))
			q.write([]byte("x"))
			w.turn()
			equal(t, "data", a.in.n+b.in.n, 1)
			p.close()
			q.close()
			w.turn(a.Close, b.Close)
			w.until(func() bool { return a.over && b.over })
			w.gone()
			equal(t, "data", a.in.n+b.in.n, 1)
		}
	})
}

// TestAStalledPeerThatDies ends a close that waits.
func TestAStalledPeerThatDies(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(tcpPair)
		w.turn(func() { o.write(pattern(32 << 20)); o.Close() })
		w.turns(3)
		o.says("pause")
		p.reset()
		w.until(func() bool { return o.over })
		equal(t, "reset", errors.Is(o.err, syscall.ECONNRESET), true)
	})
}

// fresh is an owner that is not started.
func (w *world) fresh(pair func(testing.TB) (int, int)) (*owner, *peer) {
	a, b := pair(w.t)
	return w.own(a, true), newPeer(w.t, b)
}

func TestFreshStreams(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, end := range []func(*owner){(*owner).Close, (*owner).Abort} {
			o, p := w.fresh(unixPair)
			w.turn(func() { o.write([]byte("hello")); end(o); must(t, o.Start()) })
			w.turn()
			o.says("lost")
			p.read()
			equal(t, "sent", p.in, o.out)
		}
		o, p := w.fresh(smallPair)
		w.turn(func() { o.write(pattern(1 << 20)); o.PauseReading() })
		p.write([]byte("early"))
		w.turn(func() { must(t, o.Start()); must(t, o.Start()) })
		for p.in.n < o.out.n {
			p.read()
			w.turn()
		}
		o.says("pause resume")
		w.turn(o.ResumeReading)
		w.turn()
		equal(t, "received", o.in, p.out)
		w.end(o)
	})
}

func TestAFreshStreamThatClosesBlocked(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.fresh(smallPair)
		w.turn(func() { o.write(pattern(1 << 20)); o.Close() })
		w.turn(func() { must(t, o.Start()) })
		for !o.over {
			p.read()
			w.turn()
		}
		p.read()
		equal(t, "sent", p.in, o.out)
		equal(t, "end", p.ended, true)
	})
}

func TestStartFails(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.fresh(unixPair)
		sysClose(o.Fd())
		w.turn(func() {
			if o.Start() == nil {
				t.Error("a closed descriptor was registered")
			}
		})
		w.turn()
		equal(t, "told", o.err != nil, true)
		p.close()
	})
}

// TestEndsFromCallbacks closes and aborts in each callback that brings input.
func TestEndsFromCallbacks(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, end := range []func(*owner){(*owner).Close, (*owner).Abort} {
			for _, where := range []func(*owner) *func(){
				func(o *owner) *func() { return &o.onData },
				func(o *owner) *func() { return &o.onEnd },
			} {
				o, p := w.connect(unixPair)
				*where(o) = func() { o.write([]byte("last words")); end(o) }
				p.write([]byte("x"))
				p.shutdown()
				w.until(func() bool { return o.over })
				p.read()
				equal(t, "sent", p.in, o.out)
				equal(t, "error", o.err, nil)
			}
		}
	})
}

func TestPanics(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		cases := map[string]func(*owner){
			"data_received":   func(o *owner) { o.onData = bad(o) },
			"buffer_updated":  func(o *owner) { o.onData = bad(o); o.SetBuffered(true) },
			"get_buffer":      func(o *owner) { o.onBuffer = bad(o); o.SetBuffered(true) },
			"eof_received":    func(o *owner) { o.onEnd = bad(o) },
			"connection_lost": func(o *owner) { o.onLost = func() { o.over = true; panic("bad") } },
		}
		for name, set := range cases {
			w.faults = nil
			o, p := w.connect(unixPair)
			o.buf = make([]byte, 10)
			set(o)
			p.write([]byte("x"))
			p.shutdown()
			w.until(func() bool { return o.over && o.Fd() < 0 })
			equal(t, name, len(w.faults), 1)
			equal(t, name, w.faults[0], name+": bad")
			equal(t, name+": the next panic is its too", w.sh.Panicked(errors.New("of others")), false)
			equal(t, name+" told", o.err != nil, name != "connection_lost")
			p.read()
			equal(t, name+": sent", p.in, o.out)
		}
	})
}

// bad writes, and panics.
func bad(o *owner) func() {
	return func() {
		o.write([]byte("accepted"))
		panic("bad")
	}
}

func TestAPanicWhileItIsMade(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.fresh(unixPair)
		w.turn(func() { o.Made(func() { panic("bad") }) }, func() { must(t, o.Start()) })
		equal(t, "fault", w.faults[0], "connection_made: bad")
		p.write([]byte("x"))
		w.until(func() bool { return o.is("data(1)") })
		w.end(o)
	})
}

func TestAPanicLeavesOthersAlone(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		a, p := w.connect(unixPair)
		b, q := w.connect(unixPair)
		a.onData, b.onData = func() { panic("a") }, func() { b.write([]byte("fine")) }
		p.write([]byte("x"))
		q.write([]byte("x"))
		w.turn()
		q.read()
		equal(t, "sent", q.in, b.out)
		w.until(func() bool { return a.over })
		w.end(b)
	})
}

func TestPipes(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		r, wr := pipe(t)
		in, out := w.own(r, false), w.own(wr, false)
		w.turn(func() { must(t, in.Start()); must(t, out.Start()) })
		w.turn(func() { out.write(pattern(1 << 20)); out.WriteEOF() })
		equal(t, "closing", out.IsClosing(), true)
		w.until(func() bool { return in.over && out.over })
		equal(t, "received", in.in, out.out)
		equal(t, "errors", in.err == nil && out.err == nil, true)
	})
}

func TestAPipeThatNobodyReads(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, size := range []int{0, 1 << 20, 1<<20 + 1} {
			r, wr := pipe(t)
			o := w.own(wr, false)
			w.turn(func() { must(t, o.Start()) })
			w.turn(func() { o.write(pattern(size)) })
			if size > 1<<20 {
				w.turn(o.Close)
			}
			sysClose(r)
			w.until(func() bool { return o.over })
			equal(t, "broken", errors.Is(o.err, syscall.EPIPE), size > 0)
		}
	})
}
