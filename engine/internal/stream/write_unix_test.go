//go:build unix

package stream

import (
	"errors"
	"syscall"
	"testing"
)

// sends is how many system calls f makes, which is the only callback of a turn.
func (w *world) sends(f func()) uint64 {
	before := w.sh.Stats().Writes
	w.turn(f)
	return w.sh.Stats().Writes - before
}

func TestWritesOfATurnLeaveTogether(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		piece := pattern(heldLimit / 8)
		equal(t, "calls", w.sends(func() {
			for range 8 {
				o.write(piece)
				equal(t, "waits for the end of the turn", o.Stream.is(listed), true)
			}
		}), 1)
		equal(t, "calls of a look at the size", w.sends(func() {
			o.write(piece)
			equal(t, "buffered", o.Buffered(), 0)
		}), 1)
		p.read()
		base := p.in.n
		equal(t, "calls above the limit", w.sends(func() {
			o.write(pattern(heldLimit))
			p.read()
			equal(t, "sent so far", p.in.n-base, 0)
			o.write([]byte("x"))
			p.read()
			equal(t, "sent so far", p.in.n-base, heldLimit+1)
			equal(t, "buffered", o.Buffered(), 0)
		}), 1)
		p.read()
		equal(t, "sent", p.in, o.out)
		w.end(o)
	})
}

// end closes and waits for Lost.
func (w *world) end(o *owner) {
	w.t.Helper()
	w.turn(o.Close)
	w.until(func() bool { return o.over })
}

func TestWritesOfADataCallbackLeaveWithIt(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		other, q := w.connect(unixPair)
		o.onData = func() {
			for range 10 {
				o.write([]byte("ab"))
				other.write([]byte("cd"))
			}
			equal(t, "waits for the end of the turn", o.Stream.is(listed), false)
		}
		p.write([]byte("x"))
		q.write([]byte("y")) // its event comes behind
		other.onData = func() {
			p.read()
			equal(t, "sent with the callback", p.in.n, 20)
			q.read()
			equal(t, "sent before the end of the turn", q.in.n, 0)
		}
		before := w.sh.Stats().Writes
		w.turn()
		equal(t, "calls", w.sh.Stats().Writes-before, 2)
		q.read()
		equal(t, "sent to the other", q.in, other.out)
		equal(t, "calls", w.sends(func() { o.write([]byte("later")) }), 1)
		w.end(o)
		w.end(other)
	})
}

func TestNothingIsHeldOutsideOfATurn(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		o.write([]byte("ab"))
		p.read()
		equal(t, "sent", p.in.n, 2)
		o.write([]byte("cd"))
		p.read()
		equal(t, "sent", p.in.n, 4)
		equal(t, "calls", w.sh.Stats().Writes, 2)
		w.end(o)
	})
}

func TestALargeWriteGoesBehindWhatIsHeld(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(func() { o.write([]byte("held")); o.write(pattern(heldLimit + 1)) })
		p.read()
		equal(t, "sent", p.in, o.out)
		w.end(o)
	})
}

func TestWritev(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		pieces := [][]byte{[]byte("ab"), nil, []byte("cde"), {}}
		equal(t, "calls", w.sends(func() {
			n, err := o.Writev(pieces)
			must(t, err)
			equal(t, "taken", n, 5)
			n, err = o.Writev(nil)
			must(t, err)
			equal(t, "taken", n, 0)
		}), 1)
		p.read()
		equal(t, "sent", p.in, sumOf([]byte("abcde")))
		w.end(o)
	})
}

func TestWriteCopies(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		b := []byte("before")
		w.turn(func() {
			o.write(b)
			copy(b, "after.")
		})
		p.read()
		equal(t, "sent", p.in, sumOf([]byte("before")))
		w.end(o)
	})
}

// TestLargeWriteIsCopiedWhenRefused: a copy is made of what the kernel did not
// take, and of nothing else.
func TestLargeWriteIsCopiedWhenRefused(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		for _, size := range []int{heldLimit + 1, 4 << 20} {
			b := pattern(size)
			w.sh.system.write = func(fd int, p []byte) (int, error) {
				equal(t, "copied first", &p[0] == &b[0], o.Stream.out.Len() == 0)
				return kernel.write(fd, p)
			}
			w.turn(func() {
				o.write(b)
				left := o.Stream.out.Len()
				equal(t, "refused", left > 0, size > 1<<20)
				equal(t, "copied", w.sh.Buffered() > 0, left > 0)
			})
			clear(b)
			for p.in.n < o.out.n {
				p.read()
				w.turn()
			}
			equal(t, "sent", p.in, o.out)
		}
		w.end(o)
	})
}

// TestManyPieces sends more pieces than one call takes through a socket that
// takes a part of one.
func TestManyPieces(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		released := 0
		w.turn(func() {
			for i := range 3 * maxPieces {
				b := pattern(1 + i%777)
				must(t, o.WriteOwned(b, func() { released++ }))
				o.out.add(b)
			}
		})
		for p.in.n < o.out.n {
			p.readOnce(scratch[:1000])
			w.turn()
			equal(t, "buffered and released alike", o.Stream.out.Len() == 0, released == 3*maxPieces)
		}
		equal(t, "sent", p.in, o.out)
		w.end(o)
	})
}

func TestTenThousandWrites(t *testing.T) {
	const writes, size = 10000, 100 << 10
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(tcpPair)
		b, left := pattern(size), writes
		more := func() {
			for ; left > 0 && o.Stream.flags&full == 0; left-- {
				o.write(b)
			}
		}
		o.onResume = more
		w.turn(more)
		for left > 0 || p.in.n < o.out.n {
			p.read()
			w.turn()
			if n := o.Buffered(); n > DefaultHigh+size {
				t.Fatalf("%d bytes are buffered", n)
			}
		}
		equal(t, "sent", p.in, o.out)
		w.end(o)
	})
}

func TestWriteOwnedIsReleasedOnce(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		var released [4]int
		release := func(i int) func() { return func() { released[i]++ } }
		w.turn(func() {
			must(t, o.WriteOwned([]byte("now"), release(0)))
			must(t, o.WriteOwned(nil, release(1)))
			equal(t, "held", released, [4]int{})
			must(t, o.WriteOwned(pattern(1<<20), release(2)))
			must(t, o.WriteOwned([]byte("never"), release(3)))
			equal(t, "refused", released, [4]int{1, 1, 0, 0})
		})
		p.read()
		w.turn(o.Abort)
		equal(t, "all", released, [4]int{1, 1, 1, 1})
		equal(t, "refused", o.WriteOwned([]byte("x"), release(0)), ErrClosing)
		w.turn()
		equal(t, "all", released, [4]int{1, 1, 1, 1})
	})
}

func TestReleasesMayUseTheStreamAndPanic(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		w.turn(func() {
			must(t, o.WriteOwned([]byte("a"), func() { panic("first") }))
			must(t, o.WriteOwned([]byte("b"), func() { o.write([]byte("c")) }))
			must(t, o.WriteOwned(pattern(heldLimit), func() { o.write(pattern(heldLimit + 1)) }))
		})
		w.turn(func() { must(t, o.WriteOwned(nil, func() { panic("second") })) })
		p.read()
		equal(t, "sent", p.in.n, 3+2*heldLimit+1)
		equal(t, "faults", len(w.faults), 2)
		equal(t, "fault", w.faults[0], "release: first")
		w.turn(func() { must(t, o.WriteOwned([]byte("d"), o.Abort)) })
		w.turn()
		equal(t, "lost", o.over, true)
		p.read()
		equal(t, "sent", p.in.n, 4+2*heldLimit+1)
	})
}

func TestRefusedWrites(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		refused := func(p []byte, want error) {
			n, err := o.Write(p)
			equal(t, "taken", n, 0)
			equal(t, "Write", err, want)
			_, err = o.Writev([][]byte{p, nil})
			equal(t, "Writev", err, want)
		}
		refused(nil, nil)
		equal(t, "calls that send nothing", w.sh.Stats().Writes, 0)
		w.turn(o.WriteEOF)
		refused(nil, ErrAfterEOF)
		refused([]byte("x"), ErrAfterEOF)
		equal(t, "WriteOwned", o.WriteOwned([]byte("x"), nil), ErrAfterEOF)
		w.end(o)
		refused([]byte("x"), ErrAfterEOF)

		o, _ = w.connect(unixPair)
		w.turn(o.Close, o.WriteEOF, func() { refused([]byte("x"), ErrClosing); refused(nil, nil) })
		w.turn()
		refused([]byte("x"), ErrClosing)
	})
}

// TestTheMemoryOfAWriteIsLetGo when the kernel has it.
func TestTheMemoryOfAWriteIsLetGo(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, _ := w.connect(unixPair)
		w.turn(func() {
			for range 3 {
				must(t, o.WriteOwned([]byte("x"), nil))
			}
		})
		for _, piece := range w.sh.pieces[:cap(w.sh.pieces)] {
			equal(t, "kept", piece == nil, true)
		}
		w.end(o)
	})
}

func TestWriteError(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(unixPair)
		p.close()
		w.turn(func() { o.write([]byte("x")) })
		w.turn()
		equal(t, "broken", errors.Is(o.err, syscall.EPIPE), true)
		equal(t, "buffered", o.Buffered(), 0)
		equal(t, "closing", o.IsClosing(), true)
	})
}

func TestWriteEOFLeavesReading(t *testing.T) {
	onPollers(t, func(t *testing.T, w *world) {
		o, p := w.connect(smallPair)
		w.turn(func() {
			o.write(pattern(1 << 20))
			o.WriteEOF()
			o.WriteEOF()
		})
		p.write([]byte("still heard"))
		for !p.ended {
			p.read()
			w.turn()
		}
		equal(t, "sent", p.in, o.out)
		equal(t, "received", o.in, p.out)
		equal(t, "closing", o.IsClosing(), false)
		p.shutdown()
		w.until(func() bool { return o.over })
		equal(t, "error", o.err, nil)
	})
}
