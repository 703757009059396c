//go:build unix

package engine_test

import (
	"net"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// inputSize is several times what one turn reads.
const inputSize = 1 << 20

// sends has the far end write all of p, while the loop turns.
func (f *wireEnd) sends(l *engine.Loop, p []byte) {
	f.t.Helper()
	untilSo(f.t, l, func() bool { p = p[f.write(p):]; return len(p) == 0 })
}

// readers are protocols that take their input in one of the ways that there are,
// and what they have seen.
func readers() map[string]engine.Protocol {
	fill := &fillTap{memory: make([]byte, 3001)}
	slow := &wireTap{}
	slow.onData = func([]byte) {
		slow.tr.PauseReading()
		slow.tr.Loop().CallSoon(slow.tr.ResumeReading)
	}
	return map[string]engine.Protocol{"data": &wireTap{}, "buffer": fill, "pausing": slow}
}

// tapOf is the part of a reader that keeps the journal.
func tapOf(p engine.Protocol) *wireTap {
	if f, ok := p.(*fillTap); ok {
		return &f.wireTap
	}
	return p.(*wireTap)
}

// TestInputOutlivesThePeer: a peer sends much and closes at once.
func TestInputOutlivesThePeer(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for name, p := range readers() {
			l, w, s := newLoop(t), tapOf(p), newSource(1)
			_, far := joined(t, l, kind, p)
			far.sends(l, s.next(inputSize))
			far.close()
			untilSo(t, l, func() bool { return w.over })
			isEqual(t, kind+" "+name+": received", w.got, s.tally)
			isEqual(t, kind+" "+name+": told", w.err, nil)
			isEqual(t, kind+" "+name+": the end came last but one", w.lines[len(w.lines)-2], "eof")
		}
	})
}

// TestInputBeforeTheProtocol: all of it is there, with the end, before the
// transport is made.
func TestInputBeforeTheProtocol(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for name, p := range readers() {
			l, w, s := newLoop(t), tapOf(p), newSource(2)
			a, b := pairOf(t, kind)
			far := farEnd(t, b)
			n := 4000 // which every socket takes
			isEqual(t, "sent", far.write(s.next(n)), n)
			far.close()
			transportOn(t, l, p, a)
			untilSo(t, l, func() bool { return w.over })
			isEqual(t, kind+" "+name+": received", w.got, s.tally)
		}
	})
}

// TestHalfClose: a request, the end, and then the answer, which is large.
func TestHalfClose(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for _, late := range []bool{false, true} {
			l, w, s := newLoop(t), &wireTap{}, newSource(3)
			answer := func() { must(t, wrote(w.tr.Write(s.next(outputSize/4)))); w.tr.Close() }
			w.onEnd = func() bool {
				if late {
					l.CallSoon(func() { l.CallSoon(answer) })
				} else {
					answer()
				}
				return true
			}
			_, far := joined(t, l, kind, w)
			far.send("request")
			must(t, far.s.Shutdown(engine.ShutWR))
			idleTurns(t, l)
			endOf(l, far, w)
			isEqual(t, "request", w.got, tallyOf([]byte("request")))
			isEqual(t, "answer", far.in, s.tally)
			isEqual(t, "end", far.err, nil)
		}
	})
}

// TestCloseOverUnreadInput: input that nobody reads destroys no output that is on
// its way, neither that which was there nor that which comes after.
func TestCloseOverUnreadInput(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for _, after := range []bool{false, true} {
			l, w, s := newLoop(t), &wireTap{}, newSource(4)
			tr, far := joined(t, l, kind, w)
			tr.PauseReading()
			if !after {
				far.send("unread")
			}
			inTurn(t, l, func() { must(t, wrote(tr.Write(s.next(2<<20)))); tr.Close() })
			if after {
				far.send("unread")
			}
			for far.in.n < s.n && !far.ended && far.err == nil { // in small bites
				readSome(far)
				turn(t, l)
			}
			endOf(l, far, w)
			isEqual(t, kind+": received", far.in, s.tally)
			isEqual(t, kind+": end", far.err, nil)
		}
	})
}

// TestWritesToAPeerThatIsGone: each answer goes to somebody who has closed. The
// connection ends once, with an error of the system or none, and no write is
// accepted after that.
func TestWritesToAPeerThatIsGone(t *testing.T) {
	onPairs(t, func(t *testing.T, kind string) {
		for _, size := range []int{1, 100_000} {
			l, w, s := newLoop(t), &wireTap{}, newSource(5)
			released, owned := 0, 0
			w.onData = func([]byte) {
				if w.tr.WriteOwned(pattern(size), func() { released++ }) == nil {
					owned++
				}
			}
			tr, far := joined(t, l, kind, w)
			far.sends(l, s.next(100))
			far.write(s.next(10_000))
			far.close()
			untilSo(t, l, func() bool { return w.over })
			if _, ok := w.err.(*net.OpError); w.err != nil && !ok {
				t.Errorf("%s: lost with %v", kind, w.err)
			}
			isEqual(t, "released", released, owned)
			wantErr(t, "Write", wrote(tr.Write([]byte("x"))), engine.ErrTransportClosing)
		}
	})
}
