//go:build unix

package stream

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("stream.seed", 0, "seed of the random tests; 0 takes the time")

// TestModel does anything at any time at both ends of two streams that are
// connected to each other, and compares what one has written to what the other
// has read.
func TestModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	onPollers(t, func(t *testing.T, w *world) {
		for range 60 {
			pair := []func(testing.TB) (int, int){unixPair, smallPair, tcpPair}[rnd.IntN(3)]
			newModel(w, rnd, pair).play()
		}
	})
}

// model is two owners whose bytes go to each other.
type model struct {
	w    *world
	rnd  *rand.Rand
	ends [2]*owner

	owned, released int
}

func newModel(w *world, rnd *rand.Rand, pair func(testing.TB) (int, int)) *model {
	m := &model{w: w, rnd: rnd}
	a, b := pair(w.t)
	for i, fd := range []int{a, b} {
		o := w.own(fd, true)
		o.keepOpen = rnd.IntN(2) == 0
		o.onData = func() { m.maybe(o, 4) }
		o.onEnd = func() { m.maybe(o, 2) }
		o.onPause = func() { m.maybe(o, 2) }
		o.onResume = func() { m.maybe(o, 2) }
		o.buf = make([]byte, 1+rnd.IntN(100<<10))
		o.SetBuffered(rnd.IntN(2) == 0)
		m.ends[i] = o
	}
	return m
}

// maybe does something, one time in n.
func (m *model) maybe(o *owner, n int) {
	if m.rnd.IntN(n) == 0 {
		m.step(o)
	}
}

func (m *model) play() {
	for range 5 + m.rnd.IntN(100) {
		m.w.turn(func() { m.step(m.ends[m.rnd.IntN(2)]) })
		if m.rnd.IntN(10) == 0 {
			m.step(m.ends[m.rnd.IntN(2)]) // outside of a turn
		}
	}
	for _, o := range m.ends {
		m.w.turn(func() { must(m.w.t, o.Start()) }, o.WriteEOF)
	}
	for !m.ended(0) || !m.ended(1) {
		m.w.turn(m.ends[0].ResumeReading, m.ends[1].ResumeReading, m.unlock)
	}
	m.w.turn(m.ends[0].Close, m.ends[1].Close)
	m.w.until(func() bool { return m.ends[0].over && m.ends[1].over })
	m.w.gone()
	m.check()
}

// unlock is for two ends that wait for each other to read, which a Close ended.
func (m *model) unlock() {
	if m.ends[0].IsClosing() && m.ends[1].IsClosing() {
		m.ends[0].Abort()
	}
}

// ended reports whether an end has heard all that it will.
func (m *model) ended(i int) bool {
	return m.ends[i].over || slices.Contains(m.ends[i].journal, "end")
}

// check compares what arrived with what was written, for an end that heard the
// end, and whose peer dropped nothing.
func (m *model) check() {
	equal(m.w.t, "released", m.released, m.owned)
	for i, o := range m.ends {
		other := m.ends[1-i]
		if o.in.n > other.out.n {
			m.w.t.Errorf("%d bytes arrived, %d were written", o.in.n, other.out.n)
		}
		if slices.Contains(o.journal, "end") && other.err == nil && other.Stream.flags&aborted == 0 {
			equal(m.w.t, "arrived before the end", o.in, other.out)
		}
	}
}

// step does something that an owner may do.
func (m *model) step(o *owner) {
	switch m.rnd.IntN(40) {
	case 0:
		o.Close()
	case 1:
		o.WriteEOF()
	case 2:
		if m.rnd.IntN(4) == 0 {
			o.Abort()
		}
	case 3, 4, 5:
		must(m.w.t, o.Start())
	case 6, 7:
		o.PauseReading()
	case 8, 9, 10, 11:
		o.ResumeReading()
	case 12:
		low := m.rnd.IntN(50 << 10)
		o.SetMarks(low, low+m.rnd.IntN(50<<10))
	case 13:
		o.SetBuffered(m.rnd.IntN(2) == 0)
	case 14:
		o.Buffered()
	default:
		m.send(o)
	}
}

// send writes in one of the ways that there are.
func (m *model) send(o *owner) {
	p := pattern(1 << m.rnd.IntN(17))
	before := o.out
	o.out.add(p)
	var err error
	switch m.rnd.IntN(3) {
	case 0:
		_, err = o.Write(p)
	case 1:
		half := len(p) / 2
		_, err = o.Writev([][]byte{p[:half], p[half:]})
	case 2:
		m.owned++
		if err = o.WriteOwned(p, func() { m.released++ }); err != nil {
			m.owned--
		}
	}
	if err != nil {
		o.out = before // nothing came of it
	}
}
