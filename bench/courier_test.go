package bench

import (
	"sync/atomic"
	"testing"
)

// Every post of both passes runs once, and no more than the window are under way. The
// receiver begins when that many are.
func TestCourier(t *testing.T) {
	const posts = 8 * inFlight
	c := newCourier(Task{Spec{Params: Params{"posts": posts}}})
	from, to := make(chan entry, inFlight), make(chan entry, 2*inFlight)
	var made, ran, most atomic.Int64
	full := make(chan struct{})
	c.toSend = func(fn func(any)) { from <- entry{fn, c} }
	c.post = func(n int64) {
		under := made.Add(n) - ran.Load()
		most.Store(max(most.Load(), under))
		for range n {
			to <- entry{func(arg any) { ran.Add(1); arrivedArg(arg) }, c}
		}
		if made.Load() == inFlight {
			close(full)
		}
	}
	m, err := c.between(func() { runQueue(from) }, func() { <-full; runQueue(to) }, func() { close(from); close(to) })
	if err != nil || m["time"] <= 0 {
		t.Errorf("%v, %v", m, err)
	}
	if made.Load() != 2*posts || ran.Load() != 2*posts {
		t.Errorf("%d posts made and %d run, want %d", made.Load(), ran.Load(), 2*posts)
	}
	if most.Load() != inFlight {
		t.Errorf("%d posts were under way, want %d at the most", most.Load(), inFlight)
	}
}

// Who has less work than the window still has a whole one.
func TestCourierHasTwoHalves(t *testing.T) {
	if c := newCourier(Task{Spec{Params: Params{"posts": 1}}}); c.each != inFlight {
		t.Errorf("%d posts, want %d", c.each, inFlight)
	}
}
