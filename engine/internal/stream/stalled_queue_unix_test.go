//go:build unix

package stream

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTheQueueModel fills a queue and drains it, with streams that end meanwhile, and
// compares it to a list. Who has ended is left out only when the queue is full, and
// then there is room for as many as are left.
func TestTheQueueModel(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -stream.seed=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	m := modelQueue{t: t}
	for range 200 {
		pushes := 1 + rnd.IntN(9)
		for range rnd.IntN(100) {
			switch {
			case rnd.IntN(10) < pushes:
				m.push(&Stream{state: state(rnd.IntN(int(open) + 1))})
			case rnd.IntN(4) == 0 && len(m.want) > 0:
				m.want[rnd.IntN(len(m.want))].state = closing + state(rnd.IntN(3))
			case len(m.want) > 0:
				m.pop()
			}
			m.agrees()
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

type modelQueue struct {
	t    *testing.T
	q    queue
	want []*Stream
}

func (m *modelQueue) push(s *Stream) {
	full := len(m.q.list) == cap(m.q.list)
	m.q.push(s)
	if full {
		m.want = slices.DeleteFunc(m.want, func(s *Stream) bool { return s.IsClosing() })
		if n, left := cap(m.q.list), len(m.want); n < 2*left {
			m.t.Errorf("room for %d, after %d were left", n, left)
		}
		equal(m.t, "from the beginning", m.q.head, 0)
	}
	m.want = append(m.want, s)
}

func (m *modelQueue) pop() {
	equal(m.t, "out", m.q.pop(), m.want[0])
	m.want = m.want[1:]
	if len(m.want) == 0 {
		equal(m.t, "begins anew", len(m.q.list)+m.q.head, 0)
	}
}

// agrees wants the queue to keep nobody alive who is not in it, too.
func (m *modelQueue) agrees() {
	equal(m.t, "len", m.q.len(), len(m.want))
	for i, s := range m.q.list[:cap(m.q.list)] {
		if in := i >= m.q.head && i < len(m.q.list); in != (s != nil) {
			m.t.Fatalf("%v at %d, where %v is in the queue", s, i, in)
		}
	}
}

// TestTheQueueForgetsWhoEnded: it does not grow with streams that come and go in
// a pause, and keeps the order of those that stay.
func TestTheQueueForgetsWhoEnded(t *testing.T) {
	var q queue
	var want []*Stream
	for i := range 10000 {
		s := &Stream{state: lost}
		if i%1000 == 0 {
			s.state = open
			want = append(want, s)
		}
		q.push(s)
	}
	if cap(q.list) > 100 {
		t.Errorf("room for %d of 10", cap(q.list))
	}
	for q.len() > 0 {
		if s := q.pop(); s.state == open {
			equal(t, "in their order", s, want[0])
			want = want[1:]
		}
	}
	equal(t, "left out", len(want), 0)
	equal(t, "from the beginning", q.head, 0)
}

// TestThePauseAllocatesNothing, once the queue has its room.
func TestThePauseAllocatesNothing(t *testing.T) {
	var q queue
	s := &Stream{state: open}
	for range 100 {
		q.push(s)
	}
	for q.len() > 0 {
		q.pop()
	}
	if n := testing.AllocsPerRun(100, func() {
		for range 100 {
			q.push(s)
		}
		for q.len() > 0 {
			q.pop()
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
