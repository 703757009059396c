//go:build unix

package engine_test

import (
	"math/rand/v2"
	"testing"

	"github.com/shardloop/shardloop/engine"
)

// faulty is a reader whose callbacks panic by chance.
type faulty struct {
	fillTap
	rnd    *rand.Rand
	panics int
}

func (f *faulty) mayPanic() {
	if f.rnd.IntN(6) == 0 {
		f.panics++
		panic(errBroken)
	}
}

func (f *faulty) ConnectionMade(tr engine.Transport) { f.fillTap.ConnectionMade(tr); f.mayPanic() }
func (f *faulty) DataReceived(p []byte)              { f.answer(p); f.mayPanic() }
func (f *faulty) EOFReceived() bool                  { f.mayPanic(); return f.rnd.IntN(2) == 0 }
func (f *faulty) ConnectionLost(err error)           { f.fillTap.ConnectionLost(err); f.mayPanic() }
func (f *faulty) PauseWriting()                      { f.mayPanic() }
func (f *faulty) ResumeWriting()                     { f.mayPanic() }
func (f *faulty) GetBuffer(int) []byte               { f.mayPanic(); return f.memory }
func (f *faulty) BufferUpdated(n int)                { f.answer(f.memory[:n]); f.mayPanic() }

// answer writes much more than came, whose release may panic too.
func (f *faulty) answer([]byte) {
	_ = f.tr.WriteOwned(pattern(30_000), f.mayPanic) // refused when it is over
	if f.rnd.IntN(10) == 0 {
		f.tr.SetProtocol(&f.wireTap) // which cannot panic, or asks for memory
		f.tr.SetProtocol(f)
	}
}

// plain hides that a faulty has its own memory.
type plain struct{ engine.Protocol }

// TestPanicsUnderLoad has connections whose protocols panic anywhere beside
// others, which lose nothing. Each panic is reported once, and no descriptor is
// left.
func TestPanicsUnderLoad(t *testing.T) {
	rnd := seeded(t)
	l := newLoop(t)
	list := failures(l)
	s := newSource(1)
	good := &wireTap{}
	tr, far := joined(t, l, overTCPPair, good)
	good.onData = func(p []byte) { must(t, wrote(tr.Write(p))) }
	panics := 0
	for range scaled(300, 60) {
		f := &faulty{fillTap: fillTap{memory: make([]byte, 1+rnd.IntN(5000))}, rnd: rnd}
		testPanics(t, l, f, rnd)
		panics += f.panics
		far.sends(l, s.next(rnd.IntN(20_000)))
		far.drained(l, s.n)
	}
	isEqual(t, "echoed beside them", far.in, s.tally)
	isEqual(t, "reports", len(*list), panics)
	for _, c := range *list {
		wantErr(t, c.Message, c.Err, errBroken)
	}
}

// testPanics is the life of one connection.
func testPanics(t *testing.T, l *engine.Loop, f *faulty, rnd *rand.Rand) {
	var p engine.Protocol = f
	if rnd.IntN(2) == 0 {
		p = plain{f}
	}
	tr, far := joined(t, l, []string{overUnixPair, overTCPPair}[rnd.IntN(2)], p)
	view := tr.ExtraInfo("socket").(*engine.TransportSocket)
	for range 1 + rnd.IntN(10) {
		if !f.over {
			_ = writeSome(far, pattern(1+rnd.IntN(20_000))) // as well
		}
		if rnd.IntN(3) == 0 {
			far.read()
		}
		turn(t, l)
	}
	_ = far.s.Shutdown(engine.ShutWR) // which the other side may have ended
	turn(t, l)
	l.CallSoon(tr.Close)
	endOf(l, far, &f.wireTap)
	isEqual(t, "descriptor", view.Fd(), -1)
	if f.err != nil {
		wantErr(t, "lost", f.err, errBroken)
	}
}
