package timerwheel

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var seedFlag = flag.Uint64("timerwheel.seed", 0, "seed of the random scripts; 0 takes the time")

// newRand returns a source whose seed the test logs.
func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("repeat with -timerwheel.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// entry is a timer of the model.
type entry struct {
	when int64
	seq  int
	id   ID
}

// model is the wheel's specification: timers sorted by deadline and
// registration.
type model struct {
	sorted []entry
	seq    int
}

func (m *model) find(id ID) int {
	return slices.IndexFunc(m.sorted, func(e entry) bool { return e.id == id })
}

func (m *model) add(id ID, when int64) {
	m.seq++
	i, _ := slices.BinarySearchFunc(m.sorted, when, func(e entry, when int64) int {
		if e.when <= when {
			return -1
		}
		return 1
	})
	m.sorted = slices.Insert(m.sorted, i, entry{when, m.seq, id})
}

func (m *model) cancel(id ID) bool {
	i := m.find(id)
	if i >= 0 {
		m.sorted = slices.Delete(m.sorted, i, i+1)
	}
	return i >= 0
}

// pair runs the wheel beside the model and compares every answer.
type pair struct {
	w Wheel
	m model
}

func (p *pair) add(when int64) error {
	id := p.w.Add(when)
	if p.m.find(id) >= 0 {
		return fmt.Errorf("Add: ID %d is in use", id)
	}
	p.m.add(id, when)
	return p.agree()
}

func (p *pair) cancel(id ID) error {
	if got, want := p.w.Cancel(id), p.m.cancel(id); got != want {
		return fmt.Errorf("Cancel(%d) = %v, want %v", id, got, want)
	}
	return p.agree()
}

func (p *pair) move(id ID, when int64) error {
	got, want := p.w.Move(id, when), p.m.cancel(id)
	if got != want {
		return fmt.Errorf("Move(%d) = %v, want %v", id, got, want)
	}
	if want {
		p.m.add(id, when)
	}
	return p.agree()
}

func (p *pair) pop(limit int64) error {
	before := p.w.cur
	id, when, ok := p.w.Pop(limit)
	if p.w.cur > max(before, tickOf(limit)) || p.w.cur < before && p.w.n > 0 {
		return fmt.Errorf("Pop(%d) moved the present from tick %d to %d", limit, before, p.w.cur)
	}
	if len(p.m.sorted) == 0 || p.m.sorted[0].when >= limit {
		if ok {
			return fmt.Errorf("Pop(%d) = %d, %d, want none", limit, id, when)
		}
		return p.agree()
	}
	if first := p.m.sorted[0]; !ok || first.id != id || first.when != when {
		return fmt.Errorf("Pop(%d) = %d, %d, %v, want %v", limit, id, when, ok, first)
	}
	p.m.sorted = slices.Delete(p.m.sorted, 0, 1)
	return p.agree()
}

// next asks for the earliest deadline with the credit given, so that an empty
// purse is as frequent as a full one.
func (p *pair) next(credit int64) error {
	p.w.credit = credit
	when, ok := p.w.Next()
	if ok != (len(p.m.sorted) > 0) || ok && when != p.m.sorted[0].when {
		return fmt.Errorf("Next = %d, %v with %d timers", when, ok, len(p.m.sorted))
	}
	return p.agree()
}

func (p *pair) agree() error {
	if p.w.Len() != len(p.m.sorted) {
		return fmt.Errorf("Len = %d, want %d", p.w.Len(), len(p.m.sorted))
	}
	return check(&p.w)
}

// drain pops everything and one more. The last possible deadline is never
// before a limit, so what has it is cancelled first.
func (p *pair) drain() error {
	for len(p.m.sorted) > 0 {
		if last := p.m.sorted[len(p.m.sorted)-1]; last.when == math.MaxInt64 {
			if err := p.cancel(last.id); err != nil {
				return err
			}
			continue
		}
		if err := p.pop(math.MaxInt64); err != nil {
			return err
		}
	}
	return p.pop(math.MaxInt64)
}

// horizon is a way to choose deadlines around the present.
type horizon struct {
	name  string
	reach int64 // deadlines lie within this many nanoseconds
	grain int64 // and are multiples of this, so that ties are frequent
}

var horizons = []horizon{
	{"same tick", 1 << tickBits, 1 << 12},
	{"few ticks", 1 << (tickBits + 3), 1 << 13},
	{"10ms", 10e6, 1e5},
	{"10s", 10e9, 1},
	{"10s coarse", 10e9, 1e9},
	{"years", 1e18, 1},
}

// script runs random operations in a mix that changes, so that the wheel fills
// and empties again and again.
func script(r *rand.Rand, p *pair, h horizon, now int64, steps int) error {
	bias := 6
	for range steps {
		if r.IntN(200) == 0 {
			bias = r.IntN(12)
		}
		at := now + (r.Int64N(h.reach)-h.reach/16)/h.grain*h.grain
		id := ID(r.IntN(len(p.w.loc) + 2))
		var err error
		switch op := r.IntN(20); {
		case op < bias:
			err = p.add(at)
		case op < 11:
			err = p.cancel(id)
		case op < 14:
			err = p.move(id, at)
		case op < 16:
			err = p.next(r.Int64N(2) * 100)
		case op < 17 && len(p.m.sorted) > 0:
			err = p.cancel(p.m.sorted[0].id)
		case op < 18:
			err = p.pop(now - r.Int64N(h.reach))
		default:
			now += r.Int64N(h.reach/32 + 1)
			err = p.pop(now)
		}
		if err != nil {
			return err
		}
	}
	return p.drain()
}

func TestAgainstModel(t *testing.T) {
	r := newRand(t)
	steps := 3000
	if testing.Short() {
		steps = 300
	}
	for _, h := range horizons {
		for _, now := range []int64{0, -5e9, 1 << 40, -1 << 62} {
			if err := script(r, new(pair), h, now, steps); err != nil {
				t.Errorf("%s from %d: %v", h.name, now, err)
			}
		}
	}
}

// Deadlines and limits from the whole range of int64, the ends included.
func TestAgainstModelFullRange(t *testing.T) {
	r := newRand(t)
	ends := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	at := func() int64 {
		if r.IntN(4) == 0 {
			return ends[r.IntN(len(ends))]
		}
		return int64(r.Uint64()) >> r.IntN(64)
	}
	var p pair
	for i := range 6000 {
		var err error
		switch op := r.IntN(10); {
		case op < 4:
			err = p.add(at())
		case op < 5:
			err = p.cancel(ID(r.IntN(len(p.w.loc) + 2)))
		case op < 7:
			err = p.move(ID(r.IntN(len(p.w.loc)+2)), at())
		case op < 8:
			err = p.next(r.Int64N(2) * 100)
		default:
			err = p.pop(at())
		}
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if err := p.drain(); err != nil {
		t.Fatal(err)
	}
}
