package coro

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// script tells a body what to do at each step, and the owner which coroutine is
// next. It is what the model and the pool see the same of.
type script struct {
	next func() byte
	t    testing.TB
	p    *Pool
	live []*actor // taken and not over, in the order they were taken
	n    int

	refused []int // bodies that Close has ended
}

// actor is a body under the script, and its model: what Resume has to say.
type actor struct {
	c     *Coro
	name  int
	begun bool
	over  bool
}

// play does so many steps on a pool and closes it. It checks each answer against
// the model, and at the end that Close has ended what was suspended.
func play(t testing.TB, locked bool, steps int, next func() byte) {
	s := &script{t: t, next: next}
	over := false
	owned(locked, func(p *Pool) { s.p = p; s.play(steps); over = true })
	var want []int
	for _, a := range s.live {
		if a.begun {
			want = append(want, a.name)
		}
	}
	if slices.Sort(s.refused); !over || !slices.Equal(s.refused, want) {
		t.Errorf("all was played: %t; Close ended %v, want %v", over, s.refused, want)
	}
}

func (s *script) play(steps int) {
	for range steps {
		if b := s.next(); len(s.live) == 0 || b%4 == 0 {
			s.take()
		} else {
			s.resume(s.live[int(b/4)%len(s.live)])
		}
	}
}

func (s *script) take() {
	a := &actor{name: s.n}
	s.n++
	a.c = s.p.Get(call(func() { s.body(a) }))
	s.live = append(s.live, a)
}

// resume compares Resume with what the body decided.
func (s *script) resume(a *actor) {
	a.begun = true
	if suspended := a.c.Resume(); suspended == a.over {
		s.t.Errorf("body %d is over: %t, and suspended: %t", a.name, a.over, suspended)
	}
	if a.over {
		s.live = slices.DeleteFunc(s.live, func(b *actor) bool { return a == b })
	}
	s.check()
}

// body suspends, returns, exits, or resumes another one, as the script says.
func (s *script) body(a *actor) {
	for {
		switch b := s.next(); b % 8 {
		case 0:
			a.over = true
			return
		case 1:
			a.over = true
			runtime.Goexit()
		case 2:
			s.take()
		case 3:
			if len(s.live) < 50 {
				s.take()
				s.resume(s.live[len(s.live)-1])
			}
		default:
			if !a.c.Suspend() {
				s.refused = append(s.refused, a.name)
				return
			}
		}
	}
}

// check compares the pool's coroutines with the model's, and what they know of
// their place.
func (s *script) check() {
	for _, a := range s.live {
		if i := a.c.index; i >= len(s.p.all) || s.p.all[i] != a.c {
			s.t.Errorf("body %d is not where it says, %d of %d", a.name, i, len(s.p.all))
		}
	}
	if n := len(s.live) + s.p.idles; n != len(s.p.all) {
		s.t.Errorf("the pool has %d coroutines, want %d live and %d idle", len(s.p.all), len(s.live), s.p.idles)
	}
}

// TestModel: a pool does what its model does, for random scripts.
func TestModel(t *testing.T) {
	seed := newRand(t).Uint64()
	for _, locked := range []bool{false, true} {
		r := rand.New(rand.NewPCG(seed, 0))
		play(t, locked, 5000, func() byte { return byte(r.Uint32()) })
	}
}

// FuzzPool is TestModel with scripts that the fuzzer finds.
func FuzzPool(f *testing.F) {
	f.Add([]byte{0, 0, 4, 4, 0, 1, 4, 8, 3, 3, 3}, false)
	f.Add([]byte{0, 4, 1, 0, 4, 5, 4, 3, 5, 1}, true)
	r := rand.New(rand.NewPCG(1, 2))
	long := make([]byte, 300)
	for i := range long {
		long[i] = byte(r.Uint32())
	}
	f.Add(long, false)
	f.Fuzz(func(t *testing.T, text []byte, locked bool) {
		next := func() byte {
			if len(text) == 0 {
				return 4 // suspend, or resume the second one
			}
			b := text[0]
			text = text[1:]
			return b
		}
		play(t, locked, min(len(text), 500), next)
	})
}
