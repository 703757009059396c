//go:build unix

package stream

import (
	"errors"
	"syscall"
	"testing"
)

func TestDataAndEndComeInTurnsOfTheirOwn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		for _, pair := range []func(testing.TB) (int, int){unixPair, tcpPair} {
			o, p := w.connect(pair)
			p.write([]byte("hello"))
			p.shutdown()
			w.until(func() bool { return len(o.journal) > 0 })
			o.says("data(5)")
			w.until(func() bool { return len(o.journal) > 1 })
			o.says("data(5) end")
			w.turn()
			o.says("data(5) end lost")
			equal(t, "error", o.err, nil)
			p.read()
			equal(t, "peer's end", p.ended, true)
		}
	})
}

func TestOneReadATurn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetBuffered(true)
		o.buf = make([]byte, 10)
		for i := 1; i < 20; i++ {
			p.write(pattern(100)) // an edge of its own for each turn
			w.turn()
			if reads := w.sh.Stats().Reads; reads != uint64(i) {
				t.Fatalf("%d reads in %d turns", reads, i)
			}
		}
		w.until(func() bool { return o.in == p.out })
		reads := w.sh.Stats().Reads
		w.turns(5)
		if n := w.sh.Stats().Reads - reads; n > 1 {
			t.Errorf("%d reads when there was nothing to read", n)
		}
		p.shutdown()
		w.until(func() bool { return o.over })
		equal(t, "bytes read", w.sh.Stats().BytesRead, uint64(p.out.n))
	})
}

func TestAShortReadIsNotFollowedByAnother(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.write([]byte("x"))
		w.turns(5)
		o.says("data(1)")
		equal(t, "reads", w.sh.Stats().Reads, 1)
		w.turn(o.Close)
		w.turn()
	})
}

// TestAReadToTheBrimHearsOfTheNext, and asks for no memory in vain.
func TestAReadToTheBrimHearsOfTheNext(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetBuffered(true)
		o.buf = make([]byte, 5)
		for i := range 5 {
			p.write([]byte("12345"))
			w.turns(3)
			equal(t, "received", o.in.n, 5*(i+1))
			equal(t, "asked and told", len(o.journal), 2*(i+1))
		}
		w.end(o)
	})
}

// TestAReadInVainHearsOfTheNext: there was an event, and then nothing.
func TestAReadInVainHearsOfTheNext(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		vain := true
		w.reads(func(_ int, p []byte) ([]byte, error) {
			if vain {
				vain = false
				return nil, syscall.EAGAIN
			}
			return p, nil
		})
		p.write([]byte("x"))
		w.until(func() bool { return !vain })
		p.write([]byte("y"))
		w.until(func() bool { return o.in == p.out })
		w.end(o)
	})
}

func TestResumeWithoutInputReadsNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(o.PauseReading)
		p.write([]byte("x"))
		w.turn()
		w.turn(o.ResumeReading)
		w.turn()
		for range 5 {
			w.turn(o.PauseReading)
			w.turn(o.ResumeReading)
			w.turn()
		}
		o.says("data(1)")
		equal(t, "reads", w.sh.Stats().Reads, 1)
		w.end(o)
	})
}

// TestResumeOfWhatIsNotPaused puts no read off, and what is only written to begins none.
func TestResumeOfWhatIsNotPaused(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.write([]byte("x"))
		w.turn(o.ResumeReading)
		o.says("data(1)")
		w.end(o)
		in, out := w.pipes()
		w.turn(out.ResumeReading)
		equal(t, "reading", out.IsReading(), false)
		w.turn(out.Close)
		w.until(func() bool { return in.over && out.over })
	})
}

func TestOneEndIsToldOnce(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.keepOpen = true
		p.shutdown()
		w.until(func() bool { return o.is("end") })
		p.close()
		w.turns(3)
		o.says("end")
		w.end(o)
	})
}

func TestNoDataWhilePaused(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(o.PauseReading, o.PauseReading)
		equal(t, "reading", o.IsReading(), false)
		p.write([]byte("x"))
		p.shutdown()
		w.turns(3)
		o.says("")
		w.turn(o.ResumeReading, o.ResumeReading)
		equal(t, "reading", o.IsReading(), true)
		o.says("")
		w.turn()
		o.says("data(1)")
		w.until(func() bool { return o.over })
		o.says("data(1) end lost")
	})
}

func TestAnEventOlderThanResumeReadingWaits(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.write([]byte("x"))
		w.turn(o.PauseReading, o.ResumeReading)
		o.says("")
		w.turn()
		o.says("data(1)")
		w.turns(3)
		o.says("data(1)")
		o.onData = func() { o.PauseReading(); o.ResumeReading() }
		p.write([]byte("yy"))
		w.turns(3)
		o.says("data(1) data(2)")
		equal(t, "reads", w.sh.Stats().Reads, 2)
		w.turn(o.Close)
		w.turn()
	})
}

func TestPauseInDataKeepsTheRest(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetBuffered(true)
		o.buf = make([]byte, 3)
		o.onData = o.PauseReading
		p.write([]byte("abcdef"))
		w.turns(4)
		o.says("buffer updated(3)")
		p.shutdown()
		w.turns(4)
		w.turn(o.ResumeReading)
		w.turns(4)
		o.says("buffer updated(3) buffer updated(3)")
		w.turn(o.ResumeReading)
		w.until(func() bool { return o.over })
		o.says("buffer updated(3) buffer updated(3) buffer end lost")
	})
}

func TestPauseInBufferReadsNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetBuffered(true)
		o.buf, o.onBuffer = make([]byte, 3), o.PauseReading
		p.write([]byte("ab"))
		w.turns(3)
		o.says("buffer")
		o.onBuffer = nil
		w.turn(o.ResumeReading)
		w.turns(2)
		o.says("buffer buffer updated(2)")
		o.onBuffer = o.Close
		p.write([]byte("ab"))
		w.until(func() bool { return o.over })
		o.says("buffer buffer updated(2) buffer lost")
	})
}

func TestNoBufferIsFatal(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.SetBuffered(true)
		p.write([]byte("ab"))
		w.until(func() bool { return o.over })
		equal(t, "error", o.err, errNoBuffer)
		equal(t, "faults", len(w.faults), 1)
		equal(t, "fault", w.faults[0], "get_buffer: get_buffer() returned an empty buffer")
	})
}

func TestSwitchToBufferedLosesNothing(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.buf = make([]byte, 7)
		o.onData = func() { o.SetBuffered(o.in.n%2 == 0) }
		p.write(pattern(5000))
		p.write(pattern(501))
		p.shutdown()
		w.until(func() bool { return o.over })
		equal(t, "received", o.in, p.out)
	})
}

func TestSetBufferedBackAndForth(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.buf = make([]byte, 7)
		for i, on := range []bool{false, true, false} {
			o.SetBuffered(on)
			p.write([]byte("x"))
			w.until(func() bool { return o.in.n > i })
		}
		o.says("data(1) buffer updated(1) data(1)")
		w.end(o)
	})
}

func TestDataThenReset(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(tcpPair)
		w.turn(o.PauseReading)
		p.write([]byte("hello"))
		p.reset()
		w.turns(3)
		w.turn(o.ResumeReading)
		w.until(func() bool { return o.over })
		equal(t, "reset", errors.Is(o.err, syscall.ECONNRESET), true)
		for _, s := range o.journal {
			equal(t, "end of a reset", s == "end", false)
		}
	})
}

// TestOnlyUnixSocketsAreAskedForDescriptors, which costs a longer call.
func TestOnlyUnixSocketsAreAskedForDescriptors(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		calls, sys := "", &w.sh.system
		sys.read = func(fd int, p []byte) (int, error) { calls += "read "; return kernel.read(fd, p) }
		sys.receive = func(fd int, p []byte, m *message) (int, bool, error) {
			calls += "receive "
			return kernel.receive(fd, p, m)
		}
		for _, pair := range []func(testing.TB) (int, int){tcpPair, unixPair} {
			o, p := w.connect(pair)
			p.write([]byte("x"))
			w.until(func() bool { return o.in.n > 0 })
			w.turn(o.Abort)
			w.turn()
		}
		equal(t, "calls", calls, "read receive ")
	})
}

func TestEndKeptOpen(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(tcpPair)
		o.keepOpen = true
		p.shutdown()
		w.until(func() bool { return o.is("end") })
		w.turn(o.PauseReading, o.ResumeReading)
		equal(t, "reading", o.IsReading(), true)
		w.turn(func() { o.write(pattern(1 << 20)) })
		for p.in.n < 1<<20 {
			p.read()
			w.turn()
		}
		w.turn(o.Close)
		w.until(func() bool { return o.over })
		equal(t, "sent", p.in, o.out)
		equal(t, "end", o.journal[0], "end")
		equal(t, "lingering", w.sh.Stats().Lingering, 0)
	})
}
