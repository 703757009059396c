//go:build unix

package stream

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestModelOfWrites writes in all ways, in random order, to a peer that reads
// random portions of it. What arrives is what was accepted, in its order; memory
// that was handed over comes back exactly once, and is not looked at afterwards.
func TestModelOfWrites(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	onPollers(t, func(t *testing.T, w *world) {
		for range 100 {
			newWriting(w, rnd).play()
			if t.Failed() {
				return
			}
		}
	})
}

// writing is a stream whose writes are known piece by piece. Each begins with the
// lane that it took, because only within a lane the order is known before.
type writing struct {
	w     *world
	rnd   *rand.Rand
	o     *owner
	p     *peer
	lanes [lanes][][]byte // what was accepted
	owned []*int          // counts of releases
	got   []byte
	gone  bool // the peer
	depth int
}

const (
	written = iota // in this goroutine's order
	posted_        // in the order of arrival
	lanes
)

func newWriting(w *world, rnd *rand.Rand) *writing {
	a, b := [](func(testing.TB) (int, int)){unixPair, tcpPair}[rnd.IntN(2)](w.t)
	for _, fd := range []int{a, b} {
		must(w.t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 2304+rnd.IntN(4000)))
	}
	m := &writing{w: w, rnd: rnd, o: w.own(a, true), p: newPeer(w.t, b)}
	m.o.keepOpen = true
	hook := func() { m.maybe(3) }
	m.o.onPause, m.o.onResume, m.o.onData, m.o.onEnd = hook, hook, hook, hook
	return m
}

func (m *writing) play() {
	started := m.rnd.IntN(20)
	for i := range 20 + m.rnd.IntN(60) {
		if i == started {
			must(m.w.t, m.o.Start())
		}
		m.w.turn(func() {
			for range m.rnd.IntN(4) {
				m.step()
			}
		})
		m.maybe(5) // outside of a turn
		m.read(m.rnd.IntN(8000))
	}
	m.finish()
	m.check()
}

// maybe does something, one time in n, and not for ever out of itself.
func (m *writing) maybe(n int) {
	if m.depth < 3 && m.rnd.IntN(n) == 0 {
		m.depth++
		m.step()
		m.depth--
	}
}

func (m *writing) step() {
	switch m.rnd.IntN(60) {
	case 0:
		m.o.Close()
	case 1:
		m.o.WriteEOF()
	case 2:
		if m.rnd.IntN(3) == 0 {
			m.o.Abort()
		}
	case 3, 4, 5:
		low := m.rnd.IntN(20 << 10)
		m.o.SetMarks(low, low+m.rnd.IntN(20<<10))
	case 6:
		m.o.PauseReading()
	case 7:
		m.o.ResumeReading()
	case 8:
		m.leave()
	case 9, 10, 11:
		m.peerSends()
	case 12:
		m.o.Buffered()
	default:
		m.write()
	}
}

// leave is the end of the peer, one time in a few.
func (m *writing) leave() {
	switch {
	case m.gone || m.rnd.IntN(6) > 0:
	case m.rnd.IntN(2) == 0:
		m.p.reset()
		m.gone = true
	default:
		m.p.close()
		m.gone = true
	}
}

func (m *writing) peerSends() {
	if !m.gone {
		_, _ = unix.Write(m.p.fd, []byte("input")) // or the stream is gone
	}
}

// read takes up to n bytes at the other end.
func (m *writing) read(n int) (ended bool) {
	if m.gone {
		return true
	}
	buf := make([]byte, n+1)
	n, err := unix.Read(m.p.fd, buf)
	if n > 0 {
		m.got = append(m.got, buf[:n]...)
	}
	return n == 0 || err != nil && err != unix.EAGAIN
}

// sizes are those at which something changes, and those in between.
func (m *writing) size() int {
	switch m.rnd.IntN(8) {
	case 0:
		return heldLimit - 2 + m.rnd.IntN(5)
	case 1:
		return 1 + m.rnd.IntN(100<<10)
	case 2:
		return 1
	}
	return 1 + m.rnd.IntN(3000)
}

// piece is what to write in a lane.
func (m *writing) piece(lane int) []byte {
	p := pattern(m.size())
	for i := range 4 {
		p[m.rnd.IntN(len(p))] = byte(m.rnd.IntN(256) + i)
	}
	p[0] = byte(lane)
	return p
}

// write writes in one of the ways that there are, and ruins the memory as soon as
// that is allowed.
func (m *writing) write() {
	lane := m.rnd.IntN(lanes)
	p := m.piece(lane)
	m.lanes[lane] = append(m.lanes[lane], slices.Clone(p)) // before what a callback may write
	at, err := len(m.lanes[lane])-1, error(nil)
	switch own := m.rnd.IntN(2) == 0; {
	case own:
		err = m.hand(lane, p)
	case lane == posted_:
		err = m.o.Post(p)
	case m.rnd.IntN(2) == 0:
		_, err = m.o.Write(p)
	default:
		i := m.rnd.IntN(len(p) + 1)
		_, err = m.o.Writev([][]byte{p[:i], nil, p[i:]})
	}
	if err != nil {
		m.lanes[lane] = slices.Delete(m.lanes[lane], at, at+1)
	}
}

// hand hands memory over.
func (m *writing) hand(lane int, p []byte) error {
	released := new(int)
	release := func() {
		*released++
		ruin(p)
		m.maybe(10)
	}
	give := m.o.WriteOwned
	if lane == posted_ {
		give = m.o.PostOwned
	}
	err := give(p, release)
	if err == nil {
		m.owned = append(m.owned, released)
	} else {
		equal(m.w.t, "releases of what was refused", *released, 0)
	}
	return err
}

func ruin(p []byte) {
	for i := range p {
		p[i] = 0xee
	}
}

// finish ends both sides in good order, as far as they are not ended.
func (m *writing) finish() {
	m.w.turn(func() { must(m.w.t, m.o.Start()); m.o.ResumeReading(); m.o.Close() })
	for !m.o.over {
		m.read(1 << 16)
		m.w.turn()
	}
	for !m.gone && !m.read(1<<16) {
		m.w.turn()
	}
	m.p.close()
	m.w.gone()
}

// check takes what has arrived apart, at each edge of a piece by its lane.
func (m *writing) check() {
	for _, n := range m.owned {
		equal(m.w.t, "releases", *n, 1)
	}
	rest := m.got
	for len(rest) > 0 {
		lane := rest[0]
		if lane >= lanes || len(m.lanes[lane]) == 0 {
			m.w.t.Errorf("%d bytes are of nothing that was accepted", len(rest))
			return
		}
		p := m.lanes[lane][0]
		n := min(len(p), len(rest))
		if !bytes.Equal(p[:n], rest[:n]) {
			m.w.t.Errorf("%d bytes before the end there is something else", len(rest))
			return
		}
		m.lanes[lane], rest = m.lanes[lane][1:], rest[n:]
	}
	if !m.gone && m.o.err == nil && m.o.Stream.flags&aborted == 0 {
		equal(m.w.t, "pieces that did not arrive", len(m.lanes[written])+len(m.lanes[posted_]), 0)
	}
}
