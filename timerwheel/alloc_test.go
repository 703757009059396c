//go:build !race

package timerwheel

import (
	"math/rand/v2"
	"testing"
	"time"
)

// In the steady state nothing is allocated, whatever the mix.
func TestNoAllocs(t *testing.T) {
	const size = 20000
	l := newLoad(size, 10*time.Second)
	r := rand.New(rand.NewPCG(5, 6))
	turn := func() {
		for range 200 {
			at := l.now + r.Int64N(10*s)
			l.w.Cancel(l.w.Add(at))
			l.w.Move(ID(r.IntN(size)), at)
			l.w.Add(l.now - at)
			l.w.Next()
			l.w.Pop(l.now)
		}
		l.now += 20 * ms
		for l.w.Len() > size {
			l.w.Pop(l.now + 20*s)
		}
		for l.w.Len() < size {
			l.w.Add(l.now + r.Int64N(10*s))
		}
	}
	for range 500 {
		turn()
	}
	if n := testing.AllocsPerRun(200, turn); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
}
