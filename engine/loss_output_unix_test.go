//go:build unix

package engine_test

import (
	"syscall"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// outputSize is more than the kernel takes before a peer reads.
const outputSize = 16 << 20

// writers are the ways to write size bytes of a source at once.
var writers = map[string]func(t *testing.T, tr engine.Transport, s *source, size int){
	"one write": func(t *testing.T, tr engine.Transport, s *source, size int) {
		must(t, wrote(tr.Write(s.next(size))))
	},
	"many writes": func(t *testing.T, tr engine.Transport, s *source, size int) {
		for left := size; left > 0; left -= 1 << 12 {
			must(t, wrote(tr.Write(s.next(1<<12))))
		}
	},
	"writev": func(t *testing.T, tr engine.Transport, s *source, size int) {
		n, err := tr.Writev([][]byte{s.next(size / 4), s.next(size / 4), s.next(size / 4), s.next(size / 4)})
		must(t, err)
		isEqual(t, "taken by Writev", n, size)
	},
	"owned": func(t *testing.T, tr engine.Transport, s *source, size int) {
		released := 0
		t.Cleanup(func() { isEqual(t, "released", released, 4) })
		for range 4 {
			must(t, tr.WriteOwned(s.next(size/4), func() { released++ }))
		}
	},
	"posted": func(t *testing.T, tr engine.Transport, s *source, size int) {
		must(t, tr.Post(s.next(size))) // what is too large alone is let through
	},
}

// TestOutputOutlivesClose writes much, at several moments, and closes at once,
// while nobody reads; then the peer reads everything.
func TestOutputOutlivesClose(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for name, write := range writers {
			t.Run(name, func(t *testing.T) {
				for _, moment := range []string{"made", "data", "later"} {
					t.Run(moment, func(t *testing.T) { testOutputOutlivesClose(t, kind, moment, write) })
				}
			})
		}
	})
}

func testOutputOutlivesClose(t *testing.T, kind, moment string, write func(*testing.T, engine.Transport, *source, int)) {
	l, w, s := newLoop(t), &wireTap{}, newSource(7)
	size := scaled(outputSize, outputSize/4)
	act := func() { write(t, w.tr, s, size); w.tr.Close() }
	if moment == "made" {
		w.onMade = act
	}
	_, far := joined(t, l, kind, w)
	switch moment {
	case "data":
		w.onData = func([]byte) { act() }
		far.send("now")
	case "later":
		inTurn(t, l, act)
	}
	untilSo(t, l, func() bool { return s.n == size })
	idleTurns(t, l) // it is stuck now
	endOf(l, far, w)
	isEqual(t, "received", far.in, s.tally)
	isEqual(t, "end", far.err, nil)
	isEqual(t, "told", w.err, nil)
}

// TestOutputOutlivesWriteEOF is the same for the end of writing alone.
func TestOutputOutlivesWriteEOF(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for name, write := range writers {
			l, w, s := newLoop(t), &wireTap{}, newSource(8)
			size := scaled(outputSize, outputSize/4)
			w.onMade = func() { write(t, w.tr, s, size); must(t, w.tr.WriteEOF()) }
			tr, far := joined(t, l, kind, w)
			idleTurns(t, l)
			untilSo(t, l, func() bool { far.read(); return far.ended })
			isEqual(t, name+": received", far.in, s.tally)
			isEqual(t, name+": closing", tr.IsClosing(), false)
			far.send("answer")
			untilSo(t, l, func() bool { return w.got.n > 0 })
			isEqual(t, name+": answer", w.got, tallyOf([]byte("answer")))
		}
	})
}

// TestPartialWrites has the kernel take a bit more each time, so that what it
// takes ends everywhere in the pieces of what was written, and at their edges.
func TestPartialWrites(t *testing.T) {
	l, w, s := newLoop(t), &wireTap{}, newSource(9)
	tr, far := joined(t, l, overUnixPair, w)
	view := tr.ExtraInfo("socket").(*engine.TransportSocket)
	released := 0
	for i := range 400 {
		must(t, view.SetOption(syscall.SOL_SOCKET, syscall.SO_SNDBUF, 2400+i))
		inTurn(t, l, func() {
			must(t, wrote(tr.Write(s.next(i))))
			must(t, wrote(tr.Writev([][]byte{s.next(97), nil, s.next(1), s.next(1000 - i), s.next(3)})))
			must(t, tr.WriteOwned(s.next(512), func() { released++ }))
			must(t, tr.Post(s.next(2000+i)))
		})
		if i%3 == 0 {
			readSome(far)
		}
		if i%7 == 0 {
			far.drained(l, s.n)
			isEqual(t, "left", tr.WriteBufferSize(), 0)
		}
	}
	tr.Close()
	endOf(l, far, w)
	isEqual(t, "received", far.in, s.tally)
	isEqual(t, "released", released, 400)
}
