//go:build unix

package stream

import (
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/shardloop/shardloop/poller"
)

// TestTimeoutsModel does anything that may move a timeout, and compares each turn
// with a model that sets its deadlines anew whenever something happens.
func TestTimeoutsModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	ends := map[string]int{}
	for _, makePoller := range []func() (poller.Poller, error){poller.New, poller.NewPoll} {
		p, err := makePoller()
		must(t, err)
		w := newTimed(t, p)
		for range 400 {
			ends[newNaive(w, rnd).play()]++
		}
	}
	t.Logf("the ends: %v", ends)
	for _, limit := range []string{"idle", "read", "write", "close", ""} {
		if ends[limit] == 0 {
			t.Errorf("none was ended by %q", limit)
		}
	}
}

// naive is the model: the deadlines of one stream, of which 0 is none.
type naive struct {
	timed
	rnd *rand.Rand
	o   *owner
	p   *peer

	timeouts                 Timeouts
	idle, read, write, close int64

	in      int    // seen so far, by the owner
	out     uint64 // and by the kernel
	paused  bool
	blocked bool
	ended   bool
}

func newNaive(w timed, rnd *rand.Rand) *naive {
	o, p := w.connect(smallPair)
	w.sh.config.CloseTimeout = time.Duration(rnd.IntN(20))
	o.keepOpen, o.buf = true, make([]byte, 1000)
	o.SetBuffered(rnd.IntN(2) == 0)
	return &naive{timed: w, rnd: rnd, o: o, p: p, out: w.sh.Stats().BytesSent}
}

// play returns what has ended the stream: "" for its own end.
func (m *naive) play() string {
	for m.o.state < lost {
		m.clock.now += int64(m.rnd.IntN(4))
		if m.rnd.IntN(2) == 0 {
			m.outside()
		}
		var calls []func()
		for range m.rnd.IntN(3) {
			calls = append(calls, m.step)
		}
		m.turn(calls...)
		m.see()
		m.compare()
	}
	m.turns(2)
	for m.sh.Stats().Lingering > 0 {
		m.p.close()
		m.turn()
	}
	return limitOf(m.o.err)
}

func limitOf(err error) string {
	var e *net.OpError
	if errors.As(err, &e) {
		return e.Op
	}
	return ""
}

// outside does something at the other end before the turn's poll.
func (m *naive) outside() {
	switch m.rnd.IntN(8) {
	case 0:
		m.p.read()
	case 1, 2:
		m.p.readOnce(scratch[:4096])
	case 3, 4, 5:
		if !m.p.shut {
			m.p.write(pattern(1 + m.rnd.IntN(2000)))
		}
	case 6:
		if m.rnd.IntN(10) == 0 {
			m.p.shutdown()
		}
	}
}

// step does something as a callback.
func (m *naive) step() {
	switch m.rnd.IntN(16) {
	case 0, 1:
		m.o.PauseReading()
		m.paused, m.read = true, 0
	case 2, 3, 4:
		if m.o.ResumeReading(); m.paused {
			m.paused = false
			m.startRead()
		}
	case 5, 6, 7:
		m.set()
	case 8, 9, 10:
		_, _ = m.o.Write(pattern(1 + m.rnd.IntN(20_000)))
	case 11:
		if m.rnd.IntN(10) == 0 {
			m.end()
		}
	case 12:
		_ = m.o.Post(pattern(10))
	default:
		m.outside()
	}
}

// end closes, if not for good.
func (m *naive) end() {
	if m.o.state != open {
		return
	}
	m.o.Close()
	if m.o.state == closing {
		m.read, m.close = 0, m.at(m.sh.config.CloseTimeout)
	}
}

// set changes the timeouts, mostly to what is short.
func (m *naive) set() {
	short := func() time.Duration { return time.Duration(m.rnd.IntN(3) * m.rnd.IntN(15)) }
	m.timeouts = Timeouts{short(), short(), short()}
	m.o.SetTimeouts(m.timeouts)
	m.idle = m.at(m.timeouts.Idle)
	m.startRead()
	if m.write = 0; m.blocked {
		m.write = m.at(m.timeouts.Write)
	}
}

func (m *naive) at(d time.Duration) int64 {
	if d == 0 {
		return 0
	}
	return m.clock.now + int64(d)
}

func (m *naive) startRead() {
	if m.read = 0; !m.paused && !m.ended && m.o.state == open {
		m.read = m.at(m.timeouts.Read)
	}
}

// see sets deadlines anew for what has happened in the turn.
func (m *naive) see() {
	heard, ended := m.o.in.n > m.in, slices.Contains(m.o.journal, "end")
	if sent := m.sh.Stats().BytesSent; sent > m.out {
		m.out, m.write = sent, m.at(m.timeouts.Write)
		m.idle = m.at(m.timeouts.Idle)
	}
	if ended && !m.ended {
		m.ended, heard = true, true
	}
	if heard {
		m.in, m.idle = m.o.in.n, m.at(m.timeouts.Idle)
		m.startRead()
	}
	was := m.blocked
	m.blocked = m.o.Stream.is(blocked)
	if m.blocked && !was {
		m.write = m.at(m.timeouts.Write)
	}
	if !m.blocked {
		m.write = 0
	}
}

// compare wants the end by a limit in the turn in which the first deadline passes.
func (m *naive) compare() {
	first, limit := int64(math.MaxInt64), ""
	for _, d := range []struct {
		limit string
		at    int64
	}{{"close", m.close}, {"write", m.write}, {"read", m.read}, {"idle", m.idle}} {
		if d.at != 0 && d.at < first {
			first, limit = d.at, d.limit
		}
	}
	late := m.o.state < lost && first <= m.clock.now
	got := limitOf(m.o.Stream.err)
	if late || got != "" && (got != limit || first > m.clock.now) {
		m.t.Fatalf("at %d: ended by %q (%v), the first deadline is %q at %d", m.clock.now, got, m.o.Stream.err, limit, first)
	}
}
